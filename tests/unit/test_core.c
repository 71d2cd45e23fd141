/* SPDX-License-Identifier: Apache-2.0
 * The Core API over the fake port, with a small in-process master behind it that answers by path and keeps what it was
 * told: order of calls, heartbeat, outbox, lost answers, refusals, closing. */
#include "det.h"

#include "unit/fake_port.h"
#include "unit/unit.h"

/* As it is by default, or as in the smallest configuration: the lane `small` of tests/run.sh. */
#define EXACT DET_EXACT

static fake_port fp;
static det_core core;
static uint64_t mem[2048]; /* 16 KB */
static det_options opt;
static char log_text[65536];

/* ---- the small master ------------------------------------------------------------------------------------------------- */

enum { NEVER = 1 << 30 };

static struct {
    char calls[8192];  /* "METHOD /path\n" in order */
    char bodies[65536]; /* of metrics, one a line */
    int metrics;       /* reports answered 200 */
    int seen;          /* reports seen */
    int fail_from, fail_count;  /* reports fail_from … are answered with `answer`, or cut when it is NULL */
    const char *answer;
    const char *fail_path;      /* a call whose path holds this is answered with fail_answer */
    const char *fail_answer;
    int run_id;
} master;

static void reply(fake_port *p, int conn, const char *body) {
    char text[1024];
    snprintf(text, sizeof text, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n%s", strlen(body),
             body);
    fake_puts(p, conn, 5, text);
}

static void answer_metrics(fake_port *p, int conn, const char *body) {
    int n = master.seen++;
    if (n >= master.fail_from && n < master.fail_from + master.fail_count) {
        if (master.answer)
            fake_puts(p, conn, 5, master.answer);
        else
            fake_end(p, conn, 5, FAKE_RESET);
        return;
    }
    master.metrics++;
    size_t at = strlen(master.bodies);
    snprintf(master.bodies + at, sizeof master.bodies - at, "%s\n", body);
    reply(p, conn, "{}");
}

static void answer(fake_port *p, int conn, const char *line, const char *body) {
    if (master.fail_path && strstr(line, master.fail_path)) {
        fake_puts(p, conn, 5, master.fail_answer);
        return;
    }
    if (strstr(line, "/auth/login")) reply(p, conn, "{\"token\":\"v2.public.tok\",\"user\":{\"id\":2}}");
    else if (strstr(line, "/experiments")) reply(p, conn, "{\"experiment\":{\"id\":7,\"config\":{\"id\":1}},\"config\":{}}");
    else if (strstr(line, "/start")) {
        char text[160];
        if (strstr(line, "/runs/start")) {
            reply(p, conn, "{\"storageId\":4}");
            return;
        }
        snprintf(text, sizeof text, "{\"trialRunId\":%d,\"stepsCompleted\":30,\"latestCheckpoint\":\"411d1dea-4916-4bfa-a156-501135f6d926\"}",
                 ++master.run_id);
        reply(p, conn, text);
    } else if (strstr(line, "/metrics")) answer_metrics(p, conn, body);
    else if (strstr(line, "/progress")) reply(p, conn, "{}");
    else if (strstr(line, " /api/v1/master")) reply(p, conn, "{\"clusterId\":\"c1\",\"version\":\"0.38.1\"}");
    else reply(p, conn, "{\"trial\":{\"id\":9,\"experimentId\":7,\"taskId\":\"7.abc\"}}");
}

static size_t serve(void *ctx, fake_port *p, int conn, const uint8_t *in, size_t n) {
    char text[16384];
    (void)ctx;
    size_t len = fake_request_len(in, n);
    if (!len || len >= sizeof text) return 0;
    memcpy(text, in, len);
    text[len] = 0;
    char *body = strstr(text, "\r\n\r\n") + 4;
    *strstr(text, " HTTP/1.1\r\n") = 0;
    size_t at = strlen(master.calls);
    snprintf(master.calls + at, sizeof master.calls - at, "%s\n", text);
    answer(p, conn, text, body);
    return len;
}

/* ---- helpers -------------------------------------------------------------------------------------------------------------- */

static void log_line(void *ctx, int level, const char *line) {
    (void)ctx, (void)level;
    size_t n = strlen(log_text);
    snprintf(log_text + n, sizeof log_text - n, "%s\n", line);
}

static int lost_code, lost_count;
static int64_t lost_steps;
static char lost_group[64];
static void on_lost(void *ctx, int code, const char *group, int64_t steps) {
    (void)ctx;
    lost_code = code;
    lost_count++;
    lost_steps = steps;
    snprintf(lost_group, sizeof lost_group, "%s", group);
}

static void prepare(void) {
    memset(&master, 0, sizeof master);
    master.fail_from = NEVER;
    log_text[0] = 0;
    lost_code = lost_count = 0;
    fake_init(&fp, NULL, 0);
    fp.server = serve;
    det_options_init(&opt, &fp.port, mem, sizeof mem);
    opt.master = "m:8080";
    opt.user = "ann";
    opt.password = "pass word";
    opt.name = "exp";
    opt.searcher_metric = "loss";
    opt.log = log_line;
    opt.log_level = DET_LOG_DEBUG;
    opt.lost = on_lost;
}

static void end(void) {
    CHECK(strstr(log_text, "v2.public.tok") == NULL);
    CHECK(strstr(log_text, "pass word") == NULL);
    det_session_free(&core.session);
    CHECK_INT(fake_free(&fp), 0);
}

static void open_ok(void) {
    prepare();
    CHECK_INT(det_open(&core, &opt), DET_OK);
}

static int report(int64_t steps, double loss) {
    det_metric m = det_metric_double("loss", loss);
    return det_report_training_metrics(&core, steps, &m, 1);
}

static det_stats stats(void) {
    det_stats st;
    det_get_stats(&core, &st);
    return st;
}

static int count(const char *text, const char *part) {
    int n = 0;
    for (const char *p = text; (p = strstr(p, part)) != NULL; p++) n++;
    return n;
}

/* ---- opening ---------------------------------------------------------------------------------------------------------------- */

static void opening_makes_the_calls_of_the_contract_in_its_order(void) {
    open_ok();
    CHECK_STR(master.calls, "POST /api/v1/auth/login\nPOST /api/v1/experiments\nPOST /api/v1/trials\nGET /api/v1/master\n"
                            "POST /api/v1/trials/9/start\nPOST /api/v1/runs/start\nPATCH /api/v1/trials/9\n"
                            "PATCH /api/v1/trials/9\n"); /* the last one is the first heartbeat */
    CHECK(fake_sent_has(&fp, 0, "\r\n\r\n{\"trialId\":9}"));
    CHECK_INT(fp.conns, 1);
    CHECK(fake_sent_has(&fp, 0, "\"isHashed\":true"));
    CHECK(!fake_sent_has(&fp, 0, "pass word"));
    CHECK(fake_sent_has(&fp, 0, "{\"trialId\":9,\"resume\":true}"));
    CHECK(fake_sent_has(&fp, 0, "{\"trialId\":9,\"state\":\"STATE_RUNNING\"}"));
    CHECK(fake_sent_has(&fp, 0, "{\"runId\":9,\"checkpointStorage\":null}"));
    CHECK(fake_sent_has(&fp, 0, "{\"experimentId\":7,\"hparams\":null,\"unmanaged\":true}"));
    CHECK(fake_sent_has(&fp, 0, "{\"config\":\"{\\\"checkpoint_storage\\\":null,\\\"description\\\":null,\\\"name\\\":\\\"exp\\\","
                                "\\\"project\\\":null,\\\"searcher\\\":{\\\"metric\\\":\\\"loss\\\",\\\"name\\\":\\\"single\\\"},"
                                "\\\"workspace\\\":null}\",\"unmanaged\":true}"));
    const det_run_info *run = det_get_run(&core);
    CHECK_INT(run->experiment_id, 7);
    CHECK_INT(run->trial_id, 9);
    CHECK_INT(run->trial_run_id, 1);
    CHECK_INT(run->steps_completed, 30);
    CHECK_INT(run->storage_id, 4);
    CHECK_STR(run->latest_checkpoint, "411d1dea-4916-4bfa-a156-501135f6d926");
    CHECK_STR(run->task_id, "7.abc");
    CHECK_STR(run->cluster_id, "c1");
    CHECK_INT(det_close(&core, DET_COMPLETED, 1000), DET_OK);
    end();
}

