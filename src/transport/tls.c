/* SPDX-License-Identifier: Apache-2.0
 * The TLS stream over the plain one, verified or refused: see tls.h. The port's clock decides certificate times, never
 * libc's. What the library has made outlives connections, so reconnecting leaves the heap flat. Must not know the library,
 * nor HTTP, nor when a connection is to be opened or given up. */
#include "tls.h"

#if DET_TLS

enum { MADE = 1, STARTED = 2, SHOOK = 4, BROKEN = 8, IN_RECV = 16, STUCK = 32 /* a record not sent completely */ };

/* ---- whom to trust ----------------------------------------------------------------------------------------------- */

int det__tls_is_address(const char *host) {
    int digits_only = 1;
    for (; *host; host++) {
        if (*host == ':') return 1;
        if (*host != '.' && (*host < '0' || *host > '9')) digits_only = 0;
    }
    return digits_only;
}

/* 2010-01-01: a clock before it has not been set, whatever the port says: they start at 1970 or 2000. */
#define CLOCK_LEAST INT64_C(1262304000)

const char *det__tls_name(const det__stream *st) {
    return st->peer.name ? st->peer.name : st->peer.host;
}

int det__tls_name_differs(const det__stream *st) {
    return st->peer.name || det__tls_is_address(st->peer.host);
}

uint32_t det__tls_check_dates(det__stream *st, int64_t from, int64_t to) {
    const det_port *p = st->port;
    int64_t now = DET_PORT_HAS(p, utc_s) ? p->utc_s(p->ctx) : DET_UTC_UNKNOWN;
    if (now < CLOCK_LEAST) { /* DET_UTC_UNKNOWN too */
        det__tls_of(st)->no_clock = 1;
        return DET__BAD_FUTURE;
    }
    return now > to ? DET__BAD_EXPIRED : now < from ? DET__BAD_FUTURE : 0;
}

/* Trust before name before dates, for what is wrong first makes the rest idle. */
int det__tls_refuse(det__stream *st) {
    const det__tls *t = det__tls_of(st);
    int code = DET_E_EXPIRED;
    if (t->faults & ~(DET__BAD_DATES | DET__BAD_NAME)) code = DET_E_TRUST;
    else if (t->faults & DET__BAD_NAME) code = DET_E_NAME;
    else if (t->no_clock) code = DET_E_CLOCK;
    return det__stream_fail(st, code, DET_STAGE_TLS, (long)t->faults);
}

/* ---- bytes below TLS --------------------------------------------------------------------------------------------- */

static int below(det__stream *st, int n) {
    if (n < 0) det__tls_of(st)->below = (int8_t)n;
    return n;
}

int det__tls_below_send(det__stream *st, const void *data, size_t len) {
    /* A read that answers something (an alert, say) would first flush the record a send() left behind; the next send()
     * would find nothing pending and send the same bytes once more. So such a read has to wait. */
    if ((det__tls_of(st)->flags & (IN_RECV | STUCK)) == (IN_RECV | STUCK)) return DET_E_AGAIN;
    return below(st, det__plain_ops.send(st, data, len));
}

int det__tls_below_recv(det__stream *st, void *out, size_t cap) {
    return below(st, det__ahead_recv(&det__tls_of(st)->ahead, st, out, cap));
}

/* ---- the stream -------------------------------------------------------------------------------------------------- */

static void tls_close(det__stream *st) {
    det__tls *t = det__tls_of(st);
    if ((t->flags & (SHOOK | BROKEN | STUCK)) == SHOOK) det__tls_lib_notify(st);
    t->flags &= MADE;
    t->ahead.at = t->ahead.len = 0;
    det__plain_ops.close(st);
}

static int make(det__stream *st) {
    if (det__tls_of(st)->flags & MADE) return DET_OK;
    int code = det__tls_lib_make(st);
    if (code == DET_OK) det__tls_of(st)->flags = MADE;
    else det__tls_free(st);
    return code;
}

static int start(det__stream *st) {
    det__tls *t = det__tls_of(st);
    if (t->flags & STARTED) return DET_OK;
    t->flags |= STARTED;
    t->faults = 0;
    t->no_clock = 0;
    return det__tls_lib_start(st);
}

static int tls_open(det__stream *st, uint32_t budget_ms) {
    det__tls *t = det__tls_of(st);
    if (t->flags & SHOOK) return DET_OK;
    int code = make(st);
    if (code == DET_OK) code = det__plain_ops.open(st, budget_ms);
    if (code != DET_OK) return code;
    code = start(st);
    if (code == DET_OK) code = det__tls_lib_shake(st);
    if (code == DET_E_AGAIN && budget_ms) return code;
    if (code == DET_E_AGAIN) code = det__stream_fail(st, DET_E_TIMEOUT, DET_STAGE_TLS, 0);
    if (code == DET_OK) {
        t->flags |= SHOOK;
        return code;
    }
    det__tls_lib_forget(st); /* should the resumption be to blame, the next one is whole */
    tls_close(st);
    return code;
}

static int moved(det__tls *t, int n) {
    if (n < 0 && n != DET_E_AGAIN) t->flags |= BROKEN;
    return n;
}

static int tls_send(det__stream *st, const void *data, size_t len) {
    det__tls *t = det__tls_of(st);
    int n = det__tls_lib_write(st, data, len);
    t->flags &= (uint8_t)~STUCK;
    if (n == DET_E_AGAIN && st->wants_ == DET_WANT_WRITE) t->flags |= STUCK;
    return moved(t, n);
}

static int tls_recv(det__stream *st, void *data, size_t cap) {
    det__tls *t = det__tls_of(st);
    t->flags |= IN_RECV;
    int n = det__tls_lib_read(st, data, cap);
    t->flags &= (uint8_t)~IN_RECV;
    return moved(t, n);
}

static int tls_wants(const det__stream *st) {
    const det__tls *t = (const det__tls *)(const void *)st->tls;
    if (!(t->flags & SHOOK)) return st->wants_;
    return det__ahead_len(&t->ahead) || det__tls_lib_pending(st) ? 0 : st->wants_;
}

const det__stream_ops det__tls_ops = {tls_open, tls_send, tls_recv, tls_wants, tls_close};

#else
typedef int det__no_tls_stream; /* ISO C wants something here */
#endif
