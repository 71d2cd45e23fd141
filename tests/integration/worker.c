/* SPDX-License-Identifier: Apache-2.0
 * The worker thread against det-master: many threads that report, a master that stalls or dies, fork() and exit(). Run
 * under ThreadSanitizer too (lane tsan). */
#include "det_worker.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "det_posix.h"
#include "real.h"
#include "real_int.h"
#include "rows.h"

enum { THREADS = 8, REPORTS = 400, CLOSE_MS = 60000 };

static det_worker w;
static det_core core;
static uint64_t mem[1 << 17];

static void nap(void) {
    usleep(500);
}

static det_options options(const real_proc *m, size_t mem_len) {
    det_options o;
    det_options_init(&o, NULL, mem, mem_len);
    o.master = real_url("http", "127.0.0.1", m->port);
    o.name = "worker";
    return o;
}

static real_proc begin(size_t mem_len) {
    real_proc m = real_master(NULL);
    det_options o = options(&m, mem_len);
    CHECK_INT(det_worker_start(&w, &core, &o), DET_OK);
    return m;
}

/* One report whose value follows from group and step; again while the outbox is full. */
static int report(const char *group, int step) {
    det_metric m = det_metric_int("v", rows_value(group, step));
    int rc;
    while ((rc = det_worker_report_metrics(&w, group, step, &m, 1)) == DET_E_SPACE) nap();
    return rc;
}

/* ---- many threads --------------------------------------------------------------------------------------------------- */

static void *report_all(void *group) {
    int wrong = 0;
    for (int i = 1; i <= REPORTS; i++) {
        wrong += report((const char *)group, i) != DET_OK;
        if (i % 50 == 0) wrong += det_worker_report_progress(&w, (double)i / REPORTS) != DET_OK;
    }
    return wrong ? group : NULL;
}

static void *look(void *ctx) {
    det_stats s;
    int wrong = 0;
    for (int i = 0; i < 200; i++) {
        wrong += det_worker_get_stats(&w, &s) != DET_OK || s.acknowledged > s.queued;
        nap();
    }
    return wrong ? ctx : NULL;
}

static void join(pthread_t t) {
    void *wrong;
    CHECK_INT(pthread_join(t, &wrong), 0);
    CHECK(!wrong);
}

