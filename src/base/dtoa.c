/* SPDX-License-Identifier: Apache-2.0
 * Shortest doubles by Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2021) on the shared table.
 * Integer arithmetic only, no division.
 *
 * Why a table with an error of up to 4 units is enough: c * 10^-k is needed as an integer part and whether something
 * follows it. For every exponent the distance of the products that can occur from the integers beside them was computed
 * exactly (Euclid's algorithm over all 2^54 multiples). Below an integer it is above 5.5 units of 2^-64, the error under
 * 0.2. Above one it is at least one unit, so that p.lo shows it, but for a single product: c = 8887055249355788,
 * q = 664, whose integer part is 3 modulo 4 and so never compared for equality. */
#include "dtoa.h"

#include <string.h>

#include "det_config.h"
#include "pow10.h"

#if DET_FAST_DOUBLES

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
    return p.hi | (p.lo != 0);
}

/* The shortest decimal within the rounding interval of c * 2^q. Which of the candidates it is cannot be predicted: all
 * are computed, none is jumped to. */
static inline decimal shortest(uint64_t c, int q, int closer) {
    int k = log10_pow2(q, closer), h = q + det__pow10_log2(-k) + 1;
    uint64_t odd = c & 1, lower, middle, upper, s, t;
    int down, up, one_less;
    decimal d;
    det__u128 g = det__pow10(-k);
    g.lo += 4;
    g.hi += g.lo < 4;
    c <<= h + 2;
    lower = round_to_odd(g, c - (2u >> closer << h)) + odd;
    middle = round_to_odd(g, c);
    upper = round_to_odd(g, c + (2u << h)) - odd;
    s = middle / 4;
    t = tenth(s);
    down = lower <= 40 * t;
    up = 40 * t + 40 <= upper;
    one_less = down != up;
    t = 10 * (t + (uint64_t)up);
    down = lower <= 4 * s;
    up = 4 * s + 4 <= upper;
    s += (uint64_t)(down != up ? up : (middle & 3) + (s & 1) > 2);
    d.digits = one_less ? t : s;
    d.exponent = k;
    return d;
}

/* ---- digits ---- */

static char *put_backwards(char *end, uint64_t v) {
    do {
        uint64_t rest = tenth(v);
        *--end = (char)('0' + (int)(v - 10 * rest));
        v = rest;
    } while (v);
    return end;
}

size_t det__utoa(char *out, uint64_t v) {
    char t[20], *p = put_backwards(t + sizeof t, v);
    size_t n = (size_t)(t + sizeof t - p);
    memcpy(out, p, n);
    return n;
}

enum { DIGITS = 17 };

#if UINTPTR_MAX > 0xffffffffu && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && !defined(DET__NARROW)

/* v < 10^8 as eight digits: halved three times, each time all parts at once. */
static inline void put8(char *out, uint32_t v) {
    uint64_t x = (uint64_t)(v % 10000) << 32 | v / 10000, q;
    q = x * 10486 >> 20 & 0x0000007f0000007fu;
    x = (x - 100 * q) << 16 | q;
    q = x * 103 >> 10 & 0x000f000f000f000fu;
    x = ((x - 10 * q) << 8 | q) + 0x3030303030303030u;
    memcpy(out, &x, sizeof x);
}

static void put17(char *t, uint64_t v) {
    uint32_t high = (uint32_t)(v / 100000000);
    t[0] = (char)('0' + (int)(high / 100000000));
    put8(t + 1, high % 100000000);
    put8(t + 9, (uint32_t)(v % 100000000));
}

#else

static void put17(char *t, uint64_t v) {
    put_backwards(t + DIGITS, v);
}

#endif

/* d as exactly 17 digits, zeros behind; the value is then 0.t1t2t3... * 10^point, which is returned. */
static int put_digits(char t[2 * DIGITS], decimal d) {
    int short_by_one = d.digits < 10000000000000000u, point = d.exponent + DIGITS - short_by_one;
    d.digits = short_by_one ? 10 * d.digits : d.digits;
    for (; d.digits < 10000000000000000u; point--) d.digits *= 10; /* only subnormals have fewer */
    put17(t, d.digits);
    return point;
}

/* ---- text ---- */

static char *put_exponent(char *out, int e) {
    unsigned a = (unsigned)(e < 0 ? -e : e);
    *out++ = 'e';
    *out = '-';
    out += e < 0;
    *out = (char)('0' + a / 100);
    out += a >= 100;
    *out = (char)('0' + a / 10 % 10);
    out += a >= 10;
    *out++ = (char)('0' + a % 10);
    return out;
}

/* 0.t1t2t3...tn * 10^point. Always copies 17 digits, which compiles to two moves; what is too many is written over. */
static char *put_decimal(char *out, const char t[2 * DIGITS], int n, int point) {
    if (point > 16 || point < -3) {
        out[0] = t[0];
        out[1] = '.';
        memcpy(out + 2, t + 1, DIGITS - 1);
        return put_exponent(out + (n > 1 ? n + 1 : 1), point - 1);
    }
    if (point <= 0) {
        memcpy(out, "0.000", 5);
        memcpy(out + 2 - point, t, DIGITS);
        return out + 2 - point + n;
    }
    memcpy(out, t, DIGITS);
    out[point] = '.';
    memcpy(out + point + 1, t + point, DIGITS);
    return out + 1 + (n > point ? n : point + 1);
}

size_t det__dtoa(char *out, double v) {
    uint64_t bits, c;
    int e, n = DIGITS, point;
    char t[2 * DIGITS], *o = out;
    memcpy(&bits, &v, sizeof bits);
    e = (int)(bits >> 52) & 0x7ff;
    c = bits & (((uint64_t)1 << 52) - 1);
    *o = '-';
    o += bits >> 63;
    if (bits << 1 == 0) {
        memcpy(o, "0.0", 3);
        return (size_t)(o + 3 - out);
    }
    point = put_digits(t, e ? shortest(c | (uint64_t)1 << 52, e - 1075, c == 0 && e > 1) : shortest(c, -1074, 0));
    n -= t[n - 1] == '0';
    while (t[n - 1] == '0') n--;
    return (size_t)(put_decimal(o, t, n, point) - out);
}

#endif
