/* SPDX-License-Identifier: Apache-2.0
 * Runs the promises one by one and says which are kept. A promise's name is printed before it is tried, so that a port that
 * hangs or crashes says by the last line where. Promises are in the files named after their subjects. */
#include "conformance.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char ABSENT[] = "absent", UNTRIED[] = "untried";

const char *broken(world *w, const char *format, ...) {
    va_list list;
    va_start(list, format);
    (void)vsnprintf(w->why, sizeof w->why, format, list);
    va_end(list);
    return w->why;
}

/* ---- what every call has to keep, noted by link.c ----------------------------------------------------------------- */

static const char *if_any(const world *w, const char *note) {
    if (*note) return note;
    return w->calls ? NULL : UNTRIED;
}
static const char *zero(world *w) {
    return if_any(w, w->zero);
}
static const char *code(world *w) {
    return if_any(w, w->code);
}
static const char *error(world *w) {
    return if_any(w, w->error);
}
static const char *handle(world *w) {
    return if_any(w, w->handle);
}
static const char *block(world *w) {
    return if_any(w, w->block);
}

static const promise promises_always[] = {
    {"never-zero", "send and recv never give 0: neither would-block nor closed", zero, 1},
    {"codes", "no function gives another code than those det_port.h lists for it, nor more bytes than asked", code, 1},
    {"os-error", "a failure leaves the platform's number in os_error", error, 1},
    {"handle", "DET_E_AGAIN from open leaves a handle or again_ms to wait for; a failed open and a close leave handle -1", handle, 1},
    {"never-blocks", "open of a numeric address, send, recv and close return at once", block, 1},
    {NULL, NULL, NULL, 0},
};

static const promise *const subjects[] = {promises_table, promises_clock, promises_open,   promises_bytes,
                                          promises_end,   promises_wait,  promises_supply, promises_always};
enum { SUBJECTS = sizeof subjects / sizeof *subjects };

/* ---- running ----------------------------------------------------------------------------------------------------- */

typedef struct tally {
    unsigned kept, broken;
} tally;

static const char *tried(world *w, const promise *p) {
    const char *how = p->check(w);
    for (int i = 1; i < p->tries && how != NULL && how != ABSENT && how != UNTRIED; i++) how = p->check(w);
    return how;
}

/* Is id one of the comma-separated list? */
static int chosen(const char *list, const char *id) {
    size_t len = strlen(id);
    for (const char *at = list; at; at = strchr(at, ','), at = at ? at + 1 : NULL)
        if (strncmp(at, id, len) == 0 && (at[len] == ',' || at[len] == '\0')) return 1;
    return 0;
}

/* All else needs the clock. */
static int wanted(const world *w, const promise *p) {
    return !w->only || chosen(w->only, p->id) || strcmp(p->id, "clock-runs") == 0 || strcmp(p->id, "needed") == 0;
}

static void run(world *w, const promise *p, tally *t) {
    if (!wanted(w, p)) return;
    printf("%-16s ", p->id);
    (void)fflush(stdout);
    const char *how = tried(w, p);
    if (how == NULL) printf("kept\n");
    else if (how == ABSENT) printf("absent   an optional function\n");
    else if (how == UNTRIED) printf("untried  not in this run\n");
    else printf("BROKEN   %s: %s\n", p->text, how);
    if (how == NULL) t->kept++;
    if (how != NULL && how != ABSENT && how != UNTRIED) t->broken++;
    (void)fflush(stdout);
}

static int list(void) {
    for (size_t i = 0; i < SUBJECTS; i++)
        for (const promise *p = subjects[i]; p->id; p++) printf("%-16s %s\n", p->id, p->text);
    return 0;
}

static int usage(void) {
    printf("usage: conformance [-m CONNECTIONS] [-n NAME] [-t TWIN] [-o PROMISE,…] PEER_ADDRESS PORT REFUSED SILENT\n"
           "       conformance -l      lists the promises\n"
           "PEER_ADDRESS: numeric, of the machine that runs the peer; the three ports are what the peer prints\n"
           "NAME: a host name that is the peer's; TWIN: one with a silent address before the peer's\n"
           "-o: these alone, and what they need\n");
    return 2;
}

static int read_arguments(world *w, int argc, char **argv) {
    uint16_t *const ports[] = {&w->at, &w->refused, &w->silent};
    int i = 1;
    for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
        if (strcmp(argv[i], "-m") == 0) w->many = (unsigned)atoi(argv[i + 1]);
        else if (strcmp(argv[i], "-n") == 0) w->name = argv[i + 1];
        else if (strcmp(argv[i], "-t") == 0) w->twin = argv[i + 1];
        else if (strcmp(argv[i], "-o") == 0) w->only = argv[i + 1];
        else return -1;
    }
    if (argc - i != 4) return -1;
    w->host = argv[i];
    for (int k = 0; k < 3; k++) *ports[k] = (uint16_t)atoi(argv[i + 1 + k]);
    return 0;
}

int conformance_main(int argc, char **argv) {
    static world w;
    tally t = {0, 0};
    w.many = 1000;
    if (argc == 2 && strcmp(argv[1], "-l") == 0) return list();
    if (read_arguments(&w, argc, argv) != 0) return usage();
    w.port = conformance_port();
    if (w.port == NULL) {
        printf("the port could not be set up\n");
        return 2;
    }
    for (size_t i = 0; i < SUBJECTS; i++)
        for (const promise *p = subjects[i]; p->id && !w.unfit; p++) run(&w, p, &t);
    printf("%u passed, %u failed\n", t.kept, t.broken);
    return t.broken != 0;
}
