/* SPDX-License-Identifier: Apache-2.0
 * A tree as text, byte for byte as Python's json.dump(indent=…, sort_keys=True, ensure_ascii=True). Goes as deep into
 * itself as the tree, which is no deeper than DET_JSON_DEPTH where it was parsed. */
#include <stdlib.h>
#include <string.h>

#include "../base/out.h"
#include "../base/wipe.h"
#include "../json/text.h"
#include "det_json.h"
#include "tree.h"

enum { STORED = 4 }; /* indent of the stores */

static void put_unit(det__out *o, unsigned u) {
    static const char hex[] = "0123456789abcdef";
    det__out_str(o, "\\u");
    for (int shift = 12; shift >= 0; shift -= 4) det__out_ch(o, hex[u >> shift & 15]);
}

/* The code point of a sequence that det__utf8_check() found to be n long. */
static uint32_t code_point(const char *p, int n) {
    uint32_t c = (uint8_t)*p & (0x7Fu >> n);
    for (int i = 1; i < n; i++) c = c << 6 | ((uint8_t)p[i] & 0x3Fu);
    return c;
}

static size_t put_wide(det__out *o, const char *p, size_t left) {
    int n = det__utf8_check(p, left);
    uint32_t c = n > 0 ? code_point(p, n) : 0xFFFD;
    if (c >= 0x10000) {
        put_unit(o, 0xD800u + ((c - 0x10000) >> 10));
        put_unit(o, 0xDC00u + ((c - 0x10000) & 0x3FF));
    } else {
        put_unit(o, c);
    }
    return n > 0 ? (size_t)n : n < 0 ? (size_t)-n : left;
}

static void put_ascii(det__out *o, char c) {
    static const char from[] = "\"\\\n\r\t\b\f", to[] = "\"\\nrtbf";
    const char *at = c ? strchr(from, c) : NULL;
    if (at) {
        det__out_ch(o, '\\');
        det__out_ch(o, to[at - from]);
    } else if ((uint8_t)c < 0x20 || c == 0x7F) {
        put_unit(o, (uint8_t)c);
    } else {
        det__out_ch(o, c);
    }
}

static void put_string(det__out *o, const char *s, size_t len) {
    det__out_ch(o, '"');
    for (size_t i = 0; i < len;) {
        if ((uint8_t)s[i] < 0x80) put_ascii(o, s[i++]);
        else i += put_wide(o, s + i, len - i);
    }
    det__out_ch(o, '"');
}

/* Where to, and the spaces of a level. */
typedef struct place {
    det__out *o;
    int indent;
} place;

static void put_line(const place *p, int depth) {
    det__out_ch(p->o, '\n');
    for (int i = 0; i < depth * p->indent; i++) det__out_ch(p->o, ' ');
}

static void put_scalar(det__out *o, const det__tree *t) {
    switch (t->type) {
    case DET_JSON_STRING: put_string(o, t->text, t->len); break;
    case DET_JSON_NUMBER: det__out_mem(o, t->text, t->len); break;
    case DET_JSON_TRUE: det__out_str(o, "true"); break;
    case DET_JSON_FALSE: det__out_str(o, "false"); break;
    default: det__out_str(o, "null"); break;
    }
}

/* UTF-8 sorts as its code points do, and so as Python's strings. */
static int by_key(const void *a, const void *b) {
    const det__tree *x = *(const det__tree *const *)a, *y = *(const det__tree *const *)b;
    size_t n = x->key_len < y->key_len ? x->key_len : y->key_len;
    int order = memcmp(x->key, y->key, n);
    return order ? order : (x->key_len > y->key_len) - (x->key_len < y->key_len);
}

/* The children as an array, sorted if they have keys; NULL when memory is out. */
static const det__tree **children(const det__tree *t, size_t *n) {
    const det__tree **c, *k;
    for (*n = 0, k = t->child; k; k = k->next) ++*n;
    c = (const det__tree **)malloc((*n + 1) * sizeof *c);
    if (!c) return NULL;
    for (*n = 0, k = t->child; k; k = k->next) c[(*n)++] = k;
    if (t->type == DET_JSON_OBJECT) qsort(c, *n, sizeof *c, by_key);
    return c;
}

static int put_value(const place *p, const det__tree *t, int depth);

static int put_container(const place *p, const det__tree *t, int depth) {
    det__out *o = p->o;
    int object = t->type == DET_JSON_OBJECT, ok = 1;
    size_t n;
    const det__tree **c = children(t, &n);
    if (!c) return 0;
    det__out_ch(o, object ? '{' : '[');
    for (size_t i = 0; i < n && ok; i++) {
        if (i) det__out_ch(o, ',');
        put_line(p, depth + 1);
        if (object) put_string(o, c[i]->key, c[i]->key_len);
        if (object) det__out_str(o, ": ");
        ok = put_value(p, c[i], depth + 1);
    }
    if (n) put_line(p, depth);
    det__out_ch(o, object ? '}' : ']');
    free(c);
    return ok;
}

static int put_value(const place *p, const det__tree *t, int depth) {
    if (t->type == DET_JSON_OBJECT || t->type == DET_JSON_ARRAY) return put_container(p, t, depth);
    put_scalar(p->o, t);
    return 1;
}

char *det__tree_print_inside(const det__tree *t, int indent, int depth, size_t *len) {
    det__out o;
    place p = {&o, indent};
    det__out_init(&o, NULL, 0);
    if (!put_value(&p, t, depth)) return NULL;
    *len = o.len;
    char *text = (char *)malloc(o.len + 1);
    if (!text) return NULL;
    det__out_init(&o, text, *len);
    if (!put_value(&p, t, depth)) {
        det__wipe(text, *len);
        free(text);
        return NULL;
    }
    text[*len] = 0;
    return text;
}

char *det__tree_print(const det__tree *t, size_t *len) {
    return det__tree_print_inside(t, STORED, 0, len);
}
