/* SPDX-License-Identifier: Apache-2.0
 * See judge.h. Reads the model's store; one experiment and one trial must be there. */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/metrics.h"
#include "master/store.h"

typedef struct verdict {
    const char *kind;
    char *why;
    size_t cap;
} verdict;

#define SAY(v, what, ...)                                                                                              \
    do {                                                                                                               \
        if (!(v)->kind) {                                                                                              \
            (v)->kind = (what);                                                                                        \
            snprintf((v)->why, (v)->cap, __VA_ARGS__);                                                                 \
        }                                                                                                              \
    } while (0)

static const trial *the_trial(verdict *v) {
    const trial *t = NULL;
    size_t exps = 0, trials = 0;
    for (size_t i = 0; i < db.nexps; i++) exps += db.exps[i] != NULL;
    for (size_t i = 0; i < db.ntrials; i++)
        if (db.trials[i]) {
            trials++;
            t = db.trials[i];
        }
    if (exps != 1 || trials != 1) SAY(v, "trials", "%zu experiments, %zu trials", exps, trials);
    return t;
}

static bool live(const trial *t, const row *r) {
    return !r->archived && t->g[r->group].part != P_PROFILING;
}

static const row *row_of(const trial *t, const load_row *want, size_t *count) {
    const row *found = NULL;
    *count = 0;
    for (size_t i = 0; i < t->nrows; i++) {
        const row *r = &t->rows[i];
        if (!live(t, r) || r->steps != want->steps || strcmp(t->g[r->group].name, load_group(want->group)) != 0) continue;
        found = r;
        ++*count;
    }
    return found;
}

static const char *value_of(const row *r, char which) {
    char name[8];
    load_name(which, name);
    return r ? row_value(r, name, strlen(name)) : NULL;
}

static void value(verdict *v, const row *r, const load_row *want, char which) {
    char text[400];
    const char *got = value_of(r, which);
    if (which >= 'a') snprintf(text, sizeof text, "%.17g", load_number(want->group, want->steps, which));
    else snprintf(text, sizeof text, "\"%s\"", load_text(want->group, want->steps, which));
    if (strcmp(got, text) != 0)
        SAY(v, "value", "%s@%d m_%c is %.40s, not %.40s", load_group(want->group), want->steps, which, got, text);
}

/* Each report is in the row whole or not at all, and only those that were told may be missing. */
static void row_is(verdict *v, const row *r, const load_row *want, const judge_rules *rules) {
    const char *g = load_group(want->group);
    size_t at = 0, there = 0, absent = 0;
    for (size_t i = 0; i < want->reports; i++) {
        size_t begin = at, had = there;
        for (; at < want->report_end[i]; at++) {
            if (!value_of(r, want->names[at])) continue;
            value(v, r, want, want->names[at]);
            there++;
        }
        absent += there == had;
        if (there != had && there - had != at - begin) SAY(v, "part", "%s@%d has a part of report %zu", g, want->steps, i);
    }
    if (absent > want->lost + want->unsure)
        SAY(v, "lost", "%s@%d lacks %zu of %zu reports, told were %zu", g, want->steps, absent, want->reports, want->lost + want->unsure);
    if (absent < want->lost && !rules->told)
        SAY(v, "told", "%s@%d lacks %zu of %zu reports, but %zu were told", g, want->steps, absent, want->reports, want->lost);
    if (r && r->n != there) SAY(v, "more", "%s@%d has %zu metrics, not %zu", g, want->steps, r->n, there);
}

static void rows(verdict *v, const trial *t, const load *l, const judge_rules *rules) {
    size_t found = 0, there = 0, count;
    int64_t last = 0;
    for (size_t i = 0; i < l->rows; i++) {
        const load_row *want = &l->row[i];
        if (want->group == 'g') continue;
        const row *r = row_of(t, want, &count);
        if (count > 1) SAY(v, "doubled", "%s@%d is there %zu times", load_group(want->group), want->steps, count);
        row_is(v, r, want, rules);
        if (!r) continue;
        found++;
        if (rules->order && r->id < last)
            SAY(v, "order", "%s@%d was stored before the report in front of it", load_group(want->group), want->steps);
        last = r->id;
    }
    for (size_t i = 0; i < t->nrows; i++) there += live(t, &t->rows[i]);
    if (there != found) SAY(v, "more", "%zu live rows, not %zu", there, found);
}

