/* SPDX-License-Identifier: Apache-2.0
 * What the Core API says when opening, reporting or closing goes wrong, against det-master: what det_open(), the lost
 * callback, det_close() and the counters tell, and that neither password, its hash nor the token is told to anyone. */
#include "real.h"

#include <errno.h>

#include "det_posix.h"

#define PASSWORD "correct horse 42"
#define HASH "fac106c736a11c5da81bebb3"
static const char *const secrets[] = {PASSWORD, HASH, "Bearer", "v2.public", "bad-token", NULL};

static det_core core;
static uint64_t mem[2048];
static struct {
    int calls, code;
    int64_t steps;
    char group[32];
} lost;

static void on_lost(void *ctx, int code, const char *group, int64_t steps) {
    (void)ctx;
    lost.calls++;
    lost.code = code;
    lost.steps = steps;
    snprintf(lost.group, sizeof lost.group, "%s", group);
}

static real_proc master(void) {
    static const char *const args[] = {"--user", "alice:" PASSWORD, NULL};
    return real_master(args);
}

static det_options options(const char *url) {
    det_options o;
    det_options_init(&o, det_posix_port(), mem, sizeof mem);
    memset(&lost, 0, sizeof lost);
    o.master = url;
    o.user = "alice";
    o.password = PASSWORD;
    o.name = "errors";
    o.lost = on_lost;
    o.log = real_log_fn;
    o.log_level = DET_LOG_DEBUG;
    return o;
}

static det_options options_for(const real_proc *m) {
    return options(real_url("http", "127.0.0.1", m->port));
}

static int report(int64_t steps) {
    det_metric m = det_metric_double("loss", 0.5);
    return det_report_training_metrics(&core, steps, &m, 1);
}

static void open_must_work(const det_options *o) {
    CHECK_INT(det_open(&core, o), DET_OK);
}

static void check_failure(const char *host, int port, const real_want *w) {
    real_check(det_last_failure(&core), det_errmsg(&core), host, port, w);
    real_no_secret(det_errmsg(&core), secrets);
}

