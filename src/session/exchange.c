/* SPDX-License-Identifier: Apache-2.0
 * One request and its answer over one connection: open, send and receive side by side, decide what a fault means.
 *
 * Invariants: nothing is sent on a connection whose last answer was not read to its end (poison rule); a request that
 * may have reached the master is sent again only if repeating it changes nothing, and only once, and only when the
 * connection had served others before (stale rule, RFC 9112 9.3.1). Knows no Determined call. */
#include "internal.h"

enum {
    PROBE_AFTER_MS = 1000,  /* a connection idle for longer is probed before it is used */
    IDLE_CAP_MS = 90000     /* and one idle for longer than this is not used: above the 60 s heartbeat */
};

static uint32_t now(const det__session *s) {
    return s->opt.port->now_ms(s->opt.port->ctx);
}

/* ---- the connection ---------------------------------------------------------------------------------------------- */

void det__exchange_close(det__session *s, int reason) {
    s->stream.ops->close(&s->stream);
    s->rx_pos = s->rx_len = 0;
    s->reason = (uint8_t)reason;
}

/* Is the idle connection still good? Reads through the stream: under TLS a ticket makes the socket readable. */
static int idle_alive(det__session *s) {
    uint32_t idle = s->now_ms - s->active_ms;
    if (idle < PROBE_AFTER_MS && s->stream.ops->wants(&s->stream)) return 1;
    if (idle > IDLE_CAP_MS) {
        det__exchange_close(s, DET__IDLE_TOO_LONG);
        return 0;
    }
    if (s->stream.ops->recv(&s->stream, s->rx, sizeof s->rx) == DET_E_AGAIN) return 1;
    det__exchange_close(s, DET__PEER_CLOSED_IDLE);
    return 0;
}

/* ---- starting ---------------------------------------------------------------------------------------------------- */

static int copy_body(det__session *s) {
    size_t rest = s->req.body_len - s->body_off;
    size_t room = s->opt.buffer_len - s->tx_len;
    char *at = (char *)s->opt.buffer + s->tx_len;
    size_t n = rest < room ? rest : room;
    int rc = DET_OK;
    if (!n) return DET_OK;
    if (s->req.body)
        memcpy(at, (const char *)s->req.body + s->body_off, n);
    else
        rc = s->req.source(s->req.source_ctx, s->body_off, at, n);
    s->tx_len += n;
    s->body_off += n;
    return rc;
}

/* Render head and as much of the body as fits: one write when all of it does. */
static int render(det__session *s) {
    det__head h = {0};
    det__out o;
    h.method = s->req.method;
    h.path = s->req.path;
    h.extra = s->req.headers;
    h.body_len = s->req.body_len;
    h.close = !s->persistent;
    det__out_init(&o, s->opt.buffer, s->opt.buffer_len);
    int rc = det__request_head(&o, &s->url, s->hdr, s->hdr_len, &h);
    if (rc != DET_OK) return rc;
    s->tx_len = o.len;
    s->tx_sent = 0;
    s->body_off = 0;
    return copy_body(s);
}

static int is_safe(const det_request *q) {
    if (q->replay != DET_REPLAY_AUTO) return q->replay == DET_REPLAY_SAFE;
    return q->method[0] != 'P' || q->method[1] == 'U'; /* all that HTTP knows but POST and PATCH */
}

static void begin_send(det__session *s) {
    det__response_init(&s->parser, s->req.method[0] == 'H');
    memset(&s->res, 0, sizeof s->res);
    s->res.content_length = -1;
    s->send_error = s->replied = s->picking = 0;
    s->reused = s->stream.open;
    s->active_ms = s->connect_ms = s->now_ms;
    s->phase = s->reused ? DET__EXCHANGE : DET__OPENING;
}

int det__exchange_start(det__session *s) {
    s->start_ms = s->now_ms = now(s);
    s->replayed = 0;
    memset(&s->res, 0, sizeof s->res);
    int rc = render(s);
    if (rc != DET_OK) return det__fail(s, rc, DET_STAGE_NONE, 0);
    if (s->stream.open) (void)idle_alive(s);
    begin_send(s);
    return DET_OK;
}

/* ---- ending ------------------------------------------------------------------------------------------------------ */

static int fully_sent(const det__session *s) {
    return s->tx_sent == s->tx_len && s->body_off == s->req.body_len;
}

static int broke(int code) {
    return code == DET_E_CLOSED || code == DET_E_RESET || code == DET_E_IO;
}

