/* SPDX-License-Identifier: Apache-2.0
 * Reading metrics back: time-series with its traps, the NDJSON streams, empty log streams (contract 5.6, 6.7, 0.6). */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "metrics.h"
#include "show.h"

enum { RECORD_ROWS = 1000, DEFAULT_POINTS = 200 };

typedef struct window {
    const char *group[64], *name[64];
    int n;
    int from, to, points;
    bool has_to;
} window;

/* ---- time-series ---- */

static bool unaskable(const char *name) {
    return !*name || !strcmp(name, "batches") || !strcmp(name, "time") || !strcmp(name, "trial_id");
}

static bool add_name(call *c, window *w, const char *group, const char *name) {
    if (unaskable(name)) {
        reply_error(c->r, G_INTERNAL, "error fetching time series of metrics: ERROR: column reference \"%s\" is ambiguous (SQLSTATE 42702)", name);
        return false;
    }
    if (w->n < 64) {
        w->group[w->n] = group;
        w->name[w->n++] = name;
    }
    return true;
}

static bool read_names(call *c, window *w) {
    const char *s, *group = query(c, "group", NULL, 0);
    for (int i = 0; (s = query(c, "metricIds", "metric_ids", i)); i++) {
        const char *dot = strchr(s, '.');
        if (group || !dot) {
            reply_error(c->r, G_INTERNAL, "invalid metric ids");
            return false;
        }
        if (!add_name(c, w, json_str(c->a, s, (size_t)(dot - s))->s, dot + 1)) return false;
    }
    for (int i = 0; (s = query(c, "metricNames", "metric_names", i)); i++)
        if (!add_name(c, w, group ? group : "training", s)) return false;
    return true;
}

static bool read_window(call *c, window *w) {
    memset(w, 0, sizeof *w);
    w->from = INT32_MIN;
    int end = 0, lte = 0, gte = INT32_MIN;
    if (!query_int32(c, "startBatches", "start_batches", &w->from) || !query_int32(c, "endBatches", "end_batches", &end) ||
        !query_int32(c, "maxDatapoints", "max_datapoints", &w->points) ||
        !query_int32(c, "timeSeriesFilter.integerRange.lte", "time_series_filter.integer_range.lte", &lte) ||
        !query_int32(c, "timeSeriesFilter.integerRange.gte", "time_series_filter.integer_range.gte", &gte))
        return false;
    if (query(c, "timeSeriesFilter.integerRange.lte", "time_series_filter.integer_range.lte", 0)) {
        w->has_to = true;
        w->to = lte;
    }
    if (gte > w->from) w->from = gte;
    if (end) { /* 0 is no limit */
        w->to = w->has_to && w->to < end ? w->to : end;
        w->has_to = true;
    }
    if (w->points <= 0) w->points = DEFAULT_POINTS;
    if (query(c, "timeSeriesFilter.integerRange.incl", NULL, 0)) {
        reply_error(c->r, G_INTERNAL, "error fetching time series of metrics: ERROR: invalid input syntax for type integer: \"total_batches\" (SQLSTATE 22P02)");
        return false;
    }
    return read_names(c, w);
}

static int by_steps(const void *x, const void *y) {
    const row *a = *(const row *const *)x, *b = *(const row *const *)y;
    return a->steps != b->steps ? (a->steps > b->steps) - (a->steps < b->steps) : (a->id > b->id) - (a->id < b->id);
}

/* Objects, lists and mixed-type numbers come back as strings. */
static void value(buf *b, const mgroup *g, const char *name, const char *json) {
    bool mixed = false;
    for (size_t i = 0; i < g->n; i++)
        if (!strcmp(g->s[i].name, name)) mixed = g->s[i].type == M_STRING;
    if (!json) buf_str(b, "null");
    else if (*json == '{' || *json == '[' || (mixed && *json != '"')) buf_json(b, json, strlen(json));
    else buf_str(b, json);
}

