/* SPDX-License-Identifier: Apache-2.0
 * Text to double where flash counts more than time (DET_FAST_DOUBLES 0): all digits as one integer, multiplied or
 * divided by the power of five exactly; of the powers of two only the exponent is kept. What a division leaves counts
 * only as "is anything not 0". */
#include <string.h>

#include "big.h"
#include "det_config.h"
#include "dparse.h"

#if !DET_FAST_DOUBLES

enum {
    MOST_DIGITS = 768, /* a halfway point has no more: behind them only "is anything not 0" counts */
    WORDS = 83,        /* as many digits and one more, and words for scale() */
    GREATEST = 309,    /* 10^309 overflows; below 10^-324 is less than half the least subnormal */
    LEAST = -323,
    INFINITE = 0x7ff
};

/* The value is b * 10^exponent, b has so many digits. */
typedef struct number {
    int32_t digits;
    int32_t exponent;
} number;

/* b * (m + 1) + add, with a word more when it needs one. */
static void times(uint32_t *b, int32_t m, int32_t add) {
    uint32_t carry = (uint32_t)det__big_add(b, m, b, add);
    if (carry) b[++*b] = carry;
}

/* The first digit not 0 behind MOST_DIGITS is put at the end for all that follow. */
static const char *scan_digits(number *n, uint32_t *b, const char *p, const char *end) {
    int32_t point = 0;
    for (; p < end; p++) {
        int32_t d = (unsigned char)(*p - '0');
        if (*p == '.' && !point) {
            point = 1;
            continue;
        }
        if (d > 9) break;
        if (n->digits < MOST_DIGITS + (d != 0)) {
            times(b, 9, d);
            n->digits += *b != 0; /* zeros in front do not count */
        } else {
            n->exponent++;
        }
        n->exponent -= point;
    }
    return p;
}

/* From behind the letter to the end of the text; 0 when there is anything but a number. */
static int scan_exponent(number *n, const char *p, const char *end) {
    int32_t e = 0;
    int negative = 0;
    if (p < end && (*p == '+' || *p == '-')) negative = *p++ == '-';
    if (p == end) return 0;
    for (; p < end; p++) {
        int32_t d = (unsigned char)(*p - '0');
        if (d > 9) return 0;
        if (e < INT32_MAX / 32) e = 10 * e + d;
    }
    n->exponent += negative ? -e : e;
    return 1;
}

/* b * 10^e as x * 2^q, x the upper 64 bits with the top one set, its last one also for all that is below. The words
 * put below b are over 64 bits more than 5^-e has. */
static uint64_t scale(uint32_t *b, int e, int *q) {
    uint32_t room, i, rest = 0;
    *q = e;
    for (; e > 0; e--) times(b, 4, 0);
    room = (uint32_t)(3 - (e >> 3));
    if (room > WORDS - *b) room = WORDS - *b;
    for (i = *b; i; i--) b[i + room] = b[i];
    for (i = room; i; i--) b[i] = 0;
    *b += room;
    while (e < 0) {
        int six = e <= -6;
        rest |= det__big_div(b, six ? 15625 : 5);
        e += six ? 6 : 1;
    }
    for (; !(b[*b] >> 31); --*q) times(b, 1, 0);
    for (i = *b - 2; i; i--) rest |= b[i];
    *q += 32 * (int)(*b - room - 2);
    return (uint64_t)b[*b] << 32 | b[*b - 1] | (rest != 0);
}

/* The bits of the double nearest to x * 2^q; its exponent is too large for one when it overflows. */
static uint64_t round_off(uint64_t x, int q) {
    int e = q + 1085, subnormal = -e; /* which is no finer than 2^-1074 */
    if (e < 0) e = 0;
    do x = x >> 1 | (x & 1);
    while (subnormal-- > 0);
    x += 511 + (x >> 10 & 1);
    return ((uint64_t)e << 52) + (x >> 10);
}

int det__dparse(const char *text, size_t len, double *v) {
    const char *p = text, *end = text + len;
    uint32_t b[1 + WORDS];
    uint64_t bits = 0;
    number n = {0, 0};
    int q;
    *b = 0;
    if (len && *p == '-') p++;
    if (p == end || (unsigned char)(*p - '0') > 9) return DET_E_VALUE;
    p = scan_digits(&n, b, p, end);
    if (p < end && ((*p | 0x20) != 'e' || !scan_exponent(&n, p + 1, end))) return DET_E_VALUE;
    n.digits = n.digits ? n.digits + n.exponent : LEAST - 1;
    if (n.digits > GREATEST) return DET_E_VALUE;
    if (n.digits >= LEAST) {
        bits = scale(b, n.exponent, &q);
        bits = round_off(bits, q);
    }
    if (bits >> 52 >= INFINITE) return DET_E_VALUE;
    bits |= (uint64_t)(*text == '-') << 63;
    memcpy(v, &bits, sizeof bits);
    return DET_OK;
}

#endif
