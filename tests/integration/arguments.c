/* SPDX-License-Identifier: Apache-2.0
 * Arguments and options that are refused before anything is sent: NULL, out of range, too large, not allowed, what could
 * lead a token astray. Each refusal has a code and a sentence and holds nothing. Reports are in refusals.c. */
#include "real.h"

#include "det_env.h"
#include "det_posix.h"

static det_session session;
static det_core core;
static uint64_t mem[1024];
static char buffer[2048];

static void is_sentence(const char *msg, int code) {
    CHECK_STR(msg, det_strerror(code));
    CHECK(strlen(msg) >= 20);
}

/* ---- the session ------------------------------------------------------------------------------------------------- */

static det_session_options session_options(void) {
    det_session_options o;
    memset(&o, 0, sizeof o);
    o.port = det_posix_port();
    o.url = "http://127.0.0.1:1";
    o.buffer = buffer;
    o.buffer_len = sizeof buffer;
    return o;
}

static void init_fails(const det_session_options *o, int code) {
    CHECK_INT(det_session_init(&session, o), code);
    is_sentence(det_session_errmsg(&session), code);
    CHECK_INT(det_session_failure(&session)->code, code);
    CHECK_INT(det_session_failure(&session)->stage, DET_STAGE_NONE);
    CHECK_INT(det_session_begin(&session), DET_E_ARG);
    CHECK_INT(det_session_call(&session, NULL, NULL), DET_E_ARG);
    det_session_free(&session);
    det_session_free(&session);
}

static void a_session_needs_port_url_and_buffer(void) {
    det_session_options o = session_options();
    det_port port = *det_posix_port();
    CHECK_INT(det_session_init(NULL, &o), DET_E_ARG);
    init_fails(NULL, DET_E_ARG);
    o.port = NULL;
    init_fails(&o, DET_E_ARG);
    o = session_options();
    o.url = NULL;
    init_fails(&o, DET_E_ARG);
    o = session_options();
    o.buffer = NULL;
    init_fails(&o, DET_E_ARG);
    o = session_options();
    o.buffer_len = 511;
    init_fails(&o, DET_E_SIZE);
    o.buffer_len = 512;
    CHECK_INT(det_session_init(&session, &o), DET_OK);
    det_session_free(&session);
    o.port = &port;
    port.recv = NULL;
    init_fails(&o, DET_E_PORT);
    port = *det_posix_port();
    port.size = offsetof(det_port, wait);
    init_fails(&o, DET_E_PORT);
}

static void each_url_that_could_lead_astray_is_refused(void) {
    static const char *const bad[] = {"",       "http://",      "ftp://h",     "HTTP://h",  "http:/h",      "http://h:65536",
                                      "h:x",    "http://u:p@h", "http://h?x",  "http://h#", "http://a b",   "http://[::1",
                                      "http://[h]", "http://h\r\nX: y", "http://h/\x80", "https://h/a b", "http://h:-1"};
    static char longest[DET_HOST_SIZE + 8];
    det_session_options o = session_options();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        o.url = bad[i];
        init_fails(&o, DET_E_URL);
    }
    memset(longest, 'h', DET_HOST_SIZE);
    o.url = longest;
    init_fails(&o, DET_E_SIZE);
    longest[DET_HOST_SIZE - 1] = 0;
    CHECK_INT(det_session_init(&session, &o), DET_OK);
    det_session_free(&session);
}

/* A token that could end its header line never gets into one. */
static void each_token_that_is_none_is_refused(void) {
    static const char *const bad[] = {"", "a b", "a\r\nX: y", "a\n", "a\x7f", "t\xc3\xb6ken"};
    static char longest[DET_HDR_SIZE + 1];
    det_session_options o = session_options();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        o = session_options();
        o.token = bad[i];
        init_fails(&o, DET_E_ARG);
        o.token = NULL;
        o.allocation_token = bad[i];
        init_fails(&o, DET_E_ARG);
    }
    o.token = o.allocation_token = "both";
    init_fails(&o, DET_E_ARG);
    memset(longest, 't', DET_HDR_SIZE);
    o.allocation_token = NULL;
    o.token = longest;
    init_fails(&o, DET_E_SIZE);
    o.token = "good";
    CHECK_INT(det_session_init(&session, &o), DET_OK);
    CHECK_INT(det_session_set_token(&session, longest), DET_E_SIZE);
    CHECK_INT(det_session_set_token(&session, "a b"), DET_E_ARG);
    CHECK_INT(det_session_set_token(&session, NULL), DET_OK);
    CHECK_INT(det_session_set_token(NULL, "t"), DET_E_ARG);
    det_session_free(&session);
}

