/* SPDX-License-Identifier: Apache-2.0
 * The response parser. Every text here is fed whole, byte by byte, cut at each position and (short ones) at each pair of
 * positions, each piece from memory of its own that is freed at once; all must give the same. */
#include "unit/unit.h"

#include "http/response.h"

typedef struct result {
    int rc;      /* the last: DONE, an error, or what the end of the stream gave */
    int eof;     /* the text ended before the response did */
    int heads;
    size_t used; /* of the text */
    unsigned status, keep_alive, has_length;
    unsigned long long content_length;
    unsigned long retry_after_s;
    size_t body_len;
    char body[4096];
} result;

static void take(result *t, const det__response *r, const unsigned char *piece, size_t n) {
    CHECK(r->body_len > 0 && r->body >= piece && r->body + r->body_len <= piece + n);
    CHECK(t->heads == 1 && t->body_len + r->body_len <= sizeof t->body);
    memcpy(t->body + t->body_len, r->body, r->body_len);
    t->body_len += r->body_len;
}

/* One piece. 1: go on with the next. */
static int feed_piece(result *t, det__response *r, const char *s, size_t n) {
    unsigned char *piece = (unsigned char *)malloc(n ? n : 1);
    size_t at = 0;
    if (!piece) abort();
    memcpy(piece, s, n);
    for (;;) {
        size_t used = 12345;
        t->rc = det__response_feed(r, piece + at, n - at, &used);
        CHECK(used <= n - at);
        at += used;
        if (t->rc == DET__RESPONSE_BODY) take(t, r, piece, n);
        if (t->rc == DET__RESPONSE_HEAD) t->heads++;
        if (t->rc == DET__RESPONSE_MORE) CHECK_INT(at, n);
        if (t->rc != DET__RESPONSE_BODY && t->rc != DET__RESPONSE_HEAD) break;
    }
    t->used += at;
    free(piece);
    return t->rc == DET__RESPONSE_MORE;
}

static void finish(result *t, det__response *r) {
    size_t used = 1;
    if (t->rc == DET__RESPONSE_MORE) {
        t->eof = 1;
        t->rc = det__response_eof(r);
    } else {
        /* what is over stays over */
        CHECK_INT(det__response_feed(r, "HTTP/1.1 200 OK\r\n", 17, &used), t->rc);
        CHECK_INT(used, 0);
    }
    CHECK_INT(det__response_eof(r), t->rc);
    if (!t->heads) return;
    t->status = r->status;
    t->keep_alive = r->keep_alive;
    t->has_length = r->has_length;
    t->content_length = r->content_length;
    t->retry_after_s = r->retry_after_s;
}

/* The text cut at a and b. */
static result parse(const char *s, size_t n, size_t a, size_t b, int head_request) {
    result t;
    det__response r;
    memset(&t, 0, sizeof t);
    memset(&r, 0xA5, sizeof r);
    det__response_init(&r, head_request);
    if (feed_piece(&t, &r, s, a) && feed_piece(&t, &r, s + a, b - a)) feed_piece(&t, &r, s + b, n - b);
    finish(&t, &r);
    return t;
}

static result parse_bytes(const char *s, size_t n, int head_request) {
    result t;
    det__response r;
    memset(&t, 0, sizeof t);
    det__response_init(&r, head_request);
    for (size_t i = 0; i < n && feed_piece(&t, &r, s + i, 1); i++) {}
    finish(&t, &r);
    return t;
}

static int same(const result *a, const result *b) {
    return a->rc == b->rc && a->eof == b->eof && a->heads == b->heads && a->used == b->used && a->status == b->status &&
           a->keep_alive == b->keep_alive && a->has_length == b->has_length && a->content_length == b->content_length &&
           a->retry_after_s == b->retry_after_s && a->body_len == b->body_len && !memcmp(a->body, b->body, a->body_len);
}

static result response_to(const char *s, size_t n, int head_request) {
    static result whole;
    result t;
    whole = parse(s, n, 0, 0, head_request);
    t = parse_bytes(s, n, head_request);
    CHECK(same(&whole, &t));
    for (size_t a = 0; a <= n; a++)
        for (size_t b = n < 60 ? a : n; b <= n; b++) {
            t = parse(s, n, a, b, head_request);
            CHECK(same(&whole, &t));
        }
    return whole;
}

#define RESPONSE(s) response_to(s, sizeof(s) - 1, 0)
#define OK11 "HTTP/1.1 200 OK\r\n"

