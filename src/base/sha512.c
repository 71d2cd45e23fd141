/* SPDX-License-Identifier: Apache-2.0
 * SHA-512. Its constants are the first 64 bits of the fractions of primes' roots (FIPS 180-4, 4.2.3 and 5.3.5); they are
 * worked out when needed, which takes a third of the flash of 704 bytes of tables. A program logs in once.
 * Knows nothing of passwords. */
#include "sha512.h"

#include <string.h>

#include "wipe.h"

typedef struct sha {
    uint64_t hash[8];
    uint64_t w[16]; /* the block, and its message schedule as it rolls on */
    uint64_t len;   /* bytes taken */
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

/* Three rotations in one, each below 64 and no multiple of 32. In halves: 64-bit shifts by a variable are calls. */
static uint64_t rotate3(uint64_t x, uint32_t by) {
    uint32_t low = 0, high = 0;
    for (; by; by >>= 8) {
        uint32_t a = by & 32 ? (uint32_t)(x >> 32) : (uint32_t)x, b = by & 32 ? (uint32_t)x : (uint32_t)(x >> 32);
        low ^= a >> (by & 31) | b << (32 - (by & 31));
        high ^= b >> (by & 31) | a << (32 - (by & 31));
    }
    return (uint64_t)high << 32 | low;
}

static uint64_t schedule(uint64_t *w, unsigned i) {
    uint64_t x = w[(i + 1) & 15], y = w[(i + 14) & 15];
    w[i] += (rotate3(x, 0x0801) ^ x >> 7) + w[(i + 9) & 15] + (rotate3(y, 0x3d13) ^ y >> 6);
    return w[i];
}

/* v[0] … v[7] are a … h; each round moves them on by one. */
static void round_of(uint64_t *v, uint64_t wk) {
    uint64_t t = v[7] + rotate3(v[4], 0x29120e) + (v[6] ^ (v[4] & (v[5] ^ v[6]))) + wk;
    uint64_t a = v[0], maj = (a & v[1]) | (v[2] & (a | v[1]));
    for (unsigned i = 7; i > 0; i--) v[i] = v[i - 1];
    v[4] += t;
    v[0] = t + rotate3(a, 0x27221c) + maj;
}

static void block(sha *s) {
    uint64_t v[8];
    uint32_t prime = 1;
    for (unsigned i = 0; i < 8; i++) v[i] = s->hash[i];
    for (unsigned i = 0; i < 80; i++) {
        uint64_t w = i < 16 ? s->w[i] : schedule(s->w, i & 15);
        round_of(v, w + next_constant(&prime, 1));
    }
    for (unsigned i = 0; i < 8; i++) s->hash[i] += v[i];
    det__wipe(v, sizeof v);
}

static void add_byte(sha *s, uint8_t byte) {
    uint64_t *w = &s->w[s->len >> 3 & 15];
    *w = *w << 8 | byte;
    if ((++s->len & 127) == 0) block(s);
}

static void add(sha *s, const void *data, size_t len) {
    const uint8_t *p = (const uint8_t *)data;
    while (len--) add_byte(s, *p++);
}

void det__sha512(const void *a, size_t a_len, const void *b, size_t b_len, uint8_t out[64]) {
    sha s;
    uint32_t prime = 1;
    memset(&s, 0, sizeof s);
    for (unsigned i = 0; i < 8; i++) s.hash[i] = next_constant(&prime, 0);
    add(&s, a, a_len);
    add(&s, b, b_len);
    add_byte(&s, 0x80);
    while ((s.len & 127) != 112) add_byte(&s, 0);
    s.w[14] = 0;
    s.w[15] = (uint64_t)(a_len + b_len) << 3;
    block(&s);
    for (unsigned i = 64; i-- > 0; s.hash[i >> 3] >>= 8) out[i] = (uint8_t)s.hash[i >> 3];
    det__wipe(&s, sizeof s);
}
