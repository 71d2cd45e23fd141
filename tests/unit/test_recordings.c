/* SPDX-License-Identifier: Apache-2.0
 * A real master's answers, all of them, through the response parser and the JSON reader: whole, byte by byte, and with
 * each answer cut at each of its positions. */
#include "unit/unit.h"

#include "det_json.h"
#include "http/response.h"
#include "unit/recording.h"

typedef struct answer {
    int rc;            /* DET__RESPONSE_DONE or an error */
    int by_close;      /* it took the end of the stream */
    size_t start, len; /* in the server's stream */
    unsigned status, keep_alive;
    size_t body_len;
    unsigned long hash; /* of the body */
} answer;

typedef struct answers {
    answer *at;
    size_t n;
} answers;

static recording_set set;

static void body_add(answer *a, const det__response *r) {
    for (size_t i = 0; i < r->body_len; i++) a->hash = (a->hash ^ r->body[i]) * 16777619ul & 0xfffffffful;
    a->body_len += r->body_len;
}

/* Feed one piece; the number of bytes used. a->rc is DET__RESPONSE_MORE if it wants more. */
static size_t feed(answer *a, det__response *r, const char *s, size_t n) {
    size_t at = 0, used;
    do {
        a->rc = det__response_feed(r, s + at, n - at, &used);
        if (a->rc == DET__RESPONSE_BODY) body_add(a, r);
        at += used;
    } while (a->rc == DET__RESPONSE_BODY || a->rc == DET__RESPONSE_HEAD);
    return at;
}

static void finish(answer *a, det__response *r, size_t len) {
    if (a->rc == DET__RESPONSE_MORE) {
        a->rc = det__response_eof(r);
        a->by_close = 1;
    }
    a->len = len;
    a->status = r->status;
    a->keep_alive = r->keep_alive;
}

/* The answer that begins at start, its first `first` bytes fed alone, the rest in pieces. */
static answer read_answer(const recording_bytes *s, size_t start, size_t first, size_t piece) {
    answer a;
    det__response r;
    size_t at = start, end = start + first;
    memset(&a, 0, sizeof a);
    det__response_init(&r, 0);
    a.start = start;
    for (;;) {
        at += feed(&a, &r, s->data + at, end - at);
        if (a.rc != DET__RESPONSE_MORE || end == s->len) break;
        end = s->len - end > piece ? end + piece : s->len;
    }
    finish(&a, &r, at - start);
    return a;
}

static int same(const answer *a, const answer *b) {
    return a->rc == b->rc && a->by_close == b->by_close && a->len == b->len && a->status == b->status &&
           a->keep_alive == b->keep_alive && a->body_len == b->body_len && a->hash == b->hash;
}

static answers read_all(const recording_bytes *s) {
    answers all = {NULL, 0};
    size_t at = 0;
    while (at < s->len) {
        answer a = read_answer(s, at, s->len - at, 1);
        all.at = (answer *)recording_grow(all.at, (all.n + 1) * sizeof *all.at);
        all.at[all.n++] = a;
        at += a.len;
        if (a.rc != DET__RESPONSE_DONE || !a.len) break;
    }
    return all;
}

typedef void (*visit)(const recording *f, const recording_conn *c, const answers *a);

static void for_each_connection(visit run) {
    for (size_t i = 0; i < set.n; i++)
        for (size_t k = 0; k < set.files[i].n; k++) {
            answers a = read_all(&set.files[i].conns[k].server);
            run(&set.files[i], &set.files[i].conns[k], &a);
            free(a.at);
        }
}

/* ---- the stream's shape ------------------------------------------------------------------------------------------ */

static size_t requests_of(const recording_bytes *client) {
    recording_request q;
    size_t at = 0, n = 0;
    while (recording_next_request(client, &at, &q)) n++;
    CHECK_INT(at, client->len);
    return n;
}

/* Connections on which not every request has a whole answer, and why. */
typedef struct exception {
    const char *file;
    int conn;
    size_t requests, whole;
    int last; /* what the last, incomplete one gives */
} exception;

