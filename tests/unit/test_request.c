/* SPDX-License-Identifier: Apache-2.0
 * Request heads: their exact bytes, every capacity, and everything that could make one request two. */
#include "unit/unit.h"

#include "det_error.h"
#include "det_version.h"
#include "http/request.h"

static det__url url_of(const char *s) {
    det__url u;
    CHECK_INT(det__url_parse(&u, s), DET_OK);
    return u;
}

/* What is written, as a string; "!" for an error. */
static const char *lines_of(const char *url, int auth, const char *token) {
    static char text[512];
    det__url u = url_of(url);
    det__out o;
    det__out_init(&o, text, sizeof text - 1);
    if (det__request_lines(&o, &u, auth, token)) return "!";
    text[o.len] = 0;
    return text;
}

static const char *head_of(const char *url, const det__head *h) {
    static char text[1024];
    det__url u = url_of(url);
    det__out o;
    det__out_init(&o, text, sizeof text - 1);
    if (det__request_head(&o, &u, "L: 1\r\n", 6, h)) return "!";
    text[o.len] = 0;
    return text;
}

#define AGENT "User-Agent: libdet/" DET_VERSION "\r\n"

static void constant_lines_name_host_agent_and_credentials(void) {
    CHECK_STR(lines_of("https://h", DET__AUTH_NONE, NULL), "Host: h\r\n" AGENT);
    CHECK_STR(lines_of("h", DET__AUTH_NONE, "ignored"), "Host: h:8080\r\n" AGENT);
    CHECK_STR(lines_of("http://[::1]:5/x", DET__AUTH_BEARER, "v2.public.aB-_.x="),
              "Host: [::1]:5\r\n" AGENT "Authorization: Bearer v2.public.aB-_.x=\r\n");
    CHECK_STR(lines_of("https://h:8443", DET__AUTH_ALLOCATION, "t"),
              "Host: h:8443\r\n" AGENT "Grpc-Metadata-x-allocation-token: Bearer t\r\n");
}

static void a_token_with_any_other_byte_is_refused(void) {
    for (int c = 1; c < 256; c++) {
        char token[4] = {'a', (char)c, 'b', 0};
        int good = c > 0x20 && c < 0x7f;
        CHECK_INT(lines_of("h", DET__AUTH_BEARER, token)[0] != '!', good);
        CHECK_INT(lines_of("h", DET__AUTH_ALLOCATION, token)[0] != '!', good);
    }
    CHECK_STR(lines_of("h", DET__AUTH_BEARER, "a\r\nX: y"), "!");
    CHECK_STR(lines_of("h", DET__AUTH_BEARER, ""), "!");
    CHECK_STR(lines_of("h", DET__AUTH_BEARER, NULL), "!");
}

static void a_get_has_no_length(void) {
    det__head h = {"GET", "/api/v1/me", NULL, 0, 0};
    CHECK_STR(head_of("https://h/base/", &h), "GET /base/api/v1/me HTTP/1.1\r\nL: 1\r\n\r\n");
}

static void a_body_brings_its_type_and_length(void) {
    det__head h = {"POST", "/x?a=%20&b", "X-A: b\r\n", 12345678901u, 0};
    CHECK_STR(head_of("h", &h), "POST /x?a=%20&b HTTP/1.1\r\nL: 1\r\nContent-Type: application/json\r\n"
                                "Content-Length: 12345678901\r\nX-A: b\r\n\r\n");
    h.method = "DELETE", h.body_len = 1, h.extra = NULL;
    CHECK_STR(head_of("h", &h), "DELETE /x?a=%20&b HTTP/1.1\r\nL: 1\r\nContent-Type: application/json\r\n"
                                "Content-Length: 1\r\n\r\n");
}

static void methods_that_expect_a_body_say_length_zero(void) {
    static const char *const WITH[] = {"POST", "PUT", "PATCH"}, *const WITHOUT[] = {"GET", "HEAD", "DELETE", "OPTIONS"};
    det__head h = {"", "/", NULL, 0, 0};
    for (size_t i = 0; i < 3; i++) {
        h.method = WITH[i];
        CHECK(strstr(head_of("h", &h), "\r\nContent-Length: 0\r\n\r\n") != NULL);
        CHECK(strstr(head_of("h", &h), "Content-Type") == NULL);
    }
    for (size_t i = 0; i < 4; i++) {
        h.method = WITHOUT[i];
        CHECK(strstr(head_of("h", &h), "Content-") == NULL);
    }
}

