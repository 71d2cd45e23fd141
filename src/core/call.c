/* SPDX-License-Identifier: Apache-2.0
 * Every call the core makes, in one table: what is sent and what is taken from its answer (contract 2.2, 3.2 to 3.8).
 * Decides nothing about when; that is engine.c. */
#include <string.h>

#include "../base/wipe.h"
#include "../session/fail.h"
#include "internal.h"
#include "template.h"

enum { LOGIN_MS = 60000 }; /* bcrypt costs a master about two seconds, more under load */

typedef struct row {
    const char *method;
    const char *path; /* templates: see template.h for what stands behind an @ */
    const char *body;
    uint8_t replay;
} row;

#define TRIAL "/api/v1/trials/@t"
#define CREATE_TRIAL "{\"experimentId\":@e,\"hparams\":@h,\"unmanaged\":true}"

/* A lost StartTrial costs a run id, a lost login a token: repeating them changes nothing that matters. */
static const row rows[] = {
    {"POST", "/api/v1/auth/login", "{\"username\":@u,\"password\":@p,\"isHashed\":true}", DET_REPLAY_SAFE},
    {"POST", "/api/v1/experiments", "{\"config\":@c,\"unmanaged\":true}", DET_REPLAY_ONCE},
    {"POST", "/api/v1/trials", CREATE_TRIAL, DET_REPLAY_ONCE},
    {"GET", "/api/v1/master", NULL, DET_REPLAY_SAFE},
    {"POST", TRIAL "/start", "{\"trialId\":@t,\"resume\":true}", DET_REPLAY_SAFE},
    {"POST", "/api/v1/runs/start", "{\"runId\":@t,\"checkpointStorage\":@s}", DET_REPLAY_SAFE},
    {"PATCH", TRIAL, "{\"trialId\":@t,\"state\":\"STATE_RUNNING\"}", DET_REPLAY_SAFE},
    {"PATCH", TRIAL, "{\"trialId\":@t}", DET_REPLAY_SAFE},
    {"POST", TRIAL "/metrics",
     "{\"metrics\":{\"stepsCompleted\":@i,\"trialId\":@t,\"trialRunId\":@r,\"metrics\":{\"avgMetrics\":", DET_REPLAY_ONCE},
    {"POST", TRIAL "/progress", "{\"progress\":@g,\"is_raw\":true}", DET_REPLAY_SAFE},
    {"PATCH", TRIAL, "{\"trialId\":@t,\"state\":\"STATE_@k\"}", DET_REPLAY_SAFE},
    /* the same with external ids, safe to repeat */
    {"PUT", "/api/v1/experiments/by-external-id/@X", "{\"config\":@c,\"unmanaged\":true}", DET_REPLAY_SAFE},
    {"PUT", "/api/v1/trials", "{\"createTrialRequest\":" CREATE_TRIAL ",\"externalTrialId\":@x}", DET_REPLAY_SAFE},
};

static const row *row_of(const det__core *c, int call) {
    if (call == DET__CALL_EXPERIMENT && c->opt.external_experiment_id) return &rows[DET__CALL_NONE];
    if (call == DET__CALL_TRIAL && c->opt.external_trial_id) return &rows[DET__CALL_NONE + 1];
    return &rows[call];
}

/* ---- answers ------------------------------------------------------------------------------------------------------- */

#define FIELD(name) offsetof(det_run_info, name), sizeof(((det_run_info *)0)->name)

/* What is taken from which answer. The first value of a call must be there, the others may be absent (contract 0.2). */
static const struct taken {
    uint8_t call, kind;
    uint16_t offset, cap;
    const char *path;
} taken[] = {
    {DET__CALL_EXPERIMENT, DET__PICK_INT64, FIELD(experiment_id), "experiment.id"},
    {DET__CALL_TRIAL, DET__PICK_INT64, FIELD(trial_id), "trial.id"},
    {DET__CALL_TRIAL, DET__PICK_TEXT, FIELD(task_id), "trial.taskId"},
    {DET__CALL_MASTER, DET__PICK_TEXT, FIELD(cluster_id), "clusterId"},
    {DET__CALL_START, DET__PICK_INT64, FIELD(trial_run_id), "trialRunId"},
    {DET__CALL_START, DET__PICK_INT64, FIELD(steps_completed), "stepsCompleted"},
    {DET__CALL_START, DET__PICK_TEXT, FIELD(latest_checkpoint), "latestCheckpoint"},
    {DET__CALL_PREPARE, DET__PICK_INT64, FIELD(storage_id), "storageId"},
};

