/* SPDX-License-Identifier: Apache-2.0
 * Fills the holes of a template: a table says of each letter what kind of value it stands for and where in the core
 * that lies. */
#include "template.h"

#include <string.h>

#include "login.h"

enum kind {
    NUMBER,   /* int64_t */
    DOUBLE,
    STRING,   /* const char *, as are all that follow: quoted; NULL is null, which the master takes for unset */
    RAW,      /* as it is; NULL is null */
    HASH,     /* of a password; NULL is an empty one */
    ENCODED,  /* in percent */
    SECTION,  /* what follows up to @. is left out when it is NULL */
    END,
    METHOD,   /* PUT if there is one, else POST */
    ROOT,
    TRIAL,    /* int64_t, behind what stands before it in a path */
    WINDOW    /* int64_t: of steps, this one alone */
};

/* Offsets in words, so that a row takes three bytes; they are some 200 at most where pointers have 8 bytes. */
#define AT(member) offsetof(det__core, member) / 4

static const struct hole {
    char letter;
    uint8_t kind;
    uint8_t word;
} holes[] = {
    {'t', NUMBER, AT(run.trial_id)},
    {'e', NUMBER, AT(run.experiment_id)},
    {'r', NUMBER, AT(run.trial_run_id)},
    {'i', NUMBER, AT(steps)},
    {'g', DOUBLE, AT(progress)},
#if DET_LOGIN
    {'u', STRING, AT(opt.user)},
    {'p', HASH, AT(opt.password)},
#endif
    {'c', STRING, AT(config)},
    {'x', STRING, AT(opt.external_trial_id)},
    {'n', STRING, AT(opt.name)},
    {'d', STRING, AT(opt.description)},
    {'w', STRING, AT(opt.workspace)},
    {'o', STRING, AT(opt.project)},
    {'m', STRING, AT(opt.searcher_metric)},
    {'h', RAW, AT(opt.hparams)},
    {'s', RAW, AT(opt.checkpoint_storage)},
    {'k', RAW, AT(told_state)},
    {'X', ENCODED, AT(opt.external_experiment_id)},
    {'E', SECTION, AT(opt.external_experiment_id)},
    {'F', SECTION, AT(opt.external_trial_id)},
    {'.', END, 0},
    {'M', METHOD, AT(opt.external_experiment_id)},
    {'N', METHOD, AT(opt.external_trial_id)},
    {'/', ROOT, 0},
    {'T', TRIAL, AT(run.trial_id)},
    {'G', STRING, AT(group)},
#if DET__TIMES
    {'R', SECTION, AT(report_time)},
    {'z', STRING, AT(report_time)},
#endif
#if DET_EXACT
    {'Y', ENCODED, AT(group)},
    {'y', RAW, AT(metric)},
    {'B', WINDOW, AT(steps)},
#endif
};

typedef char det__words_fit_a_byte[AT(run) + sizeof(det_run_info) / 4 <= 256 ? 1 : -1];

void det__literal(det_json_writer *w, const char *text, size_t len) {
    w->comma = 0;
    if (len) det_json_raw(w, text, len);
    w->comma = 0;
}

/* RFC 3986 section 2.3. */
static int is_unreserved(unsigned ch) {
    return ch - '0' < 10 || (ch | 32) - 'a' < 26 || ch - '-' < 2 || ch == '_' || ch == '~';
}

static void encoded(det_json_writer *w, const char *s) {
    for (; *s; s++) {
        unsigned ch = (unsigned char)*s;
        char code[3] = {'%', det__hex(ch >> 4, 'A'), det__hex(ch & 15, 'A')};
        int plain = is_unreserved(ch);
        det__literal(w, plain ? s : code, plain ? 1 : 3);
    }
}

static void raw(det_json_writer *w, const char *text) {
    det__literal(w, text, strlen(text));
}

#if DET_EXACT
/* endBatches=0 would mean no limit (contract 5.6). */
static void window(det_json_writer *w, int64_t step) {
    raw(w, step ? "startBatches=" : "timeSeriesFilter.name=batches&timeSeriesFilter.integerRange.lte=");
    det_json_int(w, step);
    if (!step) return;
    raw(w, "&endBatches=");
    det_json_int(w, step);
}

#endif

/* Write one value. Not 0: the text up to the next @. is to be left out. */
static int fill(const det__core *c, det_json_writer *w, const struct hole *h) {
    const char *at = (const char *)c + 4 * h->word, *text;
    memcpy(&text, at, sizeof text);
    switch (h->kind) {
    case TRIAL:
        raw(w, " /api/v1/trials/"); /* fall through */
    case NUMBER:
        det_json_int(w, *(const int64_t *)(const void *)at);
        break;
    case DOUBLE:
        det_json_double(w, *(const double *)(const void *)at);
        break;
    case RAW:
        if (text) {
            raw(w, text);
            break;
        } /* fall through */
    case STRING:
        det_json_string(w, text);
        break;
#if DET_LOGIN
    case HASH:
        det__login_password(w, text);
        break;
#endif
    case ENCODED:
        encoded(w, text);
        break;
    case METHOD:
        raw(w, text ? "PUT" : "POST");
        break;
    case ROOT:
        raw(w, " /api/v1/");
        break;
#if DET_EXACT
    case WINDOW:
        window(w, *(const int64_t *)(const void *)at);
        break;
#endif
    case SECTION:
        return !text;
    default: /* END */
        break;
    }
    return 0;
}

static const struct hole *hole_of(char letter) {
    const struct hole *h = holes;
    while (h->letter != letter) h++;
    return h;
}

/* The text of this number. */
static const char *find(const char *texts, int n) {
    while (n--) texts += strlen(texts) + 1;
    return texts;
}

int det__template(const det__core *c, const char *texts, int n, char *buf, size_t cap) {
    const char *text = find(texts, n), *at;
    det_json_writer w;
    int rc, skip = 0;
    det_json_write_init(&w, buf, cap - 1, DET_JSON_STRICT_UTF8);
    for (;;) {
        for (at = text; *at && *at != '@'; at++) {}
        if (!skip) det__literal(&w, text, (size_t)(at - text));
        if (!*at) break;
        if (!skip || at[1] == '.') skip = fill(c, &w, hole_of(at[1]));
        text = at + 2;
    }
    rc = det_json_finish(&w);
    if (rc != DET_OK) return rc;
    buf[w.len] = 0;
    return (int)w.len;
}
