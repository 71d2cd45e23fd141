/* SPDX-License-Identifier: Apache-2.0
 * Python's notions of white space, lines and length on UTF-8. tabulate measures by len() where the wcwidth package is
 * missing, as after a plain installation of det: a wide character counts one, a combining one too. */
#include "text.h"

#include <stdlib.h>
#include <string.h>

/* ---- growing text ------------------------------------------------------------------------------------------------ */

static int grow(det__buf *b, size_t n) {
    size_t cap = b->cap ? b->cap : 64;
    char *p;
    if (b->failed) return 0;
    while (cap - b->len < n) {
        if (cap > SIZE_MAX / 2) return !(b->failed = 1);
        cap *= 2;
    }
    if (cap == b->cap) return 1;
    p = (char *)realloc(b->p, cap);
    if (!p) return !(b->failed = 1);
    b->p = p;
    b->cap = cap;
    return 1;
}

void det__buf_add(det__buf *b, const void *data, size_t n) {
    if (n == 0 || !grow(b, n)) return;
    memcpy(b->p + b->len, data, n);
    b->len += n;
}

void det__buf_str(det__buf *b, det__str s) {
    det__buf_add(b, s.p, s.n);
}

void det__buf_fill(det__buf *b, char c, size_t n) {
    if (n == 0 || !grow(b, n)) return;
    memset(b->p + b->len, c, n);
    b->len += n;
}

void det__buf_free(det__buf *b) {
    free(b->p);
    memset(b, 0, sizeof *b);
}

det__str det__str_of(const char *s) {
    det__str r;
    r.p = s;
    r.n = strlen(s);
    return r;
}

det__str det__str_buf(const det__buf *b) {
    det__str r;
    r.p = b->p ? b->p : "";
    r.n = b->len;
    return r;
}

int det__str_eq(det__str s, const char *t) {
    return s.n == strlen(t) && memcmp(s.p, t, s.n) == 0;
}

/* ---- code points ------------------------------------------------------------------------------------------------- */

uint32_t det__cp_next(const char **p, const char *end) {
    unsigned char c = (unsigned char)*(*p)++;
    unsigned more = c < 0xc0 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    uint32_t v = more ? c & (0x3fu >> more) : c;
    for (; more && *p < end; more--) v = v << 6 | ((unsigned char)*(*p)++ & 0x3fu);
    return v;
}

static uint32_t cp_before(const char *p, const char **end) {
    const char *q = *end - 1, *at;
    while (q > p && ((unsigned char)*q & 0xc0) == 0x80) q--;
    at = q;
    *end = q;
    return det__cp_next(&at, q + 4);
}

int det__cp_space(uint32_t c) {
    if (c < 0x80) return (c >= 9 && c <= 13) || (c >= 0x1c && c <= 0x20);
    return c == 0x85 || c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) || c == 0x2028 || c == 0x2029 ||
           c == 0x202f || c == 0x205f || c == 0x3000;
}

static int cp_line_end(uint32_t c) {
    if (c < 0x80) return (c >= 10 && c <= 13) || (c >= 0x1c && c <= 0x1e);
    return c == 0x85 || c == 0x2028 || c == 0x2029;
}

