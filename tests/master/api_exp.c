/* SPDX-License-Identifier: Apache-2.0
 * Experiments: create, upsert by external id, read (contract 3.1, 3.2, 6.3). */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "config.h"
#include "show.h"
#include "metrics.h"

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

static char *text_field(const jval *v) {
    return v && v->type == J_STR ? dup_of(v) : xstrndup("", 0);
}

static char *json_field(const jval *v, const char *none) {
    return v && v->type != J_NULL ? text_of(v) : xstrndup(none, 2);
}

static void apply_config(experiment *e, const jval *cfg) {
    const jval *s = json_get(cfg, "searcher"), *small = json_get(s, "smaller_is_better");
    set(&e->config, text_of(cfg));
    set(&e->name, dup_of(json_get(cfg, "name")));
    set(&e->metric, dup_of(json_get(s, "metric")));
    set(&e->searcher, dup_of(json_get(s, "name")));
    set(&e->description, text_field(json_get(cfg, "description")));
    set(&e->labels, json_field(json_get(cfg, "labels"), "[]"));
    set(&e->hparams, json_field(json_get(cfg, "hyperparameters"), "{}"));
    e->smaller_is_better = !small || small->b;
}

static experiment *create_experiment(call *c, const create *k) {
    experiment *e = store_experiment_new();
    e->owner = c->who;
    e->original = xstrndup(k->config, strlen(k->config));
    return e;
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
    show_experiment(b, e);
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
    experiment *e = create_experiment(c, &k);
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
        e = create_experiment(c, &k);
        e->external = xstrndup(c->name, strlen(c->name));
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

void h_best_validation(call *c) {
    const experiment *e = call_auth(c) ? known(c) : NULL;
    double best;
    if (!e) return;
    if (!experiment_best(e, &best)) {
        reply_error(c->r, G_NOT_FOUND, "no validations for experiment");
        return;
    }
    buf_str(&c->r->body, "{\"metric\":");
    buf_num(&c->r->body, (double)(float)best);
    buf_str(&c->r->body, "}");
    ok(c);
}
