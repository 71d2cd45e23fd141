/* SPDX-License-Identifier: Apache-2.0
 * Reads JSON the way Go's encoding/json does, error sentences included (see json.h). Recursive: depth is capped at Go's
 * own 10000. This is written apart from the library under test so that one cannot hide the other's mistake. */
#include "json.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 10000 };

typedef struct scan {
    arena *a;
    const char *p, *end;
    buf *err;
    int depth;
    bool bad;
} scan;

/* ---- values ---- */

jval *json_new(arena *a, jtype t) {
    jval *v = arena_get(a, sizeof *v);
    v->type = t;
    v->s = "";
    return v;
}

jval *json_str(arena *a, const char *s, size_t n) {
    jval *v = json_new(a, J_STR);
    char *t = arena_get(a, n + 1);
    if (n) memcpy(t, s, n);
    v->s = t;
    v->n = n;
    return v;
}

void json_put(jval *obj, jval *v, const char *key, size_t key_n) {
    v->key = key;
    v->key_n = key_n;
    v->next = NULL;
    if (obj->last) obj->last->next = v;
    else obj->child = v;
    obj->last = v;
}

jval *json_get(const jval *obj, const char *key) {
    jval *hit = NULL;
    if (!obj || obj->type != J_OBJ) return NULL;
    size_t n = strlen(key);
    for (jval *v = obj->child; v; v = v->next)
        if (v->key_n == n && memcmp(v->key, key, n) == 0) hit = v;
    return hit;
}

bool json_numeric(const jval *v, double *out) {
    if (!v || v->type != J_NUM) return false;
    *out = strtod(v->s, NULL);
    if (*out == 0) *out = 0; /* -0.0 becomes 0 in the database */
    return isfinite(*out);
}

static int key_cmp(const jval *a, const jval *b) {
    size_t n = a->key_n < b->key_n ? a->key_n : b->key_n;
    int c = memcmp(a->key, b->key, n);
    return c ? c : (a->key_n > b->key_n) - (a->key_n < b->key_n);
}

typedef struct slot {
    jval *v;
    size_t at;
} slot;

static int slot_cmp(const void *x, const void *y) {
    const slot *a = x, *b = y;
    int c = key_cmp(a->v, b->v);
    return c ? c : (a->at > b->at) - (a->at < b->at);
}

static void sort_object(jval *v) {
    size_t n = 0, i = 0;
    for (jval *c = v->child; c; c = c->next) n++;
    if (n < 2) return;
    slot *s = xmalloc(n * sizeof *s);
    for (jval *c = v->child; c; c = c->next, i++) s[i] = (slot){c, i};
    qsort(s, n, sizeof *s, slot_cmp);
    v->child = v->last = NULL;
    for (i = 0; i < n; i++)
        if (i + 1 == n || key_cmp(s[i].v, s[i + 1].v) != 0) json_put(v, s[i].v, s[i].v->key, s[i].v->key_n);
    free(s);
}

void json_sort(jval *v) {
    for (jval *c = v->child; c; c = c->next) json_sort(c);
    if (v->type == J_OBJ) sort_object(v);
}

bool json_has_nul(const jval *v) {
    if (v->type == J_STR && memchr(v->s, 0, v->n)) return true;
    for (const jval *c = v->child; c; c = c->next)
        if ((c->key_n && memchr(c->key, 0, c->key_n)) || json_has_nul(c)) return true;
    return false;
}

static void print_members(buf *b, const jval *v) {
    for (const jval *c = v->child; c; c = c->next) {
        if (c != v->child) buf_add(b, ",", 1);
        if (v->type == J_OBJ) {
            buf_json(b, c->key, c->key_n);
            buf_add(b, ":", 1);
        }
        json_print(b, c);
    }
}

void json_print(buf *b, const jval *v) {
    double d = 0;
    switch (v->type) {
    case J_NULL: buf_str(b, "null"); break;
    case J_BOOL: buf_str(b, v->b ? "true" : "false"); break;
    case J_NUM:
        (void)json_numeric(v, &d);
        buf_num(b, d);
        break;
    case J_STR: buf_json(b, v->s, v->n); break;
    case J_ARR:
    case J_OBJ:
        buf_add(b, v->type == J_ARR ? "[" : "{", 1);
        print_members(b, v);
        buf_add(b, v->type == J_ARR ? "]" : "}", 1);
        break;
    }
}