static void external_ids_use_the_put_forms(void) {
    prepare();
    opt.external_experiment_id = "my-exp_1.~+a";
    opt.external_trial_id = "t/1";
    opt.hparams = "{\"lr\":0.1}";
    opt.checkpoint_storage = "{\"type\":\"directory\",\"container_path\":\"c\"}";
    CHECK_INT(det_open(&core, &opt), DET_OK);
    CHECK(strstr(master.calls, "PUT /api/v1/experiments/by-external-id/my-exp_1.~%2Ba\nPUT /api/v1/trials\n") != NULL);
    CHECK(fake_sent_has(&fp, 0, "{\"createTrialRequest\":{\"experimentId\":7,\"hparams\":{\"lr\":0.1},\"unmanaged\":true},"
                                "\"externalTrialId\":\"t/1\"}"));
    CHECK(fake_sent_has(&fp, 0, "\"checkpointStorage\":{\"type\":\"directory\",\"container_path\":\"c\"}}"));
    end();
}

static void a_token_saves_the_login(void) {
    prepare();
    opt.token = "given";
    CHECK_INT(det_open(&core, &opt), DET_OK);
    CHECK(strstr(master.calls, "login") == NULL);
    CHECK(fake_sent_has(&fp, 0, "Authorization: Bearer given\r\n"));
    end();
}

static void nobody_given_means_user_determined_with_an_empty_password(void) {
    prepare();
    opt.user = opt.password = NULL;
    CHECK_INT(det_open(&core, &opt), DET_OK);
    CHECK(fake_sent_has(&fp, 0, "{\"username\":\"determined\",\"password\":\"\",\"isHashed\":true}"));
    end();
}

static void without_a_name_the_master_makes_one_up(void) {
    prepare();
    opt.name = NULL;
    CHECK_INT(det_open(&core, &opt), DET_OK);
    CHECK(fake_sent_has(&fp, 0, "\\\"name\\\":null,"));
    end();
}

static void first_contact_fails_at_once_and_names_its_stage(void) {
    static const fake_script refused[] = {{.open_error = DET_E_CONNECT, .os_error = 111}};
    prepare();
    fp.script = refused;
    fp.scripts = 1;
    uint32_t t = fp.now_ms;
    CHECK_INT(det_open(&core, &opt), DET_E_CONNECT);
    CHECK_INT(fp.now_ms - t, 0);
    CHECK_INT(fp.conns, 1);
    CHECK(strncmp(det_errmsg(&core), "tcp: m:8080: ", 13) == 0);
    CHECK_INT(report(1, 1), DET_E_STATE);
    CHECK_INT(det_step(&core), DET_E_CONNECT);
    CHECK_INT(det_run(&core, 100), DET_E_CONNECT);
    CHECK_INT(det_close(&core, DET_COMPLETED, 100), DET_E_CONNECT);
    end();
}

static void each_step_of_opening_may_be_refused(void) {
    static const char *const paths[] = {"/auth/login", "/experiments", " /api/v1/trials", "/api/v1/master", "9/start", "/runs/start", "PATCH"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        prepare();
        master.fail_path = paths[i];
        master.fail_answer = "HTTP/1.1 500 E\r\nContent-Length: 47\r\n\r\n{\"error\":{\"code\":13,\"error\":\"because of this\"}}";
        CHECK_INT(det_open(&core, &opt), DET_E_SERVER);
        CHECK(strstr(det_errmsg(&core), "because of this") != NULL);
        CHECK_INT(fp.open_now, 0);
        end();
    }
}

static void a_wrong_password_is_an_error_of_its_own(void) {
    prepare();
    master.fail_path = "/auth/login";
    master.fail_answer = "HTTP/1.1 401 U\r\nContent-Length: 56\r\n\r\n{\"error\":{\"code\":16,\"error\":\"invalid credentials\"}}     ";
    CHECK_INT(det_open(&core, &opt), DET_E_AUTH);
    CHECK(strstr(det_errmsg(&core), "answered 401: invalid credentials") != NULL);
    end();
}

static void an_answer_that_is_not_a_masters_is_told(void) {
    static const char *const bad[] = {"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
                                      "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{\"experiment\":{\"id\":1"};
    for (int i = 0; i < 3; i++) {
        prepare();
        master.fail_path = "/experiments";
        master.fail_answer = bad[i];
        CHECK_INT(det_open(&core, &opt), DET_E_MASTER);
        end();
    }
}

static void opening_can_be_stepped_without_ever_waiting(void) {
    prepare();
    det_wait w[2];
    uint32_t ms;
    int rc, steps = 0;
    CHECK_INT(det_open_start(&core, &opt), DET_OK);
    CHECK_INT(fp.total, 0);
    while ((rc = det_step(&core)) == DET_E_AGAIN && det_get_run(&core)->trial_run_id == 0 && steps++ < 1000) {
        int n = det_wants(&core, w, &ms);
        if (ms) fp.port.wait(fp.port.ctx, w, (size_t)n, ms);
    }
    CHECK(steps > 3 && steps < 1000);
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(report(1, 1), DET_OK);
    end();
}

static void wrong_options_are_refused_without_io(void) {
    det_options o;
#define REFUSED(change, code)                                                                                          \
    do {                                                                                                               \
        prepare();                                                                                                     \
        change;                                                                                                        \
        CHECK_INT(det_open(&core, &opt), code);                                                                        \
        CHECK(*det_errmsg(&core) != 0);                                                                                \
        CHECK_INT(report(1, 1), DET_E_STATE);                                                                          \
        CHECK_INT(det_run(&core, 10), code);                                                                           \
        CHECK_INT(fp.total, 0);                                                                                        \
        end();                                                                                                         \
    } while (0)
    REFUSED(opt.mem = NULL, DET_E_ARG);
    REFUSED(opt.mem_len = 4095, DET_E_SIZE);
    REFUSED(opt.master = "http://", DET_E_URL);
    REFUSED(opt.external_trial_id = "t", DET_E_ARG);
    REFUSED(opt.external_experiment_id = "a/b", DET_E_ARG);
    REFUSED(opt.external_experiment_id = "a:b", DET_E_ARG);
    REFUSED(opt.external_experiment_id = "", DET_E_ARG);
    REFUSED(opt.workspace = "w", DET_E_ARG);
    REFUSED(opt.hparams = "[1]", DET_E_VALUE);
    REFUSED(opt.hparams = "{\"a\":1e999}", DET_E_VALUE);
    REFUSED(opt.checkpoint_storage = "{", DET_E_VALUE);
    prepare();
    o = opt;
    CHECK_INT(det_open(NULL, &o), DET_E_ARG);
    CHECK_INT(det_open(&core, NULL), DET_E_ARG);
    end();
    memset(&core, 0x5A, sizeof core);
    CHECK_INT(det_step(&core), DET_E_STATE);
    CHECK_INT(det_close(&core, DET_COMPLETED, 1), DET_E_STATE);
    CHECK_INT(det_run(&core, 1), DET_E_STATE);
}

