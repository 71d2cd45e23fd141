/* SPDX-License-Identifier: Apache-2.0
 * A session against peers that answer badly, over real sockets: answers cut at every byte by close, reset and silence,
 * plain and under TLS, garbage, heads without end, answers with something behind them, and kept connections that die
 * between two calls (also nginx's, where it is installed). */
#include "real.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "det_posix.h"
#include "real_int.h"

static det_session session;
static char buffer[1024];
static size_t body_len;
static char body[256];

static int take(void *ctx, const det_response *r, const void *data, size_t len) {
    (void)ctx, (void)r;
    if (body_len + len < sizeof body) memcpy(body + body_len, data, len);
    body_len += len;
    return DET_OK;
}

static det_session_options options(const char *url) {
    det_session_options o;
    memset(&o, 0, sizeof o);
    o.port = det_posix_port();
    o.url = url;
    o.buffer = buffer;
    o.buffer_len = sizeof buffer;
    o.silence_ms = 3000;
    o.log = real_log_fn;
    o.log_level = DET_LOG_DEBUG;
    return o;
}

static void begin(const det_session_options *o) {
    CHECK_INT(det_session_init(&session, o), DET_OK);
}

static int call(const char *method, det_response *r) {
    det_request q;
    memset(&q, 0, sizeof q);
    memset(body, 0, sizeof body);
    body_len = 0;
    q.method = method;
    q.path = "/info";
    q.sink = take;
    return det_session_call(&session, &q, r);
}

static real_script script(const char *bytes, int end) {
    real_script s;
    memset(&s, 0, sizeof s);
    s.bytes = bytes;
    s.len = strlen(bytes);
    s.end = end;
    return s;
}

/* ---- cut --------------------------------------------------------------------------------------------------------- */

