/* SPDX-License-Identifier: Apache-2.0
 * See summary.h. A repeated report counts again (contract 5.3); `last` of a metric that a report of its group lacks
 * becomes null. */
#include "summary.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "metrics.h"

bool string_number(const char *s, double *out) {
    if (!strcmp(s, "NaN")) *out = (double)NAN;
    else if (!strcmp(s, "Infinity")) *out = (double)INFINITY;
    else if (!strcmp(s, "-Infinity")) *out = -(double)INFINITY;
    else return false;
    return true;
}

bool text_number(const char *j, double *out) {
    if (*j == '-' || (*j >= '0' && *j <= '9')) {
        *out = strtod(j, NULL);
        return true;
    }
    if (!strcmp(j, "\"NaN\"")) return string_number("NaN", out);
    if (!strcmp(j, "\"Infinity\"")) return string_number("Infinity", out);
    return !strcmp(j, "\"-Infinity\"") && string_number("-Infinity", out);
}

static mtype type_of(const char *j, double *d) {
    usec t;
    if (text_number(j, d)) return M_NUMBER;
    if (*j == '{') return M_OBJECT;
    if (*j == '[') return M_ARRAY;
    if (*j == 'n') return M_NULL;
    if (*j == 't' || *j == 'f') return M_BOOL;
    char s[64];
    size_t n = strlen(j);
    if (n < 20 || n > sizeof s) return M_STRING;
    memcpy(s, j + 1, n - 2);
    s[n - 2] = 0;
    return time_parse(s, &t) ? M_DATE : M_STRING;
}

static summary *find(mgroup *g, const char *name, size_t n) {
    size_t lo = 0, hi = g->n;
    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        const summary *s = &g->s[mid];
        int c = memcmp(s->name, name, s->name_n < n ? s->name_n : n);
        if (!c) c = (s->name_n > n) - (s->name_n < n);
        if (!c) return &g->s[mid];
        if (c < 0) lo = mid + 1;
        else hi = mid;
    }
    g->s = xrealloc(g->s, (g->n + 1) * sizeof *g->s);
    memmove(g->s + lo + 1, g->s + lo, (g->n - lo) * sizeof *g->s);
    g->n++;
    memset(&g->s[lo], 0, sizeof *g->s);
    g->s[lo].name = xstrndup(name, n);
    g->s[lo].name_n = n;
    return &g->s[lo];
}

static void add(mgroup *g, const char *name, size_t n, const char *json) {
    double d = 0;
    summary *s = find(g, name, n);
    mtype t = type_of(json, &d);
    if (!s->count) s->type = t;
    else if (s->type != t) s->type = M_STRING; /* two types in its life: text from then on */
    if (t == M_NUMBER) {
        s->min = !s->count || d < s->min || isnan(d) ? d : s->min;
        s->max = !s->count || d > s->max || isnan(d) ? d : s->max;
        s->sum = s->count ? s->sum + d : d;
    }
    s->count++;
    s->last = xstrndup(json, strlen(json));
}

static void forget_last(mgroup *g) {
    for (size_t i = 0; i < g->n; i++) {
        free(g->s[i].last);
        g->s[i].last = NULL;
    }
}

void summaries_add_report(trial *t, int g, const jval *avg) {
    buf text = {0};
    forget_last(&t->g[g]);
    for (const jval *v = avg->child; v; v = v->next) {
        text.len = 0;
        json_print(&text, v);
        add(&t->g[g], v->key, v->key_n, buf_cstr(&text));
    }
    buf_free(&text);
}

void summaries_add_row(trial *t, const row *r) {
    forget_last(&t->g[r->group]);
    for (size_t i = 0; i < r->n; i++) add(&t->g[r->group], r->m[i].name, r->m[i].name_n, r->m[i].text);
}

void summaries_clear(trial *t) {
    for (size_t i = 0; i < t->groups; i++) {
        mgroup *g = &t->g[i];
        forget_last(g);
        for (size_t k = 0; k < g->n; k++) free(g->s[k].name);
        g->n = 0;
    }
}

static const char *const TYPES[] = {"number", "string", "boolean", "date", "object", "array", "null"};

static void one(buf *b, const summary *s) {
    buf_json(b, s->name, s->name_n);
    buf_fmt(b, ":{\"count\":%lld,\"last\":%s", (long long)s->count, s->last ? s->last : "null");
    if (s->type == M_NUMBER) {
        buf_str(b, ",\"max\":");
        buf_num(b, s->max);
        buf_str(b, ",\"mean\":");
        buf_num(b, s->sum / (double)s->count);
        buf_str(b, ",\"min\":");
        buf_num(b, s->min);
        buf_str(b, ",\"sum\":");
        buf_num(b, s->sum);
    }
    buf_fmt(b, ",\"type\":\"%s\"}", TYPES[s->type]);
}

static const char *shown(const mgroup *g) {
    return g->part == P_TRAINING ? "avg_metrics" : g->part == P_VALIDATION ? "validation_metrics" : g->name;
}

static int by_name(const void *x, const void *y) {
    return strcmp(shown(*(const mgroup *const *)x), shown(*(const mgroup *const *)y));
}

void buf_summaries(buf *b, const trial *t) {
    const mgroup **g = xmalloc((t->groups + 1) * sizeof *g);
    size_t n = 0;
    for (size_t i = 0; i < t->groups; i++)
        if (t->g[i].n) g[n++] = &t->g[i];
    qsort(g, n, sizeof *g, by_name);
    buf_str(b, "{");
    for (size_t i = 0; i < n; i++) {
        if (i) buf_str(b, ",");
        buf_json(b, shown(g[i]), strlen(shown(g[i])));
        buf_str(b, ":{");
        for (size_t k = 0; k < g[i]->n; k++) {
            if (k) buf_str(b, ",");
            one(b, &g[i]->s[k]);
        }
        buf_str(b, "}");
    }
    buf_str(b, "}");
    free(g);
}
