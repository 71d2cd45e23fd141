/* SPDX-License-Identifier: Apache-2.0
 * The test master's JSON, passwords, and the semantics of reports: Go's error sentences, merge, archiving, summaries. */
#define _GNU_SOURCE
#include "../master/arena.c"
#include "../master/buf.c"
#include "../master/json.c"
#include "../master/metrics.c"
#include "../master/sha512.c"
#include "../master/store.c"
#include "../master/summary.c"
#include "unit.h"

static arena A;

static jval *value_of(const char *s) {
    buf err = {0};
    jval *v = json_parse(&A, s, strlen(s), &err);
    buf_free(&err);
    return v;
}

static void want_error(const char *s, const char *text) {
    buf err = {0};
    CHECK(!json_parse(&A, s, strlen(s), &err));
    CHECK_STR(buf_cstr(&err), text);
    buf_free(&err);
}

static void want_text(const char *s, const char *text) {
    buf out = {0};
    jval *v = value_of(s);
    CHECK(v != NULL);
    if (v) {
        json_sort(v);
        json_print(&out, v);
        CHECK_STR(buf_cstr(&out), text);
    }
    buf_free(&out);
}

static void syntax_errors_are_encoding_jsons(void) {
    want_error("", "EOF");
    want_error("  ", "EOF");
    want_error("{\"group\":", "unexpected EOF");
    want_error("\"abc", "unexpected EOF");
    want_error("garbage", "invalid character 'g' looking for beginning of value");
    want_error("{\"a\":NaN}", "invalid character 'N' looking for beginning of value");
    want_error("{\"a\":01}", "invalid character '1' after object key:value pair");
    want_error("[1 2]", "invalid character '2' after array element");
    want_error("[1,]", "invalid character ']' looking for beginning of value");
    want_error("{1:2}", "invalid character '1' looking for beginning of object key string");
    want_error("{\"a\" 1}", "invalid character '1' after object key");
    want_error("trxe", "invalid character 'x' in literal true (expecting 'u')");
    want_error("-x", "invalid character 'x' in numeric literal");
    want_error("\"\\q\"", "invalid character 'q' in string escape code");
}

static void every_prefix_of_a_valid_text_is_incomplete(void) {
    const char *s = "{\"a\":[1,-2.5e+3,\"\\u00e9\\ud83d\\ude00\",true,false,null],\"b\":{}}";
    CHECK(value_of(s) != NULL);
    for (size_t n = 1; n < strlen(s); n++) {
        buf err = {0};
        char *p = xstrndup(s, n);
        CHECK(!json_parse(&A, p, n, &err));
        CHECK_STR(buf_cstr(&err), "unexpected EOF");
        buf_free(&err);
        free(p);
    }
}

static void what_follows_the_first_value_is_ignored(void) {
    want_text("{\"a\":1} trailing junk", "{\"a\":1}");
}

static void the_last_of_equal_keys_wins_and_keys_are_sorted(void) {
    want_text("{\"b\":1,\"a\":{\"z\":1,\"y\":2},\"b\":3}", "{\"a\":{\"y\":2,\"z\":1},\"b\":3}");
}

static void strings_are_escaped_as_go_does(void) {
    want_text("\"x<y>&\\u2028\\u00e9\\ud800\\n\\u0001\"", "\"x\\u003cy\\u003e\\u0026\\u2028\xC3\xA9\xEF\xBF\xBD\\n\\u0001\"");
}

static void numbers_are_printed_as_float64(void) {
    want_text("[1.0,1e21,1e20,1e-7,0.000001,5e-324,-0.0,1e-400]", "[1,1e+21,100000000000000000000,1e-7,0.000001,5e-324,0,0]");
    want_text("[0.1,0.30000000000000004,1.7976931348623157e308]", "[0.1,0.30000000000000004,1.7976931348623157e+308]");
}

static void every_printed_double_reads_back(void) {
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 20000; i++) {
        double d;
        buf b = {0};
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        memcpy(&d, &x, sizeof d);
        if (!isfinite(d)) continue;
        buf_num(&b, d);
        double back = strtod(buf_cstr(&b), NULL);
        CHECK(!(back < d || back > d));
        buf_free(&b);
    }
}