/* The stale rule: a kept connection that dies before a byte of the answer may just have been too old. */
static int may_replay(const det__session *s, int code) {
    return broke(code) && s->reused && !s->replied && !s->replayed && (is_safe(&s->req) || !fully_sent(s));
}

static int stage_of(int code) {
    if (det_error_class(code) == DET_CLASS_TLS) return DET_STAGE_TLS;
    return broke(code) ? DET_STAGE_TCP : DET_STAGE_HTTP;
}

/* Any fault: the connection is poisoned, so it goes; then the replay rules. */
static int fault(det__session *s, int code) {
    int stage = stage_of(code);
    long detail = stage == DET_STAGE_HTTP ? s->res.status : s->stream.detail;
    det__exchange_close(s, DET__FAULT);
    if (may_replay(s, code)) {
        int rc = render(s);
        s->reason = DET__DIED;
        s->replayed = 1;
        begin_send(s);
        if (rc == DET_OK) return DET_E_AGAIN;
        code = rc;
    }
    s->phase = DET__IDLE;
    if (fully_sent(s) && !s->res.status && !is_safe(&s->req)) code = DET_E_UNSURE;
    return det__fail(s, code, stage, detail);
}

static int aborted(det__session *s, int code) {
    det__exchange_close(s, DET__GIVEN_UP);
    s->phase = DET__IDLE;
    return det__fail(s, code, DET_STAGE_NONE, 0);
}

static int finish(det__session *s) {
    int leftover = s->rx_pos != s->rx_len;
    s->phase = DET__IDLE;
    s->stats.requests++;
    s->active_ms = s->now_ms;
    if (!s->persistent)
        det__exchange_close(s, DET__ONE_SHOT);
    else if (!s->parser.keep_alive)
        det__exchange_close(s, DET__PEER_CLOSED);
    else if (leftover || !fully_sent(s))
        det__exchange_close(s, DET__OUT_OF_STEP);
    return det__fail_status(s);
}

/* ---- receiving --------------------------------------------------------------------------------------------------- */

static void take_head(det__session *s) {
    s->res.status = s->parser.status;
    s->res.content_length = s->parser.has_length ? (int64_t)s->parser.content_length : -1;
    s->res.retry_after_ms =
        s->parser.retry_after_s > UINT32_MAX / 1000 ? UINT32_MAX : s->parser.retry_after_s * 1000;
}

static int take_body(det__session *s) {
    if (s->res.status >= 300) det__fail_body(s, s->parser.body, s->parser.body_len);
    if (!s->req.sink) return DET_OK;
    return s->req.sink(s->req.sink_ctx, &s->res, s->parser.body, s->parser.body_len);
}

/* Parse what is in rx. DET_E_AGAIN: more bytes are needed. DET_OK: the answer is complete. */
static int parse(det__session *s, int *abort) {
    for (;;) {
        size_t used = 0;
        int ev = det__response_feed(&s->parser, s->rx + s->rx_pos, s->rx_len - s->rx_pos, &used);
        s->rx_pos += (uint32_t)used;
        if (ev < 0) return ev;
        if (ev == DET__RESPONSE_MORE) return DET_E_AGAIN;
        if (ev == DET__RESPONSE_DONE) return DET_OK;
        if (ev == DET__RESPONSE_HEAD) take_head(s);
        if (ev == DET__RESPONSE_BODY && (*abort = take_body(s)) != DET_OK) return *abort;
    }
}

static int eof(det__session *s) {
    int rc = det__response_eof(&s->parser);
    if (rc == DET__RESPONSE_DONE) return finish(s);
    return fault(s, s->replied ? rc : DET_E_CLOSED);
}

/* Receive until the stream has no more for now. A short read means there is none, and saves asking. */
static int receive(det__session *s) {
    for (;;) {
        int n = s->stream.ops->recv(&s->stream, s->rx, sizeof s->rx);
        if (n == DET_E_AGAIN) return n;
        if (n == DET_E_CLOSED) return eof(s);
        if (n < 0) return fault(s, n);
        int abort = DET_OK;
        s->rx_pos = 0;
        s->rx_len = (uint32_t)n;
        s->replied = 1;
        s->stats.received += (uint32_t)n;
        s->active_ms = s->now_ms;
        int rc = parse(s, &abort);
        if (abort != DET_OK) return aborted(s, abort);
        if (rc == DET_OK) return finish(s);
        if (rc != DET_E_AGAIN) return fault(s, rc);
        if ((size_t)n < sizeof s->rx && s->stream.ops->wants(&s->stream)) return DET_E_AGAIN;
    }
}

