/* SPDX-License-Identifier: Apache-2.0
 * Whether a live answer is the recorded one. The judge's JSON is libjansson, so that the master's own reader and writer
 * are checked by another. The rules for comparing requests and answers:
 *   - Method and path exactly after replacing ids; a query as a multiset of decoded pairs.
 *   - JSON by value: 1, 1.0 and 1e0 are one number, "2048" and 2048 are two values, an absent key is not null. (Free
 *     spacing and key order is the general rule; here the order of keys is compared as well, since the master claims it.)
 *   - Replaced on both sides, each kind by order of appearance: experiment, trial (also as runId), storage, row and user
 *     ids, uuids (also within a task id), RFC 3339 times. trialRunId, steps and metric values stay: they are the point.
 *   - Header names in any case, order free (here: exactly as recorded); Date, Expires, Host's port, User-Agent, Accept*,
 *     Connection ignored; Content-Length is checked against the body there, not against the recording.
 *   - Status, error shape and error text are fixed. Times between blocks mean nothing, nor does the interleaving of
 *     connections; the order within one does. */
#include "replay.h"

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct judge {
    id_map *m;
    char *why;
    size_t why_n;
    char path[512];
} judge;

/* ---- the map ---- */

bool map_pair(id_map *m, id_kind k, const char *rec, const char *live) {
    for (size_t i = 0; i < m->n[k]; i++) {
        if (!strcmp(m->rec[k][i], rec)) return k == ID_TIME ? true : !strcmp(m->live[k][i], live);
        if (k != ID_TIME && !strcmp(m->live[k][i], live)) return false;
    }
    size_t n = m->n[k]++;
    m->rec[k] = realloc(m->rec[k], (n + 1) * sizeof **m->rec);
    m->live[k] = realloc(m->live[k], (n + 1) * sizeof **m->live);
    if (!m->rec[k] || !m->live[k]) abort();
    m->rec[k][n] = strdup(rec);
    m->live[k][n] = strdup(live);
    return true;
}

const char *map_find(const id_map *m, id_kind k, const char *rec) {
    for (size_t i = 0; i < m->n[k]; i++)
        if (!strcmp(m->rec[k][i], rec)) return m->live[k][i];
    return NULL;
}

void map_free(id_map *m) {
    for (int k = 0; k < ID_KINDS; k++) {
        for (size_t i = 0; i < m->n[k]; i++) {
            free(m->rec[k][i]);
            free(m->live[k][i]);
        }
        free(m->rec[k]);
        free(m->live[k]);
    }
    memset(m, 0, sizeof *m);
}

/* ---- values ---- */

static bool differ(judge *j, const char *what) {
    if (!*j->why) snprintf(j->why, j->why_n, "%s at %s", what, *j->path ? j->path : "the top");
    return false;
}

static bool is_uuid(const char *s) {
    for (int i = 0; i < 36; i++)
        if (i == 8 || i == 13 || i == 18 || i == 23 ? s[i] != '-' : !isxdigit((unsigned char)s[i])) return false;
    return true;
}

static bool is_time(const char *s) {
    int n = 0, d;
    return sscanf(s, "%4d-%2d-%2dT%2d:%2d:%2d%n", &d, &d, &d, &d, &d, &d, &n) == 6 && n == 19 && s[strlen(s) - 1] == 'Z';
}

/* "13.<uuid>" or "13.name": an experiment id in front. */
static bool task_equal(judge *j, const char *rec, const char *live) {
    size_t a = strspn(rec, "0123456789"), b = strspn(live, "0123456789");
    char r[32], l[32];
    snprintf(r, sizeof r, "%.*s", (int)a, rec);
    snprintf(l, sizeof l, "%.*s", (int)b, live);
    if (!map_pair(j->m, ID_EXPERIMENT, r, l)) return differ(j, "task of another experiment");
    rec += a;
    live += b;
    if (strlen(rec) == 37 && strlen(live) == 37 && is_uuid(rec + 1) && is_uuid(live + 1)) return map_pair(j->m, ID_UUID, rec + 1, live + 1) || differ(j, "uuid");
    return !strcmp(rec, live) || differ(j, "task id");
}