static void each_request_that_is_none_is_refused(void) {
    static char path[sizeof buffer];
    static const struct {
        const char *method, *path, *headers;
    } bad[] = {
        {NULL, "/", NULL},       {"GET", NULL, NULL},         {"", "/", NULL},
        {"G T", "/", NULL},      {"GET\r\n", "/", NULL},      {"GET", "", NULL},
        {"GET", "x", NULL},      {"GET", "/a b", NULL},       {"GET", "/a\r\nX: y", NULL},
        {"GET", "/a#b", NULL},   {"GET", "/\xc3\xb6", NULL},  {"GET", "/", "X: y"},
        {"GET", "/", "X y\r\n"}, {"GET", "/", "X: a\r\n\r\n"}, {"GET", "/", " X: a\r\n"},
        {"GET", "/", "X : a\r\n"}, {"GET", "/", "Content-Length: 1\r\n"}, {"GET", "/", "Transfer-Encoding: chunked\r\n"},
    };
    det_session_options o = session_options();
    det_request q;
    memset(&q, 0, sizeof q);
    CHECK_INT(det_session_init(&session, &o), DET_OK);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        q.method = bad[i].method;
        q.path = bad[i].path;
        q.headers = bad[i].headers;
        CHECK_INT(det_session_call(&session, &q, NULL), DET_E_ARG);
    }
    memset(&q, 0, sizeof q);
    q.method = "POST";
    q.path = "/";
    q.body_len = 1;
    CHECK_INT(det_session_call(&session, &q, NULL), DET_E_ARG);
    q.body_len = 0;
    memset(path, '/', sizeof path - 1);
    q.path = path;
    CHECK_INT(det_session_call(&session, &q, NULL), DET_E_SIZE);
    is_sentence(det_session_errmsg(&session), DET_E_SIZE);
    det_session_free(&session);
}

static void a_session_refuses_what_does_not_fit_its_state(void) {
    real_proc p = real_silence(0);
    det_session_options o = session_options();
    det_request q;
    memset(&q, 0, sizeof q);
    q.method = "GET";
    q.path = "/";
    o.url = real_url("http", "127.0.0.1", p.port);
    CHECK_INT(det_session_init(&session, &o), DET_OK);
    CHECK_INT(det_session_step(&session), DET_E_STATE);
    CHECK_INT(det_session_start(&session, &q), DET_OK);
    CHECK_INT(det_session_step(&session), DET_E_AGAIN);
    CHECK_INT(det_session_start(&session, &q), DET_E_STATE);
    CHECK_INT(det_session_call(&session, &q, NULL), DET_E_STATE);
    CHECK_INT(det_session_begin(&session), DET_E_STATE);
    CHECK_INT(det_session_end(&session), DET_E_STATE);
    det_session_cancel(&session);
    det_session_cancel(&session);
    CHECK_INT(det_session_step(&session), DET_E_STATE);
    CHECK_INT(det_session_begin(&session), DET_OK);
    det_session_free(&session);
    CHECK_INT(det_session_start(&session, &q), DET_E_ARG);
    real_stop(&p);
}

static void a_session_that_is_none_is_harmless(void) {
    det_request q;
    memset(&q, 0, sizeof q);
    det_session_free(NULL);
    det_session_cancel(NULL);
    CHECK_INT(det_session_begin(NULL), DET_E_ARG);
    CHECK_INT(det_session_end(NULL), DET_E_ARG);
    CHECK_INT(det_session_start(NULL, &q), DET_E_ARG);
    CHECK_INT(det_session_step(NULL), DET_E_ARG);
    CHECK_INT(det_session_call(NULL, &q, NULL), DET_E_ARG);
}

/* ---- opening a core ---------------------------------------------------------------------------------------------- */

static det_options core_options(const char *url) {
    det_options o;
    det_options_init(&o, det_posix_port(), mem, sizeof mem);
    o.master = url;
    o.name = "arguments";
    return o;
}

static void open_fails(const det_options *o, int code) {
    CHECK_INT(det_open(&core, o), code);
    is_sentence(det_errmsg(&core), code);
    CHECK_INT(det_last_failure(&core)->stage, DET_STAGE_NONE);
    CHECK_INT(det_report_training_metrics(&core, 1, NULL, 0), DET_E_STATE);
}

static void a_core_needs_port_and_memory(void) {
    det_options o = core_options("http://127.0.0.1:1");
    CHECK_INT(det_open(NULL, &o), DET_E_ARG);
    CHECK_INT(det_open(&core, NULL), DET_E_ARG);
    o.port = NULL;
    open_fails(&o, DET_E_ARG);
    o = core_options("http://127.0.0.1:1");
    o.mem = NULL;
    open_fails(&o, DET_E_ARG);
    o = core_options("http://127.0.0.1:1");
    o.mem_len = 4095;
    open_fails(&o, DET_E_SIZE);
    o.mem_len = 0;
    open_fails(&o, DET_E_SIZE);
}