static const exception EXCEPTIONS[] = {
    {"abandoned_then_verified.txt", 1, 40, 12, DET__RESPONSE_DONE}, /* the client closed */
    {"logs.txt", 2, 1, 0, DET_E_TRUNCATED},                         /* follow=true, cut by the client */
    {"error_shapes.txt", 3, 1, 0, DET__RESPONSE_DONE},              /* request line too long: reset without an answer */
};

static const exception *exception_of(const recording *f, const recording_conn *c) {
    for (size_t i = 0; i < sizeof EXCEPTIONS / sizeof EXCEPTIONS[0]; i++)
        if (!strcmp(f->name, EXCEPTIONS[i].file) && c->id == EXCEPTIONS[i].conn) return &EXCEPTIONS[i];
    return NULL;
}

static size_t whole_answers, by_close;

static void check_count(const recording *f, const recording_conn *c, const answers *a) {
    const exception *x = exception_of(f, c);
    size_t requests = requests_of(&c->client), whole = 0;
    for (size_t i = 0; i < a->n; i++) {
        whole += a->at[i].rc == DET__RESPONSE_DONE;
        by_close += (size_t)(a->at[i].rc == DET__RESPONSE_DONE && a->at[i].by_close);
        CHECK(a->at[i].status >= 200 && a->at[i].status < 600);
    }
    CHECK_INT(requests, x ? x->requests : whole);
    CHECK_INT(whole, x ? x->whole : requests);
    if (a->n) CHECK_INT(a->at[a->n - 1].rc, x ? x->last : DET__RESPONSE_DONE);
    whole_answers += whole;
}

static void every_request_has_its_answer(void) {
    for_each_connection(check_count);
    CHECK_INT(set.n, 36);
    CHECK_INT(whole_answers, 481);
    CHECK_INT(by_close, 1); /* the 400 for a missing Host */
}

static void only_the_last_answer_of_a_connection_ends_it(void) {
    for (size_t i = 0; i < set.n; i++)
        for (size_t k = 0; k < set.files[i].n; k++) {
            answers a = read_all(&set.files[i].conns[k].server);
            for (size_t m = 0; m + 1 < a.n; m++) CHECK_INT(a.at[m].keep_alive, 1);
            free(a.at);
        }
}

/* ---- splits ------------------------------------------------------------------------------------------------------ */

static void check_bytes(const recording *f, const recording_conn *c, const answers *a) {
    (void)f;
    for (size_t i = 0; i < a->n; i++) {
        answer b = read_answer(&c->server, a->at[i].start, 1, 1);
        CHECK(same(&a->at[i], &b));
        b = read_answer(&c->server, a->at[i].start, 7, 13);
        CHECK(same(&a->at[i], &b));
    }
}

static void byte_by_byte_gives_the_same(void) {
    for_each_connection(check_bytes);
}

static void check_cuts(const recording *f, const recording_conn *c, const answers *a) {
    (void)f;
    for (size_t i = 0; i < a->n; i++) {
        const size_t step = a->at[i].len > 8000 ? 17 : 1; /* long bodies: a sample beyond the head */
        recording_bytes one = c->server;
        one.len = a->at[i].start + a->at[i].len;
        for (size_t cut = 0; cut <= a->at[i].len; cut += cut < 2000 ? 1 : step) {
            answer b = read_answer(&one, a->at[i].start, cut, one.len);
            CHECK(same(&a->at[i], &b));
        }
    }
}

static void a_cut_anywhere_gives_the_same(void) {
    for_each_connection(check_cuts);
}

static void check_ends(const recording *f, const recording_conn *c, const answers *a) {
    (void)f;
    for (size_t i = 0; i < a->n; i++) {
        recording_bytes cut = c->server;
        if (a->at[i].rc != DET__RESPONSE_DONE || a->at[i].by_close) continue;
        for (size_t n = 0; n < a->at[i].len; n += n < 600 ? 1 : 97) {
            answer b;
            cut.len = a->at[i].start + n;
            b = read_answer(&cut, a->at[i].start, n, 1);
            CHECK_INT(b.rc, n ? DET_E_TRUNCATED : DET_E_CLOSED);
        }
    }
}

static void an_end_anywhere_is_told(void) {
    for_each_connection(check_ends);
}

/* ---- bodies ------------------------------------------------------------------------------------------------------ */

static size_t texts;

