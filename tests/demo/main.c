/* SPDX-License-Identifier: Apache-2.0
 * libdet's showcase: a perceptron learns handwritten digits and reports every batch to a Determined master, over one
 * kept connection. What talks to the library is here: open, report and step in the loop, read back, close.
 *
 *     demo [FILE.csv [EPOCHS]]      master and user from the environment: DET_MASTER, DET_USER, DET_PASS, …
 *
 * A master that cannot be reached never costs the training. Exit status: 0 trained, and all that was reported is held by
 * the master; 1 not all of it is; 2 usage; 130 interrupted. */
#define _POSIX_C_SOURCE 200809L
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "data.h"
#include "det_env.h"
#include "det_posix.h"
#include "mlp.h"
#include "readback.h"
#include "rng.h"
#include "series.h"
#include "show.h"

#define RATE 0.05f

enum {
    BATCH = 32,
    EPOCHS = 30,
    EPOCHS_MAX = 500,
    FULL_WAIT_MS = 20,     /* a full outbox: how long to wait for room before the next try … */
    FULL_PATIENCE = 500,   /* … and how many tries before the training goes on without reporting */
    FLUSH_WAIT_MS = 100,   /* after the training: so long at a time … */
    FLUSH_PATIENCE = 100,  /* … and so often without a report less, for what is still queued */
    CLOSE_MS = 30000,
    STOP_MS = 5000
};

enum { TRAIN_LOSS, VAL_LOSS, VAL_ACCURACY, COURSES };

/* All the memory there is, the library's included. */
static struct {
    det_core core;
    unsigned char mem[32768]; /* libdet's: request buffer and outbox */
    int opened;               /* there is a trial to close */
    int reporting;            /* and its master has not been given up */
    unsigned waits;           /* times the loop chose to wait because the outbox was full */
    size_t reports;
    uint32_t report_ns[SERIES_MAX];
    series course[COURSES];
    digits data;
    mlp net;
    uint64_t rng;
} run;

static const series *const courses[COURSES] = {&run.course[TRAIN_LOSS], &run.course[VAL_LOSS], &run.course[VAL_ACCURACY]};

static void series_name(series *s, const char *group, const char *metric) {
    s->group = group;
    s->metric = metric;
}

static void prepare(void) {
    series_name(&run.course[TRAIN_LOSS], "training", "loss");
    series_name(&run.course[VAL_LOSS], "validation", "loss");
    series_name(&run.course[VAL_ACCURACY], "validation", "accuracy");
    run.rng = 1;
    mlp_init(&run.net, &run.rng);
}

/* ---- Ctrl-C ---------------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void on_interrupt(int sig) {
    (void)sig;
    interrupted = 1;
}

/* The first Ctrl-C ends the training in order, a second one the program at once. */
static void watch_interrupt(void) {
    struct sigaction a;
    memset(&a, 0, sizeof a);
    sigemptyset(&a.sa_mask);
    a.sa_handler = on_interrupt;
    a.sa_flags = (int)SA_RESETHAND;
    sigaction(SIGINT, &a, NULL);
}

/* ---- reporting ------------------------------------------------------------------------------------------------------- */

static void open_trial(void) {
    det_options o;
    det_options_init(&o, det_posix_port(), run.mem, sizeof run.mem);
    o.name = "libdet-demo-digits";
    o.searcher_metric = "loss";
    o.hparams = "{\"hidden\":256,\"batch\":32,\"rate\":0.05,\"momentum\":0.9}";
    int rc = det_options_from_env(&o); /* DET_MASTER, DET_USER, DET_PASS, DET_MASTER_CERT_FILE, … */
    if (rc == DET_OK) rc = det_open(&run.core, &o);
    run.opened = run.reporting = rc == DET_OK;
    if (rc != DET_OK) {
        const char *why = det_errmsg(&run.core);
        fprintf(stderr, "demo: training without reporting: %s\n", *why ? why : det_strerror(rc));
        return;
    }
    const det_run_info *r = det_get_run(&run.core);
    printf("reporting to %s: experiment %lld, trial %lld\n", o.master ? o.master : "localhost:8080",
           (long long)r->experiment_id, (long long)r->trial_id);
}

static uint64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

typedef int report_fn(det_core *core, int64_t steps, const det_metric *m, size_t n);

/* Report n metrics. A full outbox is the one case in which this program waits for the network. */
static void report(report_fn *send, int64_t steps, const det_metric *m, size_t n) {
    for (int tries = 0; run.reporting && !interrupted; tries++) {
        uint64_t begin = now_ns();
        int rc = send(&run.core, steps, m, n);
        uint64_t took = now_ns() - begin;
        if (rc == DET_OK) {
            if (run.reports < SERIES_MAX) run.report_ns[run.reports++] = (uint32_t)took;
            return;
        }
        if (rc == DET_E_SPACE && tries < FULL_PATIENCE) {
            run.waits++;
            (void)det_run(&run.core, FULL_WAIT_MS);
            continue;
        }
        run.reporting = 0;
        show_break();
        fprintf(stderr, "demo: training goes on without reporting: %s\n", det_errmsg(&run.core));
    }
}

static void report_batch(int64_t step, double loss) {
    det_metric m = det_metric_double("loss", loss);
    series_add(&run.course[TRAIN_LOSS], step, loss);
    report(det_report_training_metrics, step, &m, 1);
}

