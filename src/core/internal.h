/* SPDX-License-Identifier: Apache-2.0
 * What the files of core/ share: the core's real shape. Only they include this. */
#ifndef DET_CORE_INTERNAL_H
#define DET_CORE_INTERNAL_H

#include "../json/pick.h"
#include "det.h"
#include "outbox.h"

enum det__core_state {
    DET__CLOSED, /* not opened, failed to open, or closed */
    DET__OPENING_RUN,
    DET__RUNNING,
    DET__CLOSING
};

/* What the core asks the master for. The first ones, in this order, open a run (contract 3, steps 1 to 8). */
enum det__call {
    DET__CALL_NONE,
    DET__CALL_LOGIN,
    DET__CALL_EXPERIMENT,
    DET__CALL_TRIAL,
    DET__CALL_MASTER,
    DET__CALL_START,
    DET__CALL_PREPARE,
    DET__CALL_STATE,      /* RUNNING, and in the end the terminal state */
    DET__CALL_HEARTBEAT,
    DET__CALL_METRICS,
    DET__CALL_PROGRESS
};

enum { DET__PICKS = 3, DET__SCRATCH = 896, DET__TOKEN_AT = 448 };

/* The small fields come first: a load from a short offset is half the code on Thumb. */
typedef struct det__core {
    uint8_t state;        /* enum det__core_state */
    uint8_t call;         /* enum det__call under way, DET__CALL_NONE if none */
    uint8_t next;         /* opening: the call to make next */
    uint8_t waiting;      /* retry_ms counts */
    uint8_t tries;        /* failures in a row */
    uint8_t progress_due;
    uint8_t login_due;    /* the token was refused in mid-run and there is a password */
    uint8_t picks_used;
    uint32_t magic;       /* says that it was opened; the core need not be zeroed before */
    uint32_t beat_ms;     /* when the next heartbeat is due */
    uint32_t retry_ms;    /* not before: after a failure */
    int result;           /* of opening, then of closing */
    int lost_code;        /* first thing that went wrong with a report */
    size_t tx_len;        /* of the request buffer at the start of opt.mem */
    char *scratch;        /* DET__SCRATCH bytes: a small call's text, from DET__TOKEN_AT on a new token */
    const char *stamp;    /* of the report under way: what is sent before its payload, in scratch */
    size_t stamp_len;
    const char *payload;
    size_t payload_len;
    const char *config;     /* of the experiment: the caller's, or made */
    const char *told_state; /* of the trial, without STATE_ */
    det__outbox outbox;
    det_stats stats;
    det_failure blocked;  /* what keeps it waiting: a report refused meanwhile must not hide it */
    det_options opt;
    double progress;
    int64_t steps;        /* of the report under way */
    det_run_info run;
    det__pick picks[DET__PICKS];
    det__picker picker;
} det__core;

/* The core behind the public storage; NULL stays NULL. */
static inline det__core *det__core_of(det_core *c) {
    return (det__core *)(void *)c;
}

static inline const det__core *det__core_of_const(const det_core *c) {
    return (const det__core *)(const void *)c;
}

#define DET__MAGIC UINT32_C(0xC7C7C7C7) /* an immediate of Thumb-2 */

/* Has it been through det_open_start()? */
static inline int det__core_opened(const det_core *core) {
    return core && det__core_of_const(core)->magic == DET__MAGIC;
}

/* call.c: one call's request and what is taken from its answer */
int det__call_start(det_core *core, int call);
int det__call_taken(det_core *core, int call);

/* value.c: what a master would refuse, found before it is queued */
int det__value_group(const char *group); /* its length, or DET_E_GROUP */
int det__value_metric(const det_metric *m, const char *searched); /* the metric that must be a number, or NULL */
int det__value_json(const char *json); /* type of the value, or DET_E_VALUE */
int det__equal(const char *a, const char *b);

/* core.c: a failure found here, kept by the session; returns code */
int det__core_fail(det_core *core, int code);

/* engine.c */
int det__engine_step(det_core *core);
void det__engine_give_up(det_core *core); /* whatever is under way; the core is closed */
int det__engine_wants(const det_core *core, det_wait *w, uint32_t *timeout_ms);

#endif
