/* SPDX-License-Identifier: Apache-2.0
 * libdet's Core API: report training to a Determined master (detached mode, contract 3).
 *
 *     det_open → det_report_…, det_step (any number of times) → det_close
 *
 * Reports are copied into an outbox in the caller's memory and sent by det_step(), det_run() and det_close(), over one
 * connection. Reporting does no I/O and never waits. The heartbeat (every 60 s) is sent by the same three calls: call
 * one of them at least every few minutes, or the master takes the trial for lost (contract 3.6).
 *
 * Delivery. Every report is stored exactly once, its row and in the summaries, or told: by det_lost_fn, the counters and
 * det_close(). What breaks is met like this (contract 5.6):
 *   - Connections that break, 408, 502 to 504, a 500 about a commit, answers that no master gives: reports in flight may be
 *     stored or not. The connection is closed, StartTrial called (from then on nothing of the older run id can land), and all
 *     from the lowest open step on sent again in order; the master archives the older run's rows from there on and counts
 *     anew. Cost: one request, the repetitions, and memory: stored reports are kept until the lowest open step has passed
 *     theirs (with none open: those of the highest step).
 *   - Steps that fall, or kept reports that had to make room: a rewind would archive rows that are gone. Then each report in
 *     doubt is asked for, one GET, and sent again under the same run id if it is missing. Rows are exact; a summary may count
 *     one twice that landed after it was asked for (det_stats.doubtful). After a rewind a report below what it archived is
 *     refused with DET_E_ORDER.
 *   - 401: log in again with the password and go on from the first one refused; without one everything is kept.
 *     413 and 429 with Retry-After: later. Every other refusal is told, and stops nothing.
 *   - A program that died: the next one with its spool, or det_flush(), starts the trial anew and sends what is not known to
 *     be stored. A report at a step below one that had been let go of by then, or at the same step of the same kind (training;
 *     validation; all others), would archive that one: it is asked for, one GET, and told with DET_E_ORDER if it is not
 *     stored, DET_E_UNSURE if the master does not say. That takes steps that fall, a spool that was full, or more reports
 *     of one step than the outbox holds.
 *   - Profiling groups (gpu, cpu, memory, disk, network), which the master cannot tell apart: as `profiling` says.
 * After a break fewer requests are under way at a time: a quarter, and one more with each answer.
 *
 * Memory: det_core and det_options.mem are the caller's; nothing else is used but mbedTLS's heap under https.
 * Threads: one thread at a time per core; with a port that has lock() and unlock() one thread or interrupt may report
 * while another steps (det_worker.h has that ready for POSIX). Cores share nothing. Pointers must not be NULL where an entry does not say so;
 * functions that return a code answer DET_E_ARG to one that is. */
#ifndef DET_H
#define DET_H

#include <stddef.h>
#include <stdint.h>

#include "det_error.h"
#include "det_json.h"
#include "det_port.h"
#include "det_session.h"
#include "det_spool.h"
#include "det_version.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- metrics ----------------------------------------------------------------------------------------------------- */

enum det_metric_type { DET_METRIC_DOUBLE, DET_METRIC_INT, DET_METRIC_BOOL, DET_METRIC_STRING, DET_METRIC_JSON };

/* One name and value. Names are UTF-8, should differ within one report (the master keeps the last of equal ones). */
typedef struct det_metric {
    const char *name;
    int type;
    union {
        double d;      /* NaN and infinities are sent as the harness does */
        int64_t i;     /* beyond 2^53 the master rounds (contract 5.2) */
        int b;
        const char *s; /* STRING: UTF-8. JSON: one JSON value, for nested ones */
    } value;
} det_metric;

DET_API det_metric det_metric_double(const char *name, double v);
DET_API det_metric det_metric_int(const char *name, int64_t v);
DET_API det_metric det_metric_bool(const char *name, int v);
DET_API det_metric det_metric_string(const char *name, const char *v);
DET_API det_metric det_metric_json(const char *name, const char *json);

