/* SPDX-License-Identifier: Apache-2.0
 * What a session says when it cannot reach its master or does not trust it: every failure at the stages dns, tcp, tls,
 * http and server over real sockets, with code, class, stage, detail and sentence. Each test also checks that nothing
 * stays open and that no secret is told. What the Core API says is in errors_core.c. */
#include "real.h"

#include <errno.h>

#include "det_posix.h"
#if DET_TLS
#include <mbedtls/version.h>
#endif

#define TOKEN "v2.public.this-is-a-secret-token"
#define QUERY "query-secret"
static const char *const secrets[] = {TOKEN, QUERY, "Bearer", NULL};

static det_session session;
static char buffer[2048];

static det_session_options options(const char *url) {
    det_session_options o;
    memset(&o, 0, sizeof o);
    o.port = det_posix_port();
    o.url = url;
    o.buffer = buffer;
    o.buffer_len = sizeof buffer;
    o.token = TOKEN;
    o.log = real_log_fn;
    o.log_level = DET_LOG_DEBUG;
    return o;
}

/* One call, which fails as wanted. */
static void fails(const det_session_options *o, const char *method, const char *host, int port, const real_want *w) {
    det_request q;
    det_response r;
    memset(&q, 0, sizeof q);
    q.method = method;
    q.path = "/api/v1/me?token=" QUERY;
    CHECK_INT(det_session_init(&session, o), DET_OK);
    CHECK_INT(det_session_call(&session, &q, &r), w->code);
    real_check(det_session_failure(&session), det_session_errmsg(&session), host, port, w);
    real_no_secret(det_session_errmsg(&session), secrets);
    CHECK(strstr(real_lines.text, det_session_errmsg(&session)) && "the log has the sentence too");
    det_session_free(&session);
}

static void url_fails(const char *url, const char *host, int port, const real_want *w) {
    det_session_options o = options(url);
    fails(&o, "GET", host, port, w);
}

/* ---- dns, tcp ---------------------------------------------------------------------------------------------------- */

/* A label of over 63 characters is in no name server: this needs no network. */
static void a_host_that_does_not_exist_is_told_at_stage_dns(void) {
    static const char host[] = "a-label-of-more-than-sixty-three-characters-cannot-be-in-the-dns-at-all.example";
    static const real_want w = {DET_E_DNS, DET_CLASS_NET, DET_STAGE_DNS, REAL_DETAIL_SOME, "host name not found"};
    url_fails(real_url("http", host, 8080), host, 8080, &w);
}

static void a_port_nobody_listens_on_is_told_at_stage_tcp(void) {
    static const real_want w = {DET_E_CONNECT, DET_CLASS_NET, DET_STAGE_TCP, ECONNREFUSED, "is the master running there?"};
    real_proc p = real_silence(0);
    real_stop(&p);
    url_fails(real_url("http", "127.0.0.1", p.port), "127.0.0.1", p.port, &w);
    url_fails(real_url("http", "localhost", p.port), "localhost", p.port, &w);
    CHECK_INT(real_lines.connections, 0);
}

static void an_ipv6_address_keeps_its_brackets_in_the_sentence(void) {
    static const real_want w = {DET_E_CONNECT, DET_CLASS_NET, DET_STAGE_TCP, REAL_DETAIL_SOME, "cannot connect"};
    url_fails("http://[::1]:1", "[::1]", 1, &w);
}

static void a_server_that_takes_no_connection_is_given_up_at_stage_tcp(void) {
    static const real_want w = {DET_E_TIMEOUT, DET_CLASS_NET, DET_STAGE_TCP, REAL_DETAIL_SOME, "no answer in time"};
    real_proc p = real_silence(1);
    uint32_t start = real_ms();
    det_session_options o = options(real_url("http", "127.0.0.1", p.port));
    o.connect_ms = 200;
    fails(&o, "GET", "127.0.0.1", p.port, &w);
    CHECK(real_ms() - start >= 150 && real_ms() - start < 2000);
    real_stop(&p);
}

/* ---- http -------------------------------------------------------------------------------------------------------- */

static void a_silent_server_is_given_up_at_stage_http(void) {
    static const real_want w = {DET_E_TIMEOUT, DET_CLASS_NET, DET_STAGE_HTTP, REAL_DETAIL_NONE, "no answer in time"};
    real_proc p = real_silence(0);
    uint32_t start = real_ms();
    det_session_options o = options(real_url("http", "127.0.0.1", p.port));
    o.silence_ms = 150;
    fails(&o, "GET", "127.0.0.1", p.port, &w);
    CHECK(real_ms() - start >= 150 && real_ms() - start < 2000);
    real_stop(&p);
}