/* ---- reporting ---------------------------------------------------------------------------------------------------------------- */

static void reporting_does_no_io_and_arrives_in_order_over_one_connection(void) {
    open_ok();
    unsigned before = fp.total;
    for (int i = 0; i < 100; i++) {
        CHECK_INT(report(i, i / 8.0), DET_OK);
        if ((i + 1) % 10 == 0) {
            det_metric m = det_metric_double("loss", 0.25);
            CHECK_INT(det_report_validation_metrics(&core, i, &m, 1), DET_OK);
        }
    }
    CHECK_INT(fp.total, before);
    CHECK_INT(stats().pending, 110);
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
    CHECK_INT(master.metrics, 110);
    CHECK_INT(fp.conns, 1);
    CHECK_INT(stats().acknowledged, 110);
    CHECK_INT(stats().pending, 0);
    CHECK_INT(stats().session.connections, 1);
    CHECK(strncmp(master.bodies,
                  "{\"group\":\"training\",\"metrics\":{\"stepsCompleted\":0,\"trialId\":9,\"trialRunId\":1,\"metrics\":{\"avgMetrics\":{"
                  "\"loss\":0", 100) == 0);
    CHECK(strstr(master.bodies, "\"stepsCompleted\":9,\"trialId\":9,\"trialRunId\":1,\"metrics\":{\"avgMetrics\":{\"loss\":1.125}}}}\n{\"group\":\"validation\","
                                "\"metrics\":{\"stepsCompleted\":9,") != NULL);
    CHECK(fake_sent_has(&fp, 0, "{\"trialId\":9,\"state\":\"STATE_COMPLETED\"}"));
    CHECK_INT(fp.open_now, 0);
    end();
}

static void every_type_of_value_is_written_as_json(void) {
    det_metric m[] = {det_metric_int("i", -5), det_metric_bool("b", 1), det_metric_string("s", "a\"\xc3\xa9"),
                      det_metric_json("n", " {\"x\":[1,2.5,null]}"), det_metric_double("nan", 0.0), det_metric_int("epoch", 3)};
    open_ok();
    m[4].value.d = 0.0 / (m[4].value.d + 0.0);
    CHECK_INT(det_report_metrics(&core, "inference", 5, m, 6), DET_OK);
    CHECK_INT(det_report_metrics(&core, "inference", 6, NULL, 0), DET_OK);
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK(strstr(master.bodies, "{\"i\":-5,\"b\":true,\"s\":\"a\\\"\xc3\xa9\",\"n\": {\"x\":[1,2.5,null]},\"nan\":\"NaN\",\"epoch\":3}") != NULL);
    CHECK(strstr(master.bodies, "\"group\":\"inference\"") != NULL);
    CHECK(strstr(master.bodies, "\"avgMetrics\":{}") != NULL);
    end();
}

static int training1(det_metric m) {
    return det_report_training_metrics(&core, 1, &m, 1);
}

static int validation1(det_metric m) {
    return det_report_validation_metrics(&core, 1, &m, 1);
}

static void what_the_master_would_refuse_is_refused_at_once(void) {
    det_metric ok = det_metric_double("loss", 1);
    double inf = 1e300 * 1e300;
    open_ok();
    CHECK_INT(report(-1, 1), DET_E_STEPS);
    CHECK_INT(report(INT64_C(2147483648), 1), DET_E_STEPS);
    CHECK_INT(report(INT64_C(2147483647), 1), DET_OK);
    CHECK_INT(report(INT64_C(4294967296), 1), DET_E_STEPS);
    CHECK_INT(det_report_metrics(&core, "", 1, &ok, 1), DET_E_GROUP);
    CHECK_INT(det_report_metrics(&core, "a.b", 1, &ok, 1), DET_E_GROUP);
    CHECK_INT(det_report_metrics(&core, "avg_metrics", 1, &ok, 1), DET_E_GROUP);
    CHECK_INT(det_report_metrics(&core, "validation_metrics", 1, &ok, 1), DET_E_GROUP);
    CHECK_INT(det_report_metrics(&core, "system", 1, &ok, 1), DET_OK);
    CHECK_INT(training1(det_metric_string("epoch", "3")), DET_E_VALUE);
    CHECK_INT(training1(det_metric_double("epochs", inf)), DET_E_VALUE);
    CHECK_INT(training1(det_metric_bool("epoch", 1)), DET_E_VALUE);
    CHECK_INT(training1(det_metric_json("epoch", "3.5")), DET_OK);
    CHECK_INT(training1(det_metric_json("x", "\"a\\u0000b\"")), DET_E_VALUE);
    CHECK_INT(training1(det_metric_json("x", "{\"a\\u0000\":1}")), DET_E_VALUE);
    static const char *const beyond[] = {"1e999", "-1e309", "1.7976931348623159e308", "-1.7976931348623159e+308", "0.0000001e316", "1797e306",
                                         "17976931348623159e292", "1e18446744073709551617", "2e308", "[0,[1e309]]"};
    static const char *const within[] = {"1.7976931348623157e308", "-1.7976931348623158e308", "0.00000001e316", "1796e305", "0e999", "-0.000E+9999",
                                         "17976931348623157e292", "1e-18446744073709551617", "1e308", "0.1", "123456789.5e-400"};
    for (size_t i = 0; i < sizeof beyond / sizeof *beyond; i++) CHECK_INT(training1(det_metric_json("x", beyond[i])), DET_E_VALUE);
    for (size_t i = 0; i < sizeof within / sizeof *within; i++) CHECK_INT(training1(det_metric_json("x", within[i])), DET_OK);
    CHECK_INT(training1(det_metric_json("x", "NaN")), DET_E_VALUE);
    CHECK_INT(training1(det_metric_json("x", "1 2")), DET_E_VALUE);
    CHECK_INT(training1(det_metric_json("x", "{")), DET_E_VALUE);
    CHECK_INT(training1(det_metric_string("x", "bad \xff")), DET_E_UTF8);
    CHECK_INT(training1(det_metric_double("bad \xc0\x80", 1)), DET_E_UTF8);
    CHECK_INT(validation1(det_metric_string("loss", "abc")), DET_E_VALUE);
    CHECK_INT(validation1(det_metric_bool("loss", 1)), DET_E_VALUE);
    CHECK_INT(validation1(det_metric_json("loss", "{}")), DET_E_VALUE);
    CHECK_INT(validation1(det_metric_double("loss", inf)), DET_OK);
    CHECK_INT(training1(det_metric_string("loss", "abc")), DET_OK);
    CHECK_INT(training1(det_metric_string(NULL, "abc")), DET_E_ARG);
    CHECK_INT(training1(det_metric_string("x", NULL)), DET_E_ARG);
    CHECK_INT(det_report_training_metrics(&core, 1, NULL, 1), DET_E_ARG);
    CHECK_INT(det_report_metrics(&core, NULL, 1, &ok, 1), DET_E_ARG);
    CHECK_INT(det_report_training_metrics(NULL, 1, &ok, 1), DET_E_ARG);
    ok.type = 77;
    CHECK_INT(training1(ok), DET_E_ARG);
    CHECK_INT(det_report_progress(&core, -0.1), DET_E_VALUE);
    CHECK_INT(det_report_progress(&core, 1.0000001), DET_E_VALUE);
    CHECK_INT(det_report_progress(&core, 0.0 / (inf - inf)), DET_E_VALUE);
    CHECK_INT(det_report_progress(&core, 1.0), DET_OK);
    CHECK_INT(stats().queued, 16);
    CHECK_INT(det_close(&core, DET_ERROR, 10000), DET_OK);
    CHECK(fake_sent_has(&fp, 0, "{\"progress\":1"));
    CHECK(fake_sent_has(&fp, 0, "\"state\":\"STATE_ERROR\""));
    end();
}