/* ---- options ----------------------------------------------------------------------------------------------------- */

/* A report that will not reach the master, or may not have: code is DET_E_UNSURE, DET_E_DAMAGED, DET_E_ORDER (it is not
 * stored: see Delivery) or the master's refusal. Called from det_step() and its callers, and may call them; the group's
 * name is valid until the next report. */
typedef void (*det_lost_fn)(void *ctx, int code, const char *group, int64_t steps);

/* What becomes of a report of a profiling group (gpu, cpu, memory, disk, network) whose answer was lost: the master keeps
 * those without step and cannot tell two of them apart. */
enum det_profiling { DET_AT_MOST_ONCE, DET_AT_LEAST_ONCE };

/* When a report finds the outbox full. Stored ones that are only retained yield first. Then, as chosen, reports are
 * dropped that were never sent; det_get_stats() counts them, det_lost_fn is not called and det_close() does not mind.
 * DROP_OLDEST and THIN drop from one group: the one that more than half of what waits is of, else the new report's own.
 * DET_E_SPACE all the same when that has not enough of them, as when all are under way. Each drop goes through what waits
 * once, and makes room for many. */
enum det_when_full {
    DET_REFUSE,      /* the new report: DET_E_SPACE */
    DET_DROP_OLDEST, /* a group's oldest: as many as it takes, and at least an eighth of the group */
    DET_DROP_NEWEST, /* the new report: DET_OK */
    DET_THIN         /* about every second report of a group, the first stays, and those of equal steps stay together.
                        However often it happens, what is left lies evenly in steps: a curve keeps its shape */
};

/* How to open. Zero it with det_options_init(). Strings must stay until det_close() has returned. */
typedef struct det_options {
    /* the connection; in the order of det_session_options, see there */
    const det_port *port;
    const char *master;   /* URL (contract 1.1); NULL: localhost:8080 */
    void *mem;            /* at least 4096 bytes: a quarter (1.5 to 16 KB) is the request buffer, 896 bytes serve logins and
                             small calls, the rest is the outbox; a report takes about 60 bytes of that and its names
                             and values */
    size_t mem_len;
    const char *token;    /* bearer token; NULL: log in with user and password */
    const char *tls_name;
    const char *ca_pem;
    size_t ca_pem_len;
    int noverify;
    int log_level;
    det_log_fn log;
    void *log_ctx;
    /* the user */
    const char *user;     /* NULL: determined */
    const char *password; /* NULL: "" */
    /* the experiment (contract 3.1) */
    const char *name;                   /* NULL: the master makes one up */
    const char *description;            /* or NULL */
    const char *workspace, *project;    /* both or neither */
    const char *searcher_metric;        /* NULL: unmanaged */
    const char *config;                 /* whole configuration, YAML or JSON text, in place of the five above */
    const char *checkpoint_storage;     /* JSON object, e.g. {"type":"directory","container_path":"/x"}, or NULL */
    const char *hparams;                /* JSON object or NULL */
    const char *external_experiment_id; /* attach to, or create, the experiment of this id; without / and : */
    const char *external_trial_id;      /* likewise the trial; needs external_experiment_id */
    /* delivery */
    uint16_t pipeline;    /* most requests under way at a time; 0: DET_PIPELINE, which is also the most; 1: one at a time */
    uint32_t pipeline_bytes; /* no more is sent while so many bytes of metrics are under way; 0: no limit */
    int profiling;        /* enum det_profiling */
    int when_full;        /* enum det_when_full */
    const det_spool *spool; /* storage that outlives the program; or NULL: reports are in mem alone */
    int offline;          /* 1: do not touch the network until det_set_offline(core, 0); needs a spool */
    int flush;            /* 1: deliver what is in the spool, nothing else: det_flush() sets it */
    /* telling */
    det_lost_fn lost; /* or NULL: counters and det_close() tell all the same */
    void *lost_ctx;
} det_options;