static void pick(det__core *c, const char *path, int kind, void *dst, size_t cap) {
    det__pick *p = &c->picks[c->picks_used++];
    p->path = path;
    p->kind = (uint8_t)kind;
    p->dst = dst;
    p->cap = cap;
}

static void pick_for(det__core *c, int call) {
    c->picks_used = 0;
    if (call == DET__CALL_LOGIN) pick(c, "token", DET__PICK_TEXT, c->scratch + DET__TOKEN_AT, DET__SCRATCH - DET__TOKEN_AT);
    for (size_t i = 0; i < sizeof taken / sizeof taken[0]; i++)
        if (taken[i].call == call)
            pick(c, taken[i].path, taken[i].kind, (char *)&c->run + taken[i].offset, taken[i].cap);
    if (c->picks_used) det__picker_init(&c->picker, c->picks, c->picks_used);
}

static int sink(void *ctx, const det_response *r, const void *data, size_t len) {
    det__core *c = (det__core *)ctx;
    if (r->status >= 300 || !c->picks_used) return DET_OK;
    return det__picker_feed(&c->picker, data, len) == DET_OK ? DET_OK : DET_E_MASTER;
}

int det__call_taken(det_core *core, int call) {
    det__core *c = det__core_of(core);
    int rc = DET_OK;
    if (c->picks_used && det__picker_end(&c->picker) != DET_OK) rc = DET_E_MASTER;
    if (call <= DET__CALL_START && c->picks[0].found != DET__PICK_STORED) rc = DET_E_MASTER;
    if (rc == DET_OK && call == DET__CALL_LOGIN) rc = det_session_set_token(&core->session, c->scratch + DET__TOKEN_AT);
    return rc == DET_OK ? rc : det__session_fail(&core->session, rc, DET_STAGE_HTTP, 0);
}

/* ---- requests ------------------------------------------------------------------------------------------------------ */

/* A report's body: what was stamped for the run that sends it, then the record. */
static int metrics_source(void *ctx, size_t at, void *buf, size_t len) {
    const det__core *c = (const det__core *)ctx;
    const char *payload = NULL;
    const det__record *r = det__outbox_first(&c->outbox, &payload);
    size_t stamp = strlen(c->stamp), n = 0;
    if (at < stamp) {
        n = stamp - at < len ? stamp - at : len;
        memcpy(buf, c->stamp + at, n);
        at += n;
    }
    if (n < len) memcpy((char *)buf + n, payload + r->group_len + (at - stamp), len - n);
    return DET_OK;
}

/* Where path and body are written: while opening, the outbox is empty and serves; later only small places do. */
static char *room(det__core *c, int call, size_t *cap) {
    *cap = sizeof c->small;
    if (call > DET__CALL_PREPARE) return c->small;
    *cap = c->state == DET__OPENING_RUN ? c->outbox.cap : DET__TOKEN_AT;
    return c->state == DET__OPENING_RUN ? (char *)c->outbox.mem : c->scratch;
}

static int fill(det__core *c, int call, det_request *q) {
    const row *r = row_of(c, call);
    size_t cap, path_len;
    char *buf = room(c, call, &cap);
    int rc = det__template(c, r->path, buf, cap, &path_len);
    q->method = r->method;
    q->path = buf;
    q->replay = r->replay;
    if (rc != DET_OK || !r->body) return rc;
    q->body = buf + path_len + 1;
    rc = det__template(c, r->body, buf + path_len + 1, cap - path_len - 1, &q->body_len);
    if (call != DET__CALL_METRICS) return rc;
    const char *payload;
    const det__record *rec = det__outbox_first(&c->outbox, &payload);
    c->stamp = (const char *)q->body;
    q->body = NULL;
    q->source = metrics_source;
    q->source_ctx = c;
    q->body_len += rec->len - rec->group_len;
    return rc;
}

int det__call_start(det_core *core, int call) {
    det__core *c = det__core_of(core);
    det_request q;
    memset(&q, 0, sizeof q);
    int rc = fill(c, call, &q);
    if (rc != DET_OK) return det__session_fail(&core->session, rc, DET_STAGE_NONE, 0);
    q.sink = sink;
    q.sink_ctx = c;
    if (call == DET__CALL_LOGIN) q.silence_ms = LOGIN_MS;
    pick_for(c, call);
    return det_session_start(&core->session, &q);
}