static const char counted[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{\"a\":\"bcd\"}";
static const char chunked[] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                              "5;x=y\r\n{\"a\":\r\n6\r\n\"bcd\"}\r\n0\r\nTrailer: x\r\n\r\n";
static const char refusal[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 15\r\n\r\n{\"message\":\"no\"";

/* What may be said of an answer cut at byte n of len: code, and whether a status is known. */
static void check_cut(const char *reply, size_t n, const char *method, int end, int rc, const det_response *r) {
    const char *head_end = strstr(reply, "\r\n\r\n{");
    if (!head_end) head_end = strstr(reply, "chunked\r\n\r\n") + 7;
    int knows = n >= (size_t)(head_end - reply) + 4, repeatable = method[0] == 'G';
    CHECK_INT(r->status != 0, knows);
    if (!repeatable && !knows) CHECK_INT(rc, DET_E_UNSURE);
    else if (end == REAL_RESET) CHECK_INT(rc, DET_E_RESET);
    else CHECK_INT(rc, n ? DET_E_TRUNCATED : DET_E_CLOSED);
    CHECK(strlen(det_session_errmsg(&session)) > 20);
    CHECK_INT(det_session_failure(&session)->code, rc);
}

static void cut_everywhere(const char *reply, const char *method, int end, int persistent) {
    real_script s = script(reply, end);
    s.growing = 1;
    real_proc p = real_serve(&s);
    det_session_options o = options(real_url("http", "127.0.0.1", p.port));
    begin(&o);
    if (persistent) det_session_begin(&session);
    for (size_t n = 0; n < s.len; n++) {
        det_response r;
        int rc = call(method, &r);
        check_cut(reply, n, method, end, rc, &r);
        CHECK(body_len <= 11);
    }
    CHECK_INT(call(method, NULL), DET_OK);
    CHECK_STR(body, "{\"a\":\"bcd\"}");
    CHECK_INT(det_session_get_stats(&session)->connections, s.len + 1);
    det_session_free(&session);
    real_stop(&p);
}

static void an_answer_closed_at_any_byte_is_an_error(void) {
    cut_everywhere(counted, "GET", REAL_FIN, 0);
    cut_everywhere(counted, "POST", REAL_FIN, 1);
    cut_everywhere(chunked, "GET", REAL_FIN, 1);
    cut_everywhere(chunked, "POST", REAL_FIN, 0);
}

static void an_answer_reset_at_any_byte_is_an_error(void) {
    cut_everywhere(counted, "GET", REAL_RESET, 1);
    cut_everywhere(chunked, "POST", REAL_RESET, 0);
}

/* One in nine bytes: each costs the silence. */
static void an_answer_that_stalls_is_given_up_wherever_it_does(void) {
    for (size_t n = 0; n < sizeof chunked - 1; n += 9) {
        real_script s = script(chunked, REAL_STALL);
        s.len = n;
        real_proc p = real_serve(&s);
        det_session_options o = options(real_url("http", "127.0.0.1", p.port));
        uint32_t start = real_ms();
        o.silence_ms = 40;
        begin(&o);
        CHECK_INT(call("GET", NULL), DET_E_TIMEOUT);
        CHECK(real_ms() - start >= 40 && real_ms() - start < 1500);
        CHECK_INT(det_session_failure(&session)->stage, DET_STAGE_HTTP);
        det_session_free(&session);
        real_stop(&p);
    }
}

/* The head decides: a refusal stays one in what the session tells of the status, though its body never ends. */
static void a_refusal_cut_in_its_body_is_truncated_with_its_status(void) {
    real_script s = script(refusal, REAL_FIN);
    s.len -= 3;
    real_proc p = real_serve(&s);
    det_response r;
    det_session_options o = options(real_url("http", "127.0.0.1", p.port));
    begin(&o);
    CHECK_INT(call("POST", &r), DET_E_TRUNCATED);
    CHECK_INT(r.status, 404);
    CHECK_INT(det_session_failure(&session)->detail, 404);
    det_session_free(&session);
    real_stop(&p);
}

#if DET_TLS
/* Until-close over TLS: only a close_notify ends such a body (RFC 9112 section 9.8), at no byte before it a bare FIN. */
static void an_answer_until_close_over_tls_is_complete_with_its_close_notify_alone(void) {
    char cert[200], key[200];
    const char *args[] = {"--tls", cert, key, "--fault", "{\"http10\":true}", NULL};
    const char *pem = NULL;
    size_t pem_len = 0;
    enum { STEP = 11 };
    CHECK_INT(real_certs(), 0);
    snprintf(cert, sizeof cert, "%s/good.pem", real_dir);
    snprintf(key, sizeof key, "%s/good.key", real_dir);
    CHECK_INT(det_posix_read_pem(real_file("ca.pem"), &pem, &pem_len), DET_OK);
    real_proc m = real_master(args);
    real_proc p = real_relay(m.port, STEP);
    det_session_options o = options(real_url("https", "localhost", p.port));
    o.ca_pem = pem;
    o.ca_pem_len = pem_len;
    int n = 0, answered = 0, rc = DET_E_CLOSED;
    for (; n < 600 && rc != DET_OK; n++) {
        det_response r;
        begin(&o);
        rc = call("GET", &r);
        CHECK_INT(r.status == 200, rc == DET_OK || body_len > 0 || r.status == 200);
        CHECK(rc == DET_OK || rc == DET_E_RESET || rc == DET_E_TLS);
        answered += rc != DET_OK && r.status == 200;
        det_session_free(&session);
    }
    CHECK_INT(rc, DET_OK);
    CHECK(n > 30 && "the handshake alone is longer");
    CHECK(answered >= 1 && "some were cut behind the head");
    CHECK(body_len > 100 && body[0] == '{');
    det_posix_free_pem(pem, pem_len);
    real_stop(&p);
    real_stop(&m);
}
#endif

/* ---- nonsense ---------------------------------------------------------------------------------------------------- */

static void garbage_is_never_taken_for_an_answer(void) {
    static char bytes[3000];
    uint32_t x = 12345;
    for (int round = 0; round < 60; round++) {
        real_script s = {bytes, 1 + (size_t)round * 50, REAL_FIN, 0, 0, 0, NULL, 0, 0};
        for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)((x = x * 1664525u + 1013904223u) >> 24);
        if (round % 3 == 1) memcpy(bytes, "HTTP/1.1 200 OK\r\n", s.len < 17 ? s.len : 17);
        if (round % 3 == 2) memcpy(bytes, "HTTP/1.1 ", s.len < 9 ? s.len : 9);
        real_proc p = real_serve(&s);
        det_session_options o = options(real_url("http", "127.0.0.1", p.port));
        begin(&o);
        int rc = call("GET", NULL);
        CHECK(rc == DET_E_HTTP || (s.len < 60 && rc == DET_E_TRUNCATED));
        CHECK_INT(det_session_failure(&session)->stage, DET_STAGE_HTTP);
        CHECK(strstr(det_session_errmsg(&session), "http: 127.0.0.1:") == det_session_errmsg(&session));
        det_session_free(&session);
        real_stop(&p);
    }
}

static void a_head_without_end_is_told(void) {
    static const char *const heads[] = {"HTTP/1.1 200 OK\r\nX: yyyyyyyyyyyyyyyy", "HTTP/1.1 200 OK\r\nX: y\r\n",
                                        "HTTP/1.1 200 OK\r\nX", "HTTP/1.1 200 OOOOO"};
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        real_want w = {DET_E_HEAD, DET_CLASS_PROTO, DET_STAGE_HTTP, REAL_DETAIL_NONE, "head of the answer is too large"};
        real_script s = script(heads[i], REAL_FIN);
        s.from = i == 1 ? 17 : s.len - 1;
        s.repeat = DET_HEAD_LIMIT * 2;
        real_proc p = real_serve(&s);
        det_session_options o = options(real_url("http", "127.0.0.1", p.port));
        begin(&o);
        CHECK_INT(call("GET", NULL), DET_E_HEAD);
        w.detail = det_session_failure(&session)->detail;
        real_check(det_session_failure(&session), det_session_errmsg(&session), "127.0.0.1", p.port, &w);
        CHECK(det_session_get_stats(&session)->received < DET_HEAD_LIMIT + 65536);
        det_session_free(&session);
        real_stop(&p);
    }
}

/* Interim answers count against the same limit, so they end too. */
static void interim_answers_without_end_are_told(void) {
    real_script s = script("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", REAL_FIN);
    s.repeat = DET_HEAD_LIMIT;
    real_proc p = real_serve(&s);
    det_session_options o = options(real_url("http", "127.0.0.1", p.port));
    begin(&o);
    CHECK_INT(call("GET", NULL), DET_E_HEAD);
    det_session_free(&session);
    real_stop(&p);
}

/* ---- kept connections -------------------------------------------------------------------------------------------- */

/* The answer counts, but what follows it unasked must not be taken for the next one. */
static void a_connection_with_something_behind_the_answer_is_not_used_again(void) {
    real_script s = script("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngoodHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil", REAL_KEEP);
    real_proc p = real_serve(&s);
    det_session_options o = options(real_url("http", "127.0.0.1", p.port));
    begin(&o);
    CHECK_INT(det_session_begin(&session), DET_OK);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(call("GET", NULL), DET_OK);
        CHECK_STR(body, "good");
    }
    CHECK_INT(det_session_get_stats(&session)->connections, 3);
    det_session_free(&session);
    real_stop(&p);
}

static void a_kept_connection_serves_many_calls(void) {
    real_script s = script(counted, REAL_KEEP);
    real_proc p = real_serve(&s);
    det_session_options o = options(real_url("http", "127.0.0.1", p.port));
    begin(&o);
    CHECK_INT(det_session_begin(&session), DET_OK);
    for (int i = 0; i < 100; i++) CHECK_INT(call("GET", NULL), DET_OK);
    CHECK_INT(det_session_get_stats(&session)->connections, 1);
    CHECK_INT(real_lines.connections, 1);
    CHECK_INT(det_session_end(&session), DET_OK);
    CHECK_INT(call("GET", NULL), DET_OK);
    CHECK_INT(call("GET", NULL), DET_OK);
    CHECK_INT(det_session_get_stats(&session)->connections, 3);
    det_session_free(&session);
    real_stop(&p);
}

/* A server that closes each connection after its answer without saying so: each call finds a dead one and goes on. */
static void a_kept_connection_that_died_is_replaced_without_a_word(void) {
    static const int ends[] = {REAL_FIN, REAL_RESET};
    for (size_t k = 0; k < 2; k++) {
        real_script s = script(counted, ends[k]);
        real_proc p = real_serve(&s);
        det_session_options o = options(real_url("http", "127.0.0.1", p.port));
        begin(&o);
        CHECK_INT(det_session_begin(&session), DET_OK);
        uint32_t start = real_ms();
        int i = 0;
        for (; i < 20 && real_ms() - start < 3000; i++) {
            CHECK_INT(call(i % 2 ? "GET" : "PUT", NULL), DET_OK);
            if (i % 3 == 0) usleep(3000);
        }
        CHECK(i == 20 && "at once");
        CHECK_INT(det_session_get_stats(&session)->connections, 20);
        CHECK_STR(det_session_errmsg(&session), "");
        det_session_free(&session);
        real_stop(&p);
    }
}

/* ---- nginx ------------------------------------------------------------------------------------------------------- */

static const char nginx_conf[] =
    "daemon off; worker_processes 1; pid %s/nginx.pid; error_log %s/nginx.log;\n"
    "events { worker_connections 32; }\n"
    "http { access_log off; client_body_temp_path %s/t1; proxy_temp_path %s/t2; fastcgi_temp_path %s/t3;\n"
    " uwsgi_temp_path %s/t4; scgi_temp_path %s/t5; keepalive_requests 5; keepalive_timeout 1s;\n"
    " server { listen 127.0.0.1:%d; location / { default_type text/plain; return 200 nginx; } } }\n";

/* It takes its socket over from us (the variable NGINX), so its port is a free one. */
static real_proc start_nginx(void) {
    real_proc p;
    char conf[200], fd[16];
    int listener = real_listen(&p.port, 16);
    const char *d = real_dir;
    snprintf(conf, sizeof conf, "%s/nginx.conf", d);
    FILE *f = fopen(conf, "w");
    if (!f) abort();
    fprintf(f, nginx_conf, d, d, d, d, d, d, d, p.port);
    fclose(f);
    snprintf(fd, sizeof fd, "%d;", listener);
    p.pid = real_fork();
    if (p.pid == 0) {
        setenv("NGINX", fd, 1);
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 2);
        execl("/usr/sbin/nginx", "nginx", "-c", conf, "-e", real_file("nginx.log"), (char *)NULL);
        _exit(127);
    }
    close(listener);
    return p;
}

