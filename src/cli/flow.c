/* SPDX-License-Identifier: Apache-2.0
 * A flow's requests through the session, told line by line with -v, failures turned into det's words. Those of a safe flow
 * go ahead of the answers (det_session_pipe). Knows no endpoint.
 *
 * Invariants: answers are handed on in order, each once; only a GET is sent again, and before a byte of its answer's body
 * has been handed on: at once when it met a connection that had been kept or had just answered another, else after a pause
 * and RETRIES times at most. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "host.h"

#if DET_PIPELINE < 2
#error "detc needs det_session_pipe(): DET_PIPELINE of 2 or more"
#endif

enum {
    DEPTH = 16,  /* answers awaited: at 60 ms round trip and 5 ms an answer the master is kept busy */
    RETRIES = 5, /* det's, which take as long: 15 s (contract 1.5) */
    BACKOFF_MS = 500,
    LONGEST_MS = 60000 /* whatever Retry-After says, somebody is waiting */
};

typedef struct running {
    det__client *c;
    const det__flow *f;
    size_t i;     /* the oldest without an answer */
    size_t given; /* handed to the session */
    uint64_t bytes;
    int taken;    /* the sink has had some of them */
    int given_up; /* the sink's code */
    int ended;    /* the flow's own end */
    int anew;     /* what is under way is not to be answered */
    int status;
    unsigned tries;   /* of the oldest that have failed */
    int64_t pause_ms; /* before it is tried again */
    int again;        /* the oldest is to be tried again, and nothing sent before that */
    int64_t start_ms[DEPTH];
    det__path next, oldest;
} running;

/* ---- one answer ---------------------------------------------------------------------------------------------------- */

static void begin(running *x) {
    x->bytes = 0;
    x->taken = 0;
    x->given_up = DET_OK;
    x->status = 0;
    x->c->err.text[0] = 0;
    det__refusal_begin(&x->c->refusal);
}

static int take(void *ctx, const det_response *r, const void *data, size_t len) {
    running *x = ctx;
    x->bytes += len;
    if (r->status >= 300) det__refusal_feed(&x->c->refusal, data, len);
    else x->taken = 1;
    if (x->taken && x->f->sink) x->given_up = x->f->sink(x->f->ctx, x->i, data, len);
    return x->given_up;
}

static int make(running *x, size_t i, det__path *path, det_request *q) {
    memset(q, 0, sizeof *q);
    det__path_clear(path);
    return x->f->make(x->f->ctx, i, q, path);
}

/* "GET /info 200 233 bytes 1 ms conn 1"; a path holds no control character, and headers and bodies are not told. */
static void tell(const running *x, const det_request *q) {
    char status[16] = "-";
    if (x->status) snprintf(status, sizeof status, "%d", x->status);
    fprintf(stderr, "%s %s %s %" PRIu64 " bytes %" PRId64 " ms conn %" PRIu32 "\n", q->method, q->path, status, x->bytes,
            det__host_now_ms() - x->start_ms[x->i % DEPTH], det_session_get_stats(&x->c->session)->connections);
    fflush(stderr);
}

static int unsaid(running *x, const det_request *q, int rc) {
    return det__cli_fail(&x->c->err, rc, "the answer to %s %s: %s", q->method, q->path, det_strerror(rc));
}

/* The sentence for a failure, unless the sink has left its own. */
static int conclude(running *x, const det_request *q, int rc) {
    det__err *e = &x->c->err;
    if (rc == DET_OK) return rc;
    if (x->given_up != DET_OK) return *e->text ? rc : unsaid(x, q, rc);
    if (det_error_class(rc) == DET_CLASS_SERVER && x->status) return det__refusal_end(&x->c->refusal, rc, x->status, e);
    const char *said = det_session_errmsg(&x->c->session);
    return det__cli_fail(e, rc, "%s", *said ? said : det_strerror(rc));
}

/* May it be tried again? Of a first contact nothing is (contract 1.5). */
static int repeatable(const running *x, const det_request *q) {
    return strcmp(q->method, "GET") == 0 && x->i >= x->f->once && !x->taken && x->given_up == DET_OK && x->tries < RETRIES;
}

/* 502, 503, 504, and what says when to come back. */
static int may_pass(int rc, const det_response *r) {
    return rc == DET_E_BUSY || ((r->status == 413 || r->status == 429) && r->retry_after_ms);
}

/* 0.5 s · 2ⁿ, of which a random half is taken off so that many do not come back in step; or what the master asked for, if
 * that is no date. */
static void try_again(running *x, uint32_t asked_ms) {
    int64_t ms = (int64_t)BACKOFF_MS << x->tries++, t = det__host_now_ms();
    ms -= t * 2654435761 % 1024 * (ms / 2) / 1024;
    if (asked_ms && asked_ms != UINT32_MAX) ms = asked_ms;
    x->pause_ms = ms < LONGEST_MS ? ms : LONGEST_MS;
    x->again = 1;
    x->anew = x->given > x->i + 1;
}