static void the_password_hash_is_determineds(void) {
    char h[129];
    password_hash("A05850A9-bcfe-4ea6-8363-7350ee604be7", h);
    CHECK_STR(h, "c7e7c0ffdcdb574914b3c36dc6deb37a37e5c36f25dabef323cf470041c122470b3beab157cb8c1624cab6dd9d8e27dd242a128e5899a5c8b7fb7a1b7c521778");
    password_hash("", h);
    CHECK_STR(h, "");
}

static void sha512_agrees_with_the_standards_examples(void) {
    static const struct {
        const char *s, *hex;
    } V[] = {{"abc", "ddaf35a193617aba"}, {"", "cf83e1357eefb8bd"},
             {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu", "8e959b75dae313da"}};
    for (size_t i = 0; i < 3; i++) {
        unsigned char d[64];
        char hex[17];
        sha512(V[i].s, strlen(V[i].s), d);
        for (int k = 0; k < 8; k++) snprintf(hex + 2 * k, 3, "%02x", d[k]);
        CHECK_STR(hex, V[i].hex);
    }
}

/* ---- reports ---- */

static trial *fresh(void) {
    store_free();
    store_init();
    experiment *e = store_experiment_new();
    e->metric = xstrndup("loss", 4);
    e->smaller_is_better = true;
    trial *t = store_trial_new(e->id);
    t->run = 1;
    return t;
}

static const char *why_of(trial *t, const char *group, int steps, int run, const char *avg) {
    static char text[512];
    buf why = {0};
    jval *v = value_of(avg);
    json_sort(v);
    report r = {group, true, steps, run, 0, v, NULL};
    bool good = metrics_report(t, &r, &why);
    snprintf(text, sizeof text, "%s", good ? "" : buf_cstr(&why));
    buf_free(&why);
    return text;
}

static size_t live(const trial *t) {
    size_t n = 0;
    for (size_t i = 0; i < t->nrows; i++) n += !t->rows[i].archived;
    return n;
}

static void want_summary(const trial *t, const char *text) {
    buf b = {0};
    buf_summaries(&b, t);
    CHECK_STR(buf_cstr(&b), text);
    buf_free(&b);
}

static void an_identical_resend_is_counted_twice(void) {
    trial *t = fresh();
    CHECK_STR(why_of(t, "training", 5, 1, "{\"a\":2}"), "");
    CHECK_STR(why_of(t, "training", 5, 1, "{\"a\":2.0}"), "");
    CHECK_INT(t->nrows, 1);
    want_summary(t, "{\"avg_metrics\":{\"a\":{\"count\":2,\"last\":2,\"max\":2,\"mean\":2,\"min\":2,\"sum\":4,\"type\":\"number\"}}}");
}

static void another_value_is_refused_and_changes_nothing(void) {
    trial *t = fresh();
    CHECK_STR(why_of(t, "training", 5, 1, "{\"a\":2}"), "");
    CHECK_STR(why_of(t, "training", 5, 1, "{\"a\":3,\"b\":1}"), "overwriting existing metric keys is not supported, conflicting key: a");
    CHECK_STR(why_of(t, "training", 5, 2, "{\"a\":2}"), "invalid run id, 2 (reported) != 1 (expected): invalid arguments");
    want_summary(t, "{\"avg_metrics\":{\"a\":{\"count\":1,\"last\":2,\"max\":2,\"mean\":2,\"min\":2,\"sum\":2,\"type\":\"number\"}}}");
}

static void a_new_run_archives_by_partition_and_step(void) {
    trial *t = fresh();
    why_of(t, "training", 10, 1, "{\"a\":1}");
    why_of(t, "validation", 10, 1, "{\"loss\":1}");
    why_of(t, "inference", 10, 1, "{\"f\":1}");
    why_of(t, "other", 10, 1, "{\"f\":1}");
    why_of(t, "training", 11, 1, "{\"a\":1}");
    why_of(t, "cpu", 11, 1, "{\"u\":1}");
    t->run = 2;
    metrics_new_run(t);
    CHECK_STR(why_of(t, "inference", 10, 2, "{\"f\":2}"), "");
    CHECK_INT(live(t), 4); /* training@10, validation@10, cpu, the new one */
    CHECK(t->rows[2].archived && t->rows[3].archived && t->rows[4].archived && !t->rows[5].archived);
    CHECK_INT(t->total_batches, 10);
    CHECK_STR(why_of(t, "training", 10, 2, "{\"a\":5}"), "");
    CHECK_INT(live(t), 4);
    CHECK(t->rows[0].archived && !t->rows[1].archived);
}

static void best_validation_follows_the_searcher_metric(void) {
    trial *t = fresh();
    why_of(t, "validation", 1, 1, "{\"loss\":\"NaN\"}");
    why_of(t, "validation", 2, 1, "{\"loss\":0.5}");
    why_of(t, "validation", 3, 1, "{\"loss\":0.25}");
    why_of(t, "validation", 4, 1, "{\"loss\":\"Infinity\"}");
    why_of(t, "validation", 5, 1, "{\"acc\":1}");
    CHECK_INT(t->best, 2);
    CHECK_INT(t->latest, 3);
    CHECK(strstr(why_of(t, "validation", 6, 1, "{\"loss\":\"abc\"}"), "invalid input syntax for type double precision: \"abc\"") != NULL);
    CHECK_INT(t->nrows, 5);
}

static void many_rows_are_found_again(void) {
    trial *t = fresh();
    char avg[64];
    for (int i = 0; i < 5000; i++) {
        snprintf(avg, sizeof avg, "{\"a\":%d}", i);
        CHECK_STR(why_of(t, i & 1 ? "training" : "x", i, 1, avg), "");
        if (i % 500 == 0) arena_reset(&A);
    }
    CHECK_STR(why_of(t, "training", 77, 1, "{\"a\":78}"), "overwriting existing metric keys is not supported, conflicting key: a");
    CHECK_STR(why_of(t, "x", 4998, 1, "{\"a\":4998}"), "");
    CHECK_INT(t->nrows, 5000);
}

static void profiling_reports_are_never_merged(void) {
    trial *t = fresh();
    CHECK_STR(why_of(t, "cpu", 1, 1, "{\"u\":1}"), "");
    CHECK_STR(why_of(t, "cpu", 1, 1, "{\"u\":2}"), "");
    CHECK_INT(t->nrows, 2);
    want_summary(t, "{}");
}

static void nul_and_missing_steps_are_refused(void) {
    trial *t = fresh();
    CHECK_STR(why_of(t, "training", 1, 1, "{\"a\":\"\\u0000\"}"), "inserting metrics: ERROR: unsupported Unicode escape sequence (SQLSTATE 22P05)");
    CHECK_STR(why_of(t, "validation_metrics", 1, 1, "{\"a\":1}"),
              "inserting metrics: ERROR: new row for relation \"generic_metrics\" violates check constraint \"custom_type_check\" (SQLSTATE 23514)");
    CHECK_INT(t->nrows, 0);
}

static void times_are_read_and_shown(void) {
    usec t;
    buf b = {0};
    CHECK(time_parse("2024-01-01T00:00:00.123456+02:00", &t));
    buf_time(&b, t, false);
    CHECK_STR(buf_cstr(&b), "\"2023-12-31T22:00:00.123456Z\"");
    b.len = 0;
    buf_time(&b, t, true);
    CHECK_STR(buf_cstr(&b), "\"2023-12-31T22:00:00.123Z\"");
    CHECK(!time_parse("2024-01-01 00:00:00", &t));
    CHECK(!time_parse("2024-01-01T00:00:00", &t));
    buf_free(&b);
}

static void nothing_is_left_behind(void) {
    store_free();
    arena_free(&A);
    CHECK(!A.all);
}

static const unit_test TESTS[] = {TEST(syntax_errors_are_encoding_jsons), TEST(every_prefix_of_a_valid_text_is_incomplete),
                                  TEST(what_follows_the_first_value_is_ignored), TEST(the_last_of_equal_keys_wins_and_keys_are_sorted),
                                  TEST(strings_are_escaped_as_go_does), TEST(numbers_are_printed_as_float64),
                                  TEST(every_printed_double_reads_back), TEST(the_password_hash_is_determineds),
                                  TEST(sha512_agrees_with_the_standards_examples), TEST(an_identical_resend_is_counted_twice),
                                  TEST(another_value_is_refused_and_changes_nothing), TEST(a_new_run_archives_by_partition_and_step),
                                  TEST(best_validation_follows_the_searcher_metric), TEST(many_rows_are_found_again),
                                  TEST(profiling_reports_are_never_merged), TEST(nul_and_missing_steps_are_refused),
                                  TEST(times_are_read_and_shown), TEST(nothing_is_left_behind)};

UNIT_MAIN(TESTS)
