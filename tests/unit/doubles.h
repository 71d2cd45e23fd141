/* SPDX-License-Identifier: Apache-2.0
 * What the tests of doubles share: random bits, always the same ones, and doubles as bits. */
#ifndef DOUBLES_H
#define DOUBLES_H

#include <stdint.h>
#include <string.h>

static inline uint64_t random64(void) {
    static uint64_t s = 88172645463325252u;
    s ^= s << 13;
    s ^= s >> 7;
    return s ^= s << 17;
}

static inline double from_bits(uint64_t bits) {
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static inline uint64_t to_bits(double v) {
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

#endif
