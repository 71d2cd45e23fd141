/* SPDX-License-Identifier: Apache-2.0
 * The engine of the smallest configuration (DET__PLAIN), in place of engine.c, outcome.c and deliver.c: one call at a
 * time, each answered before the next; a report whose answer was lost is told and not sent again. Never waits.
 * Invariant: a report leaves the outbox only when its fate is known or known to be unsure (contract 5.6). */
#include <string.h>

#include "../base/wipe.h"
#include "../session/fail.h"
#include "internal.h"

#if DET__PLAIN

/* ---- what next ---------------------------------------------------------------------------------------------------- */

/* DET__CALL_NONE: nothing is left to do. */
static int next_call(const det__core *c, uint32_t t) {
    if (c->state == DET__OPENING_RUN) return c->next;
    if (DET_LOGIN && c->login_due) return DET__CALL_LOGIN;
    if (det__due(t, c->beat_ms)) return t - c->alive_ms < DET__REVIVE_MS ? DET__CALL_HEARTBEAT : DET__CALL_REVIVE;
    det__lock(c);
    int queued = c->outbox.count != 0;
    det__unlock(c);
    if (queued) return DET__CALL_METRICS;
    if (c->progress_due) return DET__CALL_PROGRESS;
    return c->state == DET__CLOSING ? DET__CALL_STATE : DET__CALL_NONE;
}

/* ---- reports ------------------------------------------------------------------------------------------------------- */

/* The oldest leaves the outbox; its name stays where it is until the next report. */
static const det__record *pop(det__core *c) {
    det__lock(c);
    const det__record *r = det__outbox_first(&c->outbox);
    det__outbox_pop(&c->outbox);
    det__unlock(c);
    return r;
}

/* The callback may step. */
static void lose(det__core *c, int code) {
    const det__record *r = pop(c);
    if (code == DET_E_UNSURE)
        c->stats.unsure++;
    else if (code == DET_E_DAMAGED)
        c->stats.spoiled++;
    else
        c->stats.refused++;
    if (!c->lost_code) c->lost_code = code;
    if (c->opt.lost) c->opt.lost(c->opt.lost_ctx, code, det__record_text(r), r->steps);
}

int det__deliver_take(det__core *c) {
    c->leader = det__outbox_first(&c->outbox);
    c->stats.requests++;
    return DET_OK;
}

/* What the memory no longer holds as it was reported is not sent. */
static int is_damaged(const det__core *c) {
    det__record *r = det__outbox_first(&c->outbox);
    if (det__record_whole(r)) return 0;
    det__record_end(r);
    return 1;
}

/* ---- what an answer means ------------------------------------------------------------------------------------------ */

/* The token is refused: log in again at once if there is a password, else keep everything and try again later. */
static void unauthorized(det_core *core) {
    det__core *c = det__core_of(core);
    c->login_due = DET_LOGIN && c->opt.user;
    if (c->login_due && !c->tries)
        c->tries = 1;
    else
        det__back_off(core);
}

static void succeeded(det_core *core, int call) {
    det__core *c = det__core_of(core);
    c->tries = 0;
    if (call == DET__CALL_HEARTBEAT || call == DET__CALL_REVIVE) {
        c->alive_ms = c->now_ms;
        c->beat_ms = c->now_ms + DET__BEAT_MS;
        c->stats.heartbeats++;
    } else if (call == DET__CALL_METRICS) {
        c->stats.acknowledged++;
        pop(c);
    } else if (call == DET__CALL_STATE) {
        det__engine_stop(core, c->lost_code);
    }
}

/* The connection broke, or an answer leaves open what was done: again later, but for a report that may be stored. */
static void broken(det_core *core, int call, int sent) {
    det__core *c = det__core_of(core);
    if (call == DET__CALL_PROGRESS) c->progress_due = 1;
    det__back_off(core);
    if (call != DET__CALL_METRICS || !sent) return;
    if (c->leader->part == DET__PROFILING && c->opt.profiling == DET_AT_LEAST_ONCE)
        c->stats.resent++;
    else
        lose(c, DET_E_UNSURE);
}

static void report_failed(det_core *core, int rc, int status) {
    if (det__verdict_later(core, status))
        det__back_off(core);
    else
        lose(det__core_of(core), det__verdict_stale(core) ? det__session_recode(&core->session, DET_E_RUN) : rc);
}

static void failed(det_core *core, int call, int rc, int status) {
    det__core *c = det__core_of(core);
    if (call == DET__CALL_PROGRESS && status == 401) c->progress_due = 1;
    if (status == 401)
        unauthorized(core);
    else if (call == DET__CALL_METRICS)
        report_failed(core, rc, status);
    else if (call == DET__CALL_STATE)
        det__engine_stop(core, c->lost_code ? c->lost_code : rc);
    else if (call != DET__CALL_PROGRESS)
        c->beat_ms = c->now_ms + DET__BEAT_RETRY_MS;
}

static void opening_done(det_core *core, int call, int rc) {
    det__core *c = det__core_of(core);
    c->next++;
    if (rc != DET_OK) {
        det__engine_stop(core, rc);
    } else if (call == DET__CALL_STATE) {
        c->state = DET__RUNNING;
        c->beat_ms = c->alive_ms = c->now_ms;
    }
}

