/* SPDX-License-Identifier: Apache-2.0
 * Every call the core makes: what is sent, and what is taken from its answer (contract 2.2, 3.2 to 3.8). Decides
 * nothing about when; that is engine.c. */
#include <string.h>

#include "../base/out.h"
#include "../base/wipe.h"
#include "../session/fail.h"
#include "internal.h"
#include "login.h"

enum { LOGIN_MS = 60000 }; /* bcrypt costs a master about two seconds, more under load */

/* A body under construction in memory that is free at this moment. */
typedef struct body {
    char *buf;
    size_t cap;
} body;

/* While opening, the outbox is empty and its memory serves; later only the small scratch does. */
static body scratch(det__core *c) {
    body b = {c->scratch, DET__SCRATCH_MIN};
    if (!c->outbox.count && c->state == DET__OPENING_RUN) b.buf = (char *)c->outbox.mem, b.cap = c->outbox.cap;
    return b;
}

static int sink(void *ctx, const det_response *r, const void *data, size_t len) {
    det__core *c = (det__core *)ctx;
    if (r->status >= 300 || !c->picks_used) return DET_OK;
    return det__picker_feed(&c->picker, data, len) == DET_OK ? DET_OK : DET_E_MASTER;
}

/* ---- what to take from answers ----------------------------------------------------------------------------------- */

static void pick(det__core *c, const char *path, int kind, void *dst, size_t cap) {
    det__pick *p = &c->picks[c->picks_used++];
    memset(p, 0, sizeof *p);
    p->path = path;
    p->kind = (uint8_t)kind;
    p->dst = dst;
    p->cap = cap;
}

static void pick_int(det__core *c, const char *path, int64_t *dst) {
    pick(c, path, DET__PICK_INT64, dst, sizeof *dst);
}

static void pick_text(det__core *c, const char *path, char *dst, size_t cap) {
    pick(c, path, DET__PICK_TEXT, dst, cap);
}

static void pick_for(det__core *c, int call) {
    det_run_info *run = &c->run;
    c->picks_used = 0;
    if (call == DET__CALL_LOGIN) pick_text(c, "token", c->scratch, DET__SCRATCH_MIN);
    if (call == DET__CALL_EXPERIMENT) pick_int(c, "experiment.id", &run->experiment_id);
    if (call == DET__CALL_TRIAL) {
        pick_int(c, "trial.id", &run->trial_id);
        pick_text(c, "trial.taskId", run->task_id, sizeof run->task_id);
    }
    if (call == DET__CALL_MASTER) pick_text(c, "clusterId", run->cluster_id, sizeof run->cluster_id);
    if (call == DET__CALL_START) {
        pick_int(c, "trialRunId", &run->trial_run_id);
        pick_int(c, "stepsCompleted", &run->steps_completed);
        pick_text(c, "latestCheckpoint", run->latest_checkpoint, sizeof run->latest_checkpoint);
    }
    if (call == DET__CALL_PREPARE) pick_int(c, "storageId", &run->storage_id);
    if (c->picks_used) det__picker_init(&c->picker, c->picks, c->picks_used);
}

/* The first pick of these answers must be there; the others may be absent (contract 0.2). */
static int first_required(int call) {
    return call <= DET__CALL_START;
}

int det__call_taken(det_core *core, int call) {
    det__core *c = det__core_of(core);
    int rc = c->picks_used ? det__picker_end(&c->picker) : DET_OK;
    if (rc == DET_OK && first_required(call) && c->picks[0].found != 1) rc = DET_E_MASTER;
    if (rc == DET_OK && call == DET__CALL_LOGIN) {
        rc = det_session_set_token(&core->session, c->scratch);
        det__wipe(c->scratch, DET__SCRATCH_MIN);
    }
    return rc == DET_OK ? rc : det__session_fail(&core->session, rc == DET_E_JSON ? DET_E_MASTER : rc, DET_STAGE_HTTP, 0);
}

