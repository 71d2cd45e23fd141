/* SPDX-License-Identifier: Apache-2.0
 * Trials: create, upsert, read, start, state and heartbeat, progress, status (contract 3.3, 3.5, 3.6, 3.8, 3.9). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "metrics.h"
#include "show.h"

typedef struct create {
    int experiment;
    const jval *hparams;
    bool unmanaged;
} create;

static bool read_create(call *c, const jval *m, create *k) {
    k->hparams = field(m, "hparams", NULL);
    return get_int32(c, field(m, "experimentId", "experiment_id"), &k->experiment) && get_struct(c, (jval *)(uintptr_t)k->hparams) &&
           get_bool(c, field(m, "unmanaged", NULL), &k->unmanaged);
}

static void answer(call *c, const trial *t) {
    buf_str(&c->r->body, "{\"trial\":");
    show_trial(&c->r->body, t);
    buf_str(&c->r->body, "}");
    ok(c);
}

static char *hparams_text(const create *k) {
    return k->hparams ? text_of(k->hparams) : xstrndup("null", 4);
}

static bool allowed(call *c, const create *k) {
    if (!store_experiment(k->experiment)) {
        reply_error(c->r, G_NOT_FOUND, "experiment '%d' not found", k->experiment);
        return false;
    }
    if (!k->unmanaged) reply_error(c->r, G_INTERNAL, "trials can only be created on unmanaged experiments");
    return k->unmanaged;
}

static char *task_name(int exp, const char *id) {
    buf b = {0};
    buf_fmt(&b, "%d.%s", exp, id);
    char *s = xstrndup(b.p, b.len);
    buf_free(&b);
    return s;
}

void h_post_trial(call *c) {
    create k = {0};
    char id[37];
    if (!read_create(c, c->body, &k) || !call_auth(c) || !allowed(c, &k)) return;
    trial *t = store_trial_new(k.experiment);
    uuid_new(id);
    t->task = task_name(k.experiment, id);
    t->hparams = hparams_text(&k);
    answer(c, t);
}

static trial *by_external(int exp, const char *id) {
    for (size_t i = 0; i < db.ntrials; i++) {
        trial *t = db.trials[i];
        if (t && t->experiment == exp && t->external && !strcmp(t->external, id)) return t;
    }
    return NULL;
}

void h_put_trial(call *c) {
    create k = {0};
    const char *id = "";
    const jval *m = field(c->body, "createTrialRequest", "create_trial_request");
    if (!get_object(c, m) || !read_create(c, m, &k) || !get_str(c, field(c->body, "externalTrialId", "external_trial_id"), &id) || !call_auth(c)) return;
    if (!m) {
        reply_error(c->r, G_INTERNAL, "runtime error: invalid memory address or nil pointer dereference");
        return;
    }
    if (!allowed(c, &k)) return;
    trial *t = by_external(k.experiment, id);
    if (t) {
        store_skip_trial();
        free(t->hparams);
    } else {
        t = store_trial_new(k.experiment);
        t->external = xstrndup(id, strlen(id));
        t->task = task_name(k.experiment, id);
    }
    t->hparams = hparams_text(&k);
    answer(c, t);
}

static trial *known(call *c) {
    trial *t = store_trial(c->id);
    if (!t) reply_error(c->r, G_NOT_FOUND, "trial '%lld' not found", (long long)c->id);
    return t;
}

void h_get_trial(call *c) {
    const trial *t = call_auth(c) ? known(c) : NULL;
    if (t) answer(c, t);
}

void h_trial_by_external(call *c) {
    if (!call_auth(c)) return;
    char *slash = strchr(c->name, '/');
    const trial *found = NULL;
    *slash = 0;
    for (size_t i = 0; i < db.nexps; i++)
        if (db.exps[i] && db.exps[i]->external && !strcmp(db.exps[i]->external, c->name)) found = by_external(db.exps[i]->id, slash + 1);
    if (found) answer(c, found);
    else reply_error(c->r, G_INTERNAL, "not found");
}

/* ---- start ---- */

/* The newest completed checkpoint by steps, for a run after the first. */
static const checkpoint *latest_checkpoint(const trial *t) {
    const checkpoint *best = NULL;
    for (size_t i = 0; i < db.nckpts; i++) {
        const checkpoint *k = &db.ckpts[i];
        if (k->trial != t->id || strcmp(k->state, "STATE_COMPLETED") || !k->has_steps) continue;
        if (!best || k->steps >= best->steps) best = k;
    }
    return best;
}