/* A call has ended. A complete head decides, even if the body was cut. */
static void done(det_core *core, int rc) {
    det__core *c = det__core_of(core);
    int call = c->flight[0], status = det_session_response(&core->session)->status;
    c->flight[0] = DET__CALL_NONE;
    c->now_ms = det__now(c);
    if (rc == DET_OK || (status / 100 == 2 && c->foreign)) rc = det__call_taken(core, call);
    /* A password's hash opens an account as well as the password: it does not stay in memory. */
    if (DET_LOGIN && call == DET__CALL_LOGIN) det__wipe(c->opt.mem, c->tx_len + DET__SCRATCH);
    if (c->state == DET__OPENING_RUN)
        opening_done(core, call, rc);
    else if (DET_LOGIN && call == DET__CALL_LOGIN) {
        c->login_due = rc != DET_OK;
        if (rc != DET_OK) det__back_off(core);
    } else if (!status || det__verdict_breaks(core, rc, status))
        broken(core, call, status || rc == DET_E_UNSURE);
    else if (status < 300)
        succeeded(core, call);
    else
        failed(core, call, rc, status);
}

/* ---- the engine ---------------------------------------------------------------------------------------------------- */

static int sink(void *ctx, const det_response *r, const void *data, size_t len) {
    det__core *c = det__core_of((det_core *)ctx);
    return det__call_take(c, c->flight[0], r, data, len);
}

/* May be sent again as their method says. Repeating the others changes nothing that matters: a lost StartTrial costs a
 * run id, a lost login a token. */
enum { BY_METHOD = 1 << DET__CALL_EXPERIMENT | 1 << DET__CALL_TRIAL | 1 << DET__CALL_METRICS };

static int start(det_core *core, int call) {
    det__core *c = det__core_of(core);
    det_request q;
    memset(&q, 0, sizeof q);
    c->waiting = 0;
    int rc = det__call_make(core, call, &q);
    if (rc != DET_OK) return rc;
    q.sink = sink;
    q.sink_ctx = core;
    q.replay = BY_METHOD >> call & 1 ? DET_REPLAY_AUTO : DET_REPLAY_SAFE;
    if (DET_LOGIN && call == DET__CALL_LOGIN) q.silence_ms = DET__LOGIN_MS;
    rc = det_session_start(&core->session, &q);
    c->flight[0] = (uint8_t)call;
    det__call_expect(c, call);
    if (call == DET__CALL_PROGRESS) c->progress_due = 0; /* a newer one may come meanwhile */
    return rc;
}

void det__engine_stop(det_core *core, int rc) {
    det__core *c = det__core_of(core);
    det__lock(c);
    c->state = DET__CLOSED;
    det__unlock(c);
    c->result = rc;
    det_session_free(&core->session);
}

void det__engine_give_up(det_core *core) {
    det__core *c = det__core_of(core);
    int rc = det__session_give_up(&core->session);
    if (c->flight[0] == DET__CALL_METRICS && rc == DET_E_UNSURE) lose(c, rc);
    if (c->state != DET__CLOSED) det__engine_stop(core, rc);
}

int det__engine_step(det_core *core) {
    det__core *c = det__core_of(core);
    while (c->state != DET__CLOSED) {
        int rc;
        if (!c->flight[0]) {
            uint32_t t = det__now(c);
            int call = next_call(c, t);
            if (call == DET__CALL_NONE) return DET_OK;
            if (det__held(c, t) || det__session_busy(&core->session)) return DET_E_AGAIN; /* with a request of the caller's own */
            if (call == DET__CALL_METRICS && is_damaged(c)) {
                lose(c, DET_E_DAMAGED);
                continue;
            }
            rc = start(core, call);
            if (rc != DET_OK) det__engine_stop(core, rc);
        } else {
            rc = det_session_step(&core->session);
            if (rc == DET_E_AGAIN) return rc;
            done(core, rc);
        }
    }
    return c->result;
}

void det__engine_open_run(det_core *core) {
    det__core *c = det__core_of(core);
    c->next = !DET_LOGIN || c->opt.token ? DET__CALL_EXPERIMENT : DET__CALL_LOGIN;
    c->told_state = "RUNNING";
}

int det__engine_wants(const det_core *core, det_wait *w, uint32_t *timeout_ms) {
    const det__core *c = det__core_of_const(core);
    *timeout_ms = UINT32_MAX;
    if (c->state == DET__CLOSED) return 0;
    if (c->flight[0]) {
        if (!det_session_wants(&core->session, w, timeout_ms)) *timeout_ms = 0;
        return w->handle != -1;
    }
    uint32_t t = det__now(c);
    *timeout_ms = det__session_busy(&core->session) ? DET__OWN_REQUEST_MS : 0;
    if (next_call(c, t) == DET__CALL_NONE)
        *timeout_ms = c->beat_ms - t;
    else if (det__held(c, t))
        *timeout_ms = c->retry_ms - t;
    return 0;
}

#else
typedef int det__engine_plain_nothing;
#endif
