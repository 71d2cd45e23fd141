/* SPDX-License-Identifier: Apache-2.0
 * One request and its answer over one connection: open, send and receive side by side, decide what a fault means.
 *
 * Invariants: nothing is sent on a connection whose last answer was not read to its end (poison rule); a request that
 * may have reached the master is sent again only if repeating it changes nothing, and only once, and only when the
 * connection had served others before (stale rule, RFC 9112 9.3.1). Knows no Determined call. */
#include "internal.h"

enum {
    PROBE_AFTER_MS = 1000,  /* a connection idle for longer is probed before it is used */
    PIPE_LOOK_MS = 2,       /* an answer that has been awaited for less is not looked for right behind sending more */
    PIECES_MAX = 64,        /* received in one step: a peer that never pauses must not outlive the deadlines */
    /* A connection whose first request line is over 4,096 bytes is reset by the master (contract 8). */
    FIRST_PATH_MAX = 4096 - DET_BASE_SIZE - 32
};
#define IDLE_CAP_MS INT32_C(90000) /* and one idle for longer than this is not used: above the 60 s heartbeat */

static uint32_t now(const det__session *s) {
    return s->opt.port->now_ms(s->opt.port->ctx);
}

/* ---- the connection ---------------------------------------------------------------------------------------------- */

void det__exchange_close(det__session *s, int reason) {
    s->was_open = s->phase == DET__EXCHANGE;
    s->stream.ops->close(&s->stream);
    s->reason = (uint8_t)reason;
}

/* An idle connection that is no longer good goes. Asked through the stream: under TLS a ticket makes the socket
 * readable. */
static void check_idle(det__session *s) {
    uint32_t idle = s->now_ms - s->active_ms;
    if (idle < PROBE_AFTER_MS && s->stream.ops->wants(&s->stream)) return;
    if (idle > IDLE_CAP_MS)
        det__exchange_close(s, DET__IDLE_TOO_LONG);
    else if (s->stream.ops->recv(&s->stream, s->rx, sizeof s->rx) != DET_E_AGAIN)
        det__exchange_close(s, DET__PEER_CLOSED_IDLE);
}

/* ---- starting ---------------------------------------------------------------------------------------------------- */

static int is_safe(const det_request *q) {
    if (q->replay != DET_REPLAY_AUTO) return q->replay == DET_REPLAY_SAFE;
    return q->method[0] != 'P' || q->method[1] == 'U'; /* all that HTTP knows but POST and PATCH */
}

/* HEAD has answers without bodies; a pipe must not carry it. */
static void forget_answer(det__session *s) {
    s->replied = s->picking = 0;
    memset(&s->res, 0, sizeof s->res);
    s->res.content_length = -1;
}

static void begin_answer(det__session *s) {
    forget_answer(s);
    det__response_init(&s->parser, !(DET_LONG_LINES && s->skip) && !det__pipe_of(s) && s->req.method[0] == 'H');
}

static DET__NOINLINE void begin_send(det__session *s) {
    s->send_error = s->skip = 0;
    s->stream.stage = 0;
    begin_answer(s);
    s->reused = s->stream.open;
    s->active_ms = s->connect_ms = s->now_ms;
    s->phase = s->reused ? DET__EXCHANGE : DET__OPENING;
}

/* s->req is the request, or the pipe's first. */
static int start(det__session *s, uint32_t silence_ms, uint32_t total_ms) {
    s->oldest_ms = s->start_ms = s->now_ms = now(s);
    s->silence_ms = silence_ms ? silence_ms : s->opt.silence_ms;
    s->total_ms = total_ms ? total_ms : s->opt.total_ms;
    s->replayed = 0;
    int rc = det__transmit_begin(s);
    if (rc != DET_OK) return det__fail(s, rc, DET_STAGE_NONE, 0);
    if (s->stream.open) check_idle(s);
    begin_send(s);
    return DET_OK;
}

