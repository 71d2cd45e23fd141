/* SPDX-License-Identifier: Apache-2.0
 * What the two halves of the replay share: the map from recorded to live ids, and the comparison of two answers. */
#ifndef REPLAY_H
#define REPLAY_H

#include <stdbool.h>
#include <stddef.h>

typedef struct bytes {
    char *p;
    size_t n;
} bytes;

void bytes_add(bytes *b, const void *p, size_t n);
void bytes_free(bytes *b);
void bytes_drop(bytes *b, size_t n); /* forget the first n */

typedef enum { ID_EXPERIMENT, ID_TRIAL, ID_STORAGE, ID_ROW, ID_USER, ID_UUID, ID_TIME, ID_KINDS } id_kind;

/* Each kind's pairs in order of appearance. A recorded value stands for exactly one live value; of all kinds but times
 * the reverse holds too (two events of one microsecond are no error). */
typedef struct id_map {
    char **rec[ID_KINDS], **live[ID_KINDS];
    size_t n[ID_KINDS];
} id_map;

bool map_pair(id_map *m, id_kind k, const char *rec, const char *live);
const char *map_find(const id_map *m, id_kind k, const char *rec); /* NULL: never seen */
void map_free(id_map *m);

/* One HTTP answer, framing taken off. */
typedef struct answer {
    char status[128];    /* the status line behind the version */
    char headers[2048];  /* lines kept for comparing: see take_headers() */
    bytes body;
    bool until_close;
} answer;

/* The value of a header line in head[0..n), which begins with a line of its own; NULL if there is none. */
const char *find_header(const char *head, size_t n, const char *name);
/* One answer from the front of b: bytes consumed, 0 if it is not all there. ended: no more bytes will come. */
size_t take_answer(answer *a, const bytes *b, bool ended);

/* Compares by the rules at the head of replay_json.c; learns ids into m. why gets the first difference. */
bool answers_equal(id_map *m, const answer *rec, const answer *live, char *why, size_t why_n);

#endif