/* ---- reading ---- */

static jval *value(scan *s);

static jval *fail(scan *s, const char *where) {
    if (s->bad) return NULL;
    s->bad = true;
    if (s->p >= s->end) {
        buf_str(s->err, "unexpected EOF");
        return NULL;
    }
    unsigned char c = (unsigned char)*s->p;
    if (c == '\'') buf_str(s->err, "invalid character '\\''");
    else if (c == '"') buf_str(s->err, "invalid character '\"'");
    else if (c == '\n') buf_str(s->err, "invalid character '\\n'");
    else if (c < 0x20 || c == 0x7f) buf_fmt(s->err, "invalid character '\\x%02x'", c);
    else if (c < 0x80) buf_fmt(s->err, "invalid character '%c'", c);
    else buf_fmt(s->err, "invalid character '%c%c'", 0xC0 | (c >> 6), 0x80 | (c & 0x3F)); /* the byte as a rune */
    buf_fmt(s->err, " %s", where);
    return NULL;
}

static void blank(scan *s) {
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' || *s->p == '\r' || *s->p == '\n')) s->p++;
}

static bool digit(const scan *s) {
    return s->p < s->end && *s->p >= '0' && *s->p <= '9';
}

static jval *number(scan *s) {
    const char *from = s->p;
    if (*s->p == '-') {
        s->p++;
        if (!digit(s)) return fail(s, "in numeric literal");
    }
    if (*s->p == '0') s->p++;
    else
        while (digit(s)) s->p++;
    if (s->p < s->end && *s->p == '.') {
        s->p++;
        if (!digit(s)) return fail(s, "after decimal point in numeric literal");
        while (digit(s)) s->p++;
    }
    if (s->p < s->end && (*s->p == 'e' || *s->p == 'E')) {
        s->p++;
        if (s->p < s->end && (*s->p == '+' || *s->p == '-')) s->p++;
        if (!digit(s)) return fail(s, "in exponent of numeric literal");
        while (digit(s)) s->p++;
    }
    jval *v = json_str(s->a, from, (size_t)(s->p - from));
    v->type = J_NUM;
    return v;
}

static jval *word(scan *s, const char *w, jtype t, bool b) {
    char where[64];
    for (size_t i = 0; w[i]; i++, s->p++) {
        if (s->p < s->end && *s->p == w[i]) continue;
        snprintf(where, sizeof where, "in literal %s (expecting '%c')", w, w[i]);
        return fail(s, where);
    }
    jval *v = json_new(s->a, t);
    v->b = b;
    return v;
}

static int hex4(const char *p, const char *end) {
    int v = 0;
    for (int i = 0; i < 4; i++) {
        if (p + i >= end) return -1;
        char c = p[i];
        int d = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
        if (d < 0) return -1;
        v = v * 16 + d;
    }
    return v;
}