static void a_full_outbox_says_so_and_takes_again_after_sending(void) {
    open_ok();
    int n = 0;
    while (report(n, 0.5) == DET_OK) n++;
    CHECK_INT(report(n, 0.5), DET_E_SPACE);
    CHECK(*det_errmsg(&core) != 0);
    CHECK_INT(stats().full, 2);
    CHECK(n > 60);
    CHECK_INT(det_run(&core, 60000), DET_OK);
    CHECK_INT(report(n, 0.5), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
    CHECK_INT(master.metrics, n + 1);
    end();
}

static void a_report_that_can_never_fit_is_told_apart_from_a_full_outbox(void) {
    static char big[20000];
    open_ok();
    memset(big, 'x', sizeof big - 1);
    CHECK_INT(training1(det_metric_string("s", big)), DET_E_SIZE);
    big[9000] = 0; /* larger than the request buffer, so it goes out in pieces */
    CHECK_INT(training1(det_metric_string("s", big)), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 10000), DET_OK);
    CHECK_INT(master.metrics, 1);
    CHECK(strstr(master.bodies, big) != NULL);
    end();
}

static void four_kilobytes_are_enough(void) {
    prepare();
    opt.mem_len = 4096;
    CHECK_INT(det_open(&core, &opt), DET_OK);
    for (int i = 0; i < 300; i++) {
        int rc = report(i, i);
        if (rc == DET_E_SPACE) CHECK_INT(det_run(&core, 10000), DET_OK);
        if (rc == DET_E_SPACE) CHECK_INT(report(i, i), DET_OK);
    }
    CHECK_INT(det_close(&core, DET_COMPLETED, 10000), DET_OK);
    CHECK_INT(master.metrics, 300);
    end();
}

/* An error as a master puts it. */
static const char *says(const char *status, const char *message) {
    static char text[512];
    char body[256];
    snprintf(body, sizeof body, "{\"error\":{\"code\":13,\"reason\":\"Internal\",\"error\":\"%s\"}}\n", message);
    snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status, strlen(body), body);
    return text;
}

/* ---- heartbeat -------------------------------------------------------------------------------------------------------------- */

static void the_heartbeat_comes_at_once_and_every_minute(void) {
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(stats().heartbeats, 1);
    for (int i = 0; i < 100; i++) {
        fp.now_ms += 10000;
        CHECK_INT(report(i, 1), DET_OK);
        CHECK_INT(det_run(&core, 1000), DET_OK);
    }
    CHECK(stats().heartbeats >= 16 && stats().heartbeats <= 18);
    CHECK_INT(fp.conns, 1);
    end();
}

static void an_event_loop_is_told_when_the_next_heartbeat_is_due(void) {
    det_wait w[2];
    uint32_t ms = 0;
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(det_wants(&core, w, &ms), 0);
    CHECK(ms > 59000 && ms <= 60000);
    CHECK_INT(report(1, 1), DET_OK);
    CHECK_INT(det_wants(&core, w, &ms), 0);
    CHECK_INT(ms, 0);
    CHECK_INT(det_step(&core), DET_E_AGAIN);
    CHECK_INT(det_wants(&core, w, &ms), 1);
    CHECK_INT(w[0].events, DET_WANT_READ);
    CHECK(ms > 0);
    end();
}

static void a_failed_heartbeat_is_tried_again_after_ten_seconds(void) {
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(stats().heartbeats, 1);
    master.fail_path = "PATCH";
    master.fail_answer = says("500 E", "not found");
    fp.now_ms += 60000;
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(stats().heartbeats, 1);
    master.fail_path = NULL;
    fp.now_ms += 9000;
    CHECK_INT(det_run(&core, 10), DET_OK);
    CHECK_INT(stats().heartbeats, 1);
    fp.now_ms += 1000;
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(stats().heartbeats, 2);
    end();
}

/* ---- what goes wrong ---------------------------------------------------------------------------------------------------------- */