/* Refused as malformed, wherever it is cut. */
static void check_bad(const char *s, size_t n) {
    result t = response_to(s, n, 0);
    if (t.rc != DET_E_HTTP) fprintf(stderr, "not refused: %s\n", s);
    CHECK_INT(t.rc, DET_E_HTTP);
    CHECK_INT(t.eof, 0);
}
#define BAD(s) check_bad(s, sizeof(s) - 1)

/* Complete, all of it used, and this body. */
static void check_good(const char *s, size_t n, const char *body) {
    result t = response_to(s, n, 0);
    if (t.rc != DET__RESPONSE_DONE) fprintf(stderr, "not accepted: %s\n", s);
    CHECK_INT(t.rc, DET__RESPONSE_DONE);
    CHECK_INT(t.used, n);
    CHECK_INT(t.heads, 1);
    CHECK(t.body_len == strlen(body) && !memcmp(t.body, body, t.body_len));
}
#define GOOD(s, body) check_good(s, sizeof(s) - 1, body)

/* ---- framing ----------------------------------------------------------------------------------------------------- */

static void a_length_frames_the_body(void) {
    static const char S[] = OK11 "Content-Type: application/json\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 2";
    result t = RESPONSE(S);
    CHECK_INT(t.rc, DET__RESPONSE_DONE);
    CHECK_INT(t.used, sizeof S - 1 - 10);
    CHECK_INT(t.status, 200);
    CHECK_INT(t.has_length, 1);
    CHECK_INT(t.content_length, 5);
    CHECK_INT(t.keep_alive, 1);
    CHECK_INT(t.retry_after_s, 0);
    CHECK(t.body_len == 5 && !memcmp(t.body, "hello", 5));
    GOOD(OK11 "content-LENGTH:\t 007 \t \r\n\r\n1234567", "1234567");
    GOOD(OK11 "Content-Length: 0\r\n\r\n", "");
}

static void a_body_cut_short_is_truncated(void) {
    static const char S[] = OK11 "Content-Length: 5\r\n\r\nhell";
    result t = RESPONSE(S);
    CHECK_INT(t.rc, DET_E_TRUNCATED);
    CHECK_INT(t.body_len, 4);
}

static void every_cut_of_a_response_is_truncated_and_none_is_closed(void) {
    static const char S[] = "HTTP/1.1 100 Continue\r\n\r\n" OK11 "Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nT: u\r\n\r\n";
    for (size_t n = 0; n < sizeof S - 1; n++) {
        result t = parse_bytes(S, n, 0);
        CHECK_INT(t.rc, n ? DET_E_TRUNCATED : DET_E_CLOSED);
    }
    GOOD(S, "abc");
}

static void without_a_length_the_body_lasts_until_the_end(void) {
    result t = RESPONSE(OK11 "Connection: keep-alive\r\n\r\nsome text");
    CHECK_INT(t.rc, DET__RESPONSE_DONE);
    CHECK_INT(t.eof, 1);
    CHECK_INT(t.keep_alive, 0);
    CHECK_INT(t.has_length, 0);
    CHECK(t.body_len == 9 && !memcmp(t.body, "some text", 9));
    t = RESPONSE("HTTP/1.0 200 OK\r\n\r\n");
    CHECK_INT(t.rc, DET__RESPONSE_DONE);
    CHECK_INT(t.body_len, 0);
}

