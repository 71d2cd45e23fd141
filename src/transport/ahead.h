/* SPDX-License-Identifier: Apache-2.0
 * Reading ahead on the plain stream: TLS asks for a record's header, then for its body; both come out of one recv.
 * Knows nothing of records.
 *
 * Invariant: the plain stream is asked only when the buffer is empty. So whoever has been told DET_E_AGAIN may wait for
 * the connection, and whoever has not must look here first (det__ahead_len). */
#ifndef DET_TRANSPORT_AHEAD_H
#define DET_TRANSPORT_AHEAD_H

#include "stream.h"

typedef struct det__ahead { /* all zero: empty */
    uint32_t at, len;
    uint8_t buf[DET_TLS_RX_SIZE];
} det__ahead;

/* Up to cap > 0 bytes, as det__plain_ops.recv: their number or its error. A read as large as the buffer passes by it. */
int det__ahead_recv(det__ahead *a, det__stream *st, void *out, size_t cap);

/* Bytes that lie ready. */
static inline uint32_t det__ahead_len(const det__ahead *a) {
    return a->len - a->at;
}

#endif
