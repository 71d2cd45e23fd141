/* SPDX-License-Identifier: Apache-2.0
 * The Core API's public face: options, opening and closing as thin loops over the engine, what can be read. */
#include <string.h>

#include "../session/fail.h"
#include "internal.h"

/* The public storage holds the real thing: det.h's figure must not fall behind. */
typedef char det__core_fits[sizeof(det__core) <= sizeof(det_core) - sizeof(det_session) ? 1 : -1];

enum { MEM_MIN = 4096, TX_MIN = 1536, TX_MAX = 16384 };
#define MAGIC UINT32_C(0x64657443)

static int opened(const det_core *core) {
    return core && det__core_of_const(core)->magic == MAGIC;
}

void det_options_init(det_options *o, const det_port *port, void *mem, size_t mem_len) {
    memset(o, 0, sizeof *o);
    o->port = port;
    o->mem = mem;
    o->mem_len = mem_len;
}

/* ---- opening ------------------------------------------------------------------------------------------------------- */

static int check_json_object(const char *json) {
    int is_number = 0;
    if (!json) return DET_OK;
    size_t i = 0;
    while (json[i] == ' ' || json[i] == '\n' || json[i] == '\t' || json[i] == '\r') i++;
    return json[i] == '{' ? det__value_json(json, &is_number) : DET_E_VALUE;
}

/* An id with / or : in it never reaches the API (contract 3.2), nor does an empty one. */
static int check_external_id(const char *id) {
    if (!id) return DET_OK;
    if (!*id) return DET_E_ARG;
    for (; *id; id++)
        if (*id == '/' || *id == ':') return DET_E_ARG;
    return DET_OK;
}

static int check_options(const det_options *o) {
    int rc = check_external_id(o->external_experiment_id);
    if (!o->port || !o->mem) return DET_E_ARG;
    if (o->mem_len < MEM_MIN) return DET_E_SIZE;
    if (o->external_trial_id && !o->external_experiment_id) return DET_E_ARG;
    if (!o->workspace != !o->project) return DET_E_ARG;
    if (rc == DET_OK) rc = check_json_object(o->hparams);
    if (rc == DET_OK) rc = check_json_object(o->checkpoint_storage);
    return rc;
}

/* mem: request buffer, scratch, outbox; each 8-byte aligned. */
static void carve(det__core *c) {
    size_t skew = (8 - ((uintptr_t)c->opt.mem & 7)) & 7;
    uint8_t *mem = (uint8_t *)c->opt.mem + skew;
    size_t len = c->opt.mem_len - skew, tx = len / 4 & ~(size_t)7;
    if (tx < TX_MIN) tx = TX_MIN;
    if (tx > TX_MAX) tx = TX_MAX;
    c->opt.mem = mem;
    c->tx_len = tx;
    c->scratch = (char *)mem + tx;
    det__outbox_init(&c->outbox, mem + tx + DET__SCRATCH, len - tx - DET__SCRATCH);
}

static int init_session(det_core *core, const det__core *c) {
    det_session_options so;
    memset(&so, 0, sizeof so);
    so.port = c->opt.port;
    so.url = c->opt.master ? c->opt.master : "localhost:8080";
    so.buffer = c->opt.mem;
    so.buffer_len = c->tx_len;
    so.token = c->opt.token;
    so.tls_name = c->opt.tls_name;
    so.ca_pem = c->opt.ca_pem;
    so.ca_pem_len = c->opt.ca_pem_len;
    so.noverify = c->opt.noverify;
    so.log = c->opt.log;
    so.log_ctx = c->opt.log_ctx;
    so.log_level = c->opt.log_level;
    return det_session_init(&core->session, &so);
}

int det_open_start(det_core *core, const det_options *o) {
    if (!core || !o) return DET_E_ARG;
    det__core *c = det__core_of(core);
    memset(core, 0, sizeof *core);
    int rc = check_options(o);
    c->magic = MAGIC;
    c->result = rc;
    if (rc != DET_OK) return det__session_fail(&core->session, rc, DET_STAGE_NONE, 0);
    c->opt = *o;
    carve(c);
    c->result = rc = init_session(core, c);
    if (rc != DET_OK) return rc;
    c->call = DET__CALL_NONE;
    c->next = o->token ? DET__CALL_EXPERIMENT : DET__CALL_LOGIN;
    c->state = DET__OPENING_RUN;
    return det_session_begin(&core->session);
}

