/* SPDX-License-Identifier: Apache-2.0
 * The Core API's public face: options, opening and closing as thin loops over the engine, what can be read. */
#include <string.h>

#include "../base/noinline.h"
#include "../session/fail.h"
#include "internal.h"

/* The public storage holds the real thing: det.h's figure must not fall behind. */
typedef char det__core_fits[sizeof(det__core) <= sizeof(det_core) - sizeof(det_session) ? 1 : -1];

enum { MEM_MIN = 4096, TX_MIN = 1536, TX_MAX = 16384 };

int det__core_fail(det_core *core, int code) {
    return det__session_fail(&core->session, code, DET_STAGE_NONE, 0);
}

void det_options_init(det_options *o, const det_port *port, void *mem, size_t mem_len) {
    memset(o, 0, sizeof *o);
    o->port = port;
    o->mem = mem;
    o->mem_len = mem_len;
}

/* ---- opening ------------------------------------------------------------------------------------------------------- */

static int is_object(const char *json) {
    return !DET_CHECK_VALUES || !json || det__value_json(json) == DET_JSON_OBJECT;
}

/* An id with / or : in it never reaches the API (contract 3.2), nor does an empty one. */
static int is_id(const char *id) {
    if (!id) return 1;
    const char *end = id;
    for (; *end; end++)
        if (*end == '/' || *end == ':') return 0;
    return end > id;
}

static int check_options(const det_options *o) {
    if (!o->mem || !is_id(o->external_experiment_id) || (!DET_LOGIN && !o->token)) return DET_E_ARG;
    if (o->external_trial_id && !o->external_experiment_id) return DET_E_ARG;
    if (!o->workspace != !o->project) return DET_E_ARG;
    if ((unsigned)o->when_full > (DET_POLICIES ? DET_THIN : DET_REFUSE)) return DET_E_ARG;
    if ((o->offline || o->flush) && !o->spool) return DET_E_ARG;
    if (o->spool && !DET_SPOOL) return DET_E_ARG;
    if (o->mem_len < MEM_MIN) return DET_E_SIZE;
    return is_object(o->hparams) && is_object(o->checkpoint_storage) ? DET_OK : DET_E_VALUE;
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
    mem += tx + DET__SCRATCH;
    len -= tx + DET__SCRATCH;
#if DET_SPOOL
    if (c->opt.spool) {
        size_t staging = len / 2 & ~(size_t)7;
        det__outbox_init(&c->feed.staging, mem, staging);
        mem += staging;
        len -= staging;
    }
#endif
    det__outbox_init(&c->outbox, mem, len);
}

/* The defaults of contract 2.6 and 3.1. */
static void set_defaults(det_options *o) {
    if (!o->master) o->master = "localhost:8080";
    if (DET_LOGIN && !o->user && (!o->token || o->password)) o->user = "determined";
    if (!o->searcher_metric && !o->config) o->searcher_metric = "unmanaged";
}

/* det_options begins with the same members as det_session_options, so one copy hands them on. */
#define SAME(a, b) (offsetof(det_options, a) == offsetof(det_session_options, b))
typedef char det__options_begin_alike
    [SAME(port, port) && SAME(master, url) && SAME(mem, buffer) && SAME(mem_len, buffer_len) && SAME(token, token) &&
             SAME(tls_name, tls_name) && SAME(ca_pem, ca_pem) && SAME(ca_pem_len, ca_pem_len) &&
             SAME(noverify, noverify) && SAME(log, log) && SAME(log_ctx, log_ctx) && SAME(log_level, log_level)
         ? 1
         : -1];

static int init_session(det_core *core, const det__core *c) {
    det_session_options so;
    memset(&so, 0, sizeof so);
    memcpy(&so, &c->opt, offsetof(det_session_options, allocation_token));
    so.buffer_len = c->tx_len;
    return det_session_init(&core->session, &so);
}

#if DET_SPOOL
static int open_spool(det_core *core) {
    int rc = det__feed_open(core);
    if (rc == DET_OK) return rc;
    det__core_of(core)->state = DET__CLOSED;
    det_session_free(&core->session);
    return det__core_fail(core, rc);
}
#else
#define open_spool(core) DET_E_ARG
#endif

static int start(det_core *core, const det_options *o, int flush) {
    det__core *c = det__core_of(core);
    memset(core, 0, sizeof *core);
    c->magic = DET__MAGIC;
    c->opt = *o;
    if (flush) {
        c->opt.flush = 1;
        c->opt.offline = 0;
    }
    o = &c->opt;
    int rc = check_options(o);
    if (rc != DET_OK) return det__core_fail(core, rc);
    set_defaults(&c->opt);
    carve(c);
    rc = init_session(core, c);
    if (rc != DET_OK) return rc;
    det__engine_init(core);
    det__engine_open_run(core);
    c->searched = o->searcher_metric;
    c->state = o->flush ? DET__CLOSING : o->offline ? DET__RUNNING : DET__OPENING_RUN;
    rc = det_session_begin(&core->session);
    return rc == DET_OK && det__has_spool(c) ? open_spool(core) : rc;
}

int det_open_start(det_core *core, const det_options *o) {
    if (!core || !o) return DET_E_ARG;
    return det__core_of(core)->result = start(core, o, 0);
}

