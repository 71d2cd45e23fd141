/* SPDX-License-Identifier: Apache-2.0
 * Routing as grpc-gateway 1.16 and echo do it: under /api/v1/ an unknown path or a wrong method is 501, elsewhere 401
 * without a token and 404 with one. Order: route, body, path parameters, then the handler (fields, auth, action). */
#include "api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "show.h"

static arena memory; /* of the call in work */

typedef struct route {
    const char *method, *pattern; /* {i:name} an int32, {s} any text within one component */
    handler *h;
} route;

static const route ROUTES[] = {
    {"POST", "auth/login", h_login},
    {"POST", "auth/logout", h_logout},
    {"GET", "auth/user", h_me},
    {"GET", "me", h_me},
    {"GET", "users", h_users},
    {"GET", "master", h_master},
    {"POST", "experiments", h_post_experiment},
    {"GET", "experiments", h_list_experiments},
    {"PUT", "experiments/by-external-id/{s}", h_put_experiment},
    {"GET", "experiments/{i:experiment_id}", h_get_experiment},
    {"GET", "experiments/{i:experiment_id}/trials", h_list_trials},
    {"GET", "experiments/{i:id}/checkpoints", h_exp_checkpoints},
    {"GET", "experiments/{i:experiment_id}/searcher/best_searcher_validation_metric", h_best_validation},
    {"POST", "trials", h_post_trial},
    {"PUT", "trials", h_put_trial},
    {"GET", "trials/time-series", h_time_series},
    {"GET", "trials/metrics/trial_metrics", h_trial_metrics},
    {"GET", "trials/metrics/training_metrics", h_training_metrics},
    {"GET", "trials/metrics/validation_metrics", h_validation_metrics},
    {"GET", "trials/by-external-id/{s}/{s}", h_trial_by_external},
    {"GET", "trials/{i:trial_id}", h_get_trial},
    {"PATCH", "trials/{i:trial_id}", h_patch_trial},
    {"POST", "trials/{i:trial_id}/start", h_start},
    {"POST", "trials/{i:metrics.trial_id}/metrics", h_metrics},
    {"POST", "trials/{i:trial_id}/progress", h_progress},
    {"POST", "trials/{i:trial_id}/runner/metadata", h_runner_metadata},
    {"POST", "trials/{i:trial_id}/early_exit", h_early_exit},
    {"GET", "trials/{i:id}/checkpoints", h_trial_checkpoints},
    {"GET", "trials/{i:trial_id}/workloads", h_workloads},
    {"GET", "trials/{i:trial_id}/logs", h_trial_logs},
    {"GET", "tasks/{s}/logs", h_task_logs},
    {"POST", "runs/start", h_run_prepare},
    {"POST", "runs/{i:run_id}/metadata", h_post_run_metadata},
    {"GET", "runs/{i:run_id}/metadata", h_get_run_metadata},
    {"POST", "checkpoints", h_post_checkpoint},
    {"PATCH", "checkpoints", h_patch_checkpoints},
    {"GET", "checkpoints/{s}", h_get_checkpoint},
};

enum { GRPC_MAX = 100663296 };

/* ---- path matching ---- */

typedef struct match {
    const char *ints[2], *int_names[2], *texts[2];
    size_t int_len[2], name_len[2], text_len[2];
    int nints, ntexts;
} match;

static bool match_component(match *m, const char *pat, size_t pn, const char *s, size_t n) {
    if (*pat != '{') return pn == n && !memcmp(pat, s, n);
    if (!n) return false;
    if (pat[1] == 'i') {
        m->int_names[m->nints] = pat + 3;
        m->name_len[m->nints] = pn - 4;
        m->ints[m->nints] = s;
        m->int_len[m->nints++] = n;
        return true;
    }
    m->texts[m->ntexts] = s;
    m->text_len[m->ntexts++] = n;
    return true;
}

static bool match_path(match *m, const char *pat, const char *s) {
    memset(m, 0, sizeof *m);
    for (;;) {
        size_t pn = strcspn(pat, "/"), n = strcspn(s, "/");
        if (!match_component(m, pat, pn, s, n)) return false;
        pat += pn;
        s += n;
        if (!*pat || !*s) return !*pat && !*s;
        pat++;
        s++;
    }
}

/* The last component's part behind ':' is a verb to the gateway; no route has one. */
static const route *find_route(const char *method, const char *path, match *m) {
    const char *slash = strrchr(path, '/');
    if (strchr(slash ? slash : path, ':')) return NULL;
    for (size_t i = 0; i < sizeof ROUTES / sizeof *ROUTES; i++)
        if (!strcmp(method, ROUTES[i].method) && match_path(m, ROUTES[i].pattern, path)) return &ROUTES[i];
    return NULL;
}

