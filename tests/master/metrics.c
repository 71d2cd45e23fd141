/* SPDX-License-Identifier: Apache-2.0
 * See metrics.h. Rows are found by hash on (group, steps, run); archiving scans only while older live rows can be
 * touched, so a report costs the same whatever is stored. */
#include "metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "summary.h"

partition metrics_partition(const char *g) {
    static const char *const PROFILING[] = {"gpu", "cpu", "memory", "disk", "network"};
    if (!strcmp(g, "training")) return P_TRAINING;
    if (!strcmp(g, "validation")) return P_VALIDATION;
    for (size_t i = 0; i < sizeof PROFILING / sizeof *PROFILING; i++)
        if (!strcmp(g, PROFILING[i])) return P_PROFILING;
    return P_CUSTOM;
}

/* ---- the row index ---- */

static size_t hash_at(const trial *t, int g, int steps, int run) {
    uint32_t h = (uint32_t)g * 2654435761u ^ (uint32_t)steps * 40503u ^ (uint32_t)run * 2246822519u;
    h ^= h >> 15;
    h *= 2246822519u;
    h ^= h >> 13;
    return h & (t->hash_cap - 1);
}

static void hash_put(trial *t, size_t index) {
    const row *r = &t->rows[index];
    size_t i = hash_at(t, r->group, r->steps, r->run);
    while (t->hash[i]) i = (i + 1) & (t->hash_cap - 1);
    t->hash[i] = (int32_t)index + 1;
}

static row *hash_get(const trial *t, int g, int steps, int run) {
    if (!t->hash_cap) return NULL;
    for (size_t i = hash_at(t, g, steps, run); t->hash[i]; i = (i + 1) & (t->hash_cap - 1)) {
        row *r = &t->rows[t->hash[i] - 1];
        if (r->group == g && r->steps == steps && r->run == run) return r;
    }
    return NULL;
}

static row *row_new(trial *t) {
    if (t->nrows == t->cap) {
        t->cap = t->cap ? t->cap * 2 : 64;
        t->rows = xrealloc(t->rows, t->cap * sizeof *t->rows);
    }
    row *r = &t->rows[t->nrows++];
    memset(r, 0, sizeof *r);
    return r;
}

static void index_row(trial *t, size_t index) {
    if (t->nrows * 2 > t->hash_cap) {
        t->hash_cap = t->hash_cap ? t->hash_cap * 2 : 256;
        free(t->hash);
        t->hash = xmalloc(t->hash_cap * sizeof *t->hash);
        for (size_t i = 0; i < t->nrows; i++)
            if (t->g[t->rows[i].group].part != P_PROFILING) hash_put(t, i);
        return;
    }
    hash_put(t, index);
}

static int group_of(trial *t, const char *name) {
    for (size_t i = 0; i < t->groups; i++)
        if (!strcmp(t->g[i].name, name)) return (int)i;
    t->g = xrealloc(t->g, (t->groups + 1) * sizeof *t->g);
    mgroup *g = &t->g[t->groups++];
    memset(g, 0, sizeof *g);
    g->name = xstrndup(name, strlen(name));
    g->part = metrics_partition(name);
    return (int)t->groups - 1;
}

/* ---- values ---- */

const char *row_value(const row *r, const char *name, size_t n) {
    for (size_t i = 0; i < r->n; i++)
        if (r->m[i].name_n == n && !memcmp(r->m[i].name, name, n)) return r->m[i].text;
    return NULL;
}

void buf_metrics(buf *b, const row *r) {
    buf_str(b, "{");
    for (size_t i = 0; i < r->n; i++) {
        if (i) buf_str(b, ",");
        buf_json(b, r->m[i].name, r->m[i].name_n);
        buf_str(b, ":");
        buf_add(b, r->m[i].text, r->m[i].text_n);
    }
    buf_str(b, "}");
}

static int name_cmp(const void *x, const void *y) {
    const metric *a = x, *b = y;
    int c = memcmp(a->name, b->name, a->name_n < b->name_n ? a->name_n : b->name_n);
    return c ? c : (a->name_n > b->name_n) - (a->name_n < b->name_n);
}

