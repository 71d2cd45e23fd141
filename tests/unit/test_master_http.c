/* SPDX-License-Identifier: Apache-2.0
 * The test master's request reader: what Go's net/http and cmux take and refuse, at every split of the bytes. */
#define _GNU_SOURCE
#include "../master/buf.c"
#include "../master/http_in.c"
#include "unit.h"

#define CRLF "\r\n"
#define HEAD "POST /api/v1/x?q=1&r=2 HTTP/1.1" CRLF "Host: h:1" CRLF

/* The first n bytes, in a block of exactly that size so that a sanitizer sees a byte too many. */
static in_result step(http_in *in, const char *s, size_t n) {
    char *p = (char *)malloc(n ? n : 1);
    memcpy(p, s, n);
    in_result res = http_in_next(in, p, n);
    if (res == IN_REQUEST && !in->chunked && in->req.body_len) { /* keep the body readable: the block goes */
        buf_add(&in->body, in->req.body, in->req.body_len);
        in->req.body = in->body.p;
    }
    free(p);
    return res;
}

/* In two pieces, the cut at `cut`. */
static in_result feed(http_in *in, const char *s, size_t n, size_t cut) {
    memset(in, 0, sizeof *in);
    in_result res = step(in, s, cut);
    return res == IN_MORE ? step(in, s, n) : res;
}

static void want_request(const char *s, const char *body) {
    http_in in;
    for (size_t cut = 0; cut <= strlen(s); cut++) {
        CHECK_INT(feed(&in, s, strlen(s), cut), IN_REQUEST);
        CHECK_INT(in.req.body_len, strlen(body));
        CHECK(in.req.body_len == strlen(body) && (!*body || !memcmp(in.req.body, body, strlen(body))));
        http_in_free(&in);
    }
}

static void want_refused(const char *s, const char *status) {
    http_in in;
    for (size_t cut = 0; cut <= strlen(s); cut++) {
        CHECK_INT(feed(&in, s, strlen(s), cut), IN_REFUSED);
        CHECK_STR(in.status, status);
        http_in_free(&in);
    }
}

static void want(const char *s, in_result res) {
    http_in in;
    for (size_t cut = 0; cut <= strlen(s); cut++) {
        CHECK_INT(feed(&in, s, strlen(s), cut), res);
        http_in_free(&in);
    }
}

static void a_request_with_a_body_is_read_at_every_split(void) {
    want_request(HEAD "Content-Length: 5" CRLF CRLF "hello", "hello");
    want_request(HEAD CRLF, "");
    want_request(HEAD "Content-Length: 0" CRLF CRLF, "");
}

static void path_and_query_are_parted_and_the_path_decoded(void) {
    http_in in;
    const char *s = "GET /a%20b/%C3%A9?x=%41 HTTP/1.1" CRLF "Host: h" CRLF CRLF;
    CHECK_INT(feed(&in, s, strlen(s), 0), IN_REQUEST);
    CHECK_STR(in.req.path, "/a b/\xC3\xA9");
    CHECK_STR(in.req.raw, "/a%20b/%C3%A9");
    CHECK_STR(in.req.query, "x=%41");
    http_in_free(&in);
    want_refused("GET /a%2 HTTP/1.1" CRLF "Host: h" CRLF CRLF, "400 Bad Request");
    want_refused("GET /a%zz HTTP/1.1" CRLF "Host: h" CRLF CRLF, "400 Bad Request");
}

static void an_absolute_target_is_taken_by_its_path(void) {
    http_in in;
    const char *s = "GET http://other:80/info?x HTTP/1.1" CRLF "Host: h" CRLF CRLF;
    CHECK_INT(feed(&in, s, strlen(s), 0), IN_REQUEST);
    CHECK_STR(in.req.path, "/info");
    http_in_free(&in);
}

static void bare_line_feeds_are_lines(void) {
    want_request("POST /x HTTP/1.1\nHost: h\nContent-Length: 2\n\nab", "ab");
}

static void chunks_with_extensions_and_trailers_are_joined(void) {
    want_request(HEAD "Transfer-Encoding: chunked" CRLF CRLF "3;a=b" CRLF "abc" CRLF "0A" CRLF "0123456789" CRLF "0" CRLF "T: v" CRLF CRLF,
                 "abc0123456789");
    want_request(HEAD "Transfer-Encoding: chunked" CRLF "Content-Length: 3" CRLF CRLF "0" CRLF CRLF, "");
}

