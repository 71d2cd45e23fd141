/* SPDX-License-Identifier: Apache-2.0
 * What det-master holds of reports whose values follow from group and step: for the tests of the worker. */
#ifndef INTEGRATION_ROWS_H
#define INTEGRATION_ROWS_H

#include "real.h"

/* Of the metric "v". */
int rows_value(const char *group, int step);

/* Steps 1 to n of the group are with the master, each once, in order and with its value. */
void rows_are(const real_proc *m, const char *scheme, int64_t trial, const char *group, int n);

#endif
