/* SPDX-License-Identifier: Apache-2.0
 * See series.h. Values are eighths below 2^20, so that sums are exact in any order. */
#include "series.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const series_groups[SERIES_GROUPS] = {"training", "validation", "inference", "other"};
static const char *const shown[SERIES_GROUPS] = {"avg_metrics", "validation_metrics", "inference", "other"};

/* What a step may report, in this order, if it is a multiple of `every`: merged reports, two custom groups. */
static const struct slot {
    int group, every;
    const char *names[SERIES_METRICS];
} slots[] = {{0, 1, {"loss", "acc"}}, {0, 2, {"lr", NULL}},  {1, 5, {"loss", "acc"}}, {2, 4, {"x", NULL}},
             {3, 4, {"x", "y"}},      {2, 8, {"y", NULL}},   {1, 10, {"best", NULL}}, {0, 7, {"norm", NULL}}};
enum { SLOTS = sizeof slots / sizeof *slots, SHOWN = 10 };

static double value(int64_t steps, int slot, size_t name) {
    return (double)((steps * 37 + slot * 11 + (int64_t)name * 5) % 8191) / 8 - 100;
}

void series_next(series *s, series_report *r) {
    if (!s->steps) s->steps = 1;
    while (s->steps % slots[s->slot].every) s->slot++;
    const struct slot *t = &slots[s->slot];
    memset(r, 0, sizeof *r);
    r->group = t->group;
    r->steps = s->steps;
    for (; r->n < SERIES_METRICS && t->names[r->n]; r->n++) r->m[r->n] = det_metric_double(t->names[r->n], value(s->steps, s->slot, r->n));
    do s->slot++;
    while (s->slot < SLOTS && s->steps % slots[s->slot].every);
    if (s->slot == SLOTS) {
        s->slot = 0;
        s->steps++;
    }
}

/* ---- checking ---- */

static unsigned long bad;

static void say(const char *what, const char *group, int64_t steps, const char *name) {
    if (bad++ < SHOWN) printf("FAIL %s: %s@%lld %s\n", what, group, (long long)steps, name);
}

typedef struct table {
    const jval **row; /* by group and step */
    size_t *names;    /* seen of it */
    int64_t steps;
} table;

static size_t at(int group, int64_t steps) {
    return (size_t)(steps * SERIES_GROUPS + group);
}

static int group_index(const char *name) {
    int g = 0;
    while (g < SERIES_GROUPS && strcmp(series_groups[g], name) != 0) g++;
    return g;
}

static void take_row(table *t, const jval *row) {
    int64_t steps = strtoll(json_get(row, "steps")->s, NULL, 10);
    int g = group_index(json_get(row, "group")->s);
    if (json_get(row, "archived")->b) return;
    if (g == SERIES_GROUPS || steps < 0 || steps > t->steps) say("not reported", json_get(row, "group")->s, steps, "");
    else if (t->row[at(g, steps)]) say("there twice", series_groups[g], steps, "");
    else t->row[at(g, steps)] = json_get(row, "metrics");
}

typedef struct total {
    long long count;
    double sum;
} total;

static total totals[SLOTS][SERIES_METRICS];

static int same(double a, double b) {
    return !(a < b) && !(a > b);
}

static void check_report(table *t, const series_report *r) {
    const jval *row = t->row[at(r->group, r->steps)];
    for (size_t i = 0; i < r->n; i++) {
        const jval *v = row ? json_get(row, r->m[i].name) : NULL;
        if (!v) say("lost", series_groups[r->group], r->steps, r->m[i].name);
        else if (!same(strtod(v->s, NULL), r->m[i].value.d)) say("other value", series_groups[r->group], r->steps, r->m[i].name);
    }
    t->names[at(r->group, r->steps)] += r->n;
}

static void check_names(const table *t) {
    for (int64_t s = 0; s <= t->steps; s++)
        for (int g = 0; g < SERIES_GROUPS; g++) {
            size_t n = 0;
            const jval *row = t->row[at(g, s)];
            for (const jval *v = row ? row->child : NULL; v; v = v->next) n++;
            if (n > t->names[at(g, s)]) say("more than reported", series_groups[g], s, "");
        }
}

static void check_summary(const jval *summaries, int slot, unsigned long twos) {
    for (size_t i = 0; i < SERIES_METRICS && slots[slot].names[i]; i++) {
        const char *name = slots[slot].names[i];
        const jval *s = json_get(json_get(summaries, shown[slots[slot].group]), name);
        long long count = s ? strtoll(json_get(s, "count")->s, NULL, 10) : 0, over = count - totals[slot][i].count;
        if (over < 0 || over > (long long)twos) say("count", series_groups[slots[slot].group], count, name);
        else if (!twos && s && !same(strtod(json_get(s, "sum")->s, NULL), totals[slot][i].sum)) say("sum", series_groups[slots[slot].group], count, name);
    }
}

unsigned long series_check(const jval *trial, unsigned long n, unsigned long twos) {
    series s = {0, 0};
    series_report r;
    table t = {NULL, NULL, 0};
    bad = 0;
    memset(totals, 0, sizeof totals);
    for (unsigned long i = 0; i < n; i++) series_next(&s, &r);
    t.steps = s.steps;
    t.row = calloc((size_t)(t.steps + 1) * SERIES_GROUPS, sizeof *t.row);
    t.names = calloc((size_t)(t.steps + 1) * SERIES_GROUPS, sizeof *t.names);
    for (const jval *row = json_get(trial, "rows")->child; row; row = row->next) take_row(&t, row);
    memset(&s, 0, sizeof s);
    for (unsigned long i = 0; i < n; i++) {
        int slot;
        if (!s.steps) s.steps = 1;
        slot = s.slot;
        series_next(&s, &r);
        for (size_t k = 0; k < r.n; k++) {
            totals[slot][k].count++;
            totals[slot][k].sum += r.m[k].value.d;
        }
        check_report(&t, &r);
    }
    check_names(&t);
    for (int i = 0; i < SLOTS; i++) check_summary(json_get(trial, "summary"), i, twos);
    free(t.row);
    free(t.names);
    return bad;
}