/* An error's sentence: fixed but for the ids in it, which are quoted or in front of a known word. */
static bool sentence_equal(const judge *j, const char *rec, const char *live) {
    while (*rec && *live) {
        size_t a = strspn(rec, "0123456789"), b = strspn(live, "0123456789");
        char r[32], l[32];
        if (!a || !b) {
            if (*rec++ != *live++) return false;
            continue;
        }
        snprintf(r, sizeof r, "%.*s", (int)a, rec);
        snprintf(l, sizeof l, "%.*s", (int)b, live);
        const char *t = map_find(j->m, ID_TRIAL, r), *e = map_find(j->m, ID_EXPERIMENT, r);
        if (strcmp(r, l) && !(t && !strcmp(t, l)) && !(e && !strcmp(e, l))) return false;
        rec += a;
        live += b;
    }
    return *rec == *live;
}

static bool text_equal(judge *j, const char *key, const char *rec, const char *live) {
    bool task = key && (!strcmp(key, "taskId") || !strcmp(key, "taskIds"));
    if (task && *rec) return task_equal(j, rec, live);
    if (strlen(rec) == 36 && strlen(live) == 36 && is_uuid(rec) && is_uuid(live)) return map_pair(j->m, ID_UUID, rec, live) || differ(j, "uuid");
    if (strlen(rec) >= 20 && strlen(live) >= 20 && is_time(rec) && is_time(live)) {
        bool whole = strlen(rec) >= 27 && strlen(live) >= 27; /* milliseconds of different rows may coincide */
        return !whole || map_pair(j->m, ID_TIME, rec, live) || differ(j, "time");
    }
    if (key && (!strcmp(key, "error") || !strcmp(key, "message")) && sentence_equal(j, rec, live)) return true;
    if (!strcmp(rec, "TOKEN")) return strlen(live) > 300 || differ(j, "token");
    if (!strcmp(rec, live)) return true;
    char what[400];
    snprintf(what, sizeof what, "text \"%.150s\", recorded \"%.150s\",", live, rec);
    return differ(j, what);
}

/* The kind of id a number is by its key and its object, or ID_KINDS. */
static id_kind kind_of(const char *key, const json_t *parent) {
    if (!key) return ID_KINDS;
    if (!strcmp(key, "experimentId")) return ID_EXPERIMENT;
    if (!strcmp(key, "trialId") || !strcmp(key, "trialIds") || !strcmp(key, "runId")) return ID_TRIAL;
    if (!strcmp(key, "storageId")) return ID_STORAGE;
    if (!strcmp(key, "userId")) return ID_USER;
    if (strcmp(key, "id") || !json_is_object(parent)) return ID_KINDS;
    if (json_object_get(parent, "jobId")) return ID_EXPERIMENT;
    if (json_object_get(parent, "taskId")) return ID_TRIAL;
    if (json_object_get(parent, "trialRunId")) return ID_ROW;
    return json_object_get(parent, "username") ? ID_USER : ID_KINDS;
}

static bool number_equal(judge *j, const char *key, const json_t *parent, double rec, double live) {
    id_kind k = kind_of(key, parent);
    char r[96], l[96];
    if (key && !strcmp(key, "experiment_seed")) return live > 1e9 || differ(j, "seed"); /* the time it was made */
    if (key && !strcmp(key, "duration")) return live >= 0 || differ(j, "duration"); /* of what still runs: up to now */
    if (k == ID_KINDS) {
        snprintf(r, sizeof r, "number %.17g, recorded %.17g,", live, rec);
        return !(rec < live || rec > live) || differ(j, r);
    }
    snprintf(r, sizeof r, "%.0f", rec);
    snprintf(l, sizeof l, "%.0f", live);
    return map_pair(j->m, k, r, l) || differ(j, "id");
}

static bool value_equal(judge *j, const char *key, const json_t *parent, const json_t *rec, const json_t *live);

