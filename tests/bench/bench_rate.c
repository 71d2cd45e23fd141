/* SPDX-License-Identifier: Apache-2.0
 * Reports per second into a running det-master, one core each side: libdet pipelined beside libcurl one at a time, and
 * libdet at several depths of its pipeline, on loopback and over a line of 60 ms. What a report costs each side says what
 * bounds the rate.
 *
 *   bench_rate [--syscalls D,C] URL PID [CA-FILE]   the tables; D, C: system calls per report, counted by strace before
 *   bench_rate --det N DEPTH URL PID [CA-FILE]      libdet alone, N reports, for strace and callgrind
 *   bench_rate --curl N URL PID [CA-FILE]           libcurl alone */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "curl.h"
#include "delay.h"
#include "det.h"

enum { ROUNDS = 5, REPORTS = 20000, CURL_REPORTS = 1000, TEN = 10, LINE_MS = 60, LINE_WINDOWS = 8 };

static const char *const names[TEN] = {"loss", "accuracy", "lr", "grad_norm", "momentum", "perplexity", "precision",
                                       "recall", "f1", "throughput"};

typedef struct target {
    const char *url, *ca_file, *ca;
    size_t ca_len;
    pid_t pid;
} target;

typedef struct figure {
    double rate, own_us, server_us, busy, server_busy; /* per report, and of the wall time */
    double send, recv, wait;                           /* port calls per report */
} figure;

static double unit(void) {
    return rand() / (double)RAND_MAX;
}

/* ---- one run ----------------------------------------------------------------------------------------------------- */

static det_core core;

static void must(int rc) {
    if (rc != DET_OK) bench_die("%s: %s", det_strerror(rc), det_errmsg(&core));
}

/* As an event loop would: report as much as there is room for, step, wait. */
__attribute__((noinline)) static void measured(const det_port *port, long n, size_t metrics) {
    long i = 0;
    for (;;) {
        det_metric m[TEN];
        det_wait w[2];
        uint32_t ms;
        int rc = DET_OK;
        while (i < n && rc == DET_OK) {
            for (size_t k = 0; k < metrics; k++) m[k] = det_metric_double(names[k], unit());
            rc = det_report_training_metrics(&core, i, m, metrics);
            i += rc == DET_OK;
        }
        if (rc != DET_E_SPACE) must(rc);
        rc = det_step(&core);
        if (rc == DET_OK && i == n) return;
        if (rc != DET_E_AGAIN) must(rc);
        int wants = det_wants(&core, w, &ms);
        must(port->wait(port->ctx, w, (size_t)wants, ms));
    }
}

static figure figure_of(const target *t, long n, double wall, double own, double server) {
    figure f;
    memset(&f, 0, sizeof f);
    wall = bench_wall_ns() - wall;
    own = bench_cpu_ns() - own;
    server = bench_cpu_of_ns(t->pid) - server;
    f.rate = (double)n / wall * 1e9;
    f.own_us = own / (double)n / 1e3;
    f.server_us = server / (double)n / 1e3;
    f.busy = own / wall;
    f.server_busy = server / wall;
    return f;
}

static figure run_det(const target *t, const char *url, long n, size_t metrics, uint16_t depth) {
    static unsigned char mem[1 << 18];
    bench_port port;
    det_options o;
    det_stats st;
    bench_counting_port(&port);
    det_options_init(&o, &port.port, mem, sizeof mem);
    o.master = url;
    o.name = "rate";
    o.ca_pem = t->ca;
    o.ca_pem_len = t->ca_len;
    o.pipeline = depth;
    must(det_open(&core, &o));
    must(det_run(&core, 10000));
    memset(&port.n, 0, sizeof port.n);
    double wall = bench_wall_ns(), own = bench_cpu_ns(), server = bench_cpu_of_ns(t->pid);
    measured(&port.port, n, metrics);
    figure f = figure_of(t, n, wall, own, server);
    f.send = (double)port.n.send / (double)n;
    f.recv = (double)port.n.recv / (double)n;
    f.wait = (double)port.n.wait / (double)n;
    must(det_close(&core, DET_COMPLETED, 60000));
    det_get_stats(&core, &st);
    if (st.acknowledged != (uint32_t)n) bench_die("a report is missing");
    return f;
}

static figure run_curl(const target *t, long n, size_t metrics) {
    curl_begin(t->url, t->ca_file);
    double wall = bench_wall_ns(), own = bench_cpu_ns(), server = bench_cpu_of_ns(t->pid);
    for (long i = 0; i < n; i++) {
        char text[512];
        int len = 0;
        for (size_t k = 0; k < metrics; k++)
            len += snprintf(text + len, sizeof text - (size_t)len, "%c\"%s\":%.17g", k ? ',' : '{', names[k], unit());
        snprintf(text + len, sizeof text - (size_t)len, "}");
        curl_report(i, text);
    }
    figure f = figure_of(t, n, wall, own, server);
    curl_end();
    return f;
}

/* ---- the tables -------------------------------------------------------------------------------------------------- */

