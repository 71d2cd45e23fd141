/* SPDX-License-Identifier: Apache-2.0
 * See page.h. */
#include "page.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- pages ---- */

bool page_read(call *c, page *p) {
    memset(p, 0, sizeof *p);
    return query_int32(c, "offset", NULL, &p->offset) && query_int32(c, "limit", NULL, &p->limit);
}

void page_sql(page *p, int total) {
    bool outside = p->offset < -total || p->offset > total;
    p->start = outside ? total : p->offset < 0 ? total + p->offset : p->offset;
    int64_t end = (int64_t)p->start + (p->limit ? p->limit : 100);
    p->end = p->limit == -2 ? p->start : p->limit == -1 || end > total ? total : (int)end;
}

bool page_memory(call *c, page *p, int total) {
    p->start = p->offset < 0 ? total + p->offset : p->offset;
    int64_t end = (int64_t)p->start + p->limit;
    p->end = !p->limit || end > total ? total : (int)end;
    if (p->start < 0 || p->start > total) reply_error(c->r, G_INVALID, "offset out of bounds");
    else if (p->end < p->start) reply_error(c->r, G_INTERNAL, "reflect.Value.Slice: slice index out of bounds");
    else return true;
    return false;
}

void page_show(buf *b, const page *p, int total) {
    buf_fmt(b, ",\"pagination\":{\"offset\":%d,\"limit\":%d,\"startIndex\":%d,\"endIndex\":%d,\"total\":%d}", p->offset, p->limit, p->start, p->end, total);
}

/* ---- order ---- */

typedef struct order {
    bool desc, nulls_last;
} order;

static int by_number(double a, double b) {
    if (isnan(a) || isnan(b)) return (isnan(a) != 0) - (isnan(b) != 0);
    return (a > b) - (a < b);
}

static int compare(const void *x, const void *y, void *ctx) {
    const listed *a = x, *b = y;
    const order *o = ctx;
    int d = 0;
    if (a->null != b->null && o->nulls_last) return a->null ? 1 : -1;
    if (a->null != b->null) d = a->null ? 1 : -1;
    else if (!a->null) d = a->text && b->text ? strcmp(a->text, b->text) : by_number(a->number, b->number);
    if (!d) d = (a->id > b->id) - (a->id < b->id);
    return o->desc ? -d : d;
}

void list_sort(listed *v, size_t n, bool desc, bool nulls_last) {
    order o = {desc, nulls_last};
    qsort_r(v, n, sizeof *v, compare, &o);
}

/* ---- query fields ---- */

static bool named(const choice *k, int i, const char *s) {
    size_t n = strlen(k->prefix);
    return k->names[i] && !strncmp(s, k->prefix, n) && !strcmp(s + n, k->names[i]);
}

bool query_enum(call *c, const char *camel, const char *snake, int n, const choice *k, int *out) {
    const char *s = query(c, camel, snake, n);
    char *end;
    *out = -1;
    if (!s) return true;
    for (int i = 0; i < k->n; i++)
        if (named(k, i, s)) *out = i;
    long number = strtol(s, &end, 10);
    if (*out < 0 && *s && !*end && number >= 0 && number < k->n && k->names[number]) *out = (int)number;
    if (*out < 0) reply_error(c->r, G_INVALID, "%s is not a valid %s", s, k->type);
    return *out >= 0;
}

bool query_desc(call *c, bool *desc) {
    static const char *const NAMES[] = {"UNSPECIFIED", "ASC", "DESC"};
    static const choice ORDER = {"ORDER_BY_", "apiv1.OrderBy", NAMES, 3};
    int k;
    bool good = query_enum(c, "orderBy", "order_by", 0, &ORDER, &k);
    *desc = k == 2;
    return good;
}

bool query_flag(call *c, const char *camel, const char *snake, int *out) {
    const char *s = query(c, camel, snake, 0);
    *out = !s ? -1 : !strcmp(s, "true");
    if (!s || *out || !strcmp(s, "false")) return true;
    reply_error(c->r, G_INVALID, "bad BoolValue: %s", s);
    return false;
}

bool query_bool(call *c, const char *camel, const char *snake, int *out) {
    static const char *const YES[] = {"1", "t", "T", "TRUE", "true", "True"}, *const NO[] = {"0", "f", "F", "FALSE", "false", "False"};
    const char *s = query(c, camel, snake, 0);
    *out = -1;
    for (int i = 0; s && i < 6; i++)
        if (!strcmp(s, YES[i]) || !strcmp(s, NO[i])) *out = !strcmp(s, YES[i]);
    if (!s || *out >= 0) return true;
    reply_error(c->r, G_INVALID, "strconv.ParseBool: parsing \"%s\": invalid syntax", s);
    return false;
}

bool query_has(call *c, const char *camel, const char *snake, const char *text) {
    const char *s;
    int i = 0;
    for (; (s = query(c, camel, snake, i)); i++)
        if (!strcmp(s, text)) return true;
    return i == 0;
}

bool query_has_state(call *c, const choice *states, const char *state) {
    int k, i = 0;
    for (; query_enum(c, "states", NULL, i, states, &k) && k >= 0; i++)
        if (named(states, k, state)) return true;
    return i == 0;
}

static bool like_here(const char *s, const char *part) {
    for (; *part; part++) {
        if (*part == '%') {
            for (; *s; s++)
                if (like_here(s, part + 1)) return true;
            continue;
        }
        if (!*s) return false;
        if (*part != '_' && tolower((unsigned char)*s) != tolower((unsigned char)*part)) return false;
        s++;
    }
    return true;
}

bool like(const char *text, const char *part) {
    for (; *text; text++)
        if (like_here(text, part)) return true;
    return like_here(text, part);
}