static bool object_equal(judge *j, const json_t *rec, const json_t *live) {
    void *a = json_object_iter((json_t *)(size_t)rec), *b = json_object_iter((json_t *)(size_t)live);
    size_t len = strlen(j->path);
    for (; a && b; a = json_object_iter_next((json_t *)(size_t)rec, a), b = json_object_iter_next((json_t *)(size_t)live, b)) {
        const char *ka = json_object_iter_key(a), *kb = json_object_iter_key(b);
        snprintf(j->path + len, sizeof j->path - len, ".%s", ka);
        if (strcmp(ka, kb)) {
            char what[200];
            snprintf(what, sizeof what, "key \"%.80s\", recorded \"%.80s\",", kb, ka);
            return differ(j, what);
        }
        if (!value_equal(j, ka, rec, json_object_iter_value(a), json_object_iter_value(b))) return false;
    }
    j->path[len] = 0;
    return (!a && !b) || differ(j, a ? "missing key" : "additional key");
}

static bool array_equal(judge *j, const char *key, const json_t *rec, const json_t *live) {
    size_t n = json_array_size(rec), len = strlen(j->path);
    if (n != json_array_size(live)) return differ(j, "length of array");
    for (size_t i = 0; i < n; i++) {
        snprintf(j->path + len, sizeof j->path - len, "[%zu]", i);
        if (!value_equal(j, key, rec, json_array_get(rec, i), json_array_get(live, i))) return false;
    }
    j->path[len] = 0;
    return true;
}

static bool value_equal(judge *j, const char *key, const json_t *parent, const json_t *rec, const json_t *live) {
    if (json_typeof(rec) != json_typeof(live)) return differ(j, "type");
    switch (json_typeof(rec)) {
    case JSON_OBJECT: return object_equal(j, rec, live);
    case JSON_ARRAY: return array_equal(j, key, rec, live);
    case JSON_STRING: return text_equal(j, key, json_string_value(rec), json_string_value(live));
    case JSON_REAL: return number_equal(j, key, parent, json_real_value(rec), json_real_value(live));
    default: return true;
    }
}

/* ---- bodies ---- */

static bool line_equal(judge *j, const char *rec, size_t rn, const char *live, size_t ln) {
    enum { FLAGS = JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL };
    json_error_t e;
    json_t *a = json_loadb(rec, rn, FLAGS, &e);
    if (!a) return differ(j, "recorded body is no JSON");
    json_t *b = json_loadb(live, ln, FLAGS, &e);
    bool same = b ? value_equal(j, NULL, NULL, a, b) : differ(j, "body is no JSON");
    json_decref(a);
    json_decref(b);
    return same;
}

static size_t line_len(const char *p, size_t n) {
    const char *nl = memchr(p, '\n', n);
    return nl ? (size_t)(nl - p) : n;
}

/* One value, or a stream of lines; line ends have to be the same. */
static bool body_equal(judge *j, const bytes *rec, const bytes *live) {
    size_t a = 0, b = 0;
    while (a < rec->n && b < live->n) {
        size_t an = line_len(rec->p + a, rec->n - a), bn = line_len(live->p + b, live->n - b);
        if (an && !line_equal(j, rec->p + a, an, live->p + b, bn)) return false;
        if ((a + an < rec->n) != (b + bn < live->n)) return differ(j, "line end");
        a += an + 1;
        b += bn + 1;
    }
    return ((a >= rec->n) == (b >= live->n)) || differ(j, "number of lines");
}

bool answers_equal(id_map *m, const answer *rec, const answer *live, char *why, size_t why_n) {
    judge j = {m, why, why_n, ""};
    *why = 0;
    if (strcmp(rec->status, live->status)) snprintf(why, why_n, "status \"%s\", recorded \"%s\"", live->status, rec->status);
    else if (strcmp(rec->headers, live->headers)) snprintf(why, why_n, "headers\n%srecorded\n%s", live->headers, rec->headers);
    else if (rec->until_close) return (rec->body.n == live->body.n && !memcmp(rec->body.p, live->body.p, rec->body.n)) || differ(&j, "text");
    else return body_equal(&j, &rec->body, &live->body);
    return false;
}
