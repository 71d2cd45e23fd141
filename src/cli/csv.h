/* SPDX-License-Identifier: Apache-2.0
 * Spilled rows as Python's csv.writer writes them in the dialect "excel": quotes only where needed, lines end in CR
 * LF. */
#ifndef DET__CLI_CSV_H
#define DET__CLI_CSV_H

#include <stdio.h>

#include "spill.h"

/* Print rows of n cells (1 … DET__CSV_COLUMNS) below headers. DET_OK, DET_E_SIZE (rows->msg), DET_E_ARG. Whether out
 * took it all ferror(out) says. */
enum { DET__CSV_COLUMNS = 16 };
int det__csv_print(det__spill *rows, const char *const *headers, size_t n, FILE *out);

#endif
