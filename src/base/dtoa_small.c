/* SPDX-License-Identifier: Apache-2.0
 * Numbers to text where flash counts more than time (DET_FAST_DOUBLES 0): shortest doubles by Steele and White's
 * algorithm ("How to print floating-point numbers accurately", 1990) on big integers, without any table. */
#include <string.h>

#include "big.h"
#include "det_config.h"
#include "dtoa.h"

#if !DET_FAST_DOUBLES

enum { DTOA_WORDS = 36, DTOA_DIGITS = 17 };

/* v * 2^shift in n words. */
static void big_set(uint32_t *b, uint32_t n, uint64_t v, int shift) {
    if (shift < 0) shift = 0;
    memset(b, 0, (1 + DTOA_WORDS) * sizeof *b);
    b[0] = n;
    b[1 + shift / 32] = (uint32_t)v;
    b[2 + shift / 32] = (uint32_t)(v >> 32);
    det__big_add(b, (int32_t)(((uint32_t)1 << shift % 32) - 1), b, 0);
}

static void times_ten(uint32_t *b) {
    det__big_add(b, 9, b, 0);
}

/* The shortest decimal within the rounding interval of c * 2^q as 0.t1t2t3...tn * 10^point; n is returned. r / s is
 * what is still to be written, m / s how far it may be missed below, `more` times that above; the interval's ends
 * belong to it when c is even. r takes part in every comparison, which is then undone. */
static int shortest(char *t, int *point, uint64_t c, int q) {
    int closer = c == (uint64_t)1 << 52 && q > -1074, odd = (int)(c & 1), more = 1 + closer, n = 0, up, down;
    uint32_t r[1 + DTOA_WORDS], s[1 + DTOA_WORDS], m[1 + DTOA_WORDS];
    uint32_t words = (uint32_t)((q < 0 ? -q : q) + 95) / 32;
    big_set(r, words, c << 2, q);
    big_set(m, words, closer ? 1 : 2, q);
    big_set(s, words, 4, -q);
    *point = 17 + (q * 1233 >> 12); /* at most 18 too many: the digits then begin with zeros */
    for (int i = *point; i > 0; i--) times_ten(s);
    for (int i = *point; i < 0; i++) {
        times_ten(r);
        times_ten(m);
    }
    for (;;) {
        times_ten(r);
        times_ten(m);
        t[n] = '0' - 1;
        do t[n]++;
        while (det__big_add(r, -1, s, 0) >= 0);
        up = det__big_add(r, more, m, -odd) > 0; /* r - s + more * m >= 0 */
        det__big_add(r, 1, s, odd);
        down = det__big_add(r, -1 - more, m, odd - 1) < 0; /* r - m <= 0 */
        det__big_add(r, 1, m, 1 - odd);
        if (up || down) break;
        if (n || t[n] != '0') n++;
        else --*point;
    }
    if (up && down) { /* the closer one, the even one of two */
        det__big_add(r, 1, r, 0);
        up = det__big_add(r, -1, s, (t[n] & 1) - 1) >= 0;
    }
    t[n] = (char)(t[n] + up);
    return n + 1;
}

size_t det__utoa(char *out, uint64_t v) {
    char t[DET__UTOA_SIZE], *p = t + sizeof t;
    uint32_t b[3];
    size_t n;
    b[0] = 2;
    b[1] = (uint32_t)v;
    b[2] = (uint32_t)(v >> 32);
    do *--p = (char)('0' + det__big_div(b, 10));
    while (b[1] | b[2]);
    n = (size_t)(t + sizeof t - p);
    memcpy(out, p, n);
    return n;
}

/* 0.t1t2t3...tn * 10^point */
static char *put_decimal(char *out, const char *t, int n, int point) {
    int scientific = point > 16 || point < -3, exponent = point - 1, end = n, i;
    if (scientific) point = 1;
    else if (end <= point) end = point + 1;
    for (i = point > 0 ? 0 : point - 1; i < end; i++) {
        if (i == point) *out++ = '.';
        *out++ = (char)(i < 0 || i >= n ? '0' : t[i]);
    }
    if (!scientific) return out;
    *out++ = 'e';
    if (exponent < 0) {
        *out++ = '-';
        exponent = -exponent;
    }
    return out + det__utoa(out, (uint64_t)exponent);
}

size_t det__dtoa(char *out, double v) {
    uint64_t bits, c;
    int e, n = 1, point = 1;
    char t[DTOA_DIGITS] = "0", *o = out;
    memcpy(&bits, &v, sizeof bits);
    e = (int)(bits >> 52) & 0x7ff;
    c = bits & (((uint64_t)1 << 52) - 1);
    if (bits >> 63) *o++ = '-';
    if (e) c |= (uint64_t)1 << 52;
    else e = 1;
    if (c) n = shortest(t, &point, c, e - 1075);
    return (size_t)(put_decimal(o, t, n, point) - out);
}

#endif
