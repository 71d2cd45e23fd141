/* SPDX-License-Identifier: Apache-2.0
 * Reporting: one report becomes one record of the outbox, rendered as the body that will be sent but for its start with
 * steps, trial and run, which is stamped at sending (a queued record must not freeze them). No I/O here. */
#include <string.h>

#include "../session/fail.h"
#include "internal.h"

static const char training[] = "training";
static const char validation[] = "validation";

det_metric det_metric_double(const char *name, double v) {
    det_metric m = {name, DET_METRIC_DOUBLE, {v}};
    return m;
}

det_metric det_metric_int(const char *name, int64_t v) {
    det_metric m = {name, DET_METRIC_INT, {0}};
    m.value.i = v;
    return m;
}

det_metric det_metric_bool(const char *name, int v) {
    det_metric m = {name, DET_METRIC_BOOL, {0}};
    m.value.b = v;
    return m;
}

det_metric det_metric_string(const char *name, const char *v) {
    det_metric m = {name, DET_METRIC_STRING, {0}};
    m.value.s = v;
    return m;
}

det_metric det_metric_json(const char *name, const char *json) {
    det_metric m = {name, DET_METRIC_JSON, {0}};
    m.value.s = json;
    return m;
}

static void write_metric(det_json_writer *w, const det_metric *m) {
    det_json_key(w, m->name);
    switch (m->type) {
    case DET_METRIC_DOUBLE:
        det_json_double(w, m->value.d);
        break;
    case DET_METRIC_INT:
        det_json_int(w, m->value.i);
        break;
    case DET_METRIC_BOOL:
        det_json_bool(w, m->value.b);
        break;
    case DET_METRIC_STRING:
        det_json_string(w, m->value.s);
        break;
    default:
        det_json_raw(w, m->value.s, strlen(m->value.s));
    }
}

typedef struct report {
    const char *group;
    size_t group_len;
    const det_metric *m;
    size_t n;
    int32_t steps;
} report;

/* Group name with its NUL, then the metrics and the rest of the body behind them (contract 3.7); what comes before is
 * stamped at sending. *len: what it takes, or would take. */
static int write_record(const report *r, char *room, size_t cap, size_t *len) {
    det_json_writer w;
    size_t name = r->group_len + 1, used = name < cap ? name : cap;
    if (used) memcpy(room, r->group, used);
    det_json_write_init(&w, room ? room + used : NULL, cap - used, DET_JSON_STRICT_UTF8);
    det_json_object(&w);
    for (size_t i = 0; i < r->n; i++) write_metric(&w, &r->m[i]);
    det_json_object_end(&w);
    det_json_object_end(&w);
    det_json_object_end(&w);
    det_json_key(&w, "group");
    det_json_string_n(&w, r->group, r->group_len);
    det_json_object_end(&w);
    *len = name + w.len;
    int rc = det_json_finish(&w);
    return rc == DET_OK && *len > cap ? DET_E_SIZE : rc;
}

static int queue(det__core *c, const report *r) {
    det__record rec = {0};
    size_t cap = 0, len = 0, most = c->outbox.cap - sizeof(det__record) - 8;
    rec.steps = r->steps;
    rec.group_len = (uint16_t)(r->group_len + 1);
    for (int second = 0; second < 2; second++) {
        char *room = (char *)det__outbox_room(&c->outbox, second, &cap);
        int rc = write_record(r, room, room ? cap : 0, &len);
        if (rc != DET_OK && rc != DET_E_SIZE) return rc;
        if (rc == DET_OK) {
            det__outbox_commit(&c->outbox, room, &rec, len);
            c->stats.queued++;
            return DET_OK;
        }
    }
    if (len > most) return DET_E_SIZE;
    c->stats.full++;
    return DET_E_SPACE;
}

/* Which metric must be a number: the searcher's, in validation. NULL if it is not known (a whole config was given). */
static const char *searcher_metric(const det__core *c) {
    if (c->opt.searcher_metric || c->opt.config) return c->opt.searcher_metric;
    return "unmanaged";
}

static int check(const det__core *c, const report *r, int64_t steps) {
    const char *searched = r->group_len == sizeof validation - 1 && !memcmp(r->group, validation, r->group_len)
                               ? searcher_metric(c)
                               : NULL;
    if (steps < 0 || steps > INT32_MAX) return DET_E_STEPS;
    if (r->n && !r->m) return DET_E_ARG;
    for (size_t i = 0; i < r->n; i++) {
        const char *name = r->m[i].name;
        int needs = searched && name && strlen(name) == strlen(searched) && !memcmp(name, searched, strlen(name));
        int rc = det__value_metric(&r->m[i], needs);
        if (rc != DET_OK) return rc;
    }
    return DET_OK;
}

static int add(det_core *core, const char *group, int64_t steps, const det_metric *m, size_t n) {
    det__core *c = det__core_of(core);
    report r = {group, strlen(group), m, n, (int32_t)steps};
    if (c->state != DET__RUNNING) return DET_E_STATE;
    int rc = check(c, &r, steps);
    if (rc == DET_OK) rc = queue(c, &r);
    return rc == DET_OK ? rc : det__session_fail(&core->session, rc, DET_STAGE_NONE, 0);
}

int det_report_training_metrics(det_core *core, int64_t steps, const det_metric *m, size_t n) {
    return core ? add(core, training, steps, m, n) : DET_E_ARG;
}

int det_report_validation_metrics(det_core *core, int64_t steps, const det_metric *m, size_t n) {
    return core ? add(core, validation, steps, m, n) : DET_E_ARG;
}

int det_report_metrics(det_core *core, const char *group, int64_t steps, const det_metric *m, size_t n) {
    if (!core || !group) return DET_E_ARG;
    int rc = det__value_group(group);
    return rc == DET_OK ? add(core, group, steps, m, n) : det__session_fail(&core->session, rc, DET_STAGE_NONE, 0);
}

int det_report_progress(det_core *core, double progress) {
    if (!core) return DET_E_ARG;
    det__core *c = det__core_of(core);
    if (c->state != DET__RUNNING) return DET_E_STATE;
    if (det__value_progress(progress) != DET_OK)
        return det__session_fail(&core->session, DET_E_VALUE, DET_STAGE_NONE, 0);
    c->progress = progress;
    c->progress_due = 1;
    return DET_OK;
}