static void point(buf *b, const row *r, const mgroup *g, const window *w) {
    bool first = true;
    const char *epoch = row_value(r, "epoch", 5);
    buf_fmt(b, "{\"batches\":%d,\"values\":{", r->steps);
    for (int i = 0; i < w->n; i++) {
        if (strcmp(w->group[i], g->name)) continue;
        if (!first) buf_str(b, ",");
        first = false;
        buf_json(b, w->name[i], strlen(w->name[i]));
        buf_str(b, ":");
        value(b, g, w->name[i], row_value(r, w->name[i], strlen(w->name[i])));
    }
    buf_str(b, "},\"time\":");
    buf_time(b, r->time, false);
    if (epoch) buf_fmt(b, ",\"epoch\":%s", epoch);
    buf_str(b, "}");
}

/* Too many rows: a sample of them (the real one draws at random), still in order. */
static size_t sample(const row **v, size_t n, size_t want) {
    while (n > want) {
        size_t drop = (size_t)rand() % n;
        memmove(v + drop, v + drop + 1, (n - drop - 1) * sizeof *v);
        n--;
    }
    return n;
}

static bool asked(const window *w, const char *group) {
    for (int i = 0; i < w->n; i++)
        if (!strcmp(w->group[i], group)) return true;
    return false;
}

static bool show_group(buf *b, const trial *t, int g, const window *w, bool comma) {
    const row **v = xmalloc((t->nrows + 1) * sizeof *v);
    size_t n = 0;
    for (size_t i = 0; i < t->nrows; i++) {
        const row *r = &t->rows[i];
        if (r->group == g && !r->archived && r->steps >= w->from && (!w->has_to || r->steps <= w->to)) v[n++] = r;
    }
    qsort(v, n, sizeof *v, by_steps);
    n = sample(v, n, (size_t)w->points);
    if (n) buf_str(b, comma ? ",{\"data\":[" : "{\"data\":[");
    for (size_t i = 0; i < n; i++) {
        if (i) buf_str(b, ",");
        point(b, v[i], &t->g[g], w);
    }
    partition p = t->g[g].part;
    const char *type = p == P_TRAINING ? "METRIC_TYPE_TRAINING" : p == P_VALIDATION ? "METRIC_TYPE_VALIDATION" : "METRIC_TYPE_UNSPECIFIED";
    if (n) buf_fmt(b, "],\"type\":\"%s\",\"group\":", type);
    if (n) buf_json(b, t->g[g].name, strlen(t->g[g].name));
    if (n) buf_str(b, "}");
    free(v);
    return n > 0;
}

static int group_cmp(const void *x, const void *y, void *ctx) {
    const trial *t = ctx;
    return strcmp(t->g[*(const int *)x].name, t->g[*(const int *)y].name);
}

static void show_series(buf *b, trial *t, const window *w) {
    int *order = xmalloc((t->groups + 1) * sizeof *order), n = 0;
    bool any = false;
    for (size_t i = 0; i < t->groups; i++)
        if (t->g[i].part != P_PROFILING && asked(w, t->g[i].name)) order[n++] = (int)i;
    qsort_r(order, (size_t)n, sizeof *order, group_cmp, t);
    buf_str(b, "{\"trial\":");
    show_trial_stub(b, t);
    buf_str(b, ",\"metrics\":[");
    for (int i = 0; i < n; i++) any |= show_group(b, t, order[i], w, any);
    buf_str(b, "]}");
    free(order);
}

static trial *nth_trial(call *c, int i, bool *more) {
    const char *s = query(c, "trialIds", "trial_ids", i);
    *more = s != NULL;
    if (!s) return NULL;
    return store_trial(strtoll(s, NULL, 0));
}

void h_time_series(call *c) {
    window w;
    bool more;
    if (!read_window(c, &w) || !call_auth(c)) return;
    buf_str(&c->r->body, "{\"trials\":[");
    for (int i = 0;; i++) {
        trial *t = nth_trial(c, i, &more);
        if (!more) break;
        if (!t) {
            reply_error(c->r, G_NOT_FOUND, "trial '%s' not found", query(c, "trialIds", "trial_ids", i));
            return;
        }
        if (i) buf_str(&c->r->body, ",");
        show_series(&c->r->body, t, &w);
    }
    buf_str(&c->r->body, "]}");
    ok(c);
}

