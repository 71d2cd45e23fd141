/* SPDX-License-Identifier: Apache-2.0
 * tests/examples/get as a user runs it, against servers that answer in every shape: exit status 0 for a complete 2xx, 1
 * for any other complete answer, 2 for everything that is none, with one sentence on stderr. The shapes that could
 * smuggle one answer into another are all of the third kind. Bodies of any length need no memory. And seed when it
 * cannot report. */
#include "real.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

typedef struct shape {
    const char *reply;
    int status;
    const char *out;
} shape;

static void get_one(const shape *t, size_t len, int end) {
    real_script s;
    memset(&s, 0, sizeof s);
    s.bytes = t->reply;
    s.len = len;
    s.end = end;
    real_proc p = real_serve(&s);
    real_result r = real_get(real_url("http", "127.0.0.1", p.port), "/x", NULL, NULL);
    int before = unit_failures;
    CHECK_INT(r.status, t->status);
    if (t->out) CHECK_STR(r.out, t->out);
    CHECK_INT(r.err[0] == 0, t->status == 0);
    if (t->status) CHECK(strncmp(r.err, "get: ", 5) == 0 && strchr(r.err, '\n') == r.err + strlen(r.err) - 1);
    if (unit_failures != before || getenv("SENTENCES")) fprintf(stderr, "  for %.60s…\n  %s", t->reply, r.err);
    real_stop(&p);
}

static void get_all(const shape *t, size_t n, int end) {
    for (size_t i = 0; i < n; i++) get_one(&t[i], strlen(t[i].reply), end);
}

#define GET_ALL(table, end) get_all(table, sizeof(table) / sizeof((table)[0]), end)
#define OK "HTTP/1.1 200 OK\r\n"

/* ---- what is complete -------------------------------------------------------------------------------------------- */

static void a_complete_answer_is_printed_and_its_status_decides(void) {
    static const shape t[] = {
        {OK "Content-Length: 4\r\n\r\nbody", 0, "body"},
        {OK "Content-Length: 0\r\n\r\n", 0, ""},
        {OK "Content-Length: 4, 4\r\n\r\nbody", 2, NULL}, /* RFC 9110 8.6 allows it; we are stricter */
        {"HTTP/1.1 201 Created\r\ncontent-LENGTH:4\r\n\r\nbody", 0, "body"},
        {"HTTP/1.1 299\r\nContent-Length: 4 \r\n\r\nbody", 0, "body"},
        {OK "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", 0, "body"},
        {OK "Transfer-Encoding: Chunked\r\n\r\n2;a=b;c=\"d\"\r\nbo\r\n0002 ;x\r\ndy\r\n000\r\nT: x\r\nU: y\r\n\r\n", 0, "body"},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: y\r\n\r\n" OK "Content-Length: 4\r\n\r\nbody", 0, "body"},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ngone", 1, "gone"},
        {"HTTP/1.1 500 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nerr\r\n0\r\n\r\n", 1, "err"},
        {"HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 5\r\n\r\nmoved", 1, "moved"},
        {"HTTP/1.1 204 No Content\r\n\r\n", 0, ""},
        {"HTTP/1.1 304 Not Modified\r\nContent-Length: 4000\r\n\r\n", 1, ""},
        {"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", 1, ""},
        {"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nbody", 0, "body"},
    };
    GET_ALL(t, REAL_STALL); /* none of them waits for the connection to end */
}

static void an_answer_until_close_is_complete_with_the_close(void) {
    static const shape t[] = {
        {OK "\r\nuntil close", 0, "until close"},
        {OK "Connection: close\r\n\r\nuntil close", 0, "until close"},
        {"HTTP/1.0 200 OK\r\n\r\nold", 0, "old"},
        {"HTTP/1.0 404 Not Found\r\n\r\nold", 1, "old"},
        {OK "\r\n", 0, ""},
    };
    static const shape broken[] = {{OK "\r\nuntil reset", 2, NULL}, {OK "\r\n", 2, NULL}};
    GET_ALL(t, REAL_FIN);
    GET_ALL(broken, REAL_RESET);
}

/* ---- what is not ------------------------------------------------------------------------------------------------- */

