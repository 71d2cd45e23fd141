/* SPDX-License-Identifier: Apache-2.0
 * Is what the master holds what was reported? */
#ifndef TORTURE_JUDGE_H
#define TORTURE_JUDGE_H

#include "load.h"

/* What is asked of the master's rows and summaries. Rows are always asked for exactly. */
typedef struct judge_rules {
    bool order;      /* the live rows were stored in the order of the reports */
    bool summaries;  /* counts, sums, least and greatest are exact */
    bool completed;  /* the trial's last state */
    bool told;       /* what is told lost may be there or not */
} judge_rules;

/* NULL all is well, else the first thing that is not: a short name of its kind, the whole in why. */
const char *judge(const load *l, const judge_rules *rules, char *why, size_t cap);

#endif
