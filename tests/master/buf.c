/* SPDX-License-Identifier: Apache-2.0
 * See buf.h: the growing buffer, JSON string escaping and number printing as Go's encoding/json does them. */
#include "buf.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void oom(void) {
    fputs("det-master: out of memory\n", stderr);
    abort();
}

void *xmalloc(size_t n) {
    void *p = calloc(1, n ? n : 1);
    if (!p) oom();
    return p;
}

void *xrealloc(void *p, size_t n) {
    void *q = realloc(p, n ? n : 1);
    if (!q) oom();
    return q;
}

char *xstrndup(const char *s, size_t n) {
    char *p = xmalloc(n + 1);
    if (n) memcpy(p, s, n);
    return p;
}

void buf_reserve(buf *b, size_t more) {
    if (b->cap - b->len > more) return;
    size_t cap = b->cap ? b->cap : 256;
    while (cap - b->len <= more) cap *= 2;
    b->p = xrealloc(b->p, cap);
    b->cap = cap;
}

void buf_add(buf *b, const void *p, size_t n) {
    if (!n) return;
    buf_reserve(b, n);
    memcpy(b->p + b->len, p, n);
    b->len += n;
}

void buf_str(buf *b, const char *s) {
    buf_add(b, s, strlen(s));
}

void buf_fmt(buf *b, const char *fmt, ...) {
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n > 0) {
        buf_reserve(b, (size_t)n + 1);
        vsnprintf(b->p + b->len, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
}

void buf_drop(buf *b, size_t n) {
    if (n > b->len) n = b->len;
    b->len -= n;
    if (b->len) memmove(b->p, b->p + n, b->len);
}

void buf_free(buf *b) {
    free(b->p);
    memset(b, 0, sizeof *b);
}

const char *buf_cstr(buf *b) {
    buf_reserve(b, 1);
    b->p[b->len] = 0;
    return b->p;
}

/* Length of the valid UTF-8 sequence at s, or 0. Surrogates and overlong forms are invalid (RFC 3629). */
static size_t utf8_len(const unsigned char *s, size_t n) {
    unsigned char c = s[0];
    size_t k = c < 0x80 ? 1 : c >= 0xC2 && c < 0xE0 ? 2 : c >= 0xE0 && c < 0xF0 ? 3 : c >= 0xF0 && c < 0xF5 ? 4 : 0;
    if (!k || k > n) return 0;
    for (size_t i = 1; i < k; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    if (k == 3 && ((c == 0xE0 && s[1] < 0xA0) || (c == 0xED && s[1] >= 0xA0))) return 0;
    if (k == 4 && ((c == 0xF0 && s[1] < 0x90) || (c == 0xF4 && s[1] >= 0x90))) return 0;
    return k;
}

static void json_ascii(buf *b, unsigned char c) {
    if (c == '"' || c == '\\') {
        char e[2] = {'\\', (char)c};
        buf_add(b, e, 2);
    } else if (c == '\n') {
        buf_str(b, "\\n");
    } else if (c == '\r') {
        buf_str(b, "\\r");
    } else if (c == '\t') {
        buf_str(b, "\\t");
    } else if (c < 0x20 || c == '<' || c == '>' || c == '&') {
        buf_fmt(b, "\\u%04x", c);
    } else {
        buf_add(b, &c, 1);
    }
}

void buf_json(buf *b, const char *s, size_t n) {
    const unsigned char *u = (const unsigned char *)s;
    buf_add(b, "\"", 1);
    for (size_t i = 0; i < n;) {
        size_t k = utf8_len(u + i, n - i);
        if (k == 1) json_ascii(b, u[i]);
        else if (k == 0) buf_str(b, "\\ufffd");
        else if (k == 3 && u[i] == 0xE2 && u[i + 1] == 0x80 && (u[i + 2] == 0xA8 || u[i + 2] == 0xA9))
            buf_str(b, u[i + 2] == 0xA8 ? "\\u2028" : "\\u2029");
        else
            buf_add(b, u + i, k);
        i += k ? k : 1;
    }
    buf_add(b, "\"", 1);
}

/* As %e at the shortest exact precision. A report's value is printed for its row and again for the summary. */
static const char *shortest(double v) {
    static double last;
    static char t[64];
    if (*t && memcmp(&last, &v, sizeof v) == 0) return t;
    for (int p = fabs(v) < 1e-290 ? 1 : 15; p <= 17; p++) {
        snprintf(t, sizeof t, "%.*e", p - 1, v);
        if (strtod(t, NULL) == v) break;
    }
    last = v;
    return t;
}

/* 1.5e-09 -> 1.5e-9, as Go cleans it up. */
static void num_text(buf *b, double v) {
    const char *t = shortest(v), *e = strchr(t, 'e');
    int exp = atoi(e + 1);
    size_t mant = (size_t)(e - t);
    while (t[mant - 1] == '0' && memchr(t, '.', mant)) mant--;
    if (t[mant - 1] == '.') mant--;
    if (exp < -6 || exp >= 21) {
        buf_fmt(b, "%.*se%c%d", (int)mant, t, exp < 0 ? '-' : '+', abs(exp));
        return;
    }
    char digits[32], *d = digits;
    const char *s = t;
    if (*s == '-') buf_add(b, s++, 1);
    for (; s < t + mant; s++)
        if (*s != '.') *d++ = *s;
    int n = (int)(d - digits);
    if (exp < 0) buf_fmt(b, "0.%.*s%.*s", -exp - 1, "000000", n, digits);
    else if (exp >= n - 1) buf_fmt(b, "%.*s%.*s", n, digits, exp - n + 1, "00000000000000000000");
    else buf_fmt(b, "%.*s.%.*s", exp + 1, digits, n - exp - 1, digits + exp + 1);
}

void buf_num(buf *b, double v) {
    if (isnan(v)) buf_str(b, "\"NaN\"");
    else if (isinf(v)) buf_str(b, v > 0 ? "\"Infinity\"" : "\"-Infinity\"");
    else if (v >= -1e15 && v <= 1e15 && v == (double)(long long)v) buf_fmt(b, "%lld", (long long)v);
    else num_text(b, v);
}