#if EXACT
static void a_lost_answer_is_met_with_a_fence_and_everything_from_its_step_on_goes_again(void) {
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    master.fail_from = 2;
    master.fail_count = 1;
    for (int i = 0; i < 5; i++) CHECK_INT(report(i + 10, i), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
    CHECK_INT(fp.conns, 2);
    CHECK_INT(master.run_id, 2);
    CHECK_INT(stats().acknowledged, 5);
    CHECK_INT(stats().unsure, 0);
    CHECK_INT(stats().fenced, 1);
    CHECK_INT(stats().resent, 3);
    CHECK_INT(lost_count, 0);
    CHECK(fake_sent_has(&fp, 1, "POST /api/v1/trials/9/start"));
    CHECK(!fake_sent_has(&fp, 1, "\"stepsCompleted\":11,"));
    CHECK(fake_sent_has(&fp, 1, "\"stepsCompleted\":12,\"trialId\":9,\"trialRunId\":2,"));
    CHECK(fake_sent_has(&fp, 1, "STATE_COMPLETED"));
    end();
}

static void reports_acknowledged_at_the_lowest_open_step_go_again_too(void) {
    det_metric other = det_metric_double("x", 1);
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(report(10, 1), DET_OK);
    CHECK_INT(report(11, 1), DET_OK);
    CHECK_INT(det_report_metrics(&core, "inference", 11, &other, 1), DET_OK);
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(stats().acknowledged, 3);
    master.fail_from = master.seen;
    master.fail_count = 1;
    CHECK_INT(det_report_validation_metrics(&core, 11, &other, 1), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
    CHECK_INT(stats().resent, 3);
    CHECK_INT(stats().acknowledged, 4);
    CHECK(!fake_sent_has(&fp, 1, "\"stepsCompleted\":10,"));
    end();
}

static void out_of_step_order_each_report_in_doubt_is_asked_for(void) {
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(report(20, 1), DET_OK);
    CHECK_INT(report(21, 1), DET_OK);
    CHECK_INT(det_run(&core, 1000), DET_OK);
    master.fail_from = master.seen;
    master.fail_count = 1;
    CHECK_INT(report(5, 1), DET_OK);
    CHECK_INT(report(0, 1), DET_OK);
    master.fail_path = "time-series";
    master.fail_answer = "HTTP/1.1 200 OK\r\nContent-Length: 108\r\n\r\n{\"trials\":[{\"trial\":{\"id\":9},\"metrics\":[{\"data\":[{"
                         "\"batches\":5,\"values\":{\"loss\":1},\"time\":\"t\"}],\"group\":\"t\"}]}]}";
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
    CHECK(strstr(master.calls, "time-series?trialIds=9&maxDatapoints=1&group=training&metricNames=%6C%6F%73%73&"
                               "startBatches=5&endBatches=5\n") != NULL);
    CHECK(strstr(master.calls, "timeSeriesFilter.name=batches&timeSeriesFilter.integerRange.lte=0\n") != NULL);
    CHECK_INT(master.run_id, 1);
    CHECK_INT(stats().fenced, 0);
    CHECK_INT(stats().doubtful, 0);
    CHECK_INT(stats().acknowledged, 4);
    end();
}

static void a_report_asked_for_and_missing_goes_again_under_the_same_run_id(void) {
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(report(20, 1), DET_OK);
    CHECK_INT(report(21, 1), DET_OK);
    CHECK_INT(det_run(&core, 1000), DET_OK);
    master.fail_from = master.seen;
    master.fail_count = 1;
    CHECK_INT(report(5, 1), DET_OK);
    master.fail_path = "time-series";
    master.fail_answer = "HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{\"trials\":[{\"trial\":null,\"metrics\":[]}]}";
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
    CHECK_INT(stats().doubtful, 1);
    CHECK_INT(stats().acknowledged, 3);
    CHECK_INT(master.metrics, 3);
    end();
}

static void after_a_fence_a_report_that_would_archive_what_is_gone_is_refused(void) {
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(report(10, 1), DET_OK);
    CHECK_INT(report(11, 1), DET_OK);
    CHECK_INT(det_run(&core, 1000), DET_OK);
    master.fail_from = master.seen;
    master.fail_count = 1;
    CHECK_INT(report(12, 1), DET_OK);
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(stats().fenced, 1);
    det_metric m = det_metric_double("x", 1);
    CHECK_INT(report(11, 2), DET_E_ORDER);
    CHECK_INT(det_report_validation_metrics(&core, 11, &m, 1), DET_OK); /* its own part has nothing there */
    CHECK_INT(det_report_metrics(&core, "other", 10, &m, 1), DET_E_ORDER);
    CHECK_INT(report(12, 2), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
    end();
}

static void reports_of_one_group_and_step_that_wait_together_are_one_request(void) {
    det_metric a = det_metric_double("a", 1), b = det_metric_double("b", 2), c = det_metric_json("c", "{\"a\":[1]}");
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(det_report_training_metrics(&core, 5, &a, 1), DET_OK);
    CHECK_INT(det_report_validation_metrics(&core, 5, &a, 1), DET_OK);
    CHECK_INT(det_report_training_metrics(&core, 5, &b, 1), DET_OK);
    CHECK_INT(det_report_training_metrics(&core, 5, &c, 1), DET_OK);
    CHECK_INT(det_report_training_metrics(&core, 5, &b, 1), DET_OK); /* its name is taken: on its own */
    CHECK_INT(det_report_training_metrics(&core, 6, &b, 1), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
    CHECK_INT(master.metrics, 4);
    CHECK_INT(stats().joined, 2);
    CHECK_INT(stats().acknowledged, 6);
    CHECK(strstr(master.bodies, "\"avgMetrics\":{\"a\":1.0,\"b\":2.0,\"c\":{\"a\":[1]}}}}}\n") != NULL);
    end();
}

static void what_was_joined_and_refused_goes_again_one_by_one(void) {
    det_metric a = det_metric_double("a", 1), b = det_metric_double("b", 2);
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    master.fail_from = 0;
    master.fail_count = 2; /* both together, then the first alone */
    master.answer = says("500 E", "conflicting key: a");
    CHECK_INT(det_report_training_metrics(&core, 5, &a, 1), DET_OK);
    CHECK_INT(det_report_training_metrics(&core, 5, &b, 1), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_E_SERVER);
    CHECK_INT(master.seen, 3);
    CHECK_INT(stats().acknowledged, 1);
    CHECK_INT(stats().refused, 1);
    CHECK(strstr(master.bodies, "{\"b\":2.0}") != NULL);
    end();
}

static void joined_reports_survive_a_lost_answer(void) {
    det_metric a = det_metric_double("a", 1), b = det_metric_double("b", 2);
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    master.fail_from = 0;
    master.fail_count = 1;
    CHECK_INT(det_report_training_metrics(&core, 5, &a, 1), DET_OK);
    CHECK_INT(det_report_training_metrics(&core, 5, &b, 1), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
    CHECK_INT(stats().resent, 2);
    CHECK_INT(stats().acknowledged, 2);
    CHECK(strstr(master.bodies, "\"trialRunId\":2,\"metrics\":{\"avgMetrics\":{\"a\":1.0,\"b\":2.0}}}}") != NULL);
    end();
}
#endif

#if !EXACT
static void a_lost_answer_is_told_and_nothing_is_sent_twice(void) {
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    master.fail_from = 1;
    master.fail_count = 2;
    for (int k = 0; k < 5; k++) CHECK_INT(report(k, k), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_E_UNSURE);
    CHECK_INT(master.seen, 5);
    CHECK_INT(stats().unsure, 2);
    CHECK_INT(stats().acknowledged, 3);
    CHECK_INT(lost_count, 2);
    CHECK_INT(lost_steps, 2);
    CHECK_INT(master.run_id, 1);
    end();
}
#endif

static void a_profiling_report_whose_answer_is_lost_is_told_or_sent_again_as_chosen(void) {
    for (int choice = DET_AT_MOST_ONCE; choice <= DET_AT_LEAST_ONCE; choice++) {
        det_metric m = det_metric_double("cpu_util_simple", 50);
        prepare();
        opt.profiling = choice;
        CHECK_INT(det_open(&core, &opt), DET_OK);
        CHECK_INT(det_run(&core, 1000), DET_OK);
        master.fail_from = 0;
        master.fail_count = 1;
        CHECK_INT(det_report_metrics(&core, "cpu", 0, &m, 1), DET_OK);
        CHECK_INT(det_report_metrics(&core, "cpu", 0, &m, 1), DET_OK); /* never joined */
        CHECK_INT(det_close(&core, DET_COMPLETED, 60000), choice == DET_AT_MOST_ONCE ? DET_E_UNSURE : DET_OK);
        CHECK_INT(stats().fenced, 0);
        CHECK_INT(stats().unsure, choice == DET_AT_LEAST_ONCE ? 0 : EXACT ? 2 : 1);
        CHECK_INT(stats().unsure + stats().acknowledged, 2);
        end();
    }
}

static void a_trial_that_the_master_has_given_up_is_made_running_again(void) {
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    fp.now_ms += 300000; /* nobody stepped for five minutes */
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(count(fake_sent(&fp, 0), "\"state\":\"STATE_RUNNING\""), 1);
    CHECK_INT(count(fake_sent(&fp, 1), "\"state\":\"STATE_RUNNING\""), 1); /* the connection had been idle too long */
    CHECK_INT(stats().heartbeats, 2);
    end();
}

static void a_trial_that_was_deleted_ends_in_told_reports_not_in_a_loop(void) {
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(report(1, 1), DET_OK);
    CHECK_INT(det_run(&core, 1000), DET_OK);
    master.fail_from = master.seen;
    master.fail_count = 1; /* lost, and then the trial is gone */
    CHECK_INT(report(2, 1), DET_OK);
    CHECK_INT(report(3, 1), DET_OK);
    master.fail_path = "9/";
    master.fail_answer = says("404 N", "trial '9' not found");
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_E_NOT_FOUND);
    CHECK_INT(lost_count, 2);
    CHECK_INT(stats().pending, 0);
    end();
}

static void an_answer_that_leaves_it_open_is_met_like_a_lost_one(void) {
    static const char *const status[] = {"503 E", "408 T", "500 E", "502 B", "504 G"};
    for (size_t i = 0; i < sizeof status / sizeof *status; i++) {
        open_ok();
        CHECK_INT(det_run(&core, 1000), DET_OK);
        master.fail_from = 1;
        master.fail_count = 1;
        master.answer = says(status[i], "failed to commit transaction: broken pipe");
        for (int k = 0; k < 4; k++) CHECK_INT(report(k, k), DET_OK);
        CHECK_INT(det_close(&core, DET_COMPLETED, 60000), EXACT ? DET_OK : DET_E_UNSURE);
        CHECK_INT(stats().fenced, EXACT);
        CHECK_INT(stats().acknowledged, EXACT ? 4 : 3);
        CHECK_INT(lost_count, !EXACT);
        end();
    }
}

static void what_no_master_answers_stops_the_sending_and_is_told(void) {
    static const char *const page[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>",
        "HTTP/1.1 302 Found\r\nLocation: http://portal/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 13\r\n\r\n<html></html>",
        "HTTP/1.1 404 Not Found\r\nContent-Length: 13\r\n\r\n<html></html>"};
    for (size_t i = 0; i < sizeof page / sizeof *page; i++) {
        open_ok();
        CHECK_INT(det_run(&core, 1000), DET_OK);
        master.fail_path = "/api/";
        master.fail_answer = page[i];
        for (int k = 0; k < 3; k++) CHECK_INT(report(k, k), DET_OK);
        CHECK_INT(det_run(&core, 20000), EXACT ? DET_E_AGAIN : DET_OK);
        CHECK_INT(stats().pending, EXACT ? 3 : 0);
        CHECK_INT(stats().unsure, EXACT ? 0 : 3); /* each has gone to somebody, once */
        CHECK_INT(lost_count, EXACT ? 0 : 3);
        CHECK(det_last_failure(&core)->code != DET_OK);
        CHECK(*det_errmsg(&core));
        master.fail_path = NULL;
        CHECK_INT(report(3, 3), DET_OK);
        CHECK_INT(det_close(&core, DET_COMPLETED, 60000), EXACT ? DET_OK : DET_E_UNSURE);
        CHECK_INT(stats().acknowledged, EXACT ? 4 : 1);
        end();
    }
}

static int refusal(const char *answer_text) {
    open_ok();
    master.fail_from = 1;
    master.fail_count = 1;
    master.answer = answer_text;
    for (int i = 0; i < 4; i++) CHECK_INT(report(i, i), DET_OK);
    int rc = det_close(&core, DET_COMPLETED, 60000);
    CHECK_INT(master.seen, 4); /* the refused one is not sent again, those behind it go on */
    CHECK_INT(master.metrics, 3);
    CHECK_INT(lost_code, rc);
    CHECK_INT(lost_count, 1);
    end();
    return rc;
}

static void a_refused_report_is_told_and_stops_nothing(void) {
    CHECK_INT(refusal(says("404 N", "trial '9' not found")), DET_E_NOT_FOUND);
    CHECK_INT(refusal(says("500 E", "conflicting key: loss")), DET_E_SERVER);
    CHECK_INT(refusal(says("429 E", "message larger than max")), DET_E_SERVER);
    CHECK_INT(stats().refused, 1);
    CHECK_INT(refusal(says("500 E", "failed to exec transaction (add trial metrics training): invalid run id, 1 (reported) != 2 "
                                "(expected): invalid arguments")),
              DET_E_RUN);
}

static void a_complete_head_decides_though_the_body_is_cut(void) {
    open_ok();
    master.fail_from = 0;
    master.fail_count = 1;
    master.answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{";
    CHECK_INT(report(1, 1), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
    CHECK_INT(stats().acknowledged, 1);
    CHECK_INT(master.seen, 1);
    end();
}

static void while_the_master_is_away_reports_stay_and_arrive_later(void) {
    static const fake_script up_down_up[] = {{.send_max = 0}, {.open_error = DET_E_CONNECT, .os_error = 111},
                                             {.open_error = DET_E_DNS}, {.open_ms = 20}};
    prepare();
    fp.script = up_down_up;
    fp.scripts = 4;
    CHECK_INT(det_open(&core, &opt), DET_OK);
    CHECK_INT(det_run(&core, 1000), DET_OK);
    fp.conn[0].end = FAKE_RESET;
    fp.conn[0].end_ms = fp.now_ms;
    fp.now_ms += 2000;
    for (int i = 0; i < 5; i++) CHECK_INT(report(i, i), DET_OK);
    CHECK_INT(det_run(&core, 100), DET_E_AGAIN);
    CHECK_INT(stats().pending, 5);
    CHECK_INT(det_last_failure(&core)->code, DET_E_CONNECT);
    CHECK_INT(det_run(&core, 10000), DET_OK);
    CHECK_INT(master.metrics, 5);
    CHECK_INT(det_close(&core, DET_COMPLETED, 1000), DET_OK);
    end();
}

static void closing_gives_up_at_its_deadline_and_says_what_kept_it(void) {
    static const fake_script gone[] = {{.send_max = 0}, {.open_error = DET_E_CONNECT}};
    prepare();
    fp.script = gone;
    fp.scripts = 2;
    CHECK_INT(det_open(&core, &opt), DET_OK);
    CHECK_INT(det_run(&core, 1000), DET_OK);
    fp.conn[0].end = FAKE_CLOSE;
    fp.conn[0].end_ms = fp.now_ms;
    fp.now_ms += 2000;
    CHECK_INT(report(1, 1), DET_OK);
    CHECK_INT(det_run(&core, 100), DET_E_AGAIN);
    CHECK_INT(report(-1, 1), DET_E_STEPS); /* must not hide what keeps it */
    CHECK(strstr(det_errmsg(&core), "steps") != NULL);
    uint32_t t = fp.now_ms;
    CHECK_INT(det_close(&core, DET_COMPLETED, 5000), DET_E_CONNECT);
    CHECK(strncmp(det_errmsg(&core), "tcp: m:8080: ", 13) == 0);
    CHECK(fp.now_ms - t >= 5000 && fp.now_ms - t < 5100);
    CHECK_INT(stats().pending, 1);
    CHECK_INT(det_close(&core, DET_COMPLETED, 5000), DET_E_CONNECT);
    CHECK_INT(report(2, 1), DET_E_STATE);
    end();
}

static void a_token_that_expires_is_replaced_when_there_is_a_password(void) {
    open_ok();
    master.fail_from = 1;
    master.fail_count = 1;
    master.answer = says("401 U", "invalid credentials");
    for (int i = 0; i < 3; i++) CHECK_INT(report(i, i), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
    CHECK_INT(master.metrics, 3);
    CHECK_INT(count(master.calls, "/auth/login"), 2);
    CHECK_INT(lost_count, 0);
    end();
}

static void an_expired_token_without_password_keeps_everything_and_says_so(void) {
    prepare();
    opt.user = opt.password = NULL;
    opt.token = "old";
    CHECK_INT(det_open(&core, &opt), DET_OK);
    master.fail_from = 0;
    master.fail_count = 1000;
    master.answer = says("401 U", "invalid credentials");
    CHECK_INT(report(1, 1), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_E_AUTH);
    CHECK_INT(stats().pending, 1);
    CHECK(master.seen < 12); /* with backoff, not in a loop */
    CHECK_INT(lost_count, 0);
    end();
}

static void a_500_whose_words_are_cut_off_leaves_it_open(void) {
    open_ok();
    master.fail_from = 0;
    master.fail_count = 1;
    master.answer = "HTTP/1.1 500 E\r\nContent-Length: 90\r\n\r\n{\"error\":{\"code\":13,\"error\":\"failed to comm";
    CHECK_INT(report(1, 1), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), EXACT ? DET_OK : DET_E_UNSURE);
    CHECK_INT(stats().fenced, EXACT);
    CHECK_INT(stats().unsure, !EXACT);
    end();
}

static void reports_under_way_when_closing_gives_up_are_unsure_not_pending(void) {
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(report(1, 1), DET_OK);
    CHECK_INT(det_step(&core), DET_E_AGAIN);
    CHECK_INT(report(2, 1), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 2), DET_E_TIMEOUT); /* the master takes 5 ms */
    CHECK_INT(stats().unsure, 1 + EXACT); /* else the second is not under way yet */
    CHECK_INT(stats().pending, !EXACT);
    CHECK_INT(lost_count, 1 + EXACT);
    CHECK_INT(lost_steps, 1 + EXACT);
    end();
}

static void a_newer_progress_set_meanwhile_is_sent_too(void) {
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(det_report_progress(&core, 0.5), DET_OK);
    CHECK_INT(det_step(&core), DET_E_AGAIN);
    CHECK_INT(det_report_progress(&core, 0.75), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 1000), DET_OK);
    CHECK(fake_sent_has(&fp, 0, "\"progress\":0.5,"));
    CHECK(fake_sent_has(&fp, 0, "\"progress\":0.75,"));
    end();
}

static void a_long_retry_after_does_not_starve_the_heartbeat(void) {
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    master.fail_from = 0;
    master.fail_count = 1000;
    master.answer = says("429 E\r\nRetry-After: 86400", "later");
    CHECK_INT(report(1, 1), DET_OK);
    CHECK_INT(det_run(&core, 600000), DET_E_AGAIN);
    CHECK(stats().heartbeats >= 8);
    CHECK_INT(stats().pending, 1);
    end();
}

static void the_terminal_state_is_sent_again_while_the_server_is_away(void) {
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    master.fail_path = "PATCH";
    master.fail_answer = "HTTP/1.1 503 E\r\nContent-Length: 0\r\n\r\n";
    CHECK_INT(det_close_start(&core, DET_COMPLETED), DET_OK);
    CHECK_INT(det_run(&core, 100), DET_E_AGAIN);
    master.fail_path = NULL;
    CHECK_INT(det_run(&core, 60000), DET_OK);
    CHECK(strstr(fake_sent(&fp, fp.conns - 1), "STATE_COMPLETED") != NULL);
    CHECK_INT(fp.open_now, 0);
    end();
}

static void step_on_lost(void *ctx, int code, const char *group, int64_t steps) {
    on_lost(ctx, code, group, steps);
    (void)det_run(&core, 1000);
}

static void the_lost_callback_may_step(void) {
    prepare();
    opt.lost = step_on_lost;
    CHECK_INT(det_open(&core, &opt), DET_OK);
    master.fail_from = 0;
    master.fail_count = 1;
    master.answer = says("500 E", "conflicting key: loss");
    for (int i = 0; i < 3; i++) CHECK_INT(report(i, i), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_E_SERVER);
    CHECK_INT(stats().acknowledged, 2);
    CHECK_INT(stats().refused, 1);
    CHECK_INT(master.seen, 3);
    end();
}

/* The configuration is rendered in the request buffer: not while a request of the caller's stands there. */
static void a_request_of_the_callers_during_opening_is_left_alone(void) {
    det_request q = {0};
    prepare();
    opt.token = "given";
    CHECK_INT(det_open_start(&core, &opt), DET_OK);
    q.method = "GET";
    q.path = "/api/v1/master";
    CHECK_INT(det_session_start(&core.session, &q), DET_OK);
    CHECK_INT(det_step(&core), DET_E_AGAIN);
    unsigned waits = fp.calls[FAKE_WAIT];
    CHECK_INT(det_run(&core, 100), DET_E_AGAIN);
    CHECK(fp.calls[FAKE_WAIT] - waits <= 12); /* no spinning */
    while (det_session_step(&core.session) == DET_E_AGAIN) fp.port.wait(fp.port.ctx, NULL, 0, 10);
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK(fake_sent_has(&fp, 0, "GET /api/v1/master HTTP/1.1\r\n"));
    CHECK(fake_sent_has(&fp, 0, "{\"config\":\"{\\\"checkpoint_storage"));
    end();
}

static void an_opening_can_be_given_up(void) {
    prepare();
    CHECK_INT(det_open_start(&core, &opt), DET_OK);
    CHECK_INT(det_step(&core), DET_E_AGAIN);
    CHECK_INT(fp.open_now, 1);
    CHECK_INT(det_close(&core, DET_COMPLETED, 1000), DET_E_STATE);
    CHECK_INT(fp.open_now, 0);
    end();
}

static void nothing_secret_is_left_after_closing(void) {
    open_ok();
    CHECK_INT(det_close_start(&core, DET_COMPLETED), DET_OK);
    CHECK_INT(det_run(&core, 1000), DET_OK);
    for (size_t i = 0; i + 14 < sizeof mem; i++) CHECK(memcmp((const char *)mem + i, "v2.public.tok", 13) != 0);
    for (size_t i = 0; i + 14 < sizeof core; i++) CHECK(memcmp((const char *)&core + i, "v2.public.tok", 13) != 0);
    end();
}

static void a_core_never_opened_refuses_everything(void) {
    det_metric m = det_metric_double("loss", 1);
    det_wait w[2];
    uint32_t ms = 0;
    for (int fill = 0; fill < 256; fill += 5) {
        memset(&core, fill, sizeof core);
        CHECK_INT(det_report_metrics(&core, "", 1, &m, 1), DET_E_STATE);
        CHECK_INT(det_report_training_metrics(&core, -1, &m, 1), DET_E_STATE);
        CHECK_INT(det_report_progress(&core, 2), DET_E_STATE);
        CHECK_INT(det_wants(&core, w, &ms), 0);
        CHECK_INT(ms, UINT32_MAX);
    }
}

/* Whatever call of the port fails: every report is acknowledged, told as lost, or still there; none twice
 * under one run id. */
static void whatever_port_call_fails_the_books_balance(void) {
    for (unsigned k = 1; k < 140; k++) {
        open_ok();
        fp.fail_kinds = FAKE_ANY & ~(1u << FAKE_WAIT);
        fp.fail_at = k;
        for (int i = 0; i < 12; i++) {
            CHECK_INT(report(i, i), DET_OK);
            (void)det_run(&core, 3);
        }
        (void)det_close(&core, DET_COMPLETED, 60000);
        det_stats st = stats();
        CHECK_INT(st.queued, 12);
        CHECK_INT(st.acknowledged + st.refused + st.unsure + st.pending, 12);
        CHECK(master.metrics >= (int)st.acknowledged);
        CHECK_INT(lost_count, st.refused + st.unsure);
        for (int i = 0; i < 12; i++) { /* none twice under one run id */
            for (int run = 1; run <= master.run_id; run++) {
                char mark[80];
                snprintf(mark, sizeof mark, "\"stepsCompleted\":%d,\"trialId\":9,\"trialRunId\":%d,", i, run);
                CHECK(count(master.bodies, mark) <= 1);
            }
        }
        end();
    }
}

static void any_split_of_the_bytes_gives_the_same_run(void) {
    for (size_t max = 1; max < 40; max += 3) {
        fake_script sc[1] = {{0}};
        prepare();
        sc[0].send_max = max;
        sc[0].recv_max = max;
        sc[0].send_again = max % 2 ? 3 : 0;
        sc[0].recv_again = max % 2 ? 2 : 0;
        fp.script = sc;
        fp.scripts = 1;
        fp.max_calls = 1000000;
        CHECK_INT(det_open(&core, &opt), DET_OK);
        for (int i = 0; i < 5; i++) CHECK_INT(report(i, i), DET_OK);
        CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
        CHECK_INT(master.metrics, 5);
        CHECK_INT(fp.conns, 1);
        end();
    }
}

static void the_session_serves_other_calls_between_the_cores_own(void) {
    det_request q = {0};
    open_ok();
    CHECK_INT(det_run(&core, 1000), DET_OK);
    q.method = "GET";
    q.path = "/api/v1/master";
    CHECK_INT(det_session_call(&core.session, &q, NULL), DET_OK);
    CHECK_INT(fp.conns, 1);
    CHECK_INT(det_session_start(&core.session, &q), DET_OK);
    CHECK_INT(report(1, 1), DET_OK);
    CHECK_INT(det_step(&core), DET_E_AGAIN); /* waits for the caller's own request */
    while (det_session_step(&core.session) == DET_E_AGAIN) fp.port.wait(fp.port.ctx, NULL, 0, 10);
    CHECK_INT(det_close(&core, DET_COMPLETED, 1000), DET_OK);
    CHECK_INT(master.metrics, 1);
    end();
}

static const unit_test tests[] = {
    TEST(opening_makes_the_calls_of_the_contract_in_its_order),
    TEST(external_ids_use_the_put_forms),
    TEST(a_token_saves_the_login),
    TEST(nobody_given_means_user_determined_with_an_empty_password),
    TEST(without_a_name_the_master_makes_one_up),
    TEST(first_contact_fails_at_once_and_names_its_stage),
    TEST(each_step_of_opening_may_be_refused),
    TEST(a_wrong_password_is_an_error_of_its_own),
    TEST(an_answer_that_is_not_a_masters_is_told),
    TEST(opening_can_be_stepped_without_ever_waiting),
    TEST(wrong_options_are_refused_without_io),
    TEST(reporting_does_no_io_and_arrives_in_order_over_one_connection),
    TEST(every_type_of_value_is_written_as_json),
    TEST(what_the_master_would_refuse_is_refused_at_once),
    TEST(a_full_outbox_says_so_and_takes_again_after_sending),
    TEST(a_report_that_can_never_fit_is_told_apart_from_a_full_outbox),
    TEST(four_kilobytes_are_enough),
    TEST(the_heartbeat_comes_at_once_and_every_minute),
    TEST(an_event_loop_is_told_when_the_next_heartbeat_is_due),
    TEST(a_failed_heartbeat_is_tried_again_after_ten_seconds),
#if EXACT
    TEST(a_lost_answer_is_met_with_a_fence_and_everything_from_its_step_on_goes_again),
    TEST(reports_acknowledged_at_the_lowest_open_step_go_again_too),
    TEST(out_of_step_order_each_report_in_doubt_is_asked_for),
    TEST(a_report_asked_for_and_missing_goes_again_under_the_same_run_id),
    TEST(after_a_fence_a_report_that_would_archive_what_is_gone_is_refused),
    TEST(reports_of_one_group_and_step_that_wait_together_are_one_request),
    TEST(what_was_joined_and_refused_goes_again_one_by_one),
    TEST(joined_reports_survive_a_lost_answer),
#endif
#if !EXACT
    TEST(a_lost_answer_is_told_and_nothing_is_sent_twice),
#endif
    TEST(a_profiling_report_whose_answer_is_lost_is_told_or_sent_again_as_chosen),
    TEST(a_trial_that_the_master_has_given_up_is_made_running_again),
    TEST(a_trial_that_was_deleted_ends_in_told_reports_not_in_a_loop),
    TEST(an_answer_that_leaves_it_open_is_met_like_a_lost_one),
    TEST(what_no_master_answers_stops_the_sending_and_is_told),
    TEST(a_refused_report_is_told_and_stops_nothing),
    TEST(a_complete_head_decides_though_the_body_is_cut),
    TEST(while_the_master_is_away_reports_stay_and_arrive_later),
    TEST(closing_gives_up_at_its_deadline_and_says_what_kept_it),
    TEST(a_token_that_expires_is_replaced_when_there_is_a_password),
    TEST(an_expired_token_without_password_keeps_everything_and_says_so),
    TEST(a_500_whose_words_are_cut_off_leaves_it_open),
    TEST(reports_under_way_when_closing_gives_up_are_unsure_not_pending),
    TEST(a_newer_progress_set_meanwhile_is_sent_too),
    TEST(a_long_retry_after_does_not_starve_the_heartbeat),
    TEST(the_terminal_state_is_sent_again_while_the_server_is_away),
    TEST(the_lost_callback_may_step),
    TEST(a_request_of_the_callers_during_opening_is_left_alone),
    TEST(an_opening_can_be_given_up),
    TEST(nothing_secret_is_left_after_closing),
    TEST(a_core_never_opened_refuses_everything),
    TEST(whatever_port_call_fails_the_books_balance),
    TEST(any_split_of_the_bytes_gives_the_same_run),
    TEST(the_session_serves_other_calls_between_the_cores_own),
};
UNIT_MAIN(tests)
