/* SPDX-License-Identifier: Apache-2.0
 * The JSON writer: its text, that counting and every capacity agree with it, that nothing outside the buffer is touched. */
#include "unit.h"

#include <locale.h>
#include <math.h>
#include <stdint.h>

#include "det_json.h"

typedef void (*script)(det_json_writer *w);

static int render(script s, char *buf, size_t cap, unsigned flags, size_t *len) {
    det_json_writer w;
    det_json_write_init(&w, buf, cap, flags);
    s(&w);
    *len = w.len;
    return det_json_finish(&w);
}

/* The text; counting without a buffer; every capacity from none to exact: the same len, the same beginning, guarded. */
static void check_script(script s, unsigned flags, const char *want, int result) {
    size_t want_len = strlen(want), len;
    char *full = (char *)malloc(want_len + 64);
    if (!full) abort();
    CHECK_INT(render(s, full, want_len + 64, flags, &len), result);
    CHECK_INT(len, want_len);
    full[len < want_len + 64 ? len : 0] = 0;
    CHECK_STR(full, want);
    CHECK_INT(render(s, NULL, 0, flags, &len), result ? result : want_len ? DET_E_SIZE : DET_OK);
    CHECK_INT(len, want_len);
    CHECK_INT(render(s, NULL, 1000, flags, &len), result ? result : want_len ? DET_E_SIZE : DET_OK);
    for (size_t cap = 0; cap <= want_len; cap++) {
        unsigned char *buf = unit_guard(cap);
        CHECK_INT(render(s, (char *)buf, cap, flags, &len), result ? result : cap < want_len ? DET_E_SIZE : DET_OK);
        CHECK_INT(len, want_len);
        CHECK(memcmp(buf, want, cap) == 0);
        unit_guard_free(buf, cap);
    }
    free(full);
}

static void s_nothing(det_json_writer *w) {
    (void)w;
}

static void s_report(det_json_writer *w) {
    det_json_object(w);
    det_json_key(w, "group");
    det_json_string(w, "training");
    det_json_key(w, "metrics");
    det_json_object(w);
    det_json_key(w, "steps");
    det_json_int(w, 100);
    det_json_key(w, "loss");
    det_json_double(w, 0.30000000000000004);
    det_json_key(w, "big");
    det_json_double(w, -1.7976931348623157e308);
    det_json_key(w, "ok");
    det_json_bool(w, 1);
    det_json_key(w, "bad");
    det_json_bool(w, 0);
    det_json_key(w, "none");
    det_json_null(w);
    det_json_object_end(w);
    det_json_key(w, "batch");
    det_json_array(w);
    det_json_object(w);
    det_json_object_end(w);
    det_json_array(w);
    det_json_array_end(w);
    det_json_raw(w, "{\"x\":1}", 7);
    det_json_string(w, NULL);
    det_json_int(w, -7);
    det_json_array_end(w);
    det_json_object_end(w);
}

static void commas_and_nesting_come_out_right_at_every_capacity(void) {
    check_script(s_nothing, 0, "", DET_OK);
    check_script(s_report, 0,
                 "{\"group\":\"training\",\"metrics\":{\"steps\":100,\"loss\":0.30000000000000004,\"big\":-1.7976931348623157e308,"
                 "\"ok\":true,\"bad\":false,\"none\":null},\"batch\":[{},[],{\"x\":1},null,-7]}",
                 DET_OK);
}

static void s_ints(det_json_writer *w) {
    static const int64_t v[] = {0, 1, -1, 9, 10, 99999999, 100000000, -100000001, INT64_MAX, INT64_MIN};
    det_json_array(w);
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) det_json_int(w, v[i]);
    det_json_array_end(w);
}

static void integers_are_written_to_both_ends(void) {
    check_script(s_ints, 0,
                 "[0,1,-1,9,10,99999999,100000000,-100000001,9223372036854775807,-9223372036854775808]", DET_OK);
}

static void s_doubles(det_json_writer *w) {
    static const double v[] = {0.0, -0.0, 1.0, 0.1, -2.5, 1e16, 1e-7, 5e-324, 123456789.0};
    det_json_array(w);
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) det_json_double(w, v[i]);
    det_json_array_end(w);
}