/* One JSON text, fed in pieces. */
static int json_result(const char *s, size_t n, size_t piece) {
    char scratch[256];
    det_json_reader r;
    det_json_token t;
    int rc;
    size_t at = 0;
    det_json_read_init(&r, scratch, sizeof scratch);
    for (;;) {
        size_t take = n - at < piece ? n - at : piece;
        det_json_feed(&r, s + at, take, at + take == n);
        at += take;
        do {
            rc = det_json_next(&r, &t);
        } while (rc > DET_JSON_END);
        if (rc != DET_E_AGAIN || at == n) return rc;
    }
}

static void check_text(const char *s, size_t n) {
    texts++;
    n -= n && s[n - 1] == '\n';
    CHECK_INT(json_result(s, n, n), DET_JSON_END);
    CHECK_INT(json_result(s, n, 1), DET_JSON_END);
    CHECK_INT(json_result(s, n, 29), DET_JSON_END);
    for (size_t cut = 1; cut < n; cut += 1 + n / 16) CHECK_INT(json_result(s, cut, cut) < 0, 1);
}

/* Log and metric streams are one text a line. */
static void check_stream(const char *s, size_t n) {
    const char *end = s + n;
    while (s < end) {
        const char *nl = (const char *)memchr(s, '\n', (size_t)(end - s));
        size_t len = (size_t)((nl ? nl : end) - s);
        check_text(s, len);
        s += len + (nl != NULL);
    }
}

static int is_stream(const recording_request *q) {
    char path[128];
    snprintf(path, sizeof path, "%.*s", (int)strcspn(q->path, " ?"), q->path);
    return *q->method == 'G' && (strstr(path, "/logs") || strstr(path, "/metrics/"));
}

static char *body_of(const recording_bytes *s, const answer *a) {
    char *body = (char *)recording_grow(NULL, a->body_len);
    det__response r;
    size_t at = 0, used, got = 0;
    int rc;
    det__response_init(&r, 0);
    do {
        rc = det__response_feed(&r, s->data + a->start + at, a->len - at, &used);
        at += used;
        if (rc == DET__RESPONSE_BODY) memcpy(body + got, r.body, r.body_len), got += r.body_len;
    } while (rc == DET__RESPONSE_BODY || rc == DET__RESPONSE_HEAD);
    return body;
}

static void check_json(const recording *f, const recording_conn *c, const answers *a) {
    recording_request q;
    size_t at = 0;
    (void)f;
    for (size_t i = 0; i < a->n && recording_next_request(&c->client, &at, &q); i++) {
        char *body;
        if (a->at[i].status > 299) continue;
        body = body_of(&c->server, &a->at[i]);
        if (is_stream(&q))
            check_stream(body, a->at[i].body_len);
        else
            check_text(body, a->at[i].body_len);
        free(body);
    }
}

static void every_body_is_json(void) {
    for_each_connection(check_json);
    CHECK_INT(texts, 445);
}

static void errors_are_json_too(void) {
    size_t n = 0;
    for (size_t i = 0; i < set.n; i++)
        for (size_t k = 0; k < set.files[i].n; k++) {
            answers a = read_all(&set.files[i].conns[k].server);
            for (size_t m = 0; m < a.n; m++) {
                char *body = body_of(&set.files[i].conns[k].server, &a.at[m]);
                if (a.at[m].status > 299 && !a.at[m].by_close) check_text(body, a.at[m].body_len), n++;
                free(body);
            }
            free(a.at);
        }
    CHECK(n > 30);
}

static const unit_test TESTS[] = {
    TEST(every_request_has_its_answer), TEST(only_the_last_answer_of_a_connection_ends_it),
    TEST(byte_by_byte_gives_the_same),  TEST(a_cut_anywhere_gives_the_same),
    TEST(an_end_anywhere_is_told),      TEST(every_body_is_json),
    TEST(errors_are_json_too),
};

int main(void) {
    int rc;
    set = recording_load_all();
    if (!set.n) {
        fprintf(stderr, "no recordings: run from the repository's root, or set TEST_DATA\n");
        printf("0 passed, 1 failed\n");
        return 1;
    }
    rc = unit_main(TESTS, sizeof TESTS / sizeof TESTS[0]);
    recording_free_all(&set);
    return rc;
}