/* ---- bodies ------------------------------------------------------------------------------------------------------ */

static void key_text(det_json_writer *w, const char *key, const char *text) {
    det_json_key(w, key);
    det_json_string(w, text);
}

static void key_raw(det_json_writer *w, const char *key, const char *json) {
    det_json_key(w, key);
    if (json)
        det_json_raw(w, json, strlen(json));
    else
        det_json_null(w);
}

static void key_int(det_json_writer *w, const char *key, int64_t v) {
    det_json_key(w, key);
    det_json_int(w, v);
}

static void key_true(det_json_writer *w, const char *key) {
    det_json_key(w, key);
    det_json_bool(w, 1);
}

static void write_login(const det__core *c, det_json_writer *w) {
    char hash[129];
    det__login_hash(c->opt.password ? c->opt.password : "", hash);
    det_json_object(w);
    key_text(w, "username", c->opt.user ? c->opt.user : "determined");
    key_text(w, "password", hash);
    key_true(w, "isHashed");
    det_json_object_end(w);
    det__wipe(hash, sizeof hash);
}

/* The configuration, a JSON text (contract 3.1: the master takes it as YAML). */
static void write_config(const det__core *c, det_json_writer *w, const char *made_name) {
    det_json_object(w);
    if (c->opt.checkpoint_storage) key_raw(w, "checkpoint_storage", c->opt.checkpoint_storage);
    if (c->opt.description) key_text(w, "description", c->opt.description);
    key_text(w, "name", c->opt.name ? c->opt.name : made_name);
    if (c->opt.workspace) key_text(w, "workspace", c->opt.workspace);
    if (c->opt.project) key_text(w, "project", c->opt.project);
    det_json_key(w, "searcher");
    det_json_object(w);
    key_text(w, "name", "single");
    key_text(w, "metric", c->opt.searcher_metric ? c->opt.searcher_metric : "unmanaged");
    det_json_object_end(w);
    det_json_object_end(w);
}

/* unmanaged-XXXXXXXX, as the harness names what has no name. */
static int make_name(const det__core *c, char name[20]) {
    static const char digits[] = "0123456789abcdef";
    uint8_t r[4];
    const det_port *p = c->opt.port;
    if (!DET_PORT_HAS(p, entropy) || p->entropy(p->ctx, r, sizeof r) != DET_OK) return DET_E_ENTROPY;
    memcpy(name, "unmanaged-", 10);
    for (unsigned i = 0; i < 8; i++) name[10 + i] = digits[r[i / 2] >> (i & 1 ? 0 : 4) & 15];
    name[18] = 0;
    return DET_OK;
}

/* The config is a string inside JSON: rendered at the end of the scratch, then quoted at its start. */
static int write_experiment(det__core *c, body *b, size_t *len) {
    char name[20] = "";
    const char *config = c->opt.config;
    size_t config_len = config ? strlen(config) : 0, half = b->cap / 2;
    if (!config) {
        det_json_writer inner;
        if (!c->opt.name && make_name(c, name) != DET_OK) return DET_E_ENTROPY;
        det_json_write_init(&inner, b->buf + half, b->cap - half, DET_JSON_STRICT_UTF8);
        write_config(c, &inner, name);
        if (det_json_finish(&inner) != DET_OK) return det_json_finish(&inner);
        config = b->buf + half;
        config_len = inner.len;
        b->cap = half;
    }
    det_json_writer w;
    det_json_write_init(&w, b->buf, b->cap, DET_JSON_STRICT_UTF8);
    det_json_object(&w);
    det_json_key(&w, "config");
    det_json_string_n(&w, config, config_len);
    key_true(&w, "unmanaged");
    det_json_object_end(&w);
    *len = w.len;
    return det_json_finish(&w);
}

static void write_trial_inner(const det__core *c, det_json_writer *w) {
    det_json_object(w);
    key_int(w, "experimentId", c->run.experiment_id);
    key_raw(w, "hparams", c->opt.hparams);
    key_true(w, "unmanaged");
    det_json_object_end(w);
}