/* A byte every 20 ms is no silence: the total is what ends it. */
static void a_server_that_dribbles_is_given_up_when_the_total_is_over(void) {
    static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\nand so on and so on and so on";
    static const real_want w = {DET_E_TIMEOUT, DET_CLASS_NET, DET_STAGE_HTTP, REAL_DETAIL_NONE, "no answer in time"};
    real_script s = {reply, sizeof reply - 1, REAL_STALL, 0, 0, 0, NULL, 20, 0};
    real_proc p = real_serve(&s);
    uint32_t start = real_ms();
    det_session_options o = options(real_url("http", "127.0.0.1", p.port));
    o.silence_ms = 5000;
    o.total_ms = 300;
    fails(&o, "GET", "127.0.0.1", p.port, &w);
    CHECK(real_ms() - start >= 300 && real_ms() - start < 2000);
    real_stop(&p);
}

static void a_change_whose_answer_does_not_come_is_unsure(void) {
    static const real_want silent = {DET_E_UNSURE, DET_CLASS_NET, DET_STAGE_HTTP, REAL_DETAIL_NONE, "may or may not"};
    static const real_want gone = {DET_E_UNSURE, DET_CLASS_NET, DET_STAGE_TCP, REAL_DETAIL_NONE, "may or may not"};
    real_proc p = real_silence(0);
    det_session_options o = options(real_url("http", "127.0.0.1", p.port));
    o.silence_ms = 100;
    fails(&o, "POST", "127.0.0.1", p.port, &silent);
    real_stop(&p);
    real_script s = {"", 0, REAL_FIN, 0, 0, 0, NULL, 0, 0};
    p = real_serve(&s);
    o.url = real_url("http", "127.0.0.1", p.port);
    o.silence_ms = 0;
    fails(&o, "POST", "127.0.0.1", p.port, &gone);
    real_stop(&p);
}

static void a_server_that_hangs_up_is_told_at_stage_tcp(void) {
    static const real_want closed = {DET_E_CLOSED, DET_CLASS_NET, DET_STAGE_TCP, REAL_DETAIL_NONE, "closed by the peer"};
    static const real_want broken = {DET_E_RESET, DET_CLASS_NET, DET_STAGE_TCP, ECONNRESET, "connection broken"};
    real_script s = {"", 0, REAL_FIN, 0, 0, 0, NULL, 0, 0};
    real_proc p = real_serve(&s);
    url_fails(real_url("http", "127.0.0.1", p.port), "127.0.0.1", p.port, &closed);
    real_stop(&p);
    s.end = REAL_RESET;
    p = real_serve(&s);
    url_fails(real_url("http", "127.0.0.1", p.port), "127.0.0.1", p.port, &broken);
    real_stop(&p);
}

/* ---- server ------------------------------------------------------------------------------------------------------ */