/* det_open() fails as wanted; then nothing is held and the rest of the API is harmless. */
static void open_fails(const det_options *o, const char *host, int port, const real_want *w) {
    int fds = real_fds();
    uint32_t start = real_ms();
    det_stats st;
    CHECK_INT(det_open(&core, o), w->code);
    CHECK(real_ms() - start < 5000 && "first contact fails fast");
    CHECK_INT(real_fds(), fds);
    check_failure(host, port, w);
    CHECK_INT(report(1), DET_E_STATE);
    CHECK_INT(det_report_progress(&core, 0.5), DET_E_STATE);
    CHECK_INT(det_step(&core), w->code);
    CHECK_INT(det_run(&core, 50), w->code);
    CHECK_INT(det_close(&core, DET_COMPLETED, 50), w->code);
    check_failure(host, port, w);
    det_get_stats(&core, &st);
    CHECK_INT(st.queued + st.pending + st.acknowledged, 0);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static void opening_where_nobody_listens_fails_at_once(void) {
    static const real_want w = {DET_E_CONNECT, DET_CLASS_NET, DET_STAGE_TCP, ECONNREFUSED, "is the master running there?"};
    real_proc p = real_silence(0);
    real_stop(&p);
    det_options o = options_for(&p);
    open_fails(&o, "127.0.0.1", p.port, &w);
}

static void a_wrong_password_is_told_with_the_masters_words(void) {
    static const real_want w = {DET_E_AUTH, DET_CLASS_SERVER, DET_STAGE_SERVER, 401, "POST /api/v1/auth/login answered 401: invalid credentials"};
    static const char *const tried[] = {"correct horse 43", NULL};
    real_proc m = master();
    det_options o = options_for(&m);
    o.password = tried[0];
    open_fails(&o, "127.0.0.1", m.port, &w);
    real_no_secret(det_errmsg(&core), tried);
    o.user = "mallory";
    open_fails(&o, "127.0.0.1", m.port, &w);
    real_stop(&m);
}

static void a_garbage_token_is_told(void) {
    static const real_want w = {DET_E_AUTH, DET_CLASS_SERVER, DET_STAGE_SERVER, 401, "get a new token"};
    real_proc m = master();
    det_options o = options_for(&m);
    o.token = "bad-token-bad-token";
    open_fails(&o, "127.0.0.1", m.port, &w);
    real_stop(&m);
}

static void a_server_that_is_no_master_is_told(void) {
    static const char page[] = "HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<html>It works!";
    static const real_want w = {DET_E_MASTER, DET_CLASS_PROTO, DET_STAGE_HTTP, REAL_DETAIL_NONE, "not a Determined master's"};
    real_script s = {page, sizeof page - 1, REAL_FIN, 0, 0, 0, NULL, 0, 0};
    real_proc p = real_serve(&s);
    det_options o = options_for(&p);
    int rc = det_open(&core, &o);
    CHECK_INT(rc, DET_E_MASTER);
    check_failure("127.0.0.1", p.port, &w);
    real_stop(&p);
}

static void a_refused_experiment_is_told_with_the_masters_words(void) {
    static const real_want w = {DET_E_SERVER, DET_CLASS_SERVER, DET_STAGE_SERVER, 500, "POST /api/v1/experiments answered 500: "};
    real_proc m = master();
    real_fault(m.port, "[{\"path\":\"/experiments\",\"status\":500,\"text\":\"no such project\"}]");
    det_options o = options_for(&m);
    open_fails(&o, "127.0.0.1", m.port, &w);
    CHECK(strstr(det_errmsg(&core), "no such project") != NULL);
    real_stop(&m);
}

/* Making an experiment is not repeatable: whether it was made stays open. */
static void a_master_that_falls_silent_while_opening_is_told(void) {
    static const real_want w = {DET_E_UNSURE, DET_CLASS_NET, DET_STAGE_TCP, REAL_DETAIL_NONE, "may or may not"};
    real_proc m = master();
    real_fault(m.port, "[{\"path\":\"/experiments\",\"close_at\":0}]");
    det_options o = options_for(&m);
    open_fails(&o, "127.0.0.1", m.port, &w);
    real_stop(&m);
}

#if !DET_TLS
static void https_needs_a_build_with_tls(void) {
    det_options o = options("https://localhost:1");
    static const real_want w = {DET_E_NO_TLS, DET_CLASS_USAGE, DET_STAGE_NONE, REAL_DETAIL_NONE, "no TLS"};
    open_fails(&o, "", 0, &w);
}
#endif

/* ---- reporting --------------------------------------------------------------------------------------------------- */

/* The run id is stale when the trial was started again: every further report is lost, and told. */
static void a_trial_started_elsewhere_makes_the_run_id_stale(void) {
    static const real_want w = {DET_E_RUN, DET_CLASS_SERVER, DET_STAGE_SERVER, 500, "run id"};
    real_proc m = master();
    det_options o = options_for(&m);
    open_must_work(&o);
    CHECK_INT(report(1), DET_OK);
    CHECK_INT(det_run(&core, 5000), DET_OK);
    char path[64], body[64];
    det_request q;
    det_response r;
    memset(&q, 0, sizeof q);
    int trial = (int)det_get_run(&core)->trial_id;
    snprintf(path, sizeof path, "/api/v1/trials/%d/start", trial);
    q.method = "POST";
    q.path = path;
    q.body = body;
    q.body_len = (size_t)snprintf(body, sizeof body, "{\"trialId\":%d,\"resume\":true}", trial);
    CHECK_INT(det_session_call(&core.session, &q, &r), DET_OK);
    CHECK_INT(report(2), DET_OK);
    CHECK_INT(report(3), DET_OK);
    CHECK_INT(det_run(&core, 5000), DET_OK);
    CHECK_INT(lost.calls, 2);
    CHECK_INT(lost.code, DET_E_RUN);
    CHECK_INT(lost.steps, 3);
    CHECK_STR(lost.group, "training");
    check_failure("127.0.0.1", m.port, &w);
    CHECK_INT(det_close(&core, DET_COMPLETED, 5000), DET_E_RUN);
    det_stats st;
    det_get_stats(&core, &st);
    CHECK_INT(st.refused, 2);
    CHECK_INT(st.acknowledged, 1);
    CHECK_INT(st.pending, 0);
    real_no_secret(det_errmsg(&core), secrets);
    real_stop(&m);
}

static void a_refused_report_is_told_and_the_others_go_on(void) {
    static const real_want w = {DET_E_SERVER, DET_CLASS_SERVER, DET_STAGE_SERVER, 500, "answered 500: the disk is full"};
    real_proc m = master();
    det_options o = options_for(&m);
    open_must_work(&o);
    real_fault(m.port, "[{\"path\":\"/metrics\",\"skip\":1,\"count\":1,\"status\":500,\"text\":\"the disk is full\"}]");
    for (int i = 1; i <= 3; i++) CHECK_INT(report(i), DET_OK);
    CHECK_INT(det_run(&core, 5000), DET_OK);
    CHECK_INT(lost.calls, 1);
    CHECK_INT(lost.code, DET_E_SERVER);
    CHECK_INT(lost.steps, 2);
    check_failure("127.0.0.1", m.port, &w);
    CHECK_INT(det_close(&core, DET_COMPLETED, 5000), DET_E_SERVER);
    CHECK_INT(det_close(&core, DET_COMPLETED, 5000), DET_E_SERVER);
    check_failure("127.0.0.1", m.port, &w);
    det_stats st;
    det_get_stats(&core, &st);
    CHECK_INT(st.acknowledged, 2);
    real_stop(&m);
}

static void a_report_whose_answer_is_lost_arrives_exactly_once(void) {
    real_proc m = master();
    det_options o = options_for(&m);
    open_must_work(&o);
    real_fault(m.port, "[{\"path\":\"/metrics\",\"count\":1,\"close_at\":0}]");
    CHECK_INT(report(1), DET_OK);
    CHECK_INT(report(2), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 5000), DET_OK);
    CHECK_INT(lost.calls, 0);
    det_stats st;
    det_get_stats(&core, &st);
    CHECK_INT(st.acknowledged, 2);
    CHECK_INT(st.fenced, 1);
    char rows[4096];
    CHECK_INT(real_ask(m.port, "GET", "/test/trials/1", NULL, rows, sizeof rows), 200);
    CHECK(strstr(rows, "\"count\":2,") != NULL && "the summary counts each once");
    real_stop(&m);
}

