/* SPDX-License-Identifier: Apache-2.0
 * Users, tokens and the tables by id; see store.h. Rows of metrics live in metrics.c. */
#include "store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "sha512.h"

store db;

usec now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (usec)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void buf_time(buf *b, usec t, bool millis) {
    struct tm tm;
    char date[32];
    time_t s = (time_t)(t / 1000000);
    long us = (long)(t % 1000000);
    if (!t) {
        buf_str(b, "null");
        return;
    }
    gmtime_r(&s, &tm);
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm);
    if (us % 1000000 == 0 || (millis && us < 1000)) buf_fmt(b, "\"%sZ\"", date);
    else if (millis || us % 1000 == 0) buf_fmt(b, "\"%s.%03ldZ\"", date, us / 1000);
    else buf_fmt(b, "\"%s.%06ldZ\"", date, us);
}

/* Go's RFC3339Nano: a T, optional fraction, Z or +hh:mm. */
bool time_parse(const char *s, usec *out) {
    struct tm tm = {0};
    int n = 0, h = 0, m = 0;
    long frac = 0;
    if (sscanf(s, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &n) != 6 || n != 19) return false;
    s += n;
    if (*s == '.') {
        long unit = 100000;
        for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10) frac += (*s - '0') * unit;
    }
    if (*s != 'Z' && (sscanf(s + (*s == '+' || *s == '-'), "%2d:%2d%n", &h, &m, &n) != 2 || n != 5 || (*s != '+' && *s != '-'))) return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    int64_t secs = (int64_t)timegm(&tm) - (*s == '-' ? -1 : 1) * (h * 3600 + m * 60);
    *out = secs * 1000000 + frac;
    return *s == 'Z' ? s[1] == 0 : s[6] == 0;
}

void random_bytes(void *p, size_t n) {
    unsigned char *u = p;
    while (n) {
        ssize_t k = getrandom(u, n > 256 ? 256 : n, 0);
        if (k <= 0) abort();
        u += k;
        n -= (size_t)k;
    }
}

void uuid_new(char out[37]) {
    unsigned char r[16];
    random_bytes(r, sizeof r);
    r[6] = (unsigned char)((r[6] & 0x0F) | 0x40);
    r[8] = (unsigned char)((r[8] & 0x3F) | 0x80);
    for (int i = 0, k = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out[k++] = '-';
        snprintf(out + k, 3, "%02x", r[i]);
        k += 2;
    }
}

/* ---- users ---- */

user *store_find_user(const char *name) {
    for (size_t i = 0; i < db.nusers; i++)
        if (!strcmp(db.users[i].name, name)) return &db.users[i];
    return NULL;
}

user *store_user(const char *name, const char *hash, bool admin) {
    user *u = store_find_user(name);
    if (!u) {
        if (db.nusers == sizeof db.users / sizeof *db.users) return NULL;
        u = &db.users[db.nusers++];
        u->id = (int)db.nusers;
        snprintf(u->name, sizeof u->name, "%s", name);
        u->admin = admin;
    }
    snprintf(u->hash, sizeof u->hash, "%s", hash);
    u->modified = now_us();
    return u;
}