static figure median_of(const figure *f, size_t n) {
    figure m;
    double v[ROUNDS];
    for (size_t c = 0; c < sizeof m / sizeof(double); c++) {
        for (size_t i = 0; i < n; i++) v[i] = ((const double *)(const void *)&f[i])[c];
        ((double *)(void *)&m)[c] = bench_median(v, n);
    }
    return m;
}

static void print_row(const char *name, const figure *f, double syscalls) {
    printf("  %-24s %9.0f %9.2f %6.0f%% %9.2f %6.0f%%", name, f->rate, f->own_us, f->busy * 100, f->server_us, f->server_busy * 100);
    if (f->send > 0) printf(" %7.3f %7.3f %7.3f", f->send, f->recv, f->wait);
    else printf(" %7s %7s %7s", "-", "-", "-");
    if (syscalls >= 0) printf(" %9.3f", syscalls);
    printf("\n");
}

static void compare(const target *t, double det_calls, double curl_calls) {
    static figure f[4][ROUNDS];
    figure m[4];
    for (int i = 0; i < ROUNDS; i++) {
        f[0][i] = run_det(t, t->url, REPORTS, 1, 0);
        f[1][i] = run_curl(t, CURL_REPORTS, 1);
        f[2][i] = run_det(t, t->url, REPORTS, TEN, 0);
        f[3][i] = run_curl(t, CURL_REPORTS, TEN);
    }
    for (int r = 0; r < 4; r++) m[r] = median_of(f[r], ROUNDS);
    printf("Reports per second into det-master, %s, one core each; medians of %d rounds\n", t->ca_file ? "TLS" : "plain", ROUNDS);
    printf("  %-24s %9s %9s %7s %9s %7s %7s %7s %7s %9s\n", "", "reports/s", "CPU µs", "of core", "master µs", "of core", "send",
           "recv", "poll", "syscalls");
    print_row("libdet, one double", &m[0], det_calls);
    print_row("libcurl, one at a time", &m[1], curl_calls);
    print_row("libdet, ten doubles", &m[2], -1);
    print_row("libcurl, one at a time", &m[3], -1);
    printf("  libdet/libcurl: %.1f and %.1f times as many reports, %.2f and %.2f of the CPU; %s. All figures per report.\n",
           m[0].rate / m[1].rate, m[2].rate / m[3].rate, m[0].own_us / m[1].own_us, m[2].own_us / m[3].own_us, curl_kind());
    printf("  What bounds libdet's rate: the %s\n", m[0].server_busy > m[0].busy ? "master's core" : "client's core");
}

static void depths(const target *t) {
    char url[64];
    delay d;
    const char *at = strrchr(t->url, ':');
    if (delay_start(&d, atoi(at + 1), LINE_MS * 1000) != 0) bench_die("no relay");
    snprintf(url, sizeof url, "%.*s:%d", (int)(at - t->url), t->url, d.port);
    printf("By depth of the pipeline, one double\n");
    printf("  %5s %17s %9s %14s %17s\n", "depth", "reports/s direct", "CPU µs", "sends/report", "reports/s, 60 ms");
    for (unsigned depth = 1; depth <= DET_PIPELINE; depth *= 2) {
        figure f[3];
        for (int i = 0; i < 3; i++) f[i] = run_det(t, t->url, depth < 8 ? 1000 : 10000, 1, (uint16_t)depth);
        figure m = median_of(f, 3), far = run_det(t, url, (long)depth * LINE_WINDOWS, 1, (uint16_t)depth);
        printf("  %5u %17.0f %9.2f %14.3f %17.0f\n", depth, m.rate, m.own_us, m.send, far.rate);
    }
    delay_stop(&d);
}

/* ---- main -------------------------------------------------------------------------------------------------------- */

static void pin_both(const target *t) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(1, &set);
    if (bench_pin(0) != 0 || sched_setaffinity(t->pid, sizeof set, &set) != 0) printf("(not pinned)\n");
}

int main(int argc, char **argv) {
    target t = {0};
    double calls[2] = {-1, -1};
    long only_det = 0, only_curl = 0;
    int at = 1, depth = 0;
    if (argc > 3 && strcmp(argv[1], "--syscalls") == 0 && sscanf(argv[2], "%lf,%lf", &calls[0], &calls[1]) == 2) at = 3;
    if (argc > 4 && strcmp(argv[1], "--det") == 0) only_det = atol(argv[2]), depth = atoi(argv[3]), at = 4;
    if (argc > 3 && strcmp(argv[1], "--curl") == 0) only_curl = atol(argv[2]), at = 3;
    if (argc - at != 2 && argc - at != 3) bench_die("usage: bench_rate [--syscalls D,C] URL PID [CA-FILE]");
    t.url = argv[at];
    t.pid = (pid_t)atol(argv[at + 1]);
    t.ca_file = argv[at + 2];
    if (t.ca_file) t.ca = bench_read_file(t.ca_file, &t.ca_len);
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
    pin_both(&t);
    if (only_det) {
        figure f = run_det(&t, t.url, only_det, 1, (uint16_t)depth);
        print_row("libdet", &f, -1);
    } else if (only_curl) {
        (void)run_curl(&t, only_curl, 1);
    } else {
        compare(&t, calls[0], calls[1]);
        depths(&t);
    }
    return 0;
}
