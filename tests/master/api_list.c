/* SPDX-License-Identifier: Apache-2.0
 * Lists of experiments, of an experiment's trials, of users: filters, order, page (contract 6.1, 6.2, 6.4, 6.8). */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "metrics.h"
#include "page.h"
#include "show.h"

static const char *const STATES[] = {"UNSPECIFIED", "ACTIVE", "PAUSED", "STOPPING_COMPLETED", "STOPPING_CANCELED", "STOPPING_ERROR",
                                       "COMPLETED", "CANCELED", "ERROR", "DELETED", "DELETING", "DELETE_FAILED", "STOPPING_KILLED",
                                       "QUEUED", "PULLING", "STARTING", "RUNNING"};
static const choice STATE = {"STATE_", "experimentv1.State", STATES, sizeof STATES / sizeof *STATES};

/* The database's own order of states. */
static double rank(const char *state) {
    static const char *const R[] = {"STATE_ACTIVE", "STATE_PAUSED", "STATE_COMPLETED", "STATE_CANCELED", "STATE_ERROR", "STATE_RUNNING"};
    int i = 0;
    while (i < 5 && strcmp(state, R[i])) i++;
    return i;
}

static void totals(int exp, int only_trial, double *size, double *count) {
    *size = *count = 0;
    for (size_t i = 0; i < db.nckpts; i++) {
        const checkpoint *k = &db.ckpts[i];
        const trial *t = store_trial(k->trial);
        if (!t || t->experiment != exp || (only_trial && t->id != only_trial) || !strcmp(k->state, "STATE_DELETED")) continue;
        *size += (double)k->size;
        ++*count;
    }
}

/* Every state asked for must be one, whether or not a row has it. */
static bool states_good(call *c, const choice *states) {
    int k = 0;
    for (int i = 0; k >= 0; i++)
        if (!query_enum(c, "states", NULL, i, states, &k)) return false;
    return true;
}

/* ---- experiments ---- */

enum { E_ID = 1, E_DESCRIPTION, E_START, E_END, E_BY_STATE, E_TRIALS, E_PROGRESS, E_USER, E_NAME, E_FORKED, E_POOL, E_PROJECT, E_SIZE, E_COUNT, E_METRIC };

static int trials_of(const experiment *e) {
    int n = 0;
    for (size_t i = 0; i < db.ntrials; i++) n += db.trials[i] && db.trials[i]->experiment == e->id;
    return n;
}

static void experiment_key(listed *k, const experiment *e, int by) {
    usec end;
    double size, count;
    const char *state = experiment_state(e, &end);
    totals(e->id, 0, &size, &count);
    switch (by) {
    case E_DESCRIPTION: k->text = e->description; k->null = !*e->description; break;
    case E_START: k->number = (double)e->start; break;
    case E_END: k->number = (double)end; k->null = !end; break;
    case E_BY_STATE: k->number = rank(state); break;
    case E_TRIALS: k->number = trials_of(e); break;
    case E_PROGRESS: k->number = e->progress; break;
    case E_USER: k->text = e->owner->name; break;
    case E_NAME: k->text = e->name; break;
    case E_SIZE: k->number = size; break;
    case E_COUNT: k->number = count; break;
    case E_METRIC: k->null = !experiment_best(e, &k->number); break;
    default: break; /* by id, and what all have alike */
    }
}

typedef struct bounds {
    int lt, lte, gt, gte;
} bounds;

static bool read_bounds(call *c, bounds *b) {
    *b = (bounds){INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN};
    return query_int32(c, "experimentIdFilter.lt", "experiment_id_filter.lt", &b->lt) &&
           query_int32(c, "experimentIdFilter.lte", "experiment_id_filter.lte", &b->lte) &&
           query_int32(c, "experimentIdFilter.gt", "experiment_id_filter.gt", &b->gt) &&
           query_int32(c, "experimentIdFilter.gte", "experiment_id_filter.gte", &b->gte);
}

static bool id_among(call *c, const char *camel, const char *snake, int id, bool none) {
    const char *s;
    int i = 0;
    for (; (s = query(c, camel, snake, i)); i++)
        if (strtol(s, NULL, 0) == id) return true;
    return i == 0 && none;
}

static bool id_wanted(call *c, const bounds *b, int id) {
    return id < b->lt && id <= b->lte && id > b->gt && id >= b->gte &&
           id_among(c, "experimentIdFilter.incl", "experiment_id_filter.incl", id, true) &&
           !id_among(c, "experimentIdFilter.notIn", "experiment_id_filter.not_in", id, false);
}

/* All of them; one value may name several. */
static bool labels_wanted(call *c, const experiment *e) {
    const char *s;
    buf quoted = {0};
    bool good = true;
    for (int i = 0; (s = query(c, "labels", NULL, i)); i++)
        for (size_t n; good && (n = strcspn(s, ","), *s); s += n + (s[n] == ',')) {
            quoted.len = 0;
            buf_json(&quoted, s, n);
            good = strstr(e->labels, buf_cstr(&quoted)) != NULL;
        }
    buf_free(&quoted);
    return good;
}

