/* SPDX-License-Identifier: Apache-2.0
 * Reads the recordings (tests/recordings/README.md) into what each connection's two sides said. Binary safe. Only a
 * header, for tests and benchmarks; wants a heap and stdio. Answers to a login are lengthened to the Content-Length
 * they had before their token was replaced. */
#ifndef RECORDING_H
#define RECORDING_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct recording_bytes {
    char *data;
    size_t len, cap;
} recording_bytes;

typedef struct recording_conn {
    int id;
    recording_bytes client, server;
} recording_conn;

typedef struct recording {
    char name[512]; /* "logs.txt", "cli/e_list.txt" */
    recording_conn *conns;
    size_t n;
} recording;

typedef struct recording_set {
    recording *files;
    size_t n;
} recording_set;

/* One request of a client's stream. */
typedef struct recording_request {
    const char *method, *path; /* up to the next space */
    const char *body;
    size_t body_len;
} recording_request;

static inline void *recording_grow(void *p, size_t size) {
    void *q = realloc(p, size ? size : 1);
    if (!q) abort();
    return q;
}

static inline void recording_insert(recording_bytes *b, size_t at, const char *data, size_t len) {
    if (b->len + len > b->cap) {
        b->cap = (b->len + len) * 2;
        b->data = (char *)recording_grow(b->data, b->cap);
    }
    memmove(b->data + at + len, b->data + at, b->len - at);
    memcpy(b->data + at, data, len);
    b->len += len;
}

/* The first occurrence of s in [p, end), or NULL. */
static inline const char *recording_find(const char *p, const char *end, const char *s) {
    size_t n = strlen(s);
    for (; (size_t)(end - p) >= n; p++)
        if (*p == *s && memcmp(p, s, n) == 0) return p;
    return NULL;
}

static inline recording_bytes recording_file(const char *path) {
    recording_bytes b = {NULL, 0, 0};
    char piece[4096];
    size_t n;
    FILE *f = fopen(path, "rb");
    if (!f) return b;
    while ((n = fread(piece, 1, sizeof piece, f)) > 0) recording_insert(&b, b.len, piece, n);
    fclose(f);
    return b;
}

static inline recording_conn *recording_conn_get(recording *r, int id) {
    for (size_t i = 0; i < r->n; i++)
        if (r->conns[i].id == id) return &r->conns[i];
    r->conns = (recording_conn *)recording_grow(r->conns, (r->n + 1) * sizeof *r->conns);
    memset(&r->conns[r->n], 0, sizeof *r->conns);
    r->conns[r->n].id = id;
    return &r->conns[r->n++];
}

static inline int recording_is_marker(const char *p, const char *end) {
    return end - p >= 9 && (!memcmp(p, "=== ", 4) || !memcmp(p, ">>> conn ", 9) || !memcmp(p, "<<< conn ", 9));
}

/* The length of the JSON object at p. */
static inline size_t recording_object_len(const char *p, const char *end) {
    const char *s = p;
    int depth = 0, quoted = 0;
    for (; s < end; s++) {
        if (quoted) {
            if (*s == '\\') s++;
            quoted = s < end && *s != '"';
        } else {
            quoted = *s == '"';
            depth += (*s == '{') - (*s == '}');
            if (!depth) return (size_t)(s + 1 - p);
        }
    }
    return (size_t)(end - p);
}

/* Content-Length of the head that ends at its empty line `end`; 0 if it has none. */
static inline size_t recording_length(const char *head, const char *end) {
    const char *p = recording_find(head, end, "\r\nContent-Length: ");
    return p ? (size_t)strtoul(p + 18, NULL, 10) : 0;
}