static void write_trial(const det__core *c, det_json_writer *w) {
    if (!c->opt.external_trial_id) {
        write_trial_inner(c, w);
        return;
    }
    det_json_object(w);
    det_json_key(w, "createTrialRequest");
    write_trial_inner(c, w);
    key_text(w, "externalTrialId", c->opt.external_trial_id);
    det_json_object_end(w);
}

static void write_state(const det__core *c, det_json_writer *w, const char *state) {
    det_json_object(w);
    key_int(w, "trialId", c->run.trial_id);
    if (state) key_text(w, "state", state);
    det_json_object_end(w);
}

static void write_small(const det__core *c, det_json_writer *w, int call) {
    if (call == DET__CALL_RUNNING) write_state(c, w, "STATE_RUNNING");
    if (call == DET__CALL_HEARTBEAT) write_state(c, w, NULL);
    if (call == DET__CALL_TERMINAL) write_state(c, w, c->terminal == DET_ERROR ? "STATE_ERROR" : "STATE_COMPLETED");
    if (call != DET__CALL_START && call != DET__CALL_PROGRESS) return;
    det_json_object(w);
    if (call == DET__CALL_START) {
        key_int(w, "trialId", c->run.trial_id);
        key_true(w, "resume"); /* anything else is always refused (contract 3.5) */
    } else {
        det_json_key(w, "progress");
        det_json_double(w, c->progress);
        key_true(w, "is_raw");
    }
    det_json_object_end(w);
}

static int write_body(det__core *c, int call, det_request *q) {
    int small = call >= DET__CALL_START && call != DET__CALL_PREPARE;
    body b = {c->small, sizeof c->small};
    if (!small) b = scratch(c);
    size_t len = 0;
    int rc = DET_OK;
    if (call == DET__CALL_EXPERIMENT) {
        rc = write_experiment(c, &b, &len);
    } else {
        det_json_writer w;
        det_json_write_init(&w, b.buf, b.cap, DET_JSON_STRICT_UTF8);
        if (call == DET__CALL_LOGIN) write_login(c, &w);
        if (call == DET__CALL_TRIAL) write_trial(c, &w);
        if (call == DET__CALL_PREPARE) {
            det_json_object(&w);
            key_int(&w, "runId", c->run.trial_id);
            key_raw(&w, "checkpointStorage", c->opt.checkpoint_storage);
            det_json_object_end(&w);
        }
        if (small) write_small(c, &w, call);
        len = w.len;
        rc = det_json_finish(&w);
    }
    q->body = b.buf;
    q->body_len = len;
    return rc;
}

/* A report's body: what is stamped for the run that sends it, then the record. */
static int metrics_source(void *ctx, uint64_t offset, void *buf, size_t len) {
    const det__core *c = (const det__core *)ctx;
    const char *payload = NULL;
    const det__record *r = det__outbox_first(&c->outbox, &payload);
    size_t stamp = strlen(c->small), at = (size_t)offset, n = 0;
    if (at < stamp) {
        n = stamp - at < len ? stamp - at : len;
        memcpy(buf, c->small + at, n);
        at += n;
    }
    if (n < len) memcpy((char *)buf + n, payload + r->group_len + (at - stamp), len - n);
    return DET_OK;
}

static void stamp_metrics(det__core *c, det_request *q) {
    const char *payload = NULL;
    const det__record *r = det__outbox_first(&c->outbox, &payload);
    det__out o;
    det__out_init(&o, c->small, sizeof c->small);
    det__out_str(&o, "{\"metrics\":{\"stepsCompleted\":");
    det__out_i64(&o, r->steps);
    det__out_str(&o, ",\"trialId\":");
    det__out_i64(&o, c->run.trial_id);
    det__out_str(&o, ",\"trialRunId\":");
    det__out_i64(&o, c->run.trial_run_id);
    det__out_str(&o, ",\"metrics\":{\"avgMetrics\":");
    det__out_ch(&o, 0);
    q->source = metrics_source;
    q->source_ctx = c;
    q->body_len = o.len - 1 + r->len - r->group_len;
}

