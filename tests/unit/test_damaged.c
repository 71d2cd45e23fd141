/* SPDX-License-Identifier: Apache-2.0
 * Memory that changes under a waiting report, with DET_CHECK_RECORDS=1 whatever the library was built with: whichever bit
 * it is, that report is told and not sent, and the others are. */
#define DET_CHECK_RECORDS 1
#include "core/deliver.c"
#include "core/report.c"
#define add feed_add
#include "core/feed.c"
#undef add
#include "unit/fake_spool.h"
#include "unit/little_master.h"

static fake_port fp;
static det_core core;
static uint64_t mem[1024];
static int told, told_code;
static int64_t told_steps;

static void on_lost(void *ctx, int code, const char *name, int64_t steps) {
    (void)ctx;
    told++;
    told_code = code;
    told_steps = steps;
    CHECK(strlen(name) < 64);
}

static void open_ok(void) {
    det_options o;
    little_init(&fp);
    told = told_code = 0;
    det_options_init(&o, &fp.port, mem, sizeof mem);
    o.master = "m:8080";
    o.token = "tok";
    o.lost = on_lost;
    CHECK_INT(det_open(&core, &o), DET_OK);
}

static void report_one(int64_t steps) {
    det_metric m = det_metric_int("x", steps);
    CHECK_INT(det_report_training_metrics(&core, steps, &m, 1), DET_OK);
}

static det_stats stats(void) {
    det_stats st;
    det_get_stats(&core, &st);
    return st;
}

static det__record *waiting(int n) {
    det__outbox *b = &det__core_of(&core)->outbox;
    det__record *r = det__outbox_first(b);
    while (n--) r = det__outbox_after(b, r);
    return r;
}

static void close_telling(int lost) {
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), lost ? DET_E_DAMAGED : DET_OK);
    CHECK_INT(stats().spoiled, lost);
    CHECK_INT(stats().pending, 0);
    CHECK_INT(stats().queued, stats().acknowledged + stats().spoiled);
    CHECK_INT(stats().refused, 0);
    CHECK_INT(told, lost);
    CHECK_INT(fake_free(&fp), 0);
}

static void whole_reports_are_sent(void) {
    open_ok();
    for (int i = 0; i < 20; i++) report_one(i);
    close_telling(0);
    CHECK_INT(little.n, 20);
}

static void any_bit_that_changes_is_found(void) {
    size_t len = 1;
    for (size_t bit = 0; bit < 8 * len; bit++) {
        open_ok();
        for (int i = 0; i < 3; i++) report_one(i);
        det__record *r = waiting(1);
        len = r->len;
        ((unsigned char *)(r + 1))[bit / 8] ^= (unsigned char)(1u << bit % 8);
        CHECK_INT(det_run(&core, 1000), DET_OK);
        CHECK_INT(told_code, DET_E_DAMAGED);
        CHECK_INT(told_steps, 1);
        close_telling(1);
        CHECK_INT(little.n, 2);
        CHECK_INT(little.steps[1], 2);
    }
    CHECK(len > 10);
}

static void other_steps_are_found(void) {
    open_ok();
    report_one(7);
    waiting(0)->steps ^= 64;
    close_telling(1);
    CHECK_INT(little.n, 0);
}

/* Nothing is left to send: told by the next step all the same. */
static void when_all_are_damaged_all_are_told(void) {
    open_ok();
    for (int i = 0; i < 5; i++) report_one(i);
    for (int i = 0; i < 5; i++) memset(waiting(i) + 1, 0xFF, waiting(i)->len);
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(told, 5);
    CHECK_INT(stats().outbox_len, 0);
    report_one(5);
    close_telling(5);
    CHECK_INT(little.n, 1);
}

static void one_that_would_be_joined_is_found_too(void) {
    static const char *const names[] = {"a", "b", "c"};
    open_ok();
    for (int i = 0; i < 3; i++) {
        det_metric m = det_metric_int(names[i], i);
        CHECK_INT(det_report_training_metrics(&core, 4, &m, 1), DET_OK);
    }
    ((char *)(waiting(1) + 1))[waiting(1)->len - 2] ^= 1; /* a digit: the JSON is as good as before */
    close_telling(1);
    CHECK_INT(stats().joined, 1);
    CHECK_INT(little.n, 1);
}

/* Stored, then in doubt as one of its step is cut off, and damaged before it could go again. */
static void a_retained_one_is_not_sent_again_when_it_is_damaged(void) {
    open_ok();
    report_one(3);
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(little.n, 1);
    ((char *)(waiting(0) + 1))[12] ^= 1;
    little.cut = 1;
    report_one(3);
    CHECK_INT(det_run(&core, 10000), DET_OK);
    CHECK_INT(stats().fenced, 1);
    close_telling(1);
}

#if DET_SPOOL
static void one_that_waits_for_a_spool_is_told_and_not_stored(void) {
    static fake_spool sp;
    det_options o;
    little_init(&fp);
    fake_spool_init(&sp, FAKE_DISK);
    told = 0;
    det_options_init(&o, &fp.port, mem, sizeof mem);
    o.token = "tok";
    o.lost = on_lost;
    o.spool = &sp.spool;
    o.offline = 1;
    CHECK_INT(det_open(&core, &o), DET_OK);
    for (int i = 0; i < 4; i++) report_one(i);
    det__record *r = det__outbox_first(&det__core_of(&core)->feed.staging);
    r = det__outbox_after(&det__core_of(&core)->feed.staging, r);
    memset(r + 1, 0xFF, r->len);
    (void)det_step(&core);
    CHECK_INT(told, 1);
    CHECK_INT(told_code, DET_E_DAMAGED);
    CHECK_INT(told_steps, 1);
    CHECK_INT(stats().spooled, 3);
    CHECK_INT(stats().spoiled, 1);
    det_close(&core, DET_COMPLETED, 1000);
    CHECK_INT(stats().spooled, 3);
    CHECK_INT(fake_free(&fp), 0);
}
#endif

static const unit_test tests[] = {
    TEST(whole_reports_are_sent),
    TEST(any_bit_that_changes_is_found),
    TEST(other_steps_are_found),
    TEST(when_all_are_damaged_all_are_told),
    TEST(one_that_would_be_joined_is_found_too),
    TEST(a_retained_one_is_not_sent_again_when_it_is_damaged),
#if DET_SPOOL
    TEST(one_that_waits_for_a_spool_is_told_and_not_stored),
#endif
};
UNIT_MAIN(tests)
