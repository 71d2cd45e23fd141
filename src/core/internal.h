/* SPDX-License-Identifier: Apache-2.0
 * What the files of core/ share: the core's real shape. Only they include this. */
#ifndef DET_CORE_INTERNAL_H
#define DET_CORE_INTERNAL_H

#include "../base/crc32.h"
#include "../json/pick.h"
#include "det.h"
#include "feed.h"
#include "outbox.h"

/* Reports may be sent long after they were made. */
#define DET__TIMES (DET_EXACT || DET_SPOOL)

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
    DET__CALL_PROGRESS,
    DET__CALL_PROBE,
    DET__CALL_REVIVE      /* a heartbeat that makes the trial RUNNING again */
};

/* Rows of the master that a report of a newer run archives together (contract 5.6). Profiling rows it never does, nor
 * can it tell two of them apart. */
enum det__part { DET__TRAINING, DET__VALIDATION, DET__CUSTOM, DET__PARTS, DET__PROFILING = DET__PARTS };

/* No enumerators: those are int, which may have 16 bits. */
#define DET__BEAT_MS INT32_C(60000)    /* contract 3 step 8 */
#define DET__REVIVE_MS INT32_C(240000) /* the master takes a trial for lost when it has not heard of it for five minutes */
#define DET__LOGIN_MS INT32_C(60000)   /* bcrypt costs a master about two seconds, more under load */

enum {
    DET__BEAT_RETRY_MS = 10000,
    DET__OWN_REQUEST_MS = 10     /* how often to look whether the caller's own request has ended */
};

enum { DET__PICKS = 3, DET__SCRATCH = 896, DET__TOKEN_AT = 448 };

/* What is to be done about reports in flight whose answers were lost. */
enum det__doubt { DET__NO_DOUBT, DET__DOUBT, DET__FENCING, DET__PROBING };

/* The highest step of each part among some rows; -1 none. */
typedef struct det__high {
    int32_t step[DET__PARTS];
} det__high;