DET_API void det_options_init(det_options *o, const det_port *port, void *mem, size_t mem_len);

/* ---- the core ---------------------------------------------------------------------------------------------------- */

/* What the master said when the trial was opened: where to resume from. */
typedef struct det_run_info {
    int64_t experiment_id, trial_id;
    int64_t trial_run_id;       /* 1 for the first start of a trial, one more each time */
    int64_t steps_completed;    /* of the latest checkpoint, 0 if none */
    int64_t storage_id;         /* 0 if none */
    char latest_checkpoint[40]; /* uuid, "" if none */
    char cluster_id[40];
    char task_id[80];
} det_run_info;

/* Reports, but where it says otherwise: queued = acknowledged + refused + unsure + spoiled +
 * dropped_oldest + thinned + pending. */
typedef struct det_stats {
    uint32_t queued;       /* accepted */
    uint32_t acknowledged; /* stored by the master */
    uint32_t refused;      /* refused by the master, or by us: DET_E_RUN the run had gone, DET_E_ORDER, DET_E_SPOOL (those of the
                              spool whose run is missing there, or larger than the outbox; not told to det_lost_fn) */
    uint32_t unsure;       /* perhaps stored: DET_E_UNSURE */
    uint32_t pending;      /* still in the outbox, not known to be stored */
    uint32_t full;         /* not accepted with DET_E_SPACE */
    uint32_t dropped_oldest, thinned; /* dropped for newer ones: see det_when_full */
    uint32_t dropped_newest; /* dropped though DET_OK was returned; not among queued */
    uint32_t spoiled;      /* DET_E_DAMAGED: their memory had changed, not sent */
    uint32_t requests;     /* requests with reports that were sent, repetitions included */
    uint32_t joined;       /* sent in the request of another one */
    uint32_t resent;       /* times that one was sent again */
    uint32_t fenced;       /* StartTrials called to make sure (rewinds) */
    uint32_t doubtful;     /* sent again under the same run id: a summary may count one twice if it landed late */
    uint32_t spooled;      /* written to the spool */
    uint32_t damaged;      /* bytes of the spool that were no whole record and were skipped */
    uint32_t heartbeats;   /* answered */
    uint32_t oldest_ms;    /* age of the oldest pending one, 0 if there is none */
    size_t outbox_len, outbox_cap, outbox_peak; /* bytes */
    det_session_stats session;
} det_stats;

enum det_state { DET_COMPLETED = 1, DET_ERROR = 2 };

/* The core: the caller's memory, opaque. Need not be zeroed before det_open(). */
typedef struct det_core {
    uint64_t mem[(592 + DET_SPOOL * (224 + 8 * sizeof(void *)) + DET_PIPELINE + DET_JSON_DEPTH / 8 + 80 * sizeof(void *)) / 8];
    det_session session; /* for det_session_call() to any other endpoint over the same connection, while det_step() has
                            nothing under way (it then returns DET_OK) */
} det_core;

/* Open: log in if need be, create or attach to experiment and trial, start the trial (contract 3, steps 1 to 8).
 * Blocks, each request within its deadline (connection 10 s, answer 30 s); what cannot be reached at first contact fails
 * at once. The options are copied, what they point to is not.
 * DET_OK, or any error: then det_errmsg() says which step failed, nothing is held, reports return DET_E_STATE and
 * det_close() is harmless. */
DET_API int det_open(det_core *core, const det_options *o);

/* The same without waiting: after DET_OK call det_step() until it no longer returns DET_E_AGAIN. */
DET_API int det_open_start(det_core *core, const det_options *o);

