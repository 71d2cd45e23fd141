/* SPDX-License-Identifier: Apache-2.0
 * Heads of all recordings: our parser against http_parser (strict), alternately in one process. Each is given the same
 * heads, bodies left out, and told as much as a client must know: status, length, framing, keep-alive. Medians.
 * Links -lhttp_parser. */
#define _POSIX_C_SOURCE 199309L
#include <http_parser.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "http/response.h"
#include "unit/recording.h"

#define ROUNDS 31
#define REPEATS 20

typedef struct head {
    const char *data;
    size_t len;
} head;

typedef struct heads {
    head *at;
    size_t n, bytes;
} heads;

static uint64_t sum; /* keeps results from being optimised away; both parsers must give the same */

static double now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void ours(const heads *h) {
    for (size_t i = 0; i < h->n; i++) {
        det__response r;
        size_t used;
        det__response_init(&r, 0);
        if (det__response_feed(&r, h->at[i].data, h->at[i].len, &used) != DET__RESPONSE_HEAD) abort();
        sum += r.status + r.keep_alive + (r.has_length ? r.content_length : 0);
    }
}

static int on_head(http_parser *p) {
    sum += p->status_code + (http_should_keep_alive(p) ? 1u : 0u) +
           (p->content_length != UINT64_MAX && !(p->flags & F_CHUNKED) ? p->content_length : 0);
    return 0;
}

static void theirs(const heads *h) {
    static http_parser_settings settings;
    settings.on_headers_complete = on_head;
    for (size_t i = 0; i < h->n; i++) {
        http_parser p;
        http_parser_init(&p, HTTP_RESPONSE);
        if (http_parser_execute(&p, &settings, h->at[i].data, h->at[i].len) != h->at[i].len) abort();
    }
}

static double time_of(void (*run)(const heads *), const heads *h) {
    double start = now_ns();
    for (int i = 0; i < REPEATS; i++) run(h);
    return (now_ns() - start) / REPEATS / (double)h->n;
}

static int by_size(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, size_t n) {
    qsort(v, n, sizeof *v, by_size);
    return v[n / 2];
}

/* Every answer's head: what the parser uses up to DET__RESPONSE_HEAD. */
static void collect(heads *h, const recording_conn *c) {
    size_t at = 0, used;
    while (at < c->server.len) {
        det__response r;
        size_t start = at;
        int rc;
        det__response_init(&r, 0);
        rc = det__response_feed(&r, c->server.data + at, c->server.len - at, &used);
        if (rc != DET__RESPONSE_HEAD) return;
        h->at = (head *)recording_grow(h->at, (h->n + 1) * sizeof *h->at);
        h->at[h->n].data = c->server.data + start;
        h->at[h->n++].len = used;
        h->bytes += used;
        do {
            at += used;
            rc = det__response_feed(&r, c->server.data + at, c->server.len - at, &used);
        } while (rc == DET__RESPONSE_BODY);
        if (rc != DET__RESPONSE_DONE) return;
        at += used;
    }
}

int main(void) {
    recording_set set = recording_load_all();
    heads h = {NULL, 0, 0};
    double a[ROUNDS], b[ROUNDS], ratio[ROUNDS];
    uint64_t sum_a, sum_b;
    for (size_t i = 0; i < set.n; i++)
        for (size_t k = 0; k < set.files[i].n; k++) collect(&h, &set.files[i].conns[k]);
    if (!h.n) {
        fprintf(stderr, "bench_head: no recordings (TEST_DATA)\n");
        return 1;
    }
    ours(&h);
    sum_a = sum, sum = 0;
    theirs(&h);
    sum_b = sum;
    if (sum_a != sum_b) {
        fprintf(stderr, "bench_head: results differ: %" PRIu64 ", %" PRIu64 "\n", sum_a, sum_b);
        return 1;
    }
    for (int i = 0; i < ROUNDS; i++) {
        a[i] = time_of(ours, &h);
        b[i] = time_of(theirs, &h);
        ratio[i] = a[i] / b[i];
    }
    printf("heads of the recordings: %zu, mean %zu bytes; http_parser %d.%d.%d\n", h.n, h.bytes / h.n,
           HTTP_PARSER_VERSION_MAJOR, HTTP_PARSER_VERSION_MINOR, HTTP_PARSER_VERSION_PATCH);
    printf("libdet       %7.1f ns/head\n", median(a, ROUNDS));
    printf("http_parser  %7.1f ns/head\n", median(b, ROUNDS));
    printf("ratio        %7.2f (to reach: 0.50)\n", median(ratio, ROUNDS));
    free(h.at);
    recording_free_all(&set);
    return 0;
}