/* The small fields come first: a load from a short offset is half the code on Thumb. */
typedef struct det__core {
    uint8_t state;        /* enum det__core_state */
    uint8_t next;         /* opening: the call to make next */
    uint8_t driving;      /* the session is ours: calls are under way */
    uint8_t waiting;      /* retry_ms counts */
    uint8_t tries;        /* failures in a row */
    uint8_t progress_due;
    uint8_t login_due;    /* the token was refused in mid-run and there is a password */
    uint8_t logged_in;
    uint8_t contact;      /* a master has answered */
    uint8_t told;         /* the terminal state has been sent */
    uint8_t stopping;     /* … with stop_code */
    uint8_t last;         /* nothing is sent behind the newest call: its answer has no upper size */
    uint8_t unsorted;     /* a report came whose steps were below those of one before it */
    uint8_t doubt;        /* enum det__doubt */
    uint8_t starts;       /* StartTrials sent that have not raised the run id yet: they may still land */
    uint8_t untold;       /* reports are lost and their callbacks due */
    uint8_t fenced;       /* rows of an older run id of ours exist */
    uint8_t stored;       /* probe: the value asked for is there */
    uint8_t values;       /* … the depth of the object it stands in, once that has come */
    uint8_t foreign;      /* the answer being read is not a master's */
    uint8_t picks_used;
    uint16_t unit;        /* number of the newest request with reports */
    uint16_t unit_done;   /* and of the newest that is answered */
    uint16_t flights;     /* calls under way */
    uint16_t flight_at;   /* the oldest, in the ring flight */
    uint16_t depth;       /* most calls under way */
    uint16_t window;      /* … as far as the link bears it */
    uint32_t magic;       /* says that it was opened; the core need not be zeroed before */
    uint32_t now_ms;      /* at the last answer or break */
    uint32_t beat_ms;     /* when the next heartbeat is due */
    uint32_t alive_ms;    /* when the master last heard of the trial */
    uint32_t retry_ms;    /* not before: after a failure */
    uint32_t answer_len;  /* of the answer being read, so far */
    int result;           /* of opening, then of closing */
    int stop_code;
    int break_code;       /* an answer that leaves open what was done: the connection was given up */
    int lost_code;        /* first thing that went wrong with a report */
    int32_t newest_step;  /* reported */
    int32_t kept_step;    /* the highest that was stored */
    det__high released;   /* rows stored by this run and no longer held here */
    det__high archived;   /* of them, those of older run ids: a report at or below would archive them */
    size_t tx_len;        /* of the request buffer at the start of opt.mem */
    char *scratch;        /* DET__SCRATCH bytes: a small call's text, from DET__TOKEN_AT on a new token */
    const char *stamp;    /* of the request with reports that was made last: what comes before the metrics, in scratch */
    size_t stamp_len;
    const det__record *leader; /* the first of those joined in it */
    const char *config;     /* of the experiment: the caller's, or made */
    const char *told_state; /* of the trial, without STATE_ */
    const char *group;      /* of the report under way */
    const char *metric;     /* of the probe under way, percent-encoded */
    const char *searched;   /* our own run's searcher metric */
    const char *report_time; /* or NULL: the master's */
    char time_text[24];
    det__outbox outbox;
    det_stats stats;
    det_failure blocked;  /* what keeps it waiting: a report refused meanwhile must not hide it */
    det_options opt;
    det_pipe pipe;
    double progress;
    int64_t steps;        /* of the report under way */
    int64_t run_id;       /* the newest that a StartTrial has answered */
    det_run_info run;
    det__pick picks[DET__PICKS];
    det__picker picker;
#if DET_SPOOL
    det__feed feed;
#endif
    uint8_t flight[DET_PIPELINE]; /* enum det__call of the calls under way */
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

/* With a producer in another thread or an interrupt: around every use of the ring. Never held across I/O. */
static inline int det__has_lock(const det__core *c) {
    return DET_LOCK && DET_PORT_HAS(c->opt.port, lock);
}

static inline void det__lock(const det__core *c) {
    if (det__has_lock(c)) c->opt.port->lock(c->opt.port->ctx);
}

static inline void det__unlock(const det__core *c) {
    if (DET_LOCK && DET_PORT_HAS(c->opt.port, unlock)) c->opt.port->unlock(c->opt.port->ctx);
}

static inline uint32_t det__now(const det__core *c) {
    return c->opt.port->now_ms(c->opt.port->ctx);
}

static inline int det__due(uint32_t t, uint32_t at) {
    return (int32_t)(t - at) >= 0;
}

/* After a failure: not yet. */
static inline int det__held(const det__core *c, uint32_t t) {
    return c->waiting && !det__due(t, c->retry_ms);
}

static inline const char *det__record_text(const det__record *r) {
    return (const char *)(r + 1);
}

/* A record whose steps and len bytes of payload are there gets its CRC. */
static inline void det__record_seal(det__record *r, size_t len) {
    if (DET_CHECK_RECORDS) r->crc = det__crc32((uint32_t)r->steps, r + 1, len);
}

static inline int det__record_whole(const det__record *r) {
    return !DET_CHECK_RECORDS || r->crc == det__crc32((uint32_t)r->steps, r + 1, r->len);
}

/* Its group's name may have lost its NUL. */
static inline void det__record_end(det__record *r) {
    if (r->len) ((char *)(r + 1))[r->len - 1] = 0;
}

/* call.c: one call's request and what is taken from its answer */
int det__call_make(det_core *core, int call, det_request *q); /* DET_OK, or a failure kept by the session */
int det__call_config(det__core *c, char *buf, size_t cap); /* the configuration, NUL behind it: length or an error */
void det__call_about(const det__core *c, int call, det_request *q);
void det__call_expect(det__core *c, int call); /* its answer is the next one to come */
int det__call_take(det__core *c, int call, const det_response *r, const void *data, size_t len);
int det__call_taken(det_core *core, int call);

/* deliver.c: what becomes of the reports. Under the lock, but for tell() and give_up() */
int det__deliver_next(det__core *c);                    /* the call that reports need next, or none */
int det__deliver_take(det__core *c);                    /* the request that is made now carries the next queued one, or
                                                           DET_E_NOT_FOUND */
void det__deliver_stored(det__core *c);                 /* the oldest request with reports was answered 2xx */
void det__deliver_again(det__core *c);                  /* … was not stored: send again */
void det__deliver_refused(det__core *c, int code);      /* … was refused for good, or is unsure */
void det__deliver_broken(det__core *c, int sent);       /* the connection is gone; sent: it had been open */
#if DET__PLAIN
#define det__deliver_order(c, part, steps) DET_OK
#define det__deliver_yield(c) 0
#else
int det__deliver_order(const det__core *c, unsigned part, int32_t steps); /* DET_OK or DET_E_ORDER */
int det__deliver_yield(det__core *c);                   /* free the oldest record if it is only kept */
#endif
#if DET_EXACT
void det__deliver_fenced(det__core *c, int ok);         /* StartTrial has answered: rewind. Not ok: it was refused */
det__record *det__deliver_probe(det__core *c);          /* the record to ask for next */
void det__deliver_ask(det__core *c, det__record *r);
enum { DET__ASK_AGAIN = -2 };
void det__deliver_probed(det__core *c, int stored);     /* the oldest probe's answer; -1: it was refused; or ASK_AGAIN */
#else
#define det__deliver_fenced(c, ok) ((void)0)
#define det__deliver_ask(c, r) det__deliver_lose(c, r, DET_E_UNSURE)
#define det__deliver_probed(c, stored) ((void)0)
#endif
void det__deliver_lose(det__core *c, det__record *r, int code);
void det__deliver_tell(det_core *core);                 /* the callbacks that are due */
void det__deliver_give_up(det_core *core);              /* all in flight are unsure */

/* policy.c: room for a report of len bytes in a full inbox, as opt.when_full says: 1 if some were dropped. Under the
 * lock */
#if DET_POLICIES
int det__policy_drop(det__core *c, const char *group, size_t group_len, size_t len);
#else
#define det__policy_drop(c, group, group_len, len) ((void)(group), (void)(group_len), (void)(len), 0)
#endif

/* join.c: reports joined in one request, and the body they make */
#if DET_JOIN > 1 || DET_EXACT
int det__join_fits(const det__core *c, const det__record *leader, const det__record *r);
int det__join_has_name(const det__record *r, const det_json_token *key); /* or one that cannot be compared */
#else
#define det__join_fits(c, leader, r) 0
#endif
size_t det__join_len(const det__core *c);               /* of the body of the request that is made now */
int det__join_copy(void *core, size_t at, void *buf, size_t len); /* a det_source_fn */

/* feed.c, see there too */
#if DET_SPOOL
void det__feed_taken(det__core *c, const det__record *r); /* it leaves the outbox */
void det__feed_cancel(det__core *c);                      /* our own run is not opened after all */
void det__feed_stop(det__core *c);                        /* let go of what is settled */
void det__feed_run_opened(det__core *c);
int det__feed_run_ended(det__core *c);                    /* 1: it was the last for us */

static inline int det__has_spool(const det__core *c) {
    return c->opt.spool != NULL;
}

/* The ring that reports go to. */
static inline det__outbox *det__inbox(det__core *c) {
    return c->opt.spool ? &c->feed.staging : &c->outbox;
}

/* Is there something that the spool does not take? */
static inline int det__feed_waits(const det__core *c) {
    return c->opt.spool && c->feed.store_code != DET_OK;
}

/* Is a run being opened, open, or to be ended behind all that is queued? */
static inline int det__opening(const det__core *c) {
    return c->opt.spool ? c->feed.phase == DET__FEED_OPENING : c->state == DET__OPENING_RUN;
}

static inline int det__run_open(const det__core *c) {
    return !c->opt.spool || c->feed.phase >= DET__FEED_ACTIVE;
}

static inline int det__ending(const det__core *c) {
    return c->opt.spool ? c->feed.phase == DET__FEED_ENDING : c->state == DET__CLOSING;
}
#else
#define det__feed_taken(c, r) ((void)0)
#define det__feed_cancel(c) ((void)0)
#define det__feed_stop(c) ((void)0)
#define det__feed_run_opened(c) ((void)((c)->state = DET__RUNNING))
#define det__feed_run_ended(c) 1
#define det__feed_step(core) DET_OK
#define det__has_spool(c) 0
#define det__feed_waits(c) 0
#define det__inbox(c) (&(c)->outbox)
#define det__opening(c) ((c)->state == DET__OPENING_RUN)
#define det__run_open(c) 1
#define det__ending(c) ((c)->state == DET__CLOSING)
#endif

/* probe.c: is a report stored? */
int det__probe_stored(det__core *c); /* what the answer that was read says */
#if DET_EXACT
void det__probe_read(det__core *c, const void *data, size_t len);
#else
#define det__probe_read(c, data, len) ((void)0)
#endif
int det__probe_name(const det__core *c, const det__record *r, char *buf, size_t cap); /* of a metric to ask for, encoded */

/* value.c: what a master would refuse, found before it is queued */
int det__value_group(const char *group); /* its length, or DET_E_GROUP */
uint8_t det__value_part(const char *group); /* enum det__part */
int det__value_metric(const det_metric *m, const char *searched); /* the metric that must be a number, or NULL */
int det__value_json(const char *json); /* type of the value, or DET_E_VALUE */
int det__equal(const char *a, const char *b);

/* core.c: a failure found here, kept by the session; returns code */
int det__core_fail(det_core *core, int code);

/* verdict.c: what an answer says */
int det__verdict_breaks(const det_core *core, int rc, int status); /* is it left open what was done? */
int det__verdict_later(const det_core *core, int status);          /* was it not done, but may come again? */
int det__verdict_stale(const det_core *core);                      /* is it another run's turn? */
void det__back_off(det_core *core);           /* at now_ms, after a failure */

/* outcome.c: what answers mean */
void det__outcome(det_core *core, int call, int rc, int status);
void det__stop_later(det__core *c, int rc);   /* not from within a callback of the session */

/* engine.c */
#if DET__PLAIN
#define det__engine_init(core) ((void)0)
#else
void det__engine_init(det_core *core);
#endif
void det__engine_open_run(det_core *core);             /* the run that opt describes */
void det__engine_stop(det_core *core, int rc);
void det__engine_pause(det_core *core);                /* leave the network */
int det__engine_step(det_core *core);
void det__engine_give_up(det_core *core); /* whatever is under way; the core is closed */
int det__engine_wants(const det_core *core, det_wait *w, uint32_t *timeout_ms);

#endif