static void s_not_finite(det_json_writer *w) {
    det_json_array(w);
    det_json_double(w, (double)NAN);
    det_json_double(w, -(double)NAN);
    det_json_double(w, (double)INFINITY);
    det_json_double(w, -(double)INFINITY);
    det_json_double(w, 1);
    det_json_array_end(w);
}

static void doubles_are_shortest_and_always_json(void) {
    check_script(s_doubles, 0, "[0.0,-0.0,1.0,0.1,-2.5,1e16,1e-7,5e-324,123456789.0]", DET_OK);
}

static void nan_and_infinities_are_the_strings_the_master_knows(void) {
    check_script(s_not_finite, 0, "[\"NaN\",\"NaN\",\"Infinity\",\"-Infinity\",1.0]", DET_OK);
}

static void a_locale_with_decimal_commas_changes_nothing(void) {
    if (!setlocale(LC_ALL, "de_DE.UTF-8")) return;
    check_script(s_doubles, 0, "[0.0,-0.0,1.0,0.1,-2.5,1e16,1e-7,5e-324,123456789.0]", DET_OK);
    setlocale(LC_ALL, "C");
}

static void s_escapes(det_json_writer *w) {
    det_json_array(w);
    det_json_string(w, "\"\\\b\f\n\r\t");
    det_json_string(w, "\x01\x1f\x7f/<>&'");
    det_json_string_n(w, "a\0b", 3);
    det_json_string_n(w, NULL, 0);
    det_json_string(w, "");
    det_json_string(w, "12345678\"12345678\\1234567\n");
    det_json_array_end(w);
}

static void only_quotes_backslashes_and_control_characters_are_escaped(void) {
    check_script(s_escapes, 0,
                 "[\"\\\"\\\\\\b\\f\\n\\r\\t\",\"\\u0001\\u001f\x7f/<>&'\",\"a\\u0000b\",\"\",\"\","
                 "\"12345678\\\"12345678\\\\1234567\\n\"]",
                 DET_OK);
}

