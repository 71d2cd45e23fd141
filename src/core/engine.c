/* SPDX-License-Identifier: Apache-2.0
 * When: which call comes next, and what its answer means for the run (contract 3, 5.6). Calls go out one behind the
 * other as far as none needs another's answer; answers come in the same order. Never waits.
 * Invariant: a report leaves the outbox only when its fate is known, or known to be unsure. */
#include <string.h>

#include "../base/wipe.h"
#include "../session/fail.h"
#include "internal.h"

enum {
    BEAT_MS = 60000,        /* contract 3 step 8 */
    BEAT_RETRY_MS = 10000,
    REVIVE_MS = 240000,     /* the master takes a trial for lost when it has not heard of it for five minutes */
    BACKOFF_MS = 500,
    LOGIN_MS = 60000,       /* bcrypt costs a master about two seconds, more under load */
    STORE_RETRY_MS = 1000,  /* how often a spool that takes nothing is tried */
    OWN_REQUEST_MS = 10,    /* how often to look whether the caller's own request has ended */
    BACKOFF_DOUBLINGS = 6   /* up to 32 s */
};

static uint32_t now(const det__core *c) {
    return c->opt.port->now_ms(c->opt.port->ctx);
}

static int due(uint32_t t, uint32_t at) {
    return (int32_t)(t - at) >= 0;
}

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
    if (due(t, c->beat_ms)) return t - c->alive_ms < REVIVE_MS ? DET__CALL_HEARTBEAT : DET__CALL_REVIVE;
    det__lock(c);
    int call = !in_doubt(c) && c->progress_due ? DET__CALL_PROGRESS : det__deliver_next(c);
    det__unlock(c);
    if (call == DET__CALL_NONE && !in_doubt(c) && det__ending(c) && !c->told) return DET__CALL_STATE;
    return call;
}

static int held(const det__core *c, uint32_t t) {
    return c->waiting && !due(t, c->retry_ms);
}

/* 0.5 s · 2ⁿ, of which a random half is taken off so that a fleet does not come back in step; or what the server asked. */
static void back_off(det_core *core) {
    det__core *c = det__core_of(core);
    uint32_t asked_ms = det_session_response(&core->session)->retry_after_ms;
    uint32_t t = now(c), ms = (uint32_t)BACKOFF_MS << c->tries;
    ms -= (t * UINT32_C(2654435761) >> 16) * (ms / 2) >> 16;
    if (c->tries < BACKOFF_DOUBLINGS) c->tries++;
    c->blocked = *det_session_failure(&core->session);
    if (asked_ms == UINT32_MAX) asked_ms = 0;      /* a date or nonsense is as good as none */
    if (asked_ms > BEAT_MS) asked_ms = BEAT_MS;    /* the heartbeat waits too */
    c->retry_ms = t + (asked_ms ? asked_ms : ms);
    c->waiting = 1;
}

/* ---- what it means ------------------------------------------------------------------------------------------------ */

static int has(const char *text, const char *part) {
    for (size_t n = 0; *text; n = 0, text++) {
        while (part[n] && text[n] == part[n]) n++;
        if (!part[n]) return 1;
    }
    return 0;
}

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

/* Not from within a callback of the session. */
static void stop_later(det__core *c, int rc) {
    if (!c->stopping) c->stop_code = rc;
    c->stopping = 1;
}

/* The token is refused: log in again at once if there is a password, else keep everything and try again later. */
static void unauthorized(det_core *core) {
    det__core *c = det__core_of(core);
    if (c->login_due) return;
    c->login_due = DET_LOGIN && c->opt.user != NULL;
    if (c->login_due && !c->tries)
        c->tries = 1;
    else
        back_off(core);
}

/* Answers that leave open what was done (contract 5.6), and those that no master gives. */
static int breaks(const det_core *core, int rc, int status) {
    if (status == 408 || (status >= 502 && status <= 504) || rc == DET_E_MASTER) return 1;
    if (status >= 300 && status != 413 && !det__session_words(&core->session)) return 1;
    return status == 500 && (rc != DET_E_SERVER || has(det_session_errmsg(&core->session), "commit transaction"));
}

