/* SPDX-License-Identifier: Apache-2.0
 * The session of a command, and how requests go through it: told line by line with -v, failures turned into det's words.
 * Knows no endpoint. */
#define _POSIX_C_SOURCE 200809L
#include "client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../base/wipe.h"
#include "det_posix.h"
#include "say.h"

/* ---- opening ------------------------------------------------------------------------------------------------------- */

static const char *env(const char *name) {
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

static int choose_master(det__client *c) {
    const char *text = c->args->master;
    det__out o;
    if (!text) text = env("DET_MASTER");
    if (!text) text = env("DET_MASTER_ADDR");
    if (!text) text = "localhost:8080";
    int rc = det__url_parse(&c->url, text);
    if (rc != DET_OK) return det__cli_fail(&c->err, rc, "invalid master url '%s': %s", text, det_strerror(rc));
    det__out_init(&o, c->master, sizeof c->master - 1);
    det__url_text(&c->url, &o);
    c->master[o.len] = 0;
    return DET_OK;
}

static void log_line(void *ctx, int level, const char *line) {
    (void)ctx, (void)level;
    det__say(line);
}

int det__client_renew(det__client *c) {
    det_session_options o;
    memset(&o, 0, sizeof o);
    if (c->opened) det_session_free(&c->session);
    o.port = det_posix_port();
    o.url = c->master;
    o.buffer = c->buffer;
    o.buffer_len = sizeof c->buffer;
    o.token = c->token;
    o.tls_name = c->tls_name;
    o.ca_pem = c->pem;
    o.ca_pem_len = c->pem ? strlen(c->pem) : 0;
    o.noverify = c->noverify;
    o.log = c->args->verbose ? log_line : NULL; /* failures are told in our own words */
    o.log_level = DET_LOG_DEBUG;
    o.silence_ms = 60000; /* a login costs the master seconds */
    int rc = det_session_init(&c->session, &o);
    c->opened = rc == DET_OK;
    if (rc == DET_OK) rc = det_session_begin(&c->session);
    return rc == DET_OK ? rc : det__cli_fail(&c->err, rc, "%s: %s", c->master, det_strerror(rc));
}

int det__client_open(det__client *c, const det__args *a) {
    c->args = a;
    int rc = choose_master(c);
    if (rc == DET_OK) rc = det__trust_choose(c);
    return rc == DET_OK ? det__client_renew(c) : rc;
}

void det__client_close(det__client *c) {
    if (c->opened) det_session_free(&c->session);
    c->opened = 0;
    if (c->token) det__wipe(c->token, strlen(c->token));
    det__wipe(c->buffer, sizeof c->buffer);
    free(c->token);
    free(c->user);
    free(c->pem);
}

/* ---- one request --------------------------------------------------------------------------------------------------- */

typedef struct exchange {
    det__client *c;
    const det__flow *f;
    size_t i;
    uint64_t bytes;
    int given_up; /* the sink's code */
    int64_t start_ms;
    det_response r;
} exchange;

static int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int take(void *ctx, const det_response *r, const void *data, size_t len) {
    exchange *x = ctx;
    x->bytes += len;
    if (r->status >= 300) det__refusal_feed(&x->c->refusal, data, len);
    else if (x->f->sink) x->given_up = x->f->sink(x->f->ctx, x->i, data, len);
    return x->given_up;
}

static void begin(exchange *x) {
    x->bytes = 0;
    x->given_up = DET_OK;
    x->start_ms = now_ms();
    x->c->err.text[0] = 0;
    det__refusal_begin(&x->c->refusal);
}

/* "GET /info 200 233 bytes 1 ms conn 1"; a path holds no secret and no control character. */
static void tell(const exchange *x, const det_request *q) {
    if (!x->c->args->verbose) return;
    char status[16] = "-";
    if (x->r.status) snprintf(status, sizeof status, "%d", x->r.status);
    fprintf(stderr, "%s %s %s %" PRIu64 " bytes %" PRId64 " ms conn %" PRIu32 "\n", q->method, q->path, status, x->bytes,
            now_ms() - x->start_ms, det_session_get_stats(&x->c->session)->connections);
    fflush(stderr);
}

/* The sentence for a failure, unless the sink has left its own. */
static int conclude(exchange *x, const det_request *q, int rc) {
    det__err *e = &x->c->err;
    if (rc == DET_OK) return rc;
    if (x->given_up != DET_OK)
        return *e->text ? rc : det__cli_fail(e, rc, "the answer to %s %s: %s", q->method, q->path, det_strerror(rc));
    if (det_error_class(rc) == DET_CLASS_SERVER && x->r.status)
        return det__refusal_end(&x->c->refusal, rc, x->r.status, e);
    const char *said = det_session_errmsg(&x->c->session);
    return det__cli_fail(e, rc, "%s", *said ? said : det_strerror(rc));
}

static int ask(exchange *x, det_request *q) {
    begin(x);
    q->sink = take;
    q->sink_ctx = x;
    memset(&x->r, 0, sizeof x->r);
    int rc = det_session_call(&x->c->session, q, &x->r);
    tell(x, q);
    return conclude(x, q, rc);
}

/* ---- flows --------------------------------------------------------------------------------------------------------- */

static int run_on(exchange *x, det__path *path) {
    for (;; x->i++) {
        det_request q;
        memset(&q, 0, sizeof q);
        det__path_clear(path);
        int rc = x->f->make(x->f->ctx, x->i, &q, path);
        if (rc != DET_OK) return rc == DET_E_AGAIN ? DET_OK : rc;
        rc = ask(x, &q);
        rc = x->f->done(x->f->ctx, x->i, rc);
        if (rc != DET_OK) return rc;
    }
}

int det__client_run(det__client *c, const det__flow *f) {
    exchange x;
    det__path path;
    memset(&x, 0, sizeof x);
    memset(&path, 0, sizeof path);
    x.c = c;
    x.f = f;
    int rc = run_on(&x, &path);
    det__path_free(&path);
    return rc;
}

static int call_make(void *ctx, size_t i, det_request *q, det__path *path) {
    (void)path;
    *q = *(const det_request *)ctx;
    return i == 0 ? DET_OK : DET_E_AGAIN;
}

static int call_sink(void *ctx, size_t i, const void *data, size_t len) {
    static const det_response success = {200, -1, 0};
    const det_request *q = ctx;
    (void)i;
    return q->sink ? q->sink(q->sink_ctx, &success, data, len) : DET_OK;
}

static int call_done(void *ctx, size_t i, int rc) {
    (void)ctx, (void)i;
    return rc;
}

int det__client_call(det__client *c, const det_request *q) {
    det_request copy = *q;
    det__flow f = {call_make, call_sink, call_done, NULL};
    f.ctx = &copy;
    return det__client_run(c, &f);
}
