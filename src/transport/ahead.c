/* SPDX-License-Identifier: Apache-2.0
 * Reading ahead on the plain stream: see ahead.h. */
#include "ahead.h"

#include <string.h>

int det__ahead_recv(det__ahead *a, det__stream *st, void *out, size_t cap) {
    size_t n = det__ahead_len(a);
    if (n == 0) {
        if (cap >= sizeof a->buf) return det__plain_ops.recv(st, out, cap);
        int got = det__plain_ops.recv(st, a->buf, sizeof a->buf);
        if (got < 0) return got;
        a->at = 0;
        a->len = (uint32_t)got;
        n = (size_t)got;
    }
    if (n > cap) n = cap;
    memcpy(out, a->buf + a->at, n);
    a->at += (uint32_t)n;
    return (int)n;
}