static void expire(const real_proc *m) {
    CHECK_INT(real_ask(m->port, "POST", "/test/control", "{\"expireTokens\":true}", NULL, 0), 200);
}

static void an_expired_token_is_replaced_where_there_is_a_password(void) {
    real_proc m = master();
    det_options o = options_for(&m);
    open_must_work(&o);
    expire(&m);
    CHECK_INT(report(1), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 10000), DET_OK);
    det_stats st;
    det_get_stats(&core, &st);
    CHECK_INT(st.acknowledged, 1);
    CHECK_INT(lost.calls, 0);
    real_no_secret(det_errmsg(&core), secrets);
    real_stop(&m);
}

static void an_expired_token_without_a_password_keeps_the_reports_and_is_told(void) {
    static const real_want w = {DET_E_AUTH, DET_CLASS_SERVER, DET_STAGE_SERVER, 401, "get a new token"};
    real_proc m = master();
    det_options o = options_for(&m);
    char token[2048] = "", answer[2200];
    CHECK_INT(real_ask(m.port, "POST", "/api/v1/auth/login", "{\"username\":\"determined\",\"password\":\"\"}", answer, sizeof answer), 200);
    CHECK_INT(sscanf(answer, "{\"token\":\"%2047[^\"]", token), 1);
    o.token = token;
    o.user = o.password = NULL;
    open_must_work(&o);
    expire(&m);
    for (int i = 1; i <= 3; i++) CHECK_INT(report(i), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 1200), DET_E_AUTH);
    check_failure("127.0.0.1", m.port, &w);
    CHECK(!strstr(det_errmsg(&core), token) && !strstr(real_lines.text, token));
    det_stats st;
    det_get_stats(&core, &st);
    CHECK_INT(st.pending, 3);
    CHECK_INT(lost.calls, 0);
    real_stop(&m);
}