static void close_is_said_when_asked_for(void) {
    det__head h = {"GET", "/", NULL, 0, 1};
    CHECK_STR(head_of("h", &h), "GET / HTTP/1.1\r\nL: 1\r\nConnection: close\r\n\r\n");
}

static void no_encoding_is_offered(void) {
    det__head h = {"POST", "/", NULL, 5, 1};
    CHECK(strstr(head_of("h", &h), "Accept-Encoding") == NULL);
    CHECK(strstr(lines_of("h", DET__AUTH_NONE, NULL), "Accept-Encoding") == NULL);
}

static int is_token_char(int c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c && strchr("!#$%&'*+-.^_`|~", c));
}

static void a_method_is_a_token(void) {
    for (int c = 1; c < 256; c++) {
        char method[4] = {'A', (char)c, 'B', 0};
        det__head h = {"", "/", NULL, 0, 0};
        h.method = method;
        CHECK_INT(head_of("h", &h)[0] != '!' || method[1] == '!', is_token_char(c));
    }
    {
        det__head h = {"", "/", NULL, 0, 0};
        CHECK_STR(head_of("h", &h), "!");
    }
}

static void a_path_is_visible_ascii_from_a_slash_on(void) {
    static const char *const BAD[] = {"", "x", "*", "http://h/", "?x", " /", "/a b", "/a\r\nX: y", "/a#b", "/#"};
    det__head h = {"GET", "", NULL, 0, 0};
    for (int c = 1; c < 256; c++) {
        char path[5] = {'/', 'a', (char)c, 'b', 0};
        h.path = path;
        CHECK_INT(head_of("h", &h)[0] != '!', c > 0x20 && c < 0x7f && c != '#');
    }
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        h.path = BAD[i];
        CHECK_STR(head_of("h", &h), "!");
    }
}

static void extra_lines_that_are_none_are_refused(void) {
    static const char *const BAD[] = {
        "X: y", "X: y\r", "X: y\n", "X: y\r\nZ", "X: y\r\n\r\n", "\r\n", "X: y\r\n z\r\n", "X: y\r\n\tz\r\n", " X: y\r\n",
        "X : y\r\n", ": y\r\n", "X\r\n", "X: a\rb\r\n", "X: a\nb\r\n", "X: a\r\r\n", "X: a\x01\r\n", "X: a\x7f\r\n",
        "X\xc3\xa4: y\r\n", "X: y\r\nGET / HTTP/1.1\r\n",
    };
    det__head h = {"GET", "/", NULL, 0, 0};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        h.extra = BAD[i];
        CHECK_STR(head_of("h", &h), "!");
    }
}

static void extra_lines_are_written_as_they_are(void) {
    static const char *const GOOD[] = {"", "X: y\r\n", "X:\r\n", "x!#$%&'*+-.^_`|~:a\tb \xc3\xa4\r\nY: z\r\n"};
    det__head h = {"GET", "/", NULL, 0, 0};
    for (size_t i = 0; i < sizeof GOOD / sizeof GOOD[0]; i++) {
        char want[256];
        snprintf(want, sizeof want, "GET / HTTP/1.1\r\nL: 1\r\n%s\r\n", GOOD[i]);
        h.extra = GOOD[i];
        CHECK_STR(head_of("h", &h), want);
    }
}

static void extra_lines_do_not_frame(void) {
    static const char *const BAD[] = {"Content-Length: 5\r\n", "X: y\r\ncONTENT-lENGTH:5\r\n", "Transfer-Encoding: chunked\r\n",
                                      "transfer-encoding:\r\n"};
    det__head h = {"POST", "/", NULL, 0, 0};
    for (size_t i = 0; i < sizeof BAD / sizeof BAD[0]; i++) {
        h.extra = BAD[i];
        CHECK_STR(head_of("h", &h), "!");
    }
    h.extra = "Content-Lengths: 5\r\nContent-: 1\r\nTransfer: 2\r\n";
    CHECK(head_of("h", &h)[0] == 'P');
}