void h_start(call *c) {
    bool resume = false;
    int ignored;
    if (!get_int32(c, field(c->body, "trialId", "trial_id"), &ignored) || !get_bool(c, field(c->body, "resume", NULL), &resume) || !call_auth(c)) return;
    trial *t = store_trial(c->id);
    if (!t) {
        reply_error(c->r, G_INTERNAL, "failed to find experiment by trial id: not found");
        return;
    }
    if (!resume) {
        reply_error(c->r, G_INTERNAL, "failed to start trial: ERROR: FOR UPDATE cannot be applied to the nullable side of an outer join (SQLSTATE 0A000)");
        return;
    }
    t->run++;
    t->last_activity = now_us();
    snprintf(t->state, sizeof t->state, "STATE_RUNNING");
    metrics_new_run(t);
    const checkpoint *k = t->run > 1 ? latest_checkpoint(t) : NULL;
    buf_fmt(&c->r->body, "{\"trialRunId\":%d", t->run);
    if (k) buf_fmt(&c->r->body, ",\"latestCheckpoint\":\"%s\"", k->uuid);
    buf_fmt(&c->r->body, ",\"stepsCompleted\":%d}", k ? k->steps : 0);
    ok(c);
}

/* ---- state and heartbeat ---- */

static const char *const STATES[] = {
    "STATE_UNSPECIFIED", "STATE_ACTIVE", "STATE_PAUSED", "STATE_STOPPING_CANCELED", "STATE_STOPPING_KILLED", "STATE_STOPPING_COMPLETED",
    "STATE_STOPPING_ERROR", "STATE_CANCELED", "STATE_COMPLETED", "STATE_ERROR", "STATE_QUEUED", "STATE_PULLING", "STATE_STARTING", "STATE_RUNNING"};
enum { NSTATES = sizeof STATES / sizeof *STATES };

static bool state_stored(int s) {
    return s > 0 && s < NSTATES && (s < 10 || s == 13);
}

static void set_state(trial *t, int state) {
    experiment *e = store_experiment(t->experiment);
    usec end;
    snprintf(t->state, sizeof t->state, "%s", STATES[state]);
    if (state >= 7 && state <= 9) t->end = now_us();
    if (!strcmp(experiment_state(e, &end), "STATE_COMPLETED")) e->progress = 1;
}

void h_patch_trial(call *c) {
    int ignored, state = -1;
    const jval *s = field(c->body, "state", NULL);
    if (!get_int32(c, field(c->body, "trialId", "trial_id"), &ignored) ||
        !get_enum(c, s, STATES, NSTATES, "determined.trial.v1.State", &state) || !call_auth(c))
        return;
    trial *t = store_trial(c->id);
    if (!t) {
        reply_error(c->r, G_INTERNAL, "not found");
        return;
    }
    if (s && !state_stored(state)) {
        const char *name = state >= 0 && state < NSTATES ? STATES[state] + 6 : "";
        reply_error(c->r, G_INTERNAL, "failed to update state: failed to update trial state: ERROR: invalid input value for enum trial_state: \"%s\" (SQLSTATE 22P02)", name);
        return;
    }
    t->last_activity = now_us();
    if (s) set_state(t, state);
    else t->heartbeats++;
    answer(c, t);
}

/* ---- progress, status, early exit ---- */

static void empty(call *c) {
    buf_str(&c->r->body, "{}");
    ok(c);
}

void h_progress(call *c) {
    double p = 0;
    bool raw;
    if (!get_double(c, field(c->body, "progress", NULL), &p) || !get_bool(c, field(c->body, "isRaw", "is_raw"), &raw) || !call_auth(c)) return;
    const trial *t = known(c);
    if (!t) return;
    if (p < 0 || p > 1) {
        reply_error(c->r, G_INTERNAL, "invalid progress value: %f. Progress value should be between 0 and 1", p);
        return;
    }
    store_experiment(t->experiment)->progress = p;
    empty(c);
}

void h_runner_metadata(call *c) {
    const char *state = "";
    if (!get_str(c, field(c->body, "state", NULL), &state) || !call_auth(c)) return;
    trial *t = known(c);
    if (!t) return;
    if (*state) {
        free(t->runner_state);
        t->runner_state = xstrndup(state, strlen(state));
    }
    empty(c);
}

/* Only managed experiments are in the registry this asks. */
void h_early_exit(call *c) {
    static const char *const R[] = {"EXITED_REASON_UNSPECIFIED", "EXITED_REASON_INVALID_HP", NULL, "EXITED_REASON_INIT_INVALID_HP"};
    int reason;
    if (!get_enum(c, field(c->body, "reason", NULL), R, 4, "determined.trial.v1.TrialEarlyExit.ExitedReason", &reason) || !call_auth(c)) return;
    const trial *t = known(c);
    if (t) reply_error(c->r, G_NOT_FOUND, "experiment '%d' not found", t->experiment);
}