typedef struct asked {
    page p;
    bounds b;
    int by, archived, project;
    bool desc, trial_data;
    const char *name, *description;
    bool by_user, by_id, by_label, by_state;
} asked;

/* Which filters there are is looked up once, not for each of ten thousand rows. */
static bool experiment_wanted(call *c, const experiment *e, const asked *k) {
    usec end;
    if (k->name && *k->name && !like(e->name, k->name)) return false;
    if (k->description && *k->description && !like(e->description, k->description)) return false;
    if (k->by_user && !(query_has(c, "users", NULL, e->owner->name) && id_among(c, "userIds", "user_ids", e->owner->id, true))) return false;
    if (k->by_id && !id_wanted(c, &k->b, e->id)) return false;
    return (!k->by_label || labels_wanted(c, e)) && (!k->by_state || query_has_state(c, &STATE, experiment_state(e, &end)));
}

static void read_filters(call *c, asked *k) {
    k->name = query(c, "name", NULL, 0);
    k->description = query(c, "description", NULL, 0);
    k->by_user = query(c, "users", NULL, 0) || query(c, "userIds", "user_ids", 0);
    k->by_id = strstr(c->q->query, "xperiment") != NULL;
    k->by_label = query(c, "labels", NULL, 0) != NULL;
    k->by_state = query(c, "states", NULL, 0) != NULL;
}

static bool read_asked(call *c, asked *k) {
    static const char *const NAMES[] = {"UNSPECIFIED", "ID", "DESCRIPTION", "START_TIME", "END_TIME", "STATE", "NUM_TRIALS", "PROGRESS", "USER", "NAME",
                                        "FORKED_FROM", "RESOURCE_POOL", "PROJECT_ID", "CHECKPOINT_SIZE", "CHECKPOINT_COUNT", "SEARCHER_METRIC_VAL"};
    static const choice SORT = {"SORT_BY_", "apiv1.GetExperimentsRequest_SortBy", NAMES, sizeof NAMES / sizeof *NAMES};
    const char *data = query(c, "showTrialData", "show_trial_data", 0);
    k->project = 0;
    read_filters(c, k);
    k->trial_data = data && !strcmp(data, "true");
    return query_flag(c, "archived", NULL, &k->archived) && query_enum(c, "sortBy", "sort_by", 0, &SORT, &k->by) && query_desc(c, &k->desc) &&
           states_good(c, &STATE) && query_int32(c, "projectId", "project_id", &k->project) && read_bounds(c, &k->b) && page_read(c, &k->p);
}

void h_list_experiments(call *c) {
    asked k;
    int total = 0;
    if (!read_asked(c, &k) || !call_auth(c)) return;
    if (k.project && k.project != 1) {
        reply_error(c->r, G_NOT_FOUND, "project '%d' not found", k.project);
        return;
    }
    listed *v = xmalloc((db.nexps + 1) * sizeof *v);
    for (size_t i = 0; i < db.nexps; i++) {
        const experiment *e = db.exps[i];
        if (!e || k.archived == 1 || !experiment_wanted(c, e, &k)) continue;
        v[total] = (listed){.of = e, .id = e->id};
        if (k.by > E_ID) experiment_key(&v[total], e, k.by);
        total++;
    }
    list_sort(v, (size_t)total, k.desc, true);
    page_sql(&k.p, total);
    buf_str(&c->r->body, "{\"experiments\":[");
    for (int i = k.p.start, end = k.p.end < k.p.start ? total : k.p.end; i < end; i++) { /* a limit below -2 is none */
        if (i > k.p.start) buf_str(&c->r->body, ",");
        show_experiment_listed(&c->r->body, v[i].of, k.trial_data);
    }
    buf_str(&c->r->body, "]");
    page_show(&c->r->body, &k.p, total);
    buf_str(&c->r->body, "}");
    ok(c);
    free(v);
}

/* ---- trials ---- */

enum { T_START = 2, T_END, T_BY_STATE, T_BEST, T_LATEST, T_BATCHES, T_DURATION, T_RESTARTS, T_SIZE, T_RETENTION };
#define NO_COLUMN "column \"log_retention_days\" does not exist (SQLSTATE 42703)" /* the real master's own fault */

static void signed_metric(listed *k, const trial *t, int64_t at) {
    k->null = at < 0 || !metrics_searched(t, &t->rows[at], &k->number);
    if (!k->null && !store_experiment(t->experiment)->smaller_is_better) k->number = -k->number;
}

static void trial_key(listed *k, const trial *t, int by) {
    double count;
    switch (by) {
    case T_START: k->number = (double)t->start; break;
    case T_END: k->number = (double)t->end; k->null = !t->end; break;
    case T_BY_STATE: k->number = rank(t->state); break;
    case T_BEST: signed_metric(k, t, t->best); break;
    case T_LATEST: signed_metric(k, t, t->latest); break;
    case T_BATCHES: k->number = t->total_batches; break;
    case T_DURATION: k->number = (double)((t->end ? t->end : now_us()) - t->start); break;
    case T_SIZE: totals(t->experiment, t->id, &k->number, &count); break;
    default: break;
    }
}

