/* SPDX-License-Identifier: Apache-2.0
 * What a report with ten doubles costs the thread that trains when a worker sends: its CPU time and its wall-clock time,
 * median of blocks, with the master at work, then stalled (SIGSTOP). Beside them det_report_…() of det.h in the same run.
 *
 *   bench_worker URL PID     PID: det-master's */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "det_posix.h"
#include "det_worker.h"
#include "ten.h"

enum { ROUNDS = 41, BLOCK = 100, TARGET_NS = 1000 };

static det_worker worker;
static det_core alone, owned;
static det_metric metrics[BLOCK][METRICS];
static int64_t step;

static void must(int rc) {
    if (rc != DET_OK) bench_die("%s: %s", det_strerror(rc), det_errmsg(&alone));
}

static void draw(void) {
    for (int i = 0; i < BLOCK; i++) ten_draw(metrics[i]);
}

static double thread_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return 1e9 * (double)t.tv_sec + (double)t.tv_nsec;
}

static void by_worker(void) {
    for (int i = 0; i < BLOCK; i++) must(det_worker_report_training_metrics(&worker, ++step, metrics[i], METRICS));
}

static void by_core(void) {
    for (int i = 0; i < BLOCK; i++) must(det_report_training_metrics(&alone, ++step, metrics[i], METRICS));
}

/* Between the blocks what was reported is sent, as long as somebody takes it. */
static double time_blocks(const char *what, void (*block)(void)) {
    double cpu[ROUNDS], wall[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) {
        draw();
        double w = bench_wall_ns(), c = thread_ns();
        block();
        cpu[i] = (thread_ns() - c) / BLOCK;
        wall[i] = (bench_wall_ns() - w) / BLOCK;
        if (block == by_core) must(det_run(&alone, 60000));
        usleep(20000); /* both begin with a cold core */
    }
    double middle = bench_median(cpu, ROUNDS);
    printf("%-44s %5.0f ns of CPU, %5.0f ns by the clock (median of %d blocks of %d)\n", what, middle,
           bench_median(wall, ROUNDS), ROUNDS, BLOCK);
    return middle;
}

int main(int argc, char **argv) {
    static unsigned char mem[1 << 23], mem_alone[1 << 20]; /* what a stalled master leaves must fit */
    det_options o;
    if (argc != 3) bench_die("usage: bench_worker URL PID");
    pid_t master = (pid_t)atoi(argv[2]);
    memset(mem, 1, sizeof mem); /* a page's first touch is the system's cost */
    memset(mem_alone, 1, sizeof mem_alone);
    det_options_init(&o, det_posix_port(), mem_alone, sizeof mem_alone);
    o.master = argv[1];
    o.name = "worker";
    must(det_open(&alone, &o));
    double core_ns = time_blocks("without a worker", by_core);
    must(det_close(&alone, DET_COMPLETED, 60000));
    o.mem = mem;
    o.mem_len = sizeof mem;
    must(det_worker_start(&worker, &owned, &o));
    double live_ns = time_blocks("by a worker, the master at work", by_worker);
    if (kill(master, SIGSTOP) != 0) bench_die("no master of that number");
    double stalled_ns = time_blocks("by a worker, the master stalled", by_worker);
    kill(master, SIGCONT);
    must(det_worker_close(&worker, DET_COMPLETED, 60000));
    printf("a worker adds %.0f ns (to reach: 300; in all %d); a stalled master %+.1f %% (to reach: 10)\n", live_ns - core_ns,
           TARGET_NS, 100 * (stalled_ns / live_ns - 1));
    return 0;
}
