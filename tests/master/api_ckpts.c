/* SPDX-License-Identifier: Apache-2.0
 * Lists of an experiment's and of a trial's checkpoints: states, order, the in-memory page (contract 6.1, 6.5). */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "metrics.h"
#include "page.h"
#include "show.h"
#include "summary.h"

enum { BY_UUID = 1, BY_TRIAL, BY_BATCH, BY_TIME, BY_STATE, BY_SEARCHER, BY_METRIC };

static const char *const S_NAMES[] = {"UNSPECIFIED", "ACTIVE", "COMPLETED", "ERROR", "DELETED", "PARTIALLY_DELETED"};
static const choice STATES = {"STATE_", "checkpointv1.State", S_NAMES, 6};

typedef struct asked {
    page p;
    int by;
    bool desc;
    const char *metric;
} asked;

static bool read_asked(call *c, asked *k) {
    static const char *const NAMES[] = {"UNSPECIFIED", "UUID", "TRIAL_ID", "BATCH_NUMBER", "END_TIME", "STATE", "SEARCHER_METRIC"};
    static const choice SORT = {"SORT_BY_", "checkpointv1.SortBy", NAMES, 7};
    int state = 0;
    for (int i = 0; state >= 0; i++)
        if (!query_enum(c, "states", NULL, i, &STATES, &state)) return false;
    if (!query_enum(c, "sortByAttr", "sort_by_attr", 0, &SORT, &k->by)) return false;
    k->metric = query(c, "sortByMetric", "sort_by_metric", 0);
    if (k->metric && k->by >= 0) {
        reply_error(c->r, G_INVALID, "field already set for sort_by oneof");
        return false;
    }
    if (k->metric) k->by = BY_METRIC;
    return query_desc(c, &k->desc) && page_read(c, &k->p);
}

/* The validation at the checkpoint's step. */
static bool metric_at(const checkpoint *k, const char *name, double *v) {
    const trial *t = store_trial(k->trial);
    int64_t at = k->has_steps ? metrics_row_at(t, k->steps, P_VALIDATION) : -1;
    const char *text = at < 0 ? NULL : row_value(&t->rows[at], name, strlen(name));
    return text && text_number(text, v);
}

/* Where two are equal the earlier report comes first, and last in descending order: the id below is the time. But those
 * without a metric and those of one state stay as the database has them: the latest first. */
static listed key(const checkpoint *k, const asked *q) {
    listed l = {.of = k, .id = k->time};
    if (q->by == BY_UUID) l.text = k->uuid;
    else if (q->by == BY_BATCH) l.number = k->has_steps ? k->steps : -1;
    else if (q->by == BY_STATE)
        while (l.number < 5 && strcmp(k->state + 6, S_NAMES[(int)l.number])) l.number++;
    else if (q->by == BY_SEARCHER) l.null = !metric_at(k, store_experiment(store_trial(k->trial)->experiment)->metric, &l.number);
    else if (q->by == BY_METRIC) l.null = !metric_at(k, q->metric, &l.number);
    else if (q->by != BY_TIME) l.number = k->trial;
    if ((l.null || q->by == BY_STATE) && (q->desc == (q->by == BY_METRIC))) l.id = -l.id;
    if (q->by == BY_METRIC && l.null) { /* less than any here, not more: it is no SQL that sorts */
        l.null = false;
        l.number = -1e308 * 10;
    }
    return l;
}

static void list(call *c, const asked *k, int only_trial, int only_exp) {
    listed *v = xmalloc((db.nckpts + 1) * sizeof *v);
    int n = 0;
    page p = k->p;
    for (size_t i = 0; i < db.nckpts; i++) {
        const checkpoint *at = &db.ckpts[i];
        if ((only_trial && at->trial != only_trial) || (only_exp && store_trial(at->trial)->experiment != only_exp)) continue;
        if (query_has_state(c, &STATES, at->state)) v[n++] = key(at, k);
    }
    list_sort(v, (size_t)n, k->desc, true);
    if (page_memory(c, &p, n)) {
        buf_str(&c->r->body, "{\"checkpoints\":[");
        for (int i = p.start; i < p.end; i++) {
            if (i > p.start) buf_str(&c->r->body, ",");
            show_checkpoint(&c->r->body, v[i].of);
        }
        buf_str(&c->r->body, "]");
        page_show(&c->r->body, &p, n);
        buf_str(&c->r->body, "}");
        ok(c);
    }
    free(v);
}

void h_trial_checkpoints(call *c) {
    asked k;
    if (!read_asked(c, &k) || !call_auth(c)) return;
    const trial *t = store_trial(c->id);
    if (!t) {
        reply_error(c->r, G_NOT_FOUND, "trial '%lld' not found", (long long)c->id);
        return;
    }
    if (k.by == BY_SEARCHER) { /* here those without one are the least */
        k.by = BY_METRIC;
        k.metric = store_experiment(t->experiment)->metric;
    }
    list(c, &k, (int)c->id, 0);
}

/* By searcher metric and no order given: the better ones first. */
void h_exp_checkpoints(call *c) {
    asked k;
    if (!read_asked(c, &k) || !call_auth(c)) return;
    const experiment *e = store_experiment(c->id);
    if (!e) {
        reply_error(c->r, G_NOT_FOUND, "experiment '%lld' not found", (long long)c->id);
        return;
    }
    if (k.by == BY_SEARCHER && !query(c, "orderBy", "order_by", 0)) k.desc = !e->smaller_is_better;
    list(c, &k, 0, (int)c->id);
}