/* ---- paths ------------------------------------------------------------------------------------------------------- */

static void put_escaped(det__out *o, const char *s) {
    static const char digits[] = "0123456789ABCDEF";
    for (; *s; s++) {
        unsigned ch = (unsigned char)*s;
        int plain = (ch >= '0' && ch <= '9') || ((ch | 32) >= 'a' && (ch | 32) <= 'z') || ch == '-' || ch == '_' ||
                    ch == '.' || ch == '~';
        if (plain) {
            det__out_ch(o, (char)ch);
        } else {
            det__out_ch(o, '%');
            det__out_ch(o, digits[ch >> 4]);
            det__out_ch(o, digits[ch & 15]);
        }
    }
}

static void put_path(const det__core *c, det__out *o, int call) {
    static const char *const fixed[] = {"/api/v1/auth/login", "/api/v1/experiments", "/api/v1/trials", "/api/v1/master",
                                        NULL, "/api/v1/runs/start"};
    if (call == DET__CALL_EXPERIMENT && c->opt.external_experiment_id) {
        det__out_str(o, "/api/v1/experiments/by-external-id/");
        put_escaped(o, c->opt.external_experiment_id);
    } else if (call <= DET__CALL_PREPARE && fixed[call]) {
        det__out_str(o, fixed[call]);
    } else {
        det__out_str(o, "/api/v1/trials/");
        det__out_i64(o, c->run.trial_id);
        if (call == DET__CALL_START) det__out_str(o, "/start");
        if (call == DET__CALL_METRICS) det__out_str(o, "/metrics");
        if (call == DET__CALL_PROGRESS) det__out_str(o, "/progress");
    }
}

static const char *method(const det__core *c, int call) {
    if (call == DET__CALL_MASTER) return "GET";
    if (call == DET__CALL_EXPERIMENT && c->opt.external_experiment_id) return "PUT";
    if (call == DET__CALL_TRIAL && c->opt.external_trial_id) return "PUT";
    return call == DET__CALL_RUNNING || call == DET__CALL_HEARTBEAT || call == DET__CALL_TERMINAL ? "PATCH" : "POST";
}

/* Repeating these changes nothing that matters: a lost StartTrial costs one run id, a lost login one token. */
static int replay(int call) {
    int once = call == DET__CALL_EXPERIMENT || call == DET__CALL_TRIAL || call == DET__CALL_METRICS;
    return once ? DET_REPLAY_AUTO : DET_REPLAY_SAFE;
}

int det__call_start(det_core *core, int call) {
    det__core *c = det__core_of(core);
    det_request q = {0};
    det__out o;
    int rc = DET_OK;
    if (call == DET__CALL_METRICS)
        stamp_metrics(c, &q);
    else if (call != DET__CALL_MASTER)
        rc = write_body(c, call, &q);
    /* A long external id has its path rendered behind its body; everything else fits the small buffer. */
    det__out_init(&o, c->path, sizeof c->path - 1);
    if (call == DET__CALL_EXPERIMENT && c->opt.external_experiment_id)
        det__out_init(&o, (char *)c->outbox.mem + q.body_len, c->outbox.cap - (size_t)q.body_len);
    put_path(c, &o, call);
    det__out_ch(&o, 0);
    if (rc == DET_OK && !det__out_ok(&o)) rc = DET_E_SIZE;
    if (rc != DET_OK) return det__session_fail(&core->session, rc, DET_STAGE_NONE, 0);
    q.method = method(c, call);
    q.path = o.buf;
    q.sink = sink;
    q.sink_ctx = c;
    q.replay = replay(call);
    if (call == DET__CALL_LOGIN) q.silence_ms = LOGIN_MS;
    pick_for(c, call);
    return det_session_start(&core->session, &q);
}
