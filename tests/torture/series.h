/* SPDX-License-Identifier: Apache-2.0
 * The long run's reports, the same whenever asked for, and the check of what the master holds of them. */
#ifndef TORTURE_SERIES_H
#define TORTURE_SERIES_H

#include "det.h"
#include "master/json.h"

enum { SERIES_METRICS = 2, SERIES_GROUPS = 4 };

typedef struct series_report {
    int group; /* index of series_groups */
    int64_t steps;
    det_metric m[SERIES_METRICS];
    size_t n;
} series_report;

extern const char *const series_groups[SERIES_GROUPS];

typedef struct series {
    int64_t steps;
    int slot;
} series;

/* The next report; steps never go down. Start with a zeroed series. */
void series_next(series *s, series_report *r);

/* The trial as GET /test/trials/N gives it holds the first n reports, each once; prints what is wrong, returns how much.
 * In summaries `twos` reports may count twice. */
unsigned long series_check(const jval *trial, unsigned long n, unsigned long twos);

#endif
