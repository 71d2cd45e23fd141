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

/* The 128 bits of a * b. */
static inline det__u128 det__mul64(uint64_t a, uint64_t b) {
    det__u128 r;
#ifdef __SIZEOF_INT128__
    __extension__ typedef unsigned __int128 wide;
    wide p = (wide)a * b;
    r.hi = (uint64_t)(p >> 64);
    r.lo = (uint64_t)p;
#else
    uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
    uint64_t low = a0 * b0, m0 = a1 * b0 + (low >> 32), m1 = a0 * b1 + (uint32_t)m0;
    r.hi = a1 * b1 + (m0 >> 32) + (m1 >> 32);
    r.lo = m1 << 32 | (uint32_t)low;
#endif
    return r;
}

/* The upper 128 of the 192 bits of p * m. */
static inline det__u128 det__mul128(det__u128 p, uint64_t m) {
    det__u128 r = det__mul64(p.hi, m);
    uint64_t carry = det__mul64(p.lo, m).hi;
    r.lo += carry;
    r.hi += r.lo < carry;
    return r;
}

/* t with t <= 10^k * 2^(127 - det__pow10_log2(k)) < t + 3, for k from DET__POW10_MIN to DET__POW10_MAX. */
det__u128 det__pow10(int k);

#endif
