/* SPDX-License-Identifier: Apache-2.0
 * Power cuts: the reporting machine dies before any byte that it writes to its spool, on a RAM disk and on NOR flash, with
 * the network or offline. What its spool holds is then flushed, as from another machine, or by the same program that
 * begins again. The master must hold each report that had been spooled, once (and that one or not which was being
 * written), or all of them when the program has run to its end, but for those that are told not to be stored.
 * A report may be told so by a flush of a spool that had been full, and only when the master really lacks it.
 *
 *     power [--every N]      power --one KEY        the last line says how many passed */
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/api.h"
#include "master/store.h"
#include "scenario.h"
#include "unit/fake_spool.h"

enum mode { FLUSH, BEGIN_AGAIN, MODES };
enum kind { DISK = FAKE_DISK, NOR = FAKE_NOR, BARE_NOR /* does not say how much fits */, KINDS };
enum { CLOSE_MS = 3600000, MEM = 32768, METRICS_KIND = 2, KIND_AT = 3, LIMIT_S = 20, SHOWN = 3, LIVES = 3 };

typedef struct death {
    int load, pipe, kind, offline, mode; /* kind: enum kind */
    long at, again;   /* bytes written before the cut; before that of the flush, -1 none */
    after after;
} death;

/* From one power cut to the next. */
typedef struct life {
    load l;
    bool last;
} life;

static world w;
static det_core core;
static uint64_t mem[MEM / 8];
static fake_spool disk;
static det_spool spool;
static jmp_buf dead;
static size_t spooled; /* reports */
static bool torn;      /* one was being written when it died */
static unsigned long passed, failed, counter, every = 1;
static unsigned long not_stored, runless; /* cases in which such a report was told */
static char key[256];

static int append(void *ctx, const void *head, size_t head_len, const void *data, size_t data_len) {
    bool report = ((const uint8_t *)head)[KIND_AT] == METRICS_KIND;
    int rc = disk.spool.append(ctx, head, head_len, data, data_len);
    if (disk.power == 0) {
        torn = report;
        longjmp(dead, 1);
    }
    spooled += report && rc == DET_OK;
    return rc;
}

static int discard(void *ctx, uint64_t pos, uint64_t *first, uint64_t *end) {
    int rc = disk.spool.discard(ctx, pos, first, end);
    if (disk.power == 0) longjmp(dead, 1);
    return rc;
}

/* The machine is gone, the network notices. */
static void die(void) {
    for (int i = 0; i < w.fp.conns; i++) {
        w.fp.open_now -= !w.fp.conn[i].closed;
        w.fp.conn[i].closed = 1;
    }
    fake_spool_boot(&disk);
    memset(&core, 0xA5, sizeof core);
    memset(mem, 0xA5, sizeof mem);
}

static void options(det_options *o, const death *d, load *l) {
    det_options_init(o, &w.fp.port, mem, sizeof mem);
    o->master = "m:8080";
    o->pipeline = (uint16_t)d->pipe;
    o->external_experiment_id = "exp";
    o->external_trial_id = "trial";
    o->spool = &spool;
    o->lost = load_lost;
    o->lost_ctx = l;
}

/* True: it lived to the end. */
static bool live(const death *d, load *l, long power, int offline) {
    det_options o;
    options(&o, d, l);
    o.offline = offline;
    disk.power = power;
    if (setjmp(dead)) {
        die();
        return false;
    }
    if (det_open(&core, &o) == DET_OK) load_run(l, &core, LOADS[d->load].text);
    if (offline && w.fp.calls[FAKE_OPEN]) l->error = -1000; /* not one call of the network */
    if (offline) (void)det_set_offline(&core, 0);
    int rc = det_close(&core, DET_COMPLETED, CLOSE_MS);
    if (rc != DET_OK && !l->error) l->error = rc;
    return true;
}

static bool flush(const death *d, load *l, long power) {
    det_options o;
    options(&o, d, l);
    disk.power = power;
    if (setjmp(dead)) {
        die();
        return false;
    }
    int rc = det_flush(&core, &o, CLOSE_MS);
    if (rc != DET_OK && !l->error) l->error = rc;
    return true;
}

static const life *last_life(const life *lives) {
    while (!lives->last) lives++;
    return lives;
}

/* What the last life has told is so; what an earlier one told was told again, or sent after all. A program that begins
 * again reports all of it again, in place of what is told of its earlier lives. */
static void expect(load *l, const death *d, const life *lives, size_t n) {
    load_expect(l, LOADS[d->load].text, n);
    for (int i = 0; d->mode == FLUSH && i < LIVES; i++)
        for (size_t k = 0; k < lives[i].l.tolds; k++) {
            load_told told = lives[i].l.told[k];
            if (!lives[i].last) told.code = DET_E_UNSURE;
            load_tell(l, &told);
        }
}

static bool fills(const death *d) {
    return strncmp(LOADS[d->load].name, "full", 4) == 0;
}

/* What letting go of rows of a full storage leaves to be told: a report of an earlier life that is not stored and that
 * storing now would archive them. Storage that does not say how much fits: settled ones that are shown again without
 * their run, without their names. All of them are there. */
static bool may_tell(const death *d, const load *told) {
    for (size_t i = 0; i < told->tolds; i++)
        if (told->told[i].code != DET_E_ORDER) return false;
    if (told->error == DET_E_SPOOL && d->kind == BARE_NOR) return fills(d);
    return fills(d) && told->error == (told->lost ? DET_E_ORDER : 0);
}