/* A function of its own: no stack for it beneath what steps. */
static DET__NOINLINE void wait_for(const det_core *core, const det_port *p, uint32_t left) {
    det_wait w[2];
    uint32_t ms;
    int n = det__engine_wants(core, w, &ms);
    if (ms > left) ms = left;
    if (ms) p->wait(p->ctx, w, (size_t)n, ms);
}

/* Step and wait until nothing is under way, the core has come to a state, or time is up. */
static int loop(det_core *core, uint32_t max_ms, int state) {
    const det__core *c = det__core_of_const(core);
    const det_port *p = c->opt.port;
    if (c->state == DET__CLOSED) return c->result;
    uint32_t start_ms = p->now_ms(p->ctx);
    for (;;) {
        int rc = det__engine_step(core);
        if (rc != DET_E_AGAIN || c->state == state) return rc;
        uint32_t passed = p->now_ms(p->ctx) - start_ms;
        if (passed >= max_ms) return rc;
        wait_for(core, p, max_ms - passed);
    }
}

int det_open(det_core *core, const det_options *o) {
    int rc = det_open_start(core, o);
    if (rc != DET_OK) return rc;
    rc = loop(core, UINT32_MAX, DET__RUNNING);
    return det__core_of_const(core)->state == DET__RUNNING ? DET_OK : rc;
}

/* ---- driving ------------------------------------------------------------------------------------------------------- */

int det_step(det_core *core) {
    return det_run(core, 0);
}

int det_wants(const det_core *core, det_wait w[2], uint32_t *timeout_ms) {
    if (!w || !timeout_ms) return 0;
    *timeout_ms = UINT32_MAX;
    if (!det__core_opened(core)) return 0;
    return det__engine_wants(core, w, timeout_ms);
}

int det_run(det_core *core, uint32_t max_ms) {
    return det__core_opened(core) ? loop(core, max_ms, DET__CLOSED) : DET_E_STATE;
}

/* ---- closing ------------------------------------------------------------------------------------------------------- */

int det_close_start(det_core *core, int state) {
    if (!det__core_opened(core)) return DET_E_STATE;
    if (state != DET_COMPLETED && state != DET_ERROR) return DET_E_ARG;
    det__core *c = det__core_of(core);
    if (c->state == DET__OPENING_RUN) {
        det__engine_give_up(core);
        return DET_E_STATE;
    }
    if (c->state != DET__RUNNING) return DET_OK;
    c->state = DET__CLOSING;
#if DET_SPOOL
    if (c->opt.spool) {
        c->feed.state_due = (uint8_t)state;
        return DET_OK;
    }
#endif
    c->told_state = state == DET_ERROR ? "ERROR" : "COMPLETED";
    return DET_OK;
}

/* The deadline has passed: say what kept it, give everything up. */
static int give_up(det_core *core) {
    const det__core *c = det__core_of(core);
    det_failure f = {DET_E_TIMEOUT, DET_STAGE_HTTP, 0};
    if (c->waiting) f = c->blocked;
#if DET_SPOOL
    if (det__feed_waits(c)) f.code = c->feed.store_code, f.stage = DET_STAGE_NONE, f.detail = 0;
#endif
    det__engine_give_up(core);
    return det__session_fail(&core->session, f.code, f.stage, f.detail);
}

static int close_by(det_core *core, uint32_t deadline_ms) {
    int rc = loop(core, deadline_ms, DET__CLOSED);
    if (rc == DET_E_AGAIN) rc = give_up(core);
    return det__core_of(core)->result = rc;
}

int det_close(det_core *core, int state, uint32_t deadline_ms) {
    int rc = det_close_start(core, state);
    return rc == DET_OK ? close_by(core, deadline_ms) : rc;
}

#if DET_SPOOL
int det_set_offline(det_core *core, int offline) {
    if (!det__core_opened(core)) return DET_E_STATE;
    det__core *c = det__core_of(core);
    if (!c->opt.spool) return DET_E_ARG;
    if (c->state != DET__RUNNING && c->state != DET__CLOSING) return DET_E_STATE;
    if (offline && !c->feed.offline) det__engine_pause(core);
    c->feed.offline = offline != 0;
    return DET_OK;
}

int det_flush(det_core *core, const det_options *o, uint32_t deadline_ms) {
    if (!core || !o) return DET_E_ARG;
    int rc = start(core, o, 1);
    return rc == DET_OK ? close_by(core, deadline_ms) : (det__core_of(core)->result = rc);
}
#endif

/* ---- reading ------------------------------------------------------------------------------------------------------- */

const det_run_info *det_get_run(const det_core *core) {
    return &det__core_of_const(core)->run;
}

static uint32_t oldest_ms(const det__core *c) {
    const det__record *r = DET__PLAIN ? det__outbox_first(&c->outbox) : c->outbox.open;
    return r && !(r->flags & DET__UTC) ? det__now(c) - r->when : 0;
}

void det_get_stats(const det_core *core, det_stats *out) {
    const det__core *c = det__core_of_const(core);
    *out = c->stats;
    out->pending = out->queued - out->acknowledged - out->refused - out->unsure;
    out->pending -= out->dropped_oldest + out->thinned + out->spoiled;
    out->oldest_ms = oldest_ms(c);
    out->outbox_len = c->outbox.used;
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
