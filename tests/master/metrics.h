/* SPDX-License-Identifier: Apache-2.0
 * ReportTrialMetrics' semantics (contract section 5): merge, conflicts, archiving, summaries, best validation. One
 * report is one transaction: metrics_report() changes everything or nothing. */
#ifndef MASTER_METRICS_H
#define MASTER_METRICS_H

#include "store.h"

typedef struct report {
    const char *group;
    bool has_steps;
    int steps, run;
    usec time;         /* 0: now */
    const jval *avg;   /* object, sorted */
    const jval *batch; /* array, or NULL */
} report;

/* true: stored. false: why holds the text behind "failed to exec transaction (add trial metrics GROUP): ". */
bool metrics_report(trial *t, const report *r, buf *why);

partition metrics_partition(const char *group);
void metrics_new_run(trial *t); /* after StartTrial: what is live now belongs to an older run */
/* The value a metric has in a row (canonical JSON), or NULL. */
const char *row_value(const row *r, const char *name, size_t n);
void buf_metrics(buf *b, const row *r); /* {"name":value,...} */
void buf_summaries(buf *b, const trial *t);
bool metrics_searched(const trial *t, const row *r, double *v); /* the searcher metric's value in a row */
int64_t metrics_row_at(const trial *t, int steps, partition p); /* the live row at a step; -1 = none */
/* The trial with the best validation, and its searcher metric; NULL = none. */
const trial *experiment_best(const experiment *e, double *v);

#endif
