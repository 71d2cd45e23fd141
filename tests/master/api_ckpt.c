/* SPDX-License-Identifier: Apache-2.0
 * Checkpoints: report, read, patch, lists (contract 3.13, 6.5). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "show.h"

static const char *const STATES[] = {"STATE_UNSPECIFIED", "STATE_ACTIVE", "STATE_COMPLETED", "STATE_ERROR", "STATE_DELETED", "STATE_PARTIALLY_DELETED"};
enum { NSTATES = sizeof STATES / sizeof *STATES };

static bool is_uuid(const char *s) {
    if (strlen(s) != 36) return false;
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s[i] != '-' : !strchr("0123456789abcdefABCDEF", s[i])) return false;
    }
    return true;
}

/* map<string,int64>: sizes as numbers or quoted, shown as strings, keys sorted. */
static bool read_resources(call *c, const jval *v, buf *out, int64_t *size) {
    *size = 0;
    buf_str(out, "{");
    if (!get_object(c, v)) return false;
    if (v) json_sort((jval *)(uintptr_t)v);
    for (const jval *k = v ? v->child : NULL; k; k = k->next) {
        char *end;
        long long n = strtoll(k->s, &end, 10);
        if ((k->type != J_NUM && k->type != J_STR) || *end || !*k->s) {
            reply_error(c->r, G_INVALID, "json: cannot unmarshal number %s into Go value of type int64", k->s);
            return false;
        }
        if (out->len > 1) buf_str(out, ",");
        buf_json(out, k->key, k->key_n);
        buf_fmt(out, ":\"%lld\"", n);
        *size += n;
    }
    buf_str(out, "}");
    return true;
}

typedef struct posted {
    const char *uuid, *task;
    const jval *metadata;
    buf resources;
    int64_t size;
    int state, storage;
    usec time;
} posted;

static bool read_posted(call *c, posted *p) {
    const jval *b = c->body;
    p->uuid = p->task = "";
    p->metadata = field(b, "metadata", NULL);
    return get_str(c, field(b, "uuid", NULL), &p->uuid) && get_str(c, field(b, "taskId", "task_id"), &p->task) &&
           get_enum(c, field(b, "state", NULL), STATES, NSTATES, "determined.checkpoint.v1.State", &p->state) &&
           get_int32(c, field(b, "storageId", "storage_id"), &p->storage) &&
           get_time(c, field(b, "reportTime", "report_time"), &p->time) && get_struct(c, (jval *)(uintptr_t)p->metadata) &&
           read_resources(c, field(b, "resources", NULL), &p->resources, &p->size);
}

static trial *by_task(const char *task) {
    for (size_t i = 0; i < db.ntrials; i++)
        if (db.trials[i] && !strcmp(db.trials[i]->task, task)) return db.trials[i];
    return NULL;
}

static bool refused(call *c, const posted *p) {
    if (!is_uuid(p->uuid))
        reply_error(c->r, G_INVALID, "unconvertable checkpoint: rpc error: code = InvalidArgument desc = converting checkpoint: string %s is not a valid uuid", p->uuid);
    else if (p->state != 2 && p->state != 0)
        reply_error(c->r, G_INVALID, "unconvertable checkpoint: only checkpoints in state COMPLETED can be reported");
    else if (!by_task(p->task))
        reply_error(c->r, G_NOT_FOUND, "task '%s' not found", p->task);
    else if (store_checkpoint(p->uuid))
        reply_error(c->r, G_INTERNAL, "error adding checkpoint metadata: inserting checkpoint model: ERROR: duplicate key value violates unique constraint \"checkpoints_v2_uuid_key\" (SQLSTATE 23505)");
    else if (p->storage < 0 || (size_t)p->storage > db.nstorages)
        reply_error(c->r, G_INTERNAL, "error adding checkpoint metadata: inserting checkpoint model: ERROR: insert or update on table \"checkpoints_v2\" violates foreign key constraint \"checkpoints_v2_storage_id_fkey\" (SQLSTATE 23503)");
    else
        return false;
    return true;
}

static void add(const posted *p) {
    db.ckpts = xrealloc(db.ckpts, (db.nckpts + 1) * sizeof *db.ckpts);
    checkpoint *k = &db.ckpts[db.nckpts++];
    const jval *steps = json_get(p->metadata, "steps_completed");
    double d = 0;
    memset(k, 0, sizeof *k);
    for (int i = 0; i < 36; i++) k->uuid[i] = (char)(p->uuid[i] >= 'A' && p->uuid[i] <= 'F' ? p->uuid[i] | 32 : p->uuid[i]);
    k->trial = by_task(p->task)->id;
    k->time = p->time ? p->time : now_us();
    snprintf(k->state, sizeof k->state, "%s", STATES[p->state ? p->state : 2]);
    k->resources = xstrndup(p->resources.p, p->resources.len);
    k->size = p->size;
    k->metadata = p->metadata ? text_of(p->metadata) : xstrndup("{}", 2);
    k->has_steps = json_numeric(steps, &d);
    k->steps = (int)d;
    k->storage = p->storage;
}