static void s_unicode(det_json_writer *w) {
    det_json_object(w);
    det_json_key(w, "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
    det_json_string(w, "\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
    det_json_object_end(w);
}

static void valid_utf8_goes_out_as_it_is(void) {
    static const char want[] = "{\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\":\""
                               "\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"}";
    check_script(s_unicode, 0, want, DET_OK);
    check_script(s_unicode, DET_JSON_STRICT_UTF8, want, DET_OK);
}

/* Unicode 3.9, table 3-8: one U+FFFD per maximal subpart ("?" here). */
static const struct { const char *text, *want; } invalid[] = {
    {"\x80", "?"}, {"\xbf\x80", "??"}, {"\xc3", "?"}, {"\xc3(", "?("}, {"a\xc3", "a?"}, {"\xc0\x80", "??"}, {"\xc1\xbf", "??"},
    {"\xe2\x82", "?"}, {"\xe2\x82(", "?("}, {"\xe2", "?"}, {"\xe2\xe2\x82\xac", "?\xe2\x82\xac"}, {"\xe0\x80\x80", "???"},
    {"\xe0\x9f\xbf", "???"}, {"\xed\xa0\x80", "???"}, {"\xed\xbf\xbf", "???"}, {"\xf0\x9f\x98", "?"}, {"\xf0\x9f", "?"},
    {"\xf0\x8f\xbf\xbf", "????"}, {"\xf4\x90\x80\x80", "????"}, {"\xf5\x80", "??"}, {"\xff\xfe", "??"},
    {"\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64", "a???b?c??d"}, {"12345678\xff" "12345678", "12345678?12345678"}};
static size_t case_now;

static void s_invalid(det_json_writer *w) {
    det_json_string(w, invalid[case_now].text);
}

static void invalid_utf8_becomes_one_replacement_per_maximal_subpart_or_an_error(void) {
    for (case_now = 0; case_now < sizeof invalid / sizeof *invalid; case_now++) {
        char want[128] = "\"";
        for (const char *p = invalid[case_now].want; *p; p++) {
            size_t n = strlen(want);
            memcpy(want + n, *p == '?' ? "\xef\xbf\xbd" : p, *p == '?' ? 3 : 1);
            want[n + (*p == '?' ? 3 : 1)] = 0;
        }
        strcat(want, "\"");
        check_script(s_invalid, 0, want, DET_OK);
        check_script(s_invalid, DET_JSON_STRICT_UTF8, want, DET_E_UTF8);
    }
}

static void s_bad_key(det_json_writer *w) {
    det_json_object(w);
    det_json_key(w, "a\xff");
    det_json_int(w, 1);
    det_json_key(w, NULL);
    det_json_int(w, 2);
    det_json_object_end(w);
}

static void s_null_key(det_json_writer *w) {
    det_json_object(w);
    det_json_key(w, NULL);
    det_json_object_end(w);
}

static void s_bad_raw(det_json_writer *w) {
    det_json_raw(w, NULL, 5);
}

static void s_empty_raw(det_json_writer *w) {
    det_json_raw(w, "", 0);
}

static void s_bad_string(det_json_writer *w) {
    det_json_string_n(w, NULL, 3);
}

static void the_first_error_stays(void) {
    check_script(s_bad_key, DET_JSON_STRICT_UTF8, "{\"a\xef\xbf\xbd\":1,\"\":2}", DET_E_UTF8);
    check_script(s_bad_key, 0, "{\"a\xef\xbf\xbd\":1,\"\":2}", DET_E_ARG);
    check_script(s_null_key, 0, "{\"\":}", DET_E_ARG);
    check_script(s_bad_raw, 0, "", DET_E_ARG);
    check_script(s_empty_raw, 0, "", DET_E_ARG);
    check_script(s_bad_string, 0, "\"\"", DET_E_ARG);
}

static void s_long(det_json_writer *w) {
    static char text[5000];
    for (size_t i = 0; i < sizeof text - 1; i++) text[i] = (char)(1 + i * 7 % 127);
    det_json_string(w, text);
}

static void long_strings_of_every_byte_count_as_they_write(void) {
    static char buf[40000];
    det_json_reader r;
    det_json_token t;
    char scratch[6000];
    size_t len, counted;
    CHECK_INT(render(s_long, buf, sizeof buf, 0, &len), DET_OK);
    CHECK_INT(render(s_long, NULL, 0, 0, &counted), DET_E_SIZE);
    CHECK_INT(counted, len);
    CHECK_INT(render(s_long, buf, len - 1, 0, &counted), DET_E_SIZE);
    CHECK_INT(counted, len);
    CHECK_INT(render(s_long, buf, len, 0, &counted), DET_OK);
    det_json_read_init(&r, scratch, sizeof scratch);
    det_json_feed(&r, buf, len, 1);
    CHECK_INT(det_json_next(&r, &t), DET_JSON_STRING);
    CHECK_INT(t.len, 4999);
    for (size_t i = 0; i < t.len; i++) CHECK(t.text[i] == (char)(1 + i * 7 % 127));
    CHECK_INT(det_json_next(&r, &t), DET_JSON_END);
}

static void a_double_fits_a_buffer_of_exactly_its_length(void) {
    uint64_t s = 1;
    for (int i = 0; i < 2000; i++) {
        double v;
        det_json_writer w;
        size_t len;
        unsigned char *buf;
        s = s * 6364136223846793005u + 1442695040888963407u;
        memcpy(&v, &s, sizeof v);
        det_json_write_init(&w, NULL, 0, 0);
        det_json_double(&w, v);
        len = w.len;
        for (size_t cap = len - 1; cap < len + 45; cap++) { /* both ways of writing, and their border */
            buf = unit_guard(cap);
            det_json_write_init(&w, (char *)buf, cap, 0);
            det_json_double(&w, v);
            CHECK_INT(w.len, len);
            CHECK_INT(det_json_finish(&w), cap < len ? DET_E_SIZE : DET_OK);
            unit_guard_free(buf, cap);
        }
    }
}

static const unit_test tests[] = {
    TEST(commas_and_nesting_come_out_right_at_every_capacity),
    TEST(integers_are_written_to_both_ends),
    TEST(doubles_are_shortest_and_always_json),
    TEST(nan_and_infinities_are_the_strings_the_master_knows),
    TEST(a_locale_with_decimal_commas_changes_nothing),
    TEST(only_quotes_backslashes_and_control_characters_are_escaped),
    TEST(valid_utf8_goes_out_as_it_is),
    TEST(invalid_utf8_becomes_one_replacement_per_maximal_subpart_or_an_error),
    TEST(the_first_error_stays),
    TEST(long_strings_of_every_byte_count_as_they_write),
    TEST(a_double_fits_a_buffer_of_exactly_its_length),
};
UNIT_MAIN(tests)