int det__exchange_start(det__session *s) {
    s->pipe = NULL;
    s->safe = (uint8_t)is_safe(&s->req);
    return start(s, s->req.silence_ms, s->req.total_ms);
}

#if DET_PIPELINE > 1
int det__exchange_pipe(det__session *s, const det_pipe *p) {
    memset(&s->req, 0, sizeof s->req);
    if (p->next(p->ctx, &s->req) != DET_OK) return DET_E_AGAIN;
    s->pipe = p;
    s->safe = 0;
    return start(s, p->silence_ms, UINT32_MAX);
}
#endif

/* ---- ending: these leave DET__EXCHANGE ----------------------------------------------------------------------------- */

int det__exchange_sent(const det__session *s) {
    return s->phase == DET__EXCHANGE && det__transmit_done(s);
}

static int end(det__session *s, int reason, int code, int stage, long detail) {
    det__exchange_close(s, reason);
    s->phase = DET__IDLE;
    s->pipe = NULL;
    if (code >= DET_E_AGAIN) code = DET_E_ARG; /* a callback that says "later": there is no later */
    return det__fail(s, code, stage, detail);
}

/* Any fault: the connection is poisoned, so it goes. The stale rule: a kept one that broke before a byte of the answer
 * may just have been too old, so the request goes once more over a new one, if it may. */
static int fault(det__session *s, int code) {
    int cls = det_error_class(code), sent = det__transmit_done(s);
    int below = s->phase == DET__OPENING || cls == DET_CLASS_TLS || (cls == DET_CLASS_NET && code != DET_E_TIMEOUT);
    int stage = below ? s->stream.stage : DET_STAGE_HTTP;
    if (below && s->reused && !det__pipe_of(s) && !s->replied && !s->replayed && (s->safe || !sent)) {
        det__exchange_close(s, DET__DIED);
        s->replayed = 1;
        code = det__transmit_begin(s);
        begin_send(s);
        if (code == DET_OK) return DET_E_AGAIN;
    }
    if (sent && !det__pipe_of(s) && !s->res.status && !s->safe) code = DET_E_UNSURE;
    return end(s, DET__FAULT, code, stage ? stage : DET_STAGE_TCP, below ? s->stream.detail : s->res.status);
}

/* What becomes of the connection behind a whole answer; in_step: nothing has come behind it. */
static void settle(det__session *s, int in_step) {
    if (!s->persistent)
        det__exchange_close(s, DET__ONE_SHOT);
    else if (!s->parser.keep_alive)
        det__exchange_close(s, DET__PEER_CLOSED);
    else if (!(DET_PIPELINE > 1 && s->pending) && (!in_step || !det__transmit_done(s)))
        det__exchange_close(s, DET__OUT_OF_STEP);
}

/* The oldest answer is whole. DET_E_AGAIN: the pipe goes on. */
static int finish(det__session *s, int in_step) {
    const det_pipe *p = det__pipe_of(s);
    s->stats.requests++;
    if (DET_PIPELINE > 1) s->pending--;
    settle(s, in_step);
    if (!p) {
        s->phase = DET__IDLE;
        return det__fail_status(s);
    }
    s->alone = !s->parser.keep_alive;
    s->oldest_ms = s->now_ms;
    p->done(p->ctx, det__fail_status(s), &s->res);
    if (s->phase != DET__EXCHANGE) return DET_E_STATE; /* given up by the pipe's owner */
    if (!s->stream.open && (s->pending || !det__transmit_done(s))) {
        forget_answer(s); /* the next one will not come */
        return fault(s, DET_E_CLOSED);
    }
    int rc = det__transmit_fill(s);
    if (rc != DET_OK) return end(s, DET__GIVEN_UP, rc, DET_STAGE_NONE, 0);
    if (s->pending) {
        if (s->stream.open) begin_answer(s);
        else begin_send(s);
        return DET_E_AGAIN;
    }
    s->phase = DET__IDLE;
    s->pipe = NULL;
    return DET_OK;
}

