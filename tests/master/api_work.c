/* SPDX-License-Identifier: Apache-2.0
 * A trial's workloads: its live training and validation rows and its checkpoints as one list (contract 6.6). */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "metrics.h"
#include "page.h"
#include "show.h"
#include "summary.h"

enum { F_ALL, F_CHECKPOINT, F_VALIDATION, F_CHECKPOINT_OR_VALIDATION };
enum { M_ANY, M_TRAINING, M_VALIDATION };

typedef struct workload {
    const row *r;
    const checkpoint *k; /* one of the two */
    bool validation;
} workload;

typedef struct asked {
    page p;
    int filter, type;
    bool desc, batches, no_deleted;
    const char *key; /* NULL: by batches */
} asked;

static bool flag(call *c, const char *camel, const char *snake) {
    const char *s = query(c, camel, snake, 0);
    return s && !strcmp(s, "true");
}

static bool read_asked(call *c, asked *k) {
    static const char *const FILTERS[] = {"UNSPECIFIED", "CHECKPOINT", "VALIDATION", "CHECKPOINT_OR_VALIDATION"};
    static const char *const TYPES[] = {"UNSPECIFIED", "TRAINING", "VALIDATION", "PROFILING"};
    static const choice FILTER = {"FILTER_OPTION_", "apiv1.GetTrialWorkloadsRequest_FilterOption", FILTERS, 4};
    static const choice TYPE = {"METRIC_TYPE_", "apiv1.MetricType", TYPES, 4};
    k->key = query(c, "sortKey", "sort_key", 0);
    if (k->key && (!*k->key || !strcmp(k->key, "batches"))) k->key = NULL;
    k->batches = flag(c, "includeBatchMetrics", "include_batch_metrics");
    k->no_deleted = flag(c, "removeDeletedCheckpoints", "remove_deleted_checkpoints");
    return query_enum(c, "filter", NULL, 0, &FILTER, &k->filter) && query_enum(c, "metricType", "metric_type", 0, &TYPE, &k->type) &&
           query_desc(c, &k->desc) && page_read(c, &k->p);
}

static bool wanted(const asked *k, const workload *w) {
    if (w->k) return k->filter != F_VALIDATION && !(k->no_deleted && !strcmp(w->k->state, "STATE_DELETED"));
    return w->validation || k->filter <= F_ALL;
}

static int steps_of(const workload *w) {
    return w->r ? w->r->steps : w->k->steps;
}

static int64_t time_of(const workload *w) {
    return w->r ? w->r->time : w->k->time;
}

/* By steps, then by time; a metric to sort by comes before both. */
static bool sorted_before(const workload *a, const workload *b) {
    return steps_of(a) != steps_of(b) ? steps_of(a) < steps_of(b) : time_of(a) < time_of(b);
}

static listed key(const asked *k, const workload *w, int64_t at) {
    listed l = {.of = w, .id = at};
    bool typed = !w->r || (k->type == M_VALIDATION && !w->validation) || (k->type == M_TRAINING && w->validation);
    if (!k->key) return l;
    const char *text = typed ? NULL : row_value(w->r, k->key, strlen(k->key));
    l.null = !text || !text_number(text, &l.number);
    return l;
}

static int by_steps(const void *x, const void *y) {
    const workload *a = x, *b = y;
    return sorted_before(a, b) ? -1 : sorted_before(b, a);
}

static size_t collect(const trial *t, const asked *k, workload *v) {
    size_t n = 0;
    for (size_t i = 0; i < t->nrows; i++) {
        partition p = t->g[t->rows[i].group].part;
        workload w = {.r = &t->rows[i], .validation = p == P_VALIDATION};
        if (!t->rows[i].archived && (p == P_TRAINING || p == P_VALIDATION) && wanted(k, &w)) v[n++] = w;
    }
    for (size_t i = 0; i < db.nckpts; i++) {
        workload w = {.k = &db.ckpts[i]};
        if (db.ckpts[i].trial == t->id && wanted(k, &w)) v[n++] = w;
    }
    qsort(v, n, sizeof *v, by_steps);
    return n;
}

static void show(buf *b, const workload *w, bool batches) {
    if (w->k) {
        buf_fmt(b, "{\"checkpoint\":{\"uuid\":\"%s\",\"endTime\":", w->k->uuid);
        buf_time(b, w->k->time, false);
        buf_fmt(b, ",\"state\":\"%s\",\"resources\":%s,\"totalBatches\":%d,\"metadata\":%s}}", w->k->state, w->k->resources, w->k->steps, w->k->metadata);
        return;
    }
    buf_fmt(b, "{\"%s\":{\"endTime\":", w->validation ? "validation" : "training");
    buf_time(b, w->r->time, false);
    buf_str(b, ",\"metrics\":{\"avgMetrics\":");
    buf_metrics(b, w->r);
    buf_fmt(b, ",\"batchMetrics\":%s},\"numInputs\":0,\"totalBatches\":%d}}", batches && !w->validation && w->r->batch ? w->r->batch : "[]", w->r->steps);
}

static void answer(call *c, asked *k, const listed *v, int n) {
    buf *b = &c->r->body;
    if (!k->p.limit) k->p.limit = -1; /* and the answer says so */
    page_sql(&k->p, n);
    buf_str(b, "{\"workloads\":[");
    for (int i = k->p.start; i < k->p.end; i++) {
        if (i > k->p.start) buf_str(b, ",");
        show(b, v[i].of, k->batches);
    }
    buf_str(b, "]");
    page_show(b, &k->p, n);
    buf_str(b, "}");
    ok(c);
}

void h_workloads(call *c) {
    asked k;
    if (!read_asked(c, &k) || !call_auth(c)) return;
    const trial *t = store_trial(c->id);
    if (!t) {
        reply_error(c->r, G_NOT_FOUND, "trial '%lld' not found", (long long)c->id);
        return;
    }
    if (k.p.limit < -2) {
        reply_error(c->r, G_INTERNAL, "failed to get trial %lld workloads: error running query: proto_get_trial_workloads: ERROR: LIMIT must not be negative (SQLSTATE 2201W)",
                    (long long)c->id);
        return;
    }
    workload *w = xmalloc((t->nrows + db.nckpts + 1) * sizeof *w);
    size_t n = collect(t, &k, w);
    listed *v = xmalloc((n + 1) * sizeof *v);
    for (size_t i = 0; i < n; i++) v[i] = key(&k, &w[i], (int64_t)i);
    list_sort(v, n, k.desc, true);
    answer(c, &k, v, (int)n);
    free(v);
    free(w);
}