static void broken_chunks_are_told_with_gos_words(void) {
    const char *const S[][2] = {{"3" CRLF "abcX" CRLF "0" CRLF CRLF, "malformed chunked encoding"},
                                {"x" CRLF, "invalid byte in chunk length"},
                                {"11111111111111111" CRLF, "http chunk length too large"}};
    char s[512];
    for (size_t i = 0; i < 3; i++) {
        http_in in;
        snprintf(s, sizeof s, HEAD "Transfer-Encoding: chunked" CRLF CRLF "%s", S[i][0]);
        CHECK_INT(feed(&in, s, strlen(s), 0), IN_REQUEST);
        CHECK(in.req.bad_body && !in.req.keep_alive);
        CHECK_STR(in.req.body_error, S[i][1]);
        http_in_free(&in);
    }
}

static void a_missing_or_second_host_is_refused(void) {
    want_refused("GET / HTTP/1.1" CRLF CRLF, "400 Bad Request: missing required Host header");
    want_refused("GET / HTTP/1.1" CRLF "Host: a" CRLF "Host: a" CRLF CRLF, "400 Bad Request: too many Host headers");
    want_refused("GET / HTTP/1.1" CRLF "Host: a b" CRLF CRLF, "400 Bad Request: malformed Host header");
    want_request("GET / HTTP/1.0" CRLF CRLF, "");
}

static void malformed_header_lines_are_refused(void) {
    want_refused("GET / HTTP/1.1" CRLF "Host : h" CRLF CRLF, "400 Bad Request: invalid header name");
    want_refused("GET / HTTP/1.1" CRLF "Host: h" CRLF "no colon" CRLF CRLF, "400 Bad Request");
    want_refused("GET / HTTP/1.1" CRLF " Host: h" CRLF CRLF, "400 Bad Request");
    want_refused("GET / HTTP/1.1" CRLF "Host: h" CRLF "A: b\rc" CRLF CRLF, "400 Bad Request: invalid header value");
    want_refused("GET / HTTP/1.1" CRLF "Host: h" CRLF "A: b\x01" CRLF CRLF, "400 Bad Request: invalid header value");
    want_refused("GET / HTTP/1.1" CRLF "Host: h" CRLF ": b" CRLF CRLF, "400 Bad Request: invalid header name");
}

static void a_folded_line_is_joined_as_go_does(void) {
    http_in in;
    const char *s = "GET / HTTP/1.1" CRLF "Host: h" CRLF "Authorization: Bearer" CRLF "  x" CRLF CRLF;
    CHECK_INT(feed(&in, s, strlen(s), 0), IN_REQUEST);
    CHECK(in.req.header[H_AUTH] && strstr(in.req.header[H_AUTH], "x"));
    http_in_free(&in);
}

static void lengths_have_to_be_digits_and_agree(void) {
    want_refused(HEAD "Content-Length: 1" CRLF "Content-Length: 2" CRLF CRLF "ab", "400 Bad Request");
    want_refused(HEAD "Content-Length: +1" CRLF CRLF "a", "400 Bad Request");
    want_refused(HEAD "Content-Length: 0x1" CRLF CRLF "a", "400 Bad Request");
    want_refused(HEAD "Content-Length: -1" CRLF CRLF "a", "400 Bad Request");
    want_request(HEAD "Content-Length: 1" CRLF "Content-Length: 1" CRLF CRLF "a", "a");
}

static void only_chunked_is_a_known_transfer_encoding(void) {
    want_refused(HEAD "Transfer-Encoding: gzip" CRLF CRLF, "501 Not Implemented: Unsupported transfer encoding");
    want_refused(HEAD "Expect: tea" CRLF CRLF, "417 Expectation Failed");
}

static void a_first_line_over_4096_bytes_resets(void) {
    http_in in;
    for (size_t extra = 0; extra < 3; extra++) {
        buf b = {0};
        buf_str(&b, "GET /");
        while (b.len < 4096 - 11 - 1 + extra) buf_str(&b, "a");
        buf_str(&b, " HTTP/1.1" CRLF "Host: h" CRLF CRLF); /* the line is 4095 + extra bytes with its CRLF */
        memset(&in, 0, sizeof in);
        CHECK_INT(http_in_next(&in, b.p, b.len), extra < 2 ? IN_REQUEST : IN_RESET);
        http_in_free(&in);
        buf_free(&b);
    }
}

