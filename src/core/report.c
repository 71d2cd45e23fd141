/* SPDX-License-Identifier: Apache-2.0
 * Reporting: one report becomes one record of the outbox, its metrics rendered as JSON; steps, trial and run are stamped
 * at sending (a queued record must not freeze them). No I/O here. */
#include <string.h>

#include "internal.h"
#include "template.h"

enum { GROUP_MOST = 260 };

static det_metric text_metric(const char *name, int type, const char *v) {
    det_metric m;
    m.name = name;
    m.type = type;
    m.value.s = v;
    return m;
}

det_metric det_metric_double(const char *name, double v) {
    det_metric m = {name, DET_METRIC_DOUBLE, {v}};
    return m;
}

det_metric det_metric_int(const char *name, int64_t v) {
    det_metric m;
    m.name = name;
    m.type = DET_METRIC_INT;
    m.value.i = v;
    return m;
}

det_metric det_metric_bool(const char *name, int v) {
    det_metric m;
    m.name = name;
    m.type = DET_METRIC_BOOL;
    m.value.b = v;
    return m;
}

det_metric det_metric_string(const char *name, const char *v) {
    return text_metric(name, DET_METRIC_STRING, v);
}

det_metric det_metric_json(const char *name, const char *json) {
    return text_metric(name, DET_METRIC_JSON, json);
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
    const char *searched; /* the metric that must be a number, or NULL */
    const det_metric *m;
    size_t n;
    int32_t steps;
    uint16_t group_len; /* with its NUL */
    uint8_t part;
} report;

/* Group name with its NUL, then the metrics; what comes before and behind in the body is stamped at sending. What the
 * master would refuse comes before what has no room. */
static int write_record(const report *r, det_json_writer *w) {
    det__literal(w, r->group, r->group_len);
    det_json_object(w);
    for (size_t i = 0; i < r->n; i++) {
        int rc = det__value_metric(&r->m[i], r->searched);
        if (rc != DET_OK) return rc;
        write_metric(w, &r->m[i]);
    }
    det_json_object_end(w);
    return det_json_finish(w);
}

static det__record *find_room(det__core *c, int second, size_t *cap) {
    det__lock(c);
    det__record *rec = det__outbox_room(det__inbox(c), second, cap);
    det__unlock(c);
    return rec;
}

/* Hand a written record to the engine. */
static int commit(det__core *c, const report *r, det__record *rec, size_t len) {
    rec->steps = r->steps;
    rec->group_len = r->group_len;
    rec->part = r->part;
    rec->when = det__now(c);
    det__record_seal(rec, len);
    det__lock(c);
    int rc = det__has_spool(c) ? DET_OK : det__deliver_order(c, r->part, r->steps);
    if (rc == DET_OK) {
        det__outbox_commit(det__inbox(c), rec, len);
        c->stats.queued++;
        if (r->part != DET__PROFILING && !det__has_spool(c)) {
            if (r->steps < c->newest_step) c->unsorted = 1;
            c->newest_step = r->steps;
        }
    }
    det__unlock(c);
    return rc;
}

/* What is only kept yields first, then what the caller chose. */
static int make_room(det__core *c, const report *r, size_t len) {
    det__lock(c);
    int made = !det__has_spool(c) && det__deliver_yield(c);
    if (DET_POLICIES && !made) made = det__policy_drop(c, r->group, r->group_len, len);
    det__unlock(c);
    return made;
}

static int is_full(det__core *c) {
    if (DET_POLICIES && c->opt.when_full == DET_DROP_NEWEST) {
        c->stats.dropped_newest++;
        return DET_OK;
    }
    c->stats.full++;
    return DET_E_SPACE;
}

static int queue(det__core *c, const report *r) {
    det_json_writer w;
    do {
        for (int second = 0; second < 2; second++) {
            size_t cap;
            det__record *rec = find_room(c, second, &cap);
            det_json_write_init(&w, rec ? (char *)(rec + 1) : NULL, cap, DET_JSON_STRICT_UTF8);
            int rc = write_record(r, &w);
            if (rc == DET_OK) return commit(c, r, rec, w.len);
            if (rc != DET_E_SIZE) return rc;
        }
        if (w.len > det__inbox(c)->cap - sizeof(det__record)) return DET_E_SIZE;
    } while (make_room(c, r, w.len));
    return is_full(c);
}

/* The name is quoted in the request's small part when it is sent: not only its bytes have a limit. */
static int check_group(const char *group, size_t len) {
    det_json_writer w;
    det_json_write_init(&w, NULL, 0, DET_JSON_STRICT_UTF8);
    det_json_string_n(&w, group, len);
    return w.err != DET_OK ? w.err : w.len <= GROUP_MOST ? DET_OK : DET_E_GROUP;
}

static int add(det__core *c, const char *group, int64_t steps, const det_metric *m, size_t n) {
    int len = det__value_group(group);
    report r = {group, NULL, m, n, (int32_t)steps, (uint16_t)(len + 1), 0};
    if (len < 0) return len;
    int rc = check_group(group, (size_t)len);
    if (rc != DET_OK) return rc;
    if ((uint64_t)steps > INT32_MAX) return DET_E_STEPS;
    if (n && !m) return DET_E_ARG;
    r.part = det__value_part(group);
    if (r.part == DET__VALIDATION) r.searched = c->searched;
    return queue(c, &r);
}

static int check_runs(const det_core *core) {
    const det__core *c = det__core_of_const(core);
    if (!core) return DET_E_ARG;
    if (!det__core_opened(core) || !c->opt.port) return DET_E_STATE;
    det__lock(c);
    int state = c->state;
    det__unlock(c);
    return state == DET__RUNNING ? DET_OK : DET_E_STATE;
}

/* The sentence about the last failure belongs to the thread that steps: beside it a report has its code alone. */
static int refuse(det_core *core, int rc) {
    return det__has_lock(det__core_of_const(core)) ? rc : det__core_fail(core, rc);
}

int det_report_metrics(det_core *core, const char *group, int64_t steps, const det_metric *m, size_t n) {
    int rc = group ? check_runs(core) : DET_E_ARG;
    if (rc != DET_OK) return rc;
    rc = add(det__core_of(core), group, steps, m, n);
    return rc == DET_OK ? rc : refuse(core, rc);
}

int det_report_training_metrics(det_core *core, int64_t steps, const det_metric *m, size_t n) {
    return det_report_metrics(core, "training", steps, m, n);
}

int det_report_validation_metrics(det_core *core, int64_t steps, const det_metric *m, size_t n) {
    return det_report_metrics(core, "validation", steps, m, n);
}

/* 0 to 1, by its bits: no floating-point arithmetic. */
static int is_fraction(double d) {
    const uint64_t one = UINT64_C(0x3FF0000000000000), minus_zero = UINT64_C(1) << 63;
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits <= one || bits == minus_zero;
}

int det_report_progress(det_core *core, double progress) {
    int rc = check_runs(core);
    if (rc != DET_OK) return rc;
    det__core *c = det__core_of(core);
    if (!is_fraction(progress)) return det__core_fail(core, DET_E_VALUE);
    c->progress = progress;
    c->progress_due = 1;
    return DET_OK;
}
