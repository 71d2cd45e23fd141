/* SPDX-License-Identifier: Apache-2.0
 * Text to double. The first 19 digits times a power of ten, with the known error of both (after Lemire, "Number parsing
 * at a gigabyte per second", 2021), decide nearly always; when the rounding point lies within the error, the decimal is
 * compared exactly with the halfway point, as integers of up to 2,592 bits on the stack. */
#include "dparse.h"

#include <stdint.h>
#include <string.h>

#include "det_config.h"
#include "pow10.h"

#if DET_FAST_DOUBLES

enum {
    DIGITS_FAST = 19,
    DIGITS_EXACT = 768, /* a halfway point has no more: beyond them only "is anything not 0" counts */
    BIG_WORDS = 81,
    EXPONENT_MAX = 308, /* 1e309 overflows; 19 digits times 10^-343 are below half the least subnormal */
    INFINITE = 0x7ff,
    SLACK = 2,        /* what rounding down and the table's error may have taken from the product's upper 63 bits */
    SLACK_DIGITS = 40 /* likewise, with more digits behind the 19th */
};

typedef struct number {
    const char *digits;  /* first significant digit; may have a point among them */
    const char *end;     /* behind the last digit */
    uint64_t w;          /* the first 19 significant digits */
    ptrdiff_t exponent;  /* of w */
    ptrdiff_t extra;     /* significant digits not in w */
    int negative;
} number;

static int is_digit(char c) {
    return (unsigned char)(c - '0') < 10;
}

/* Digits and a point from p on; what counts goes to n. */
static const char *scan_digits(number *n, const char *p, const char *end) {
    const char *point = NULL;
    ptrdiff_t count = 0;
    for (n->digits = p; p < end; p++) {
        if (*p == '.' && !point) {
            point = p + 1;
            continue;
        }
        if (!is_digit(*p)) break;
        if (count == 0) n->digits = p; /* zeros in front do not count */
        if (count < DIGITS_FAST) n->w = 10 * n->w + (uint64_t)(*p - '0');
        count += n->w != 0;
    }
    n->end = p;
    n->extra = count > DIGITS_FAST ? count - DIGITS_FAST : 0;
    n->exponent = n->extra - (point ? p - point : 0);
    return p;
}

static const char *scan_exponent(number *n, const char *p, const char *end) {
    const ptrdiff_t limit = PTRDIFF_MAX / 32;
    ptrdiff_t e = 0;
    int negative = 0;
    if (p < end && (*p == '+' || *p == '-')) negative = *p++ == '-';
    if (p == end) return p - 1; /* no digits: not at the end */
    for (; p < end && is_digit(*p); p++) {
        if (e < limit) e = 10 * e + (*p - '0');
    }
    n->exponent += negative ? -e : e;
    return p;
}

static int scan(number *n, const char *text, size_t len) {
    const char *p = text, *end = text + len;
    memset(n, 0, sizeof *n);
    if (len && *p == '-') {
        n->negative = 1;
        p++;
    }
    if (p == end || !is_digit(*p)) return 0;
    p = scan_digits(n, p, end);
    if (p < end && (*p == 'e' || *p == 'E')) p = scan_exponent(n, p + 1, end);
    return p == end;
}

typedef struct big {
    unsigned len;
    uint32_t word[BIG_WORDS];
} big;

static void big_mul_add(big *b, uint32_t m, uint32_t a) {
    uint64_t carry = a;
    for (unsigned i = 0; i < b->len; i++) {
        carry += (uint64_t)b->word[i] * m;
        b->word[i] = (uint32_t)carry;
        carry >>= 32;
    }
    if (carry && b->len < BIG_WORDS) b->word[b->len++] = (uint32_t)carry;
}

static void big_pow5(big *b, ptrdiff_t n) {
    for (; n >= 13; n -= 13) big_mul_add(b, 1220703125u, 0);
    for (; n > 0; n--) big_mul_add(b, 5, 0);
}

