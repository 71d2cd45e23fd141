/* SPDX-License-Identifier: Apache-2.0
 * Counts the system calls of a busy kept connection: 1,000 reports against a running det-master, plain and TLS, by the
 * session and by the core, in an event loop (its own poll is the caller's and not counted) and blocking. Exit 1 if a
 * request costs more than one send and one recv, in blocking mode one poll more.
 *
 *   bench_syscalls PLAIN-URL [TLS-URL CA-FILE] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "det.h"
#include "det_posix.h"

enum { N = 1000, EVENT_LOOP_MAX = 2, BLOCKING_MAX = 3 };

static det_core core;

static void must(int rc) {
    if (rc != DET_OK) bench_die("%s: %s", det_strerror(rc), det_errmsg(&core));
}

static void open_core(const char *url, const char *ca, size_t ca_len, const det_port *port) {
    static unsigned char mem[1 << 20];
    det_options o;
    det_options_init(&o, port, mem, sizeof mem);
    o.master = url;
    o.name = "syscalls";
    o.ca_pem = ca;
    o.ca_pem_len = ca_len;
    must(det_open(&core, &o));
    must(det_run(&core, 10000)); /* the first heartbeat too */
}

static void outside_poll(const det_wait *w, int n, uint32_t ms) {
    const det_port *p = det_posix_port();
    if (ms) p->wait(p->ctx, w, (size_t)n, ms);
}

/* ---- four ways to drive it --------------------------------------------------------------------------------------- */

static void prepare(det_request *q, char *path, size_t path_cap, char *body, size_t body_cap, int step) {
    const det_run_info *run = det_get_run(&core);
    snprintf(path, path_cap, "/api/v1/trials/%lld/metrics", (long long)run->trial_id);
    snprintf(body, body_cap,
             "{\"group\":\"training\",\"metrics\":{\"trialId\":%lld,\"trialRunId\":%lld,\"stepsCompleted\":%d,"
             "\"metrics\":{\"avgMetrics\":{\"loss\":0.25}}}}",
             (long long)run->trial_id, (long long)run->trial_run_id, step);
    memset(q, 0, sizeof *q);
    q->method = "POST";
    q->path = path;
    q->body = body;
    q->body_len = strlen(body);
}

static int session_loop(int step) {
    char path[80], body[200];
    det_request q;
    det_wait w;
    uint32_t ms;
    int rc;
    prepare(&q, path, sizeof path, body, sizeof body, step);
    must(det_session_start(&core.session, &q));
    while ((rc = det_session_step(&core.session)) == DET_E_AGAIN)
        if (det_session_wants(&core.session, &w, &ms)) outside_poll(&w, 1, ms);
    return rc;
}

static int session_call(int step) {
    char path[80], body[200];
    det_request q;
    prepare(&q, path, sizeof path, body, sizeof body, step);
    return det_session_call(&core.session, &q, NULL);
}

static int report(int step) {
    det_metric m = det_metric_double("loss", 0.25);
    return det_report_training_metrics(&core, step, &m, 1);
}

/* All are queued by the first; the rest is the loop's. */
static int core_loop(int step) {
    int rc;
    if (step) return DET_OK;
    for (int i = 0; i < N; i++) must(report(i));
    while ((rc = det_step(&core)) == DET_E_AGAIN) {
        det_wait w[2];
        uint32_t ms;
        int n = det_wants(&core, w, &ms);
        outside_poll(w, n, ms);
    }
    return rc;
}

static int core_run(int step) {
    int rc = report(step);
    return rc == DET_OK ? det_run(&core, 10000) : rc;
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

static const struct mode {
    const char *name;
    int (*one)(int step);
    int max;
} modes[] = {
    {"session, event loop (det_session_step)", session_loop, EVENT_LOOP_MAX},
    {"session, blocking (det_session_call)", session_call, BLOCKING_MAX},
    {"core, event loop (det_step)", core_loop, EVENT_LOOP_MAX},
    {"core, blocking (det_run)", core_run, BLOCKING_MAX},
};

static int count(const char *kind, const struct mode *m, bench_port *port) {
    uint32_t before = det_session_get_stats(&core.session)->requests;
    memset(&port->n, 0, sizeof port->n);
    for (int i = 0; i < N; i++) must(m->one(i));
    if (det_session_get_stats(&core.session)->requests - before != N) bench_die("not %d requests", N);
    const bench_counts *n = &port->n;
    uint64_t all = bench_port_calls(n);
    int good = all <= (uint64_t)m->max * N;
    printf("  %-5s %-40s %7.3f %7.3f %7.3f %7.3f %9.3f   %d %s\n", kind, m->name, (double)n->send / N, (double)n->recv / N,
           (double)n->wait / N, (double)(n->open + n->close + n->other) / N, (double)all / N, m->max, good ? "ok" : "EXCEEDED");
    return good;
}

static int count_all(const char *kind, const char *url, const char *ca, size_t ca_len) {
    bench_port port;
    int good = 1;
    bench_counting_port(&port);
    open_core(url, ca, ca_len, &port.port);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) good &= count(kind, &modes[i], &port);
    must(det_close(&core, DET_COMPLETED, 10000));
    return good;
}

int main(int argc, char **argv) {
    if (argc != 2 && argc != 4) bench_die("usage: bench_syscalls PLAIN-URL [TLS-URL CA-FILE]");
    printf("System calls per request on a busy kept connection, counted over %d requests each\n", N);
    printf("  %-46s %7s %7s %7s %7s %9s   %s\n", "", "send", "recv", "poll", "other", "all/req", "limit");
    int good = count_all("plain", argv[1], NULL, 0);
    if (argc == 4) {
        size_t len;
        char *ca = bench_read_file(argv[3], &len);
        good &= count_all("TLS", argv[2], ca, len);
        free(ca);
    }
    return good ? 0 : 1;
}
