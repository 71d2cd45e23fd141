/* SPDX-License-Identifier: Apache-2.0
 * Experiments: create, upsert by external id, read, list (contract 3.1, 3.2, 6.1-6.4). */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "config.h"
#include "show.h"
#include "summary.h"
#include "metrics.h"

/* ---- pages ---- */

bool page_read(call *c, int total, bool zero_is_all, page *p) {
    memset(p, 0, sizeof *p);
    if (!query_int32(c, "offset", NULL, &p->offset) || !query_int32(c, "limit", NULL, &p->limit)) return false;
    int take = p->limit ? p->limit : zero_is_all ? -1 : 100;
    p->start = p->offset < 0 ? total + p->offset : p->offset;
    if (p->start < 0) p->start = 0;
    if (p->start > total) p->start = total;
    p->end = take == -1 ? total : take < 0 ? p->start : p->start + take;
    if (p->end > total) p->end = total;
    return true;
}

void page_show(buf *b, const page *p, int total) {
    buf_fmt(b, ",\"pagination\":{\"offset\":%d,\"limit\":%d,\"startIndex\":%d,\"endIndex\":%d,\"total\":%d}", p->offset, p->limit, p->start, p->end, total);
}

/* ---- create ---- */

typedef struct create {
    const char *config;
    bool unmanaged;
    int parent;
} create;

static bool read_create(call *c, create *k) {
    k->config = "";
    return get_str(c, field(c->body, "config", NULL), &k->config) && get_bool(c, field(c->body, "unmanaged", NULL), &k->unmanaged) &&
           get_int32(c, field(c->body, "parentId", "parent_id"), &k->parent);
}

static char *dup_of(const jval *v) {
    return xstrndup(v->s, v->n);
}

static void set(char **slot, char *s) {
    free(*slot);
    *slot = s;
}

static void apply_config(experiment *e, const jval *cfg) {
    const jval *s = json_get(cfg, "searcher"), *small = json_get(s, "smaller_is_better");
    set(&e->config, text_of(cfg));
    set(&e->name, dup_of(json_get(cfg, "name")));
    set(&e->metric, dup_of(json_get(s, "metric")));
    set(&e->searcher, dup_of(json_get(s, "name")));
    e->smaller_is_better = !small || small->b;
}

static jval *complete(call *c, const create *k) {
    buf why = {0};
    jval *cfg = config_complete(c->a, k->config, strlen(k->config), (long)(now_us() / 1000000), &why);
    if (!cfg) reply_error(c->r, G_INTERNAL, "invalid experiment configuration: %s", buf_cstr(&why));
    buf_free(&why);
    return cfg;
}

static void answer(call *c, const experiment *e, const char *tail) {
    buf *b = &c->r->body;
    buf_str(b, "{\"experiment\":");
    show_experiment(b, e, c->who->name, c->who->id);
    buf_str(b, tail);
    buf_str(b, e->config);
    ok(c);
}

void h_post_experiment(call *c) {
    create k = {0};
    if (!read_create(c, &k) || !call_auth(c)) return;
    const jval *cfg = complete(c, &k);
    if (!cfg) return;
    if (!k.unmanaged) { /* only unmanaged ones run without agents; the real one would queue it */
        reply_error(c->r, G_INTERNAL, "the test master runs unmanaged experiments only");
        return;
    }
    experiment *e = store_experiment_new();
    e->original = xstrndup(k.config, strlen(k.config));
    apply_config(e, cfg);
    answer(c, e, ",\"config\":");
    buf_str(&c->r->body, ",\"warnings\":[]}");
}

static experiment *by_external(const char *id) {
    for (size_t i = 0; i < db.nexps; i++)
        if (db.exps[i] && db.exps[i]->external && !strcmp(db.exps[i]->external, id)) return db.exps[i];
    return NULL;
}

/* A repeat keeps id, owner, state and the original text, takes the new config, and uses up an id all the same. */
void h_put_experiment(call *c) {
    create k = {0};
    if (!read_create(c, &k) || !call_auth(c)) return;
    if (!k.unmanaged) {
        reply_error(c->r, G_INTERNAL, "only unmanaged experiments are supported");
        return;
    }
    const jval *cfg = complete(c, &k);
    if (!cfg) return;
    experiment *e = by_external(c->name);
    if (e) {
        store_skip_experiment();
    } else {
        e = store_experiment_new();
        e->external = xstrndup(c->name, strlen(c->name));
        e->original = xstrndup(k.config, strlen(k.config));
    }
    apply_config(e, cfg);
    answer(c, e, ",\"config\":");
    buf_str(&c->r->body, "}");
}

