/* SPDX-License-Identifier: Apache-2.0
 * The bounded output cursor: what fits, what does not, and what it would have taken. */
#include "unit/unit.h"

#include <limits.h>

#include "base/out.h"

static const char *number(int64_t v) {
    static char text[32];
    det__out o;
    det__out_init(&o, text, sizeof text - 1);
    det__out_i64(&o, v);
    text[o.len] = 0;
    return text;
}

static void numbers_are_written_in_decimal(void) {
    char want[32];
    const int64_t values[] = {0, 1, -1, 9, 10, 99, 100, -100, 4294967295, 4294967296, INT64_MAX, INT64_MIN};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        snprintf(want, sizeof want, "%lld", (long long)values[i]);
        CHECK_STR(number(values[i]), want);
    }
    for (int64_t p = 1; p < INT64_MAX / 10; p *= 10)
        for (int64_t d = -1; d <= 1; d++) {
            snprintf(want, sizeof want, "%lld", (long long)(p + d));
            CHECK_STR(number(p + d), want);
        }
}

static void the_largest_unsigned_number_fits(void) {
    char text[21] = {0};
    det__out o;
    det__out_init(&o, text, 20);
    det__out_u64(&o, UINT64_MAX);
    CHECK(det__out_ok(&o));
    CHECK_STR(text, "18446744073709551615");
}

static size_t write_all(unsigned char *buf, size_t cap) {
    det__out o;
    det__out_init(&o, buf, cap);
    det__out_str(&o, "abc");
    det__out_ch(&o, '-');
    det__out_u64(&o, 1234567);
    det__out_mem(&o, "\0\1", 2);
    det__out_i64(&o, -42);
    CHECK_INT(det__out_ok(&o), cap >= 16);
    return o.len;
}

static void every_capacity_keeps_its_bounds_and_counts_on(void) {
    static const char WANT[] = "abc-1234567\0\1-42";
    for (size_t cap = 0; cap <= 20; cap++) {
        unsigned char *buf = unit_guard(cap);
        CHECK_INT(write_all(buf, cap), 16);
        CHECK(!memcmp(buf, WANT, cap < 16 ? cap : 16));
        unit_guard_free(buf, cap);
    }
}

static void no_buffer_counts_only(void) {
    CHECK_INT(write_all(NULL, 0), 16);
}

static void null_with_a_capacity_has_none(void) {
    det__out o;
    det__out_init(&o, NULL, 100);
    det__out_str(&o, "x");
    CHECK(!det__out_ok(&o));
    CHECK_INT(o.len, 1);
}

static void exactly_full_is_well_and_one_more_is_not(void) {
    char buf[4];
    det__out o;
    det__out_init(&o, buf, sizeof buf);
    det__out_mem(&o, "abcd", 4);
    CHECK(det__out_ok(&o));
    det__out_mem(&o, "", 0);
    CHECK(det__out_ok(&o));
    det__out_ch(&o, 'e');
    CHECK(!det__out_ok(&o));
    CHECK(!memcmp(buf, "abcd", 4));
}

static void the_count_stops_at_its_limit(void) {
    char buf[2];
    det__out o;
    det__out_init(&o, buf, sizeof buf);
    o.len = SIZE_MAX - 1;
    det__out_mem(&o, "abc", 3);
    CHECK(o.len == SIZE_MAX);
    det__out_ch(&o, 'x');
    CHECK(o.len == SIZE_MAX && !det__out_ok(&o));
}

static const unit_test TESTS[] = {
    TEST(numbers_are_written_in_decimal), TEST(the_largest_unsigned_number_fits),
    TEST(every_capacity_keeps_its_bounds_and_counts_on), TEST(no_buffer_counts_only),
    TEST(null_with_a_capacity_has_none), TEST(exactly_full_is_well_and_one_more_is_not),
    TEST(the_count_stops_at_its_limit),
};
UNIT_MAIN(TESTS)
