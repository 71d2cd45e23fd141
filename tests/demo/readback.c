/* SPDX-License-Identifier: Apache-2.0
 * See readback.h. Answers are never stored: the JSON reader is fed each piece as it arrives, and a walk through the
 * text remembers no more than the names of the containers it is in. */
#include "readback.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- a walk through a JSON text ------------------------------------------------------------------------------------- */

enum { LEVELS = 10, NAME = 32 };

typedef struct walk walk;
typedef void value_fn(walk *w, int type, const det_json_token *t);

struct walk {
    det_json_reader reader;
    char scratch[64];
    char name[LEVELS][NAME]; /* of the member being read at each depth; "" in an array */
    int cut;                 /* the token before was not complete */
    value_fn *value;         /* called for each number, and for each } */
    const series *const *s;  /* n series looked for, and what was found of each */
    held *h;
    size_t n;
    int64_t step;            /* of the row being read, and its value if it has one */
    double v;
    int has;
};

/* Is the walk at this path? Names joined by dots; an array's elements have the name "". */
static int at(const walk *w, const char *path) {
    for (unsigned d = 1; d <= w->reader.depth && d < LEVELS; d++) {
        size_t len = strlen(w->name[d]);
        if (strncmp(path, w->name[d], len) != 0) return 0;
        path += len;
        if (d == w->reader.depth) return *path == 0;
        if (*path++ != '.') return 0;
    }
    return 0;
}

static void take(walk *w, int type, const det_json_token *t) {
    unsigned depth = w->reader.depth;
    int rest = w->cut;
    w->cut = (type == DET_JSON_KEY || type == DET_JSON_STRING) && t->more;
    if (type == DET_JSON_NUMBER || type == DET_JSON_OBJECT_END) {
        w->value(w, type, t);
    } else if (depth < LEVELS && (type == DET_JSON_OBJECT || type == DET_JSON_ARRAY)) {
        w->name[depth][0] = 0;
    } else if (depth < LEVELS && type == DET_JSON_KEY && !rest) {
        size_t len = t->len < NAME - 1 ? t->len : NAME - 1; /* none that is looked for is so long */
        memcpy(w->name[depth], t->text, len);
        w->name[depth][len] = 0;
    }
}

static int feed(walk *w, const char *data, size_t len, int last) {
    det_json_token t;
    int type;
    det_json_feed(&w->reader, data, len, last);
    while ((type = det_json_next(&w->reader, &t)) > DET_JSON_END) take(w, type, &t);
    return type == DET_E_AGAIN ? DET_OK : type;
}

static int sink(void *ctx, const det_response *r, const void *data, size_t len) {
    return r->status == 200 ? feed((walk *)ctx, (const char *)data, len, 0) : DET_OK;
}

static int ask(det_core *core, walk *w, const char *path) {
    det_request q = {0};
    q.method = "GET";
    q.path = path;
    q.sink = sink;
    q.sink_ctx = w;
    det_json_read_init(&w->reader, w->scratch, sizeof w->scratch);
    int rc = det_session_call(&core->session, &q, NULL);
    return rc == DET_OK ? feed(w, NULL, 0, 1) : rc;
}

/* ---- summaries: GET trial ------------------------------------------------------------------------------------------- */

/* The master's names of the groups' summaries (contract 5.2). */
static const char *partition(const char *group) {
    if (!strcmp(group, "training")) return "avg_metrics";
    return strcmp(group, "validation") ? group : "validation_metrics";
}

static void take_figure(summary *sum, const char *name, const det_json_token *t) {
    double v = 0;
    if (det_json_to_double(t, &v) != DET_OK) return;
    if (!strcmp(name, "count")) sum->count = (int64_t)v;
    if (!strcmp(name, "last")) sum->last = v;
    if (!strcmp(name, "min")) sum->min = v;
    if (!strcmp(name, "max")) sum->max = v;
    if (!strcmp(name, "mean")) sum->mean = v;
}

static void summary_value(walk *w, int type, const det_json_token *t) {
    unsigned depth = w->reader.depth;
    if (type != DET_JSON_NUMBER || depth >= LEVELS) return;
    for (size_t i = 0; i < w->n; i++) {
        char path[4 * NAME];
        snprintf(path, sizeof path, "trial.summaryMetrics.%s.%s.%s", partition(w->s[i]->group), w->s[i]->metric, w->name[depth]);
        if (at(w, path)) take_figure(&w->h[i].sum, w->name[depth], t);
    }
}

static int ask_summaries(det_core *core, walk *w) {
    char path[64];
    snprintf(path, sizeof path, "/api/v1/trials/%lld", (long long)det_get_run(core)->trial_id);
    w->value = summary_value;
    return ask(core, w, path);
}

/* ---- rows: GET time-series (contract 5.6) --------------------------------------------------------------------------- */

static void end_of_row(walk *w) {
    const series *s = w->s[0];
    held *h = w->h;
    if (h->rows < s->n && w->has && s->step[h->rows] == w->step && s->value[h->rows] == w->v) h->rows_equal++;
    h->rows++;
    w->has = 0;
}

static void row_value(walk *w, int type, const det_json_token *t) {
    char value[2 * NAME + 24];
    snprintf(value, sizeof value, "trials..metrics..data..values.%s", w->s[0]->metric);
    if (type == DET_JSON_OBJECT_END) {
        if (at(w, "trials..metrics..data.")) end_of_row(w);
    } else if (at(w, "trials..metrics..data..batches")) {
        (void)det_json_to_int(t, &w->step);
    } else if (at(w, value)) {
        w->has = det_json_to_double(t, &w->v) == DET_OK;
    }
}

/* maxDatapoints has to cover the window, or the master answers with a random sample; steps begin at 1, because an
 * endBatches of 0 would be no limit. */
static int ask_rows(det_core *core, walk *w) {
    char path[192];
    const series *s = w->s[0];
    long long end = s->n ? s->step[s->n - 1] : 1;
    snprintf(path, sizeof path, "/api/v1/trials/time-series?trialIds=%lld&metricIds=%s.%s&startBatches=1&endBatches=%lld&maxDatapoints=%lld",
             (long long)det_get_run(core)->trial_id, s->group, s->metric, end, end);
    w->value = row_value;
    return ask(core, w, path);
}

int readback(det_core *core, const series *const *s, held *h, size_t n) {
    walk w = {0};
    w.s = s;
    w.h = h;
    w.n = n;
    memset(h, 0, n * sizeof *h);
    int rc = ask_summaries(core, &w);
    for (size_t i = 0; i < n && rc == DET_OK; i++) {
        walk rows = {0};
        rows.s = &s[i];
        rows.h = &h[i];
        rc = ask_rows(core, &rows);
    }
    return rc;
}

/* ---- comparing ------------------------------------------------------------------------------------------------------ */

/* Sums depend on the order of adding, which is the master's business. */
static int close_to(double a, double b) {
    return fabs(a - b) <= 1e-9 * fabs(b);
}

int readback_equal(const series *s, const held *h) {
    summary mine = series_summary(s);
    const summary *m = &h->sum;
    if (h->rows != s->n || h->rows_equal != s->n || m->count != mine.count) return 0;
    return m->last == mine.last && m->min == mine.min && m->max == mine.max && close_to(m->mean, mine.mean);
}
