/* SPDX-License-Identifier: Apache-2.0
 * What det_report_training_metrics() with ten doubles costs the training loop: values in 0..1 with all their digits,
 * queued in blocks whose CPU time is taken, and sent in between to a running det-master. Median of the blocks.
 *
 *   bench_report [--count N] URL     --count: N calls of measured(), for callgrind */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "det.h"
#include "det_posix.h"

enum { ROUNDS = 41, BLOCK = 100, METRICS = 10, TARGET_NS = 650 };

static const char *const names[METRICS] = {"loss", "accuracy", "lr", "grad_norm", "momentum", "perplexity", "precision",
                                           "recall", "f1", "throughput"};

static det_core core;
static det_metric metrics[BLOCK][METRICS];

static void must(int rc) {
    if (rc != DET_OK) bench_die("%s: %s", det_strerror(rc), det_errmsg(&core));
}

static double random_unit(void) {
    static uint64_t s = 88172645463325252u;
    s ^= s << 13;
    s ^= s >> 7;
    s ^= s << 17;
    return (double)(s >> 11) / 9007199254740992.0;
}

static void draw(void) {
    for (int i = 0; i < BLOCK; i++)
        for (int k = 0; k < METRICS; k++) metrics[i][k] = det_metric_double(names[k], random_unit());
}

/* callgrind collects in here. */
__attribute__((noinline)) static void measured(int n, int first_step) {
    for (int i = 0; i < n; i++) must(det_report_training_metrics(&core, first_step + i, metrics[i], METRICS));
}

int main(int argc, char **argv) {
    static unsigned char mem[1 << 20];
    det_options o;
    double ns[ROUNDS];
    int only = argc == 4 && strcmp(argv[1], "--count") == 0 ? atoi(argv[2]) : 0;
    if (argc != 2 && (only < 1 || only > BLOCK)) bench_die("usage: bench_report [--count N] URL");
    det_options_init(&o, det_posix_port(), mem, sizeof mem);
    o.master = argv[argc - 1];
    o.name = "report";
    must(det_open(&core, &o));
    must(det_run(&core, 10000));
    for (int i = 0; i < (only ? 1 : ROUNDS); i++) {
        draw();
        double start = bench_cpu_ns();
        measured(only ? only : BLOCK, i * BLOCK);
        ns[i] = (bench_cpu_ns() - start) / BLOCK;
        must(det_run(&core, 60000));
    }
    must(det_close(&core, DET_COMPLETED, 60000));
    if (only) return 0;
    double middle = bench_median(ns, ROUNDS);
    printf("det_report_training_metrics() with ten doubles, queued: %.0f ns (median of %d blocks of %d, best %.0f; to reach: %d)\n",
           middle, ROUNDS, BLOCK, ns[0], TARGET_NS);
    return 0;
}
