/* SPDX-License-Identifier: Apache-2.0
 * See show.h. The texts between the values are the recordings'. */
#include "show.h"

#include <stdlib.h>
#include <string.h>

#include "metrics.h"
#include "summary.h"

static void text(buf *b, const char *s) {
    buf_json(b, s ? s : "", s ? strlen(s) : 0);
}

void show_user(buf *b, const user *u) {
    buf_fmt(b, "{\"id\":%d,\"username\":", u->id);
    text(b, u->name);
    buf_fmt(b, ",\"admin\":%s,\"active\":true,\"agentUserGroup\":null,\"displayName\":\"\",\"modifiedAt\":", u->admin ? "true" : "false");
    buf_time(b, u->modified, false);
    buf_str(b, ",\"remote\":false");
    if (u->last_auth) {
        buf_str(b, ",\"lastAuthAt\":");
        buf_time(b, u->last_auth, false);
    }
    buf_str(b, "}");
}

static void checkpoint_totals(int exp, int only_trial, long long *size, int *n) {
    *size = 0;
    *n = 0;
    for (size_t i = 0; i < db.nckpts; i++) {
        const checkpoint *c = &db.ckpts[i];
        const trial *t = store_trial(c->trial);
        if (!t || t->experiment != exp || (only_trial && c->trial != only_trial) || !strcmp(c->state, "STATE_DELETED")) continue;
        *size += c->size;
        ++*n;
    }
}

static int trial_ids(buf *b, const experiment *e) {
    int n = 0;
    for (size_t i = 0; i < db.ntrials; i++) {
        if (!db.trials[i] || db.trials[i]->experiment != e->id) continue;
        buf_fmt(b, "%s%d", n++ ? "," : "", db.trials[i]->id);
    }
    return n;
}

static void experiment_head(buf *b, const experiment *e, const char *state, usec end) {
    buf_fmt(b, "{\"id\":%d,\"description\":", e->id);
    text(b, e->description);
    buf_fmt(b, ",\"labels\":%s,\"startTime\":", e->labels);
    buf_time(b, e->start, false);
    buf_str(b, ",\"endTime\":");
    buf_time(b, end, false);
    buf_fmt(b, ",\"state\":\"%s\",\"archived\":false", state);
}

/* From the name to the config: the same in a list and alone. */
static void experiment_middle(buf *b, const experiment *e) {
    text(b, e->name);
    buf_fmt(b, ",\"notes\":\"\",\"jobId\":\"%s\",\"forkedFrom\":null,\"progress\":", e->job);
    buf_num(b, e->progress);
    buf_fmt(b, ",\"projectId\":1,\"projectName\":\"Uncategorized\",\"workspaceId\":1,\"workspaceName\":\"Uncategorized\",\"parentArchived\":false,"
               "\"config\":%s,\"originalConfig\":", e->config);
}

static void checkpoint_fields(buf *b, const experiment *e) {
    long long size;
    int n;
    checkpoint_totals(e->id, 0, &size, &n);
    buf_fmt(b, ",\"projectOwnerId\":1,\"checkpointSize\":\"%lld\",\"checkpointCount\":%d", size, n);
}

void show_experiment(buf *b, const experiment *e) {
    usec end;
    buf ids = {0};
    const char *state = experiment_state(e, &end);
    int trials = trial_ids(&ids, e);
    experiment_head(b, e, state, end);
    buf_fmt(b, ",\"numTrials\":%d,\"trialIds\":[%s],\"displayName\":\"\",\"userId\":%d,\"username\":", trials, buf_cstr(&ids), e->owner->id);
    text(b, e->owner->name);
    buf_fmt(b, ",\"resourcePool\":\"\",\"searcherType\":\"\\\"%s\\\"\",\"searcherMetric\":\"\",\"hyperparameters\":null,\"name\":", e->searcher);
    experiment_middle(b, e);
    text(b, e->original);
    checkpoint_fields(b, e);
    buf_str(b, ",\"unmanaged\":true,\"modelDefinitionSize\":0}");
    buf_free(&ids);
}

static void optional(buf *b, const char *key, const char *s) {
    if (!s) return;
    buf_fmt(b, ",\"%s\":", key);
    text(b, s);
}