/* The oldest has ended. DET_OK: on to the next, or again. */
static int answered(running *x, int rc, const det_response *r) {
    det_request q;
    if (make(x, x->i, &x->oldest, &q) != DET_OK || !q.path) q.method = "GET", q.path = "/";
    x->status = r->status;
    if (x->c->args->verbose) tell(x, &q);
    if (may_pass(rc, r) && repeatable(x, &q)) {
        try_again(x, r->retry_after_ms);
        begin(x);
        return DET_OK;
    }
    x->ended = x->f->done(x->f->ctx, x->i, conclude(x, &q, rc));
    if (x->ended == DET__FLOW_ANEW) {
        x->ended = DET_OK;
        x->anew = x->given > x->i + 1;
    }
    if (x->ended < 0 && !*x->c->err.text) unsaid(x, &q, x->ended);
    if (x->ended != DET_OK) return x->ended;
    x->i++;
    x->tries = 0;
    begin(x);
    return DET_OK;
}

/* Before anything is sent. */
static void pause_before(running *x) {
    if (x->again && x->pause_ms) (void)det__host_sleep_ms(x->pause_ms);
    x->again = 0;
    x->pause_ms = 0;
}

/* ---- one at a time ------------------------------------------------------------------------------------------------- */

static int one_by_one(running *x) {
    for (;;) {
        det_request q;
        det_response r;
        int rc = make(x, x->i, &x->next, &q);
        if (rc != DET_OK) return rc == DET_E_AGAIN ? DET_OK : rc;
        memset(&r, 0, sizeof r);
        q.sink = take;
        q.sink_ctx = x;
        pause_before(x);
        x->start_ms[x->i % DEPTH] = det__host_now_ms();
        rc = answered(x, det_session_call(&x->c->session, &q, &r), &r);
        if (rc != DET_OK) return rc;
    }
}

/* ---- ahead of the answers -------------------------------------------------------------------------------------------- */

#if DET_PIPELINE
static int next(void *ctx, det_request *q) {
    running *x = ctx;
    int rc = x->again ? DET_E_AGAIN : make(x, x->given, &x->next, q);
    if (rc == DET_OK) x->start_ms[x->given++ % DEPTH] = det__host_now_ms();
    else if (rc != DET_E_AGAIN) x->ended = rc;
    return rc == DET_OK ? rc : DET_E_AGAIN;
}

static void done(void *ctx, int rc, const det_response *r) {
    running *x = ctx;
    if (answered(x, rc, r) != DET_OK || x->anew) det_session_cancel(&x->c->session);
}

static void about(void *ctx, det_request *q) {
    running *x = ctx;
    det_request oldest;
    if (make(x, x->i, &x->oldest, &oldest) != DET_OK) return;
    q->method = oldest.method;
    q->path = oldest.path;
}

static int drive(running *x) {
    const det_port *port = det__host_port();
    int rc = DET_E_AGAIN;
    while (rc == DET_E_AGAIN && x->ended == DET_OK && !x->anew) {
        det_wait w;
        uint32_t ms;
        rc = det_session_step(&x->c->session);
        if (rc == DET_E_AGAIN && x->ended == DET_OK && !x->anew && det_session_wants(&x->c->session, &w, &ms))
            port->wait(port->ctx, &w, 1, ms);
    }
    return rc;
}

/* The connection has ended with answers outstanding. Those requests go again if that can help; else the oldest has failed. */
static int broken(running *x, int rc, int may_be_stale) {
    static const det_response nothing = {0, -1, 0};
    static const det_request get = {"GET", NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, 0, 0, 0};
    int net = det_error_class(rc) == DET_CLASS_NET && rc != DET_E_TIMEOUT && !x->bytes && x->given_up == DET_OK;
    if (net && may_be_stale) return DET_OK;
    if (!net || !repeatable(x, &get)) return answered(x, rc, &nothing);
    try_again(x, 0);
    x->anew = 0;
    return DET_OK;
}

static int ahead(running *x) {
    det_pipe pipe = {next, done, about, take, NULL, DEPTH, 0};
    const det_session_stats *stats = det_session_get_stats(&x->c->session);
    pipe.ctx = x;
    for (;;) {
        size_t before = x->i;
        uint32_t connections = stats->connections;
        x->given = x->i;
        pause_before(x);
        int rc = det_session_pipe(&x->c->session, &pipe);
        if (rc == DET_E_AGAIN) return x->ended;
        if (rc == DET_OK) rc = drive(x);
        if (x->ended != DET_OK) return x->ended;
        if (x->anew) rc = x->anew = 0;
        if (rc != DET_OK) rc = broken(x, rc, x->i > before || (connections && connections == stats->connections));
        if (rc != DET_OK) return rc;
    }
}
#else
#define ahead one_by_one
#endif

int det__client_run(det__client *c, const det__flow *f) {
    running x;
    memset(&x, 0, sizeof x);
    x.c = c;
    x.f = f;
    begin(&x);
    int rc = f->safe ? ahead(&x) : one_by_one(&x);
    det__path_free(&x.next);
    det__path_free(&x.oldest);
    return rc;
}

/* ---- a flow of one --------------------------------------------------------------------------------------------------- */

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
    det__flow f = {call_make, call_sink, call_done, NULL, 0, 0};
    f.ctx = &copy;
    return det__client_run(c, &f);
}