static void remove_nginx_files(void) {
    static const char *const dirs[] = {"t1", "t2", "t3", "t4", "t5"};
    for (size_t i = 0; i < sizeof dirs / sizeof dirs[0]; i++) rmdir(real_file(dirs[i]));
}

/* After five requests it says so and closes; after a second of idleness it closes without a word. */
static void nginx_ends_kept_connections_and_no_call_notices(void) {
    if (access("/usr/sbin/nginx", X_OK) != 0) {
        fprintf(stderr, "  no nginx here: passed over\n");
        return;
    }
    real_proc p = start_nginx();
    det_session_options o = options(real_url("http", "127.0.0.1", p.port));
    begin(&o);
    CHECK_INT(det_session_begin(&session), DET_OK);
    for (int i = 0; i < 12; i++) {
        CHECK_INT(call("GET", NULL), DET_OK);
        CHECK_STR(body, "nginx");
    }
    CHECK_INT(det_session_get_stats(&session)->connections, 3);
    usleep(1300000);
    CHECK_INT(call("POST", NULL), DET_OK);
    CHECK_INT(det_session_get_stats(&session)->connections, 4);
    CHECK(strstr(real_lines.text, "closed by the peer while idle") != NULL);
    CHECK_STR(det_session_errmsg(&session), "");
    det_session_free(&session);
    real_stop(&p);
    remove_nginx_files();
}

static const unit_test tests[] = {
    TEST(an_answer_closed_at_any_byte_is_an_error),
    TEST(an_answer_reset_at_any_byte_is_an_error),
    TEST(an_answer_that_stalls_is_given_up_wherever_it_does),
    TEST(a_refusal_cut_in_its_body_is_truncated_with_its_status),
#if DET_TLS
    TEST(an_answer_until_close_over_tls_is_complete_with_its_close_notify_alone),
#endif
    TEST(garbage_is_never_taken_for_an_answer),
    TEST(a_head_without_end_is_told),
    TEST(interim_answers_without_end_are_told),
    TEST(a_connection_with_something_behind_the_answer_is_not_used_again),
    TEST(a_kept_connection_serves_many_calls),
    TEST(a_kept_connection_that_died_is_replaced_without_a_word),
    TEST(nginx_ends_kept_connections_and_no_call_notices),
};

REAL_MAIN(tests)
