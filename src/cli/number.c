/* SPDX-License-Identifier: Apache-2.0
 * Python's syntax of numbers in text. detc never calls setlocale(), so strtod() and printf() use a point. */
#include "number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/dparse.h"
#include "../base/dtoa.h"

/* ---- digits of all scripts --------------------------------------------------------------------------------------- */

/* The zeros; each is followed by its 1 to 9 (Unicode 14, category Nd). */
static const uint32_t zeros[] = {
    0x30,    0x660,   0x6f0,   0x7c0,   0x966,   0x9e6,   0xa66,   0xae6,   0xb66,   0xbe6,   0xc66,   0xce6,   0xd66,
    0xde6,   0xe50,   0xed0,   0xf20,   0x1040,  0x1090,  0x17e0,  0x1810,  0x1946,  0x19d0,  0x1a80,  0x1a90,  0x1b50,
    0x1bb0,  0x1c40,  0x1c50,  0xa620,  0xa8d0,  0xa900,  0xa9d0,  0xa9f0,  0xaa50,  0xabf0,  0xff10,  0x104a0, 0x10d30,
    0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50,
    0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950,
    0x1fbf0};

static int digit(uint32_t c) {
    for (size_t i = 0; i < sizeof zeros / sizeof zeros[0] && zeros[i] <= c; i++) {
        if (c - zeros[i] < 10) return (int)(c - zeros[i]);
    }
    return -1;
}

/* ASCII as it is (DEL too fails later), spaces and digits of other scripts as ASCII; 0 for a character that is
 * neither. */
static char to_ascii(uint32_t c) {
    int d;
    if (c < 0x80) return (char)c;
    if (det__cp_space(c)) return ' ';
    d = digit(c);
    return d >= 0 ? (char)('0' + d) : 0;
}

static int c_space(char c) {
    return c == ' ' || (c >= 9 && c <= 13);
}

static int c_digit(char c) {
    return c >= '0' && c <= '9';
}

/* s in ASCII without white space around, NUL-terminated, in out. 0: it cannot be a number. */
static int clean(det__str s, det__buf *out) {
    const char *p = s.p, *end = s.p + s.n;
    size_t from = 0;
    while (p < end) {
        char c = to_ascii(det__cp_next(&p, end));
        if (!c || (c >= 'g' && !strchr("iInNtTyY", c))) return 0;
        det__buf_add(out, &c, 1);
    }
    while (out->len && c_space(out->p[out->len - 1])) out->len--;
    while (from < out->len && c_space(out->p[from])) from++;
    out->len -= from;
    if (out->len) memmove(out->p, out->p + from, out->len);
    det__buf_add(out, "", 1);
    return !out->failed && out->len > 1;
}

/* ---- int and float ----------------------------------------------------------------------------------------------- */

enum { MOST_DIGITS = 4300 }; /* sys.int_info.default_max_str_digits */

static int is_int(const char *s) {
    size_t n = 0;
    if (*s == '+' || *s == '-') s++;
    for (;; s++) {
        if (!c_digit(*s)) return 0;
        while (c_digit(*s)) s++, n++;
        if (*s != '_') break;
    }
    return !*s && n <= MOST_DIGITS;
}

/* Underscores stand between digits only. */
static int drop_underscores(char *s) {
    char *to = s, before = 0;
    for (; *s; before = *s++) {
        if (*s != '_') {
            *to++ = *s;
        } else if (!c_digit(before) || !c_digit(s[1])) {
            return 0;
        }
    }
    *to = 0;
    return 1;
}

static int same_word(const char *s, const char *word) {
    while (*s && (*s | 0x20) == *word) s++, word++;
    return !*s && !*word;
}

static int is_decimal(const char *s) {
    size_t n = 0;
    for (; c_digit(*s); n++) s++;
    if (*s == '.') s++;
    for (; c_digit(*s); n++) s++;
    if (n == 0) return 0;
    if (*s != 'e' && *s != 'E') return !*s;
    s++;
    if (*s == '+' || *s == '-') s++;
    if (!c_digit(*s)) return 0;
    while (c_digit(*s)) s++;
    return !*s;
}

/* Without <math.h>, whose macros some compilers warn of. */
static int is_finite(double v) {
    return v - v == 0;
}

static int to_float(char *s, double *v) {
    const char *rest;
    if (!drop_underscores(s)) return 0;
    rest = s + (*s == '+' || *s == '-');
    if (!is_decimal(rest) && !same_word(rest, "inf") && !same_word(rest, "infinity") && !same_word(rest, "nan")) return 0;
    if (det__dparse(s, strlen(s), v) != DET_OK) *v = strtod(s, NULL); /* which not every C library rounds correctly */
    return 1;
}

