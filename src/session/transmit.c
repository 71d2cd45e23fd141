/* SPDX-License-Identifier: Apache-2.0
 * The sending half of an exchange: requests are rendered into the caller's buffer, one behind the other where they are
 * pipelined (RFC 9112 9.3.2), and handed to the stream from a cursor. Independent of what has been received.
 *
 * Invariants: a request that fits the buffer whole is one write; bytes that the stream could not take are offered again
 * unchanged, in length too, as TLS wants it; no more answers are awaited than the pipe's depth. Never reads. */
#include "internal.h"

enum { LATE_MS = 10000 }; /* nothing more is sent behind an answer that has been awaited for longer */

/* As much of the body as there is room for. */
static int copy_body(det__session *s) {
    size_t n = s->req.body_len - s->body_off, room = s->opt.buffer_len - s->tx_len, off = s->body_off;
    char *at = (char *)s->opt.buffer + s->tx_len;
    if (n > room) n = room;
    s->tx_len += n;
    s->body_off += n;
    if (!s->req.body) return n ? s->req.source(s->req.source_ctx, off, at, n) : DET_OK;
    memcpy(at, (const char *)s->req.body + off, n);
    return DET_OK;
}

/* Render head and as much of the body as fits behind what the buffer holds. DET_E_SIZE: the head does not fit. */
static int render(det__session *s) {
    det__head h;
    det__out o;
    h.method = s->req.method;
    h.path = s->req.path;
    h.extra = s->req.headers;
    h.body_len = s->req.body_len;
    h.close = !s->persistent;
    det__out_init(&o, (char *)s->opt.buffer + s->tx_len, s->opt.buffer_len - s->tx_len);
    int rc = det__request_head(&o, &s->url, s->hdr, s->hdr_len, &h);
    if (rc != DET_OK) return rc;
    s->tx_len += o.len;
    s->body_off = 0;
    if (DET_PIPELINE > 1) s->pending++;
    return copy_body(s);
}

int det__transmit_begin(det__session *s) {
    s->tx_len = s->tx_sent = 0;
    if (DET_PIPELINE > 1) s->pending = s->held = s->stuck = 0;
    return render(s);
}

static int rendered(const det__session *s) {
    return !(DET_PIPELINE > 1 && s->held) && s->body_off == s->req.body_len;
}

int det__transmit_done(const det__session *s) {
    return s->tx_sent == s->tx_len && rendered(s);
}

#if DET_PIPELINE > 1
static int may_add(const det__session *s) {
    unsigned depth = s->alone ? 1 : s->pipe->depth;
    return s->pending < depth && (!s->pending || s->now_ms - s->oldest_ms < LATE_MS);
}

/* Render as many of the pipe's requests as its depth allows and the buffer holds; one that does not fit behind others
 * is held until they have gone. */
int det__transmit_fill(det__session *s) {
    if (s->tx_sent == s->tx_len && rendered(s)) s->tx_sent = s->tx_len = 0;
    while (!s->stuck && s->pipe && (s->held || (rendered(s) && may_add(s)))) {
        if (!s->held) {
            memset(&s->req, 0, sizeof s->req); /* none counts as rendered */
            s->body_off = 0;
            if (s->pipe->next(s->pipe->ctx, &s->req) != DET_OK) break;
            s->held = 1;
        }
        int rc = render(s);
        if (rc == DET_E_SIZE && s->tx_len) break;
        if (rc != DET_OK) return rc;
        s->held = 0;
        if (s->pending == 1) s->oldest_ms = s->now_ms;
    }
    return DET_OK;
}
#endif

/* The buffer has been sent: the rest of the body, then more requests. */
static int refill(det__session *s) {
    int rc = DET_OK;
    if (DET_PIPELINE > 1 && s->stuck) return rc;
    if (s->tx_sent == s->tx_len) {
        s->tx_sent = s->tx_len = 0;
        if (!(DET_PIPELINE > 1 && s->held) && s->body_off < s->req.body_len) rc = copy_body(s);
    }
    return rc == DET_OK ? det__transmit_fill(s) : rc;
}

int det__transmit(det__session *s) {
    for (;;) {
        int rc = refill(s);
        if (rc != DET_OK) return rc;
        if (s->tx_sent == s->tx_len) return DET_OK;
        int n = s->stream.ops->send(&s->stream, (char *)s->opt.buffer + s->tx_sent, s->tx_len - s->tx_sent);
        if (n < 0) { /* the server may have refused early: its answer may lie there already */
            s->send_error = n != DET_E_AGAIN;
            if (DET_PIPELINE > 1) s->stuck = n == DET_E_AGAIN;
            return DET_OK;
        }
        if (DET_PIPELINE > 1) s->stuck = 0;
        s->tx_sent += (size_t)n;
        s->stats.sent += (uint32_t)n;
        s->active_ms = s->now_ms;
    }
}