static int loop(det_core *core, uint32_t max_ms, int (*finished)(const det__core *)) {
    const det_port *p = det__core_of_const(core)->opt.port;
    uint32_t start = p->now_ms(p->ctx);
    for (;;) {
        det_wait w[2];
        uint32_t ms, spent;
        int rc = det_step(core);
        if (rc != DET_E_AGAIN || finished(det__core_of_const(core))) return rc;
        spent = p->now_ms(p->ctx) - start;
        if (spent >= max_ms) return rc;
        int n = det_wants(core, w, &ms);
        if (ms > max_ms - spent) ms = max_ms - spent;
        if (ms) p->wait(p->ctx, w, (size_t)n, ms);
    }
}

static int is_open(const det__core *c) {
    return c->state != DET__OPENING_RUN;
}

static int never(const det__core *c) {
    (void)c;
    return 0;
}

int det_open(det_core *core, const det_options *o) {
    int rc = det_open_start(core, o);
    if (rc != DET_OK) return rc;
    rc = loop(core, UINT32_MAX, is_open);
    if (det__core_of_const(core)->state == DET__RUNNING) return DET_OK;
    det_session_free(&core->session);
    return rc;
}

/* ---- driving ------------------------------------------------------------------------------------------------------- */

int det_step(det_core *core) {
    return opened(core) ? det__engine_step(core) : DET_E_STATE;
}

int det_wants(const det_core *core, det_wait w[2], uint32_t *timeout_ms) {
    if (!opened(core) || !w || !timeout_ms) return 0;
    return det__engine_wants(core, w, timeout_ms);
}

int det_run(det_core *core, uint32_t max_ms) {
    if (!opened(core)) return DET_E_STATE;
    return det__core_of_const(core)->state == DET__CLOSED ? det_step(core) : loop(core, max_ms, never);
}

/* ---- closing ------------------------------------------------------------------------------------------------------- */

int det_close_start(det_core *core, int state) {
    if (!opened(core)) return DET_E_STATE;
    if (state != DET_COMPLETED && state != DET_ERROR) return DET_E_ARG;
    det__core *c = det__core_of(core);
    if (c->state == DET__OPENING_RUN) return DET_E_STATE;
    if (c->state != DET__RUNNING) return DET_OK;
    c->terminal = (uint8_t)state;
    c->state = DET__CLOSING;
    return DET_OK;
}

/* The deadline has passed: say what kept it, give everything up. */
static int give_up(det_core *core) {
    static const det_failure late = {DET_E_TIMEOUT, DET_STAGE_HTTP, 0};
    det__core *c = det__core_of(core);
    const det_failure *f = c->waiting ? &c->blocked : &late;
    det_session_cancel(&core->session);
    c->state = DET__CLOSED;
    c->call = DET__CALL_NONE;
    return det__session_fail(&core->session, f->code, f->stage, f->detail);
}

int det_close(det_core *core, int state, uint32_t deadline_ms) {
    int rc = det_close_start(core, state);
    if (rc != DET_OK) return rc;
    det__core *c = det__core_of(core);
    if (c->state == DET__CLOSED) return c->result;
    rc = loop(core, deadline_ms, never);
    if (rc == DET_E_AGAIN) rc = give_up(core);
    c->result = rc;
    det_session_free(&core->session);
    return rc;
}

/* ---- reading ------------------------------------------------------------------------------------------------------- */

const det_run_info *det_get_run(const det_core *core) {
    return &det__core_of_const(core)->run;
}

void det_get_stats(const det_core *core, det_stats *out) {
    const det__core *c = det__core_of_const(core);
    *out = c->stats;
    out->pending = c->outbox.count;
    out->outbox_len = det__outbox_used(&c->outbox);
    out->outbox_cap = c->outbox.cap;
    out->outbox_peak = c->outbox.peak;
    out->session = *det_session_get_stats(&core->session);
}

const det_failure *det_last_failure(const det_core *core) {
    return det_session_failure(&core->session);
}

const char *det_errmsg(const det_core *core) {
    return det_session_errmsg(&core->session);
}
