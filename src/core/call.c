/* SPDX-License-Identifier: Apache-2.0
 * Every call the core makes: what is sent and what is taken from its answer (contract 2.2, 3.2 to 3.8). Decides nothing
 * about when; that is engine.c. */
#include <string.h>

#include "../base/noinline.h"
#include "../base/utc.h"
#include "../session/fail.h"
#include "internal.h"
#include "template.h"

enum {
    FRESH_S = 2           /* a report is sent with its own time when it is older */
};
#define ANSWER_MOST INT32_C(262144) /* an answer that is longer is not read on: its head has said what there is to know */

/* ---- requests ------------------------------------------------------------------------------------------------------ */

/* The configuration with the harness's keys (contract 3.1), then method, path and body of each call in the order of
 * enum det__call, with a space between them. template.h says what stands behind an @. */
enum { CONFIG = DET__CALL_NONE };
#if DET_LOGIN
#define LOGIN_TEXT "POST@/auth/login {\"username\":@u,\"password\":@p,\"isHashed\":true}\0"
#else
#define LOGIN_TEXT "\0"
#endif
#if DET__TIMES
#define TIME_TEXT "@R\"reportTime\":@z,@."
#else
#define TIME_TEXT ""
#endif
#if DET_EXACT
#define PROBE_TEXT "GET@/trials/time-series?trialIds=@t&maxDatapoints=1&group=@Y&metricNames=@y&@B \0"
#else
#define PROBE_TEXT "\0"
#endif
static const char texts[] =
    "{\"checkpoint_storage\":@s,\"description\":@d,\"name\":@n,\"project\":@o,"
    "\"searcher\":{\"metric\":@m,\"name\":\"single\"},\"workspace\":@w}\0"
    LOGIN_TEXT
    "@M@/experiments@E/by-external-id/@X@. {\"config\":@c,\"unmanaged\":true}\0"
    "@N@/trials @F{\"createTrialRequest\":@.{\"experimentId\":@e,\"hparams\":@h,\"unmanaged\":true}"
    "@F,\"externalTrialId\":@x}@.\0"
    "GET@/master \0"
    "POST@T/start {\"trialId\":@t,\"resume\":true}\0"
    "POST@/runs/start {\"runId\":@t,\"checkpointStorage\":@s}\0"
    "PATCH@T {\"trialId\":@t,\"state\":\"STATE_@k\"}\0"
    "PATCH@T {\"trialId\":@t}\0"
    "POST@T/metrics {\"group\":@G,\"metrics\":{\"stepsCompleted\":@i,\"trialId\":@t,\"trialRunId\":@r,"
    TIME_TEXT "\"metrics\":{\"avgMetrics\":\0"
    "POST@T/progress {\"progress\":@g,\"is_raw\":true}\0"
    PROBE_TEXT
    "PATCH@T {\"trialId\":@t,\"state\":\"STATE_RUNNING\"}";

/* A report's metrics stand in the ring. */
static void add_report(det__core *c, det_request *q) {
    c->stamp = (const char *)q->body;
    c->stamp_len = q->body_len;
    q->body = NULL;
    det__lock(c);
    q->body_len = det__join_len(c);
    det__unlock(c);
    q->source = det__join_copy;
    q->source_ctx = c;
}

/* End a word at its space; what follows. */
static char *cut(char *word) {
    while (*word && *word != ' ') word++;
    if (*word) *word++ = 0;
    return word;
}

static int render_at(const det__core *c, int call, char *buf, size_t cap, det_request *q) {
    int len = det__template(c, texts, call, buf, cap);
    char *path = cut(buf), *body = cut(path);
    q->method = buf;
    q->path = path;
    q->body = body;
    q->body_len = (size_t)(buf + len - body);
    return len < 0 ? len : DET_OK;
}

/* While experiment, trial and run are made, the outbox is empty and serves for their texts; the others are small. */
static int render(const det__core *c, int call, det_request *q) {
    int large = det__opening(c) && call != DET__CALL_LOGIN;
    size_t cap = det__has_spool(c) ? c->outbox.cap / 2 & ~(size_t)7 : c->outbox.cap; /* the run's texts stand behind */
    return large ? render_at(c, call, (char *)c->outbox.mem, cap, q)
                 : render_at(c, call, c->scratch, DET__TOKEN_AT, q);
}

#if DET_PIPELINE > 1
/* A token is there only while a login is answered. Method and path fit, the body may be cut. */
void det__call_about(const det__core *c, int call, det_request *q) {
    (void)render_at(c, call, c->scratch + DET__TOKEN_AT, DET__SCRATCH - DET__TOKEN_AT, q);
}
#endif

/* ---- answers ------------------------------------------------------------------------------------------------------- */

#define FIELD(name) offsetof(det_run_info, name), sizeof(((det_run_info *)0)->name)

/* What is taken from which answer: an int64_t or, by its size, text. The first value of a call must be there, the others
 * may be absent (contract 0.2). The login's is the token, which goes to the scratch. */
