/* SPDX-License-Identifier: Apache-2.0
 * Reports that are refused when they are made, because a master would refuse them later (contract 5.2, 5.5) or there is
 * no room. Each refusal has a code, a sentence and no effect; what lies just inside the limits is taken, and a master
 * takes it too. */
#include "real.h"

#include <math.h>

#include "det_posix.h"

static det_core core;
static uint64_t mem[1024];

static void is_sentence(const char *msg, int code) {
    CHECK_STR(msg, det_strerror(code));
    CHECK(strlen(msg) >= 20);
}

static det_options core_options(const char *url) {
    det_options o;
    det_options_init(&o, det_posix_port(), mem, sizeof mem);
    o.master = url;
    o.name = "arguments";
    return o;
}

/* ---- reports ----------------------------------------------------------------------------------------------------- */

static int lost_calls;

static void on_lost(void *ctx, int code, const char *group, int64_t steps) {
    (void)ctx, (void)code, (void)group, (void)steps;
    lost_calls++;
}

static real_proc open_core(const char *searcher_metric) {
    real_proc m = real_master(NULL);
    det_options o = core_options(real_url("http", "127.0.0.1", m.port));
    o.searcher_metric = searcher_metric;
    o.lost = on_lost;
    lost_calls = 0;
    CHECK_INT(det_open(&core, &o), DET_OK);
    return m;
}

static det_stats stats(void) {
    det_stats st;
    det_get_stats(&core, &st);
    return st;
}

static void refused(int rc, int code) {
    CHECK_INT(rc, code);
    is_sentence(det_errmsg(&core), code);
    CHECK_INT(det_last_failure(&core)->code, code);
    CHECK_INT(stats().queued, 0);
}

/* Everything taken so far arrives. */
static void all_arrive(real_proc *m, uint32_t n) {
    CHECK_INT(stats().queued, n);
    CHECK_INT(det_close(&core, DET_COMPLETED, 10000), DET_OK);
    CHECK_INT(stats().acknowledged, n);
    CHECK_INT(stats().pending, 0);
    CHECK_INT(lost_calls, 0);
    real_stop(m);
}

static void steps_outside_of_31_bits_are_refused(void) {
    static const int64_t bad[] = {-1, INT64_C(2147483648), INT64_C(4294967296), INT64_C(4294967297), INT64_MAX, INT64_MIN};
    det_metric metric = det_metric_int("n", 1);
    real_proc m = open_core(NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        refused(det_report_training_metrics(&core, bad[i], &metric, 1), DET_E_STEPS);
        refused(det_report_validation_metrics(&core, bad[i], &metric, 1), DET_E_STEPS);
        refused(det_report_metrics(&core, "g", bad[i], &metric, 1), DET_E_STEPS);
    }
    CHECK_INT(det_report_training_metrics(&core, 0, &metric, 1), DET_OK);
    CHECK_INT(det_report_training_metrics(&core, INT32_MAX, &metric, 1), DET_OK);
    all_arrive(&m, 2);
}

static void groups_that_a_master_refuses_are_refused(void) {
    static const char *const bad[] = {"", ".", "a.b", "avg_metrics", "validation_metrics"};
    static const char *const good[] = {"training", "inference", "a b", "\xc3\xbc", "avg_metric", "system"};
    static char longest[257];
    det_metric metric = det_metric_int("n", 1);
    real_proc m = open_core(NULL);
    CHECK_INT(det_report_metrics(&core, NULL, 1, &metric, 1), DET_E_ARG);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) refused(det_report_metrics(&core, bad[i], 1, &metric, 1), DET_E_GROUP);
    memset(longest, 'g', 256);
    refused(det_report_metrics(&core, longest, 1, &metric, 1), DET_E_GROUP);
    refused(det_report_metrics(&core, "\xff", 1, &metric, 1), DET_E_UTF8);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) CHECK_INT(det_report_metrics(&core, good[i], 1, &metric, 1), DET_OK);
    longest[255] = 0;
    CHECK_INT(det_report_metrics(&core, longest, 1, &metric, 1), DET_OK);
    all_arrive(&m, sizeof good / sizeof good[0] + 1);
}