static void row_add(row *r, const jval *v, const buf *text) {
    metric *m = &r->m[r->n++];
    m->name = xstrndup(v->key, v->key_n);
    m->name_n = v->key_n;
    m->text = xstrndup(text->p, text->len);
    m->text_n = text->len;
}

static size_t count(const jval *obj) {
    size_t n = 0;
    for (const jval *v = obj->child; v; v = v->next) n++;
    return n;
}

/* shallowUnionMetrics: a conflict is found before anything changes. */
static bool can_merge(const row *r, const report *rep, buf *why) {
    bool ok = true;
    buf text = {0};
    if (r->batch && rep->batch && rep->batch->child) {
        buf_str(why, "overwriting batch metrics is not supported");
        return false;
    }
    for (const jval *v = rep->avg->child; v && ok; v = v->next) {
        const char *old = row_value(r, v->key, v->key_n);
        if (!old) continue;
        text.len = 0;
        json_print(&text, v);
        ok = !strcmp(old, buf_cstr(&text));
        if (!ok) buf_fmt(why, "overwriting existing metric keys is not supported, conflicting key: %.*s", (int)v->key_n, v->key);
    }
    buf_free(&text);
    return ok;
}

static void merge(row *r, const report *rep) {
    buf text = {0};
    r->m = xrealloc(r->m, (r->n + count(rep->avg)) * sizeof *r->m);
    size_t before = r->n;
    for (const jval *v = rep->avg->child; v; v = v->next) {
        if (row_value(r, v->key, v->key_n)) continue;
        text.len = 0;
        json_print(&text, v);
        row_add(r, v, &text);
    }
    if (before && r->n > before) qsort(r->m, r->n, sizeof *r->m, name_cmp);
    if (!r->batch && rep->batch && rep->batch->child) {
        text.len = 0;
        json_print(&text, rep->batch);
        r->batch = xstrndup(text.p, text.len);
    }
    buf_free(&text);
}

/* ---- archiving (contract 5.6, archiving rule) ---- */

void metrics_new_run(trial *t) {
    t->old_max = -1;
    for (size_t i = 0; i < t->nrows; i++) {
        const row *r = &t->rows[i];
        if (!r->archived && t->g[r->group].part != P_PROFILING && r->steps > t->old_max) t->old_max = r->steps;
    }
}

static bool archive(trial *t, const report *rep, partition part) {
    bool any = false;
    if (t->old_max < rep->steps) return false;
    t->old_max = -1;
    for (size_t i = 0; i < t->nrows; i++) {
        row *r = &t->rows[i];
        partition p = t->g[r->group].part;
        if (r->archived || p == P_PROFILING || r->run >= rep->run) continue;
        if (r->steps > rep->steps || (r->steps == rep->steps && p == part)) any = r->archived = true;
        else if (r->steps > t->old_max) t->old_max = r->steps;
    }
    return any;
}

/* ---- best and latest validation ---- */

bool metrics_searched(const trial *t, const row *r, double *out) {
    const experiment *e = store_experiment(t->experiment);
    const char *text = e && e->metric ? row_value(r, e->metric, strlen(e->metric)) : NULL;
    return text && text_number(text, out);
}

int64_t metrics_row_at(const trial *t, int steps, partition p) {
    for (size_t i = t->nrows; i-- > 0;)
        if (!t->rows[i].archived && t->rows[i].steps == steps && t->g[t->rows[i].group].part == p) return (int64_t)i;
    return -1;
}

static bool better(const trial *t, double a, double b) {
    const experiment *e = store_experiment(t->experiment);
    if (isnan(b)) return !isnan(a);
    return e && e->smaller_is_better ? a < b : a > b;
}

const trial *experiment_best(const experiment *e, double *v) {
    const trial *best = NULL;
    double at;
    for (size_t i = 0; i < db.ntrials; i++) {
        const trial *t = db.trials[i];
        if (!t || t->experiment != e->id || t->best < 0 || !metrics_searched(t, &t->rows[t->best], &at)) continue;
        if (best && !(e->smaller_is_better ? at < *v : at > *v)) continue;
        best = t;
        *v = at;
    }
    return best;
}