static int may_come_again(const det_core *core, int status) {
    return (status == 413 || status == 429) && det_session_response(&core->session)->retry_after_ms;
}

static void report_failed(det_core *core, int rc, int status) {
    det__core *c = det__core_of(core);
    int stale = has(det_session_errmsg(&core->session), "invalid run id");
    if (status == 401 || may_come_again(core, status) || (DET_EXACT && stale && c->starts)) {
        det__deliver_again(c);
        c->told = 0;
        if (DET_EXACT && stale) c->doubt = DET__FENCING; /* one of our own StartTrials has landed late */
        else if (status != 401) back_off(core);
        return;
    }
    if (stale) rc = det__session_recode(&core->session, DET_E_RUN);
    det__deliver_refused(c, rc);
}

static void run_started(det__core *c) {
#if DET_EXACT
    int64_t landed = c->run.trial_run_id - c->run_id;
    c->run_id = c->run.trial_run_id;
    c->starts = (uint8_t)(c->starts > landed ? c->starts - landed : 0);
#endif
    c->alive_ms = now(c);
    if (!det__opening(c)) det__deliver_fenced(c, 1);
}

static void succeeded(det_core *core, int call) {
    det__core *c = det__core_of(core);
    if (call == DET__CALL_METRICS || !c->outbox.open) c->tries = 0;
    if (call == DET__CALL_HEARTBEAT || call == DET__CALL_REVIVE) {
        c->alive_ms = now(c);
        c->beat_ms = c->alive_ms + BEAT_MS;
        c->stats.heartbeats++;
    } else if (call == DET__CALL_METRICS) {
        if (DET_PIPELINE > 1 && c->window < c->depth) c->window++;
        det__deliver_stored(c);
    } else if (DET_EXACT && call == DET__CALL_PROBE) {
        det__deliver_probed(c, det__probe_stored(c));
    } else if (DET_LOGIN && call == DET__CALL_LOGIN) {
        c->login_due = 0;
        c->logged_in = 1;
    } else if (call == DET__CALL_STATE && (!c->told || c->outbox.open)) {
        c->told = 0; /* reports have been put back meanwhile: once more, behind them */
    } else if (call == DET__CALL_STATE) {
        if (det__feed_run_ended(c)) stop_later(c, c->lost_code);
    }
}

static void failed(det_core *core, int call, int rc, int status) {
    det__core *c = det__core_of(core);
    if (status == 401 && call != DET__CALL_LOGIN) unauthorized(core);
    if (call == DET__CALL_METRICS) {
        report_failed(core, rc, status);
    } else if (call == DET__CALL_HEARTBEAT || call == DET__CALL_REVIVE) {
        c->beat_ms = now(c) + (status == 401 ? 0 : BEAT_RETRY_MS);
    } else if (call == DET__CALL_PROGRESS) {
        if (status == 401) c->progress_due = 1;
    } else if (DET_EXACT && call == DET__CALL_PROBE) {
        det__deliver_probed(c, status == 401 || may_come_again(core, status) ? DET__ASK_AGAIN : -1);
        if (may_come_again(core, status)) back_off(core);
    } else if (DET_LOGIN && call == DET__CALL_LOGIN) {
        c->login_due = 1;
        back_off(core);
    } else if (DET_EXACT && call == DET__CALL_START) {
        c->starts = 0;
        if (status != 401) det__deliver_fenced(c, 0);
    } else if (status == 401) {
        c->told = 0;
    } else {
        if (!c->lost_code) c->lost_code = rc;
        if (det__feed_run_ended(c)) stop_later(c, rc);
    }
}

/* First contact fails at once; runs of the spool are tried again once there has been one. */
static int is_strict(const det__core *c) {
    return c->state == DET__OPENING_RUN && !(det__has_spool(c) && c->contact);
}

