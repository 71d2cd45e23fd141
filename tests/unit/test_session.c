/* SPDX-License-Identifier: Apache-2.0
 * The session over the fake port: connections, replay, poison, deadlines, errors and what is logged. */
#include "det_session.h"

#include "unit/fake_port.h"
#include "unit/unit.h"

#define OK2 "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

static fake_port fp;
static det_session s;
static char buffer[2048];
static char body_text[4096];
static size_t body_len;
static char log_text[4096];

static int keep(void *ctx, const det_response *r, const void *data, size_t len) {
    (void)ctx, (void)r;
    if (body_len + len >= sizeof body_text) return DET_E_SPACE;
    memcpy(body_text + body_len, data, len);
    body_len += len;
    body_text[body_len] = 0;
    return DET_OK;
}

static void log_line(void *ctx, int level, const char *line) {
    (void)ctx, (void)level;
    size_t n = strlen(log_text);
    snprintf(log_text + n, sizeof log_text - n, "%s\n", line);
}

static det_session_options options(void) {
    det_session_options o;
    memset(&o, 0, sizeof o);
    o.port = &fp.port;
    o.url = "http://master:80";
    o.buffer = buffer;
    o.buffer_len = sizeof buffer;
    o.token = "secret-token";
    o.log = log_line;
    o.log_level = DET_LOG_DEBUG;
    return o;
}

static void begin(const fake_script *script, size_t n) {
    det_session_options o = options();
    fake_init(&fp, script, n);
    log_text[0] = 0;
    CHECK_INT(det_session_init(&s, &o), DET_OK);
}

static void end(void) {
    det_session_free(&s);
    CHECK(strstr(log_text, "secret-token") == NULL);
    CHECK_INT(fake_free(&fp), 0);
}

static int later(void *ctx, const det_response *r, const void *data, size_t len) {
    (void)ctx, (void)r, (void)data, (void)len;
    return DET_E_AGAIN;
}

static int cancel(void *ctx, const det_response *r, const void *data, size_t len) {
    (void)ctx, (void)r, (void)data, (void)len;
    det_session_cancel(&s);
    return DET_OK;
}

static int call(const char *method, const char *path, const char *body) {
    det_request q;
    memset(&q, 0, sizeof q);
    q.method = method;
    q.path = path;
    q.body = body;
    q.body_len = body ? strlen(body) : 0;
    q.sink = keep;
    body_len = 0;
    body_text[0] = 0;
    return det_session_call(&s, &q, NULL);
}

static int count(const char *text, const char *part) {
    int n = 0;
    for (const char *p = text; (p = strstr(p, part)) != NULL; p++) n++;
    return n;
}

/* ---- connections (contract 9, T1 and T2) ---------------------------------------------------------------------------- */

static const fake_reply three[] = {{.after_requests = 1, .data = OK2},
                                   {.after_requests = 2, .data = OK2},
                                   {.after_requests = 3, .data = OK2}};
static const fake_script serves3[] = {{.reply = three, .replies = 3}};

static void used_directly_every_call_opens_and_closes_its_own_connection(void) {
    begin(serves3, 1);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(call("GET", "/info", NULL), DET_OK);
        CHECK_INT(fp.conns, i + 1);
        CHECK_INT(fp.open_now, 0);
    }
    CHECK(fake_sent_has(&fp, 0, "Connection: close\r\n"));
    CHECK_INT(count(log_text, "connection opened: master:80 (one-shot)"), 3);
    end();
}

static void between_begin_and_end_all_calls_share_one_connection(void) {
    begin(serves3, 1);
    CHECK_INT(det_session_begin(&s), DET_OK);
    for (int i = 0; i < 3; i++) CHECK_INT(call(i ? "POST" : "GET", i ? "/a" : "/info", i ? "{}" : NULL), DET_OK);
    CHECK_INT(fp.conns, 1);
    CHECK_INT(fp.open_now, 1);
    CHECK(!fake_sent_has(&fp, 0, "Connection: close"));
    CHECK_INT(det_session_end(&s), DET_OK);
    CHECK_INT(fp.open_now, 0);
    CHECK_INT(count(log_text, "connection opened"), 1);
    CHECK_INT(det_session_get_stats(&s)->connections, 1);
    CHECK_INT(det_session_get_stats(&s)->requests, 3);
    end();
}

static void head_and_body_are_one_send_and_a_small_answer_one_receive(void) {
    begin(serves3, 1);
    det_session_begin(&s);
    for (int i = 0; i < 3; i++) CHECK_INT(call("POST", "/x", "{\"a\":1}"), DET_OK);
    CHECK_INT(fp.calls[FAKE_SEND], 3);
    CHECK_INT(fp.calls[FAKE_RECV], 3);
    CHECK_INT(fp.calls[FAKE_WAIT], 3);
    end();
}

