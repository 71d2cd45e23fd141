/* SPDX-License-Identifier: Apache-2.0
 * From a request to an answer: routes, the gateway's decoding, the echo routes beside it. */
#ifndef MASTER_API_H
#define MASTER_API_H

#include "call.h"

void api_handle(const request *q, reply *r);
void api_free(void);

/* Handlers, by file. api_user.c */
handler h_login, h_logout, h_me, h_master;
/* api_exp.c */
handler h_post_experiment, h_put_experiment, h_get_experiment, h_best_validation;
/* api_list.c */
handler h_list_experiments, h_list_trials, h_users;
/* api_work.c */
handler h_workloads;
/* api_trial.c */
handler h_post_trial, h_put_trial, h_get_trial, h_trial_by_external, h_start, h_patch_trial, h_progress, h_runner_metadata, h_early_exit;
/* api_run.c */
handler h_run_prepare, h_post_run_metadata, h_get_run_metadata, h_metrics;
/* api_ckpt.c */
handler h_post_checkpoint, h_get_checkpoint, h_patch_checkpoints;
/* api_ckpts.c */
handler h_trial_checkpoints, h_exp_checkpoints;
/* api_read.c */
handler h_time_series, h_trial_metrics, h_training_metrics, h_validation_metrics, h_trial_logs, h_task_logs;
/* api_test.c: /test/..., no auth */
void test_handle(const request *q, reply *r, arena *a);

#endif