void show_experiment_listed(buf *b, const experiment *e, bool trial_data) {
    usec end;
    double v = 0;
    buf ids = {0};
    const char *state = experiment_state(e, &end);
    const trial *best = experiment_best(e, &v);
    experiment_head(b, e, state, end);
    buf_fmt(b, ",\"numTrials\":%d,\"trialIds\":[],\"displayName\":", trial_ids(&ids, e));
    text(b, e->owner->name);
    buf_fmt(b, ",\"userId\":%d,\"username\":", e->owner->id);
    text(b, e->owner->name);
    buf_str(b, ",\"resourcePool\":\"\",\"searcherType\":");
    text(b, e->searcher);
    buf_str(b, ",\"searcherMetric\":");
    text(b, e->metric);
    buf_fmt(b, ",\"hyperparameters\":%s,\"name\":", e->hparams);
    experiment_middle(b, e);
    buf_str(b, "\"\"");
    checkpoint_fields(b, e);
    if (trial_data && best) buf_str(b, ",\"bestTrialSearcherMetric\":");
    if (trial_data && best) buf_num(b, v);
    buf_fmt(b, ",\"unmanaged\":true,\"duration\":%lld", (long long)(((end ? end : now_us()) - e->start + 500000) / 1000000));
    optional(b, "externalExperimentId", e->external);
    optional(b, "externalTrialId", best ? best->external : NULL);
    buf_str(b, "}");
    buf_free(&ids);
}

static void validation(buf *b, const trial *t, int64_t index) {
    if (index < 0) {
        buf_str(b, "null");
        return;
    }
    const row *r = &t->rows[index];
    buf_str(b, "{\"endTime\":");
    buf_time(b, r->time, false);
    buf_str(b, ",\"metrics\":{\"avgMetrics\":");
    buf_metrics(b, r);
    buf_fmt(b, ",\"batchMetrics\":[]},\"numInputs\":0,\"totalBatches\":%d}", r->steps);
}

/* The completed checkpoint whose step has the best validation of all such steps. */
static const checkpoint *best_checkpoint(const trial *t) {
    const checkpoint *best = NULL;
    const experiment *e = store_experiment(t->experiment);
    double top = 0, v;
    for (size_t i = 0; i < db.nckpts; i++) {
        const checkpoint *c = &db.ckpts[i];
        if (c->trial != t->id || strcmp(c->state, "STATE_COMPLETED") || !c->has_steps) continue;
        int64_t at = metrics_row_at(t, c->steps, P_VALIDATION);
        if (at < 0 || !metrics_searched(t, &t->rows[at], &v)) continue;
        if (!best || (e->smaller_is_better ? v < top : v > top)) {
            best = c;
            top = v;
        }
    }
    return best;
}

static void show_best_checkpoint(buf *b, const trial *t) {
    const checkpoint *c = t->best >= 0 ? best_checkpoint(t) : NULL;
    if (!c) {
        buf_str(b, "null");
        return;
    }
    buf_fmt(b, "{\"uuid\":\"%s\",\"endTime\":", c->uuid);
    buf_time(b, c->time, false);
    buf_fmt(b, ",\"state\":\"%s\",\"resources\":%s,\"totalBatches\":%d,\"metadata\":null}", c->state, c->resources, c->steps);
}

static void trial_head(buf *b, const trial *t) {
    buf_fmt(b, "{\"id\":%d,\"experimentId\":%d,\"startTime\":", t->id, t->experiment);
    buf_time(b, t->start, false);
    buf_str(b, ",\"endTime\":");
    buf_time(b, t->end, false);
    buf_fmt(b, ",\"state\":\"%s\",\"restarts\":0,\"hparams\":%s", t->state, t->hparams);
}

