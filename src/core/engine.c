/* SPDX-License-Identifier: Apache-2.0
 * When: which call comes next, and how the calls are driven. They go out one behind the other as far as none needs
 * another's answer (contract 3), answers come in the same order; what they mean is outcome.c's. Never waits. */
#include <string.h>

#include "../base/wipe.h"
#include "../session/fail.h"
#include "internal.h"

#if !DET__PLAIN

enum { STORE_RETRY_MS = 1000 }; /* how often a spool that takes nothing is tried */

static int in_doubt(const det__core *c) {
    return DET_EXACT && c->doubt != DET__NO_DOUBT;
}

/* ---- what next ---------------------------------------------------------------------------------------------------- */

/* Login, experiment and trial need each other's answers, the rest of opening only theirs. The first heartbeat comes at
 * once (contract 3 step 8). */
static int opening_call(const det__core *c) {
    if (c->next > DET__CALL_HEARTBEAT || (c->flights && c->next <= DET__CALL_MASTER)) return DET__CALL_NONE;
    return c->next;
}

static int next_call(det__core *c, uint32_t t) {
    if ((DET_PIPELINE > 1 && c->last) || c->stopping || c->flights >= (DET_PIPELINE > 1 ? c->window : 1)) return DET__CALL_NONE;
    if (det__opening(c)) return opening_call(c);
    if (!det__run_open(c)) return DET__CALL_NONE;
    if (DET_LOGIN && c->login_due) return c->flights ? DET__CALL_NONE : DET__CALL_LOGIN;
    if (det__due(t, c->beat_ms)) return t - c->alive_ms < DET__REVIVE_MS ? DET__CALL_HEARTBEAT : DET__CALL_REVIVE;
    det__lock(c);
    int call = !in_doubt(c) && c->progress_due ? DET__CALL_PROGRESS : det__deliver_next(c);
    det__unlock(c);
    if (call == DET__CALL_NONE && !in_doubt(c) && det__ending(c) && !c->told) return DET__CALL_STATE;
    return call;
}

/* ---- calls under way ------------------------------------------------------------------------------------------------ */

static int oldest(const det__core *c) {
    return c->flights ? c->flight[c->flight_at] : DET__CALL_NONE;
}

static int pop_flight(det__core *c) {
    int call = oldest(c);
    c->flights--;
    c->flight_at = (uint16_t)((c->flight_at + 1) % DET_PIPELINE);
    if (DET_PIPELINE > 1 && !c->flights) c->last = 0;
    return call;
}

static void push_flight(det__core *c, int call) {
    c->flight[(c->flight_at + c->flights) % DET_PIPELINE] = (uint8_t)call;
    if (!c->flights++) det__call_expect(c, call);
    if (DET_PIPELINE > 1) c->last = call == DET__CALL_HEARTBEAT || call == DET__CALL_REVIVE || (call == DET__CALL_STATE && det__ending(c));
    if (det__opening(c)) c->next++;
    if (call == DET__CALL_PROGRESS) c->progress_due = 0; /* a newer one may come meanwhile */
    if (call == DET__CALL_STATE) c->told = det__ending(c) != 0;
    if (DET_EXACT && call == DET__CALL_START) c->starts++;
}

/* A det_pipe's next(). */
static int next(void *ctx, det_request *q) {
    det_core *core = (det_core *)ctx;
    det__core *c = det__core_of(core);
    uint32_t t = det__now(c);
    int call = det__held(c, t) ? DET__CALL_NONE : next_call(c, t);
    if (call == DET__CALL_NONE) return DET_E_AGAIN;
    c->waiting = 0;
    int rc = det__call_make(core, call, q);
    if (rc == DET_OK)
        push_flight(c, call);
    else if (call != DET__CALL_PROBE && rc != DET_E_NOT_FOUND) /* nothing whole is queued any more */
        det__stop_later(c, rc);
    return rc == DET_OK ? rc : DET_E_AGAIN;
}

static int sink(void *ctx, const det_response *r, const void *data, size_t len) {
    det__core *c = det__core_of((det_core *)ctx);
    return det__call_take(c, oldest(c), r, data, len);
}

#if DET_PIPELINE > 1
static void about(void *ctx, det_request *q) {
    const det__core *c = det__core_of((det_core *)ctx);
    det__call_about(c, oldest(c), q);
}
#endif

/* The oldest call is answered: a complete head decides, even if the body was cut. */
static void call_done(det_core *core, int rc, int status) {
    det__core *c = det__core_of(core);
    int call = oldest(c);
    if (rc == DET_OK) rc = det__call_taken(core, call);
    c->contact = 1;
    pop_flight(c);
    /* A password's hash opens an account as well as the password: it does not stay in memory. */
    if (DET_LOGIN && call == DET__CALL_LOGIN) det__wipe(c->opt.mem, c->tx_len + DET__SCRATCH);
    det__outcome(core, call, rc, status);
    if (c->flights) det__call_expect(c, oldest(c));
}

