/* SPDX-License-Identifier: Apache-2.0
 * A table of spilled rows, byte for byte as tabulate 0.10 prints the format "presto" with headers, where the package
 * wcwidth is missing. Reads the rows a few times; keeps one of them. Knows nothing of where they came from. */
#ifndef DET__CLI_TABLE_H
#define DET__CLI_TABLE_H

#include <stdio.h>

#include "spill.h"

enum { DET__TABLE_COLUMNS = 16 };

/* Print rows of n cells (1 … DET__TABLE_COLUMNS) below headers (one line of ASCII each). DET_OK; DET_E_SIZE
 * (rows->msg, or out of memory); DET_E_ARG. Whether out took it all ferror(out) says. */
int det__table_print(det__spill *rows, const char *const *headers, size_t n, FILE *out);

#endif