static void a_later_line_may_be_long(void) {
    http_in in;
    buf b = {0};
    const char *first = "GET / HTTP/1.1" CRLF "Host: h" CRLF CRLF;
    memset(&in, 0, sizeof in);
    CHECK_INT(http_in_next(&in, first, strlen(first)), IN_REQUEST);
    CHECK_INT(http_in_done(&in), strlen(first));
    buf_str(&b, "GET /");
    while (b.len < 20000) buf_str(&b, "a");
    buf_str(&b, " HTTP/1.1" CRLF "Host: h" CRLF CRLF);
    CHECK_INT(http_in_next(&in, b.p, b.len), IN_REQUEST);
    CHECK_INT(strlen(in.req.path), 19996);
    buf_free(&b);
    http_in_free(&in);
}

static void what_is_no_http_1_on_a_fresh_connection_is_closed(void) {
    want("PRI * HTTP/2.0" CRLF CRLF "SM" CRLF CRLF, IN_CLOSE);
    want("\x16\x03\x01\x02", IN_CLOSE);
    want(CRLF "GET / HTTP/1.1" CRLF, IN_CLOSE);
    want("GET /" CRLF CRLF, IN_CLOSE);
}

static void a_head_over_a_mebibyte_is_431(void) {
    http_in in;
    buf b = {0};
    buf_str(&b, "GET / HTTP/1.1" CRLF "Host: h" CRLF);
    while (b.len < (1 << 20) + 8192) buf_str(&b, "A: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" CRLF);
    memset(&in, 0, sizeof in);
    CHECK_INT(http_in_next(&in, b.p, b.len), IN_REFUSED);
    CHECK_STR(in.status, "431 Request Header Fields Too Large");
    http_in_free(&in);
    buf_free(&b);
}

static void keep_alive_follows_version_and_connection(void) {
    static const struct {
        const char *s;
        bool keep;
    } T[] = {{"GET / HTTP/1.1" CRLF "Host: h" CRLF CRLF, true}, {"GET / HTTP/1.1" CRLF "Host: h" CRLF "Connection: close" CRLF CRLF, false},
             {"GET / HTTP/1.0" CRLF CRLF, false}, {"GET / HTTP/1.0" CRLF "Connection: Keep-Alive" CRLF CRLF, true}};
    for (size_t i = 0; i < 4; i++) {
        http_in in;
        CHECK_INT(feed(&in, T[i].s, strlen(T[i].s), 0), IN_REQUEST);
        CHECK_INT(in.req.keep_alive, T[i].keep);
        http_in_free(&in);
    }
}

static void a_pipeline_is_read_request_by_request(void) {
    http_in in;
    const char *s = HEAD "Content-Length: 2" CRLF CRLF "ab" HEAD "Transfer-Encoding: chunked" CRLF CRLF "1" CRLF "c" CRLF "0" CRLF CRLF HEAD CRLF;
    size_t at = 0, n = strlen(s), lens[3] = {2, 1, 0};
    memset(&in, 0, sizeof in);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(http_in_next(&in, s + at, n - at), IN_REQUEST);
        CHECK_INT(in.req.body_len, lens[i]);
        at += http_in_done(&in);
    }
    CHECK_INT(at, n);
    http_in_free(&in);
}

static void expect_100_is_seen_with_the_head(void) {
    http_in in;
    const char *s = HEAD "Expect: 100-continue" CRLF "Content-Length: 3" CRLF CRLF;
    memset(&in, 0, sizeof in);
    CHECK_INT(http_in_next(&in, s, strlen(s)), IN_MORE);
    CHECK(in.want_continue);
    http_in_free(&in);
}

static const unit_test TESTS[] = {
    TEST(a_request_with_a_body_is_read_at_every_split), TEST(path_and_query_are_parted_and_the_path_decoded),
    TEST(an_absolute_target_is_taken_by_its_path), TEST(bare_line_feeds_are_lines),
    TEST(chunks_with_extensions_and_trailers_are_joined), TEST(broken_chunks_are_told_with_gos_words),
    TEST(a_missing_or_second_host_is_refused), TEST(malformed_header_lines_are_refused),
    TEST(a_folded_line_is_joined_as_go_does), TEST(lengths_have_to_be_digits_and_agree),
    TEST(only_chunked_is_a_known_transfer_encoding), TEST(a_first_line_over_4096_bytes_resets),
    TEST(a_later_line_may_be_long), TEST(what_is_no_http_1_on_a_fresh_connection_is_closed),
    TEST(a_head_over_a_mebibyte_is_431), TEST(keep_alive_follows_version_and_connection),
    TEST(a_pipeline_is_read_request_by_request), TEST(expect_100_is_seen_with_the_head)};

UNIT_MAIN(TESTS)
