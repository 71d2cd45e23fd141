/* SPDX-License-Identifier: Apache-2.0
 * Summary metrics of a trial: count, sum, min, max, mean, last and type of every metric of every group. */
#ifndef MASTER_SUMMARY_H
#define MASTER_SUMMARY_H

#include "store.h"

void summaries_clear(trial *t);
void summaries_add_report(trial *t, int g, const jval *avg); /* every metric of a report, also a repeated one */
void summaries_add_row(trial *t, const row *r);              /* for the exact recomputation */

bool string_number(const char *s, double *out); /* "NaN", "Infinity", "-Infinity" */
bool text_number(const char *json, double *out); /* a canonical JSON value that counts as a number */

#endif