int det__num_float(det__str s, double *v) {
    det__buf b = {0};
    int yes = clean(s, &b) && to_float(b.p, v);
    det__buf_free(&b);
    return yes;
}

/* ---- tabulate's rules -------------------------------------------------------------------------------------------- */

/* "inf" is a number, but what overflows is not. */
static int is_infinite_word(det__str s) {
    char word[5];
    if (s.n < 3 || s.n > 4) return 0;
    memcpy(word, s.p, s.n);
    word[s.n] = 0;
    return same_word(word, "nan") || same_word(word + (word[0] == '-'), "inf");
}

/* The expression _float_with_thousands_separators, whose $ also stands before a last line feed. */
static int has_thousands(det__str s) {
    const char *p = s.p, *end = s.p + s.n, *from;
    if (p < end && end[-1] == '\n') end--;
    if (p == end) return 1;
    if (*p == '+' || *p == '-') p++;
    for (from = p; p < end && c_digit(*p); p++) {}
    if (p == from) {
        from = s.p;
        if (*from != '.') return 0;
        for (p = from + 1; p < end && c_digit(*p); p++) {}
        return p == end && p > from + 1;
    }
    if (p - from > 3) return 0;
    while (end - p >= 4 && *p == ',' && c_digit(p[1]) && c_digit(p[2]) && c_digit(p[3])) p += 4;
    if (p < end && *p == '.') {
        for (p++; p < end && c_digit(*p); p++) {}
    }
    return p == end;
}

/* DET__CELL_INT, DET__CELL_FLOAT or DET__CELL_TEXT, thousands aside. */
static int plain_kind(det__str s) {
    det__buf b = {0};
    int kind = DET__CELL_TEXT;
    double v;
    if (clean(s, &b)) {
        if (is_int(b.p)) {
            kind = DET__CELL_INT;
        } else if (to_float(b.p, &v) && (is_finite(v) || is_infinite_word(s))) {
            kind = DET__CELL_FLOAT;
        }
    }
    det__buf_free(&b);
    return kind;
}

int det__num_kind(det__str s) {
    int kind;
    if (s.n == 0) return DET__CELL_NONE;
    if (det__str_eq(s, "True") || det__str_eq(s, "False")) return DET__CELL_BOOL;
    kind = plain_kind(s);
    if (kind == DET__CELL_INT || !has_thousands(s)) return kind;
    return memchr(s.p, '.', s.n) ? DET__CELL_FLOAT : DET__CELL_INT;
}

static size_t find_last(det__str s, char a, char b) {
    size_t i = s.n;
    while (i && s.p[i - 1] != a && s.p[i - 1] != b) i--;
    return i;
}

int det__num_after_point(det__str s) {
    int kind = plain_kind(s);
    size_t i;
    det__str rest;
    if (kind == DET__CELL_INT || (kind == DET__CELL_TEXT && !has_thousands(s))) return -1;
    i = find_last(s, '.', '.');
    if (!i) i = find_last(s, 'e', 'E');
    if (!i) return -1;
    rest.p = s.p + i;
    rest.n = s.n - i;
    return (int)det__str_len(rest);
}

/* ---- printing ---------------------------------------------------------------------------------------------------- */

static void special(double v, det__buf *out) {
    det__buf_str(out, det__str_of(v != v ? "nan" : v < 0 ? "-inf" : "inf"));
}

void det__num_g(double v, det__buf *out) {
    char text[32];
    if (!is_finite(v)) {
        special(v, out);
        return;
    }
    snprintf(text, sizeof text, "%g", v);
    det__buf_str(out, det__str_of(text));
}

/* det__dtoa() spares the sign and the second digit that Python writes in an exponent. */
static void put_exponent(const char *e, const char *end, det__buf *out) {
    const char *digits = e + 1;
    char sign = '+';
    if (digits < end && *digits == '-') sign = *digits++;
    det__buf_add(out, "e", 1);
    det__buf_add(out, &sign, 1);
    det__buf_fill(out, '0', end - digits < 2 ? 1 : 0);
    det__buf_add(out, digits, (size_t)(end - digits));
}

void det__num_repr(double v, det__buf *out) {
    char text[DET__DTOA_SIZE];
    const char *e;
    size_t n;
    if (!is_finite(v)) {
        special(v, out);
        return;
    }
    n = det__dtoa(text, v);
    e = (const char *)memchr(text, 'e', n);
    det__buf_add(out, text, e ? (size_t)(e - text) : n);
    if (e) put_exponent(e, text + n, out);
}

void det__num_fixed1(double v, const char *unit, det__buf *out) {
    char text[320];
    if (is_finite(v)) {
        snprintf(text, sizeof text, "%.1f", v);
        det__buf_str(out, det__str_of(text));
    } else {
        special(v, out);
    }
    det__buf_str(out, det__str_of(unit));
}
