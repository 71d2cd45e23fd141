/* SPDX-License-Identifier: Apache-2.0
 * Rows of cells, kept in memory up to a bound and beyond it in a temporary file that has no name: what is listed may be
 * far larger than what is held. Written first, then read from the beginning as often as wanted. Knows no columns. */
#ifndef DET__CLI_SPILL_H
#define DET__CLI_SPILL_H

#include <stdint.h>

#include "det_error.h"
#include "text.h"

/* What a cell was in Python, in the order in which tabulate widens the type of a column. */
enum { DET__CELL_NONE, DET__CELL_BOOL, DET__CELL_INT, DET__CELL_FLOAT, DET__CELL_TEXT };

typedef struct det__cell {
    det__str text; /* as str() gives it; "" for None */
    int kind;
} det__cell;

typedef struct det__spill {
    char *mem;         /* bytes base … base + fill of what was written; those before are in the file */
    size_t fill, cap, bound;
    uint64_t base;
    uint64_t at;       /* next byte to be read */
    char *window;      /* win_len bytes of the file from win_at */
    size_t win_len;
    uint64_t win_at;
    det__buf row;      /* the row read last */
    int fd;
    char msg[256];     /* one sentence about the failure, or "" */
} det__spill;

/* bound: bytes to be kept in memory. No memory is taken yet. */
void det__spill_init(det__spill *s, size_t bound);
void det__spill_free(det__spill *s);

/* Append a row of n cells. DET_OK or DET_E_SIZE: the file cannot be made or written, or memory is out (msg). */
int det__spill_put(det__spill *s, const det__cell *cells, size_t n);

/* Where the next row will begin, and: forget the rows from there on. */
uint64_t det__spill_end(const det__spill *s);
void det__spill_cut(det__spill *s, uint64_t end);

/* Read from the first row on. After more has been written this is needed again. */
void det__spill_rewind(det__spill *s);

/* The next row, of n cells, valid until the next call. 1, 0 behind the last, or DET_E_SIZE (msg). */
int det__spill_get(det__spill *s, det__cell *cells, size_t n);

#endif
