/* SPDX-License-Identifier: Apache-2.0
 * What one answer says, by itself (contract 1.6, 5.6): does it leave open what was done, may the same come again, is the
 * run over; and how long to wait after a failure. Knows no call. */
#include "../session/fail.h"
#include "internal.h"

enum {
    BACKOFF_MS = 500,
    BACKOFF_DOUBLINGS = 6   /* up to 32 s */
};

static int has(const char *text, const char *part) {
    for (size_t n = 0; *text; n = 0, text++) {
        while (part[n] && text[n] == part[n]) n++;
        if (!part[n]) return 1;
    }
    return 0;
}

/* 0.5 s · 2ⁿ, of which a random half is taken off so that a fleet does not come back in step; or what the server asked. */
void det__back_off(det_core *core) {
    det__core *c = det__core_of(core);
    uint32_t asked_ms = det_session_response(&core->session)->retry_after_ms;
    uint32_t t = c->now_ms, ms = (uint32_t)BACKOFF_MS << c->tries;
    ms -= (t * UINT32_C(2654435761) >> 16) * (ms / 2) >> 16;
    if (c->tries < BACKOFF_DOUBLINGS) c->tries++;
    c->blocked = *det_session_failure(&core->session);
    if (asked_ms == UINT32_MAX) asked_ms = 0;      /* a date or nonsense is as good as none */
    if (asked_ms > DET__BEAT_MS) asked_ms = DET__BEAT_MS;    /* the heartbeat waits too */
    c->retry_ms = t + (asked_ms ? asked_ms : ms);
    c->waiting = 1;
}

/* Answers that leave open what was done (contract 5.6), and those that no master gives. */
int det__verdict_breaks(const det_core *core, int rc, int status) {
    if (status == 408 || (status >= 502 && status <= 504) || rc == DET_E_MASTER) return 1;
    if (status >= 300 && status != 413 && !det__session_words(&core->session)) return 1;
    return status == 500 && (rc != DET_E_SERVER || has(det_session_errmsg(&core->session), "commit transaction"));
}

int det__verdict_later(const det_core *core, int status) {
    return (status == 413 || status == 429) && det_session_response(&core->session)->retry_after_ms;
}

int det__verdict_stale(const det_core *core) {
    return has(det_session_errmsg(&core->session), "invalid run id");
}