/* ---- closing ----------------------------------------------------------------------------------------------------- */

static void a_master_that_went_away_is_told_by_close(void) {
    static const real_want w = {DET_E_CONNECT, DET_CLASS_NET, DET_STAGE_TCP, ECONNREFUSED, "cannot connect"};
    real_proc m = master();
    det_options o = options_for(&m);
    open_must_work(&o);
    CHECK_INT(report(1), DET_OK);
    CHECK_INT(det_run(&core, 5000), DET_OK);
    int port = m.port;
    real_stop(&m);
    CHECK_INT(report(2), DET_OK);
    CHECK_INT(report(3), DET_OK);
    uint32_t start = real_ms();
    CHECK_INT(det_close(&core, DET_COMPLETED, 800), DET_E_CONNECT);
    CHECK(real_ms() - start >= 700 && real_ms() - start < 3000);
    check_failure("127.0.0.1", port, &w);
    det_stats st;
    det_get_stats(&core, &st);
    CHECK(st.pending + st.unsure == 2 && "what was not sent is left, what was is unsure");
}

static void a_master_that_falls_silent_is_given_up_when_close_has_no_time_left(void) {
    static const real_want w = {DET_E_TIMEOUT, DET_CLASS_NET, DET_STAGE_HTTP, REAL_DETAIL_NONE, "no answer in time"};
    real_proc m = master();
    det_options o = options_for(&m);
    open_must_work(&o);
    CHECK_INT(det_run(&core, 5000), DET_OK);
    real_fault(m.port, "[{\"never\":true}]");
    CHECK_INT(report(1), DET_OK);
    uint32_t start = real_ms();
    CHECK_INT(det_close(&core, DET_COMPLETED, 300), DET_E_TIMEOUT);
    CHECK(real_ms() - start >= 250 && real_ms() - start < 2000);
    check_failure("127.0.0.1", m.port, &w);
    CHECK_INT(report(2), DET_E_STATE);
    real_stop(&m);
}

static void a_refused_end_is_told(void) {
    static const real_want w = {DET_E_SERVER, DET_CLASS_SERVER, DET_STAGE_SERVER, 500, "PATCH /api/v1/trials/1 answered 500: "};
    real_proc m = master();
    det_options o = options_for(&m);
    open_must_work(&o);
    CHECK_INT(det_run(&core, 5000), DET_OK);
    real_fault(m.port, "[{\"method\":\"PATCH\",\"status\":500,\"text\":\"terminal already\"}]");
    CHECK_INT(det_close(&core, DET_COMPLETED, 5000), DET_E_SERVER);
    check_failure("127.0.0.1", m.port, &w);
    real_stop(&m);
}

static const unit_test tests[] = {
#if !DET_TLS
    TEST(https_needs_a_build_with_tls),
#endif
    TEST(opening_where_nobody_listens_fails_at_once),
    TEST(a_wrong_password_is_told_with_the_masters_words),
    TEST(a_garbage_token_is_told),
    TEST(a_server_that_is_no_master_is_told),
    TEST(a_refused_experiment_is_told_with_the_masters_words),
    TEST(a_master_that_falls_silent_while_opening_is_told),
    TEST(a_trial_started_elsewhere_makes_the_run_id_stale),
    TEST(a_refused_report_is_told_and_the_others_go_on),
    TEST(a_report_whose_answer_is_lost_arrives_exactly_once),
    TEST(an_expired_token_is_replaced_where_there_is_a_password),
    TEST(an_expired_token_without_a_password_keeps_the_reports_and_is_told),
    TEST(a_master_that_went_away_is_told_by_close),
    TEST(a_master_that_falls_silent_is_given_up_when_close_has_no_time_left),
    TEST(a_refused_end_is_told),
};

REAL_MAIN(tests)