static void done(void *ctx, int rc, const det_response *r) {
    det_core *core = (det_core *)ctx;
    det__core *c = det__core_of(core);
    if (c->foreign) rc = det__session_fail(&core->session, DET_E_MASTER, DET_STAGE_HTTP, 0);
    if (det__opening(c) || !det__verdict_breaks(core, rc, r->status))
        call_done(core, rc, r->status);
    else
        c->break_code = rc;
    if (c->stopping || c->break_code) det_session_cancel(&core->session);
}

/* ---- breaks -------------------------------------------------------------------------------------------------------- */

/* What was under way goes again when it may; reports are in doubt. */
static void forget_flights(det__core *c, int sent) {
    while (c->flights) {
        int call = pop_flight(c);
        if (call == DET__CALL_HEARTBEAT || call == DET__CALL_REVIVE) c->beat_ms = det__now(c);
        if (call == DET__CALL_PROGRESS) c->progress_due = 1;
        if (DET_LOGIN && call == DET__CALL_LOGIN) c->login_due = !det__opening(c);
        if (call == DET__CALL_STATE) c->told = 0;
        if (DET_EXACT && call == DET__CALL_START && !sent) c->starts--;
    }
    det__lock(c);
    det__deliver_broken(c, sent);
    det__unlock(c);
}

/* First contact fails at once; runs of the spool are tried again once there has been one. */
static int is_strict(const det__core *c) {
    return c->state == DET__OPENING_RUN && !(det__has_spool(c) && c->contact);
}

/* Creating an experiment or trial without an external id can't be repeated, nor asked about. */
static int is_once(const det__core *c, int call) {
    return (call == DET__CALL_EXPERIMENT && !c->opt.external_experiment_id) ||
           (call == DET__CALL_TRIAL && !c->opt.external_trial_id);
}

/* Once a master has answered, one break is met with a new connection, if the calls may be repeated. */
static void opening_broken(det_core *core, int rc, int sent) {
    det__core *c = det__core_of(core);
    int call = oldest(c), once = sent && is_once(c, call);
    if (sent && c->contact && !c->tries && !once && call != DET__CALL_NONE) {
        c->tries = 1;
        forget_flights(c, sent);
        c->next = (uint8_t)call;
        return;
    }
    const det_failure *f = det_session_failure(&core->session);
    det__engine_stop(core, once ? det__session_fail(&core->session, DET_E_UNSURE, f->stage, f->detail) : rc);
}

/* The first break of a connection that had served is met with a new one at once (stale rule), later ones wait. */
static void broken(det_core *core, int rc) {
    det__core *c = det__core_of(core);
    int sent = det_session_response(&core->session)->status || det__session_was_open(&core->session);
    if (is_strict(c)) {
        opening_broken(core, rc, sent);
        return;
    }
    c->now_ms = det__now(c);
    if (rc == DET_E_AUTH) c->logged_in = 0;
    /* A link that breaks more often than the window is answered would never get on: a quarter, growing with each answer. */
    if (DET_PIPELINE > 1 && sent) c->window = (uint16_t)(c->window / 4 + 1);
    forget_flights(c, sent);
    if (det__opening(c)) det__engine_open_run(core);
    if (sent && !c->tries)
        c->tries = 1;
    else
        det__back_off(core);
}

static int needs_body(int call) {
    return call == DET__CALL_LOGIN || call == DET__CALL_START || (DET_EXACT && call == DET__CALL_PROBE);
}

/* The pipe has ended with an error. */
static void ended(det_core *core, int rc) {
    det__core *c = det__core_of(core);
    int status = det_session_response(&core->session)->status, decided = status && c->flights && !c->break_code;
    if (status < 300 && needs_body(oldest(c))) decided = 0;
    if (c->break_code) rc = c->break_code;
    c->break_code = 0;
    if (decided) {
        rc = status < 300 ? DET_OK : det_session_failure(&core->session)->code;
        if (det__opening(c) || !det__verdict_breaks(core, rc, status)) call_done(core, rc, status);
        if (c->break_code) rc = c->break_code;
        c->break_code = 0;
    }
    if (!c->stopping && (c->flights || !decided || rc != DET_OK)) broken(core, rc);
}

void det__engine_give_up(det_core *core) {
    det__core *c = det__core_of(core);
    int rc = det__session_give_up(&core->session);
    c->flights = 0;
    if (!det__has_spool(c)) det__deliver_give_up(core); /* else the spool holds them */
    if (c->state != DET__CLOSED) det__engine_stop(core, rc);
}

/* ---- the engine ---------------------------------------------------------------------------------------------------- */

void det__engine_stop(det_core *core, int rc) {
    det__core *c = det__core_of(core);
    if (c->state == DET__OPENING_RUN) det__feed_cancel(c);
    det__feed_stop(c);
    det__lock(c);
    c->state = DET__CLOSED;
    det__unlock(c);
    c->result = rc;
    det_session_free(&core->session);
}

/* Hand the session what comes next, and go on with it until all of it is answered: DET_OK, DET_E_AGAIN or what broke. */
#if DET_PIPELINE > 1
static int launch(det_core *core) {
    return det_session_pipe(&core->session, &det__core_of(core)->pipe);
}