static void many_threads_in(size_t mem_len) {
    static char groups[THREADS][3];
    pthread_t t[THREADS], looker;
    det_stats s;
    real_proc m = begin(mem_len);
    CHECK_INT(pthread_create(&looker, NULL, look, &w), 0);
    for (int i = 0; i < THREADS; i++) {
        snprintf(groups[i], sizeof groups[i], "g%c", 'a' + i);
        CHECK_INT(pthread_create(&t[i], NULL, report_all, groups[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) join(t[i]);
    join(looker);
    CHECK_INT(det_worker_close(&w, DET_COMPLETED, CLOSE_MS), DET_OK);
    CHECK_INT(det_worker_get_stats(&w, &s), DET_OK);
    CHECK_INT(s.acknowledged, THREADS * REPORTS);
    CHECK_INT(s.pending, 0);
    CHECK_INT(s.session.connections, 1);
    for (int i = 0; i < THREADS; i++) rows_are(&m, "http", det_worker_get_run(&w)->trial_id, groups[i], REPORTS);
    real_stop(&m);
}

static void many_threads_report_and_every_row_is_there_once(void) {
    many_threads_in(sizeof mem);
}

static void so_they_do_through_a_tiny_outbox(void) {
    many_threads_in(4096);
}

static void refused_reports_beside_the_worker_do_no_harm(void) {
    det_metric v = det_metric_double("v", 1);
    real_proc m = begin(4096);
    for (int i = 1; i <= REPORTS; i++) {
        CHECK_INT(report("ga", i), DET_OK);
        CHECK_INT(det_worker_report_training_metrics(&w, -1, &v, 1), DET_E_STEPS);
        CHECK_INT(det_worker_report_metrics(&w, "a.b", i, &v, 1), DET_E_GROUP);
        CHECK_INT(det_worker_report_progress(&w, 1.5), DET_E_VALUE);
    }
    CHECK_INT(det_worker_close(&w, DET_COMPLETED, CLOSE_MS), DET_OK);
    rows_are(&m, "http", det_worker_get_run(&w)->trial_id, "ga", REPORTS);
    real_stop(&m);
}

/* ---- masters that do not answer --------------------------------------------------------------------------------------- */

/* Far more than a report costs, far less than one wait for the network. */
static void report_promptly(int from, int to) {
    uint32_t start = real_ms();
    for (int i = from; i <= to; i++) CHECK_INT(report("ga", i), DET_OK);
    CHECK(real_ms() - start < 2000);
}

static void a_stalled_master_does_not_hold_up_reports(void) {
    real_proc m = begin(sizeof mem);
    report_promptly(1, 10);
    kill(m.pid, SIGSTOP);
    report_promptly(11, 2000);
    usleep(50000);
    report_promptly(2001, 4000);
    kill(m.pid, SIGCONT);
    CHECK_INT(det_worker_close(&w, DET_COMPLETED, CLOSE_MS), DET_OK);
    rows_are(&m, "http", det_worker_get_run(&w)->trial_id, "ga", 4000);
    real_stop(&m);
}

static void a_dead_master_does_not_hold_up_reports_nor_the_end(void) {
    det_stats s;
    real_proc m = begin(sizeof mem);
    report_promptly(1, 10);
    real_stop(&m);
    report_promptly(11, 2000);
    uint32_t start = real_ms();
    CHECK_INT(det_error_class(det_worker_close(&w, DET_COMPLETED, 400)), DET_CLASS_NET);
    CHECK(real_ms() - start < 5000);
    CHECK_INT(det_worker_get_stats(&w, &s), DET_OK);
    CHECK_INT(s.queued, 2000);
    CHECK_INT(s.acknowledged + s.unsure + s.pending, 2000);
    CHECK(*det_errmsg(&core));
}

/* ---- starting and closing --------------------------------------------------------------------------------------------- */

static void where_nobody_listens_it_does_not_start(void) {
    real_proc p = real_silence(0);
    real_stop(&p);
    det_options o = options(&p, sizeof mem);
    int fds = real_fds();
    CHECK_INT(det_worker_start(&w, &core, &o), DET_E_CONNECT);
    CHECK(*det_errmsg(&core));
    CHECK_INT(real_fds(), fds);
    CHECK_INT(report("ga", 1), DET_E_STATE);
    CHECK_INT(det_worker_close(&w, DET_COMPLETED, 100), DET_E_CONNECT);
    o.mem_len = 100;
    CHECK_INT(det_worker_start(&w, &core, &o), DET_E_SIZE);
    CHECK_INT(det_worker_start(&w, &core, NULL), DET_E_ARG);
}

static void *close_it(void *ctx) {
    return det_worker_close(&w, DET_COMPLETED, CLOSE_MS) == DET_OK ? NULL : ctx;
}

static void closing_from_several_threads_and_again_gives_the_same(void) {
    pthread_t t[THREADS];
    int fds = real_fds();
    real_proc m = begin(sizeof mem);
    for (int i = 1; i <= REPORTS; i++) CHECK_INT(report("ga", i), DET_OK);
    for (int i = 0; i < THREADS; i++) CHECK_INT(pthread_create(&t[i], NULL, close_it, &w), 0);
    for (int i = 0; i < THREADS; i++) join(t[i]);
    CHECK_INT(det_worker_close(&w, DET_ERROR, 0), DET_OK);
    CHECK_INT(det_worker_close(&w, 7, 0), DET_E_ARG);
    CHECK_INT(report("ga", 1), DET_E_STATE);
    CHECK_INT(det_worker_report_progress(&w, 1), DET_E_STATE);
    CHECK_INT(real_fds(), fds);
    rows_are(&m, "http", det_worker_get_run(&w)->trial_id, "ga", REPORTS);
    real_stop(&m);
}

static int own_close;
static void close_in_log(void *ctx, int level, const char *line) {
    (void)ctx, (void)level, (void)line;
    own_close = det_worker_close(&w, DET_COMPLETED, 100);
}

static void the_workers_own_thread_cannot_close_it(void) {
    real_proc m = real_master(NULL);
    det_options o = options(&m, sizeof mem);
    o.log = close_in_log;
    o.log_level = DET_LOG_DEBUG;
    CHECK_INT(det_worker_start(&w, &core, &o), DET_OK);
    CHECK_INT(own_close, DET_E_STATE);
    CHECK_INT(det_worker_close(&w, DET_COMPLETED, CLOSE_MS), DET_OK);
    real_stop(&m);
}

static void close_at_exit(void) {
    (void)det_worker_close(&w, DET_COMPLETED, CLOSE_MS);
}

/* The child's exit status is its failures. */
static int failures_of(pid_t child) {
    int status = 0;
    return waitpid(child, &status, 0) == child && WIFEXITED(status) ? WEXITSTATUS(status) : 99;
}

static void what_is_queued_at_exit_arrives(void) {
    real_proc m = real_master(NULL);
    det_options o = options(&m, sizeof mem);
    pid_t child = real_fork();
    if (!child) {
        CHECK_INT(det_worker_start(&w, &core, &o), DET_OK);
        for (int i = 1; i <= REPORTS; i++) CHECK_INT(report("ga", i), DET_OK);
        atexit(close_at_exit);
        exit(unit_failures);
    }
    CHECK_INT(failures_of(child), 0);
    rows_are(&m, "http", 1, "ga", REPORTS);
    real_stop(&m);
}

/* ---- fork ---------------------------------------------------------------------------------------------------------------- */

/* Another thread reports while the process forks. */
static void *report_on(void *ctx) {
    int wrong = 0;
    for (int i = 1; i <= 2000; i++) wrong += report("gb", i) != DET_OK;
    return wrong ? ctx : NULL;
}

static int in_child(const real_proc *m, int fds) {
    det_stats s;
    unit_failures = 0;
    CHECK_INT(report("ga", 1), DET_E_STATE);
    CHECK_INT(det_worker_report_progress(&w, 0.5), DET_E_STATE);
    CHECK_INT(det_worker_get_stats(&w, &s), DET_E_STATE);
    CHECK_INT(det_worker_close(&w, DET_COMPLETED, 1000), DET_E_STATE);
    CHECK_INT(real_fds(), fds);
    if (!m) return unit_failures;
    det_options o = options(m, sizeof mem); /* a worker of its own */
    CHECK_INT(det_worker_start(&w, &core, &o), DET_OK);
    CHECK_INT(report("gc", 1), DET_OK);
    CHECK_INT(det_worker_close(&w, DET_COMPLETED, CLOSE_MS), DET_OK);
    rows_are(m, "http", det_worker_get_run(&w)->trial_id, "gc", 1);
    return unit_failures;
}

static void a_child_has_no_worker_and_the_parent_does_not_notice_it(void) {
    pthread_t other;
    det_stats s;
    int fds = real_fds();
    real_proc m = begin(sizeof mem);
    CHECK_INT(pthread_create(&other, NULL, report_on, &w), 0);
    for (int i = 1; i <= 40; i++) {
        CHECK_INT(report("ga", i), DET_OK);
        pid_t child = real_fork();
        if (!child) _exit(in_child(i == 20 ? &m : NULL, fds));
        CHECK_INT(failures_of(child), 0);
    }
    join(other);
    CHECK_INT(det_worker_close(&w, DET_COMPLETED, CLOSE_MS), DET_OK);
    CHECK_INT(det_worker_get_stats(&w, &s), DET_OK);
    CHECK_INT(s.session.connections, 1);
    rows_are(&m, "http", 1, "ga", 40);
    rows_are(&m, "http", 1, "gb", 2000);
    real_stop(&m);
}

static const unit_test tests[] = {
    TEST(many_threads_report_and_every_row_is_there_once),
    TEST(so_they_do_through_a_tiny_outbox),
    TEST(refused_reports_beside_the_worker_do_no_harm),
    TEST(a_stalled_master_does_not_hold_up_reports),
    TEST(a_dead_master_does_not_hold_up_reports_nor_the_end),
    TEST(where_nobody_listens_it_does_not_start),
    TEST(closing_from_several_threads_and_again_gives_the_same),
    TEST(the_workers_own_thread_cannot_close_it),
    TEST(what_is_queued_at_exit_arrives),
    TEST(a_child_has_no_worker_and_the_parent_does_not_notice_it),
};

REAL_MAIN(tests)
