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

static void values(verdict *v, const row *r, const load_row *want) {
    const char *g = load_group(want->group);
    size_t n = strlen(want->names);
    for (size_t i = 0; i < n; i++) {
        char name[8], text[400];
        const char *got = NULL;
        load_name(want->names[i], name);
        if (want->names[i] >= 'a') snprintf(text, sizeof text, "%.17g", load_number(want->group, want->steps, want->names[i]));
        else snprintf(text, sizeof text, "\"%s\"", load_text(want->group, want->steps, want->names[i]));
        for (size_t k = 0; k < r->n; k++)
            if (r->m[k].name_n == strlen(name) && !memcmp(r->m[k].name, name, r->m[k].name_n)) got = r->m[k].text;
        if (!got) SAY(v, "lost", "%s@%d has no %s", g, want->steps, name);
        else if (strcmp(got, text) != 0) SAY(v, "value", "%s@%d %s is %.40s, not %.40s", g, want->steps, name, got, text);
    }
    if (r->n != n) SAY(v, "more", "%s@%d has %zu metrics, not %zu", g, want->steps, r->n, n);
}

static void rows(verdict *v, const trial *t, const load *l, const judge_rules *rules) {
    size_t expected = 0, there = 0, count;
    int64_t last = 0;
    for (size_t i = 0; i < l->rows; i++) {
        const load_row *want = &l->row[i];
        if (want->group == 'g' || want->lost) continue;
        const row *r = row_of(t, want, &count);
        expected++;
        if (count != 1) SAY(v, count ? "doubled" : "lost", "%s@%d is there %zu times", load_group(want->group), want->steps, count);
        if (!r) continue;
        values(v, r, want);
        if (rules->order && r->id < last) SAY(v, "order", "%s@%d was stored before the report in front of it", load_group(want->group), want->steps);
        last = r->id;
    }
    for (size_t i = 0; i < t->nrows; i++) there += live(t, &t->rows[i]);
    if (there != expected && !rules->told) SAY(v, "more", "%zu live rows, not %zu", there, expected);
}

typedef struct total {
    long count;
    double sum, min, max;
} total;

static total total_of(const load *l, const char *group, const summary *s) {
    total t = {0, 0, 0, 0};
    for (size_t i = 0; i < l->rows; i++) {
        const load_row *r = &l->row[i];
        if (r->lost || s->name_n != 3 || strcmp(load_group(r->group), group) != 0 || !strchr(r->names, s->name[2])) continue;
        double d = load_number(r->group, r->steps, s->name[2]);
        if (!t.count || d < t.min) t.min = d;
        if (!t.count || d > t.max) t.max = d;
        t.sum += d;
        t.count++;
    }
    return t;
}

static void summaries(verdict *v, const trial *t, const load *l, const judge_rules *rules) {
    for (size_t i = 0; i < t->groups; i++) {
        const mgroup *g = &t->g[i];
        for (size_t k = 0; k < g->n; k++) {
            const summary *s = &g->s[k];
            total want = total_of(l, g->name, s);
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

static int highest(const load *l) {
    int top = 0;
    for (size_t i = 0; i < l->rows; i++)
        if (l->row[i].group != 'g' && !l->row[i].lost && l->row[i].steps > top) top = l->row[i].steps;
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
    summaries(&v, t, l, rules);
    if (t->total_batches != highest(l)) SAY(&v, "batches", "total batches are %d, not %d", t->total_batches, highest(l));
    if (rules->completed && strcmp(t->state, "STATE_COMPLETED") != 0) SAY(&v, "state", "the trial is in %s", t->state);
    return v.kind;
}