static bool is_there(const trial *t, const row *old, const metric *m) {
    for (size_t i = 0; i < t->nrows; i++) {
        const row *r = &t->rows[i];
        if (live(t, r) && r->group == old->group && r->steps == old->steps && row_value(r, m->name, m->name_n)) return true;
    }
    return false;
}

/* What was archived has been sent again: it is in a live row. */
static void archived(verdict *v, const trial *t) {
    for (size_t i = 0; i < t->nrows; i++) {
        const row *old = &t->rows[i];
        for (size_t m = 0; old->archived && m < old->n; m++)
            if (!is_there(t, old, &old->m[m]))
                SAY(v, "archived", "%s@%d %.3s was archived and is not there again", t->g[old->group].name, old->steps, old->m[m].name);
    }
}

typedef struct total {
    long count;
    double sum, min, max;
} total;

static total total_of(const trial *t, int group, const summary *s) {
    total all = {0, 0, 0, 0};
    for (size_t i = 0; i < t->nrows; i++) {
        const char *text = t->rows[i].group == group && live(t, &t->rows[i]) ? row_value(&t->rows[i], s->name, s->name_n) : NULL;
        if (!text) continue;
        double d = strtod(text, NULL); /* a text's is not asked for */
        if (!all.count || d < all.min) all.min = d;
        if (!all.count || d > all.max) all.max = d;
        all.sum += d;
        all.count++;
    }
    return all;
}

/* As the rows are that are there: those are as reported. */
static void summaries(verdict *v, const trial *t, const judge_rules *rules) {
    for (size_t i = 0; i < t->groups; i++) {
        const mgroup *g = &t->g[i];
        for (size_t k = 0; k < g->n; k++) {
            const summary *s = &g->s[k];
            total want = total_of(t, (int)i, s);
            bool text = s->name_n == 3 && s->name[2] < 'a';
            if (s->count < want.count || (rules->summaries && s->count != want.count))
                SAY(v, "summary", "%s.%.3s counts %lld, not %ld", g->name, s->name, (long long)s->count, want.count);
            if (rules->summaries && !text && (s->sum < want.sum || s->sum > want.sum))
                SAY(v, "summary", "%s.%.3s sums up to %g, not %g", g->name, s->name, s->sum, want.sum);
            if (!text && (s->min < want.min || s->max > want.max || s->min > want.min || s->max < want.max))
                SAY(v, "summary", "%s.%.3s is between %g and %g, not %g and %g", g->name, s->name, s->min, s->max, want.min, want.max);
        }
    }
}

static int highest(const trial *t) {
    int top = 0;
    for (size_t i = 0; i < t->nrows; i++)
        if (live(t, &t->rows[i]) && t->rows[i].steps > top) top = t->rows[i].steps;
    return top;
}

/* At most once is what is promised of them. Each report is a row of its own. */
static void profiling(verdict *v, const trial *t, const load *l) {
    for (size_t i = 0; i < l->rows; i++) {
        const load_row *want = &l->row[i];
        for (const char *m = want->group == 'g' ? want->names : ""; *m; m++) {
            char name[8];
            size_t n = 0;
            load_name(*m, name);
            for (size_t k = 0; k < t->nrows; k++) {
                const row *r = &t->rows[k];
                n += t->g[r->group].part == P_PROFILING && r->steps == want->steps && row_value(r, name, strlen(name));
            }
            if (n > 1) SAY(v, "doubled", "gpu@%d %s is there %zu times", want->steps, name, n);
        }
    }
}

const char *judge(const load *l, const judge_rules *rules, char *why, size_t cap) {
    verdict v = {NULL, why, cap};
    const trial *t = the_trial(&v);
    if (!t) return v.kind;
    rows(&v, t, l, rules);
    profiling(&v, t, l);
    if (rules->told) return v.kind;
    archived(&v, t);
    summaries(&v, t, rules);
    if (t->total_batches != highest(t)) SAY(&v, "batches", "total batches are %d, not %d", t->total_batches, highest(t));
    if (rules->completed && strcmp(t->state, "STATE_COMPLETED") != 0) SAY(&v, "state", "the trial is in %s", t->state);
    return v.kind;
}