static void report_epoch(const show_progress *p) {
    det_metric m[3] = {det_metric_double("loss", p->val_loss), det_metric_double("accuracy", p->accuracy),
                       det_metric_int("epoch", (int64_t)p->epoch)};
    series_add(&run.course[VAL_LOSS], p->step, p->val_loss);
    series_add(&run.course[VAL_ACCURACY], p->step, p->accuracy);
    report(det_report_validation_metrics, p->step, m, 3);
    if (run.reporting) (void)det_report_progress(&run.core, (double)p->epoch / p->epochs);
}

/* ---- training -------------------------------------------------------------------------------------------------------- */

static det_stats stats(void) {
    det_stats s;
    det_get_stats(&run.core, &s);
    return s;
}

static void count_reports(show_progress *p) {
    if (!run.opened) return;
    p->queued = stats().queued;
    p->pending = stats().pending;
}

static void train_epoch(show_progress *p) {
    digits_shuffle(&run.data, run.data.n_train, &run.rng);
    for (size_t i = 0; i < run.data.n_train && !interrupted; i += BATCH) {
        size_t n = run.data.n_train - i < BATCH ? run.data.n_train - i : BATCH;
        p->train_loss = mlp_train(&run.net, run.data.all + i, n, RATE);
        report_batch(++p->step, p->train_loss);
        if (run.reporting) (void)det_step(&run.core); /* sends and receives what it can now; never waits */
        count_reports(p);
        show_running(p);
    }
}

/* Returns the accuracy on the third that was held out. */
static double train(unsigned epochs) {
    show_progress p = {0};
    p.epochs = epochs;
    p.steps = (int64_t)((run.data.n_train + BATCH - 1) / BATCH) * epochs;
    while (p.epoch < epochs) {
        train_epoch(&p);
        if (interrupted) break;
        p.val_loss = mlp_evaluate(&run.net, run.data.all + run.data.n_train, run.data.n - run.data.n_train, &p.accuracy);
        p.epoch++;
        report_epoch(&p);
        count_reports(&p);
        show_epoch(&p);
    }
    return p.accuracy;
}

/* ---- the end --------------------------------------------------------------------------------------------------------- */

static int compare_ns(const void *a, const void *b) {
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double median_us(void) {
    if (!run.reports) return 0;
    qsort(run.report_ns, run.reports, sizeof run.report_ns[0], compare_ns);
    return run.report_ns[run.reports / 2] / 1000.0;
}

/* Send what is still queued, as long as it gets less: the training was faster than the master. */
static void flush(void) {
    int rc = DET_E_AGAIN;
    uint32_t left = stats().pending;
    for (int tries = 0; rc == DET_E_AGAIN && tries < FLUSH_PATIENCE && !interrupted; tries++) {
        show_sending(left);
        rc = det_run(&run.core, FLUSH_WAIT_MS);
        if (stats().pending < left) tries = 0;
        left = stats().pending;
    }
    show_sending(0);
    if (rc == DET_OK || interrupted) return;
    run.reporting = 0;
    fprintf(stderr, "demo: %u reports are left over: %s\n", (unsigned)left, det_errmsg(&run.core));
}

/* Returns 1 if the master holds exactly what was reported. */
static int check_held(void) {
    held h[COURSES];
    int same = 1;
    int rc = readback(&run.core, courses, h, COURSES);
    if (rc != DET_OK) {
        fprintf(stderr, "demo: cannot read back: %s\n", det_errmsg(&run.core));
        return 0;
    }
    show_comparison(courses, h, COURSES);
    for (int i = 0; i < COURSES; i++) same &= readback_equal(courses[i], &h[i]);
    if (!same) fprintf(stderr, "demo: what the master holds differs from what was reported\n");
    return same;
}

static int close_trial(int state, uint32_t deadline_ms) {
    int rc = det_close(&run.core, state, deadline_ms);
    if (rc != DET_OK) fprintf(stderr, "demo: closing: %s\n", det_errmsg(&run.core));
    return rc == DET_OK;
}

/* Returns 1 if everything that was reported arrived. */
static int finish(void) {
    int ok = run.reporting && check_held();
    ok &= close_trial(DET_COMPLETED, run.reporting ? CLOSE_MS : STOP_MS);
    det_stats s = stats(); /* of everything, the closing included */
    show_stats(&s, median_us(), run.waits);
    return ok;
}

static int stop(void) {
    show_break();
    printf("interrupted\n");
    if (run.opened) (void)close_trial(DET_ERROR, STOP_MS);
    return 130;
}

int main(int argc, char **argv) {
    const char *path = argc > 1 ? argv[1] : "tests/data/digits.csv";
    long epochs = argc > 2 ? strtol(argv[2], NULL, 10) : EPOCHS;
    unsigned line;
    if (argc > 3 || epochs < 1 || epochs > EPOCHS_MAX) {
        fprintf(stderr, "usage: demo [FILE.csv [EPOCHS]]      1 to %d epochs\n", EPOCHS_MAX);
        return 2;
    }
    const char *wrong = digits_load(&run.data, path, &line);
    if (wrong) {
        fprintf(stderr, line ? "demo: %s: %s: line %u\n" : "demo: %s: %s\n", path, wrong, line);
        return 2;
    }
    prepare();
    open_trial();
    watch_interrupt();
    double accuracy = train((unsigned)epochs);
    if (run.reporting) flush();
    if (interrupted) return stop();
    show_plot(courses[TRAIN_LOSS], courses[VAL_LOSS]);
    int ok = run.opened ? finish() : 1;
    printf("accuracy: %.1f %%\n", 100 * accuracy);
    return ok ? 0 : 1;
}