/* ---- read ---- */

static experiment *known(call *c) {
    experiment *e = store_experiment(c->id);
    if (!e) reply_error(c->r, G_NOT_FOUND, "experiment '%lld' not found", (long long)c->id);
    return e;
}

void h_get_experiment(call *c) {
    const experiment *e = call_auth(c) ? known(c) : NULL;
    if (!e) return;
    answer(c, e, ",\"jobSummary\":null,\"config\":");
    buf_str(&c->r->body, "}");
}

static bool list_filters(call *c) {
    static const char *const SORT[] = {"ID", "DESCRIPTION", "START_TIME", "END_TIME", "STATE", "NUM_TRIALS", "PROGRESS", "USER", "NAME",
                                       "FORKED_FROM", "RESOURCE_POOL", "PROJECT_ID", "CHECKPOINT_SIZE", "CHECKPOINT_COUNT", "SEARCHER_METRIC_VAL"};
    const char *s = query(c, "archived", NULL, 0);
    if (s && strcmp(s, "true") && strcmp(s, "false")) {
        reply_error(c->r, G_INVALID, "bad BoolValue: %s", s);
        return false;
    }
    s = query(c, "sortBy", "sort_by", 0);
    bool found = !s || !strcmp(s, "SORT_BY_UNSPECIFIED") || strspn(s, "0123456789") == strlen(s);
    for (size_t i = 0; !found && i < sizeof SORT / sizeof *SORT; i++) found = !strncmp(s, "SORT_BY_", 8) && !strcmp(s + 8, SORT[i]);
    if (!found) reply_error(c->r, G_INVALID, "%s is not a valid apiv1.GetExperimentsRequest_SortBy", s);
    return found;
}

void h_list_experiments(call *c) {
    page p;
    int total = 0, at = 0;
    for (size_t i = 0; i < db.nexps; i++) total += db.exps[i] != NULL;
    if (!list_filters(c) || !page_read(c, total, false, &p) || !call_auth(c)) return;
    buf *b = &c->r->body;
    buf_str(b, "{\"experiments\":[");
    for (size_t i = 0; i < db.nexps; i++) {
        if (!db.exps[i] || at++ < p.start || at > p.end) continue;
        if (at - 1 > p.start) buf_str(b, ",");
        show_experiment(b, db.exps[i], c->who->name, c->who->id);
    }
    buf_str(b, "]");
    page_show(b, &p, total);
    buf_str(b, "}");
    ok(c);
}

void h_list_trials(call *c) {
    page p;
    int total = 0, at = 0;
    for (size_t i = 0; i < db.ntrials; i++) total += db.trials[i] && db.trials[i]->experiment == c->id;
    if (!page_read(c, total, false, &p) || !call_auth(c) || !known(c)) return;
    buf *b = &c->r->body;
    buf_str(b, "{\"trials\":[");
    for (size_t i = 0; i < db.ntrials; i++) {
        if (!db.trials[i] || db.trials[i]->experiment != c->id || at++ < p.start || at > p.end) continue;
        if (at - 1 > p.start) buf_str(b, ",");
        show_trial(b, db.trials[i]);
    }
    buf_str(b, "]");
    page_show(b, &p, total);
    buf_str(b, "}");
    ok(c);
}

void h_best_validation(call *c) {
    const experiment *e = call_auth(c) ? known(c) : NULL;
    double best = 0, v;
    bool any = false;
    if (!e) return;
    for (size_t i = 0; i < db.ntrials; i++) {
        const trial *t = db.trials[i];
        if (!t || t->experiment != e->id || t->best < 0) continue;
        const char *j = row_value(&t->rows[t->best], e->metric, strlen(e->metric));
        if (!j || !text_number(j, &v) || (any && (e->smaller_is_better ? v >= best : v <= best))) continue;
        best = v;
        any = true;
    }
    if (!any) {
        reply_error(c->r, G_NOT_FOUND, "no validations for experiment");
        return;
    }
    buf_str(&c->r->body, "{\"metric\":");
    buf_num(&c->r->body, (double)(float)best);
    buf_str(&c->r->body, "}");
    ok(c);
}
