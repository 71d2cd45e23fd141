/* SPDX-License-Identifier: Apache-2.0
 * What the master holds: users, tokens, experiments, trials, rows of metrics, checkpoints. Times are microseconds of
 * UTC; JSON values are kept as canonical text (sorted keys, Go's numbers), so equal values are equal strings. */
#ifndef MASTER_STORE_H
#define MASTER_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "json.h"

typedef int64_t usec;

typedef struct user {
    int id;
    char name[64];
    char hash[129]; /* password_hash(), "" for a blank one */
    bool admin;
    usec modified, last_auth; /* last_auth 0: never */
} user;

typedef struct token {
    char text[512];
    size_t n;
    user *owner;
    int64_t expires_ms; /* on the monotonic clock, 0 = never */
    bool dead;
} token;

typedef struct metric {
    char *name, *text; /* text: canonical JSON */
    size_t name_n, text_n;
} metric;

typedef struct row {
    int64_t id;
    int group; /* index into the trial's groups */
    int steps, run;
    bool archived;
    usec time;
    metric *m;
    size_t n;
    char *batch; /* canonical JSON array, NULL = none */
} row;

typedef enum { M_NUMBER, M_STRING, M_BOOL, M_DATE, M_OBJECT, M_ARRAY, M_NULL } mtype;

typedef struct summary {
    char *name;
    size_t name_n;
    mtype type;
    int64_t count;
    double sum, min, max;
    char *last; /* canonical JSON, NULL = null */
} summary;

typedef enum { P_TRAINING, P_VALIDATION, P_CUSTOM, P_PROFILING } partition;

typedef struct mgroup {
    char *name;
    partition part;
    summary *s; /* sorted by name */
    size_t n;
} mgroup;

typedef struct checkpoint {
    char uuid[37];
    int trial;
    usec time;
    char state[32]; /* STATE_COMPLETED, STATE_DELETED, ... */
    char *resources, *metadata; /* canonical JSON objects; resources map names to decimal strings */
    int64_t size;
    bool has_steps;
    int steps;
    int storage; /* 0 = none */
} checkpoint;

typedef struct trial {
    int id, experiment, run;
    char *external, *task, *hparams, *runner_state, *metadata;
    char state[32];
    usec start, end, last_activity; /* end 0: null */
    int total_batches;
    mgroup *g;
    size_t groups;
    row *rows;
    size_t nrows, cap;
    int32_t *hash; /* row index + 1 by (group, steps, run) */
    size_t hash_cap;
    int old_max;        /* highest step among live rows of older runs, -1 = none */
    int64_t best, latest; /* row indexes of validations, -1 = none */
    unsigned long heartbeats, reports, refused;
} trial;

typedef struct experiment {
    int id;
    user *owner;
    char *external, *name, *config, *original, *job, *metric;
    char *description, *labels, *hparams; /* from the config; the latter two are JSON */
    bool smaller_is_better;
    usec start;
    double progress;
    char *searcher;
} experiment;

typedef struct store {
    user users[32];
    size_t nusers;
    token *tokens;
    size_t ntokens;
    experiment **exps; /* by id; NULL = gap */
    size_t nexps;
    trial **trials;
    size_t ntrials;
    checkpoint *ckpts;
    size_t nckpts;
    char **storages; /* canonical checkpoint storage by id - 1 */
    size_t nstorages;
    int64_t next_row;
    char master_id[37], cluster_id[37];
    int64_t token_ms; /* life of a new token, 0 = for ever */
    unsigned long logs;
} store;

extern store db;

usec now_us(void);
int64_t now_ms(void); /* monotonic */
void buf_time(buf *b, usec t, bool millis); /* quoted RFC 3339; 0 gives null */
bool time_parse(const char *s, usec *out);
void uuid_new(char out[37]);
void random_bytes(void *p, size_t n);

void store_init(void);
void store_free(void);
user *store_user(const char *name, const char *hash, bool admin); /* add or change */
user *store_find_user(const char *name);
token *store_login(user *u);
user *store_auth(const char *tok); /* NULL: unknown, expired or logged out */
void store_logout(const char *tok);

experiment *store_experiment_new(void); /* takes the next id */
experiment *store_experiment(int64_t id);
trial *store_trial_new(int exp);
trial *store_trial(int64_t id);
void store_skip_experiment(void); /* an upsert uses up an id */
void store_skip_trial(void);
int store_storage(const char *canonical); /* id, adding it if new */
checkpoint *store_checkpoint(const char *uuid);
const char *experiment_state(const experiment *e, usec *end); /* from its trials; *end 0 = running or none */

#endif
