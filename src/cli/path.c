/* SPDX-License-Identifier: Apache-2.0
 * Growing texts for paths, and their percent-encoding. */
#include "path.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "det_error.h"

void det__path_free(det__path *p) {
    free(p->text);
    memset(p, 0, sizeof *p);
}

void det__path_clear(det__path *p) {
    p->len = 0;
    p->failed = 0;
    if (p->text) *p->text = 0;
}

static int grow(det__path *p, size_t n) {
    size_t cap = p->cap ? p->cap : 256;
    if (p->failed) return 0;
    if (p->len + n < p->cap) return 1;
    while (cap <= p->len + n) cap *= 2;
    char *text = realloc(p->text, cap);
    p->failed = !text;
    if (p->failed) return 0;
    p->text = text;
    p->cap = cap;
    return 1;
}

void det__path_add_n(det__path *p, const char *s, size_t n) {
    if (!grow(p, n)) return;
    memcpy(p->text + p->len, s, n);
    p->len += n;
    p->text[p->len] = 0;
}

void det__path_add(det__path *p, const char *s) {
    det__path_add_n(p, s, strlen(s));
}

void det__path_int(det__path *p, int64_t v) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, v);
    det__path_add(p, text);
}

static int is_plain(unsigned c) {
    return (c | 32) - 'a' < 26 || c - '0' < 10 || c == '-' || c == '.' || c == '_' || c == '~';
}

void det__path_quote(det__path *p, const char *s, size_t n) {
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < n; i++) {
        unsigned c = (unsigned char)s[i];
        char quoted[3] = {'%', digits[c >> 4], digits[c & 15]};
        if (is_plain(c)) det__path_add_n(p, s + i, 1);
        else if (c == ' ') det__path_add_n(p, "+", 1);
        else det__path_add_n(p, quoted, 3);
    }
}

int det__path_end(const det__path *p) {
    return p->failed || !p->text ? DET_E_SPACE : DET_OK;
}