/* Queue one report for the running trial.
 *   steps  batches completed so far, 0 … 2^31-1; the master merges reports of the same group and steps
 *   m, n   n name and value pairs, copied before return
 * DET_OK; DET_E_SPACE outbox full, nothing stored: call det_run() and try again, or see det_when_full; DET_E_SIZE it can
 * never fit; DET_E_ORDER it would archive rows that are gone (see Delivery above);
 * DET_E_STEPS, DET_E_GROUP, DET_E_VALUE what the master would refuse (contract 5.5: group empty, dotted or reserved;
 * U+0000; epoch no finite number; validation's searcher metric no number; a JSON value that is not valid);
 * DET_E_UTF8 a name or string is not UTF-8; DET_E_ARG; DET_E_STATE not open.
 * Never blocks, does no I/O. */
DET_API int det_report_training_metrics(det_core *core, int64_t steps, const det_metric *m, size_t n);
DET_API int det_report_validation_metrics(det_core *core, int64_t steps, const det_metric *m, size_t n);
DET_API int det_report_metrics(det_core *core, const char *group, int64_t steps, const det_metric *m, size_t n);

/* The experiment's progress, 0 to 1; the latest value is sent when the connection is free. Never blocks, no I/O.
 * DET_OK, DET_E_VALUE, DET_E_ARG, DET_E_STATE. */
DET_API int det_report_progress(det_core *core, double progress);

/* Do what can be done now, without waiting: send, receive, heartbeat.
 * DET_OK nothing is left to do; DET_E_AGAIN work is under way or waiting; the error when opening failed. A report that
 * is lost does not stop the others: see det_lost_fn and det_get_stats(). */
DET_API int det_step(det_core *core);

/* For an event loop: fills up to two things to wait for and the longest time to wait, UINT32_MAX for ever, 0 for not at
 * all; returns the number filled. */
DET_API int det_wants(const det_core *core, det_wait w[2], uint32_t *timeout_ms);

/* Step and wait until nothing is left to do or max_ms have passed. DET_OK, DET_E_AGAIN (time is up), or as det_step().
 * det_run(core, 0) is det_step(). Blocks up to max_ms. */
DET_API int det_run(det_core *core, uint32_t max_ms);

/* Send what is queued, then the terminal state, and close the connection. Blocks up to deadline_ms.
 *   state  DET_COMPLETED or DET_ERROR
 * DET_OK everything arrived. When the deadline passes first: what kept it from going on, e.g. DET_E_CONNECT
 * or DET_E_AUTH, else DET_E_TIMEOUT; det_get_stats().pending says how many reports are left. Otherwise the first thing
 * that went wrong with a report: a code as det_lost_fn has them, or DET_E_SPOOL. Repeating it is harmless and gives the
 * same. With a spool what is left stays there; offline DET_OK says that all of it is in the spool. */
DET_API int det_close(det_core *core, int state, uint32_t deadline_ms);

/* The same without waiting: then call det_step() until it no longer returns DET_E_AGAIN. */
DET_API int det_close_start(det_core *core, int state);

#if DET_SPOOL
/* Leave the network (offline 1): the connection is closed, reports go to the spool; or come back to it. With a spool only.
 * DET_OK, DET_E_ARG no spool, DET_E_STATE not open. */
DET_API int det_set_offline(det_core *core, int offline);

/* Deliver what a spool holds, of whatever program or machine, run by run in the order in which they were reported, and
 * close. o: connection, user, mem and spool; what describes a run is in the spool. Blocks up to deadline_ms.
 * DET_OK the spool is empty; when the deadline passes first what kept it, else the first thing that went wrong with a
 * report, as det_close(). */
DET_API int det_flush(det_core *core, const det_options *o, uint32_t deadline_ms);
#endif

/* The run that was opened; all zero before. Owned by the core. */
DET_API const det_run_info *det_get_run(const det_core *core);

/* Fills *out. */
DET_API void det_get_stats(const det_core *core, det_stats *out);

/* The last failure and one sentence about it, with stage, address and the server's own words; "" if there is none.
 * Valid until the next call. */
DET_API const det_failure *det_last_failure(const det_core *core);
DET_API const char *det_errmsg(const det_core *core);

#ifdef __cplusplus
}
#endif
#endif