static const char *verdict(const death *d, const life *lives, size_t n, char *why, size_t cap) {
    static load l;
    judge_rules rules = {false, true, false, false};
    det_stats st;
    det_get_stats(&core, &st);
    expect(&l, d, lives, n);
    rules.summaries = !st.doubtful || !w.late;
    const load *told = &last_life(lives)->l;
    if ((told->error || told->lost) && !may_tell(d, told)) {
        snprintf(why, cap, "code %d, %zu told lost, the last with %d: %.200s", told->error, told->lost, told->lost_code, det_errmsg(&core));
        return "told";
    }
    return n || db.ntrials ? judge(&l, &rules, why, cap) : NULL;
}

static const char *play(const death *d, char *why, size_t cap) {
    static life lives[LIVES];
    memset(lives, 0, sizeof lives);
    spooled = 0;
    torn = false;
    bool whole = live(d, &lives[0].l, d->at, d->offline);
    size_t n = spooled, more = torn;
    int k = 0;
    for (long power = d->again; !whole && k + 1 < LIVES; power = -1) {
        k++;
        whole = d->mode == FLUSH ? flush(d, &lives[k].l, power) : live(d, &lives[k].l, power, 0);
    }
    lives[k].last = true;
    world_settle(&w);
    if (!k || d->mode != FLUSH) n = SIZE_MAX, more = 0;
    not_stored += lives[k].l.lost != 0;
    runless += lives[k].l.error == DET_E_SPOOL;
    const char *kind = verdict(d, lives, n, why, cap);
    return kind && more ? verdict(d, lives, n + 1, why, cap) : kind;
}

static const char *run(const death *d, char *why, size_t cap) {
    world_plan plan;
    memset(&plan, 0, sizeof plan);
    plan.work_ms = 2;
    plan.rtt_ms = 1;
    plan.after = d->after;
    world_init(&w, &plan);
    fake_spool_init(&disk, d->kind == DISK ? FAKE_DISK : FAKE_NOR);
    spool = disk.spool;
    if (d->kind == BARE_NOR) spool.cap = 0;
    spool.append = append;
    spool.discard = discard;
    const char *kind = play(d, why, cap);
    det_session_free(&core.session);
    int broken = world_free(&w);
    if (!kind && broken) kind = "port";
    return kind;
}

static void scene(const death *d) {
    char why[512] = "";
    if (counter++ % every) return;
    snprintf(key, sizeof key, "%d:%d:%d:%d:%d:%ld:%ld:%d,%u,%d", d->load, d->pipe, d->kind, d->offline, d->mode, d->at, d->again, d->after.beyond,
             d->after.ms, d->after.before);
    alarm(LIMIT_S);
    const char *kind = run(d, why, sizeof why);
    alarm(0);
    passed += !kind;
    static unsigned long shown[64];
    failed += kind != NULL;
    if (kind && shown[d->load]++ < SHOWN) printf("FAIL %s: %s: %s\n     --one %s\n", LOADS[d->load].name, kind, why, key);
}

/* Every byte that is written, what it takes to go through the whole load. */
static void sweep(death *d) {
    static const after AFTERS[] = {{ALL, 0, 0}, {0, 0, 0}, {2, 400, 0}, {ALL, 0, 1}, {ALL, 0, 2}, {ALL, 3000, 0}, {1, 0, 3}};
    char why[512];
    long all = LONG_MAX;
    d->at = d->again = -1;
    d->after = AFTERS[0];
    if (run(d, why, sizeof why)) printf("FAIL uncut: %s\n", why);
    all = disk.written;
    for (d->at = 1; d->at <= all; d->at++) {
        d->after = AFTERS[d->at % 7];
        d->again = d->at % 3 ? -1 : 1 + d->at * 7 % all;
        scene(d);
    }
}

static void last_words(int sig) {
    (void)!write(2, "dies or hangs: --one ", 21);
    (void)!write(2, key, strlen(key));
    (void)!write(2, "\n", 1);
    _exit(sig);
}

static int one(const char *text) {
    death d;
    char why[512] = "";
    if (sscanf(text, "%d:%d:%d:%d:%d:%ld:%ld:%d,%u,%d", &d.load, &d.pipe, &d.kind, &d.offline, &d.mode, &d.at, &d.again, &d.after.beyond, &d.after.ms,
               &d.after.before) != 10)
        return 2;
    world_trace = true;
    const char *kind = run(&d, why, sizeof why);
    printf("%s: %s %s; %zu were spooled\n", LOADS[d.load].text, kind ? kind : "exact", why, spooled);
    return kind != NULL;
}

int main(int argc, char **argv) {
    static const int PIPES[] = {1, 32};
    signal(SIGABRT, last_words);
    signal(SIGSEGV, last_words);
    signal(SIGALRM, last_words);
    if (argc == 3 && !strcmp(argv[1], "--one")) return one(argv[2]);
    if (argc == 3 && !strcmp(argv[1], "--every")) every = strtoul(argv[2], NULL, 10);
    for (int i = 0; i < NSPOOL_LOADS; i++) {
        if (!strcmp(LOADS[i].name, "profiling")) continue; /* at most once, and here perhaps never */
        for (int k = 0; k < 2 * 2 * MODES * KINDS; k++) {
            death d = {i, PIPES[k & 1], k >> 3, k >> 1 & 1, k >> 2 & 1, 0, 0, {0, 0, 0}};
            if (d.kind != BARE_NOR || fills(&d)) sweep(&d);
        }
    }
    api_free();
    printf("with a full storage, in %lu of them a report was told that is not stored, in %lu settled ones without their run\n",
           not_stored, runless);
    printf("%lu passed, %lu failed\n", passed, failed);
    return failed != 0;
}