/* ---- receiving --------------------------------------------------------------------------------------------------- */

static void take_head(det__session *s) {
    uint32_t retry_s = s->parser.retry_after_s;
    s->res.status = s->parser.status;
    if (s->parser.has_length) s->res.content_length = (int64_t)s->parser.content_length;
    s->res.retry_after_ms = retry_s > UINT32_MAX / 1000 ? UINT32_MAX : retry_s * 1000;
}

static int take_body(det__session *s) {
    if (s->res.status >= 300) det__fail_body(s, s->parser.body, s->parser.body_len);
    const det_pipe *p = det__pipe_of(s);
    det_sink_fn sink = p ? p->sink : s->req.sink;
    return sink ? sink(p ? p->ctx : s->req.sink_ctx, &s->res, s->parser.body, s->parser.body_len) : DET_OK;
}

/* Parse the n bytes in rx. DET_E_AGAIN: the answer goes on. */
static int parse(det__session *s, size_t n) {
    size_t at = 0, used;
    for (;;) {
        int rc = DET_OK, event = det__response_feed(&s->parser, s->rx + at, n - at, &used);
        at += used;
        if (event < 0) return fault(s, event);
        if (event == DET__RESPONSE_MORE) return DET_E_AGAIN;
        if (DET_LONG_LINES && s->skip) {
            if (event == DET__RESPONSE_DONE) s->skip = 0, begin_answer(s);
            continue;
        }
        if (event == DET__RESPONSE_DONE) {
            rc = finish(s, at == n);
            if (rc != DET_E_AGAIN || s->phase != DET__EXCHANGE) return rc;
            continue;
        }
        if (event == DET__RESPONSE_HEAD) take_head(s);
        if (event == DET__RESPONSE_BODY) rc = take_body(s);
        if (s->phase != DET__EXCHANGE) return DET_E_STATE; /* given up by its own sink */
        if (rc != DET_OK) return end(s, DET__GIVEN_UP, rc, DET_STAGE_NONE, 0);
    }
}

/* The peer ended the stream in order: an answer without length is complete, any other is cut. */
static int eof(det__session *s) {
    int rc = DET_LONG_LINES && s->skip ? DET_E_CLOSED : det__response_eof(&s->parser);
    return rc == DET__RESPONSE_DONE ? finish(s, 1) : fault(s, rc);
}

/* Receive until the stream has no more for now. A short read means there is none, and saves asking. */
static int receive(det__session *s) {
    for (int pieces = 0; pieces < PIECES_MAX; pieces++) {
        int n = s->stream.ops->recv(&s->stream, s->rx, sizeof s->rx);
        if (n == DET_E_AGAIN) return s->send_error ? fault(s, DET_E_RESET) : n;
        if (n == DET_E_CLOSED) return eof(s);
        if (n < 0) return fault(s, n);
        s->replied = 1;
        s->stats.received += (uint32_t)n;
        s->active_ms = s->now_ms;
        int rc = parse(s, (size_t)n);
        if (rc != DET_E_AGAIN || s->phase != DET__EXCHANGE) return rc;
        if ((size_t)n < sizeof s->rx && s->stream.ops->wants(&s->stream)) return rc;
    }
    return DET_E_AGAIN;
}

/* ---- the engine -------------------------------------------------------------------------------------------------- */

static uint32_t left(uint32_t t, uint32_t since, uint32_t limit) {
    return t - since < limit ? limit - (t - since) : 0;
}

