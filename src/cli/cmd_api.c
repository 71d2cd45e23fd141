/* SPDX-License-Identifier: Apache-2.0
 * detc api: any request with the stored login. A success's body goes to standard output as it comes; a refusal is told on
 * standard error and leaves standard output empty. */
#define _FILE_OFFSET_BITS 64 /* large files and inodes where long has 32 bits */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/wipe.h"
#include "command.h"
#include "host.h"
#include "pages.h"

enum { LONG_MS = INT32_MAX, SILENCE_MS = 600000 }; /* streams may be silent and long */

typedef struct api {
    det__client *c;
    char method[16];
    const void *body;
    size_t body_len;
    det__path read; /* the body, if it came from a file */
    det__picker picker;
    det__pick picks[3];
    int64_t found[3]; /* startIndex, endIndex, total */
} api;

/* ---- the request --------------------------------------------------------------------------------------------------- */

/* A method is a token; letters will do. */
static int method(api *a, const char *text) {
    size_t n = 0;
    for (; text[n] && n + 1 < sizeof a->method; n++) {
        char upper = (char)(text[n] >= 'a' && text[n] <= 'z' ? text[n] - 32 : text[n]);
        if (upper < 'A' || upper > 'Z') break;
        a->method[n] = upper;
    }
    return text[n] || !n ? det__cli_fail(&a->c->err, DET_E_ARG, "'%s' is no method: say GET, POST, PATCH, PUT or DELETE", text) : DET_OK;
}

static int read_all(api *a, FILE *f, const char *name) {
    char piece[4096];
    size_t n;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0) det__path_add_n(&a->read, piece, n);
    det__wipe(piece, sizeof piece);
    if (ferror(f)) return det__cli_fail_errno(&a->c->err, "cannot read", name);
    if (a->read.failed) return det__cli_fail_memory(&a->c->err);
    a->body = a->read.text;
    a->body_len = a->read.len;
    return DET_OK;
}

/* A text, @file or @-. */
static int data(api *a, const char *text) {
    if (!text) return DET_OK;
    if (*text != '@') {
        a->body = text;
        a->body_len = strlen(text);
        return DET_OK;
    }
    if (strcmp(text, "@-") == 0) return read_all(a, stdin, "standard input");
    FILE *f = det__host_fopen(text + 1);
    if (!f) return det__cli_fail_errno(&a->c->err, "cannot read", text + 1);
    int rc = read_all(a, f, text + 1);
    fclose(f);
    return rc;
}

/* Without offset if it is negative: the words of -q behind the path as it was given. */
static void path_of(void *ctx, det__path *p, int64_t offset) {
    const det__args *args = ((const api *)ctx)->c->args;
    const char *path = args->path;
    char join = strchr(path, '?') ? '&' : '?';
    if (*path != '/') det__path_add(p, "/");
    det__path_add(p, path);
    for (char **word = args->query; word && *word; word++, join = '&') {
        const char *equals = strchr(*word, '=');
        det__path_add_n(p, &join, 1);
        det__path_quote(p, *word, (size_t)(equals - *word));
        det__path_add(p, "=");
        det__path_quote(p, equals + 1, strlen(equals + 1));
    }
    if (!args->all_pages) return;
    det__path_add_n(p, &join, 1);
    det__path_add(p, "offset=");
    det__path_int(p, offset);
}

static int query(api *a) {
    for (char **word = a->c->args->query; word && *word; word++)
        if (!strchr(*word, '=')) return det__cli_fail(&a->c->err, DET_E_ARG, "-q %s: say key=value", *word);
    return DET_OK;
}

/* ---- the answer ---------------------------------------------------------------------------------------------------- */

static int out(const void *text, size_t len) {
    return fwrite(text, 1, len, stdout) == len ? DET_OK : DET_E_IO;
}

static int make(void *ctx, size_t i, det_request *q, det__path *path) {
    api *a = ctx;
    if (i) return DET_E_AGAIN;
    path_of(ctx, path, 0);
    q->method = a->method;
    q->path = path->text;
    q->body = a->body;
    q->body_len = a->body_len;
    q->headers = a->body_len ? "Content-Type: application/json\r\n" : NULL;
    q->silence_ms = SILENCE_MS;
    q->total_ms = LONG_MS;
    return det__path_end(path);
}

static int sink(void *ctx, size_t i, const void *text, size_t len) {
    (void)ctx, (void)i;
    int rc = out(text, len);
    return rc == DET_OK && fflush(stdout) != 0 ? DET_E_IO : rc;
}

static int done(void *ctx, size_t i, int rc) {
    (void)ctx, (void)i;
    return rc;
}

/* ---- pages --------------------------------------------------------------------------------------------------------- */

static int page_begin(void *ctx) {
    static const char *const paths[] = {"pagination.startIndex", "pagination.endIndex", "pagination.total"};
    api *a = ctx;
    memset(a->picks, 0, sizeof a->picks);
    for (size_t i = 0; i < 3; i++) {
        a->picks[i].path = paths[i];
        a->picks[i].dst = &a->found[i];
        a->picks[i].kind = DET__PICK_INT64;
    }
    det__picker_init(&a->picker, a->picks, 3);
    return DET_OK;
}

static int page_feed(void *ctx, const void *text, size_t len) {
    api *a = ctx;
    int rc = det__picker_feed(&a->picker, text, len);
    return rc == DET_OK ? out(text, len) : rc;
}

static int page_end(void *ctx, det__page *page) {
    api *a = ctx;
    int rc = det__picker_end(&a->picker);
    for (size_t i = 0; i < 3 && rc == DET_OK; i++)
        if (a->picks[i].found != DET__PICK_STORED)
            rc = det__cli_fail(&a->c->err, DET_E_MASTER, "--all-pages: the answer has no %s: it is no list in pages",
                               a->picks[i].path);
    page->start = a->found[0];
    page->end = a->found[1];
    page->total = a->found[2];
    return rc == DET_OK ? out("\n", 1) : rc;
}

static det__flow paged(api *a, det__pages *p) {
    memset(p, 0, sizeof *p);
    p->path = path_of;
    p->begin = page_begin;
    p->feed = page_feed;
    p->end = page_end;
    p->ctx = a;
    det__pages_init(p);
    return det__pages_flow(p);
}

/* ---- the command --------------------------------------------------------------------------------------------------- */

static int check(api *a) {
    const det__args *args = a->c->args;
    int rc = method(a, args->method);
    if (rc == DET_OK) rc = query(a);
    if (rc == DET_OK && args->all_pages && (strcmp(a->method, "GET") != 0 || args->data))
        rc = det__cli_fail(&a->c->err, DET_E_ARG, "--all-pages goes with GET alone, without -d");
    return rc == DET_OK ? data(a, args->data) : rc;
}

int det__cmd_api(det__client *c) {
    api a;
    det__pages p;
    det__flow f = {make, sink, done, NULL, 0, 0};
    memset(&a, 0, sizeof a);
    a.c = c;
    f.ctx = &a;
    if (c->args->all_pages) f = paged(&a, &p);
    int rc = check(&a);
    if (rc == DET_OK) rc = det__account_choose(c);
    if (rc == DET_OK) rc = det__contact_run(c, &f);
    if (a.read.text) det__wipe(a.read.text, a.read.cap);
    det__path_free(&a.read);
    return rc;
}