static size_t put_utf8(char *d, unsigned c) {
    if (c < 0x80) {
        d[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        d[0] = (char)(0xC0 | (c >> 6));
        d[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        d[0] = (char)(0xE0 | (c >> 12));
        d[1] = (char)(0x80 | ((c >> 6) & 0x3F));
        d[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    d[0] = (char)(0xF0 | (c >> 18));
    d[1] = (char)(0x80 | ((c >> 12) & 0x3F));
    d[2] = (char)(0x80 | ((c >> 6) & 0x3F));
    d[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* \uXXXX with surrogate pairs; a lone surrogate becomes U+FFFD. s->p is behind the 'u'. */
static bool unicode(scan *s, char *d, size_t *dn) {
    int c = hex4(s->p, s->end);
    if (c < 0) {
        while (s->p < s->end && hex4(s->p, s->end) < 0 && strchr("0123456789abcdefABCDEF", *s->p) && *s->p) s->p++;
        fail(s, "in \\u hexadecimal character escape");
        return false;
    }
    s->p += 4;
    unsigned u = (unsigned)c;
    if (u >= 0xD800 && u < 0xE000) {
        int lo = s->end - s->p >= 6 && s->p[0] == '\\' && s->p[1] == 'u' ? hex4(s->p + 2, s->end) : -1;
        if (u < 0xDC00 && lo >= 0xDC00 && lo < 0xE000) {
            u = 0x10000 + ((u - 0xD800) << 10) + ((unsigned)lo - 0xDC00);
            s->p += 6;
        } else {
            u = 0xFFFD;
        }
    }
    *dn += put_utf8(d + *dn, u);
    return true;
}

static bool escape(scan *s, char *d, size_t *dn) {
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *k;
    if (s->p < s->end && *s->p == 'u') {
        s->p++;
        return unicode(s, d, dn);
    }
    if (s->p >= s->end || !*s->p || !(k = strchr(from, *s->p))) {
        fail(s, "in string escape code");
        return false;
    }
    d[(*dn)++] = to[k - from];
    s->p++;
    return true;
}

static bool string(scan *s, const char **out, size_t *out_n) {
    const char *q = ++s->p;
    while (q < s->end && *q != '"' && (*q != '\\')) q++; /* the text is at most this long plus what escapes add */
    while (q < s->end && *q != '"') q += *q == '\\' && q + 1 < s->end ? 2 : 1;
    char *d = arena_get(s->a, (size_t)((q < s->end ? q : s->end) - s->p) + 4);
    size_t n = 0;
    while (s->p < s->end && *s->p != '"') {
        if ((unsigned char)*s->p < 0x20) {
            fail(s, "in string literal");
            return false;
        }
        if (*s->p != '\\') {
            d[n++] = *s->p++;
            continue;
        }
        s->p++;
        if (!escape(s, d, &n)) return false;
    }
    if (s->p >= s->end) {
        fail(s, "");
        return false;
    }
    s->p++;
    d[n] = 0;
    *out = d;
    *out_n = n;
    return true;
}

static jval *array(scan *s) {
    jval *v = json_new(s->a, J_ARR);
    s->p++;
    blank(s);
    if (s->p < s->end && *s->p == ']') {
        s->p++;
        return v;
    }
    for (;;) {
        jval *c = value(s);
        if (!c) return NULL;
        json_put(v, c, NULL, 0);
        blank(s);
        if (s->p >= s->end || (*s->p != ',' && *s->p != ']')) return fail(s, "after array element");
        if (*s->p++ == ']') return v;
    }
}

static jval *object(scan *s) {
    jval *v = json_new(s->a, J_OBJ);
    const char *where = "looking for beginning of object key string", *key;
    size_t key_n;
    s->p++;
    blank(s);
    if (s->p < s->end && *s->p == '}') {
        s->p++;
        return v;
    }
    for (;;) {
        blank(s);
        if (s->p >= s->end || *s->p != '"') return fail(s, where);
        if (!string(s, &key, &key_n)) return NULL;
        blank(s);
        if (s->p >= s->end || *s->p != ':') return fail(s, "after object key");
        s->p++;
        jval *c = value(s);
        if (!c) return NULL;
        json_put(v, c, key, key_n);
        blank(s);
        if (s->p >= s->end || (*s->p != ',' && *s->p != '}')) return fail(s, "after object key:value pair");
        if (*s->p++ == '}') return v;
    }
}

static jval *nested(scan *s) {
    if (++s->depth > MAX_DEPTH) {
        s->bad = true;
        buf_str(s->err, "exceeded max depth");
        return NULL;
    }
    jval *v = *s->p == '{' ? object(s) : array(s);
    s->depth--;
    return v;
}

static jval *value(scan *s) {
    const char *t;
    size_t n;
    blank(s);
    if (s->p >= s->end) return fail(s, "");
    switch (*s->p) {
    case '{':
    case '[': return nested(s);
    case '"': {
        if (!string(s, &t, &n)) return NULL;
        jval *v = json_new(s->a, J_STR);
        v->s = t;
        v->n = n;
        return v;
    }
    case 't': return word(s, "true", J_BOOL, true);
    case 'f': return word(s, "false", J_BOOL, false);
    case 'n': return word(s, "null", J_NULL, false);
    default:
        if (*s->p == '-' || (*s->p >= '0' && *s->p <= '9')) return number(s);
        return fail(s, "looking for beginning of value");
    }
}

jval *json_parse(arena *a, const char *p, size_t n, buf *err) {
    scan s = {a, p, p + n, err, 0, false};
    blank(&s);
    if (s.p >= s.end) {
        buf_str(err, "EOF");
        return NULL;
    }
    return value(&s);
}