/* A long request line must not be a connection's first: GET /info goes before it, its answer is skipped. */
static int precede(det__session *s) {
    static const det__head info = {"GET", "/info", NULL, 0, 0};
    det__out o;
    if (!DET_LONG_LINES || !s->req.path || strlen(s->req.path) < FIRST_PATH_MAX) return DET_OK;
    det__out_init(&o, s->rx, sizeof s->rx);
    int rc = det__request_head(&o, &s->url, s->hdr, s->hdr_len, &info);
    if (rc != DET_OK) return rc;
    s->skip = 1;
    begin_answer(s);
    rc = s->stream.ops->send(&s->stream, s->rx, o.len);
    return rc < 0 ? rc : rc == (int)o.len ? DET_OK : DET_E_IO;
}

static int open_stream(det__session *s) {
    int rc = s->stream.ops->open(&s->stream, left(s->now_ms, s->connect_ms, s->opt.connect_ms));
    if (rc == DET_E_AGAIN) return rc;
    if (rc != DET_OK) return fault(s, rc);
    s->phase = DET__EXCHANGE;
    s->stats.connections++;
    s->active_ms = s->now_ms = now(s); /* the name lookup may have taken a while */
    det__log_connection(s);
    rc = precede(s);
    return rc == DET_OK ? rc : fault(s, rc);
}

/* What is left of the request's own deadlines; 0 when one has passed. */
static uint32_t deadline(const det__session *s, uint32_t t) {
    uint32_t total = left(t, s->start_ms, s->total_ms), silence = left(t, s->active_ms, s->silence_ms);
    return s->phase == DET__EXCHANGE && silence < total ? silence : total;
}

/* Send what there is to send. DET_E_AGAIN: there is nothing to receive yet; DET_OK: look for it. */
static int send(det__session *s) {
    int rc = det__transmit(s);
    if (rc != DET_OK) return end(s, DET__GIVEN_UP, rc, DET_STAGE_NONE, 0);
    if (!det__transmit_done(s) || !s->stream.ops->wants(&s->stream)) return DET_OK;
    return !det__pipe_of(s) || s->now_ms - s->oldest_ms < PIPE_LOOK_MS ? DET_E_AGAIN : DET_OK;
}

/* Sending and receiving are independent, so that a full pipe never comes to a standstill. */
static int move(det__session *s) {
    int rc = det__transmit_fill(s);
    if (rc != DET_OK) return end(s, DET__GIVEN_UP, rc, DET_STAGE_NONE, 0);
    if (!s->send_error && !det__transmit_done(s)) rc = send(s);
    if (rc == DET_OK) rc = receive(s);
    if (DET_PIPELINE > 1 && rc == DET_E_AGAIN && s->phase == DET__EXCHANGE && !s->send_error && !s->stuck && !det__transmit_done(s)) {
        rc = send(s); /* answers have made room in the pipe */
        if (rc == DET_OK) rc = DET_E_AGAIN;
    }
    return rc;
}

int det__exchange_step(det__session *s) {
    int rc = DET_OK;
    s->now_ms = now(s);
    if (s->phase == DET__OPENING) rc = open_stream(s);
    if (rc == DET_OK) rc = move(s);
    if (rc == DET_E_AGAIN && !deadline(s, s->now_ms)) rc = fault(s, DET_E_TIMEOUT);
    return rc;
}

/* Both ways at once: an early refusal is read while a request is still being sent. 0: do not wait. */
int det__exchange_wants(const det__session *s) {
    int events = s->stream.ops->wants(&s->stream);
    if (!events || s->phase != DET__EXCHANGE) return events;
    return events | DET_WANT_READ | (det__transmit_done(s) || s->send_error ? 0 : DET_WANT_WRITE);
}

uint32_t det__exchange_timeout(const det__session *s) {
    uint32_t t = now(s), ms = deadline(s, t), connect = left(t, s->connect_ms, s->opt.connect_ms);
    uint32_t again = s->stream.conn.again_ms;
    if (s->phase == DET__IDLE) return UINT32_MAX;
    if (s->phase == DET__EXCHANGE) return ms;
    if (connect < ms) ms = connect;
    return again && again < ms ? again : ms;
}