/* As long and of the same alphabet as a real one: v2.public.<base64url>.<base64url>, 366 characters. */
static void token_text(char out[512]) {
    static const char A[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char r[356];
    random_bytes(r, sizeof r);
    size_t n = (size_t)sprintf(out, "v2.public.");
    for (size_t i = 0; i < sizeof r; i++) out[n++] = i == 334 ? '.' : A[r[i] & 63];
    out[n] = 0;
}

token *store_login(user *u) {
    db.tokens = xrealloc(db.tokens, (db.ntokens + 1) * sizeof *db.tokens);
    token *t = &db.tokens[db.ntokens++];
    memset(t, 0, sizeof *t);
    token_text(t->text);
    t->n = strlen(t->text);
    t->owner = u;
    t->expires_ms = db.token_ms ? now_ms() + db.token_ms : 0;
    u->last_auth = now_us();
    return t;
}

static token *find_token(const char *s) {
    size_t n = strlen(s);
    for (size_t i = db.ntokens; i-- > 0;)
        if (db.tokens[i].n == n && !memcmp(db.tokens[i].text, s, n)) return &db.tokens[i];
    return NULL;
}

user *store_auth(const char *tok) {
    token *t = find_token(tok);
    if (!t || t->dead || (t->expires_ms && now_ms() >= t->expires_ms)) return NULL;
    return t->owner;
}

void store_logout(const char *tok) {
    token *t = find_token(tok);
    if (t) t->dead = true;
}

/* ---- tables ---- */

static size_t grow(void ***v, size_t *n) {
    *v = xrealloc(*v, (*n + 1) * sizeof **v);
    (*v)[*n] = NULL;
    return (*n)++;
}

experiment *store_experiment(int64_t id) {
    return id > 0 && (uint64_t)id <= db.nexps ? db.exps[id - 1] : NULL;
}

trial *store_trial(int64_t id) {
    return id > 0 && (uint64_t)id <= db.ntrials ? db.trials[id - 1] : NULL;
}

void store_skip_experiment(void) {
    void **v = (void **)db.exps;
    grow(&v, &db.nexps);
    db.exps = (experiment **)v;
}

void store_skip_trial(void) {
    void **v = (void **)db.trials;
    grow(&v, &db.ntrials);
    db.trials = (trial **)v;
}

experiment *store_experiment_new(void) {
    char id[37];
    experiment *e = xmalloc(sizeof *e);
    store_skip_experiment();
    db.exps[db.nexps - 1] = e;
    e->id = (int)db.nexps;
    e->start = now_us();
    uuid_new(id);
    e->job = xstrndup(id, 36);
    return e;
}

trial *store_trial_new(int exp) {
    trial *t = xmalloc(sizeof *t);
    store_skip_trial();
    db.trials[db.ntrials - 1] = t;
    t->id = (int)db.ntrials;
    t->experiment = exp;
    t->start = t->last_activity = now_us();
    snprintf(t->state, sizeof t->state, "STATE_PAUSED");
    t->runner_state = xstrndup("", 0);
    t->old_max = -1;
    t->best = t->latest = -1;
    return t;
}

int store_storage(const char *canonical) {
    for (size_t i = 0; i < db.nstorages; i++)
        if (!strcmp(db.storages[i], canonical)) return (int)i + 1;
    db.storages = xrealloc(db.storages, (db.nstorages + 1) * sizeof *db.storages);
    db.storages[db.nstorages++] = xstrndup(canonical, strlen(canonical));
    return (int)db.nstorages;
}

checkpoint *store_checkpoint(const char *uuid) {
    for (size_t i = 0; i < db.nckpts; i++)
        if (!strcasecmp(db.ckpts[i].uuid, uuid)) return &db.ckpts[i];
    return NULL;
}

/* The most advanced of PAUSED < ERROR < COMPLETED < RUNNING (postgres_trials.go:272-358). */
static int rank(const char *state) {
    static const char *const R[] = {"STATE_PAUSED", "STATE_CANCELED", "STATE_ERROR", "STATE_COMPLETED"};
    for (int i = 0; i < 4; i++)
        if (!strcmp(state, R[i])) return i;
    return 4;
}

const char *experiment_state(const experiment *e, usec *end) {
    const char *state = "STATE_PAUSED";
    *end = 0;
    for (size_t i = 0; i < db.ntrials; i++) {
        const trial *t = db.trials[i];
        if (!t || t->experiment != e->id) continue;
        if (rank(t->state) >= rank(state)) state = t->state;
        if (t->end > *end) *end = t->end;
    }
    if (rank(state) < 1 || rank(state) > 3) *end = 0;
    return state;
}

void store_init(void) {
    uuid_new(db.master_id);
    uuid_new(db.cluster_id);
    db.next_row = 1;
    store_user("admin", "", true);
    store_user("determined", "", false);
}

static void trial_free(trial *t) {
    if (!t) return;
    for (size_t i = 0; i < t->nrows; i++) {
        for (size_t k = 0; k < t->rows[i].n; k++) {
            free(t->rows[i].m[k].name);
            free(t->rows[i].m[k].text);
        }
        free(t->rows[i].m);
        free(t->rows[i].batch);
    }
    for (size_t i = 0; i < t->groups; i++) {
        for (size_t k = 0; k < t->g[i].n; k++) {
            free(t->g[i].s[k].name);
            free(t->g[i].s[k].last);
        }
        free(t->g[i].s);
        free(t->g[i].name);
    }
    char *texts[] = {t->external, t->task, t->hparams, t->runner_state, t->metadata};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) free(texts[i]);
    free(t->g);
    free(t->rows);
    free(t->hash);
    free(t);
}

static void experiment_free(experiment *e) {
    if (!e) return;
    char *texts[] = {e->external, e->name, e->config, e->original, e->job, e->metric, e->searcher, e->description, e->labels, e->hparams};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) free(texts[i]);
    free(e);
}

void store_free(void) {
    for (size_t i = 0; i < db.ntrials; i++) trial_free(db.trials[i]);
    for (size_t i = 0; i < db.nexps; i++) experiment_free(db.exps[i]);
    for (size_t i = 0; i < db.nstorages; i++) free(db.storages[i]);
    for (size_t i = 0; i < db.nckpts; i++) {
        free(db.ckpts[i].resources);
        free(db.ckpts[i].metadata);
    }
    free(db.trials);
    free(db.exps);
    free(db.storages);
    free(db.ckpts);
    free(db.tokens);
    memset(&db, 0, sizeof db);
}
