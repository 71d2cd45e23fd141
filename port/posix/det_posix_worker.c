/* SPDX-License-Identifier: Apache-2.0
 * The worker (det_worker.h): the one file that knows threads.
 *
 * gate is held by whoever reports, over the formatting, and by the worker for a moment in each of its turns; never over
 * I/O. Behind it: phase, result, stats, progress, the order to close, and the core's producing side.
 * ring is the port's lock, which the core takes around its use of the outbox; behind it also asleep and fd, so that wake()
 * may be called from anywhere. A thread that has ring takes nothing else; list comes before gate, gate before ring.
 *
 * Must not know what is reported, nor TLS or HTTP. */
#define _DEFAULT_SOURCE 1
#define _DARWIN_C_SOURCE 1
#include "det_posix_int.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "det_worker.h"

enum phase {
    OFF, /* failed to start, or closed: result says it */
    OPENING,
    RUNNING,
    CLOSING,
    ENDED, /* the thread is about to be gone */
    DEAD   /* in a child of fork() */
};

typedef struct worker {
    det_posix px; /* first: the port's ctx is both */
    struct worker *next;
    det_core *core;
    const det_options *opt; /* while opening */
    void (*wake)(void *ctx);
    pthread_t thread;
    pthread_mutex_t gate, ring;
    pthread_cond_t changed; /* phase has */
    int phase;
    int result;
    int state; /* to close with */
    uint32_t close_ms, deadline_ms; /* since when, for how long */
    double progress;
    int progress_due;
    int asleep; /* nothing is left to do: the next report wakes */
    int wakers; /* at it now */
    int fd;     /* the connection's, -1 if none or under change */
    det_stats stats;
    det_run_info run;
} worker;

typedef char det__worker_fits[sizeof(worker) <= sizeof(det_worker) ? 1 : -1];

static worker *worker_of(det_worker *w) {
    return (worker *)(void *)w;
}

/* ---- fork ---------------------------------------------------------------------------------------------------------- */

/* All that have a thread: fork() must find every mutex free, and the child what it has inherited. */
static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static worker *list;

static void before_fork(void) {
    pthread_mutex_lock(&list_lock);
    for (worker *w = list; w; w = w->next) {
        pthread_mutex_lock(&w->gate);
        pthread_mutex_lock(&w->ring);
    }
}

static void after_fork(void) {
    for (worker *w = list; w; w = w->next) {
        pthread_mutex_unlock(&w->ring);
        pthread_mutex_unlock(&w->gate);
    }
    pthread_mutex_unlock(&list_lock);
}

/* close() alone says nothing to the peer: no TLS goodbye, and the parent still has the socket. */
static void after_fork_in_child(void) {
    for (worker *w = list; w; w = w->next) {
        w->phase = DEAD;
        if (w->fd >= 0) close(w->fd);
        w->fd = -1;
        det_posix_free(&w->px);
    }
    after_fork();
    list = NULL;
}

static void watch_forks(void) {
    (void)pthread_atfork(before_fork, after_fork, after_fork_in_child);
}

static void enlist(worker *w) {
    pthread_once(&once, watch_forks);
    pthread_mutex_lock(&list_lock);
    w->next = list;
    list = w;
    pthread_mutex_unlock(&list_lock);
}

/* In one with the end of its last phase: a child must find it dead or off. */
static void delist(worker *w) {
    worker **at = &list;
    pthread_mutex_lock(&list_lock);
    while (*at && *at != w) at = &(*at)->next;
    if (*at) *at = w->next;
    pthread_mutex_lock(&w->gate);
    w->phase = OFF;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->gate);
    pthread_mutex_unlock(&list_lock);
}

/* ---- the port ------------------------------------------------------------------------------------------------------ */

static void port_lock(void *ctx) {
    pthread_mutex_lock(&((worker *)ctx)->ring);
}

static void port_unlock(void *ctx) {
    pthread_mutex_unlock(&((worker *)ctx)->ring);
}

/* What asleep was before. */
static int set_asleep(worker *w, int asleep) {
    pthread_mutex_lock(&w->ring);
    int was = w->asleep;
    w->asleep = asleep;
    pthread_mutex_unlock(&w->ring);
    return was;
}

/* Once per sleep. While answers are awaited the worker comes round by itself, and with a master that is away new reports
 * change nothing: they cost no system call. */
