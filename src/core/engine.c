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
    BACKOFF_DOUBLINGS = 6   /* up to 32 s */
};

static uint32_t now(const det__core *c) {
    return c->opt.port->now_ms(c->opt.port->ctx);
}

static int due(uint32_t t, uint32_t at) {
    return (int32_t)(t - at) >= 0;
}

/* ---- what next ---------------------------------------------------------------------------------------------------- */

static int next_call(det__core *c) {
    uint32_t t = now(c);
    if (c->state == DET__CLOSED) return DET__CALL_NONE;
    if (c->state == DET__OPENING_RUN) return c->next;
    if (c->waiting && !due(t, c->retry_ms)) return DET__CALL_NONE;
    c->waiting = 0;
    if (c->login_due) return DET__CALL_LOGIN;
    if (due(t, c->beat_ms)) return DET__CALL_HEARTBEAT;
    if (c->outbox.count) return DET__CALL_METRICS;
    if (c->progress_due) return DET__CALL_PROGRESS;
    return c->state == DET__CLOSING ? DET__CALL_TERMINAL : DET__CALL_NONE;
}

/* 0.5 s · 2ⁿ, of which a random half is taken off so that a fleet does not come back in step; or what the server asked. */
static void back_off(det_core *core) {
    det__core *c = det__core_of(core);
    uint32_t asked = det_session_response(&core->session)->retry_after_ms;
    uint32_t ms = (uint32_t)BACKOFF_MS << (c->tries < BACKOFF_DOUBLINGS ? c->tries : BACKOFF_DOUBLINGS);
    uint32_t t = now(c);
    ms -= (t * UINT32_C(2654435761) >> 16) % (ms / 2);
    if (c->tries < UINT8_MAX) c->tries++;
    c->blocked = *det_session_failure(&core->session);
    c->retry_ms = t + (asked && asked < INT32_MAX ? asked : ms); /* a date or nonsense is as good as none */
    c->waiting = 1;
}

/* ---- what it means ------------------------------------------------------------------------------------------------ */

static int has(const char *text, const char *part) {
    size_t n = strlen(part);
    for (; strlen(text) >= n; text++)
        if (memcmp(text, part, n) == 0) return 1;
    return 0;
}

static int stop(det_core *core, int rc) {
    det__core *c = det__core_of(core);
    c->state = DET__CLOSED;
    c->result = rc;
    (void)det_session_end(&core->session);
    return rc;
}

static void lose(det__core *c, int code) {
    const char *group = NULL;
    const det__record *r = det__outbox_first(&c->outbox, &group);
    if (code == DET_E_UNSURE)
        c->stats.unsure++;
    else
        c->stats.refused++;
    if (!c->lost_code) c->lost_code = code;
    if (c->opt.lost) c->opt.lost(c->opt.lost_ctx, code, group, r->steps);
    det__outbox_pop(&c->outbox);
}

/* The token is refused: log in again if there is a password, else keep everything and try again later. */
static void unauthorized(det_core *core) {
    det__core *c = det__core_of(core);
    if (c->opt.user || c->opt.password) c->login_due = 1;
    if (!c->login_due || c->tries) back_off(core);
    if (c->login_due && !c->tries) c->tries = 1;
}

/* An answer that leaves open whether the report was stored (contract 5.6). */
static int ambiguous(const det_core *core, int status) {
    if (status == 408 || status == 502 || status == 503 || status == 504) return 1;
    return status == 500 && has(det_session_errmsg(&core->session), "failed to commit transaction");
}

static void metrics_done(det_core *core, int rc, int status) {
    det__core *c = det__core_of(core);
    const det_response *res = det_session_response(&core->session);
    if (status >= 200 && status < 300) { /* a complete head decides, even if the body was cut */
        c->stats.acknowledged++;
        c->tries = 0;
        det__outbox_pop(&c->outbox);
    } else if (status == 401) {
        unauthorized(core);
    } else if ((status == 413 || status == 429) && res->retry_after_ms) {
        back_off(core);
    } else if (rc == DET_E_UNSURE || ambiguous(core, status)) {
        lose(c, det__session_recode(&core->session, DET_E_UNSURE));
        back_off(core);
    } else if (status) {
        if (has(det_session_errmsg(&core->session), "invalid run id")) rc = det__session_recode(&core->session, DET_E_RUN);
        lose(c, rc);
    } else if (det_error_class(rc) == DET_CLASS_USAGE || det_error_class(rc) == DET_CLASS_SPACE) {
        lose(c, rc);
    } else {
        back_off(core); /* it never left: it stays */
    }
}