/* ---- sending ----------------------------------------------------------------------------------------------------- */

/* Send until all is sent (DET_OK), the stream takes no more (DET_E_AGAIN), or it broke (its code). */
static int send(det__session *s) {
    while (!fully_sent(s)) {
        if (s->tx_sent == s->tx_len) {
            s->tx_sent = s->tx_len = 0;
            int rc = copy_body(s);
            if (rc != DET_OK) return rc;
        }
        int n = s->stream.ops->send(&s->stream, (char *)s->opt.buffer + s->tx_sent, s->tx_len - s->tx_sent);
        if (n < 0) return n;
        s->tx_sent += (size_t)n;
        s->stats.sent += (uint32_t)n;
        s->active_ms = s->now_ms;
    }
    return DET_OK;
}

/* ---- the engine -------------------------------------------------------------------------------------------------- */

static uint32_t left(uint32_t t, uint32_t since, uint32_t limit) {
    return t - since < limit ? limit - (t - since) : 0;
}

static int step_open(det__session *s) {
    int rc = s->stream.ops->open(&s->stream, left(s->now_ms, s->connect_ms, s->opt.connect_ms));
    if (rc == DET_E_AGAIN) return rc;
    if (rc == DET_OK) {
        s->phase = DET__EXCHANGE;
        s->stats.connections++;
        s->active_ms = s->now_ms = now(s); /* the name lookup may have taken a while */
        det__log_connection(s);
        return rc;
    }
    int stage = s->stream.stage ? s->stream.stage : DET_STAGE_TCP;
    det__exchange_close(s, DET__FAULT);
    s->phase = DET__IDLE;
    return det__fail(s, rc, stage, s->stream.detail);
}

static int step_exchange(det__session *s) {
    int sending = !s->send_error && !fully_sent(s);
    if (sending) {
        int rc = send(s);
        if (det_error_class(rc) == DET_CLASS_USAGE) return aborted(s, rc); /* the body source's */
        if (rc < 0 && rc != DET_E_AGAIN) s->send_error = 1;                /* an answer may lie there already */
        /* Just sent: the answer cannot be here yet, so wait instead of asking in vain. */
        if (rc == DET_OK && s->stream.ops->wants(&s->stream)) return DET_E_AGAIN;
    }
    int rc = receive(s);
    if (rc == DET_E_AGAIN && s->phase == DET__EXCHANGE && s->send_error) return fault(s, DET_E_RESET);
    return rc;
}

/* What is left of the request's own deadlines; 0 when one has passed. */
static uint32_t deadline(const det__session *s, uint32_t t) {
    uint32_t total = left(t, s->start_ms, s->req.total_ms ? s->req.total_ms : s->opt.total_ms);
    uint32_t silence = left(t, s->active_ms, s->req.silence_ms ? s->req.silence_ms : s->opt.silence_ms);
    return s->phase == DET__EXCHANGE && silence < total ? silence : total;
}

int det__exchange_step(det__session *s) {
    int rc = DET_OK;
    s->now_ms = now(s);
    if (s->phase == DET__OPENING) rc = step_open(s);
    if (rc == DET_OK) rc = step_exchange(s);
    if (rc == DET_E_AGAIN && s->phase != DET__IDLE && !deadline(s, s->now_ms)) rc = fault(s, DET_E_TIMEOUT);
    return rc;
}

/* Both ways at once: an early refusal is read while a request is still being sent. 0: do not wait. */
int det__exchange_wants(const det__session *s) {
    int events = s->stream.ops->wants(&s->stream);
    if (!events || s->phase != DET__EXCHANGE) return events;
    return events | DET_WANT_READ | (fully_sent(s) || s->send_error ? 0 : DET_WANT_WRITE);
}

uint32_t det__exchange_timeout(const det__session *s) {
    uint32_t t = now(s), ms = deadline(s, t), connect = left(t, s->connect_ms, s->opt.connect_ms);
    uint32_t again = s->stream.conn.again_ms;
    if (s->phase == DET__IDLE) return UINT32_MAX;
    if (s->phase == DET__EXCHANGE) return ms;
    if (connect < ms) ms = connect;
    return again && again < ms ? again : ms;
}