void show_trial(buf *b, const trial *t) {
    long long size;
    int n;
    checkpoint_totals(t->experiment, t->id, &size, &n);
    trial_head(b, t);
    buf_fmt(b, ",\"totalBatchesProcessed\":%d,\"bestValidation\":", t->total_batches);
    validation(b, t, t->best);
    buf_str(b, ",\"latestValidation\":");
    validation(b, t, t->latest);
    buf_str(b, ",\"bestCheckpoint\":");
    show_best_checkpoint(b, t);
    buf_str(b, ",\"runnerState\":");
    text(b, t->runner_state);
    buf_str(b, ",\"wallClockTime\":0,\"warmStartCheckpointUuid\":\"\",\"taskId\":");
    text(b, t->task);
    buf_fmt(b, ",\"totalCheckpointSize\":\"%lld\",\"checkpointCount\":%d,\"summaryMetrics\":", size, n);
    buf_summaries(b, t);
    buf_str(b, ",\"taskIds\":[");
    text(b, t->task);
    buf_str(b, "],\"searcherMetricValue\":0}");
}

void show_trial_stub(buf *b, const trial *t) {
    trial_head(b, t);
    buf_str(b, ",\"totalBatchesProcessed\":0,\"bestValidation\":null,\"latestValidation\":null,\"bestCheckpoint\":null,"
               "\"runnerState\":\"\",\"wallClockTime\":0,\"warmStartCheckpointUuid\":\"\",\"taskId\":\"\",\"totalCheckpointSize\":\"0\","
               "\"checkpointCount\":0,\"summaryMetrics\":null,\"taskIds\":[],\"searcherMetricValue\":0}");
}

static void checkpoint_training(buf *b, const trial *t, const checkpoint *c) {
    int64_t at = c->has_steps ? metrics_row_at(t, c->steps, P_TRAINING) : -1;
    buf_str(b, "{\"avgMetrics\":");
    if (at >= 0) buf_metrics(b, &t->rows[at]);
    else buf_str(b, "null");
    buf_fmt(b, ",\"batchMetrics\":%s}", at >= 0 && t->rows[at].batch ? t->rows[at].batch : "[]");
}

void show_checkpoint(buf *b, const checkpoint *c) {
    const trial *t = store_trial(c->trial);
    const experiment *e = store_experiment(t->experiment);
    int64_t at = c->has_steps ? metrics_row_at(t, c->steps, P_VALIDATION) : -1;
    double v;
    buf_str(b, "{\"taskId\":");
    text(b, t->task);
    buf_fmt(b, ",\"uuid\":\"%s\",\"reportTime\":", c->uuid);
    buf_time(b, c->time, false);
    buf_fmt(b, ",\"resources\":%s,\"metadata\":%s,\"state\":\"%s\",\"training\":{\"trialId\":%d,\"experimentId\":%d,\"experimentConfig\":",
            c->resources, c->metadata, c->state, t->id, e->id);
    buf_fmt(b, "%s,\"hparams\":%s,\"trainingMetrics\":", e->config, t->hparams);
    checkpoint_training(b, t, c);
    buf_str(b, ",\"validationMetrics\":{\"avgMetrics\":");
    if (at >= 0) buf_metrics(b, &t->rows[at]);
    else buf_str(b, "null");
    buf_str(b, ",\"batchMetrics\":[]}");
    if (at >= 0 && metrics_searched(t, &t->rows[at], &v)) {
        buf_str(b, ",\"searcherMetric\":");
        buf_num(b, v);
    }
    buf_str(b, "}");
    if (c->storage) buf_fmt(b, ",\"storageId\":%d", c->storage);
    buf_str(b, "}");
}

void show_master(buf *b) {
    buf_fmt(b, "{\"version\":\"0.38.1\",\"masterId\":\"%s\",\"clusterId\":\"%s\",\"clusterName\":\"\",\"telemetryEnabled\":false,"
               "\"ssoProviders\":[],\"externalLoginUri\":\"\",\"externalLogoutUri\":\"\",\"branding\":\"determined\",\"rbacEnabled\":false,"
               "\"product\":\"PRODUCT_UNSPECIFIED\",\"featureSwitches\":[],\"userManagementEnabled\":true,\"strictJobQueueControl\":false,"
               "\"hasCustomLogo\":false}", db.master_id, db.cluster_id);
}

void show_info(buf *b) {
    buf_fmt(b, "{\"version\":\"0.38.1\",\"master_id\":\"%s\",\"cluster_id\":\"%s\",\"cluster_name\":\"\",\"telemetry\":{\"enabled\":false,"
               "\"otel_enabled\":false,\"otel_endpoint\":\"\"},\"sso_providers\":null}\n", db.master_id, db.cluster_id);
}
