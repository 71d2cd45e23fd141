/* SPDX-License-Identifier: Apache-2.0
 * What det_report_training_metrics() with ten doubles costs the training loop: values in 0..1 with all their digits,
 * queued in blocks whose CPU time is taken, and sent in between to a running det-master. Median of the blocks.
 *
 *   bench_report URL [PID]       with the master's PID also while it is stopped, and after it was killed
 *   bench_report --count N URL   N calls of measured(), for callgrind
 *   bench_report --queue N URL   the same without sending them, for strace */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "det.h"
#include "det_posix.h"
#include "ten.h"

enum { ROUNDS = 41, BLOCK = 100, STUCK_BLOCKS = 4, TARGET_NS = 650 };

static det_core core;
static det_metric metrics[BLOCK][METRICS];

static void must(int rc) {
    if (rc != DET_OK) bench_die("%s: %s", det_strerror(rc), det_errmsg(&core));
}

static void draw(void) {
    for (int i = 0; i < BLOCK; i++) ten_draw(metrics[i]);
}

/* callgrind collects in here. */
__attribute__((noinline)) static void measured(int n, int first_step) {
    for (int i = 0; i < n; i++) must(det_report_training_metrics(&core, first_step + i, metrics[i], METRICS));
}

/* ---- what the master does meanwhile ------------------------------------------------------------------------------- */

static void open_run(const char *url) {
    static unsigned char mem[8 << 20];
    det_options o;
    memset(mem, 1, sizeof mem); /* the first touch of a page is not the library's cost */
    det_options_init(&o, det_posix_port(), mem, sizeof mem);
    o.master = url;
    o.name = "report";
    must(det_open(&core, &o));
    must(det_run(&core, 10000));
}

static double block_ns(int *step) {
    draw();
    double start = bench_cpu_ns();
    measured(BLOCK, *step);
    double ns = (bench_cpu_ns() - start) / BLOCK;
    *step += BLOCK;
    return ns;
}

/* More reports than the pipeline takes, so that the measured ones find it full, and a master that is silent or gone. */
static void get_stuck(int *step) {
    for (int i = 0; i < STUCK_BLOCKS; i++) {
        (void)block_ns(step);
        (void)det_step(&core);
    }
}

/* Ratios of the best blocks: noise only adds. */
static void print_ratio(const char *name, double *ns, double live_best) {
    double middle = bench_median(ns, ROUNDS);
    printf("  %-42s %5.0f ns, best %4.0f: %.2f x\n", name, middle, ns[0], ns[0] / live_best);
}

/* Live and stalled rounds in turn; then it is killed. */
static void by_state(pid_t master, double live[], double stalled[], double dead[]) {
    int step = 0;
    for (int i = 0; i < ROUNDS; i++) {
        live[i] = block_ns(&step);
        must(det_run(&core, 60000));
        if (!master) continue;
        kill(master, SIGSTOP);
        get_stuck(&step);
        stalled[i] = block_ns(&step);
        kill(master, SIGCONT);
        must(det_run(&core, 60000));
    }
    if (!master) return;
    kill(master, SIGKILL);
    get_stuck(&step);
    for (int i = 0; i < ROUNDS; i++) {
        dead[i] = block_ns(&step);
        (void)det_step(&core);
    }
}

int main(int argc, char **argv) {
    double live[ROUNDS], stalled[ROUNDS], dead[ROUNDS];
    int only = argc == 4 && strcmp(argv[1], "--count") == 0 ? atoi(argv[2]) : 0;
    int queue = argc == 4 && strcmp(argv[1], "--queue") == 0 ? atoi(argv[2]) : -1;
    if (argc != 2 && argc != 3 && queue < 0 && (only < 1 || only > BLOCK))
        bench_die("usage: bench_report [--count N | --queue N] URL [PID]");
    open_run(argc == 3 ? argv[1] : argv[argc - 1]);
    if (only || queue >= 0) {
        draw();
        measured(only ? only : queue > BLOCK ? BLOCK : queue, 0);
        if (!only) _exit(0);
        must(det_run(&core, 60000));
        must(det_close(&core, DET_COMPLETED, 60000));
        return 0;
    }
    by_state(argc == 3 ? (pid_t)atol(argv[2]) : 0, live, stalled, dead);
    double middle = bench_median(live, ROUNDS);
    printf("det_report_training_metrics() with ten doubles, queued: %.0f ns (median of %d blocks of %d, best %.0f; to reach: %d)\n",
           middle, ROUNDS, BLOCK, live[0], TARGET_NS);
    if (argc == 2) {
        must(det_close(&core, DET_COMPLETED, 60000));
        return 0;
    }
    print_ratio("while the master has stalled, pipeline full", stalled, live[0]);
    print_ratio("when it is dead", dead, live[0]);
    return 0;
}
