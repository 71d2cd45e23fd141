/* SPDX-License-Identifier: Apache-2.0
 * The plain stream: the port's connection as it is. Keeps st->open, st->wants_, stage and detail; after a failed open
 * nothing is held. Knows no TLS and no HTTP; TLS uses it from above. */
#include <limits.h>
#include <string.h>

#include "stream.h"

#define PIECE_MAX (INT_MAX / 2 + 1u) /* counts are int */

static void plain_close(det__stream *st) {
    st->port->close(st->port->ctx, &st->conn);
    memset(&st->conn, 0, sizeof st->conn);
    st->conn.handle = -1;
    st->open = st->wants_ = 0;
}

static int plain_open(det__stream *st, uint32_t budget_ms) {
    if (st->open) return DET_OK;
    int code = st->port->open(st->port->ctx, &st->conn, st->peer.host, st->peer.port, budget_ms);
    if (code == DET_E_AGAIN) {
        st->wants_ = DET_WANT_WRITE;
        return code;
    }
    if (code < 0) {
        det__stream_fail(st, code, code == DET_E_DNS ? DET_STAGE_DNS : DET_STAGE_TCP, st->conn.os_error);
        plain_close(st);
        return code;
    }
    st->open = 1;
    st->wants_ = DET_WANT_READ;
    st->conn.again_ms = 0;
    return DET_OK;
}

/* What a port's send or recv said, noted for wants(), stage and detail. */
static int plain_done(det__stream *st, int n) {
    st->wants_ = DET_WANT_READ;
    if (n > 0 || n == DET_E_AGAIN) return n;
    /* a port that breaks its contract must not make us spin */
    return det__stream_fail(st, n ? n : DET_E_IO, DET_STAGE_TCP, st->conn.os_error);
}

static int plain_send(det__stream *st, const void *data, size_t len) {
    if (len > PIECE_MAX) len = PIECE_MAX;
    int n = plain_done(st, st->port->send(st->port->ctx, &st->conn, data, len));
    if (n == DET_E_AGAIN) st->wants_ = DET_WANT_WRITE;
    return n;
}

static int plain_recv(det__stream *st, void *data, size_t cap) {
    if (cap > PIECE_MAX) cap = PIECE_MAX;
    return plain_done(st, st->port->recv(st->port->ctx, &st->conn, data, cap));
}

static int plain_wants(const det__stream *st) {
    return st->wants_;
}

const det__stream_ops det__plain_ops = {plain_open, plain_send, plain_recv, plain_wants, plain_close};