void h_post_checkpoint(call *c) {
    posted p = {0};
    if (read_posted(c, &p) && call_auth(c) && !refused(c, &p)) {
        add(&p);
        buf_str(&c->r->body, "{}");
        ok(c);
    }
    buf_free(&p.resources);
}

void h_get_checkpoint(call *c) {
    if (!call_auth(c)) return;
    const checkpoint *k = store_checkpoint(c->name);
    if (!is_uuid(c->name)) {
        reply_error(c->r, G_INTERNAL, "invalid UUID length: %zu", strlen(c->name));
    } else if (!k) {
        reply_error(c->r, G_NOT_FOUND, "checkpoint '%s' not found", c->name);
    } else {
        buf_str(&c->r->body, "{\"checkpoint\":");
        show_checkpoint(&c->r->body, k);
        buf_str(&c->r->body, "}");
        ok(c);
    }
}

/* Empty resources: DELETED (the lists go on showing what it had). Fewer files: PARTIALLY_DELETED. */
void h_patch_checkpoints(call *c) {
    const jval *list = field(c->body, "checkpoints", NULL);
    if (!call_auth(c)) return;
    for (const jval *v = list ? list->child : NULL; v; v = v->next) {
        const char *id = "";
        const jval *res = json_get(json_get(v, "resources"), "resources");
        if (!get_str(c, field(v, "uuid", NULL), &id)) return;
        checkpoint *k = store_checkpoint(id);
        if (!k) {
            reply_error(c->r, G_NOT_FOUND, "checkpoint '%s' not found", id);
            return;
        }
        if (json_get(v, "resources")) snprintf(k->state, sizeof k->state, res && res->child ? "STATE_PARTIALLY_DELETED" : "STATE_DELETED");
    }
    buf_str(&c->r->body, "{}");
    ok(c);
}

/* ---- lists: the in-memory page flavour ---- */

static bool wanted(call *c, const checkpoint *k) {
    const char *s;
    bool any = false;
    for (int i = 0; (s = query(c, "states", NULL, i)); i++) {
        any = true;
        if (!strcmp(s, k->state)) return true;
    }
    return !any;
}

static double metric_of(const checkpoint *k, bool *has) {
    buf b = {0};
    double v = 0;
    show_checkpoint(&b, k);
    const char *at = strstr(buf_cstr(&b), ",\"searcherMetric\":");
    const char *last = NULL;
    for (; at; at = strstr(at + 1, ",\"searcherMetric\":")) last = at;
    *has = last && last[18] != '"';
    if (*has) v = strtod(last + 18, NULL);
    buf_free(&b);
    return v;
}

typedef struct item {
    const checkpoint *k;
    double v;
    bool has, smaller;
    size_t at;
} item;

static int by_metric(const void *x, const void *y) {
    const item *a = x, *b = y;
    if (a->has != b->has) return a->has ? -1 : 1;
    if (a->v != b->v) return (a->v < b->v) == a->smaller ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

static void list(call *c, int only_trial, int only_exp) {
    item *v = xmalloc((db.nckpts + 1) * sizeof *v);
    int n = 0, offset = 0, limit = 0;
    const char *sort = query(c, "sortByAttr", "sort_by_attr", 0);
    if (!query_int32(c, "offset", NULL, &offset) || !query_int32(c, "limit", NULL, &limit)) goto done;
    for (size_t i = 0; i < db.nckpts; i++) {
        const checkpoint *k = &db.ckpts[i];
        const trial *t = store_trial(k->trial);
        if ((only_trial && k->trial != only_trial) || (only_exp && t->experiment != only_exp) || !wanted(c, k)) continue;
        const experiment *e = store_experiment(t->experiment);
        v[n] = (item){.k = k, .smaller = e->smaller_is_better, .at = i};
        v[n].v = metric_of(k, &v[n].has);
        n++;
    }
    if (sort && !strcmp(sort, "SORT_BY_SEARCHER_METRIC")) qsort(v, (size_t)n, sizeof *v, by_metric);
    if (offset > n || offset < -n) {
        reply_error(c->r, G_INVALID, "offset out of bounds");
        goto done;
    }
    int start = offset < 0 ? n + offset : offset, end = limit > 0 && start + limit < n ? start + limit : n;
    buf_str(&c->r->body, "{\"checkpoints\":[");
    for (int i = start; i < end; i++) {
        if (i > start) buf_str(&c->r->body, ",");
        show_checkpoint(&c->r->body, v[i].k);
    }
    page p = {offset, limit, start, end};
    buf_str(&c->r->body, "]");
    page_show(&c->r->body, &p, n);
    buf_str(&c->r->body, "}");
    ok(c);
done:
    free(v);
}

void h_trial_checkpoints(call *c) {
    if (!call_auth(c)) return;
    if (store_trial(c->id)) list(c, (int)c->id, 0);
    else reply_error(c->r, G_NOT_FOUND, "trial '%lld' not found", (long long)c->id);
}

void h_exp_checkpoints(call *c) {
    if (!call_auth(c)) return;
    if (store_experiment(c->id)) list(c, 0, (int)c->id);
    else reply_error(c->r, G_NOT_FOUND, "experiment '%lld' not found", (long long)c->id);
}
