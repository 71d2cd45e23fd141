/* SPDX-License-Identifier: Apache-2.0
 * Fills the holes of a template. Two levels at most: the configuration is a JSON text inside a JSON string. */
#include "template.h"

#include <string.h>

#include "../base/wipe.h"
#include "login.h"

/* The harness's keys (contract 3.1); what is unset is null, which the master takes for unset. */
static const char config[] = "{\"checkpoint_storage\":@s,\"description\":@d,\"name\":@n,\"project\":@o,"
                             "\"searcher\":{\"metric\":@m,\"name\":\"single\"},\"workspace\":@w}";

static void literal(det_json_writer *w, const char *text, size_t len) {
    w->comma = 0;
    if (len) det_json_raw(w, text, len);
}

static void json_or_null(det_json_writer *w, const char *json) {
    if (!json) json = "null";
    literal(w, json, strlen(json));
}

static void escaped(det_json_writer *w, const char *s) {
    static const char digits[] = "0123456789ABCDEF";
    for (; *s; s++) {
        unsigned ch = (unsigned char)*s;
        int plain = (ch >= '0' && ch <= '9') || ((ch | 32) >= 'a' && (ch | 32) <= 'z') || (ch >= '-' && ch <= '.') ||
                    ch == '_' || ch == '~';
        char code[3] = {'%', digits[ch >> 4], digits[ch & 15]};
        literal(w, plain ? s : code, plain ? 1 : 3);
    }
}

static void password(det_json_writer *w, const char *text) {
    char hash[129];
    det__login_hash(text ? text : "", hash);
    det_json_string(w, hash);
    det__wipe(hash, sizeof hash);
}

static const char *text_of(const det_options *o, char hole) {
    switch (hole) {
    case 'u':
        return o->user ? o->user : "determined";
    case 'x':
        return o->external_trial_id;
    case 'n':
        return o->name;
    case 'd':
        return o->description;
    case 'w':
        return o->workspace;
    case 'o':
        return o->project;
    default: /* m */
        return o->searcher_metric ? o->searcher_metric : "unmanaged";
    }
}

static int64_t number_of(const det__core *c, char hole) {
    const char *payload;
    if (hole == 't') return c->run.trial_id;
    if (hole == 'e') return c->run.experiment_id;
    return hole == 'r' ? c->run.trial_run_id : det__outbox_first(&c->outbox, &payload)->steps;
}

/* All but @c. */
static void fill(const det__core *c, det_json_writer *w, char hole) {
    w->comma = 0;
    if (hole == 't' || hole == 'e' || hole == 'r' || hole == 'i')
        det_json_int(w, number_of(c, hole));
    else if (hole == 'p')
        password(w, c->opt.password);
    else if (hole == 'h')
        json_or_null(w, c->opt.hparams);
    else if (hole == 's')
        json_or_null(w, c->opt.checkpoint_storage);
    else if (hole == 'X')
        escaped(w, c->opt.external_experiment_id);
    else if (hole == 'g')
        det_json_double(w, c->progress);
    else if (hole == 'k')
        json_or_null(w, c->terminal == DET_ERROR ? "ERROR" : "COMPLETED");
    else
        det_json_string(w, text_of(&c->opt, hole));
}

static void expand(const det__core *c, det_json_writer *w, const char *text, void (*other)(const det__core *, det_json_writer *)) {
    for (;;) {
        size_t n = 0;
        while (text[n] && text[n] != '@') n++;
        literal(w, text, n);
        if (!text[n]) return;
        if (text[n + 1] == 'c')
            other(c, w);
        else
            fill(c, w, text[n + 1]);
        text += n + 2;
    }
}

/* The configuration is rendered at the end of the free space, then quoted from there. */
static void quote_config(const det__core *c, det_json_writer *w) {
    const char *text = c->opt.config;
    det_json_writer inner;
    size_t half = w->cap > w->len ? (w->cap - w->len) / 2 : 0;
    w->comma = 0;
    if (text) {
        det_json_string(w, text);
        return;
    }
    det_json_write_init(&inner, w->buf + w->cap - half, half, w->flags);
    expand(c, &inner, config, NULL);
    w->err = det_json_finish(&inner);
    if (w->err == DET_OK) det_json_string_n(w, inner.buf, inner.len);
}

int det__template(const det__core *c, const char *text, char *buf, size_t cap, size_t *len) {
    det_json_writer w;
    det_json_write_init(&w, buf, cap - 1, DET_JSON_STRICT_UTF8);
    expand(c, &w, text, quote_config);
    *len = w.len;
    int rc = det_json_finish(&w);
    if (rc == DET_OK) buf[w.len] = 0;
    return rc;
}
