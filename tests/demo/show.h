/* SPDX-License-Identifier: Apache-2.0
 * What the user sees: progress while it runs, a plot, the comparison and the figures at the end. Only prints. */
#ifndef DEMO_SHOW_H
#define DEMO_SHOW_H

#include "det.h"
#include "readback.h"

typedef struct show_progress {
    unsigned epoch, epochs; /* epoch: those completed */
    int64_t step, steps;
    double train_loss, val_loss, accuracy; /* the latest */
    uint32_t queued, pending;              /* reports accepted, and of these not sent yet; both 0 when not reporting */
} show_progress;

/* On a terminal one line that is rewritten in place; elsewhere nothing. Called per batch. */
void show_running(const show_progress *p);

/* Elsewhere one line per epoch. On a terminal the same as show_running(), and the line is ended with the last one. */
void show_epoch(const show_progress *p);

/* Something else has to be said: on a terminal, leave the line as it is and begin a new one. */
void show_break(void);

/* What is still queued after the training, on a terminal only. 0 takes the line away. */
void show_sending(uint32_t pending);

/* Two courses over the same steps: dots and, over them, letters o. */
void show_plot(const series *dots, const series *marks);

/* What was reported beside what the master holds, one pair of lines per series. */
void show_comparison(const series *const *reported, const held *h, size_t n);

/* Connections, requests, bytes and what a report cost. */
void show_stats(const det_stats *s, double us_per_report, unsigned waits);

#endif