static void port_wake(void *ctx) {
    worker *w = (worker *)ctx;
    pthread_mutex_lock(&w->ring);
    int asleep = w->asleep;
    w->asleep = 0;
    w->wakers += asleep;
    pthread_mutex_unlock(&w->ring);
    if (!asleep) return;
    w->wake(ctx);
    pthread_mutex_lock(&w->ring);
    w->wakers--;
    pthread_mutex_unlock(&w->ring);
}

/* The pipe may be closed: who found the worker asleep has written to it. */
static void await_wakers(worker *w) {
    for (;;) {
        pthread_mutex_lock(&w->ring);
        int n = w->wakers;
        pthread_mutex_unlock(&w->ring);
        if (!n) return;
        sched_yield();
    }
}

static void set_fd(worker *w, int fd) {
    pthread_mutex_lock(&w->ring);
    w->fd = fd;
    pthread_mutex_unlock(&w->ring);
}

/* A child closes what fd says: it must never name a descriptor that may be somebody else's by then. */
static int port_open(void *ctx, det_conn *conn, const char *host, uint16_t port, uint32_t budget_ms) {
    set_fd((worker *)ctx, -1);
    int rc = det__posix_open(ctx, conn, host, port, budget_ms);
    set_fd((worker *)ctx, (int)conn->handle);
    return rc;
}

static void port_close(void *ctx, det_conn *conn) {
    set_fd((worker *)ctx, -1);
    det__posix_close(ctx, conn);
}

static int make_port(worker *w) {
    int rc = det_posix_init(&w->px);
    if (rc != DET_OK) return rc;
    w->wake = w->px.port.wake;
    w->px.port.open = port_open;
    w->px.port.close = port_close;
    w->px.port.wake = port_wake;
    w->px.port.lock = port_lock;
    w->px.port.unlock = port_unlock;
    return DET_OK;
}

/* ---- the thread ---------------------------------------------------------------------------------------------------- */

/* Under the gate nobody reports: the core's figures stand still. */
static void set_phase(worker *w, int phase, int result) {
    pthread_mutex_lock(&w->gate);
    w->phase = phase;
    w->result = result;
    det_get_stats(w->core, &w->stats);
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->gate);
}

/* Take over what the others have left. Not 0: go on. */
static int take_orders(worker *w) {
    pthread_mutex_lock(&w->gate);
    det_get_stats(w->core, &w->stats);
    int due = w->progress_due, phase = w->phase;
    double progress = w->progress;
    w->progress_due = 0;
    pthread_mutex_unlock(&w->gate);
    if (due) (void)det_report_progress(w->core, progress);
    return phase == RUNNING;
}

static void sleep_as_wanted(worker *w) {
    det_wait on[2];
    uint32_t ms;
    int n = det_wants(w->core, on, &ms);
    if (ms) (void)w->px.port.wait(w, on, (size_t)n, ms);
}

/* Before it sleeps with nothing left to do it looks once more, now that a report would wake it: none is overlooked. */
static void run(worker *w) {
    while (take_orders(w)) {
        int idle = det_step(w->core) == DET_OK, was_asleep = set_asleep(w, idle);
        if (!idle || was_asleep) sleep_as_wanted(w);
    }
    (void)set_asleep(w, 0);
}

static int close_core(worker *w) {
    uint32_t took = det__posix_now_ms(NULL) - w->close_ms;
    return det_close(w->core, w->state, took < w->deadline_ms ? w->deadline_ms - took : 0);
}

static void *work(void *arg) {
    worker *w = (worker *)arg;
    det_options o = *w->opt;
    o.port = &w->px.port;
    int rc = det_open(w->core, &o);
    if (rc == DET_OK) {
        w->run = *det_get_run(w->core);
        set_phase(w, RUNNING, DET_OK);
        run(w);
        rc = close_core(w);
    }
    set_phase(w, ENDED, rc);
    return NULL;
}

