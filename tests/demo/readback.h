/* SPDX-License-Identifier: Apache-2.0
 * What the master holds of a course of reports: asked for over the core's own connection, compared as it arrives. */
#ifndef DEMO_READBACK_H
#define DEMO_READBACK_H

#include "det.h"
#include "series.h"

typedef struct held {
    summary sum;       /* the master's own summary of the metric */
    size_t rows;       /* rows it holds */
    size_t rows_equal; /* of these, rows with the step and, to the last bit, the value that was reported */
} held;

/* Ask for n series; h[i] is what is held of s[i]. The core must be open and idle (det_run() returned DET_OK).
 * DET_OK whatever the answer holds, or the error: det_errmsg() tells. Memory: constant, however long the answers. */
int readback(det_core *core, const series *const *s, held *h, size_t n);

/* Is it all there, once, as reported? */
int readback_equal(const series *s, const held *h);

#endif