static size_t write_both(unsigned char *buf, size_t cap, int *err) {
    det__url u = url_of("https://host:8443/base");
    det__head h = {"PATCH", "/p", "X: y\r\n", 42, 1};
    char lines[128];
    det__out o, l;
    det__out_init(&l, lines, sizeof lines);
    CHECK_INT(det__request_lines(&l, &u, DET__AUTH_BEARER, "tok"), DET_OK);
    det__out_init(&o, buf, cap);
    *err = det__request_head(&o, &u, lines, l.len, &h);
    return o.len;
}

static void every_capacity_keeps_its_bounds(void) {
    static const char WANT[] = "PATCH /base/p HTTP/1.1\r\nHost: host:8443\r\n" AGENT "Authorization: Bearer tok\r\n"
                               "Connection: close\r\nContent-Type: application/json\r\nContent-Length: 42\r\nX: y\r\n\r\n";
    const size_t full = sizeof WANT - 1;
    for (size_t cap = 0; cap <= full + 1; cap++) {
        unsigned char *buf = unit_guard(cap);
        int err;
        CHECK_INT(write_both(buf, cap, &err), full);
        CHECK_INT(err, cap < full ? DET_E_SIZE : DET_OK);
        CHECK(!memcmp(buf, WANT, cap < full ? cap : full));
        unit_guard_free(buf, cap);
    }
}

static void constant_lines_may_fill_their_buffer_and_no_more(void) {
    det__url u = url_of("h");
    const size_t full = strlen("Host: h:8080\r\n" AGENT "Authorization: Bearer t\r\n");
    for (size_t cap = full - 1; cap <= full; cap++) {
        unsigned char *buf = unit_guard(cap);
        det__out o;
        det__out_init(&o, buf, cap);
        CHECK_INT(det__request_lines(&o, &u, DET__AUTH_BEARER, "t"), cap < full ? DET_E_SIZE : DET_OK);
        CHECK_INT(o.len, full);
        unit_guard_free(buf, cap);
    }
}

static void what_is_refused_writes_nothing(void) {
    det__url u = url_of("h");
    det__head h = {"GET", "/a b", NULL, 0, 0};
    char buf[64];
    det__out o;
    det__out_init(&o, buf, sizeof buf);
    CHECK_INT(det__request_head(&o, &u, "", 0, &h), DET_E_ARG);
    CHECK_INT(det__request_lines(&o, &u, DET__AUTH_BEARER, "a b"), DET_E_ARG);
    CHECK_INT(o.len, 0);
}

static void heads_are_appended(void) {
    det__url u = url_of("h");
    det__head h = {"GET", "/1", NULL, 0, 0};
    char buf[64];
    det__out o;
    det__out_init(&o, buf, sizeof buf);
    CHECK_INT(det__request_head(&o, &u, "", 0, &h), DET_OK);
    h.path = "/2";
    CHECK_INT(det__request_head(&o, &u, "", 0, &h), DET_OK);
    CHECK_INT(o.len, 38);
    CHECK(!memcmp(buf, "GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n", 38));
}

static const unit_test TESTS[] = {
    TEST(constant_lines_name_host_agent_and_credentials),
    TEST(a_token_with_any_other_byte_is_refused),
    TEST(a_get_has_no_length),
    TEST(a_body_brings_its_type_and_length),
    TEST(methods_that_expect_a_body_say_length_zero),
    TEST(close_is_said_when_asked_for),
    TEST(no_encoding_is_offered),
    TEST(a_method_is_a_token),
    TEST(a_path_is_visible_ascii_from_a_slash_on),
    TEST(extra_lines_that_are_none_are_refused),
    TEST(extra_lines_are_written_as_they_are),
    TEST(extra_lines_do_not_frame),
    TEST(every_capacity_keeps_its_bounds),
    TEST(constant_lines_may_fill_their_buffer_and_no_more),
    TEST(what_is_refused_writes_nothing),
    TEST(heads_are_appended),
};
UNIT_MAIN(TESTS)
