/* SPDX-License-Identifier: Apache-2.0
 * Every call the core makes: what is sent and what is taken from its answer (contract 2.2, 3.2 to 3.8). Decides nothing
 * about when; that is engine.c. */
#include <string.h>

#include "../session/fail.h"
#include "internal.h"
#include "template.h"

enum { LOGIN_MS = 60000 }; /* bcrypt costs a master about two seconds, more under load */

/* ---- requests ------------------------------------------------------------------------------------------------------ */

/* The configuration with the harness's keys (contract 3.1), then method, path and body of each call in the order of
 * enum det__call, with a space between them. template.h says what stands behind an @. */
enum { CONFIG = DET__CALL_NONE };
static const char texts[] =
    "{\"checkpoint_storage\":@s,\"description\":@d,\"name\":@n,\"project\":@o,"
    "\"searcher\":{\"metric\":@m,\"name\":\"single\"},\"workspace\":@w}\0"
    "POST@/auth/login {\"username\":@u,\"password\":@p,\"isHashed\":true}\0"
    "@M@/experiments@E/by-external-id/@X@. {\"config\":@c,\"unmanaged\":true}\0"
    "@N@/trials @F{\"createTrialRequest\":@.{\"experimentId\":@e,\"hparams\":@h,\"unmanaged\":true}"
    "@F,\"externalTrialId\":@x}@.\0"
    "GET@/master \0"
    "POST@T/start {\"trialId\":@t,\"resume\":true}\0"
    "POST@/runs/start {\"runId\":@t,\"checkpointStorage\":@s}\0"
    "PATCH@T {\"trialId\":@t,\"state\":\"STATE_@k\"}\0"
    "PATCH@T {\"trialId\":@t}\0"
    "POST@T/metrics {\"metrics\":{\"stepsCompleted\":@i,\"trialId\":@t,\"trialRunId\":@r,\"metrics\":{\"avgMetrics\":\0"
    "POST@T/progress {\"progress\":@g,\"is_raw\":true}";

/* May be sent again as their method says. Repeating the others changes nothing that matters: a lost StartTrial costs a
 * run id, a lost login a token. */
enum { BY_METHOD = 1 << DET__CALL_EXPERIMENT | 1 << DET__CALL_TRIAL | 1 << DET__CALL_METRICS };

/* A report's body: what is stamped for the run that sends it, then the record's payload behind its group. */
static int report_source(void *ctx, size_t at, void *buf, size_t len) {
    const det__core *c = (const det__core *)ctx;
    char *to = (char *)buf;
    for (; len--; at++) *to++ = at < c->stamp_len ? c->stamp[at] : c->payload[at - c->stamp_len];
    return DET_OK;
}

static void take_report(det__core *c) {
    const det__record *r = det__outbox_first(&c->outbox);
    c->steps = r->steps;
    c->payload = (const char *)(r + 1) + r->group_len;
    c->payload_len = r->len - r->group_len;
}

static void add_report(det__core *c, det_request *q) {
    c->stamp = (const char *)q->body;
    c->stamp_len = q->body_len;
    q->body = NULL;
    q->body_len += c->payload_len;
    q->source = report_source;
    q->source_ctx = c;
}

/* End a word at its space; what follows. */
static char *cut(char *word) {
    while (*word != ' ') word++;
    *word = 0;
    return word + 1;
}

/* While experiment, trial and run are made, the outbox is empty and serves for their texts; the others are small. */
static int render(det__core *c, int call, det_request *q) {
    int large = call >= DET__CALL_EXPERIMENT && call <= DET__CALL_PREPARE;
    char *buf = large ? (char *)c->outbox.mem : c->scratch, *path, *body;
    int len = det__template(c, texts, call, buf, large ? c->outbox.cap : DET__TOKEN_AT);
    if (len < 0) return len;
    path = cut(buf);
    body = cut(path);
    q->method = buf;
    q->path = path;
    q->body = body;
    q->body_len = (size_t)(buf + len - body);
    q->replay = BY_METHOD >> call & 1 ? DET_REPLAY_AUTO : DET_REPLAY_SAFE;
    return DET_OK;
}

