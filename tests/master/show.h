/* SPDX-License-Identifier: Apache-2.0
 * The master's objects as protojson text, key by key in the recorded order: int64 as strings, unset messages null,
 * unset optionals absent. Reads the store, changes nothing. */
#ifndef MASTER_SHOW_H
#define MASTER_SHOW_H

#include "store.h"

void show_user(buf *b, const user *u);
void show_experiment(buf *b, const experiment *e);
void show_experiment_listed(buf *b, const experiment *e, bool trial_data); /* as GetExperiments has it */
void show_trial(buf *b, const trial *t);
void show_trial_stub(buf *b, const trial *t); /* as time-series gives it: without what grows */
void show_checkpoint(buf *b, const checkpoint *c);
void show_master(buf *b);
void show_info(buf *b);

#endif
