/* SPDX-License-Identifier: Apache-2.0
 * One scenario: a load, reported through one world with one plan of what goes wrong, and the verdict. */
#ifndef TORTURE_SCENARIO_H
#define TORTURE_SCENARIO_H

#include "judge.h"
#include "world.h"

typedef struct load_kind {
    const char *name, *text;
    size_t mem;  /* of the core */
    bool small;  /* too little of it to retain what a fence would need: summaries may count a late commit twice */
} load_kind;

extern const load_kind LOADS[];
extern const int NLOADS, NSPOOL_LOADS; /* the last ones are for a spool alone */

typedef struct odd_kind {
    const char *name;
    odd rule;      /* nth and more come from the scenario */
    int refusals;  /* most reports this refuses for good */
    bool overtaken; /* those behind the one that is put off are stored before it */
} odd_kind;

extern const odd_kind ODD_KINDS[];
extern const int NODDS;

typedef struct scenario {
    int load, pipe;
    int odd, nth, more; /* odd -1: none */
    world_plan plan;
} scenario;

typedef struct outcome {
    const char *kind;         /* NULL: all is well */
    char why[512];
    size_t up, down;          /* bytes, of all connections */
    size_t up_open, down_open; /* of them before det_open() had returned */
    size_t up_first, down_first, up_next, down_next; /* of the first connection, of the second */
    int conns, runs;
    unsigned long requests, metrics, late;
    uint32_t ms;              /* it took on the fake clock */
} outcome;

void scenario_run(const scenario *s, outcome *o);

/* A scenario as one word, for --one, and back. */
void scenario_key(const scenario *s, char *out, size_t cap);
bool scenario_parse(scenario *s, const char *key);

#endif
