/* SPDX-License-Identifier: Apache-2.0
 * See config.h. YAML 1.1 by libyaml, which the real master's reader is a port of (so the sentences agree), scalars
 * resolved as yaml.v2 does. */
#include "config.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* What a config gets where the user gave nothing; as recorded from a 0.38.1 master. */
static const char DEFAULTS[] =
    "{\"bind_mounts\":[],\"checkpoint_policy\":\"best\",\"checkpoint_storage\":{\"save_experiment_best\":0,\"save_trial_best\":1,"
    "\"save_trial_latest\":1},\"data\":{},\"debug\":false,\"description\":null,\"entrypoint\":null,\"environment\":{"
    "\"add_capabilities\":[],\"drop_capabilities\":[],\"environment_variables\":{\"cpu\":[],\"cuda\":[],\"rocm\":[]},"
    "\"force_pull_image\":false,\"image\":{\"cpu\":\"determinedai/pytorch-ngc-dev:0736b6d\","
    "\"cuda\":\"determinedai/pytorch-ngc-dev:0736b6d\","
    "\"rocm\":\"determinedai/environments:rocm-5.6-pytorch-1.3-tf-2.10-rocm-mpich-0736b6d\"},\"pod_spec\":null,\"ports\":{},"
    "\"proxy_ports\":[],\"registry_auth\":null},\"hyperparameters\":{},\"integrations\":null,\"labels\":[],\"log_policies\":["
    "{\"name\":\"CUDA OOM\",\"pattern\":\".*CUDA out of memory.*\"},{\"name\":\"ECC Error\",\"pattern\":"
    "\".*uncorrectable ECC error encountered.*\"}],\"max_restarts\":5,\"min_checkpoint_period\":{\"batches\":0},"
    "\"min_validation_period\":{\"batches\":0},\"name\":null,\"optimizations\":{\"aggregation_frequency\":1,"
    "\"auto_tune_tensor_fusion\":false,\"average_aggregated_gradients\":true,\"average_training_metrics\":true,"
    "\"grad_updates_size_file\":null,\"gradient_compression\":false,\"mixed_precision\":\"O0\",\"tensor_fusion_cycle_time\":1,"
    "\"tensor_fusion_threshold\":64},\"pbs\":{},\"perform_initial_validation\":false,\"preemption_timeout\":3600,"
    "\"profiling\":{\"begin_on_batch\":0,\"enabled\":false,\"end_after_batch\":null,\"sync_timings\":true},\"project\":\"\","
    "\"records_per_epoch\":0,\"reproducibility\":{},\"resources\":{\"devices\":[],\"is_single_node\":null,\"max_slots\":null,"
    "\"native_parallel\":false,\"priority\":42,\"resource_pool\":\"\",\"shm_size\":null,\"slots_per_trial\":1,\"weight\":1},"
    "\"scheduling_unit\":100,\"searcher\":{\"smaller_is_better\":true,\"source_checkpoint_uuid\":null,\"source_trial_id\":null},"
    "\"slurm\":{},\"workspace\":\"\"}";

static const char SHARED_FS[] = "{\"host_path\":\"/srv/m/ckpt\",\"propagation\":\"rprivate\",\"storage_path\":null,\"type\":\"shared_fs\"}";

/* Known at the top level, but without a default that would show. */
static const char *const ALSO[] = {"version", "internal", "security", "tensorboard_storage", "data_layer", "log_retention_days", "retention_policy"};

static jval *parse(arena *a, const char *text, size_t n) {
    buf err = {0};
    jval *v = json_parse(a, text, n, &err);
    buf_free(&err);
    return v;
}

/* ---- YAML ---- */

static bool one_of(const char *s, const char *list) {
    char t[16];
    snprintf(t, sizeof t, " %.12s ", s);
    return strlen(s) <= 12 && strstr(list, t) != NULL;
}

static bool yaml_float(const char *s, double *d) {
    char *end;
    if (!strpbrk(s, "0123456789") || strspn(s, "+-0123456789.eE") != strlen(s)) return false;
    *d = strtod(s, &end);
    return !*end;
}

static jval *scalar(arena *a, const yaml_node_t *node) {
    const char *s = (const char *)node->data.scalar.value;
    jval *v = json_str(a, s, node->data.scalar.length);
    double d;
    if (node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE) return v;
    if (!*s || one_of(s, " ~ null Null NULL ")) v->type = J_NULL;
    else if (one_of(s, " y Y yes Yes YES on On ON true True TRUE n N no No NO off Off OFF false False FALSE ")) {
        v->type = J_BOOL;
        v->b = one_of(s, " y Y yes Yes YES on On ON true True TRUE ");
    } else if (yaml_float(s, &d)) {
        v->type = J_NUM;
    }
    return v;
}

static jval *node_value(arena *a, yaml_document_t *doc, int index, int depth) {
    yaml_node_t *node = yaml_document_get_node(doc, index);
    if (!node || depth > 100) return json_new(a, J_NULL);
    if (node->type == YAML_SCALAR_NODE) return scalar(a, node);
    jval *v = json_new(a, node->type == YAML_SEQUENCE_NODE ? J_ARR : J_OBJ);
    if (v->type == J_ARR) {
        for (yaml_node_item_t *i = node->data.sequence.items.start; i < node->data.sequence.items.top; i++)
            json_put(v, node_value(a, doc, *i, depth + 1), NULL, 0);
        return v;
    }
    for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
        yaml_node_t *key = yaml_document_get_node(doc, p->key);
        if (!key || key->type != YAML_SCALAR_NODE) continue;
        const jval *name = json_str(a, (const char *)key->data.scalar.value, key->data.scalar.length);
        json_put(v, node_value(a, doc, p->value, depth + 1), name->s, name->n);
    }
    return v;
}