/* Give each replaced token its length back. */
static inline void recording_pad_tokens(recording_bytes *b) {
    static const char START[] = "\r\n\r\n{\"token\":\"TOKEN\"";
    static const char FILL[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
    size_t at = 0;
    const char *p;
    while (b->data && (p = recording_find(b->data + at, b->data + b->len, START)) != NULL) {
        const char *head = p;
        size_t want, have = recording_object_len(p + 4, b->data + b->len);
        while (head > b->data && memcmp(head, "HTTP/1.", 7) != 0) head--;
        want = recording_length(head, p + 2);
        at = (size_t)(p - b->data) + sizeof START - 2;
        for (size_t i = have; i < want; i++) recording_insert(b, at, FILL + i % 64, 1);
    }
}

static inline recording recording_load(const char *dir, const char *name) {
    recording r;
    char path[1024];
    recording_bytes f, *to = NULL;
    const char *p, *end;
    memset(&r, 0, sizeof r);
    snprintf(path, sizeof path, "%s/%s", dir, name);
    snprintf(r.name, sizeof r.name, "%s", name);
    f = recording_file(path);
    end = f.data ? f.data + f.len : NULL;
    for (p = f.data; p < end;) {
        const char *nl = (const char *)memchr(p, '\n', (size_t)(end - p));
        const char *next = nl ? nl + 1 : end;
        if (recording_is_marker(p, end)) {
            recording_conn *c = *p == '=' ? NULL : recording_conn_get(&r, atoi(p + 9));
            to = !c ? NULL : *p == '>' ? &c->client : &c->server;
        } else if (to) {
            /* the newline before a marker is the recorder's */
            int last = next == end || recording_is_marker(next, end);
            recording_insert(to, to->len, p, (size_t)((last && nl ? nl : next) - p));
        }
        p = next;
    }
    free(f.data);
    for (size_t i = 0; i < r.n; i++) recording_pad_tokens(&r.conns[i].server);
    return r;
}

static inline void recording_add_dir(recording_set *set, const char *dir, const char *prefix) {
    char path[1024], name[512];
    struct dirent *e;
    DIR *d;
    snprintf(path, sizeof path, "%s/%s", dir, prefix);
    d = opendir(path);
    if (!d) return;
    while ((e = readdir(d)) != NULL) {
        size_t n = strlen(e->d_name);
        if (n < 4 || strcmp(e->d_name + n - 4, ".txt") != 0) continue;
        snprintf(name, sizeof name, "%s%s", prefix, e->d_name);
        set->files = (recording *)recording_grow(set->files, (set->n + 1) * sizeof *set->files);
        set->files[set->n++] = recording_load(dir, name);
    }
    closedir(d);
}

/* All of them. The directory is $TEST_DATA, or tests/recordings below the current one. */
static inline recording_set recording_load_all(void) {
    recording_set set = {NULL, 0};
    const char *dir = getenv("TEST_DATA");
    if (!dir || !*dir) dir = "tests/recordings";
    recording_add_dir(&set, dir, "");
    recording_add_dir(&set, dir, "cli/");
    return set;
}

static inline void recording_free_all(recording_set *set) {
    for (size_t i = 0; i < set->n; i++) {
        for (size_t k = 0; k < set->files[i].n; k++) {
            free(set->files[i].conns[k].client.data);
            free(set->files[i].conns[k].server.data);
        }
        free(set->files[i].conns);
    }
    free(set->files);
    set->files = NULL;
    set->n = 0;
}

/* The next request of a client's stream at *at, which is moved behind it. 0 at the end, or where it is cut. */
static inline int recording_next_request(const recording_bytes *client, size_t *at, recording_request *q) {
    const char *p = client->data + *at, *end = client->data + client->len, *head_end;
    if (!client->data || p >= end) return 0;
    head_end = recording_find(p, end, "\r\n\r\n");
    if (!head_end) return 0;
    q->method = p;
    q->path = strchr(p, ' ') + 1;
    q->body = head_end + 4;
    q->body_len = recording_length(p, head_end + 2);
    if (q->body_len > (size_t)(end - q->body)) return 0;
    *at = (size_t)(q->body + q->body_len - client->data);
    return 1;
}

#endif