/* ---- answers ------------------------------------------------------------------------------------------------------- */

#define FIELD(name) offsetof(det_run_info, name), sizeof(((det_run_info *)0)->name)

/* What is taken from which answer: an int64_t or, by its size, text. The first value of a call must be there, the others
 * may be absent (contract 0.2). The login's is the token, which goes to the scratch. */
static const struct taken {
    uint8_t call, offset, size;
    const char *path;
} taken[] = {
    {DET__CALL_LOGIN, 0, 0, "token"},
    {DET__CALL_EXPERIMENT, FIELD(experiment_id), "experiment.id"},
    {DET__CALL_TRIAL, FIELD(trial_id), "trial.id"},
    {DET__CALL_TRIAL, FIELD(task_id), "trial.taskId"},
    {DET__CALL_MASTER, FIELD(cluster_id), "clusterId"},
    {DET__CALL_START, FIELD(trial_run_id), "trialRunId"},
    {DET__CALL_START, FIELD(steps_completed), "stepsCompleted"},
    {DET__CALL_START, FIELD(latest_checkpoint), "latestCheckpoint"},
    {DET__CALL_PREPARE, FIELD(storage_id), "storageId"},
};

static void pick(det__pick *p, const struct taken *t, det__core *c) {
    p->path = t->path;
    p->kind = t->size == sizeof(int64_t) ? DET__PICK_INT64 : DET__PICK_TEXT;
    p->dst = t->size ? (char *)&c->run + t->offset : c->scratch + DET__TOKEN_AT;
    p->cap = t->size ? t->size : DET__SCRATCH - DET__TOKEN_AT;
}

static void pick_for(det__core *c, int call) {
    det__pick *p = c->picks;
    for (const struct taken *t = taken; t < taken + sizeof taken / sizeof *taken; t++)
        if (t->call == call) pick(p++, t, c);
    c->picks_used = (uint8_t)(p - c->picks);
    det__picker_init(&c->picker, c->picks, c->picks_used);
}

static int sink(void *ctx, const det_response *r, const void *data, size_t len) {
    det__core *c = (det__core *)ctx;
    if (r->status >= 300 || !c->picks_used) return DET_OK;
    (void)det__picker_feed(&c->picker, data, len); /* what is wrong with it is told at its end */
    return DET_OK;
}

int det__call_taken(det_core *core, int call) {
    det__core *c = det__core_of(core);
    int rc = DET_OK;
    if (c->picks_used && det__picker_end(&c->picker) != DET_OK) rc = DET_E_MASTER;
    if (call <= DET__CALL_START && c->picks[0].found != DET__PICK_STORED) rc = DET_E_MASTER;
    if (rc == DET_OK && call == DET__CALL_LOGIN) rc = det_session_set_token(&core->session, c->scratch + DET__TOKEN_AT);
    return rc == DET_OK ? rc : det__session_fail(&core->session, rc, DET_STAGE_HTTP, 0);
}

/* ---- starting ------------------------------------------------------------------------------------------------------ */

/* The request buffer is free until the request is started, so that the configuration to be quoted can stand there. */
static int make_config(det__core *c) {
    c->config = c->opt.config;
    if (c->config) return DET_OK;
    c->config = (const char *)c->opt.mem;
    return det__template(c, texts, CONFIG, (char *)c->opt.mem, c->tx_len);
}

int det__call_start(det_core *core, int call) {
    det__core *c = det__core_of(core);
    det_request q;
    int rc = DET_OK;
    memset(&q, 0, sizeof q);
    if (call == DET__CALL_METRICS) take_report(c);
    if (call == DET__CALL_EXPERIMENT) rc = make_config(c);
    if (rc >= 0) rc = render(c, call, &q);
    if (rc != DET_OK) return det__core_fail(core, rc);
    if (call == DET__CALL_METRICS) add_report(c, &q);
    if (call == DET__CALL_LOGIN) q.silence_ms = LOGIN_MS;
    q.sink = sink;
    q.sink_ctx = c;
    pick_for(c, call);
    return det_session_start(&core->session, &q);
}
