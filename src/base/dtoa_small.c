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

/* r / s is what is still to be written, m / s how far it may be missed below, `more` times that above; the ends of this
 * interval belong to it when the double's last bit is even. */
typedef struct fraction {
    int32_t more, odd;
    uint32_t r[1 + DTOA_WORDS], s[1 + DTOA_WORDS], m[1 + DTOA_WORDS];
} fraction;

/* c * 2^q as r / s * 10^point; point is returned. It is up to 18 too large: the digits then begin with zeros. */
static int begin(fraction *f, uint64_t c, int q) {
    int closer = c == (uint64_t)1 << 52 && q > -1074, point = 17 + (q * 1233 >> 12); /* of 4096: log10(2) */
    uint32_t words = (uint32_t)((q < 0 ? -q : q) + 95) / 32;
    f->more = 1 + closer;
    f->odd = (int32_t)(c & 1);
    big_set(f->r, words, c << 2, q);
    big_set(f->m, words, closer ? 1 : 2, q);
    big_set(f->s, words, 4, -q);
    for (int i = point; i > 0; i--) times_ten(f->s);
    for (int i = point; i < 0; i++) {
        times_ten(f->r);
        times_ten(f->m);
    }
    return point;
}

/* The next digit; *down and *up: may the number end with it, or with the one above it? r takes part in both
 * comparisons, which are then undone. */
static int digit(fraction *f, int *down, int *up) {
    int d = -1;
    times_ten(f->r);
    times_ten(f->m);
    do d++;
    while (det__big_add(f->r, -1, f->s, 0) >= 0);
    *up = det__big_add(f->r, f->more, f->m, -f->odd) > 0; /* r - s + more * m >= 0 */
    det__big_add(f->r, 1, f->s, f->odd);
    *down = det__big_add(f->r, -1 - f->more, f->m, f->odd - 1) < 0; /* r - m <= 0 */
    det__big_add(f->r, 1, f->m, 1 - f->odd);
    return d;
}

/* The shortest decimal within the rounding interval of c * 2^q as 0.t1t2t3...tn * 10^point; n is returned. */
static int shortest(char *t, int *point, uint64_t c, int q) {
    int n = 0, d, down, up;
    fraction f;
    *point = begin(&f, c, q);
    for (;;) {
        d = digit(&f, &down, &up);
        if (down || up) break;
        if (n || d) t[n++] = (char)('0' + d);
        else --*point;
    }
    if (down && up) { /* the closer one, the even one of two */
        det__big_add(f.r, 1, f.r, 0);
        up = det__big_add(f.r, -1, f.s, (d & 1) - 1) >= 0;
    }
    t[n++] = (char)('0' + d + up);
    return n;
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
