/* SPDX-License-Identifier: Apache-2.0
 * The worker over TLS, with a spool, offline, and its heartbeat beside a caller that does nothing. The last one wants a
 * clock that runs a hundred times as fast: ONLY=heartbeat under the command faketime, as real.sh runs it. Under
 * ThreadSanitizer too (lane tsan). */
#include "det_worker.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "det_posix.h"
#include "real.h"
#include "real_int.h"
#include "rows.h"

enum { REPORTS = 2000, CLOSE_MS = 60000 };

static det_worker w;
static det_core core;
static uint64_t mem[1 << 15];

static det_options options(const char *scheme, int port) {
    det_options o;
    det_options_init(&o, NULL, mem, sizeof mem);
    o.master = real_url(scheme, "localhost", port);
    o.name = "worker";
    return o;
}

static void report_all(int from, int to) {
    for (int i = from; i <= to; i++) {
        det_metric m = det_metric_int("v", rows_value("ga", i));
        int rc;
        while ((rc = det_worker_report_metrics(&w, "ga", i, &m, 1)) == DET_E_SPACE) usleep(500);
        CHECK_INT(rc, DET_OK);
    }
}

#if DET_TLS
static void over_tls_through_a_link_that_is_cut_every_row_is_there_once(void) {
    char cert[200], key[200];
    const char *args[] = {"--tls", cert, key, NULL}, *pem = NULL;
    size_t pem_len = 0;
    enum { STEP = 20000 };
    CHECK_INT(real_certs(), 0);
    snprintf(cert, sizeof cert, "%s/good.pem", real_dir);
    snprintf(key, sizeof key, "%s/good.key", real_dir);
    CHECK_INT(det_posix_read_pem(real_file("ca.pem"), &pem, &pem_len), DET_OK);
    real_proc m = real_master(args), relay = real_relay(m.port, STEP);
    det_options o = options("https", relay.port);
    o.ca_pem = pem;
    o.ca_pem_len = pem_len;
    o.external_experiment_id = "e"; /* the first connection is cut at once */
    o.external_trial_id = "t";
    while (det_worker_start(&w, &core, &o) != DET_OK) {}
    report_all(1, REPORTS);
    CHECK_INT(det_worker_close(&w, DET_COMPLETED, CLOSE_MS), DET_OK);
    det_stats s;
    CHECK_INT(det_worker_get_stats(&w, &s), DET_OK);
    CHECK_INT(s.acknowledged, REPORTS);
    CHECK(s.session.connections > 1);
    real_stop(&relay);
    rows_are(&m, "https", det_worker_get_run(&w)->trial_id, "ga", REPORTS);
    det_posix_free_pem(pem, pem_len);
    real_stop(&m);
}
#endif

static det_posix_spool disk;

static void open_spool(void) {
    det_posix_spool_options so;
    memset(&so, 0, sizeof so);
    so.size = sizeof so;
    so.dir = real_file("spool");
    so.sync_ms = DET_POSIX_SPOOL_NO_SYNC;
    CHECK_INT(det_posix_spool_open(&disk, &so), DET_OK);
}

/* As another program would: what the spool holds is the master's in the end. */
static void flush_to(const real_proc *m) {
    det_options o;
    det_posix_spool_close(&disk);
    open_spool();
    det_options_init(&o, det_posix_port(), mem, sizeof mem);
    o.master = real_url("http", "localhost", m->port);
    o.spool = &disk.spool;
    CHECK_INT(det_flush(&core, &o, CLOSE_MS), DET_OK);
    det_posix_spool_close(&disk);
    rows_are(m, "http", det_get_run(&core)->trial_id, "ga", REPORTS);
}

static void with_a_spool_a_master_that_dies_costs_nothing_and_the_next_one_gets_it_all(void) {
    real_proc m = real_master(NULL);
    open_spool();
    det_options o = options("http", m.port);
    o.spool = &disk.spool;
    o.external_experiment_id = "e";
    o.external_trial_id = "t";
    CHECK_INT(det_worker_start(&w, &core, &o), DET_OK);
    kill(m.pid, SIGSTOP); /* nothing is answered from here on */
    report_all(1, REPORTS);
    CHECK(det_worker_close(&w, DET_COMPLETED, 300) != DET_OK);
    kill(m.pid, SIGCONT);
    flush_to(&m);
    real_stop(&m);
}

static void offline_it_touches_no_network_and_a_flush_brings_all_of_it(void) {
    real_proc m = real_master(NULL);
    open_spool();
    det_options o = options("http", 1); /* nobody listens there */
    o.spool = &disk.spool;
    o.offline = 1;
    o.external_experiment_id = "e2";
    o.external_trial_id = "t2";
    CHECK_INT(det_worker_start(&w, &core, &o), DET_OK);
    report_all(1, REPORTS);
    det_stats s;
    CHECK_INT(det_worker_close(&w, DET_COMPLETED, CLOSE_MS), DET_OK);
    CHECK_INT(det_worker_get_stats(&w, &s), DET_OK);
    CHECK_INT(s.session.connections, 0);
    CHECK_INT(s.queued, REPORTS);
    flush_to(&m);
    real_stop(&m);
}

/* Three minutes pass in two seconds. */
static void the_heartbeat_is_on_time_while_the_caller_does_nothing(void) {
    if (!getenv("FAKETIME")) return; /* an hour by the wall would do, too */
    unsetenv("LD_PRELOAD"); /* the master lives by the wall's */
    real_proc m = real_master(NULL);
    det_options o = options("http", m.port);
    CHECK_INT(det_worker_start(&w, &core, &o), DET_OK);
    uint32_t start = real_ms();
    while (real_ms() - start < 185000) usleep(1000000);
    det_stats s;
    CHECK_INT(det_worker_get_stats(&w, &s), DET_OK);
    CHECK(s.heartbeats >= 3 && s.heartbeats <= 5); /* at once and every minute; the clock is coarse */
    CHECK_INT(det_worker_close(&w, DET_COMPLETED, CLOSE_MS), DET_OK);
    real_stop(&m);
}

static const unit_test tests[] = {
#if DET_TLS
    TEST(over_tls_through_a_link_that_is_cut_every_row_is_there_once),
#endif
    TEST(with_a_spool_a_master_that_dies_costs_nothing_and_the_next_one_gets_it_all),
    TEST(offline_it_touches_no_network_and_a_flush_brings_all_of_it),
    TEST(the_heartbeat_is_on_time_while_the_caller_does_nothing),
};

REAL_MAIN(tests)
