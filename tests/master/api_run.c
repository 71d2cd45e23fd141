/* SPDX-License-Identifier: Apache-2.0
 * Run prepare, run metadata, and the report of metrics (contract 3.6, 3.7, 3.10, 5.1). */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "metrics.h"

static trial *known(call *c, int64_t id) {
    trial *t = store_trial(id);
    if (!t) reply_error(c->r, G_NOT_FOUND, "trial '%lld' not found", (long long)id);
    return t;
}

void h_run_prepare(call *c) {
    static const char *const TYPES[] = {"directory", "shared_fs", "s3", "gcs", "azure"};
    int run = 0;
    const jval *s = field(c->body, "checkpointStorage", "checkpoint_storage"), *type;
    if (!get_int32(c, field(c->body, "runId", "run_id"), &run) || !get_struct(c, (jval *)(uintptr_t)s) || !call_auth(c)) return;
    if (!known(c, run)) return;
    bool good = !s;
    type = json_get(s, "type");
    for (size_t i = 0; s && i < sizeof TYPES / sizeof *TYPES; i++) good |= type && type->type == J_STR && !strcmp(type->s, TYPES[i]);
    if (!good) {
        reply_error(c->r, G_INTERNAL, "invalid checkpoint storage: unknown type");
        return;
    }
    if (s) {
        char *text = text_of(s);
        buf_fmt(&c->r->body, "{\"storageId\":%d}", store_storage(text));
        free(text);
    } else {
        buf_str(&c->r->body, "{}");
    }
    ok(c);
}

static void show_metadata(call *c, const trial *t) {
    if (t->metadata) buf_fmt(&c->r->body, "{\"metadata\":%s}", t->metadata);
    else buf_str(&c->r->body, "{\"metadata\":null}");
    ok(c);
}

void h_post_run_metadata(call *c) {
    const jval *m = field(c->body, "metadata", NULL);
    int ignored;
    if (!get_int32(c, field(c->body, "runId", "run_id"), &ignored) || !get_struct(c, (jval *)(uintptr_t)m) || !call_auth(c)) return;
    trial *t = known(c, c->id);
    if (!t) return;
    free(t->metadata);
    t->metadata = m ? text_of(m) : NULL;
    if (m) show_metadata(c, t);
    else buf_str(&c->r->body, "{\"metadata\":{}}");
    ok(c);
}

void h_get_run_metadata(call *c) {
    const trial *t = call_auth(c) ? known(c, c->id) : NULL;
    if (t) show_metadata(c, t);
}

/* ---- metrics ---- */

typedef struct posted {
    const char *group;
    const jval *avg, *batch, *inner;
    bool has_steps;
    int steps, run;
    usec time;
} posted;

static bool read_batch(call *c, const jval *batch) {
    if (batch && batch->type != J_ARR) {
        reply_error(c->r, G_INVALID, "json: cannot unmarshal object into Go value of type []json.RawMessage");
        return false;
    }
    for (jval *v = batch ? batch->child : NULL; v; v = v->next)
        if (!get_struct(c, v)) return false;
    return true;
}

static bool read_posted(call *c, posted *p) {
    const jval *m = field(c->body, "metrics", NULL), *steps;
    int ignored;
    p->group = "";
    if (!get_str(c, field(c->body, "group", NULL), &p->group) || !get_object(c, m)) return false;
    steps = field(m, "stepsCompleted", "steps_completed");
    p->has_steps = steps != NULL;
    if (!get_int32(c, field(m, "trialId", "trial_id"), &ignored) || !get_int32(c, field(m, "trialRunId", "trial_run_id"), &p->run) ||
        !get_int32(c, steps, &p->steps) || !get_time(c, field(m, "reportTime", "report_time"), &p->time))
        return false;
    p->inner = field(m, "metrics", NULL);
    if (!get_object(c, p->inner)) return false;
    p->avg = field(p->inner, "avgMetrics", "avg_metrics");
    p->batch = field(p->inner, "batchMetrics", "batch_metrics");
    return get_struct(c, (jval *)(uintptr_t)p->avg) && read_batch(c, p->batch);
}

static bool bad_group(call *c, const char *g) {
    if (!*g) reply_error(c->r, G_INVALID, "metric group cannot be empty");
    else if (strchr(g, '.')) reply_error(c->r, G_INVALID, "metric group cannot contain '.'");
    else return false;
    return true;
}

/* `epoch` and `epochs` must be JSON numbers. */
static bool bad_epoch(call *c, const jval *avg) {
    for (const jval *v = avg->child; v; v = v->next) {
        if (v->type == J_NUM || (strcmp(v->key, "epoch") && strcmp(v->key, "epochs"))) continue;
        char *t = v->type == J_STR ? xstrndup(v->s, v->n) : text_of(v);
        reply_error(c->r, G_INTERNAL, "cannot add metric with non numeric '%s' value got %s", v->key, t);
        free(t);
        return true;
    }
    return false;
}

void h_metrics(call *c) {
    posted p = {0};
    buf why = {0};
    if (!read_posted(c, &p) || !call_auth(c) || bad_group(c, p.group)) return;
    trial *t = known(c, c->id);
    if (!t) return;
    if (!p.avg) {
        reply_error(c->r, G_INTERNAL, "runtime error: invalid memory address or nil pointer dereference");
        return;
    }
    if (bad_epoch(c, p.avg)) return;
    report rep = {p.group, p.has_steps, p.steps, p.run, p.time, p.avg, p.batch};
    if (metrics_report(t, &rep, &why)) {
        buf_str(&c->r->body, "{}");
        ok(c);
    } else {
        t->refused++;
        reply_error(c->r, G_INTERNAL, "failed to exec transaction (add trial metrics %s): %s", p.group, buf_cstr(&why));
    }
    buf_free(&why);
}
