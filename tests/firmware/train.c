/* SPDX-License-Identifier: Apache-2.0
 * The demo's training on a microcontroller: a perceptron learns a few hundred handwritten digits and reports every batch, and
 * every epoch's validation, over one kept connection. Neither a master that is away nor a cable that is cut costs a row: the
 * outbox takes what it can, then the training waits. */
#include <string.h>

#include "board.h"
#include "clock.h"
#include "data.h"
#include "det.h"
#include "figures.h"
#include "mlp.h"
#include "network.h"
#include "rng.h"
#include "settings.h"

#define RATE 0.05f

enum { BATCH = 16, TRAINED = 208, FULL_WAIT_MS = 20, CLOSE_MS = 120000 };

typedef struct packed_digit {
    uint8_t label, pixel[DIGIT_PIXELS];
} packed_digit;

static const packed_digit all[] = {
#include "digits.h"
};
enum { ALL = sizeof all / sizeof all[0] };

static det_core core;
static unsigned char mem[6144]; /* libdet's: request buffer and outbox */
static struct {
    mlp net;
    uint64_t rng;
    uint16_t order[TRAINED];
    digit batch[BATCH];
    uint64_t report_ticks, deliver_ticks;
    uint32_t reports;
} run;

/* ---- reporting --------------------------------------------------------------------------------------------------- */

/* For whoever compares what the master holds with what was reported: "row GROUP STEPS VALUE". */
static void tell_row(const char *group, int64_t steps, double v) {
    char text[40];
    det_json_writer w;
    det_json_write_init(&w, text, sizeof text, 0);
    det_json_double(&w, v);
    put_text("row ");
    put_text(group);
    put_text(" ");
    put_number(steps);
    put_text(" ");
    put_chars(text, w.len);
    put_text("\n");
}

static void deliver(uint32_t max_ms) {
    uint32_t from = board_busy();
    (void)det_run(&core, max_ms);
    run.deliver_ticks += board_busy() - from;
}

typedef int report_fn(det_core *core, int64_t steps, const det_metric *m, size_t n);

static int report(report_fn *send, int64_t steps, const det_metric *m, size_t n) {
    int rc;
    for (;;) {
        uint32_t from = board_busy();
        rc = send(&core, steps, m, n);
        run.report_ticks += board_busy() - from;
        if (rc != DET_E_SPACE) break;
        deliver(FULL_WAIT_MS);
    }
    if (rc == DET_OK) run.reports++;
    return rc;
}

static int report_batch(int64_t steps, double loss) {
    det_metric m = det_metric_double("loss", loss);
    tell_row("training", steps, loss);
    return report(det_report_training_metrics, steps, &m, 1);
}

static int report_epoch(int64_t steps, double loss, double accuracy) {
    det_metric m[2] = {det_metric_double("loss", loss), det_metric_double("accuracy", accuracy)};
    tell_row("validation", steps, loss);
    return report(det_report_validation_metrics, steps, m, 2);
}

/* Time passes between reports on a real device: here the network has it. */
static void pace(void) {
    uint32_t from = board_ms(), past = 0;
    deliver(0);
    while ((past = board_ms() - from) < settings.pace_ms) {
        deliver(settings.pace_ms - past);
        board_idle(NULL, 1);
    }
}

/* ---- training ---------------------------------------------------------------------------------------------------- */

static void unpack(digit *d, const packed_digit *p) {
    d->label = p->label;
    for (int i = 0; i < DIGIT_PIXELS; i++) d->pixel[i] = (float)p->pixel[i] / 16;
}

static void shuffle(void) {
    for (uint32_t i = TRAINED; i > 1; i--) {
        uint32_t j = rng_below(&run.rng, i);
        uint16_t t = run.order[i - 1];
        run.order[i - 1] = run.order[j];
        run.order[j] = t;
    }
}

static int train_epoch(int64_t *steps) {
    int rc = DET_OK;
    shuffle();
    for (int i = 0; i < TRAINED && rc == DET_OK; i += BATCH) {
        for (int k = 0; k < BATCH; k++) unpack(&run.batch[k], &all[run.order[i + k]]);
        rc = report_batch(++*steps, mlp_train(&run.net, run.batch, BATCH, RATE));
        pace();
    }
    return rc;
}

/* What was held out, a batch at a time. */
static int validate(int64_t steps, double *accuracy) {
    double loss = 0, right = 0;
    int n = 0;
    for (int i = TRAINED; i + BATCH <= ALL; i += BATCH, n++) {
        double part;
        for (int k = 0; k < BATCH; k++) unpack(&run.batch[k], &all[i + k]);
        loss += mlp_evaluate(&run.net, run.batch, BATCH, &part);
        right += part;
    }
    *accuracy = right / n;
    return report_epoch(steps, loss / n, *accuracy);
}

static int train(void) {
    int64_t steps = 0;
    double accuracy = 0;
    int rc = DET_OK;
    run.rng = 1;
    mlp_init(&run.net, &run.rng);
    for (uint16_t i = 0; i < TRAINED; i++) run.order[i] = i;
    for (uint32_t epoch = 1; epoch <= settings.epochs && rc == DET_OK; epoch++) {
        rc = train_epoch(&steps);
        if (rc == DET_OK) rc = validate(steps, &accuracy);
    }
    put_line("accuracy in thousandths: ", (int64_t)(accuracy * 1000));
    return rc;
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static int open_trial(void) {
    det_options o;
    det_options_init(&o, &net.port, mem, sizeof mem);
    o.master = settings.url;
    o.token = settings.token;
    o.user = settings.user;
    o.password = settings.pass;
    o.ca_pem = settings.ca;
    o.ca_pem_len = settings.ca ? strlen(settings.ca) : 0;
    o.name = "firmware-" FIRMWARE_CONFIG;
    o.searcher_metric = "loss";
    return det_open(&core, &o);
}

static void set_clock(void) {
    if (!settings.time) return;
    int rc = clock_from_date(settings.time);
    if (rc == DET_OK) put_line("clock set by the Date of an answer: ", net.port.utc_s(&net));
    else tell_error("clock", rc, NULL);
}

int main(void);
int main(void) {
    figures_init();
    if (!settings_read() || !network_start()) return 1;
    put_text("libdet on " FIRMWARE_CONFIG "\n");
    set_clock();
    uint32_t from = board_busy();
    int rc = open_trial();
    if (rc != DET_OK) return tell_error("open", rc, det_last_failure(&core));
    put_line("trial: ", det_get_run(&core)->trial_id);
    tell_instructions("instructions to open: ", board_busy() - from, 1);
    tell_memory("open");
    rc = train();
    if (rc != DET_OK) return tell_error("report", rc, det_last_failure(&core));
    tell_memory("reporting");
    from = board_busy();
    rc = det_close(&core, DET_COMPLETED, CLOSE_MS);
    tell_instructions("instructions per report, queueing: ", run.report_ticks, run.reports);
    tell_instructions("instructions per report, delivering: ", run.deliver_ticks + board_busy() - from, run.reports);
    tell_delivery(&core);
    tell_memory("closed");
    if (rc != DET_OK) return tell_error("close", rc, det_last_failure(&core));
    put_text("done\n");
    return 0;
}
