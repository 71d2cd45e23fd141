/* SPDX-License-Identifier: Apache-2.0
 * What a program reports, as a line of text, and what the master must hold after it. Words of the line:
 *
 *     t12ab     report group t at step 12 with the metrics a and b; groups: t training, v validation, i and o two
 *               custom ones, g a profiling one. Values follow from group, step and name; a capital letter is a
 *               text of 300 bytes
 *     ~250      run for 250 ms        .  one det_step()        p50  report progress 0.50
 *     3*( … )   the words between three times, each time 1 is added to every step
 *
 * A full outbox is waited for. The expectation takes in what was accepted, and what was told lost of it. */
#ifndef TORTURE_LOAD_H
#define TORTURE_LOAD_H

#include <stdbool.h>

#include "det.h"

enum { LOAD_MAX = 512, LOAD_METRICS = 8 };

typedef struct load_row { /* of the master; reports of one group and step are merged */
    char group;
    int steps;
    char names[LOAD_METRICS + 1];
    size_t report_end[LOAD_METRICS]; /* in names, of each report */
    size_t reports;
    size_t lost, unsure; /* of these told: not stored; stored or not */
} load_row;

typedef struct load_told {
    char group;
    int steps, code;
} load_told;

typedef struct load {
    load_row row[LOAD_MAX];
    size_t rows;
    size_t reports;      /* accepted */
    size_t too_low;      /* not accepted with DET_E_ORDER, lower steps than before */
    size_t lost;         /* told lost, but for the profiling groups' */
    size_t unsure;       /* of these told as DET_E_UNSURE */
    int lost_code;       /* the last one's */
    load_told told[LOAD_MAX]; /* all that were told, in order */
    size_t tolds;
    bool ordered;        /* steps never went down */
    bool merged;         /* two reports shared group and step */
    size_t limit;        /* of load_expect() */
    int error;           /* a report was not accepted for a reason a load does not foresee */
} load;

/* Report all of it. */
void load_run(load *l, det_core *core, const char *text);
/* What is to be there when the first n reports of it were made. */
void load_expect(load *l, const char *text, size_t n);
/* What was told lost of it, by another load's run. */
void load_tell(load *l, const load_told *told);
void load_lost(void *load, int code, const char *group, int64_t steps); /* a det_lost_fn */

const char *load_group(char group);
/* What a metric is called, and its value as a number or (capital names) as text. */
void load_name(char name, char out[8]);
double load_number(char group, int steps, char name);
const char *load_text(char group, int steps, char name); /* valid until the next call */

#endif