static const struct taken {
    uint8_t call, offset, size;
    const char *path;
} taken[] = {
#if DET_LOGIN
    {DET__CALL_LOGIN, 0, 0, "token"},
#endif
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
        if (t->call == call && (call != DET__CALL_START || det__opening(c) || p == c->picks)) pick(p++, t, c);
    c->picks_used = (uint8_t)(p - c->picks);
    det__picker_init(&c->picker, c->picks, c->picks_used);
}

void det__call_expect(det__core *c, int call) {
    c->answer_len = 0;
    c->foreign = c->stored = c->values = 0;
    pick_for(c, call);
}

/* A captive portal answers anything with a page: what a master says begins as JSON does. */
int det__call_take(det__core *c, int call, const det_response *r, const void *data, size_t len) {
    if (r->status >= 300) return DET_OK;
    if (!c->answer_len && len) c->foreign = *(const char *)data != '{';
    c->answer_len += (uint32_t)len;
    if (DET_EXACT && call == DET__CALL_PROBE)
        det__probe_read(c, data, len);
    else if (c->picks_used)
        (void)det__picker_feed(&c->picker, data, len); /* what is wrong with it is told at its end */
    return c->answer_len > ANSWER_MOST && !c->picks_used ? DET_E_SIZE : DET_OK;
}

int det__call_taken(det_core *core, int call) {
    det__core *c = det__core_of(core);
    int rc = c->foreign ? DET_E_MASTER : DET_OK;
    if (c->picks_used && det__picker_end(&c->picker) != DET_OK) rc = DET_E_MASTER;
    if (call <= DET__CALL_START && c->picks[0].found != DET__PICK_STORED) rc = DET_E_MASTER;
    if (DET_LOGIN && rc == DET_OK && call == DET__CALL_LOGIN) rc = det_session_set_token(&core->session, c->scratch + DET__TOKEN_AT);
    return rc == DET_OK ? rc : det__session_fail(&core->session, rc, DET_STAGE_HTTP, 0);
}

/* ---- making -------------------------------------------------------------------------------------------------------- */

/* The request buffer is free while experiments are made, so that the configuration to be quoted can stand there. */
static int make_config(det__core *c) {
    c->config = c->opt.config;
    if (c->config) return DET_OK;
    c->config = (const char *)c->opt.mem;
    return det__call_config(c, (char *)c->opt.mem, c->tx_len);
}

int det__call_config(det__core *c, char *buf, size_t cap) {
    return det__template(c, texts, CONFIG, buf, cap);
}

static void take_record(det__core *c, const det__record *r) {
    c->steps = r->steps;
    c->group = det__record_text(r);
}

#if DET__TIMES
/* A report that waited, or goes again, carries its own time; the others get the master's. */
static DET__NOINLINE void take_time(det__core *c) {
    const det_port *p = c->opt.port;
    const det__record *r = c->leader;
    int64_t utc = p->utc_s ? p->utc_s(p->ctx) : DET_UTC_UNKNOWN, then = r->when;
    int known = r->flags & DET__UTC ? r->when != 0 : utc != DET_UTC_UNKNOWN;
    if (!(r->flags & DET__UTC)) then = utc - (p->now_ms(p->ctx) - r->when) / 1000;
    c->report_time = NULL;
    if (!known || (utc >= then && utc - then < FRESH_S)) return;
    det__utc_text(then, c->time_text); /* this clock may be behind that of the machine that reported */
    c->report_time = c->time_text;
}

#else
#define take_time(c) ((void)0)
#endif

#if DET_EXACT
/* The name stands where the token does while it logs in. */
static DET__NOINLINE int take_probe(det__core *c) {
    c->metric = c->scratch + DET__TOKEN_AT;
    det__lock(c);
    det__record *r = det__deliver_probe(c);
    take_record(c, r);
    r->flags |= DET__ASKED;
    int rc = det__probe_name(c, r, c->scratch + DET__TOKEN_AT, DET__SCRATCH - DET__TOKEN_AT);
    if (rc != DET_OK) det__deliver_probed(c, -1);
    det__unlock(c);
    return rc;
}

#else
#define take_probe(c) DET_OK
#endif

static int take(det__core *c, int call) {
    if (call == DET__CALL_EXPERIMENT) return make_config(c);
    if (call == DET__CALL_METRICS) {
        det__lock(c);
        int rc = det__deliver_take(c);
        det__unlock(c);
        if (rc != DET_OK) return rc;
        take_record(c, c->leader);
        take_time(c);
    }
    return call == DET__CALL_PROBE ? take_probe(c) : DET_OK;
}

int det__call_make(det_core *core, int call, det_request *q) {
    det__core *c = det__core_of(core);
    int rc = take(c, call);
    if (rc >= 0) rc = render(c, call, q);
    if (DET_EXACT) c->metric = "*"; /* its name lies where det__call_about() writes */
    if (rc == DET_E_NOT_FOUND) return rc;
    if (rc != DET_OK) return det__core_fail(core, rc);
    if (call == DET__CALL_METRICS) add_report(c, q);
    return DET_OK;
}