static void opening_done(det_core *core, int call, int rc) {
    det__core *c = det__core_of(core);
    if (rc != DET_OK) {
        if (c->state == DET__OPENING_RUN) stop_later(c, rc);
        else c->break_code = rc;
    } else if (DET_LOGIN && call == DET__CALL_LOGIN) {
        c->logged_in = 1;
    } else if (call == DET__CALL_STATE) {
        det__feed_run_opened(c);
        c->alive_ms = now(c);
        c->beat_ms = c->alive_ms + (c->next > DET__CALL_HEARTBEAT ? BEAT_MS : 0);
    }
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
    uint32_t t = now(c);
    int call = held(c, t) ? DET__CALL_NONE : next_call(c, t);
    if (call == DET__CALL_NONE) return DET_E_AGAIN;
    c->waiting = 0;
    int rc = det__call_make(core, call, q);
    if (rc == DET_OK)
        push_flight(c, call);
    else if (call != DET__CALL_PROBE && rc != DET_E_NOT_FOUND) /* nothing whole is queued any more */
        stop_later(c, rc);
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
    det__lock(c);
    if (rc == DET_OK && call == DET__CALL_START) run_started(c);
    if (det__opening(c))
        opening_done(core, call, rc);
    else if (rc == DET_OK)
        succeeded(core, call);
    else
        failed(core, call, rc, status);
    det__unlock(c);
    if (c->flights) det__call_expect(c, oldest(c));
}

static void done(void *ctx, int rc, const det_response *r) {
    det_core *core = (det_core *)ctx;
    det__core *c = det__core_of(core);
    if (c->foreign) rc = det__session_fail(&core->session, DET_E_MASTER, DET_STAGE_HTTP, 0);
    if (det__opening(c) || !breaks(core, rc, r->status))
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
        if (call == DET__CALL_HEARTBEAT || call == DET__CALL_REVIVE) c->beat_ms = now(c);
        if (call == DET__CALL_PROGRESS) c->progress_due = 1;
        if (DET_LOGIN && call == DET__CALL_LOGIN) c->login_due = !det__opening(c);
        if (call == DET__CALL_STATE) c->told = 0;
        if (DET_EXACT && call == DET__CALL_START && !sent) c->starts--;
    }
    det__lock(c);
    det__deliver_broken(c, sent);
    det__unlock(c);
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
    if (rc == DET_E_AUTH) c->logged_in = 0;
    /* A link that breaks more often than the window is answered would never get on: a quarter, growing with each answer. */
    if (DET_PIPELINE > 1 && sent) c->window = (uint16_t)(c->window / 4 + 1);
    forget_flights(c, sent);
    if (det__opening(c)) det__engine_open_run(core);
    if (sent && !c->tries)
        c->tries = 1;
    else
        back_off(core);
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
        if (det__opening(c) || !breaks(core, rc, status)) call_done(core, rc, status);
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
    if (held(c, t) || det__session_busy(&core->session)) return DET_E_AGAIN; /* with a request of the caller's own */
    c->pipe.silence_ms = DET_LOGIN && call == DET__CALL_LOGIN ? LOGIN_MS : 0;
    int rc = launch(core);
    c->driving = rc == DET_OK;
    if (rc != DET_OK && rc != DET_E_AGAIN) stop_later(c, rc);
    return DET_E_AGAIN;
}

int det__engine_step(det_core *core) {
    det__core *c = det__core_of(core);
    while (c->state != DET__CLOSED) {
        int rc = det__feed_step(core);
        if (rc != DET_OK && !c->driving) return rc == DET_E_CLOSED ? c->result : rc == DET_E_STATE ? DET_OK : rc;
        rc = c->driving ? DET_OK : start(core, now(c));
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
    uint32_t t = now(c), beat_ms = due(t, c->beat_ms) ? 0 : c->beat_ms - t;
    if (c->driving) {
        if (!det_session_wants(&core->session, w, timeout_ms)) *timeout_ms = 0;
        if (!det__opening(c) && beat_ms && beat_ms < *timeout_ms) *timeout_ms = beat_ms;
        return w->handle != -1;
    }
    *timeout_ms = det__session_busy(&core->session) ? OWN_REQUEST_MS : 0;
    if (next_call(c, t) == DET__CALL_NONE)
        *timeout_ms = det__run_open(c) ? beat_ms : UINT32_MAX;
    else if (held(c, t))
        *timeout_ms = c->retry_ms - t;
    if (det__feed_waits(c) && *timeout_ms > STORE_RETRY_MS) *timeout_ms = STORE_RETRY_MS;
    return 0;
}