/* ---- streams ---- */

static int by_run(const void *x, const void *y) {
    const row *a = *(const row *const *)x, *b = *(const row *const *)y;
    return a->run != b->run ? (a->run > b->run) - (a->run < b->run) : by_steps(x, y);
}

static void stream_row(buf *b, const trial *t, const row *r) {
    const mgroup *g = &t->g[r->group];
    buf_fmt(b, "{\"trialId\":%d,\"endTime\":", t->id);
    buf_time(b, r->time, true);
    buf_fmt(b, ",\"metrics\":{\"%s\":", g->part == P_VALIDATION ? "validation_metrics" : "avg_metrics");
    buf_metrics(b, r);
    if (g->part != P_VALIDATION) buf_fmt(b, ",\"batch_metrics\":%s", r->batch ? r->batch : "null");
    buf_fmt(b, "},\"totalBatches\":%d,\"archived\":false,\"id\":%lld,\"trialRunId\":%d,\"group\":", r->steps, (long long)r->id, r->run);
    buf_json(b, g->name, strlen(g->name));
    buf_str(b, "}");
}

static void stream_trial(call *c, const trial *t, const char *group) {
    const row **v = xmalloc((t->nrows + 1) * sizeof *v);
    buf b = {0};
    size_t n = 0;
    for (size_t i = 0; i < t->nrows; i++) {
        const mgroup *g = &t->g[t->rows[i].group];
        if (!t->rows[i].archived && g->part != P_PROFILING && !strcmp(g->name, group)) v[n++] = &t->rows[i];
    }
    qsort(v, n, sizeof *v, by_run);
    for (size_t i = 0; i < n;) {
        b.len = 0;
        buf_str(&b, "{\"result\":{\"metrics\":[");
        for (size_t k = 0; k < RECORD_ROWS && i < n; k++, i++) {
            if (k) buf_str(&b, ",");
            stream_row(&b, t, v[i]);
        }
        buf_str(&b, "]}}");
        reply_record(c->r, b.p, b.len);
    }
    buf_free(&b);
    free(v);
}

static bool stream_auth(call *c) {
    if (call_auth(c)) return true;
    bool missing = strstr(buf_cstr(&c->r->body), "token missing") != NULL;
    c->r->body.len = 0;
    reply_stream_error(c->r, G_UNAUTHENTICATED, missing ? "token missing" : "invalid credentials");
    return false;
}

static void stream(call *c, const char *group) {
    bool more;
    if (!stream_auth(c)) return;
    c->r->stream = true;
    c->r->status = 200;
    for (int i = 0;; i++) {
        const trial *t = nth_trial(c, i, &more);
        if (!more && i == 0) reply_stream_error(c->r, G_INVALID, "must specify at least one trialId");
        if (!more) return;
        if (!t) {
            reply_stream_error(c->r, G_NOT_FOUND, "trial '%s' not found", query(c, "trialIds", "trial_ids", i));
            return;
        }
        stream_trial(c, t, group);
    }
}

void h_trial_metrics(call *c) {
    const char *g = query(c, "group", NULL, 0);
    stream(c, g ? g : "");
}

void h_training_metrics(call *c) {
    stream(c, "training");
}

void h_validation_metrics(call *c) {
    stream(c, "validation");
}

/* Logs are counted, not kept: a known trial's stream ends without a record. */
void h_trial_logs(call *c) {
    if (!stream_auth(c)) return;
    c->r->stream = true;
    c->r->status = 200;
    if (!store_trial(c->id)) reply_stream_error(c->r, G_NOT_FOUND, "trial '%lld' not found", (long long)c->id);
}

void h_task_logs(call *c) {
    bool known = false;
    if (!stream_auth(c)) return;
    for (size_t i = 0; i < db.ntrials; i++) known |= db.trials[i] && !strcmp(db.trials[i]->task, c->name);
    c->r->stream = true;
    c->r->status = 200;
    if (!known)
        reply_stream_error(c->r, G_NOT_FOUND, "1 error occurred:\n\t* failed to fetch batch: rpc error: code = NotFound desc = task '%s' not found\n\n", c->name);
}