static det_metric typed(const char *name, int type, const char *s) {
    det_metric m = det_metric_string(name, s);
    m.type = type;
    return m;
}

static void values_that_a_master_refuses_are_refused(void) {
    const struct {
        det_metric m;
        int code;
    } bad[] = {
        {det_metric_int(NULL, 1), DET_E_ARG},
        {det_metric_string("s", NULL), DET_E_ARG},
        {det_metric_json("j", NULL), DET_E_ARG},
        {typed("t", 99, "x"), DET_E_ARG},
        {typed("t", -1, "x"), DET_E_ARG},
        {det_metric_json("j", ""), DET_E_VALUE},
        {det_metric_json("j", "{\"a\":1"), DET_E_VALUE},
        {det_metric_json("j", "1 2"), DET_E_VALUE},
        {det_metric_json("j", "1}, \"injected\":{"), DET_E_VALUE},
        {det_metric_json("j", "NaN"), DET_E_VALUE},
        {det_metric_json("j", "1e999"), DET_E_VALUE},
        {det_metric_json("j", "[\"a\\u0000b\"]"), DET_E_VALUE},
        {det_metric_json("j", "{\"\\u0000\":1}"), DET_E_VALUE},
        {det_metric_string("epoch", "3"), DET_E_VALUE},
        {det_metric_bool("epochs", 1), DET_E_VALUE},
        {det_metric_double("epoch", (double)NAN), DET_E_VALUE},
        {det_metric_double("epochs", (double)INFINITY), DET_E_VALUE},
        {det_metric_json("epoch", "{}"), DET_E_VALUE},
        {det_metric_int("\xff", 1), DET_E_UTF8},
        {det_metric_string("s", "\xc3"), DET_E_UTF8},
    };
    real_proc m = open_core(NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        det_metric two[2] = {det_metric_int("good", 1), bad[i].m};
        refused(det_report_training_metrics(&core, 1, two, 2), bad[i].code);
        refused(det_report_validation_metrics(&core, 1, two, 2), bad[i].code);
        refused(det_report_metrics(&core, "g", 1, two, 2), bad[i].code);
    }
    refused(det_report_training_metrics(&core, 1, NULL, 1), DET_E_ARG);
    all_arrive(&m, 0);
}

static void values_at_the_edge_of_what_is_allowed_arrive(void) {
    const det_metric good[] = {
        det_metric_double("epoch", 0.5),        det_metric_json("epochs", "3"),
        det_metric_double("nan", (double)NAN),  det_metric_double("inf", (double)-INFINITY),
        det_metric_double("max", 1.7976931348623157e308), det_metric_double("least", 4.9406564584124654e-324),
        det_metric_int("i64", INT64_MIN),       det_metric_string("", "no name"),
        det_metric_string("a.b c\"\\", ""),     det_metric_string("\xf0\x9f\x98\x80", "\x01\x1f\x7f\""),
        det_metric_json("deep", "{\"a\":[[[{\"b\":null}]]],\"c\":-0.0e-0}"), det_metric_json("lone", "\"\\ud800\""),
    };
    real_proc m = open_core(NULL);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        CHECK_INT(det_report_training_metrics(&core, (int64_t)i, &good[i], 1), DET_OK);
    CHECK_INT(det_report_training_metrics(&core, 100, NULL, 0), DET_OK);
    all_arrive(&m, sizeof good / sizeof good[0] + 1);
}

static void the_searchers_metric_must_be_a_number_in_validation(void) {
    const det_metric bad[] = {det_metric_string("accuracy", "0.5"), det_metric_bool("accuracy", 1),
                              det_metric_json("accuracy", "[1]"), det_metric_json("accuracy", "null")};
    det_metric number = det_metric_json("accuracy", "0.5");
    real_proc m = open_core("accuracy");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        refused(det_report_validation_metrics(&core, 1, &bad[i], 1), DET_E_VALUE);
    CHECK_INT(det_report_training_metrics(&core, 1, &bad[0], 1), DET_OK);
    CHECK_INT(det_report_validation_metrics(&core, 1, &number, 1), DET_OK);
    all_arrive(&m, 2);
}