static void each_option_that_a_master_would_refuse_is_refused(void) {
    static const char *const ids[] = {"", "a/b", "a:b"};
    det_options o;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        o = core_options("http://127.0.0.1:1");
        o.external_experiment_id = ids[i];
        open_fails(&o, DET_E_ARG);
    }
    o = core_options("http://127.0.0.1:1");
    o.external_trial_id = "t";
    open_fails(&o, DET_E_ARG);
    o = core_options("http://127.0.0.1:1");
    o.workspace = "w";
    open_fails(&o, DET_E_ARG);
    o = core_options("http://127.0.0.1:1");
    o.hparams = "{\"lr\":}";
    open_fails(&o, DET_E_VALUE);
    o.hparams = "3";
    open_fails(&o, DET_E_VALUE);
    o.hparams = NULL;
    o.checkpoint_storage = "[]";
    open_fails(&o, DET_E_VALUE);
    o = core_options("no url");
    open_fails(&o, DET_E_URL);
    o = core_options("http://127.0.0.1:1");
    o.token = "two\r\nlines";
    open_fails(&o, DET_E_ARG);
}

/* Not found before the request is rendered, so a master has to be there. */
static void a_configuration_that_cannot_be_sent_is_refused(void) {
    static char config[sizeof mem];
    real_proc m = real_master(NULL);
    det_options o = core_options(real_url("http", "127.0.0.1", m.port));
    memset(config, 'x', sizeof config - 1);
    o.config = config;
    open_fails(&o, DET_E_SIZE);
    o.config = NULL;
    o.name = "\xff\xfe";
    open_fails(&o, DET_E_UTF8);
    real_stop(&m);
}

static void a_core_that_is_not_open_is_harmless(void) {
    static det_core zero;
    det_metric metric = det_metric_int("n", 1);
    det_wait w[2];
    uint32_t ms;
    det_core *const cores[] = {NULL, &zero};
    for (size_t i = 0; i < 2; i++) {
        int null = cores[i] == NULL;
        CHECK_INT(det_report_training_metrics(cores[i], 1, &metric, 1), null ? DET_E_ARG : DET_E_STATE);
        CHECK_INT(det_report_validation_metrics(cores[i], 1, &metric, 1), null ? DET_E_ARG : DET_E_STATE);
        CHECK_INT(det_report_metrics(cores[i], "g", 1, &metric, 1), null ? DET_E_ARG : DET_E_STATE);
        CHECK_INT(det_report_progress(cores[i], 0.5), null ? DET_E_ARG : DET_E_STATE);
        CHECK_INT(det_step(cores[i]), DET_E_STATE);
        CHECK_INT(det_run(cores[i], 10), DET_E_STATE);
        CHECK_INT(det_close(cores[i], DET_COMPLETED, 10), DET_E_STATE);
        CHECK_INT(det_close_start(cores[i], DET_COMPLETED), DET_E_STATE);
        CHECK_INT(det_wants(cores[i], w, &ms), 0);
    }
    CHECK_INT(det_get_run(&zero)->trial_id, 0);
    CHECK_INT(det_last_failure(&zero)->code, DET_OK);
    CHECK_STR(det_errmsg(&zero), "");
    CHECK_INT(det_options_from_env(NULL), DET_E_ARG);
}

/* ---- files, codes ------------------------------------------------------------------------------------------------ */

static void a_certificate_file_that_is_none_is_told(void) {
    const char *pem = NULL;
    size_t len = 0;
    det_options o = core_options("https://localhost:1");
    CHECK_INT(det_posix_read_pem(real_file("none"), &pem, &len), DET_E_CERT);
    CHECK_INT(det_posix_read_pem(real_dir, &pem, &len), DET_E_CERT);
    CHECK_INT(det_posix_read_pem("/dev/null", &pem, &len), DET_E_CERT);
    det_posix_free_pem(NULL, 0);
    setenv("DET_MASTER_CERT_FILE", real_dir, 1);
    CHECK_INT(det_options_from_env(&o), DET_E_CERT);
    setenv("DET_MASTER_CERT_FILE", real_file("none"), 1);
    CHECK_INT(det_options_from_env(&o), DET_OK);
    CHECK(!o.ca_pem && !o.noverify);
    unsetenv("DET_MASTER_CERT_FILE");
}

static void codes_and_stages_that_are_none_have_a_text_too(void) {
    CHECK(strlen(det_strerror(-12345)) > 0 && strlen(det_strerror(12345)) > 0);
    CHECK_INT(det_error_class(12345), DET_CLASS_OK);
    CHECK_INT(det_error_class(-12345), DET_CLASS_USAGE);
    CHECK_INT(det_error_class(INT32_MIN), DET_CLASS_USAGE);
    CHECK_STR(det_stage_name(-1), "");
    CHECK_STR(det_stage_name(99), "");
}

static const unit_test tests[] = {
    TEST(a_session_needs_port_url_and_buffer),
    TEST(each_url_that_could_lead_astray_is_refused),
    TEST(each_token_that_is_none_is_refused),
    TEST(each_request_that_is_none_is_refused),
    TEST(a_session_refuses_what_does_not_fit_its_state),
    TEST(a_session_that_is_none_is_harmless),
    TEST(a_core_needs_port_and_memory),
    TEST(each_option_that_a_master_would_refuse_is_refused),
    TEST(a_configuration_that_cannot_be_sent_is_refused),
    TEST(a_core_that_is_not_open_is_harmless),
    TEST(a_certificate_file_that_is_none_is_told),
    TEST(codes_and_stages_that_are_none_have_a_text_too),
};

REAL_MAIN(tests)