static void consider(trial *t, size_t index) {
    double v, best;
    if (!metrics_searched(t, &t->rows[index], &v)) return;
    t->latest = (int64_t)index;
    if (t->best < 0 || !metrics_searched(t, &t->rows[t->best], &best) || better(t, v, best)) t->best = (int64_t)index;
}

static void recompute(trial *t) {
    t->best = t->latest = -1;
    t->total_batches = 0;
    summaries_clear(t);
    for (size_t i = 0; i < t->nrows; i++) {
        const row *r = &t->rows[i];
        if (r->archived || t->g[r->group].part == P_PROFILING) continue;
        if (r->steps > t->total_batches) t->total_batches = r->steps;
        summaries_add_row(t, r);
        if (t->g[r->group].part == P_VALIDATION) consider(t, i);
    }
}

/* ---- the transaction ---- */

static bool refused(const trial *t, const report *rep, partition part, buf *why) {
    const char *table = part == P_TRAINING ? "raw_steps" : part == P_VALIDATION ? "raw_validations" : "generic_metrics";
    if (rep->run != t->run) {
        buf_fmt(why, "invalid run id, %d (reported) != %d (expected): invalid arguments", rep->run, t->run);
        return true;
    }
    if (part == P_PROFILING) return false;
    if (!rep->has_steps) {
        buf_fmt(why, "inserting metrics: ERROR: null value in column \"total_batches\" of relation \"%s\" violates not-null constraint (SQLSTATE 23502)", table);
        return true;
    }
    if (!strcmp(rep->group, "avg_metrics") || !strcmp(rep->group, "validation_metrics")) {
        buf_str(why, "inserting metrics: ERROR: new row for relation \"generic_metrics\" violates check constraint \"custom_type_check\" (SQLSTATE 23514)");
        return true;
    }
    return false;
}

/* A validation's searcher metric must be a number; NaN and Infinity are. */
static bool bad_searcher(const trial *t, const report *rep, partition part, buf *why) {
    const experiment *e = store_experiment(t->experiment);
    const jval *v = part == P_VALIDATION && e && e->metric ? json_get(rep->avg, e->metric) : NULL;
    double d;
    if (!v || v->type == J_NULL || v->type == J_NUM) return false;
    if (v->type == J_STR && string_number(v->s, &d)) return false;
    buf text = {0};
    if (v->type == J_STR) buf_str(&text, v->s);
    else json_print(&text, v);
    buf_fmt(why, "updating trial best validation: error updating best validation for trial %d: ERROR: invalid input syntax for type double precision: \"%s\" (SQLSTATE 22P02)", t->id, buf_cstr(&text));
    buf_free(&text);
    return true;
}

bool metrics_report(trial *t, const report *rep, buf *why) {
    partition part = metrics_partition(rep->group);
    if (refused(t, rep, part, why)) return false;
    int g = group_of(t, rep->group);
    row *r = part == P_PROFILING ? NULL : hash_get(t, g, rep->steps, rep->run);
    if (json_has_nul(rep->avg) || (rep->batch && json_has_nul(rep->batch))) {
        buf_fmt(why, "%s metrics: ERROR: unsupported Unicode escape sequence (SQLSTATE 22P05)", r ? "updating" : "inserting");
        return false;
    }
    report mine = *rep;
    if (part == P_VALIDATION) mine.batch = NULL; /* the column does not exist there */
    if ((r && !can_merge(r, &mine, why)) || bad_searcher(t, rep, part, why)) return false;
    bool archived = part != P_PROFILING && archive(t, rep, part);
    if (!r) {
        r = row_new(t);
        *r = (row){.id = db.next_row++, .group = g, .steps = rep->steps, .run = rep->run, .time = rep->time ? rep->time : now_us()};
        if (part != P_PROFILING) index_row(t, t->nrows - 1);
    }
    size_t index = (size_t)(r - t->rows);
    merge(r, &mine);
    t->reports++;
    if (part == P_PROFILING) return true;
    if (archived) {
        recompute(t);
        return true;
    }
    summaries_add_report(t, g, rep->avg);
    if (rep->steps > t->total_batches) t->total_batches = rep->steps;
    if (part == P_VALIDATION) consider(t, index);
    return true;
}