static bool path_int(call *c, const match *m, int i, int64_t *out) {
    char t[64], *end;
    size_t n = m->int_len[i] < sizeof t - 1 ? m->int_len[i] : sizeof t - 1;
    memcpy(t, m->ints[i], n);
    t[n] = 0;
    errno = 0;
    long long v = strtoll(t, &end, 0);
    bool range = errno || v > INT32_MAX || v < INT32_MIN;
    *out = v;
    if (!*end && !range && *t != ' ') return true;
    reply_error(c->r, G_INVALID, "type mismatch, parameter: %.*s, error: strconv.ParseInt: parsing \"%s\": %s", (int)m->name_len[i],
                m->int_names[i], t, *end ? "invalid syntax" : "value out of range");
    return false;
}

/* ---- gateway ---- */

static bool decode_body(call *c) {
    buf err = {0};
    bool good = true;
    c->body = json_new(c->a, J_OBJ);
    if (!c->q->body_len || !strcmp(c->q->method, "GET")) return true;
    jval *v = json_parse(c->a, c->q->body, c->q->body_len, &err);
    if (!v && strcmp(buf_cstr(&err), "EOF")) {
        reply_error(c->r, G_INVALID, "%s", buf_cstr(&err));
        good = false;
    } else if (v && v->type != J_NULL) {
        good = get_object(c, v);
        c->body = v;
    }
    buf_free(&err);
    return good;
}

static void gateway(call *c, const char *path) {
    match m;
    const route *rt = find_route(c->q->method, path, &m);
    c->r->kind = R_GATEWAY;
    if (!rt) {
        reply_error(c->r, G_UNIMPLEMENTED, "Not Implemented");
        return;
    }
    if (c->q->bad_body) {
        reply_error(c->r, G_INVALID, "%s", c->q->body_error);
        return;
    }
    if (!decode_body(c)) return;
    if ((m.nints > 0 && !path_int(c, &m, 0, &c->id)) || (m.nints > 1 && !path_int(c, &m, 1, &c->id2))) return;
    if (m.ntexts) { /* both texts of the only route with two, split by a slash */
        size_t n = (size_t)(m.texts[m.ntexts - 1] + m.text_len[m.ntexts - 1] - m.texts[0]);
        if (n >= sizeof c->name) n = sizeof c->name - 1;
        memcpy(c->name, m.texts[0], n);
    }
    if (c->q->body_len > GRPC_MAX) {
        reply_error(c->r, G_EXHAUSTED, "grpc: received message larger than max (%zu vs. %d)", c->q->body_len, GRPC_MAX);
        return;
    }
    rt->h(c);
}

/* ---- echo ---- */

static void task_logs(call *c) {
    buf err = {0};
    jval *v = json_parse(c->a, c->q->body, c->q->body_len, &err);
    const char *why = !v ? buf_cstr(&err) : v->type != J_ARR ? "json: cannot unmarshal object into Go value of type []*model.TaskLog" : NULL;
    if (why) {
        reply_echo_error(c->r, 500, "decoding task logs: %s", why);
    } else {
        for (const jval *k = v->child; k; k = k->next) db.logs++;
        buf_str(&c->r->body, "\"\"\n");
        ok(c);
    }
    buf_free(&err);
}

static void health(call *c) {
    buf_str(&c->r->body, "{\"status\":\"up\",\"database\":\"up\",\"resource_managers\":[{\"cluster_name\":\"default\",\"status\":\"up\"}]}\n");
    ok(c);
}

static void echo(call *c) {
    const char *p = c->q->path, *m = c->q->method;
    c->r->kind = R_ECHO;
    if (!strcmp(p, "/info") && !strcmp(m, "GET")) {
        show_info(&c->r->body);
        ok(c);
        return;
    }
    if (!strcmp(p, "/task-logs") && !strcmp(m, "POST")) {
        task_logs(c);
        return;
    }
    const request *q = c->q;
    const char *h = q->header[H_AUTH], *tok = h && !strncmp(h, "Bearer ", 7) ? h + 7 : NULL;
    c->who = tok ? store_auth(tok) : NULL;
    if (!c->who && !h) {
        request only = *q; /* the cookie alone counts as well; the allocation token never does here */
        only.header[H_USER_TOKEN] = only.header[H_ALLOC_TOKEN] = NULL;
        c->q = &only;
        (void)call_auth(c);
        c->q = q;
    }
    if (!c->who) reply_echo_error(c->r, 401, "Unauthorized");
    else if (!strcmp(p, "/health") && !strcmp(m, "GET")) health(c);
    else reply_echo_error(c->r, 404, "api not found: %s %s", m, q->raw);
}

void api_handle(const request *q, reply *r) {
    call c = {.q = q, .r = r, .a = &memory};
    arena_reset(&memory);
    r->minor = q->minor;
    r->keep_alive = q->keep_alive;
    r->head_only = !strcmp(q->method, "HEAD");
    if (!strncmp(q->path, "/test/", 6)) {
        test_handle(q, r, &memory);
        return;
    }
    if (strncmp(q->path, "/api/v1/", 8)) {
        echo(&c);
        return;
    }
    char *path = xstrndup(q->path + 8, strlen(q->path + 8));
    size_t n = strlen(path);
    if (n && path[n - 1] == '/') path[n - 1] = 0;
    gateway(&c, path);
    free(path);
}

void api_free(void) {
    arena_free(&memory);
}
