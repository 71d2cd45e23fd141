/* SPDX-License-Identifier: Apache-2.0
 * Shortest doubles by Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2021) on the shared table.
 * Integer arithmetic only, no division.
 *
 * Why a table with an error of up to 3 units is enough: c * 10^-k is needed as an integer part and whether something
 * follows it. For every exponent the distance of the products that can occur from the next integer was computed exactly
 * (Euclid's algorithm over all 2^54 multiples): it is above 5.5 units of 2^-64 upwards, where the error is below 0.1,
 * and two units downwards, but for products whose integer part is 3 modulo 4, which is never compared for equality. */
#include "dtoa.h"

#include <string.h>

#include "pow10.h"

typedef struct decimal {
    uint64_t digits;
    int exponent;
} decimal;

static uint64_t tenth(uint64_t v) {
    return det__mul64(v, 0xcccccccccccccccdu).hi >> 3;
}

/* floor(log10(2^q)), or of 3/4 of it: where the neighbour below is only half as far. */
static int log10_pow2(int q, int closer) {
    return (int)(((uint32_t)(q * 1262611 - (closer ? 524031 : 0)) + (400u << 22)) >> 22) - 400;
}

/* g * c / 2^128, the last bit set when it is no integer ("round to odd"). */
static uint64_t round_to_odd(det__u128 g, uint64_t c) {
    det__u128 p = det__mul128(g, c);
    return p.hi | (p.lo > 1);
}

/* The shortest decimal within the rounding interval of c * 2^q. */
static decimal shortest(uint64_t c, int q, int closer) {
    int k = log10_pow2(q, closer), h = q + det__pow10_log2(-k) + 1;
    uint64_t odd = c & 1, lower, middle, upper, s, t, half;
    decimal d = {0, k};
    det__u128 g = det__pow10(-k);
    g.lo += 3;
    g.hi += g.lo < 3;
    lower = round_to_odd(g, (4 * c - 2 + (uint64_t)closer) << h) + odd;
    middle = round_to_odd(g, (4 * c) << h);
    upper = round_to_odd(g, (4 * c + 2) << h) - odd;
    s = middle / 4;
    if (s >= 10) {
        int down, up;
        t = tenth(s);
        down = lower <= 40 * t;
        up = 40 * t + 40 <= upper;
        if (down != up) {
            d.digits = t + (uint64_t)up;
            d.exponent = k + 1;
            return d;
        }
    }
    if ((lower <= 4 * s) != (4 * s + 4 <= upper)) {
        d.digits = s + (4 * s + 4 <= upper);
        return d;
    }
    half = 4 * s + 2;
    d.digits = s + (middle > half || (middle == half && (s & 1)));
    return d;
}

/* Nine digits of v < 10^9, as a fixed-point fraction that is multiplied by 100 for every two. */
static void put9(char *out, uint32_t v) {
    uint64_t f = (uint64_t)v * 1441151881u; /* 2^57 / 10^8, rounded up */
    out[0] = (char)('0' + (int)(f >> 57));
    for (int i = 1; i < 9; i += 2) {
        unsigned two;
        f = (f & (((uint64_t)1 << 57) - 1)) * 100;
        two = (unsigned)(f >> 57);
        out[i] = (char)('0' + (int)(two * 103 >> 10));
        out[i + 1] = (char)('0' + (int)(two - 10 * (two * 103 >> 10)));
    }
}

static uint64_t billionth(uint64_t v) {
    return det__mul64(v >> 9, 0x44b82fa09b5a53u).hi >> 11;
}

/* The digits of v at the end of t; returns where they begin. */
static char *put_digits(char t[27], uint64_t v) {
    char *p = t + 27;
    do {
        uint64_t rest = v < 1000000000 ? 0 : billionth(v);
        p -= 9;
        put9(p, (uint32_t)(v - rest * 1000000000));
        v = rest;
    } while (v);
    while (*p == '0' && p < t + 26) p++;
    return p;
}

size_t det__utoa(char *out, uint64_t v) {
    char t[27], *p = put_digits(t, v);
    size_t n = (size_t)(t + sizeof t - p);
    memcpy(out, p, n);
    return n;
}

static char *put_mem(char *out, const char *p, int n) {
    memcpy(out, p, (size_t)n);
    return out + n;
}

static char *put_zeros(char *out, int n) {
    while (n-- > 0) *out++ = '0';
    return out;
}

static char *put_exponent(char *out, int e) {
    *out++ = 'e';
    if (e < 0) *out++ = '-';
    e = e < 0 ? -e : e;
    if (e >= 100) *out++ = (char)('0' + e / 100);
    if (e >= 10) *out++ = (char)('0' + e / 10 % 10);
    *out++ = (char)('0' + e % 10);
    return out;
}

/* The value is 0.p1p2...pn * 10^point. */
static char *put_decimal(char *out, const char *p, int n, int point) {
    if (point > 16 || point < -3) {
        *out++ = *p;
        if (n > 1) {
            *out++ = '.';
            out = put_mem(out, p + 1, n - 1);
        }
        return put_exponent(out, point - 1);
    }
    if (point <= 0) {
        *out++ = '0';
        *out++ = '.';
        return put_mem(put_zeros(out, -point), p, n);
    }
    if (n > point) {
        out = put_mem(out, p, point);
        *out++ = '.';
        return put_mem(out, p + point, n - point);
    }
    out = put_zeros(put_mem(out, p, n), point - n);
    *out++ = '.';
    *out++ = '0';
    return out;
}

/* c * 2^q, itself when it is an integer below 2^53: no decimal as short or shorter is nearer then. */
static decimal convert(uint64_t c, int q, int closer) {
    decimal d = {c, 0};
    if (c == 0) return d;
    if (q <= 0 && q > -53 && (c & (((uint64_t)1 << -q) - 1)) == 0) {
        d.digits = c >> -q;
        return d;
    }
    return shortest(c, q, closer);
}

size_t det__dtoa(char *out, double v) {
    uint64_t bits, c;
    int e, n, point;
    decimal d;
    char t[27], *p, *o = out;
    memcpy(&bits, &v, sizeof bits);
    e = (int)(bits >> 52) & 0x7ff;
    c = bits & (((uint64_t)1 << 52) - 1);
    if (bits >> 63) *o++ = '-';
    d = e ? convert(c | (uint64_t)1 << 52, e - 1075, c == 0 && e > 1) : convert(c, -1074, 0);
    p = put_digits(t, d.digits);
    n = (int)(t + sizeof t - p);
    point = n + d.exponent;
    while (n > 1 && p[n - 1] == '0') n--;
    return (size_t)(put_decimal(o, p, n, point) - out);
}