/* libyaml 0.2.5 takes the escape \/ of YAML 1.2, yaml.v2 does not; nor would it build a character from surrogates. */
static bool foreign_escape(const char *s, size_t n) {
    bool in = false;
    for (size_t i = 0; i + 1 < n; i++) {
        if (s[i] == '"') in = !in;
        if (!in || s[i] != '\\') continue;
        if (s[i + 1] == '/') return true;
        i++;
    }
    return false;
}

static jval *yaml_value(arena *a, const char *text, size_t n, buf *why) {
    yaml_parser_t p;
    yaml_document_t doc;
    jval *v = NULL;
    const char *prefix = "unable to convert yaml to json: not valid yaml: error converting YAML to JSON: yaml: ";
    if (foreign_escape(text, n)) {
        buf_fmt(why, "%sfound unknown escape character", prefix);
        return NULL;
    }
    if (!yaml_parser_initialize(&p)) abort();
    yaml_parser_set_input_string(&p, (const unsigned char *)text, n);
    if (yaml_parser_load(&p, &doc)) {
        v = yaml_document_get_root_node(&doc) ? node_value(a, &doc, 1, 0) : json_new(a, J_NULL);
        yaml_document_delete(&doc);
    } else { /* yaml.v2's fail(): its line is the mark's, one more for the scanner */
        size_t line = p.problem_mark.line ? p.problem_mark.line + (p.error == YAML_SCANNER_ERROR) : p.context_mark.line;
        buf_str(why, prefix);
        if (line) buf_fmt(why, "line %zu: ", line);
        buf_str(why, p.problem ? p.problem : "unknown problem parsing YAML content");
    }
    yaml_parser_delete(&p);
    return v;
}

/* ---- completing ---- */

static jval *copy(arena *a, const jval *v) {
    jval *c = json_new(a, v->type);
    c->b = v->b;
    c->s = v->s;
    c->n = v->n;
    for (const jval *k = v->child; k; k = k->next) json_put(c, copy(a, k), k->key, k->key_n);
    return c;
}

/* over on top of base: objects member by member, null leaves the default. json_sort() keeps the later of two. */
static void merge(arena *a, jval *base, const jval *over) {
    for (const jval *v = over->child; v; v = v->next) {
        char key[128];
        snprintf(key, sizeof key, "%.*s", (int)v->key_n, v->key);
        jval *old = json_get(base, key);
        if (old && v->type == J_NULL) continue;
        if (old && old->type == J_OBJ && v->type == J_OBJ) merge(a, old, v);
        else json_put(base, copy(a, v), v->key, v->key_n);
    }
}

static bool known(const jval *defaults, const jval *v) {
    char key[128];
    snprintf(key, sizeof key, "%.*s", (int)v->key_n, v->key);
    if (json_get(defaults, key)) return true;
    for (size_t i = 0; i < sizeof ALSO / sizeof *ALSO; i++)
        if (!strcmp(ALSO[i], key)) return true;
    return false;
}

static bool acceptable(const jval *defaults, const jval *v, buf *why) {
    const char *prefix = "version 0 experiment config is invalid: config is invalid: <config>";
    if (v->type != J_OBJ) {
        buf_fmt(why, "%s: expected object, but got %s", prefix, v->type == J_NULL ? "null" : "another type");
        return false;
    }
    for (const jval *c = v->child; c; c = c->next) {
        if (known(defaults, c)) continue;
        buf_fmt(why, "%s: additionalProperties \"%.*s\" not allowed", prefix, (int)c->key_n, c->key);
        return false;
    }
    const jval *s = json_get(v, "searcher"), *m = json_get(s, "metric"), *n = json_get(s, "name");
    if (!s || s->type != J_OBJ || !m || m->type != J_STR || !n || n->type != J_STR) {
        const char *what = !s || s->type != J_OBJ ? "searcher" : !n || n->type != J_STR ? "searcher.name" : "searcher.metric";
        buf_fmt(why, "experiment config is incomplete: config is incomplete: <config>.%s: is a required field", what);
        return false;
    }
    if (json_has_nul(v)) {
        buf_str(why, "ERROR: unsupported Unicode escape sequence (SQLSTATE 22P05)");
        return false;
    }
    return true;
}

static void complete(arena *a, jval *base, const jval *user, long seed) {
    char t[64];
    const jval *cs = json_get(user, "checkpoint_storage");
    if (!cs || cs->type != J_OBJ) merge(a, json_get(base, "checkpoint_storage"), parse(a, SHARED_FS, sizeof SHARED_FS - 1));
    merge(a, base, user);
    jval *name = json_get(base, "name"), *rep = json_get(base, "reproducibility");
    if (name->type == J_NULL) json_put(base, json_str(a, "unnamed (invented by the master)", 32), "name", 4);
    if (!json_get(rep, "experiment_seed")) {
        int n = snprintf(t, sizeof t, "%ld", seed);
        jval *v = json_str(a, t, (size_t)n);
        v->type = J_NUM;
        json_put(rep, v, "experiment_seed", 15);
    }
}

jval *config_complete(arena *a, const char *text, size_t n, long seed, buf *why) {
    jval *user = yaml_value(a, text, n, why), *base = parse(a, DEFAULTS, sizeof DEFAULTS - 1);
    if (!user || !acceptable(base, user, why)) return NULL;
    complete(a, base, user, seed);
    json_sort(base);
    return base;
}
