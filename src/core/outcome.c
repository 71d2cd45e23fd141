/* SPDX-License-Identifier: Apache-2.0
 * What an answer means for the run (contract 3, 5.6): stored, refused, to be sent again, or left open. Knows the calls, not
 * how they travel.
 * Invariant: a report leaves the outbox only when its fate is known, or known to be unsure. */
#include "../session/fail.h"
#include "internal.h"

#if !DET__PLAIN

/* Not from within a callback of the session. */
void det__stop_later(det__core *c, int rc) {
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
        det__back_off(core);
}

static void report_failed(det_core *core, int rc, int status) {
    det__core *c = det__core_of(core);
    int stale = det__verdict_stale(core);
    if (status == 401 || det__verdict_later(core, status) || (DET_EXACT && stale && c->starts)) {
        det__deliver_again(c);
        c->told = 0;
        if (DET_EXACT && stale) c->doubt = DET__FENCING; /* one of our own StartTrials has landed late */
        else if (status != 401) det__back_off(core);
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
    c->alive_ms = c->now_ms;
    if (!det__opening(c)) det__deliver_fenced(c, 1);
}

static void succeeded(det_core *core, int call) {
    det__core *c = det__core_of(core);
    if (call == DET__CALL_METRICS || !c->outbox.open) c->tries = 0;
    if (call == DET__CALL_HEARTBEAT || call == DET__CALL_REVIVE) {
        c->alive_ms = c->now_ms;
        c->beat_ms = c->alive_ms + DET__BEAT_MS;
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
        if (det__feed_run_ended(c)) det__stop_later(c, c->lost_code);
    }
}

static void failed(det_core *core, int call, int rc, int status) {
    det__core *c = det__core_of(core);
    if (status == 401 && call != DET__CALL_LOGIN) unauthorized(core);
    if (call == DET__CALL_METRICS) {
        report_failed(core, rc, status);
    } else if (call == DET__CALL_HEARTBEAT || call == DET__CALL_REVIVE) {
        c->beat_ms = c->now_ms + (status == 401 ? 0 : DET__BEAT_RETRY_MS);
    } else if (call == DET__CALL_PROGRESS) {
        if (status == 401) c->progress_due = 1;
    } else if (DET_EXACT && call == DET__CALL_PROBE) {
        det__deliver_probed(c, status == 401 || det__verdict_later(core, status) ? DET__ASK_AGAIN : -1);
        if (det__verdict_later(core, status)) det__back_off(core);
    } else if (DET_LOGIN && call == DET__CALL_LOGIN) {
        c->login_due = 1;
        det__back_off(core);
    } else if (DET_EXACT && call == DET__CALL_START) {
        c->starts = 0;
        if (status != 401) det__deliver_fenced(c, 0);
    } else if (status == 401) {
        c->told = 0;
    } else {
        if (!c->lost_code) c->lost_code = rc;
        if (det__feed_run_ended(c)) det__stop_later(c, rc);
    }
}

static void opening_done(det_core *core, int call, int rc) {
    det__core *c = det__core_of(core);
    if (rc != DET_OK) {
        if (c->state == DET__OPENING_RUN) det__stop_later(c, rc);
        else c->break_code = rc;
    } else if (DET_LOGIN && call == DET__CALL_LOGIN) {
        c->logged_in = 1;
    } else if (call == DET__CALL_STATE) {
        det__feed_run_opened(c);
        c->alive_ms = c->now_ms;
        c->beat_ms = c->alive_ms + (c->next > DET__CALL_HEARTBEAT ? DET__BEAT_MS : 0);
    }
}

void det__outcome(det_core *core, int call, int rc, int status) {
    det__core *c = det__core_of(core);
    c->now_ms = det__now(c);
    det__lock(c);
    if (rc == DET_OK && call == DET__CALL_START) run_started(c);
    if (det__opening(c))
        opening_done(core, call, rc);
    else if (rc == DET_OK)
        succeeded(core, call);
    else
        failed(core, call, rc, status);
    det__unlock(c);
}

#else
typedef int det__outcome_nothing;
#endif