static void chunks_are_joined(void) {
    result t = RESPONSE(OK11 "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n \r\n00a\r\n0123456789\r\n0\r\n\r\nHTTP");
    CHECK_INT(t.rc, DET__RESPONSE_DONE);
    CHECK_INT(t.has_length, 0);
    CHECK_INT(t.keep_alive, 1);
    CHECK(t.body_len == 16 && !memcmp(t.body, "hello 0123456789", 16));
    GOOD(OK11 "Transfer-Encoding:  CHUNKED \r\n\r\nA\r\n0123456789\r\nb\r\n01234567890\r\n0\r\n\r\n", "012345678901234567890");
    GOOD(OK11 "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "");
}

static void extensions_and_trailers_are_skipped(void) {
    GOOD(OK11 "Transfer-Encoding: chunked\r\n\r\n1;a=b;c=\"d e\\\"\x80\"\r\nx\r\n2 \t;z\r\nyz\r\n0;last\r\n\r\n", "xyz");
    GOOD(OK11 "Transfer-Encoding: chunked\r\n\r\n0\r\nGrpc-Trailer-A: b\r\nEmpty:\r\n\r\n", "");
}

static void nothing_in_a_trailer_counts(void) {
    result t = RESPONSE(OK11 "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nContent-Length: 7\r\nConnection: close\r\n"
                             "Transfer-Encoding: gzip\r\nRetry-After: 9\r\nContent-Length: 8\r\n\r\n");
    CHECK_INT(t.rc, DET__RESPONSE_DONE);
    CHECK_INT(t.keep_alive, 1);
    CHECK_INT(t.has_length, 0);
    CHECK_INT(t.content_length, 0);
    CHECK_INT(t.retry_after_s, 0);
}

static void a_head_request_and_some_statuses_have_no_body(void) {
    static const char S[] = OK11 "Content-Length: 5\r\n\r\nHTTP/";
    static const char CHUNKED[] = OK11 "Transfer-Encoding: chunked\r\n\r\nHTTP/";
    result t = response_to(S, sizeof S - 1, 1);
    CHECK_INT(t.rc, DET__RESPONSE_DONE);
    CHECK_INT(t.used, sizeof S - 1 - 5);
    CHECK_INT(t.content_length, 5);
    CHECK_INT(t.keep_alive, 1);
    t = response_to(CHUNKED, sizeof CHUNKED - 1, 1);
    CHECK_INT(t.rc, DET__RESPONSE_DONE);
    CHECK_INT(t.body_len, 0);
    CHECK_INT(t.keep_alive, 1);
    GOOD("HTTP/1.1 204 No Content\r\n\r\n", "");
    GOOD("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n", "");
    GOOD("HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", "");
}

static void a_204_that_announces_a_body_is_not_reused(void) {
    CHECK_INT(RESPONSE("HTTP/1.1 204 x\r\n\r\n").keep_alive, 1);
    CHECK_INT(RESPONSE("HTTP/1.1 204 x\r\nContent-Length: 0\r\n\r\n").keep_alive, 1);
    CHECK_INT(RESPONSE("HTTP/1.1 204 x\r\nContent-Length: 1\r\n\r\n").keep_alive, 0);
    CHECK_INT(RESPONSE("HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n\r\n").keep_alive, 0);
}

static void interim_responses_are_skipped(void) {
    result t = RESPONSE("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nRetry-After: 5\r\nContent-Length: 3\r\n"
                        "Connection: close\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab");
    CHECK_INT(t.rc, DET__RESPONSE_DONE);
    CHECK_INT(t.heads, 1);
    CHECK_INT(t.status, 200);
    CHECK_INT(t.keep_alive, 1);
    CHECK_INT(t.retry_after_s, 0);
    CHECK_INT(t.content_length, 2);
    t = RESPONSE("HTTP/1.0 100 x\r\nContent-Length: 3\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
    CHECK_INT(t.rc, DET__RESPONSE_DONE);
    CHECK_INT(t.content_length, 0);
    CHECK_INT(t.keep_alive, 1);
    BAD("HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n");
}

static void interim_responses_keep_what_was_asked(void) {
    static const char S[] = "HTTP/1.1 100 C\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n";
    CHECK_INT(response_to(S, sizeof S - 1, 1).rc, DET__RESPONSE_DONE);
}

/* ---- reuse and retry --------------------------------------------------------------------------------------------- */

static int keeps(const char *version, const char *lines) {
    char s[256];
    int n = snprintf(s, sizeof s, "HTTP/%s 200 OK\r\nContent-Length: 0\r\n%s\r\n", version, lines);
    result t = response_to(s, (size_t)n, 0);
    CHECK_INT(t.rc, DET__RESPONSE_DONE);
    return (int)t.keep_alive;
}

static void connection_options_are_a_list_in_any_case(void) {
    CHECK(keeps("1.1", ""));
    CHECK(!keeps("1.1", "Connection: close\r\n"));
    CHECK(!keeps("1.1", "cOnNeCtIoN:CLOSE\r\n"));
    CHECK(!keeps("1.1", "Connection: x, ,close\t, y\r\n"));
    CHECK(!keeps("1.1", "Connection: keep-alive, close\r\n"));
    CHECK(!keeps("1.1", "Connection: close\r\nConnection: keep-alive\r\n"));
    CHECK(!keeps("1.1", "Connection: ,,close\r\n"));
    CHECK(keeps("1.1", "Connection: keep-alive\r\n"));
    CHECK(keeps("1.1", "Connection: closed, xclose, clos, close-not, close x\r\n"));
    CHECK(keeps("1.1", "Connection:\r\n"));
    CHECK(keeps("1.1", "Connections: close\r\nConnectio: close\r\nX-Connection: close\r\nProxyclose: close\r\n"));
    CHECK(keeps("1.1", "Connection: chunked, content-length\r\n"));
    CHECK(!keeps("1.0", ""));
    CHECK(keeps("1.0", "Connection: Keep-Alive\r\n"));
    CHECK(!keeps("1.0", "Connection: keep-alive-not, keep -alive\r\n"));
    CHECK(!keeps("1.0", "Connection: close, keep-alive\r\n"));
}

static unsigned long retry_after(const char *value) {
    char s[512];
    int n = snprintf(s, sizeof s, "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nRetry-After:%s\r\n\r\n", value);
    result t = response_to(s, (size_t)n, 0);
    CHECK_INT(t.rc, DET__RESPONSE_DONE);
    return t.retry_after_s;
}

static void retry_after_is_read_as_seconds(void) {
    CHECK_INT(retry_after(" 120"), 120);
    CHECK_INT(retry_after("0"), 0);
    CHECK_INT(retry_after(" 5 "), 5);
    CHECK_INT(retry_after(" 4294967294"), 4294967294ul);
    CHECK_INT(retry_after(" 4294967296"), UINT32_MAX);
    CHECK_INT(retry_after(" 99999999999999999999999999"), UINT32_MAX);
    CHECK_INT(retry_after(" Fri, 31 Dec 1999 23:59:59 GMT"), UINT32_MAX);
    CHECK_INT(retry_after(" 5 6"), UINT32_MAX);
    CHECK_INT(retry_after(" -5"), UINT32_MAX);
    CHECK_INT(retry_after(""), UINT32_MAX);
}

/* ---- what is refused --------------------------------------------------------------------------------------------- */

static void both_lengths_are_refused(void) {
    BAD(OK11 "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
    BAD(OK11 "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n");
    BAD(OK11 "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n");
    BAD("HTTP/1.1 204 x\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void a_second_length_is_refused_even_when_equal(void) {
    BAD(OK11 "Content-Length: 5\r\nContent-Length: 6\r\n\r\n");
    BAD(OK11 "Content-Length: 5\r\nX: y\r\ncontent-length: 5\r\n\r\n");
    BAD(OK11 "Content-Length: 5, 5\r\n\r\n");
    BAD(OK11 "Content-Length: 5,6\r\n\r\n");
    BAD(OK11 "Content-Length: 5,\r\n\r\n");
}

static void lengths_are_digits_only(void) {
    BAD(OK11 "Content-Length: +5\r\n\r\n");
    BAD(OK11 "Content-Length: -5\r\n\r\n");
    BAD(OK11 "Content-Length:\r\n\r\n");
    BAD(OK11 "Content-Length: \t \r\n\r\n");
    BAD(OK11 "Content-Length: 5 5\r\n\r\n");
    BAD(OK11 "Content-Length: 0x5\r\n\r\n");
    BAD(OK11 "Content-Length: 5x\r\n\r\n");
    BAD(OK11 "Content-Length: x\r\n\r\n");
    BAD(OK11 "Content-Length: 5.0\r\n\r\n");
    BAD(OK11 "Content-Length: \"5\"\r\n\r\n");
    BAD(OK11 "Content-Length: /\r\n\r\n");
    BAD(OK11 "Content-Length: :\r\n\r\n");
}

static void lengths_that_overflow_are_refused(void) {
    result t = RESPONSE(OK11 "Content-Length: 11529215046068469759\r\n\r\n");
    CHECK_INT(t.rc, DET_E_TRUNCATED);
    CHECK(t.content_length == 11529215046068469759ull);
    BAD(OK11 "Content-Length: 18446744073709551616\r\n\r\n");
    BAD(OK11 "Content-Length: 18446744073709551621\r\n\r\n");
    BAD(OK11 "Content-Length: 36893488147419103233\r\n\r\n");
    BAD(OK11 "Content-Length: 99999999999999999999\r\n\r\n");
    BAD(OK11 "Content-Length: 184467440737095516165\r\n\r\n");
}

static void codings_but_chunked_are_refused(void) {
    BAD(OK11 "Transfer-Encoding: gzip, chunked\r\n\r\n");
    BAD(OK11 "Transfer-Encoding: chunked, gzip\r\n\r\n");
    BAD(OK11 "Transfer-Encoding: chunked, chunked\r\n\r\n");
    BAD(OK11 "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n");
    BAD(OK11 "Transfer-Encoding: identity\r\n\r\n");
    BAD(OK11 "Transfer-Encoding:\r\n\r\n");
    BAD(OK11 "Transfer-Encoding: chunke\r\n\r\n");
    BAD(OK11 "Transfer-Encoding: chunkedd\r\n\r\n");
    BAD(OK11 "Transfer-Encoding: xchunked\r\n\r\n");
    BAD(OK11 "Transfer-Encoding: \x0b" "chunked\r\n\r\n");
    BAD(OK11 "Transfer-Encoding: chunked;q=1\r\n\r\n");
    BAD(OK11 "Transfer-Encoding: ,chunked\r\n\r\n");
    BAD(OK11 "Transfer-Encoding: chunked x\r\n\r\n");
    BAD(OK11 "Transfer-Encoding: close\r\n\r\n");
    BAD("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void bad_status_lines_are_refused(void) {
    BAD("\r\nHTTP/1.1 200 OK\r\n\r\n");
    BAD(" HTTP/1.1 200 OK\r\n\r\n");
    BAD("http/1.1 200 OK\r\n\r\n");
    BAD("HTTP/1.2 200 OK\r\n\r\n");
    BAD("HTTP/2.0 200 OK\r\n\r\n");
    BAD("HTTP/0.9 200 OK\r\n\r\n");
    BAD("HTTP/1.10 200 OK\r\n\r\n");
    BAD("HTTP/11 200 OK\r\n\r\n");
    BAD("HTTP/1.1  200 OK\r\n\r\n");
    BAD("HTTP/1.1\t200 OK\r\n\r\n");
    BAD("HTTP/1.1 20 OK\r\n\r\n");
    BAD("HTTP/1.1 2000 OK\r\n\r\n");
    BAD("HTTP/1.1 099 x\r\n\r\n");
    BAD("HTTP/1.1 600 x\r\n\r\n");
    BAD("HTTP/1.1 999 x\r\n\r\n");
    BAD("HTTP/1.1 2x0 OK\r\n\r\n");
    BAD("HTTP/1.1 -20 OK\r\n\r\n");
    BAD("HTTP/1.1 200\tOK\r\n\r\n");
    BAD("HTTP/1.1 200\n\r\n");
    BAD("HTTP/1.1 200 O\x01K\r\n\r\n");
    BAD("HTTP/1.1 200 OK\n\r\n");
    BAD("HTTP/1.1 200 OK\rX: y\r\n\r\n");
    BAD("ICY 200 OK\r\n\r\n");
    BAD("<html>");
    BAD("\x15\x03\x01\x00\x02\x02P");
    BAD("HTTP/1.1 200 OK\r\n X: y\r\n\r\n");
}

static void a_status_line_may_do_without_a_reason(void) {
    GOOD("HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "");
    GOOD("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "");
    GOOD("HTTP/1.0 599 \xc3\xa4\t x\r\nContent-Length: 0\r\n\r\n", "");
}

static void bad_header_lines_are_refused(void) {
    BAD(OK11 "X: y\r\n z\r\n\r\n");
    BAD(OK11 "X: y\r\n\tz\r\n\r\n");
    BAD(OK11 "X : y\r\n\r\n");
    BAD(OK11 "X\t: y\r\n\r\n");
    BAD(OK11 ": y\r\n\r\n");
    BAD(OK11 "X\r\n\r\n");
    BAD(OK11 "X y\r\n\r\n");
    BAD(OK11 "Content-Length : 5\r\n\r\n");
    BAD(OK11 "X: a\rb\r\n\r\n");
    BAD(OK11 "X: a\nb\r\n\r\n");
    BAD(OK11 "X: a\n\n");
    BAD(OK11 "X: a\r\r\n\r\n");
    BAD(OK11 "X: y\r\n\rX");
    BAD(OK11 "X: y\r\n\n");
    BAD(OK11 "\n");
    BAD(OK11 "Connection: close\rX\r\n\r\n");
    BAD(OK11 "Connection: clo\nse\r\n\r\n");
    BAD(OK11 "Content-Length: 1\n\r\n");
    BAD(OK11 "Content-Length: 1\0\r\n\r\n");
    BAD(OK11 "Connection: close\0\r\n\r\n");
    BAD(OK11 "Connection\0: close\r\n\r\n");
}

static int is_token_char(int c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

/* All 256 bytes at each place of names and values that are and are not of interest. */
static void each_byte_is_judged_by_its_place(void) {
    static const char NAME[] = OK11 "X-Frame-Options: a\r\nContent-Length: 0\r\n\r\n";
    static const char VALUE[] = OK11 "Date: Mon, 23 Nov\tGMT\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n";
    char s[128];
    for (int c = 0; c < 256; c++) {
        for (size_t i = 17; i < 32; i++) {
            memcpy(s, NAME, sizeof NAME);
            s[i] = (char)c;
            if (c == ':' && i > 17) continue;
            CHECK_INT(parse(s, sizeof NAME - 1, i, i, 0).rc, is_token_char(c) ? DET__RESPONSE_DONE : DET_E_HTTP);
            CHECK_INT(parse(s, sizeof NAME - 1, 0, 0, 0).rc, is_token_char(c) ? DET__RESPONSE_DONE : DET_E_HTTP);
        }
        for (size_t i = 22; i < 62; i++) {
            int good = c == '\t' || (c >= 0x20 && c != 0x7f);
            if (i == 38) i = 52; /* the second value */
            memcpy(s, VALUE, sizeof VALUE);
            s[i] = (char)c;
            CHECK_INT(parse(s, sizeof VALUE - 1, i, i, 0).rc, good ? DET__RESPONSE_DONE : DET_E_HTTP);
            CHECK_INT(parse(s, sizeof VALUE - 1, 0, 0, 0).rc, good ? DET__RESPONSE_DONE : DET_E_HTTP);
        }
    }
}

#define CHUNKED OK11 "Transfer-Encoding: chunked\r\n\r\n"

static void bad_chunks_are_refused(void) {
    BAD(CHUNKED "\r\n");
    BAD(CHUNKED ";x\r\n");
    BAD(CHUNKED " 1\r\n");
    BAD(CHUNKED "+1\r\n");
    BAD(CHUNKED "-1\r\n");
    BAD(CHUNKED "0x1\r\n");
    BAD(CHUNKED "g\r\n");
    BAD(CHUNKED "G\r\n");
    BAD(CHUNKED "`\r\n");
    BAD(CHUNKED "@\r\n");
    BAD(CHUNKED "/\r\n");
    BAD(CHUNKED ":\r\n");
    BAD(CHUNKED "1\n");
    BAD(CHUNKED "1\rx");
    BAD(CHUNKED "1 1\r\n");
    BAD(CHUNKED "1 \r\nx\r\n");
    BAD(CHUNKED "1;a\nx");
    BAD(CHUNKED "1;a\x01\r\nx");
    BAD(CHUNKED "1\r\nxy");
    BAD(CHUNKED "1\r\nx\n");
    BAD(CHUNKED "1\r\nx\r1");
    BAD(CHUNKED "1\r\nx\r\n\r\n");
    BAD(CHUNKED "10000000000000000\r\n");
    BAD(CHUNKED "fffffffffffffffff\r\n");
    BAD(CHUNKED "1\r\nx\r\n0\r\n X: y\r\n\r\n");
    BAD(CHUNKED "0\r\nX y\r\n\r\n");
    BAD(CHUNKED "0\r\nX: \0y\r\n\r\n");
    BAD(CHUNKED "0\r\n\n");
    BAD(CHUNKED "0\r\nHTTP/1.1 200 OK\r\n");
}

static void only_hexadecimal_digits_make_a_chunk_size(void) {
    static const char DIGITS[] = "0123456789abcdefABCDEF";
    char s[] = CHUNKED "1?\r\nx";
    for (int c = 0; c < 256; c++) {
        int good = c && strchr(DIGITS, c);
        s[sizeof s - 5] = (char)c;
        if (c == '\r' || c == ';' || c == ' ' || c == '\t') continue;
        CHECK_INT(parse(s, sizeof s - 1, 0, 0, 0).rc, good ? DET_E_TRUNCATED : DET_E_HTTP);
    }
}

static void the_largest_chunk_size_is_no_overflow(void) {
    result t = RESPONSE(CHUNKED "000ffffffffffffffff\r\nx");
    CHECK_INT(t.rc, DET_E_TRUNCATED);
    CHECK_INT(t.body_len, 1);
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

/* before + as many 'a' as make `total` bytes with after, in pieces of `piece`; the last result, and what was used. */
static int long_feed(det__response *r, const char *before, size_t total, const char *after, size_t piece, size_t *used) {
    size_t b = strlen(before), a = strlen(after), at = 0;
    char *s = (char *)malloc(total + 1);
    int rc = DET__RESPONSE_MORE;
    if (!s) abort();
    memset(s, 'a', total);
    memcpy(s, before, b);
    memcpy(s + total - a, after, a);
    while (at < total && rc == DET__RESPONSE_MORE) {
        size_t n = total - at < piece ? total - at : piece, u;
        rc = det__response_feed(r, s + at, n, &u);
        at += u;
    }
    free(s);
    *used = at;
    return rc;
}

static const size_t PIECES[] = {1, 7, 1000, 1u << 20};

static void a_head_may_fill_its_limit_and_no_more(void) {
    for (size_t i = 0; i < 4; i++)
        for (size_t over = 0; over < 3; over++) {
            det__response r;
            size_t used;
            int rc;
            det__response_init(&r, 0);
            rc = long_feed(&r, OK11 "X: ", DET_HEAD_LIMIT + over, "\r\n\r\n", PIECES[i], &used);
            CHECK_INT(rc, over ? DET_E_HEAD : DET__RESPONSE_HEAD);
            CHECK_INT(used, DET_HEAD_LIMIT);
            if (over) CHECK_INT(det__response_eof(&r), DET_E_HEAD);
        }
}

static void each_part_of_a_head_is_limited(void) {
    static const char *const STARTS[] = {"HTTP/1.1 200 ", OK11, OK11 "X", OK11 "X: ", OK11 "Connection: ",
                                         OK11 "Retry-After: ", OK11 "Connection: x,"};
    for (size_t i = 0; i < sizeof STARTS / sizeof STARTS[0]; i++) {
        det__response r;
        size_t used;
        det__response_init(&r, 0);
        CHECK_INT(long_feed(&r, STARTS[i], DET_HEAD_LIMIT + 100, "", 4000, &used), DET_E_HEAD);
        CHECK_INT(used, DET_HEAD_LIMIT);
    }
}

static void interim_heads_share_one_limit(void) {
    static const char INTERIM[] = "HTTP/1.1 100 Continue\r\n\r\n";
    det__response r;
    size_t used, total = 0;
    int rc;
    det__response_init(&r, 0);
    do {
        rc = det__response_feed(&r, INTERIM, sizeof INTERIM - 1, &used);
        total += used;
    } while (rc == DET__RESPONSE_MORE && total < 2 * (size_t)DET_HEAD_LIMIT);
    CHECK_INT(rc, DET_E_HEAD);
    CHECK_INT(total, DET_HEAD_LIMIT);
}

static void extensions_and_trailers_are_limited(void) {
    static const char *const STARTS[] = {"1;", "0;", "0\r\nX: ", "0\r\nX"};
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 4; k++) {
            det__response r;
            size_t used;
            det__response_init(&r, 0);
            CHECK_INT(det__response_feed(&r, CHUNKED, sizeof CHUNKED - 1, &used), DET__RESPONSE_HEAD);
            CHECK_INT(long_feed(&r, STARTS[i], DET_HEAD_LIMIT + 100, "", PIECES[k], &used), DET_E_HEAD);
            CHECK_INT(used, DET_HEAD_LIMIT);
        }
}

static void zeros_before_a_chunk_size_are_limited(void) {
    det__response r;
    size_t used, total = 0;
    int rc;
    det__response_init(&r, 0);
    CHECK_INT(det__response_feed(&r, CHUNKED, sizeof CHUNKED - 1, &used), DET__RESPONSE_HEAD);
    do {
        rc = det__response_feed(&r, "0000000000", 10, &used);
        total += used;
    } while (rc == DET__RESPONSE_MORE && total < 2 * (size_t)DET_HEAD_LIMIT);
    CHECK_INT(rc, DET_E_HEAD);
}

/* More chunks than DET_HEAD_LIMIT has bytes: the limit is each chunk's, not the body's. */
static void a_body_may_have_any_number_of_chunks(void) {
    static const char CHUNK[] = "1\r\nx\r\n";
    det__response r;
    size_t used, got = 0;
    det__response_init(&r, 0);
    CHECK_INT(det__response_feed(&r, CHUNKED, sizeof CHUNKED - 1, &used), DET__RESPONSE_HEAD);
    for (size_t i = 0; i < DET_HEAD_LIMIT; i++)
        for (size_t at = 0; at < sizeof CHUNK - 1; at += used) {
            int rc = det__response_feed(&r, CHUNK + at, sizeof CHUNK - 1 - at, &used);
            got += rc == DET__RESPONSE_BODY;
            if (rc < 0 || !used) break;
        }
    CHECK_INT(got, DET_HEAD_LIMIT);
    CHECK_INT(det__response_feed(&r, "0\r\n\r\n", 5, &used), DET__RESPONSE_DONE);
}

static void a_body_of_any_length_is_passed_on(void) {
    static const char HEAD[] = OK11 "Content-Length: 5000000000\r\n\r\n";
    static char piece[1 << 20];
    det__response r;
    size_t used;
    uint64_t got = 0;
    det__response_init(&r, 0);
    CHECK_INT(det__response_feed(&r, HEAD, sizeof HEAD - 1, &used), DET__RESPONSE_HEAD);
    while (got < 5000000000u && det__response_feed(&r, piece, sizeof piece, &used) == DET__RESPONSE_BODY) {
        CHECK(r.body == (const uint8_t *)piece && r.body_len == used);
        got += used;
    }
    CHECK(got == 5000000000u);
    CHECK_INT(det__response_feed(&r, piece, sizeof piece, &used), DET__RESPONSE_DONE);
    CHECK_INT(used, 0);
}

static void responses_follow_each_other(void) {
    static const char S[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab" CHUNKED "1\r\nc\r\n0\r\n\r\n"
                            "HTTP/1.1 204 x\r\n\r\nHTTP/1.1 500 E\r\nContent-Length: 0\r\n\r\n";
    static const unsigned STATUS[] = {200, 200, 204, 500};
    size_t at = 0, used;
    for (size_t i = 0; i < 4; i++) {
        det__response r;
        int rc;
        det__response_init(&r, 0);
        do {
            rc = det__response_feed(&r, S + at, sizeof S - 1 - at, &used);
            at += used;
        } while (rc == DET__RESPONSE_HEAD || rc == DET__RESPONSE_BODY);
        CHECK_INT(rc, DET__RESPONSE_DONE);
        CHECK_INT(r.status, STATUS[i]);
    }
    CHECK_INT(at, sizeof S - 1);
}

static void nothing_fed_changes_nothing(void) {
    det__response r;
    size_t used = 7;
    det__response_init(&r, 0);
    CHECK_INT(det__response_feed(&r, NULL, 0, &used), DET__RESPONSE_MORE);
    CHECK_INT(used, 0);
    CHECK_INT(det__response_eof(&r), DET_E_CLOSED);
    CHECK_INT(det__response_feed(&r, "H", 1, &used), DET__RESPONSE_MORE);
    CHECK_INT(det__response_eof(&r), DET_E_TRUNCATED);
}

static void the_parser_is_small(void) {
    CHECK(sizeof(det__response) <= 64);
}

static const unit_test TESTS[] = {
    TEST(a_length_frames_the_body),
    TEST(a_body_cut_short_is_truncated),
    TEST(every_cut_of_a_response_is_truncated_and_none_is_closed),
    TEST(without_a_length_the_body_lasts_until_the_end),
    TEST(chunks_are_joined),
    TEST(extensions_and_trailers_are_skipped),
    TEST(nothing_in_a_trailer_counts),
    TEST(a_head_request_and_some_statuses_have_no_body),
    TEST(a_204_that_announces_a_body_is_not_reused),
    TEST(interim_responses_are_skipped),
    TEST(interim_responses_keep_what_was_asked),
    TEST(connection_options_are_a_list_in_any_case),
    TEST(retry_after_is_read_as_seconds),
    TEST(both_lengths_are_refused),
    TEST(a_second_length_is_refused_even_when_equal),
    TEST(lengths_are_digits_only),
    TEST(lengths_that_overflow_are_refused),
    TEST(codings_but_chunked_are_refused),
    TEST(bad_status_lines_are_refused),
    TEST(a_status_line_may_do_without_a_reason),
    TEST(bad_header_lines_are_refused),
    TEST(each_byte_is_judged_by_its_place),
    TEST(bad_chunks_are_refused),
    TEST(only_hexadecimal_digits_make_a_chunk_size),
    TEST(the_largest_chunk_size_is_no_overflow),
    TEST(a_head_may_fill_its_limit_and_no_more),
    TEST(each_part_of_a_head_is_limited),
    TEST(interim_heads_share_one_limit),
    TEST(extensions_and_trailers_are_limited),
    TEST(zeros_before_a_chunk_size_are_limited),
    TEST(a_body_may_have_any_number_of_chunks),
    TEST(a_body_of_any_length_is_passed_on),
    TEST(responses_follow_each_other),
    TEST(nothing_fed_changes_nothing),
    TEST(the_parser_is_small),
};
UNIT_MAIN(TESTS)
