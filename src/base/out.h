/* SPDX-License-Identifier: Apache-2.0
 * Bounded output cursor: the one way this library writes text. Never writes past cap, keeps counting past it, so that
 * `len > cap` says both "it did not fit" and how much it would have taken. Knows nothing of what it writes. */
#ifndef DET_BASE_OUT_H
#define DET_BASE_OUT_H

#include <stddef.h>
#include <stdint.h>

typedef struct det__out {
    char *buf;
    size_t cap;
    size_t len; /* bytes asked for so far; more than cap when it overflowed */
} det__out;

void det__out_init(det__out *o, void *buf, size_t cap);
void det__out_mem(det__out *o, const void *data, size_t len);
void det__out_str(det__out *o, const char *s);
void det__out_ch(det__out *o, char c);
void det__out_u64(det__out *o, uint64_t v);
void det__out_i64(det__out *o, int64_t v);
int det__out_ok(const det__out *o);

#endif