static int drive(det_core *core) {
    return det_session_step(&core->session);
}
#else
static int launch(det_core *core) {
    det_request q;
    memset(&q, 0, sizeof q);
    int rc = next(core, &q), call = oldest(det__core_of(core));
    int repeatable = call > DET__CALL_TRIAL && call != DET__CALL_METRICS;
    q.sink = sink;
    q.sink_ctx = core;
    q.silence_ms = det__core_of(core)->pipe.silence_ms;
    q.replay = repeatable ? DET_REPLAY_SAFE : DET_REPLAY_AUTO;
    return rc == DET_OK ? det_session_start(&core->session, &q) : rc;
}

static int drive(det_core *core) {
    const det_response *r = det_session_response(&core->session);
    int rc = det_session_step(&core->session);
    if (rc != DET_OK && det_error_class(rc) != DET_CLASS_SERVER) return rc;
    done(core, rc, r);
    return det__core_of(core)->break_code;
}
#endif

static int start(det_core *core, uint32_t t) {
    det__core *c = det__core_of(core);
    int call = next_call(c, t);
    if (call == DET__CALL_NONE) return DET_OK;
    if (det__held(c, t) || det__session_busy(&core->session)) return DET_E_AGAIN; /* with a request of the caller's own */
    c->pipe.silence_ms = DET_LOGIN && call == DET__CALL_LOGIN ? DET__LOGIN_MS : 0;
    int rc = launch(core);
    c->driving = rc == DET_OK;
    if (rc != DET_OK && rc != DET_E_AGAIN) det__stop_later(c, rc);
    return DET_E_AGAIN;
}

int det__engine_step(det_core *core) {
    det__core *c = det__core_of(core);
    while (c->state != DET__CLOSED) {
        int rc = det__feed_step(core);
        if (rc != DET_OK && !c->driving) return rc == DET_E_CLOSED ? c->result : rc == DET_E_STATE ? DET_OK : rc;
        rc = c->driving ? DET_OK : start(core, det__now(c));
        if (rc == DET_OK && !c->driving && det__feed_waits(c)) rc = DET_E_AGAIN;
        if (!c->driving && !c->stopping) {
            det__deliver_tell(core);
            return rc;
        }
        if (c->driving) {
            rc = drive(core);
            c->driving = rc == DET_E_AGAIN;
        }
        if (!c->driving && rc != DET_OK && !c->stopping) ended(core, rc);
        det__deliver_tell(core);
        if (c->stopping && c->state != DET__CLOSED) det__engine_stop(core, c->stop_code);
        if (c->driving && c->state != DET__CLOSED) return DET_E_AGAIN;
    }
    return c->result;
}

void det__engine_open_run(det_core *core) {
    det__core *c = det__core_of(core);
    c->next = !DET_LOGIN || c->opt.token || c->logged_in ? DET__CALL_EXPERIMENT : DET__CALL_LOGIN;
    c->told_state = "RUNNING";
}

void det__engine_pause(det_core *core) {
    det__core *c = det__core_of(core);
    det_session_cancel(&core->session);
    if (c->driving && !is_strict(c)) {
        forget_flights(c, 1);
        if (det__opening(c)) det__engine_open_run(core);
    }
    c->driving = 0;
    det_session_end(&core->session);
    det_session_begin(&core->session);
}

void det__engine_init(det_core *core) {
    det__core *c = det__core_of(core);
#if DET_PIPELINE > 1
    c->pipe.next = next;
    c->pipe.done = done;
    c->pipe.about = about;
    c->pipe.sink = sink;
    c->pipe.ctx = core;
    c->pipe.depth = DET_PIPELINE;
    c->window = c->depth = c->opt.pipeline && c->opt.pipeline < DET_PIPELINE ? c->opt.pipeline : DET_PIPELINE;
#endif
    c->newest_step = c->kept_step = -1;
    memset(&c->released, 0xFF, sizeof c->released);
    c->archived = c->released;
}

int det__engine_wants(const det_core *core, det_wait *w, uint32_t *timeout_ms) {
    det__core *c = det__core_of((det_core *)(uintptr_t)core);
    *timeout_ms = UINT32_MAX;
    if (c->state == DET__CLOSED) return 0;
    uint32_t t = det__now(c), beat_ms = det__due(t, c->beat_ms) ? 0 : c->beat_ms - t;
    if (c->driving) {
        if (!det_session_wants(&core->session, w, timeout_ms)) *timeout_ms = 0;
        if (!det__opening(c) && beat_ms && beat_ms < *timeout_ms) *timeout_ms = beat_ms;
        return w->handle != -1;
    }
    *timeout_ms = det__session_busy(&core->session) ? DET__OWN_REQUEST_MS : 0;
    if (next_call(c, t) == DET__CALL_NONE)
        *timeout_ms = det__run_open(c) ? beat_ms : UINT32_MAX;
    else if (det__held(c, t))
        *timeout_ms = c->retry_ms - t;
    if (det__feed_waits(c) && *timeout_ms > STORE_RETRY_MS) *timeout_ms = STORE_RETRY_MS;
    return 0;
}

#else
typedef int det__engine_nothing;
#endif
