/* SPDX-License-Identifier: Apache-2.0
 * What a checkpoint's row has to gather before it can be written: its files, their sizes, and the metric that the first
 * checkpoint's configuration names. Knows no JSON. */
#ifndef DET__CLI_CHECKPOINT_H
#define DET__CLI_CHECKPOINT_H

#include "text.h"

/* A name and a value in a text that grows: as offsets, until all is there. */
typedef struct det__pair {
    size_t name, name_len, value_len;
} det__pair;

typedef struct det__checkpoint {
    det__buf text;    /* of the pairs */
    det__buf files;   /* det__pair[] */
    det__buf metrics; /* det__pair[], of which one is shown */
    double size;
    det__buf metric;  /* the searcher's metric, once known */
    int known;        /* the first checkpoint is complete: its metric is everyone's */
} det__checkpoint;

void det__checkpoint_free(det__checkpoint *c);

/* The next checkpoint begins. */
void det__checkpoint_begin(det__checkpoint *c);

/* A file of size bytes; an average of the validation as str() gives it. */
void det__checkpoint_file(det__checkpoint *c, det__str name, double size);
void det__checkpoint_metric(det__checkpoint *c, det__str name, det__str value);

/* It is complete. names: one a line, sorted, each once. value: that of the metric, or nothing. 0: out of memory. */
int det__checkpoint_end(det__checkpoint *c, det__buf *names, det__buf *value);

#endif