static void progress_outside_of_0_to_1_is_refused(void) {
    const double bad[] = {-0.01, 1.01, (double)NAN, (double)INFINITY, (double)-INFINITY, -4.9406564584124654e-324};
    const double good[] = {0.0, -0.0, 0.5, 1.0};
    real_proc m = open_core(NULL);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) refused(det_report_progress(&core, bad[i]), DET_E_VALUE);
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        CHECK_INT(det_report_progress(&core, good[i]), DET_OK);
        CHECK_INT(det_run(&core, 5000), DET_OK);
    }
    all_arrive(&m, 0);
}

/* ---- room -------------------------------------------------------------------------------------------------------- */

static void a_full_outbox_refuses_and_goes_on_when_there_is_room(void) {
    det_metric metric = det_metric_double("loss", 0.123456789);
    real_proc m = open_core(NULL);
    uint32_t taken = 0;
    int rc;
    while ((rc = det_report_training_metrics(&core, taken, &metric, 1)) == DET_OK && taken < 100000) taken++;
    CHECK_INT(rc, DET_E_SPACE);
    CHECK_INT(det_error_class(rc), DET_CLASS_SPACE);
    is_sentence(det_errmsg(&core), DET_E_SPACE);
    CHECK_INT(stats().full, 1);
    CHECK_INT(stats().pending, taken);
    CHECK(stats().outbox_len <= stats().outbox_cap && stats().outbox_cap - stats().outbox_len < 200);
    CHECK_INT(det_run(&core, 10000), DET_OK);
    CHECK_INT(det_report_training_metrics(&core, taken, &metric, 1), DET_OK);
    CHECK(taken > 20);
    all_arrive(&m, taken + 1);
}

static void a_record_that_can_never_fit_is_told_apart_from_a_full_outbox(void) {
    static char text[sizeof mem];
    det_metric big = det_metric_string("text", text);
    real_proc m = open_core(NULL);
    memset(text, 'x', sizeof text - 1);
    refused(det_report_training_metrics(&core, 1, &big, 1), DET_E_SIZE);
    CHECK_INT(stats().full, 0);
    size_t len = sizeof text - 1;
    int rc = DET_E_SIZE;
    while (rc == DET_E_SIZE && len) {
        text[--len] = 0;
        rc = det_report_training_metrics(&core, 1, &big, 1);
    }
    CHECK_INT(rc, DET_OK);
    CHECK(len + 300 > stats().outbox_cap && "the largest fills the outbox");
    CHECK_INT(det_report_training_metrics(&core, 2, &big, 1), DET_E_SPACE);
    CHECK_INT(det_run(&core, 5000), DET_OK);
    CHECK_INT(det_report_training_metrics(&core, 2, &big, 1), DET_OK);
    all_arrive(&m, 2);
}

/* ---- closing ---------------------------------------------------------------------------------------------------- */

static void a_state_to_close_in_must_be_one(void) {
    real_proc m = open_core(NULL);
    CHECK_INT(det_close(&core, 0, 1000), DET_E_ARG);
    CHECK_INT(det_close(&core, 3, 1000), DET_E_ARG);
    CHECK_INT(det_close_start(&core, -1), DET_E_ARG);
    CHECK_INT(det_wants(&core, NULL, NULL), 0);
    CHECK_INT(det_close(&core, DET_ERROR, 5000), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 5000), DET_OK);
    CHECK_INT(det_step(&core), DET_OK);
    CHECK_INT(det_report_progress(&core, 0.5), DET_E_STATE);
    real_stop(&m);
}

static const unit_test tests[] = {
    TEST(steps_outside_of_31_bits_are_refused),
    TEST(groups_that_a_master_refuses_are_refused),
    TEST(values_that_a_master_refuses_are_refused),
    TEST(values_at_the_edge_of_what_is_allowed_arrive),
    TEST(the_searchers_metric_must_be_a_number_in_validation),
    TEST(progress_outside_of_0_to_1_is_refused),
    TEST(a_full_outbox_refuses_and_goes_on_when_there_is_room),
    TEST(a_record_that_can_never_fit_is_told_apart_from_a_full_outbox),
    TEST(a_state_to_close_in_must_be_one),
};

REAL_MAIN(tests)
