/* SPDX-License-Identifier: Apache-2.0
 * Makes and ends a stream: picks its transport and checks that the port can carry it. Knows no protocol. */
#include "stream.h"

#include <string.h>

int det__stream_fail(det__stream *st, int code, int stage, long detail) {
    st->stage = (uint8_t)stage;
    st->detail = detail;
    return code;
}

/* What every session takes; `wait` is the last of these in the struct. */
static int is_complete(const det_port *p) {
    return DET_PORT_HAS(p, wait) && p->now_ms && p->open && p->send && p->recv && p->close;
}

int det__stream_init(det__stream *st, const det_port *port, const det__peer *peer, int tls) {
    memset(st, 0, sizeof *st);
    st->conn.handle = -1;
    if (!is_complete(port)) return DET_E_PORT;
    st->port = port;
    st->peer = *peer;
#if DET_TLS
    if (tls && !DET_PORT_HAS(port, entropy)) return DET_E_PORT;
    st->ops = tls ? &det__tls_ops : &det__plain_ops;
#else
    if (tls) return DET_E_NO_TLS;
    st->ops = &det__plain_ops;
#endif
    return DET_OK;
}

void det__stream_free(det__stream *st) {
    if (!st->ops) return;
    st->ops->close(st);
#if DET_TLS
    if (st->ops == &det__tls_ops) det__tls_free(st);
#endif
    st->ops = NULL;
}
