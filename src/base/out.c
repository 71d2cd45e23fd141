/* SPDX-License-Identifier: Apache-2.0
 * Bounded output cursor. Invariant: bytes below min(len, cap) are written, nothing else is touched. */
#include "out.h"

#include <string.h>

#include "dtoa.h"

void det__out_init(det__out *o, void *buf, size_t cap) {
    o->buf = (char *)buf;
    o->cap = buf ? cap : 0;
    o->len = 0;
}

void det__out_mem(det__out *o, const void *data, size_t len) {
    size_t room = o->len < o->cap ? o->cap - o->len : 0;
    size_t n = len < room ? len : room;
    if (n) memcpy(o->buf + o->len, data, n);
    o->len = len > SIZE_MAX - o->len ? SIZE_MAX : o->len + len;
}

void det__out_str(det__out *o, const char *s) {
    det__out_mem(o, s, strlen(s));
}

void det__out_ch(det__out *o, char c) {
    det__out_mem(o, &c, 1);
}

void det__out_u64(det__out *o, uint64_t v) {
    char digits[DET__UTOA_SIZE];
    det__out_mem(o, digits, det__utoa(digits, v));
}

void det__out_i64(det__out *o, int64_t v) {
    if (v < 0) det__out_ch(o, '-');
    det__out_u64(o, v < 0 ? (uint64_t)0 - (uint64_t)v : (uint64_t)v);
}

int det__out_ok(const det__out *o) {
    return o->len <= o->cap;
}