static void big_pow2(big *b, ptrdiff_t n) {
    for (; n >= 31; n -= 31) big_mul_add(b, (uint32_t)1 << 31, 0);
    big_mul_add(b, (uint32_t)1 << n, 0);
}

static int big_cmp(const big *a, const big *b) {
    if (a->len != b->len) return a->len < b->len ? -1 : 1;
    for (unsigned i = a->len; i-- > 0;) {
        if (a->word[i] != b->word[i]) return a->word[i] < b->word[i] ? -1 : 1;
    }
    return 0;
}

/* All significant digits, up to DIGITS_EXACT; *rest: how many were left out, *sticky: whether one of them is not 0. */
static void big_digits(big *b, const number *n, ptrdiff_t *rest, int *sticky) {
    uint32_t chunk = 0, scale = 1;
    ptrdiff_t count = 0;
    *rest = 0;
    *sticky = 0;
    for (const char *p = n->digits; p < n->end; p++) {
        if (*p == '.') continue;
        if (count++ >= DIGITS_EXACT) {
            ++*rest;
            *sticky |= *p != '0';
            continue;
        }
        chunk = 10 * chunk + (uint32_t)(*p - '0');
        scale *= 10;
        if (scale < 1000000000 && count < DIGITS_EXACT && p + 1 < n->end) continue;
        big_mul_add(b, scale, chunk);
        chunk = 0;
        scale = 1;
    }
}

/* The decimal compared with half * 2^q: negative, 0 or positive. */
static int compare(const number *n, uint64_t half, int q) {
    big a, b;
    ptrdiff_t rest, five, two;
    int sticky, c;
    a.len = b.len = 0;
    big_digits(&a, n, &rest, &sticky);
    big_mul_add(&b, 1, (uint32_t)(half >> 32));
    big_pow2(&b, 32);
    big_mul_add(&b, 1, (uint32_t)half);
    five = n->exponent - n->extra + rest; /* of a's last digit */
    two = five - q;
    big_pow5(five < 0 ? &b : &a, five < 0 ? -five : five);
    big_pow2(two < 0 ? &b : &a, two < 0 ? -two : two);
    c = big_cmp(&a, &b);
    return c ? c : sticky;
}

/* The bits of n without its sign. x: n / 2^(e - 1085) rounded down, below 2^63. If rounding the least and the greatest
 * value n may have gives different results, the halfway point is between or it is n. */
static uint64_t round_off(const number *n, uint64_t x, int e) {
    uint64_t low, high;
    for (; e < 1; e++) x >>= 1; /* a subnormal: no finer than 2^-1074 */
    low = (x + 511) >> 10;
    high = (x + 512 + (n->extra ? SLACK_DIGITS : SLACK)) >> 10;
    if (low != high) {
        int c = compare(n, 2 * low + 1, e - 1076);
        low += c > 0 || (c == 0 && (low & 1));
    }
    return ((uint64_t)(e - 1) << 52) + low;
}

/* The bits of n without its sign; n->w is not 0, the exponent within the table. */
static uint64_t convert(const number *n) {
    uint64_t w = n->w;
    int e = 1087 + det__pow10_log2((int)n->exponent);
    det__u128 p;
    for (; !(w >> 63); w <<= 1) e--;
    p = det__mul128(det__pow10((int)n->exponent), w);
    for (; !(p.hi >> 63); p.lo <<= 1) {
        p.hi = p.hi << 1 | p.lo >> 63;
        e--;
    }
    return round_off(n, p.hi >> 1, e);
}

int det__dparse(const char *text, size_t len, double *v) {
    number n;
    uint64_t bits = 0;
    if (!scan(&n, text, len)) return DET_E_VALUE;
    if (n.w && n.exponent > EXPONENT_MAX) return DET_E_VALUE;
    if (n.w && n.exponent >= DET__POW10_MIN) bits = convert(&n);
    if (bits >> 52 >= INFINITE) return DET_E_VALUE;
    bits |= (uint64_t)n.negative << 63;
    memcpy(v, &bits, sizeof bits);
    return DET_OK;
}

#endif
