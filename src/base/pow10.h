/* SPDX-License-Identifier: Apache-2.0
 * Powers of ten to 128 bits, shared by both directions of double <-> text. One duty: 10^k with a known error bound, from
 * a table of 430 bytes. Knows no double and no text. */
#ifndef DET_BASE_POW10_H
#define DET_BASE_POW10_H

#include <stdint.h>

enum { DET__POW10_MIN = -342, DET__POW10_MAX = 329 };

typedef struct det__u128 {
    uint64_t hi, lo;
} det__u128;

/* floor(log2(10^k)), exact for |k| <= 600. */
static inline int det__pow10_log2(int k) {
    return (int)(((int32_t)k * 1741647 + ((int32_t)1 << 30)) >> 19) - (1 << 11);
}

/* det__mul64: the 128 bits of a * b. det__mul128: the upper 128 of the 192 bits of p * m. In place where the machine
 * has such products, functions where they are put together from 32-bit ones. */
#if defined(__SIZEOF_INT128__) && !defined(DET__NARROW)
static inline det__u128 det__mul64(uint64_t a, uint64_t b) {
    __extension__ typedef unsigned __int128 wide;
    wide p = (wide)a * b;
    det__u128 r;
    r.hi = (uint64_t)(p >> 64);
    r.lo = (uint64_t)p;
    return r;
}

static inline det__u128 det__mul128(det__u128 p, uint64_t m) {
    det__u128 r = det__mul64(p.hi, m);
    uint64_t carry = det__mul64(p.lo, m).hi;
    r.lo += carry;
    r.hi += r.lo < carry;
    return r;
}
#else
det__u128 det__mul64(uint64_t a, uint64_t b);
det__u128 det__mul128(det__u128 p, uint64_t m);
#endif

/* t with t <= 10^k * 2^(127 - det__pow10_log2(k)) < t + 4, for k from DET__POW10_MIN to DET__POW10_MAX. */
det__u128 det__pow10(int k);

#endif