/* Signals are for the program's own threads. */
static int make_thread(worker *w) {
    sigset_t all, old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int failed = pthread_create(&w->thread, NULL, work, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return failed ? DET_E_IO : DET_OK;
}

/* ---- starting and closing ------------------------------------------------------------------------------------------ */

/* What the thread, which is ending, has left. */
static void clear_up(worker *w) {
    pthread_join(w->thread, NULL);
    await_wakers(w);
    det_posix_free(&w->px);
    delist(w);
}

static int await_not(worker *w, int phase) {
    pthread_mutex_lock(&w->gate);
    while (w->phase == phase) pthread_cond_wait(&w->changed, &w->gate);
    phase = w->phase;
    pthread_mutex_unlock(&w->gate);
    return phase;
}

static int start(worker *w) {
    int rc = make_port(w);
    if (rc != DET_OK) return rc;
    w->phase = OPENING;
    enlist(w);
    rc = make_thread(w);
    if (rc != DET_OK) {
        det_posix_free(&w->px);
        delist(w);
        return rc;
    }
    if (await_not(w, OPENING) != ENDED) return DET_OK;
    clear_up(w);
    return w->result;
}

int det_worker_start(det_worker *dw, det_core *core, const det_options *o) {
    worker *w = worker_of(dw);
    if (!w || !core || !o) return DET_E_ARG;
    memset(core, 0, sizeof *core); /* it can be read, whatever fails */
    memset(w, 0, sizeof *w);
    pthread_mutex_init(&w->gate, NULL); /* never destroyed: late reports and closes are to be answered */
    pthread_mutex_init(&w->ring, NULL);
    pthread_cond_init(&w->changed, NULL);
    w->core = core;
    w->opt = o;
    w->fd = -1;
    int rc = start(w);
    if (rc != DET_OK) w->result = rc;
    return rc;
}

/* Under the gate: is it this call that ends a running worker? Else *rc is what there is to say, DET_E_AGAIN: wait. */
static int order_close(worker *w, int state, uint32_t deadline_ms, int *rc) {
    int own = (w->phase == RUNNING || w->phase == CLOSING) && pthread_equal(pthread_self(), w->thread);
    *rc = w->phase == OFF ? w->result : DET_E_AGAIN;
    if (own || w->phase == OPENING || w->phase == DEAD) *rc = DET_E_STATE;
    if (*rc != DET_E_AGAIN || w->phase != RUNNING) return 0;
    w->phase = CLOSING;
    w->state = state;
    w->close_ms = det__posix_now_ms(NULL);
    w->deadline_ms = deadline_ms;
    return 1;
}

int det_worker_close(det_worker *dw, int state, uint32_t deadline_ms) {
    worker *w = worker_of(dw);
    int rc;
    if (!w || (state != DET_COMPLETED && state != DET_ERROR)) return DET_E_ARG;
    pthread_mutex_lock(&w->gate);
    int first = order_close(w, state, deadline_ms, &rc);
    pthread_mutex_unlock(&w->gate);
    if (rc != DET_E_AGAIN) return rc;
    if (first) {
        w->wake(w);
        (void)await_not(w, CLOSING);
        clear_up(w);
    } else if (await_not(w, CLOSING) == ENDED) {
        (void)await_not(w, ENDED);
    }
    return w->result;
}

/* ---- what others call ---------------------------------------------------------------------------------------------- */

int det_worker_report_metrics(det_worker *dw, const char *group, int64_t steps, const det_metric *m, size_t n) {
    worker *w = worker_of(dw);
    if (!w) return DET_E_ARG;
    pthread_mutex_lock(&w->gate);
    int rc = w->phase == RUNNING ? det_report_metrics(w->core, group, steps, m, n) : DET_E_STATE;
    pthread_mutex_unlock(&w->gate);
    if (rc == DET_OK) port_wake(w);
    return rc;
}

int det_worker_report_training_metrics(det_worker *w, int64_t steps, const det_metric *m, size_t n) {
    return det_worker_report_metrics(w, "training", steps, m, n);
}

int det_worker_report_validation_metrics(det_worker *w, int64_t steps, const det_metric *m, size_t n) {
    return det_worker_report_metrics(w, "validation", steps, m, n);
}

int det_worker_report_progress(det_worker *dw, double progress) {
    worker *w = worker_of(dw);
    int rc = DET_OK;
    if (!w) return DET_E_ARG;
    if (!(progress >= 0 && progress <= 1)) return DET_E_VALUE;
    pthread_mutex_lock(&w->gate);
    if (w->phase != RUNNING) rc = DET_E_STATE;
    w->progress = progress;
    w->progress_due = 1;
    pthread_mutex_unlock(&w->gate);
    if (rc == DET_OK) port_wake(w);
    return rc;
}

const det_run_info *det_worker_get_run(const det_worker *w) {
    return &((const worker *)(const void *)w)->run;
}

int det_worker_get_stats(det_worker *dw, det_stats *out) {
    worker *w = worker_of(dw);
    if (!w || !out) return DET_E_ARG;
    pthread_mutex_lock(&w->gate);
    int dead = w->phase == DEAD;
    *out = w->stats;
    if (dead) memset(out, 0, sizeof *out);
    pthread_mutex_unlock(&w->gate);
    return dead ? DET_E_STATE : DET_OK;
}