static void the_peers_connection_close_is_honoured_after_the_answer(void) {
    static const fake_reply r[] = {
        {.after_requests = 1, .data = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"}};
    static const fake_script sc[] = {{.reply = r, .replies = 1}};
    begin(sc, 1);
    det_session_begin(&s);
    CHECK_INT(call("GET", "/a", NULL), DET_OK);
    CHECK_STR(body_text, "hi");
    CHECK_INT(fp.open_now, 0);
    CHECK_INT(call("GET", "/b", NULL), DET_OK);
    CHECK_INT(fp.conns, 2);
    CHECK(strstr(log_text, "(closed by the peer)") != NULL);
    end();
}

static void an_answer_without_length_ends_with_the_connection(void) {
    static const fake_reply r[] = {{.after_requests = 1, .data = "HTTP/1.1 200 OK\r\n\r\nuntil close", .then = FAKE_CLOSE}};
    static const fake_script sc[] = {{.reply = r, .replies = 1}};
    begin(sc, 1);
    det_session_begin(&s);
    CHECK_INT(call("GET", "/a", NULL), DET_OK);
    CHECK_STR(body_text, "until close");
    end();
}

/* ---- stale and poison rules ----------------------------------------------------------------------------------------- */

static const fake_reply dies_idle[] = {{.after_requests = 1, .data = OK2, .then = FAKE_CLOSE}};
static const fake_reply serves1[] = {{.after_requests = 1, .data = OK2}};
static const fake_reply dies_second[] = {{.after_requests = 1, .data = OK2}, {.after_requests = 2, .then = FAKE_RESET}};

static void a_kept_connection_closed_while_idle_is_replaced_before_use(void) {
    static const fake_script sc[] = {{.reply = dies_idle, .replies = 1}, {.reply = serves1, .replies = 1}};
    begin(sc, 2);
    det_session_begin(&s);
    CHECK_INT(call("GET", "/a", NULL), DET_OK);
    fp.now_ms += 5000;
    CHECK_INT(call("POST", "/b", "{}"), DET_OK);
    CHECK_INT(fp.conns, 2);
    CHECK_INT(fake_requests(&fp, 0), 1);
    CHECK(strstr(log_text, "(closed by the peer while idle)") != NULL);
    end();
}

static void a_safe_request_on_a_stale_connection_is_sent_once_more(void) {
    static const fake_script sc[] = {{.reply = dies_second, .replies = 2}, {.reply = serves1, .replies = 1}};
    begin(sc, 2);
    det_session_begin(&s);
    CHECK_INT(call("GET", "/a", NULL), DET_OK);
    CHECK_INT(call("GET", "/b", NULL), DET_OK);
    CHECK_INT(fp.conns, 2);
    CHECK_INT(fake_requests(&fp, -1), 3);
    end();
}

static void a_post_on_a_stale_connection_is_unsure_and_never_sent_again(void) {
    static const fake_script sc[] = {{.reply = dies_second, .replies = 2}, {.reply = serves1, .replies = 1}};
    begin(sc, 2);
    det_session_begin(&s);
    CHECK_INT(call("GET", "/a", NULL), DET_OK);
    CHECK_INT(call("POST", "/b", "{}"), DET_E_UNSURE);
    CHECK_INT(fp.conns, 1);
    CHECK_INT(det_session_failure(&s)->stage, DET_STAGE_TCP);
    end();
}

static void a_fresh_connection_that_dies_is_not_tried_again(void) {
    static const fake_reply r[] = {{.after_requests = 1, .then = FAKE_RESET}};
    static const fake_script sc[] = {{.reply = r, .replies = 1}};
    begin(sc, 1);
    det_session_begin(&s);
    CHECK_INT(call("GET", "/a", NULL), DET_E_RESET);
    CHECK_INT(fp.conns, 1);
    CHECK_INT(fp.open_now, 0);
    end();
}

static void two_stale_connections_in_a_row_are_an_error_not_a_loop(void) {
    static const fake_reply r[] = {{.after_requests = 1, .then = FAKE_RESET}};
    static const fake_script sc[] = {{.reply = dies_second, .replies = 2}, {.reply = r, .replies = 1}};
    begin(sc, 2);
    det_session_begin(&s);
    CHECK_INT(call("GET", "/a", NULL), DET_OK);
    CHECK_INT(call("GET", "/b", NULL), DET_E_RESET);
    CHECK_INT(fp.conns, 2);
    end();
}

static void a_request_too_large_to_have_been_sent_whole_may_be_sent_again(void) {
    static char big[6000];
    static const fake_script sc[] = {{.reply = serves1, .replies = 1, .send_end = FAKE_RESET, .send_end_at = 1500},
                                     {.reply = serves1, .replies = 1}};
    memset(big, 'x', sizeof big - 1);
    begin(sc, 2);
    det_session_begin(&s);
    CHECK_INT(call("GET", "/a", NULL), DET_OK);
    CHECK_INT(call("POST", "/b", big), DET_OK);
    CHECK_INT(fp.conns, 2);
    end();
}

static void after_a_timeout_the_next_request_gets_its_own_answer(void) {
    static const fake_reply late[] = {{.after_requests = 1, .delay_ms = 31000, .data = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate"}};
    static const fake_script sc[] = {{.reply = late, .replies = 1}, {.reply = serves1, .replies = 1}};
    begin(sc, 2);
    det_session_begin(&s);
    CHECK_INT(call("GET", "/a", NULL), DET_E_TIMEOUT);
    CHECK_INT(call("GET", "/b", NULL), DET_OK);
    CHECK_STR(body_text, "{}");
    CHECK_INT(fp.conns, 2);
    end();
}

static void bytes_behind_an_answer_cost_the_connection(void) {
    static const fake_reply r[] = {{.after_requests = 1, .data = OK2 "HTTP/1.1 200 OK\r\n"}};
    static const fake_script sc[] = {{.reply = r, .replies = 1}, {.reply = serves1, .replies = 1}};
    begin(sc, 2);
    det_session_begin(&s);
    CHECK_INT(call("GET", "/a", NULL), DET_OK);
    CHECK_INT(fp.open_now, 0);
    CHECK_INT(call("GET", "/b", NULL), DET_OK);
    CHECK_INT(fp.conns, 2);
    end();
}

static void a_connection_idle_for_too_long_is_not_trusted(void) {
    begin(serves3, 1);
    det_session_begin(&s);
    CHECK_INT(call("GET", "/a", NULL), DET_OK);
    fp.now_ms += 61000;
    CHECK_INT(call("GET", "/b", NULL), DET_OK);
    CHECK_INT(fp.conns, 1); /* the heartbeat's minute is fine */
    fp.now_ms += 91000;
    CHECK_INT(call("GET", "/c", NULL), DET_OK);
    CHECK_INT(fp.conns, 2);
    end();
}

/* ---- deadlines -------------------------------------------------------------------------------------------------------- */

static void a_silent_server_is_a_timeout_at_stage_http(void) {
    static const fake_script sc[] = {{.reply = NULL}};
    begin(sc, 1);
    uint32_t t = fp.now_ms;
    CHECK_INT(call("GET", "/a", NULL), DET_E_TIMEOUT);
    CHECK_INT(fp.now_ms - t, 30000);
    CHECK_INT(det_session_failure(&s)->stage, DET_STAGE_HTTP);
    CHECK(strstr(det_session_errmsg(&s), "http: master:80: ") != NULL);
    end();
}

static void a_server_that_drips_is_stopped_by_the_total_deadline(void) {
    static fake_reply r[40];
    static fake_script sc[] = {{.reply = r, .replies = 40}};
    for (int i = 0; i < 40; i++) {
        r[i].after_requests = 1;
        r[i].delay_ms = (uint32_t)(i + 1) * 20000;
        r[i].data = i ? "x" : "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n";
    }
    begin(sc, 1);
    uint32_t t = fp.now_ms;
    CHECK_INT(call("GET", "/a", NULL), DET_E_TIMEOUT);
    CHECK_INT(fp.now_ms - t, 300000);
    end();
}

static void a_connection_that_never_comes_about_is_a_timeout_at_stage_tcp(void) {
    static const fake_script sc[] = {{.open_ms = FAKE_NEVER}};
    begin(sc, 1);
    uint32_t t = fp.now_ms;
    CHECK_INT(call("GET", "/a", NULL), DET_E_TIMEOUT);
    CHECK_INT(fp.now_ms - t, 10000);
    CHECK_INT(det_session_failure(&s)->stage, DET_STAGE_TCP);
    end();
}

static void a_requests_own_deadlines_count(void) {
    static const fake_script sc[] = {{.reply = NULL}};
    det_request q = {0};
    begin(sc, 1);
    uint32_t t = fp.now_ms;
    q.method = "GET";
    q.path = "/";
    q.silence_ms = 700;
    CHECK_INT(det_session_call(&s, &q, NULL), DET_E_TIMEOUT);
    CHECK_INT(fp.now_ms - t, 700);
    q.silence_ms = 0;
    q.total_ms = 900;
    t = fp.now_ms;
    CHECK_INT(det_session_call(&s, &q, NULL), DET_E_TIMEOUT);
    CHECK_INT(fp.now_ms - t, 900);
    end();
}

/* ---- answers and errors ------------------------------------------------------------------------------------------------ */

static int status_of(const char *answer) {
    fake_reply r[1] = {{0}};
    fake_script sc[1] = {{0}};
    r[0].after_requests = 1;
    r[0].data = answer;
    sc[0].reply = r;
    sc[0].replies = 1;
    begin(sc, 1);
    int rc = call("POST", "/api/v1/x?secret=1", "{}");
    det_session_free(&s);
    CHECK_INT(fake_free(&fp), 0);
    return rc;
}

static void statuses_become_codes_and_the_servers_words_are_kept(void) {
    CHECK_INT(status_of("HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"), DET_OK);
    CHECK_INT(status_of("HTTP/1.1 401 Unauthorized\r\nContent-Length: 79\r\n\r\n"
                        "{\"error\":{\"code\":16,\"reason\":\"Unauthenticated\",\"error\":\"invalid credentials\"}}\n"),
              DET_E_AUTH);
    CHECK_STR(det_session_errmsg(&s), "server: master:80: POST /api/v1/x answered 401: invalid credentials; "
              "not logged in: check user and password, or get a new token");
    CHECK_INT(det_session_failure(&s)->detail, 401);
    CHECK_INT(status_of("HTTP/1.1 404 Not Found\r\nContent-Length: 39\r\n\r\n{\"message\":\"api not found: GET /nope\"}\n "),
              DET_E_NOT_FOUND);
    CHECK_STR(det_session_errmsg(&s), "server: master:80: POST /api/v1/x answered 404: api not found: GET /nope");
    CHECK_INT(status_of("HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n"
                        "71\r\n{\"error\":{\"grpcCode\":5,\"httpCode\":404,\"message\":\"trial '99999' not found\","
                        "\"httpStatus\":\"Not Found\",\"details\":[]}}\r\n0\r\n\r\n"),
              DET_E_NOT_FOUND);
    CHECK(strstr(det_session_errmsg(&s), "answered 404: trial '99999' not found") != NULL);
    CHECK_INT(status_of("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"), DET_E_FORBIDDEN);
    CHECK_INT(status_of("HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n"), DET_E_BUSY);
    CHECK_INT(status_of("HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"), DET_E_SERVER);
    CHECK_INT(status_of("HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\n<html>\x1b[2"), DET_E_SERVER);
    CHECK(strchr(det_session_errmsg(&s), '\x1b') == NULL);
}

static void control_characters_in_the_servers_words_are_not_passed_on(void) {
    CHECK_INT(status_of("HTTP/1.1 500 Oops\r\nContent-Length: 31\r\n\r\n{\"message\":\"a\\u001b[2Jb\\u000ac\"} "), DET_E_SERVER);
    CHECK(strstr(det_session_errmsg(&s), "a?[2Jb?c") != NULL);
}

static void a_long_message_is_cut_not_overrun(void) {
    static char answer[3000];
    int n = snprintf(answer, sizeof answer, "HTTP/1.1 500 Oops\r\nContent-Length: 2014\r\n\r\n{\"message\":\"");
    memset(answer + n, 'm', 2000);
    strcpy(answer + n + 2000, "\"}");
    CHECK_INT(status_of(answer), DET_E_SERVER);
    CHECK_INT(strlen(det_session_errmsg(&s)), DET_MSG_SIZE - 1);
}

static void an_answer_of_garbage_is_an_error_at_stage_http(void) {
    CHECK_INT(status_of("SSH-2.0-OpenSSH_9.2\r\n\r\n"), DET_E_UNSURE); /* a POST: it may have been stored */
    CHECK_INT(det_session_failure(&s)->stage, DET_STAGE_HTTP);
    static const fake_reply r[] = {{.after_requests = 1, .data = "SSH-2.0-OpenSSH_9.2\r\n\r\n"}};
    static const fake_script sc[] = {{.reply = r, .replies = 1}};
    begin(sc, 1);
    CHECK_INT(call("GET", "/a", NULL), DET_E_HTTP);
    end();
}

static void a_sink_may_end_a_request(void) {
    det_request q = {0};
    begin(serves3, 1);
    det_session_begin(&s);
    q.method = "GET";
    q.path = "/";
    q.sink = keep;
    body_len = sizeof body_text;
    CHECK_INT(det_session_call(&s, &q, NULL), DET_E_SPACE);
    CHECK_INT(fp.open_now, 0);
    CHECK_INT(call("GET", "/again", NULL), DET_OK);
    end();
}

static int source_abc(void *ctx, size_t offset, void *buf, size_t len) {
    if (ctx) return DET_E_VALUE;
    for (size_t i = 0; i < len; i++) ((char *)buf)[i] = (char)('a' + (offset + i) % 26);
    return DET_OK;
}

static void a_body_from_a_source_arrives_whole_whatever_the_buffer(void) {
    det_request q = {0};
    begin(serves3, 1);
    q.method = "POST";
    q.path = "/";
    q.source = source_abc;
    q.body_len = 10000;
    CHECK_INT(det_session_call(&s, &q, NULL), DET_OK);
    const char *body = strstr(fake_sent(&fp, 0), "\r\n\r\n") + 4;
    for (size_t i = 0; i < 10000; i++) CHECK(body[i] == (char)('a' + i % 26));
    CHECK_INT(fake_sent_len(&fp, 0) - (size_t)(body - fake_sent(&fp, 0)), 10000);
    q.source_ctx = &q;
    CHECK_INT(det_session_call(&s, &q, NULL), DET_E_VALUE);
    end();
}

static void an_early_refusal_is_read_though_the_request_could_not_be_sent(void) {
    static char big[9000];
    static const fake_reply r[] = {{.after_sent = 1000, .data = "HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"}};
    static const fake_script sc[] = {{.reply = r, .replies = 1, .send_end = FAKE_CLOSE, .send_end_at = 3000}};
    memset(big, 'x', sizeof big - 1);
    begin(sc, 1);
    CHECK_INT(call("POST", "/b", big), DET_E_SERVER);
    CHECK_INT(det_session_failure(&s)->detail, 413);
    end();
}

static void a_callback_that_says_later_ends_the_request(void) {
    det_request q = {0};
    begin(serves3, 1);
    det_session_begin(&s);
    q.method = "GET";
    q.path = "/";
    q.sink = later;
    CHECK_INT(det_session_call(&s, &q, NULL), DET_E_ARG);
    q.sink = cancel;
    CHECK_INT(det_session_call(&s, &q, NULL), DET_E_STATE);
    CHECK_INT(call("GET", "/again", NULL), DET_OK);
    end();
}

static void a_peer_that_never_pauses_cannot_hold_a_step(void) {
    enum { BODY = 180 * DET_RX_SIZE };
    static char endless[BODY + 100];
    int n = snprintf(endless, sizeof endless, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", BODY);
    memset(endless + n, 'x', BODY);
    fake_reply r[1] = {{.after_requests = 1}};
    fake_script sc[1] = {{.reply = r, .replies = 1}};
    det_request q = {0};
    r[0].data = endless;
    r[0].len = (size_t)n + BODY;
    begin(sc, 1);
    q.method = "GET";
    q.path = "/";
    CHECK_INT(det_session_start(&s, &q), DET_OK);
    CHECK_INT(det_session_step(&s), DET_E_AGAIN);
    CHECK_INT(det_session_step(&s), DET_E_AGAIN); /* 64 pieces, then the caller's turn */
    CHECK(fp.calls[FAKE_RECV] <= 64);
    while (det_session_step(&s) == DET_E_AGAIN) fp.port.wait(fp.port.ctx, NULL, 0, 0);
    CHECK_INT(det_session_response(&s)->status, 200);
    end();
}

static void a_refused_token_keeps_the_other_header_lines(void) {
    begin(serves3, 1);
    CHECK_INT(det_session_set_token(&s, "a\r\nb"), DET_E_ARG);
    CHECK_INT(call("GET", "/a", NULL), DET_OK);
    CHECK(fake_sent_has(&fp, 0, "Host: master\r\n"));
    CHECK(!fake_sent_has(&fp, 0, "Authorization"));
    end();
}

static void nothing_secret_is_left_after_free(void) {
    begin(serves3, 1);
    det_session_begin(&s);
    CHECK_INT(call("GET", "/a", NULL), DET_OK);
    det_session_free(&s);
    for (size_t i = 0; i + 12 < sizeof buffer; i++) CHECK(memcmp(buffer + i, "secret-token", 12) != 0);
    for (size_t i = 0; i + 12 < sizeof s; i++) CHECK(memcmp((const char *)&s + i, "secret-token", 12) != 0);
    end();
}

/* ---- every split, every fault --------------------------------------------------------------------------------------- */

#define ANSWER "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n"

static void any_split_of_the_bytes_gives_the_same(void) {
    for (size_t at = 1; at < 160; at++) {
        fake_reply r[2] = {{.after_requests = 1, .data = ANSWER}, {.after_requests = 2, .data = OK2}};
        fake_script sc[1] = {{0}};
        sc[0].reply = r;
        sc[0].replies = 2;
        sc[0].send_split = at;
        sc[0].recv_split = at;
        begin(sc, 1);
        det_session_begin(&s);
        CHECK_INT(call("POST", "/p", "{\"k\":1}"), DET_OK);
        CHECK_STR(body_text, "abcde");
        CHECK_INT(call("GET", "/p", NULL), DET_OK);
        CHECK_INT(fp.conns, 1);
        end();
    }
}

static void byte_by_byte_with_every_second_call_blocked_gives_the_same(void) {
    static const fake_reply r[] = {{.after_requests = 1, .data = ANSWER}};
    static const fake_script sc[] = {{.reply = r, .replies = 1, .send_max = 1, .recv_max = 1, .send_again = 2, .recv_again = 2}};
    begin(sc, 1);
    CHECK_INT(call("POST", "/p", "{\"k\":1}"), DET_OK);
    CHECK_STR(body_text, "abcde");
    end();
}

/* The connection cut after every number of bytes received: a complete answer or an error, never a wrong answer. */
static void an_answer_cut_at_every_byte_is_never_taken_for_whole(void) {
    for (int end_how = FAKE_CLOSE; end_how <= FAKE_RESET; end_how++)
        for (size_t at = 0; at < sizeof ANSWER - 1; at++) {
            fake_reply r[1] = {{.after_requests = 1, .data = ANSWER}};
            fake_script sc[1] = {{0}};
            sc[0].reply = r;
            sc[0].replies = 1;
            sc[0].recv_end = end_how;
            sc[0].recv_end_at = at;
            begin(sc, 1);
            det_session_begin(&s);
            int rc = call("GET", "/p", NULL);
            CHECK(rc == DET_E_CLOSED || rc == DET_E_RESET || rc == DET_E_TRUNCATED);
            CHECK(*det_session_errmsg(&s) != 0);
            CHECK_INT(fp.open_now, 0);
            end();
        }
}

static void whatever_port_call_fails_the_session_ends_clean_and_works_again(void) {
    for (unsigned k = 1; k < 60; k++) {
        static const fake_reply r[] = {{.after_requests = 1, .data = ANSWER}, {.after_requests = 2, .data = OK2}};
        static const fake_script sc[] = {{.reply = r, .replies = 2, .send_max = 40, .recv_max = 20}};
        begin(sc, 1);
        det_session_begin(&s);
        fp.fail_kinds = FAKE_ANY;
        fp.fail_at = k;
        int rc = call("GET", "/p", NULL);
        if (rc == DET_OK) CHECK_STR(body_text, "abcde");
        else CHECK(*det_session_errmsg(&s) != 0);
        fp.fail_kinds = 0;
        CHECK_INT(call("GET", "/p", NULL), DET_OK);
        end();
    }
}

/* ---- usage ------------------------------------------------------------------------------------------------------------- */

static int init_with(void (*change)(det_session_options *)) {
    det_session_options o = options();
    change(&o);
    int rc = det_session_init(&s, &o);
    if (rc != DET_OK) CHECK(*det_session_errmsg(&s) != 0);
    det_session_free(&s);
    return rc;
}

static det_port short_port;
static void no_port(det_session_options *o) { o->port = NULL; }
static void no_url(det_session_options *o) { o->url = NULL; }
static void bad_url(det_session_options *o) { o->url = "http://u:p@h"; }
static void upper_url(det_session_options *o) { o->url = "HTTPS://h"; }
static void no_buffer(det_session_options *o) { o->buffer = NULL; }
static void small_buffer(det_session_options *o) { o->buffer_len = 511; }
static void both_tokens(det_session_options *o) { o->allocation_token = "x"; }
static void split_token(det_session_options *o) { o->token = "a\r\nX: y"; }
static void long_token(det_session_options *o) {
    static char t[DET_HDR_SIZE + 1];
    memset(t, 't', sizeof t - 1);
    o->token = t;
}
static void short_struct(det_session_options *o) {
    short_port = fp.port;
    short_port.size = offsetof(det_port, recv);
    o->port = &short_port;
}

static void wrong_settings_are_refused_with_the_right_code(void) {
    fake_init(&fp, NULL, 0);
    CHECK_INT(init_with(no_port), DET_E_ARG);
    CHECK_INT(init_with(no_url), DET_E_ARG);
    CHECK_INT(init_with(no_buffer), DET_E_ARG);
    CHECK_INT(init_with(bad_url), DET_E_URL);
    CHECK_INT(init_with(upper_url), DET_E_URL);
    CHECK_INT(init_with(small_buffer), DET_E_SIZE);
    CHECK_INT(init_with(both_tokens), DET_E_ARG);
    CHECK_INT(init_with(split_token), DET_E_ARG);
    CHECK_INT(init_with(long_token), DET_E_SIZE);
    CHECK_INT(init_with(short_struct), DET_E_PORT);
    CHECK_INT(det_session_init(NULL, NULL), DET_E_ARG);
    CHECK_INT(det_session_init(&s, NULL), DET_E_ARG);
    CHECK_INT(fake_free(&fp), 0);
}

static void requests_that_would_split_are_refused_before_any_io(void) {
    det_request q = {0};
    begin(serves3, 1);
    CHECK_INT(call("GET", "/a b", NULL), DET_E_ARG);
    CHECK_INT(call("GET", "/a\r\nX: y", NULL), DET_E_ARG);
    CHECK_INT(call("GET", "a", NULL), DET_E_ARG);
    CHECK_INT(call("GE T", "/a", NULL), DET_E_ARG);
    CHECK_INT(det_session_call(&s, NULL, NULL), DET_E_ARG);
    CHECK_INT(det_session_call(NULL, &q, NULL), DET_E_ARG);
    q.method = "POST";
    q.path = "/";
    q.body_len = 5; /* and no body */
    CHECK_INT(det_session_call(&s, &q, NULL), DET_E_ARG);
    CHECK_INT(det_session_step(&s), DET_E_STATE);
    CHECK_INT(fp.total, fp.calls[FAKE_WAIT]);
    CHECK_INT(fp.conns, 0);
    end();
}

static void a_head_that_does_not_fit_the_buffer_is_an_error(void) {
    static char path[3000];
    begin(serves3, 1);
    memset(path, 'p', sizeof path - 1);
    path[0] = '/';
    CHECK_INT(call("GET", path, NULL), DET_E_SIZE);
    end();
}

#if DET_LONG_LINES
/* Contract 8: a first request line of 4,097 bytes is answered by a reset. */
static void a_long_first_line_is_preceded_by_a_short_request(void) {
    static char path[5000], big[6000];
    static const fake_reply r[] = {{.after_requests = 1, .data = "HTTP/1.1 404 Not Found\r\nContent-Length: 4\r\n\r\ninfo"},
                                   {.after_requests = 2, .data = OK2},
                                   {.after_requests = 3, .data = OK2}};
    static const fake_script sc[] = {{.reply = r, .replies = 3, .recv_max = 7}};
    det_session_options o = options();
    fake_init(&fp, sc, 1);
    o.buffer = big;
    o.buffer_len = sizeof big;
    CHECK_INT(det_session_init(&s, &o), DET_OK);
    for (int over = 0; over < 2; over++) {
        memset(path, 'p', over ? 4096 - 15 + 1 : 4096 - DET_BASE_SIZE - 33); /* GET, two spaces, HTTP/1.1, CR LF: 15 */
        path[0] = '/';
        det_session_begin(&s);
        CHECK_INT(call("GET", path, NULL), over ? DET_OK : DET_E_NOT_FOUND);
        CHECK_STR(body_text, over ? "{}" : "info");
        CHECK_INT(fake_requests(&fp, over), 1 + over);
    }
    CHECK(strncmp(fake_sent(&fp, 1), "GET /info HTTP/1.1\r\n", 20) == 0);
    CHECK_INT(call("GET", path, NULL), DET_OK); /* no longer the first */
    CHECK_INT(fake_requests(&fp, 1), 3);
    end();
}
#endif

static void a_running_request_can_be_given_up(void) {
    static const fake_script sc[] = {{.reply = NULL}, {.reply = serves1, .replies = 1}};
    det_request q = {0};
    det_wait w;
    uint32_t ms;
    begin(sc, 2);
    det_session_begin(&s);
    q.method = "GET";
    q.path = "/";
    CHECK_INT(det_session_start(&s, &q), DET_OK);
    CHECK_INT(det_session_start(&s, &q), DET_E_STATE);
    CHECK_INT(det_session_end(&s), DET_E_STATE);
    CHECK_INT(det_session_step(&s), DET_E_AGAIN);
    CHECK_INT(det_session_wants(&s, &w, &ms), 1);
    CHECK_INT(w.events, DET_WANT_READ);
    CHECK(ms > 0 && ms <= 30000);
    det_session_cancel(&s);
    CHECK_INT(fp.open_now, 0);
    CHECK_INT(call("GET", "/b", NULL), DET_OK);
    end();
}

static void a_new_token_counts_from_the_next_request_on(void) {
    begin(serves3, 1);
    det_session_begin(&s);
    CHECK_INT(call("GET", "/a", NULL), DET_OK);
    CHECK_INT(det_session_set_token(&s, "second"), DET_OK);
    CHECK_INT(call("GET", "/b", NULL), DET_OK);
    CHECK_INT(det_session_set_token(&s, NULL), DET_OK);
    CHECK_INT(call("GET", "/c", NULL), DET_OK);
    CHECK_INT(count(fake_sent(&fp, 0), "Authorization: Bearer secret-token\r\n"), 1);
    CHECK_INT(count(fake_sent(&fp, 0), "Authorization: Bearer second\r\n"), 1);
    CHECK_INT(count(fake_sent(&fp, 0), "Authorization"), 2);
    end();
}

static void an_allocation_token_has_its_own_header(void) {
    det_session_options o = options();
    fake_init(&fp, serves3, 1);
    o.token = NULL;
    o.allocation_token = "alloc";
    CHECK_INT(det_session_init(&s, &o), DET_OK);
    CHECK_INT(call("GET", "/a", NULL), DET_OK);
    CHECK(fake_sent_has(&fp, 0, "Grpc-Metadata-x-allocation-token: Bearer alloc\r\n"));
    CHECK(!fake_sent_has(&fp, 0, "Authorization"));
    end();
}

static void no_line_is_formatted_when_the_log_is_off(void) {
    det_session_options o = options();
    fake_init(&fp, serves3, 1);
    o.log_level = DET_LOG_OFF;
    log_text[0] = 0;
    CHECK_INT(det_session_init(&s, &o), DET_OK);
    CHECK_INT(call("GET", "/a", NULL), DET_OK);
    CHECK_STR(log_text, "");
    end();
}

static void failures_name_their_stage(void) {
    static const fake_script dns[] = {{.open_error = DET_E_DNS, .os_error = -2}};
    static const fake_script tcp[] = {{.open_error = DET_E_CONNECT, .os_error = 111}};
    begin(dns, 1);
    CHECK_INT(call("GET", "/a", NULL), DET_E_DNS);
    CHECK_INT(det_session_failure(&s)->stage, DET_STAGE_DNS);
    end();
    begin(tcp, 1);
    CHECK_INT(call("POST", "/a", "{}"), DET_E_CONNECT); /* never left: not unsure */
    CHECK_INT(det_session_failure(&s)->detail, 111);
    CHECK(strncmp(det_session_errmsg(&s), "tcp: master:80: ", 16) == 0);
    end();
}

static const unit_test tests[] = {
    TEST(used_directly_every_call_opens_and_closes_its_own_connection),
    TEST(between_begin_and_end_all_calls_share_one_connection),
    TEST(head_and_body_are_one_send_and_a_small_answer_one_receive),
    TEST(the_peers_connection_close_is_honoured_after_the_answer),
    TEST(an_answer_without_length_ends_with_the_connection),
    TEST(a_kept_connection_closed_while_idle_is_replaced_before_use),
    TEST(a_safe_request_on_a_stale_connection_is_sent_once_more),
    TEST(a_post_on_a_stale_connection_is_unsure_and_never_sent_again),
    TEST(a_fresh_connection_that_dies_is_not_tried_again),
    TEST(two_stale_connections_in_a_row_are_an_error_not_a_loop),
    TEST(a_request_too_large_to_have_been_sent_whole_may_be_sent_again),
    TEST(after_a_timeout_the_next_request_gets_its_own_answer),
    TEST(bytes_behind_an_answer_cost_the_connection),
    TEST(a_connection_idle_for_too_long_is_not_trusted),
    TEST(a_silent_server_is_a_timeout_at_stage_http),
    TEST(a_server_that_drips_is_stopped_by_the_total_deadline),
    TEST(a_connection_that_never_comes_about_is_a_timeout_at_stage_tcp),
    TEST(a_requests_own_deadlines_count),
    TEST(statuses_become_codes_and_the_servers_words_are_kept),
    TEST(control_characters_in_the_servers_words_are_not_passed_on),
    TEST(a_long_message_is_cut_not_overrun),
    TEST(an_answer_of_garbage_is_an_error_at_stage_http),
    TEST(a_sink_may_end_a_request),
    TEST(a_body_from_a_source_arrives_whole_whatever_the_buffer),
    TEST(an_early_refusal_is_read_though_the_request_could_not_be_sent),
    TEST(a_callback_that_says_later_ends_the_request),
    TEST(a_peer_that_never_pauses_cannot_hold_a_step),
    TEST(a_refused_token_keeps_the_other_header_lines),
    TEST(nothing_secret_is_left_after_free),
    TEST(any_split_of_the_bytes_gives_the_same),
    TEST(byte_by_byte_with_every_second_call_blocked_gives_the_same),
    TEST(an_answer_cut_at_every_byte_is_never_taken_for_whole),
    TEST(whatever_port_call_fails_the_session_ends_clean_and_works_again),
    TEST(wrong_settings_are_refused_with_the_right_code),
    TEST(requests_that_would_split_are_refused_before_any_io),
    TEST(a_head_that_does_not_fit_the_buffer_is_an_error),
#if DET_LONG_LINES
    TEST(a_long_first_line_is_preceded_by_a_short_request),
#endif
    TEST(a_running_request_can_be_given_up),
    TEST(a_new_token_counts_from_the_next_request_on),
    TEST(an_allocation_token_has_its_own_header),
    TEST(no_line_is_formatted_when_the_log_is_off),
    TEST(failures_name_their_stage),
};
UNIT_MAIN(tests)