static bool read_trials_asked(call *c, asked *k) {
    static const char *const NAMES[] = {"UNSPECIFIED", "ID", "START_TIME", "END_TIME", "STATE", "BEST_VALIDATION_METRIC", "LATEST_VALIDATION_METRIC",
                                        "BATCHES_PROCESSED", "DURATION", "RESTARTS", "CHECKPOINT_SIZE", "LOG_RETENTION_DAYS"};
    static const choice SORT = {"SORT_BY_", "apiv1.GetExperimentTrialsRequest_SortBy", NAMES, sizeof NAMES / sizeof *NAMES};
    return query_enum(c, "sortBy", "sort_by", 0, &SORT, &k->by) && query_desc(c, &k->desc) && states_good(c, &STATE) && page_read(c, &k->p);
}

void h_list_trials(call *c) {
    asked k;
    int total = 0;
    if (!read_trials_asked(c, &k) || !call_auth(c)) return;
    if (!store_experiment(c->id)) {
        reply_error(c->r, G_NOT_FOUND, "experiment '%lld' not found", (long long)c->id);
        return;
    }
    if (k.by == T_RETENTION || k.p.limit < -2) {
        reply_error(c->r, G_INTERNAL, "failed to get trial ids for experiment %lld: error running query: proto_get_trial_ids_for_experiment: ERROR: %s",
                    (long long)c->id, k.by == T_RETENTION ? NO_COLUMN : "LIMIT must not be negative (SQLSTATE 2201W)");
        return;
    }
    listed *v = xmalloc((db.ntrials + 1) * sizeof *v);
    for (size_t i = 0; i < db.ntrials; i++) {
        const trial *t = db.trials[i];
        if (!t || t->experiment != c->id || !query_has_state(c, &STATE, t->state)) continue;
        v[total] = (listed){.of = t, .id = t->id};
        trial_key(&v[total++], t, k.by);
    }
    list_sort(v, (size_t)total, k.desc, false);
    page_sql(&k.p, total);
    buf_str(&c->r->body, "{\"trials\":[");
    for (int i = k.p.start; i < k.p.end; i++) {
        if (i > k.p.start) buf_str(&c->r->body, ",");
        show_trial(&c->r->body, v[i].of);
    }
    buf_str(&c->r->body, "]");
    page_show(&c->r->body, &k.p, total);
    buf_str(&c->r->body, "}");
    ok(c);
    free(v);
}

/* ---- users ---- */

enum { U_NAME_SHOWN = 1, U_NAME, U_ADMIN, U_ACTIVE, U_MODIFIED, U_BY_NAME, U_LAST_AUTH, U_REMOTE };

static listed user_key(const user *u, int by) {
    listed k = {.of = u, .id = u->id};
    if (by == U_NAME || by == U_BY_NAME) k.text = u->name;
    if (by == U_ADMIN) k.number = u->admin;
    if (by == U_MODIFIED) k.number = (double)u->modified;
    if (by == U_LAST_AUTH) {
        k.number = (double)u->last_auth;
        k.null = !u->last_auth;
    }
    return k;
}

static bool user_wanted(const user *u, const char *name, int admin, int active) {
    return (!name || !*name || like(u->name, name)) && (admin < 0 || admin == u->admin) && active != 0;
}

void h_users(call *c) {
    static const char *const NAMES[] = {"UNSPECIFIED", "DISPLAY_NAME", "USER_NAME", "ADMIN", "ACTIVE", "MODIFIED_TIME", "NAME", "LAST_AUTH_TIME", "REMOTE"};
    static const choice SORT = {"SORT_BY_", "apiv1.GetUsersRequest_SortBy", NAMES, sizeof NAMES / sizeof *NAMES};
    page p;
    listed v[sizeof db.users / sizeof *db.users];
    int by, admin, active, total = 0;
    bool desc;
    if (!query_enum(c, "sortBy", "sort_by", 0, &SORT, &by) || !query_desc(c, &desc) || !query_bool(c, "admin", NULL, &admin) ||
        !query_bool(c, "active", NULL, &active) || !page_read(c, &p) || !call_auth(c))
        return;
    for (size_t i = 0; i < db.nusers; i++)
        if (user_wanted(&db.users[i], query(c, "name", NULL, 0), admin, active)) v[total++] = user_key(&db.users[i], by);
    for (int i = 0; desc && by > 0 && i < total; i++) v[i].id = -v[i].id; /* equal ones go up all the same */
    list_sort(v, (size_t)total, desc, false);
    if (!page_memory(c, &p, total)) return;
    buf_str(&c->r->body, "{\"users\":[");
    for (int i = p.start; i < p.end; i++) {
        if (i > p.start) buf_str(&c->r->body, ",");
        show_user(&c->r->body, v[i].of);
    }
    buf_str(&c->r->body, "]");
    page_show(&c->r->body, &p, total);
    buf_str(&c->r->body, "}");
    ok(c);
}