static void control_done(det_core *core, int call, int rc, int status) {
    det__core *c = det__core_of(core);
    int ok = status >= 200 && status < 300;
    if (ok) c->tries = 0;
    if (call == DET__CALL_HEARTBEAT) {
        c->beat_ms = now(c) + (ok ? BEAT_MS : BEAT_RETRY_MS);
        c->stats.heartbeats += (uint32_t)ok;
    }
    if (call == DET__CALL_PROGRESS && status) c->progress_due = 0;
    if (status == 401)
        unauthorized(core);
    else if (!status)
        back_off(core);
    if (call == DET__CALL_TERMINAL && status && status != 401) (void)stop(core, ok ? c->lost_code : rc);
}

static void login_done(det_core *core, int rc, int status) {
    det__core *c = det__core_of(core);
    if (rc == DET_OK && status) rc = det__call_taken(core, DET__CALL_LOGIN);
    if (rc == DET_OK)
        c->login_due = 0;
    else
        back_off(core);
}

static int opening_done(det_core *core, int call, int rc) {
    det__core *c = det__core_of(core);
    if (rc == DET_OK) rc = det__call_taken(core, call);
    if (rc != DET_OK) return stop(core, rc);
    c->next++;
    if (call != DET__CALL_RUNNING) return DET_OK;
    c->state = DET__RUNNING;
    c->beat_ms = now(c);
    det__session_log(&core->session, DET_LOG_INFO, "trial opened");
    return DET_OK;
}

/* A password's hash opens an account as well as the password: it does not stay in memory. */
static void wipe_login(det__core *c) {
    det__wipe(c->opt.mem, c->tx_len);
    if (c->state == DET__OPENING_RUN) det__wipe(c->outbox.mem, DET__SCRATCH);
    det__wipe(c->scratch, DET__SCRATCH);
}

static int done(det_core *core, int call, int rc) {
    det__core *c = det__core_of(core);
    int status = det_session_response(&core->session)->status;
    c->call = DET__CALL_NONE;
    if (c->state == DET__OPENING_RUN)
        rc = opening_done(core, call, rc);
    else if (call == DET__CALL_METRICS)
        metrics_done(core, rc, status);
    else if (call == DET__CALL_LOGIN)
        login_done(core, rc, status);
    else
        control_done(core, call, rc, status);
    if (call == DET__CALL_LOGIN) wipe_login(c);
    return c->state == DET__CLOSED ? c->result : DET_OK;
}

/* ---- the engine ---------------------------------------------------------------------------------------------------- */

static int pending(const det__core *c) {
    return c->state != DET__RUNNING || c->outbox.count || c->progress_due || c->login_due;
}

int det__engine_step(det_core *core) {
    det__core *c = det__core_of(core);
    while (c->state != DET__CLOSED) {
        int rc = DET_OK, call = c->call;
        if (call == DET__CALL_NONE) {
            call = next_call(c);
            if (call == DET__CALL_NONE) return pending(c) ? DET_E_AGAIN : DET_OK;
            rc = det__call_start(core, call);
            if (rc == DET_E_STATE) return DET_E_AGAIN; /* the caller has a request of its own on the session */
            if (rc == DET_OK) c->call = (uint8_t)call;
        }
        if (rc == DET_OK) rc = det_session_step(&core->session);
        if (rc == DET_E_AGAIN) return rc;
        rc = done(core, call, rc);
    }
    return c->result;
}

int det__engine_wants(const det_core *core, det_wait *w, uint32_t *timeout_ms) {
    const det__core *c = det__core_of_const(core);
    uint32_t t = now(c);
    *timeout_ms = UINT32_MAX;
    if (c->state == DET__CLOSED) return 0;
    if (c->call != DET__CALL_NONE) {
        if (!det_session_wants(&core->session, w, timeout_ms)) *timeout_ms = 0;
        return w->handle != -1;
    }
    if (c->state == DET__OPENING_RUN) {
        *timeout_ms = 0;
    } else if (c->waiting) {
        *timeout_ms = due(t, c->retry_ms) ? 0 : c->retry_ms - t;
    } else {
        int busy = c->outbox.count || c->progress_due || c->login_due || c->state == DET__CLOSING;
        *timeout_ms = busy || due(t, c->beat_ms) ? 0 : c->beat_ms - t;
    }
    return 0;
}
