/* SPDX-License-Identifier: Apache-2.0
 * SHA-512. Its constants are the first 64 bits of the fractions of primes' roots (FIPS 180-4, 4.2.3 and 5.3.5); they are
 * worked out when needed, which takes a third of the flash of 704 bytes of tables. A program logs in once.
 * Knows nothing of passwords. */
#include "sha512.h"

#include <string.h>

#include "wipe.h"

typedef struct sha {
    uint64_t v[8 + 16]; /* a … h, then the latest words of the message schedule, the newest first */
    uint64_t hash[8];
} sha;

/* out[n + 3] = a[n] * y[3], little-endian words. */
static void multiply(uint32_t *out, const uint32_t *a, unsigned n, const uint32_t *y) {
    for (unsigned i = 0; i < n + 3; i++) out[i] = 0;
    for (unsigned i = 0; i < n; i++) {
        uint32_t carry = 0;
        for (unsigned k = 0; k < 3; k++) {
            uint64_t t = (uint64_t)a[i] * y[k] + out[i + k] + carry;
            out[i + k] = (uint32_t)t;
            carry = (uint32_t)(t >> 32);
        }
        out[i + 3] = carry;
    }
}

/* The next prime, and the fraction of its square or cube root, bit by bit: the largest y / 2^64 whose power is below it.
 * A prime's root is irrational, so "equal" does not arise. The power's integer part is one word: 4 or 6. */
static uint64_t next_constant(uint32_t *prime, int cube) {
    uint32_t y[3] = {0, 0, 0}, square[6], power[9], d;
    do {
        ++*prime;
        for (d = 2; *prime % d; d++) {}
    } while (d < *prime);
    for (unsigned bit = 67; bit-- > 0;) {
        uint32_t mask = (uint32_t)1 << (bit & 31);
        y[bit >> 5] |= mask;
        multiply(square, y, 3, y);
        multiply(power, square, 6, y);
        if ((cube ? power[6] : square[4]) >= *prime) y[bit >> 5] &= ~mask;
    }
    return (uint64_t)y[1] << 32 | y[0];
}

/* Three rotations in one, each below 64 and no multiple of 32; one with 64 added is a shift below 32. In halves: 64-bit
 * shifts by a variable are calls. */
static uint64_t sigma(uint64_t x, uint32_t by) {
    uint32_t low = 0, high = 0;
    for (; by; by >>= 8) {
        uint32_t a = (uint32_t)x, b = (uint32_t)(x >> 32), t = a, n = by & 31;
        if (by & 32) a = b, b = t;
        low ^= a >> n | b << (32 - n);
        high ^= b >> n;
        if (!(by & 64)) high ^= a << (32 - n);
    }
    return (uint64_t)high << 32 | low;
}

/* One round, and the word of the schedule that is used 16 rounds later; all move on by one, that word out of v[7]. */
static void round_of(sha *s, uint64_t k) {
    uint64_t *v = s->v, *w = v + 8;
    uint64_t t = k + v[7] + w[15] + (v[6] ^ (v[4] & (v[5] ^ v[6]))) + sigma(v[4], 0x29120e);
    v[7] = w[15] + w[6] + sigma(w[14], 0x470801) + sigma(w[1], 0x463d13);
    v[3] += t;
    t += (v[1] ^ ((v[0] ^ v[1]) & (v[1] ^ v[2]))) + sigma(v[0], 0x27221c);
    memmove(v + 1, v, 23 * sizeof *v);
    v[0] = t;
}

static void block(sha *s) {
    uint32_t prime = 1;
    memcpy(s->v, s->hash, sizeof s->hash);
    while (prime != 409) round_of(s, next_constant(&prime, 1)); /* the 80th prime */
    for (unsigned i = 0; i < 8; i++) s->hash[i] += s->v[i];
}

void det__sha512(const void *a, size_t a_len, const void *b, size_t b_len, uint8_t out[64]) {
    sha s;
    uint32_t prime = 1;
    size_t len = a_len + b_len, end = (len + 16) | 127; /* where the length ends, which has 128 bits */
    for (unsigned i = 0; i < 8; i++) s.hash[i] = next_constant(&prime, 0);
    for (size_t at = 0; at <= end; at++) {
        uint64_t *w = &s.v[8 + (~(at >> 3) & 15)];
        unsigned byte = at == len ? 0x80 : 0;
        if (at < len) byte = at < a_len ? ((const uint8_t *)a)[at] : ((const uint8_t *)b)[at - a_len];
        *w = *w << 8 | byte;
        if (at == end) *w = (uint64_t)len << 3;
        if ((at & 127) == 127) block(&s);
    }
    for (unsigned i = 64; i-- > 0; s.hash[i >> 3] >>= 8) out[i] = (uint8_t)s.hash[i >> 3];
    det__wipe(&s, sizeof s);
}