size_t det__str_len(det__str s) {
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

det__str det__str_rstrip(det__str s) {
    const char *end = s.p + s.n, *q = end;
    while (q > s.p && det__cp_space(cp_before(s.p, &q))) end = q;
    s.n = (size_t)(end - s.p);
    return s;
}

det__str det__str_strip(det__str s) {
    const char *q = s.p, *end = s.p + s.n;
    while (q < end && det__cp_space(det__cp_next(&q, end))) s.p = q;
    s.n = (size_t)(end - s.p);
    return det__str_rstrip(s);
}

/* ---- lines ------------------------------------------------------------------------------------------------------- */

int det__str_line(det__str *rest, det__str *line) {
    const char *q = rest->p, *end = rest->p + rest->n, *at = q;
    if (rest->n == 0) return 0;
    *line = *rest;
    while (q < end) {
        uint32_t c;
        at = q;
        c = det__cp_next(&q, end);
        if (!cp_line_end(c)) continue;
        line->n = (size_t)(at - line->p);
        if (c == '\r' && q < end && *q == '\n') q++;
        break;
    }
    rest->p = q;
    rest->n = (size_t)(end - q);
    return 1;
}

int det__str_part(det__str *rest, det__str *part) {
    if (!rest->p) return 0;
    *part = *rest;
    for (size_t i = 0; i < part->n; i++) {
        if (part->p[i] != '\r' && part->p[i] != '\n') continue;
        rest->p = part->p + i + 1;
        rest->n = part->n - i - 1;
        part->n = i;
        return 1;
    }
    rest->p = NULL;
    rest->n = 0;
    return 1;
}

/* ---- terminal sequences ------------------------------------------------------------------------------------------ */

static int in_range(const char *q, const char *end, char lo, char hi) {
    return q < end && *q >= lo && *q <= hi;
}

/* Behind the CSI sequence whose ESC is at q, or NULL. */
static const char *csi(const char *q, const char *end) {
    if (end - q < 3 || q[1] != '[') return NULL;
    for (q += 2; in_range(q, end, 0x30, 0x3f); q++) {}
    while (in_range(q, end, 0x20, 0x2f)) q++;
    return in_range(q, end, 0x40, 0x7e) ? q + 1 : NULL;
}

static int word_char(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}

/* Behind "key=value:…;" of a link, or NULL. A value may run into the next key: (\w+=\w+:?)*; in tabulate. */
static const char *link_params(const char *q, const char *end) {
    enum { ITEM, KEY, EQUALS, VALUE, LONGER } at = ITEM;
    for (; q < end && *q != ';'; q++) {
        if (word_char(*q)) {
            at = at == ITEM ? KEY : at == EQUALS ? VALUE : at == VALUE ? LONGER : at;
        } else if (*q == '=' && (at == KEY || at == LONGER)) {
            at = EQUALS;
        } else if (*q == ':' && (at == VALUE || at == LONGER)) {
            at = ITEM;
        } else {
            return NULL;
        }
    }
    return q < end && at != KEY && at != EQUALS ? q + 1 : NULL;
}

/* Behind at least one character that is not ESC and then the mark, or NULL. */
static const char *until(const char *q, const char *end, const char *mark) {
    size_t n = strlen(mark);
    const char *esc = q < end ? (const char *)memchr(q, 0x1b, (size_t)(end - q)) : NULL;
    if (!esc || esc == q || (size_t)(end - esc) < n || memcmp(esc, mark, n) != 0) return NULL;
    return esc + n;
}

#define LINK_END "\033]8;;\033\\"

/* Behind the link whose ESC is at q, or NULL; *text is what it shows. */
static const char *osc_link(const char *q, const char *end, det__str *text) {
    if (end - q < 4 || memcmp(q, "\033]8;", 4) != 0) return NULL;
    q = link_params(q + 4, end);
    q = q ? until(q, end, "\033\\") : NULL;
    if (!q) return NULL;
    text->p = q;
    q = until(q, end, LINK_END);
    if (q) text->n = (size_t)(q - text->p) - strlen(LINK_END);
    return q;
}

/* The first sequence at or behind q: its ESC, or NULL; *next is behind it, *shown what of it is to be seen. */
static const char *find_ansi(const char *q, const char *end, const char **next, det__str *shown) {
    while (q < end && (q = (const char *)memchr(q, 0x1b, (size_t)(end - q))) != NULL) {
        shown->n = 0;
        *next = csi(q, end);
        if (!*next) *next = osc_link(q, end, shown);
        if (*next) return q;
        q++;
    }
    return NULL;
}

int det__str_has_ansi(det__str s) {
    const char *next;
    det__str shown;
    return find_ansi(s.p, s.p + s.n, &next, &shown) != NULL;
}

void det__str_plain(det__str s, det__buf *out) {
    const char *q = s.p, *end = s.p + s.n, *esc, *next;
    det__str shown;
    while ((esc = find_ansi(q, end, &next, &shown)) != NULL) {
        det__buf_add(out, q, (size_t)(esc - q));
        if (shown.n) det__buf_str(out, shown);
        q = next;
    }
    det__buf_add(out, q, (size_t)(end - q));
}

size_t det__str_visible(det__str s) {
    const char *q = s.p, *end = s.p + s.n, *esc, *next;
    size_t n = 0;
    det__str shown, piece;
    while ((esc = find_ansi(q, end, &next, &shown)) != NULL) {
        piece.p = q;
        piece.n = (size_t)(esc - q);
        n += det__str_len(piece) + (shown.n ? det__str_len(shown) : 0);
        q = next;
    }
    piece.p = q;
    piece.n = (size_t)(end - q);
    return n + det__str_len(piece);
}