static void an_incomplete_answer_is_none(void) {
    static const shape t[] = {
        {"", 2, ""},
        {"HTTP/1.1 200", 2, ""},
        {OK, 2, ""},
        {OK "Content-Length: 4\r\n\r\nbod", 2, "bod"},
        {OK "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n", 2, "body"},
        {OK "Transfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n", 2, "body"},
        {OK "Transfer-Encoding: chunked\r\n\r\n", 2, ""},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 10\r\n\r\ngone", 2, "gone"},
        {"HTTP/1.1 302 x\r\nLocation: /\r\nContent-Length: 1\r\n\r\n", 2, ""},
        {"HTTP/1.1 100 Continue\r\n\r\n", 2, ""},
    };
    GET_ALL(t, REAL_FIN);
    GET_ALL(t, REAL_RESET);
}

static void two_ways_to_say_the_length_are_none(void) {
    static const shape t[] = {
        {OK "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n", 2, ""},
        {OK "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\nbody", 2, ""},
        {OK "Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody!", 2, ""},
        {OK "Content-Length: 4, 5\r\n\r\nbody", 2, ""},
        {OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 2, ""},
        {OK "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 2, ""},
        {OK "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", 2, ""},
        {OK "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 2, ""},
        {OK "Transfer-Encoding:\r\n\r\n0\r\n\r\n", 2, ""},
        {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 2, ""},
    };
    GET_ALL(t, REAL_FIN);
}

static void a_length_that_is_no_number_is_none(void) {
    static const shape t[] = {
        {OK "Content-Length: -1\r\n\r\n", 2, ""},
        {OK "Content-Length: +4\r\n\r\nbody", 2, ""},
        {OK "Content-Length: 4a\r\n\r\nbody", 2, ""},
        {OK "Content-Length: 0x4\r\n\r\nbody", 2, ""},
        {OK "Content-Length: 4 4\r\n\r\nbody", 2, ""},
        {OK "Content-Length: \r\n\r\n", 2, ""},
        {OK "Content-Length:\r\n\r\n", 2, ""},
        {OK "Content-Length: 4.0\r\n\r\nbody", 2, ""},
        {OK "Content-Length: 18446744073709551616\r\n\r\nbody", 2, NULL},
        {OK "Content-Length: 18446744073709551620\r\n\r\nbody", 2, NULL},
        {OK "Content-Length: 99999999999999999999999999\r\n\r\nbody", 2, NULL},
        {OK "Content-Length: 9223372036854775808\r\n\r\nbody", 2, NULL},
    };
    GET_ALL(t, REAL_FIN);
}

static void chunks_that_are_none_are_told(void) {
#define CHUNKED OK "Transfer-Encoding: chunked\r\n\r\n"
    static const shape t[] = {
        {CHUNKED "10000000000000000\r\nbody\r\n0\r\n\r\n", 2, ""},
        {CHUNKED "FFFFFFFFFFFFFFFFF\r\nbody\r\n0\r\n\r\n", 2, ""},
        {CHUNKED "-4\r\nbody\r\n0\r\n\r\n", 2, ""},
        {CHUNKED "0x4\r\nbody\r\n0\r\n\r\n", 2, ""},
        {CHUNKED " 4\r\nbody\r\n0\r\n\r\n", 2, ""},
        {CHUNKED "\r\nbody\r\n0\r\n\r\n", 2, ""},
        {CHUNKED ";x\r\nbody\r\n0\r\n\r\n", 2, ""},
        {CHUNKED "4\nbody\r\n0\r\n\r\n", 2, ""},
        {CHUNKED "4 4\r\nbody\r\n0\r\n\r\n", 2, ""},
        {CHUNKED "4\r\nbodyX\r\n0\r\n\r\n", 2, NULL},
        {CHUNKED "4\r\nbody0\r\n\r\n", 2, NULL},
        {CHUNKED "4\r\nbody\n0\r\n\r\n", 2, NULL},
        {CHUNKED "4\r\nbody\r\nzz\r\n\r\n", 2, NULL},
        {CHUNKED "4\r\nbody\r\n0\r\nno colon\r\n\r\n", 2, NULL},
        {CHUNKED "4\r\nbody\r\n0\r\nX: y\r\n folded\r\n\r\n", 2, NULL},
    };
    GET_ALL(t, REAL_FIN);
}

static void lines_that_are_none_are_told(void) {
    static const shape t[] = {
        {OK "X: a\r\n b\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {OK "X: a\r\n\tContent-Length: 9\r\n\r\n", 2, ""},
        {OK " X: a\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {OK "Content-Length : 0\r\n\r\n", 2, ""},
        {OK "X\t: a\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {OK "X: a\rb\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {OK "X: a\rContent-Length: 0\r\n\r\n", 2, ""},
        {OK "Content-Length: 0\n\n", 2, ""},
        {OK "X: a\nContent-Length: 0\r\n\r\n", 2, ""},
        {OK ": a\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {OK "X\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {OK "X y: a\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", 2, ""},
        {"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {"HTTP/1.10 200 OK\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {"http/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {" HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {"\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {"HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {"HTTP/1.1 600 x\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {"HTTP/1.1 099 x\r\nContent-Length: 0\r\n\r\n", 2, ""},
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 2, ""},
        {"SSH-2.0-OpenSSH_9.2\r\n", 2, ""},
        {"220 mail ready\r\n", 2, ""},
    };
    static const char nul[] = OK "X: a\0b\r\nContent-Length: 0\r\n\r\n", nul_name[] = OK "X\0: a\r\nContent-Length: 0\r\n\r\n",
                      nul_length[] = OK "Content-Length: 4\0\r\n\r\nbody";
    shape s = {nul, 2, ""};
    GET_ALL(t, REAL_FIN);
    get_one(&s, sizeof nul - 1, REAL_FIN);
    s.reply = nul_name;
    get_one(&s, sizeof nul_name - 1, REAL_FIN);
    s.reply = nul_length;
    get_one(&s, sizeof nul_length - 1, REAL_FIN);
}

static void what_get_is_told_wrongly_is_told(void) {
    static const char *const bad[][2] = {{"ftp://h", "/"}, {"http://u:secret@h", "/"}, {"http://127.0.0.1:1", "no-slash"},
                                         {"http://127.0.0.1:1", "/sp ace"}, {"", "/"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        real_result r = real_get(bad[i][0], bad[i][1], NULL, NULL);
        CHECK_INT(r.status, 2);
        CHECK(strncmp(r.err, "get: ", 5) == 0 && strlen(r.err) > 20);
        CHECK(!strstr(r.err, "secret"));
    }
    real_result r = real_get("http://127.0.0.1:1", "/", "DET_USER_TOKEN=two words", NULL);
    CHECK_INT(r.status, 2);
    CHECK(strlen(r.err) > 20 && !strstr(r.err, "two words"));
}

/* ---- large ------------------------------------------------------------------------------------------------------- */

static void check_large(const real_result *r, long long len) {
    CHECK_INT(r->status, 0);
    CHECK_INT(r->out_len, len);
#ifndef SANITIZED
    if (r->rss_kb >= 8192) fprintf(stderr, "  get took %ld KB\n", r->rss_kb);
    CHECK(r->rss_kb < 8192);
#endif
}

/* As long as the longest answers that a real master gave: 116 MB. */
static void an_answer_of_116_mb_needs_no_memory(void) {
    enum { PIECE = 65536, TIMES = 1770 };
    static char reply[PIECE + 64];
    int head = snprintf(reply, sizeof reply, OK "Content-Length: %lld\r\n\r\n", (long long)PIECE * TIMES);
    memset(reply + head, 'x', PIECE);
    real_script s = {reply, (size_t)head + PIECE, REAL_FIN, 0, TIMES - 1, (size_t)head, NULL, 0, 0};
    real_proc p = real_serve(&s);
    real_result r = real_get(real_url("http", "127.0.0.1", p.port), "/x", NULL, NULL);
    check_large(&r, (long long)PIECE * TIMES);
    real_stop(&p);
}

static void a_chunked_answer_of_10_mb_needs_no_memory(void) {
    enum { PIECE = 1000, TIMES = 10486 };
    static char reply[PIECE + 128];
    int head = snprintf(reply, sizeof reply, OK "Transfer-Encoding: chunked\r\n\r\n");
    int size = snprintf(reply + head, 16, "%x\r\n", PIECE);
    memset(reply + head + size, 'x', PIECE);
    memcpy(reply + head + size + PIECE, "\r\n", 2);
    real_script s = {reply, (size_t)(head + size) + PIECE + 2, REAL_KEEP, 0, TIMES - 1, (size_t)head, "0\r\n\r\n", 0, 0};
    real_proc p = real_serve(&s);
    real_result r = real_get(real_url("http", "127.0.0.1", p.port), "/x", NULL, NULL);
    check_large(&r, (long long)PIECE * TIMES);
    real_stop(&p);
}

/* A refusal with 10 MB of explanation: the sentence is short all the same. */
static void an_endless_refusal_is_read_to_its_end(void) {
    static const char head[] = "HTTP/1.1 500 x\r\n\r\n{\"message\":\"why ";
    real_script s = {head, sizeof head - 1, REAL_FIN, 0, 300000, sizeof head - 5, "\"}", 0, 0};
    real_proc p = real_serve(&s);
    real_result r = real_get(real_url("http", "127.0.0.1", p.port), "/x", NULL, NULL);
    CHECK_INT(r.status, 1);
    CHECK(r.out_len > 1200000);
    CHECK(strlen(r.err) < DET_MSG_SIZE + 8);
    real_stop(&p);
}

/* ---- tls --------------------------------------------------------------------------------------------------------- */

#if DET_TLS
/* The relay lets through a bit more each time, less than a close_notify is long; only what ends with the server's is a
 * complete answer. */
static void an_answer_until_close_over_tls_needs_its_close_notify(void) {
    char cert[200], key[200], ca[256];
    const char *args[] = {"--tls", cert, key, "--fault", "{\"http10\":true}", NULL};
    enum { STEP = 12 };
    CHECK_INT(real_certs(), 0);
    snprintf(cert, sizeof cert, "%s/good.pem", real_dir);
    snprintf(key, sizeof key, "%s/good.key", real_dir);
    snprintf(ca, sizeof ca, "DET_MASTER_CERT_FILE=%s/ca.pem", real_dir);
    real_proc m = real_master(args);
    real_proc p = real_relay(m.port, STEP);
    real_result r = {2, 0, 0, "", ""};
    int printed = 0, n = 0;
    for (; n < 600 && r.status == 2; n++) {
        r = real_get(real_url("https", "localhost", p.port), "/info", ca, NULL);
        printed += r.status == 2 && r.out_len > 0;
        CHECK(r.status == 0 || strlen(r.err) > 20);
    }
    CHECK_INT(r.status, 0);
    CHECK(n > 10 && r.out[0] == '{');
    CHECK(printed >= 1 && "some were cut behind the body");
    real_stop(&p);
    real_stop(&m);
}
#endif

/* ---- seed -------------------------------------------------------------------------------------------------------- */

static void seed_says_in_one_sentence_why_it_cannot_report(void) {
    static const char *const args[] = {"--user", "alice:right", NULL};
    char master[64];
    real_proc m = real_master(args);
    snprintf(master, sizeof master, "DET_MASTER=http://127.0.0.1:%d", m.port);
    real_result r = real_run("seed", NULL, NULL, master, NULL);
    CHECK_INT(r.status, 0);
    CHECK_STR(r.err, "");
    r = real_run("seed", NULL, NULL, master, "DET_USER_TOKEN=expired-token");
    CHECK_INT(r.status, 1);
    CHECK(strstr(r.err, "seed: server: 127.0.0.1:") == r.err && strstr(r.err, "401") && !strstr(r.err, "expired-token"));
    real_stop(&m);
    r = real_run("seed", NULL, NULL, master, NULL);
    CHECK_INT(r.status, 1);
    CHECK(strstr(r.err, "seed: tcp: 127.0.0.1:") == r.err && strstr(r.err, "is the master running there?"));
    r = real_run("seed", NULL, NULL, "DET_MASTER=http://u:secret@h", NULL);
    CHECK_INT(r.status, 1);
    CHECK(strlen(r.err) > 20 && !strstr(r.err, "secret"));
}

static const unit_test tests[] = {
    TEST(a_complete_answer_is_printed_and_its_status_decides),
    TEST(an_answer_until_close_is_complete_with_the_close),
    TEST(an_incomplete_answer_is_none),
    TEST(two_ways_to_say_the_length_are_none),
    TEST(a_length_that_is_no_number_is_none),
    TEST(chunks_that_are_none_are_told),
    TEST(lines_that_are_none_are_told),
    TEST(what_get_is_told_wrongly_is_told),
    TEST(an_answer_of_116_mb_needs_no_memory),
    TEST(a_chunked_answer_of_10_mb_needs_no_memory),
    TEST(an_endless_refusal_is_read_to_its_end),
    TEST(seed_says_in_one_sentence_why_it_cannot_report),
#if DET_TLS
    TEST(an_answer_until_close_over_tls_needs_its_close_notify),
#endif
};

REAL_MAIN(tests)
