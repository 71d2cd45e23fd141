/* SPDX-License-Identifier: Apache-2.0
 * When: which call comes next, and what its end means for the run (contract 3, 5.6). One call at a time over the
 * session. Never waits. Invariant: a report leaves the outbox only when its fate is known or known to be unsure. */
#include <string.h>

#include "../base/wipe.h"
#include "../session/fail.h"
#include "internal.h"

enum {
    BEAT_MS = 60000,        /* contract 3 step 8 */
    BEAT_RETRY_MS = 10000,
    BACKOFF_MS = 500,
    OWN_REQUEST_MS = 10,    /* how often to look whether the caller's own request has ended */
    BACKOFF_DOUBLINGS = 6   /* up to 32 s */
};

static uint32_t now(const det__core *c) {
    return c->opt.port->now_ms(c->opt.port->ctx);
}

static int due(uint32_t t, uint32_t at) {
    return (int32_t)(t - at) >= 0;
}

/* ---- what next ---------------------------------------------------------------------------------------------------- */

/* DET__CALL_NONE: nothing is left to do. */
static int next_call(const det__core *c, uint32_t t) {
    if (c->state == DET__OPENING_RUN) return c->next;
    if (c->login_due) return DET__CALL_LOGIN;
    if (due(t, c->beat_ms)) return DET__CALL_HEARTBEAT;
    if (c->outbox.count) return DET__CALL_METRICS;
    if (c->progress_due) return DET__CALL_PROGRESS;
    return c->state == DET__CLOSING ? DET__CALL_STATE : DET__CALL_NONE;
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

static void stop(det_core *core, int rc) {
    det__core *c = det__core_of(core);
    c->state = DET__CLOSED;
    c->result = rc;
    det_session_free(&core->session);
}

static void lose(det__core *c, int code) {
    const det__record *r = det__outbox_first(&c->outbox);
    int32_t steps = r->steps;
    if (code == DET_E_UNSURE)
        c->stats.unsure++;
    else
        c->stats.refused++;
    if (!c->lost_code) c->lost_code = code;
    det__outbox_pop(&c->outbox); /* before the callback, which may step */
    if (c->opt.lost) c->opt.lost(c->opt.lost_ctx, code, (const char *)(r + 1), steps);
}

/* The token is refused: log in again at once if there is a password, else keep everything and try again later. */
static void unauthorized(det_core *core) {
    det__core *c = det__core_of(core);
    c->login_due = c->opt.user != NULL;
    if (c->login_due && !c->tries)
        c->tries = 1;
    else
        back_off(core);
}

/* Not refused for good: it never left, or the server says when to come again. */
static int stays(const det_core *core, int rc, int status) {
    if (status) return (status == 413 || status == 429) && det_session_response(&core->session)->retry_after_ms;
    return rc != DET_E_UNSURE;
}

/* What is told of a report that does not stay. Some answers leave open whether it was stored (contract 5.6), and so does
 * a 500 whose words were cut off. */
static int fate(const det_core *core, int rc, int status) {
    const char *text = det_session_errmsg(&core->session);
    if (status == 408 || (status >= 502 && status <= 504)) return DET_E_UNSURE;
    if (status == 500 && (rc != DET_E_SERVER || has(text, "commit transaction"))) return DET_E_UNSURE;
    return status && has(text, "invalid run id") ? DET_E_RUN : rc;
}

static void report_failed(det_core *core, int rc, int status) {
    det__core *c = det__core_of(core);
    if (stays(core, rc, status)) {
        back_off(core);
        return;
    }
    rc = det__session_recode(&core->session, fate(core, rc, status));
    lose(c, rc);
    if (rc == DET_E_UNSURE) back_off(core);
}

static void failed(det_core *core, int call, int rc, int status) {
    det__core *c = det__core_of(core);
    int away = !status || (status >= 502 && status <= 504);
    if (call == DET__CALL_PROGRESS && (away || status == 401)) c->progress_due = 1;
    if (status == 401)
        unauthorized(core);
    else if (call == DET__CALL_METRICS)
        report_failed(core, rc, status);
    else if (away)
        back_off(core);
    else if (call == DET__CALL_STATE)
        stop(core, rc);
}

static void succeeded(det_core *core, int call) {
    det__core *c = det__core_of(core);
    c->tries = 0;
    if (call == DET__CALL_HEARTBEAT) {
        c->beat_ms += BEAT_MS - BEAT_RETRY_MS;
        c->stats.heartbeats++;
    } else if (call == DET__CALL_METRICS) {
        c->stats.acknowledged++;
        det__outbox_pop(&c->outbox);
    } else if (call == DET__CALL_STATE) {
        stop(core, c->lost_code);
    }
}

/* A complete head decides, even if the body was cut. */
static void call_done(det_core *core, int call, int rc, int status) {
    det__core *c = det__core_of(core);
    if (call == DET__CALL_HEARTBEAT) c->beat_ms = now(c) + BEAT_RETRY_MS;
    if (status >= 200 && status < 300)
        succeeded(core, call);
    else
        failed(core, call, rc, status);
}

static void login_done(det_core *core, int rc) {
    det__core *c = det__core_of(core);
    c->login_due = rc != DET_OK;
    if (c->login_due) back_off(core);
}

static void opening_done(det_core *core, int call, int rc) {
    det__core *c = det__core_of(core);
    c->next++;
    if (rc != DET_OK) {
        stop(core, rc);
    } else if (call == DET__CALL_STATE) {
        c->state = DET__RUNNING;
        c->beat_ms = now(c);
    }
}

static void done(det_core *core, int call, int rc) {
    det__core *c = det__core_of(core);
    int status = c->call == call ? det_session_response(&core->session)->status : 0; /* 0: it was not even started */
    c->call = DET__CALL_NONE;
    if (rc == DET_OK) rc = det__call_taken(core, call);
    /* A password's hash opens an account as well as the password: it does not stay in memory. */
    if (call == DET__CALL_LOGIN) det__wipe(c->opt.mem, c->tx_len + DET__SCRATCH);
    if (c->state == DET__OPENING_RUN)
        opening_done(core, call, rc);
    else if (call == DET__CALL_LOGIN)
        login_done(core, rc);
    else
        call_done(core, call, rc, status);
}

/* ---- the engine ---------------------------------------------------------------------------------------------------- */

void det__engine_give_up(det_core *core) {
    det__core *c = det__core_of(core);
    int call = c->call, rc = det__session_give_up(&core->session);
    if (call != DET__CALL_NONE) done(core, call, rc);
    if (c->state != DET__CLOSED) stop(core, rc);
}

int det__engine_step(det_core *core) {
    det__core *c = det__core_of(core);
    while (c->state != DET__CLOSED) {
        int rc = DET_OK, call = c->call;
        if (call == DET__CALL_NONE) {
            uint32_t t = now(c);
            call = next_call(c, t);
            if (call == DET__CALL_NONE) return DET_OK;
            if (held(c, t)) return DET_E_AGAIN;
            if (det__session_busy(&core->session)) return DET_E_AGAIN; /* with a request of the caller's own */
            c->waiting = 0;
            rc = det__call_start(core, call);
            if (rc == DET_OK) c->call = (uint8_t)call;
            if (call == DET__CALL_PROGRESS) c->progress_due = 0; /* a newer one may come meanwhile */
        }
        if (rc == DET_OK) rc = det_session_step(&core->session);
        if (rc == DET_E_AGAIN) return rc;
        done(core, call, rc);
    }
    return c->result;
}

int det__engine_wants(const det_core *core, det_wait *w, uint32_t *timeout_ms) {
    const det__core *c = det__core_of_const(core);
    *timeout_ms = UINT32_MAX;
    if (c->state == DET__CLOSED) return 0;
    if (c->call != DET__CALL_NONE) {
        if (!det_session_wants(&core->session, w, timeout_ms)) *timeout_ms = 0;
        return w->handle != -1;
    }
    uint32_t t = now(c);
    *timeout_ms = det__session_busy(&core->session) ? OWN_REQUEST_MS : 0;
    if (next_call(c, t) == DET__CALL_NONE)
        *timeout_ms = c->beat_ms - t;
    else if (held(c, t))
        *timeout_ms = c->retry_ms - t;
    return 0;
}
