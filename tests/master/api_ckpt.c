/* SPDX-License-Identifier: Apache-2.0
 * Checkpoints: report, read, patch (contract 3.13). */
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