/* The status decides the code, the server's own words end the sentence (contract 0.5 to 0.7, 1.6). */
static void each_status_has_its_code_and_the_servers_words(void) {
    static const struct {
        const char *head, *body;
        real_want want;
    } t[] = {
        {"401 x", "{\"message\":\"who is it?\"}\n",
         {DET_E_AUTH, DET_CLASS_SERVER, DET_STAGE_SERVER, 401, "GET /api/v1/me answered 401: who is it?"}},
        {"403 x", "{\"error\":{\"code\":7,\"error\":\"not you\"}}",
         {DET_E_FORBIDDEN, DET_CLASS_SERVER, DET_STAGE_SERVER, 403, "answered 403: not you"}},
        {"404 x", "", {DET_E_NOT_FOUND, DET_CLASS_SERVER, DET_STAGE_SERVER, 404, "answered 404: not found"}},
        {"503 x\r\nRetry-After: 3", "<html>no JSON",
         {DET_E_BUSY, DET_CLASS_SERVER, DET_STAGE_SERVER, 503, "answered 503: the server is not available now"}},
        {"500 x", "{\"error\":{\"message\":\"first\\nsecond\\u001b[2J\\u007f\"}}",
         {DET_E_SERVER, DET_CLASS_SERVER, DET_STAGE_SERVER, 500, "answered 500: first?second?[2J?"}},
        {"302 x\r\nLocation: http://127.0.0.1:1/", "", {DET_E_SERVER, DET_CLASS_SERVER, DET_STAGE_SERVER, 302, "answered 302: "}},
        {"304 x", "", {DET_E_SERVER, DET_CLASS_SERVER, DET_STAGE_SERVER, 304, "answered 304: "}},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        char reply[300];
        int n = snprintf(reply, sizeof reply, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", t[i].head, strlen(t[i].body), t[i].body);
        real_script s = {reply, (size_t)n, REAL_FIN, 0, 0, 0, NULL, 0, 0};
        real_proc p = real_serve(&s);
        url_fails(real_url("http", "127.0.0.1", p.port), "127.0.0.1", p.port, &t[i].want);
        real_stop(&p);
    }
}

/* Words of any length end at the sentence's own limit. */
static void a_servers_endless_words_are_cut(void) {
    static const char head[] = "HTTP/1.1 500 x\r\nConnection: close\r\n\r\n{\"message\":\"blah ";
    static const real_want w = {DET_E_SERVER, DET_CLASS_SERVER, DET_STAGE_SERVER, 500, "answered 500: blah blah"};
    real_script s = {head, sizeof head - 1, REAL_FIN, 0, 50000, sizeof head - 6, "\"}", 0, 0};
    real_proc p = real_serve(&s);
    det_session_options o = options(real_url("http", "127.0.0.1", p.port));
    det_request q;
    memset(&q, 0, sizeof q);
    q.method = "GET";
    q.path = "/x";
    CHECK_INT(det_session_init(&session, &o), DET_OK);
    CHECK_INT(det_session_call(&session, &q, NULL), DET_E_SERVER);
    CHECK(strstr(det_session_errmsg(&session), w.says) != NULL);
    CHECK(strlen(det_session_errmsg(&session)) < DET_MSG_SIZE);
    det_session_free(&session);
    real_stop(&p);
}

static void a_master_tells_of_bad_tokens_and_unknown_trials(void) {
    static const real_want bad = {DET_E_AUTH, DET_CLASS_SERVER, DET_STAGE_SERVER, 401, "answered 401: "};
    real_proc m = real_master(NULL);
    url_fails(real_url("http", "127.0.0.1", m.port), "127.0.0.1", m.port, &bad);
    det_session_options o = options(real_url("http", "127.0.0.1", m.port));
    char token[2048] = "", lines[2200];
    CHECK_INT(real_ask(m.port, "POST", "/api/v1/auth/login", "{\"username\":\"determined\",\"password\":\"\"}", lines, sizeof lines), 200);
    CHECK_INT(sscanf(lines, "{\"token\":\"%2047[^\"]", token), 1);
    o.token = token;
    det_request q;
    memset(&q, 0, sizeof q);
    q.method = "GET";
    q.path = "/api/v1/trials/4711";
    CHECK_INT(det_session_init(&session, &o), DET_OK);
    CHECK_INT(det_session_call(&session, &q, NULL), DET_E_NOT_FOUND);
    static const real_want unknown = {DET_E_NOT_FOUND, DET_CLASS_SERVER, DET_STAGE_SERVER, 404, "GET /api/v1/trials/4711 answered 404: trial '4711' not found"};
    real_check(det_session_failure(&session), det_session_errmsg(&session), "127.0.0.1", m.port, &unknown);
    q.path = "/api/v1/me";
    CHECK_INT(det_session_call(&session, &q, NULL), DET_OK);
    CHECK_INT(real_ask(m.port, "POST", "/test/control", "{\"expireTokens\":true}", NULL, 0), 200);
    CHECK_INT(det_session_call(&session, &q, NULL), DET_E_AUTH);
    real_check(det_session_failure(&session), det_session_errmsg(&session), "127.0.0.1", m.port, &bad);
    CHECK(!strstr(det_session_errmsg(&session), token) && !strstr(real_lines.text, token));
    det_session_free(&session);
    real_stop(&m);
}

/* ---- tls --------------------------------------------------------------------------------------------------------- */

#if DET_TLS
static const char *given(det_session_options *o, const char *name) {
    const char *pem = NULL;
    size_t len = 0;
    CHECK_INT(det_posix_read_pem(real_file(name), &pem, &len), DET_OK);
    o->ca_pem = pem;
    o->ca_pem_len = len;
    return pem;
}

static real_proc tls_master(const char *name) {
    char cert[200], key[200];
    const char *args[] = {"--tls", cert, key, NULL};
    snprintf(cert, sizeof cert, "%s/%s.pem", real_dir, name);
    snprintf(key, sizeof key, "%s/%s.key", real_dir, name);
    return real_master(args);
}

static void http_to_a_tls_port_asks_for_https(void) {
    real_proc m = tls_master("good");
    det_session_options o = options(real_url("http", "localhost", m.port));
    det_request q;
    memset(&q, 0, sizeof q);
    q.method = "GET";
    q.path = "/info";
    CHECK_INT(det_session_init(&session, &o), DET_OK);
    int rc = det_session_call(&session, &q, NULL);
    CHECK((rc == DET_E_CLOSED || rc == DET_E_RESET) && "a real master closes, others reset");
    real_want w = {rc, DET_CLASS_NET, DET_STAGE_TCP, det_session_failure(&session)->detail, "http or https as it should be?"};
    real_check(det_session_failure(&session), det_session_errmsg(&session), "localhost", m.port, &w);
    det_session_free(&session);
    real_stop(&m);
}

static void https_to_a_plain_port_asks_for_http(void) {
    static const real_want broken = {DET_E_RESET, DET_CLASS_NET, DET_STAGE_TLS, REAL_DETAIL_SOME, "http or https as it should be?"};
    static const real_want talk = {DET_E_TLS, DET_CLASS_TLS, DET_STAGE_TLS, REAL_DETAIL_SOME, "does this port speak https?"};
    static const char refusal[] = "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n";
    real_script s = {refusal, sizeof refusal - 1, REAL_FIN, 0, 0, 0, NULL, 0, 1};
    real_proc m = real_master(NULL);
    url_fails(real_url("https", "localhost", m.port), "localhost", m.port, &broken);
    real_stop(&m);
    m = real_serve(&s); /* what nginx does */
    url_fails(real_url("https", "localhost", m.port), "localhost", m.port, &talk);
    real_stop(&m);
}

static void a_silent_server_is_given_up_at_stage_tls(void) {
    static const real_want w = {DET_E_TIMEOUT, DET_CLASS_NET, DET_STAGE_TLS, REAL_DETAIL_NONE, "no answer in time"};
    real_proc p = real_silence(0);
    uint32_t start = real_ms();
    det_session_options o = options(real_url("https", "localhost", p.port));
    o.connect_ms = 200;
    fails(&o, "GET", "localhost", p.port, &w);
    CHECK(real_ms() - start >= 200 && real_ms() - start < 2000);
    real_stop(&p);
}

static void each_wrong_certificate_has_its_own_error(void) {
    static const struct {
        const char *server, *trusted;
        real_want want;
    } t[] = {
        {"good", NULL, {DET_E_TRUST, DET_CLASS_TLS, DET_STAGE_TLS, REAL_DETAIL_SOME, "give its CA (ca_pem, DET_MASTER_CERT_FILE)"}},
        {"good", "stray.pem", {DET_E_TRUST, DET_CLASS_TLS, DET_STAGE_TLS, REAL_DETAIL_SOME, "not trusted"}},
        {"self", "ca.pem", {DET_E_TRUST, DET_CLASS_TLS, DET_STAGE_TLS, REAL_DETAIL_SOME, "not trusted"}},
        {"expired", "ca.pem", {DET_E_EXPIRED, DET_CLASS_TLS, DET_STAGE_TLS, 1, "expired or not yet valid"}},
        {"future", "ca.pem", {DET_E_EXPIRED, DET_CLASS_TLS, DET_STAGE_TLS, 512, "set the clock"}},
        {"wrong", "ca.pem", {DET_E_NAME, DET_CLASS_TLS, DET_STAGE_TLS, 4, "give that name (tls_name, DET_MASTER_CERT_NAME)"}},
        {"bad", "ca.pem", {DET_E_NAME, DET_CLASS_TLS, DET_STAGE_TLS, 5, "for another name"}},
        {"good", "good.key", {DET_E_CERT, DET_CLASS_TLS, DET_STAGE_TLS, REAL_DETAIL_NONE, "given as trusted cannot be read"}},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        real_proc m = tls_master(t[i].server);
        det_session_options o = options(real_url("https", "localhost", m.port));
        const char *pem = t[i].trusted ? given(&o, t[i].trusted) : NULL;
        fails(&o, "POST", "localhost", m.port, &t[i].want);
        det_posix_free_pem(pem, o.ca_pem_len);
        real_stop(&m);
    }
    CHECK_INT(real_lines.connections, 0);
}

static int64_t clock_unknown(void *ctx) {
    (void)ctx;
    return DET_UTC_UNKNOWN;
}

static int64_t clock_1970(void *ctx) {
    (void)ctx;
    return 0;
}

static void a_clock_that_was_never_set_is_told(void) {
    static const real_want unknown = {DET_E_CLOCK, DET_CLASS_TLS, DET_STAGE_TLS, REAL_DETAIL_SOME, "clock is not set"};
    det_port port = *det_posix_port();
    real_proc m = tls_master("good");
    det_session_options o = options(real_url("https", "localhost", m.port));
    const char *pem = given(&o, "ca.pem");
    o.port = &port;
    port.utc_s = clock_unknown;
    fails(&o, "GET", "localhost", m.port, &unknown);
    port.utc_s = NULL;
    fails(&o, "GET", "localhost", m.port, &unknown);
    port.utc_s = clock_1970;
    fails(&o, "GET", "localhost", m.port, &unknown);
    det_posix_free_pem(pem, o.ca_pem_len);
    real_stop(&m);
}

/* mbedTLS before 3.5 cannot find an address in a certificate: refused before anything is sent. */
static void an_address_in_the_url_needs_an_mbedtls_that_can_check_it(void) {
    real_proc m = tls_master("ip");
    det_session_options o = options(real_url("https", "127.0.0.1", m.port));
    const char *pem = given(&o, "ca.pem");
#if MBEDTLS_VERSION_NUMBER < 0x03050000
    static const real_want w = {DET_E_NAME, DET_CLASS_TLS, DET_STAGE_TLS, 0x100000, "this mbedTLS cannot check an address"};
    fails(&o, "GET", "127.0.0.1", m.port, &w);
#else
    static const real_want w = {DET_E_AUTH, DET_CLASS_SERVER, DET_STAGE_SERVER, 401, "answered 401"};
    fails(&o, "GET", "127.0.0.1", m.port, &w);
#endif
    det_posix_free_pem(pem, o.ca_pem_len);
    real_stop(&m);
}

static void noverify_talks_to_anyone_and_says_so_each_time(void) {
    static const real_want w = {DET_E_AUTH, DET_CLASS_SERVER, DET_STAGE_SERVER, 401, "answered 401"};
    real_proc m = tls_master("bad");
    det_session_options o = options(real_url("https", "127.0.0.1", m.port));
    o.noverify = 1;
    fails(&o, "GET", "127.0.0.1", m.port, &w);
    fails(&o, "GET", "127.0.0.1", m.port, &w);
    const char *first = strstr(real_lines.text, "noverify: ");
    CHECK(first && strstr(first + 1, "noverify: "));
    real_stop(&m);
}

static void certificates_are_made(void) {
    CHECK_INT(real_certs(), 0);
}
#else
static void https_is_refused_by_a_build_without_tls(void) {
    det_session_options o = options("https://localhost:1");
    CHECK_INT(det_session_init(&session, &o), DET_E_NO_TLS);
    CHECK(strstr(det_session_errmsg(&session), "no TLS") != NULL);
    det_session_free(&session);
}
#endif

static const unit_test tests[] = {
#if DET_TLS
    TEST(certificates_are_made),
    TEST(http_to_a_tls_port_asks_for_https),
    TEST(https_to_a_plain_port_asks_for_http),
    TEST(a_silent_server_is_given_up_at_stage_tls),
    TEST(each_wrong_certificate_has_its_own_error),
    TEST(a_clock_that_was_never_set_is_told),
    TEST(an_address_in_the_url_needs_an_mbedtls_that_can_check_it),
    TEST(noverify_talks_to_anyone_and_says_so_each_time),
#else
    TEST(https_is_refused_by_a_build_without_tls),
#endif
    TEST(a_host_that_does_not_exist_is_told_at_stage_dns),
    TEST(a_port_nobody_listens_on_is_told_at_stage_tcp),
    TEST(an_ipv6_address_keeps_its_brackets_in_the_sentence),
    TEST(a_server_that_takes_no_connection_is_given_up_at_stage_tcp),
    TEST(a_silent_server_is_given_up_at_stage_http),
    TEST(a_server_that_dribbles_is_given_up_when_the_total_is_over),
    TEST(a_change_whose_answer_does_not_come_is_unsure),
    TEST(a_server_that_hangs_up_is_told_at_stage_tcp),
    TEST(each_status_has_its_code_and_the_servers_words),
    TEST(a_servers_endless_words_are_cut),
    TEST(a_master_tells_of_bad_tokens_and_unknown_trials),
};

REAL_MAIN(tests)
