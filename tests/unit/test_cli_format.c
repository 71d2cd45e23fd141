/* SPDX-License-Identifier: Apache-2.0
 * det's formats and Python's notions of text: expected values are those of det 0.38.1 under Python 3.11. */
#include "cli/format.h"
#include "cli/number.h"
#include "unit.h"

typedef struct pair {
    const char *in, *want;
} pair;

static void check_text(void (*format)(det__str, det__buf *), const char *in, const char *want) {
    det__buf b = {0};
    format(det__str_of(in), &b);
    det__buf_add(&b, "", 1);
    CHECK_STR(b.p, want);
    det__buf_free(&b);
}

static void times_are_shown_in_utc(void) {
    static const pair t[] = {
        {"2024-01-01T00:00:00Z", "2024-01-01 00:00:00+0000"},
        {"2024-01-01T00:00:00.999999Z", "2024-01-01 00:00:00+0000"},
        {"2024-01-01T00:00:00.123456789+05:30", "2023-12-31 18:30:00+0000"},
        {"2024-02-28T23:59:59-00:01", "2024-02-29 00:00:59+0000"},
        {"1969-12-31T23:59:59Z", "1969-12-31 23:59:59+0000"},
        {"1970-01-01T00:00:00+00:01", "1969-12-31 23:59:00+0000"},
        {"0999-12-31T23:59:59-01:00", "1000-01-01 00:59:59+0000"},
        {"0001-01-01T00:00:00Z", "1-01-01 00:00:00+0000"},
        {"9999-12-31T23:59:59Z", "9999-12-31 23:59:59+0000"},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) check_text(det__format_time, t[i].in, t[i].want);
}

static void what_is_no_time_is_left_alone(void) {
    static const char *const t[] = {
        "", "now", "2024-01-01T00:00:00", "2023-02-29T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:00Z",
        "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00Zx", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00",
        "2024-01-01T00:00:00+24:00", "0000-01-01T00:00:00Z"};
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) check_text(det__format_time, t[i], t[i]);
}

static void states_lose_their_prefix(void) {
    check_text(det__format_state, "STATE_COMPLETED", "COMPLETED");
    check_text(det__format_state, "STATE_STATE_X", "X");
    check_text(det__format_state, "STATE", "STATE");
}

static void check_number(void (*format)(double, det__buf *), double v, const char *want) {
    det__buf b = {0};
    format(v, &b);
    det__buf_add(&b, "", 1);
    CHECK_STR(b.p, want);
    det__buf_free(&b);
}

static void fractions_are_percent(void) {
    check_number(det__format_percent, 0, "0.0%");
    check_number(det__format_percent, 0.256, "25.6%");
    check_number(det__format_percent, 0.9995, "100.0%");
    check_number(det__format_percent, 0.99949, "99.9%");
    check_number(det__format_percent, 0.00049, "0.0%");
}

static void sizes_go_by_1024(void) {
    check_number(det__format_size, 0, "0.0B");
    check_number(det__format_size, 1023, "1023.0B");
    check_number(det__format_size, 1536, "1.5KB");
    check_number(det__format_size, -2048, "-2.0KB");
    check_number(det__format_size, 1e30, "827180.6YB");
}

static void floats_are_python_s(void) {
    check_number(det__num_repr, 0.1, "0.1");
    check_number(det__num_repr, 1e15, "1000000000000000.0");
    check_number(det__num_repr, 1e16, "1e+16");
    check_number(det__num_repr, 1.5e-7, "1.5e-07");
    check_number(det__num_repr, 5e-324, "5e-324");
    check_number(det__num_repr, 0.0001, "0.0001");
    check_number(det__num_repr, -0.0, "-0.0");
    check_number(det__num_g, 123456789, "1.23457e+08");
}

static void numbers_in_text_are_those_of_int_and_float(void) {
    static const struct {
        const char *text;
        int kind, after;
    } t[] = {
        {"", DET__CELL_NONE, -1}, {"True", DET__CELL_BOOL, -1}, {"true", DET__CELL_TEXT, -1}, {"1", DET__CELL_INT, -1},
        {" +1_0 ", DET__CELL_INT, -1}, {"1__0", DET__CELL_TEXT, -1}, {"\xd9\xa3", DET__CELL_INT, -1},
        {"\xc2\xa0" "7", DET__CELL_INT, -1}, {"\x1c" "7", DET__CELL_TEXT, -1}, {"1.25", DET__CELL_FLOAT, 2},
        {"1e3", DET__CELL_FLOAT, 1}, {"1.", DET__CELL_FLOAT, 0}, {".5", DET__CELL_FLOAT, 1}, {".", DET__CELL_TEXT, -1},
        {"1_0.5_0", DET__CELL_FLOAT, 3}, {"1._5", DET__CELL_TEXT, -1}, {"1e400", DET__CELL_TEXT, -1},
        {"nan", DET__CELL_FLOAT, -1}, {"-inf", DET__CELL_FLOAT, -1}, {"+inf", DET__CELL_TEXT, -1},
        {" nan", DET__CELL_TEXT, -1}, {"infinity", DET__CELL_TEXT, -1}, {"0x1", DET__CELL_TEXT, -1},
        {"1,000", DET__CELL_INT, -1}, {"1,000.5", DET__CELL_FLOAT, 1}, {"1,00", DET__CELL_TEXT, -1}, {"\n", DET__CELL_INT, -1},
    };
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        CHECK_INT(det__num_kind(det__str_of(t[i].text)), t[i].kind);
        CHECK_INT(det__num_after_point(det__str_of(t[i].text)), t[i].after);
    }
}

static void white_space_is_python_s(void) {
    det__str s = det__str_strip(det__str_of("\x1f\xe2\x80\x83 a\xc2\xa0" "b\xe3\x80\x80\x0b"));
    CHECK(det__str_eq(s, "a\xc2\xa0" "b"));
    CHECK_INT(det__str_strip(det__str_of(" \t ")).n, 0);
    CHECK(det__str_eq(det__str_rstrip(det__str_of(" a ")), " a"));
}

static void lines_end_where_python_s_do(void) {
    det__str rest = det__str_of("a\r\n\nb\xe2\x80\xa8" "c\x1e"), line;
    static const char *const want[] = {"a", "", "b", "c"};
    size_t n = 0;
    while (det__str_line(&rest, &line)) {
        if (n < 4) CHECK(det__str_eq(line, want[n]));
        n++;
    }
    CHECK_INT(n, 4);
}

static void terminal_sequences_take_no_room(void) {
    CHECK_INT(det__str_visible(det__str_of("\033[1;31mr\xc3\xa9" "d\033[0m")), 3);
    CHECK_INT(det__str_visible(det__str_of("\033]8;;http://x\033\\link\033]8;;\033\\")), 4);
    CHECK_INT(det__str_visible(det__str_of("\033]8;;http://x\033\\link")), 19);
    CHECK(!det__str_has_ansi(det__str_of("\033[31")));
}

static const unit_test tests[] = {
    TEST(times_are_shown_in_utc),
    TEST(what_is_no_time_is_left_alone),
    TEST(states_lose_their_prefix),
    TEST(fractions_are_percent),
    TEST(sizes_go_by_1024),
    TEST(floats_are_python_s),
    TEST(numbers_in_text_are_those_of_int_and_float),
    TEST(white_space_is_python_s),
    TEST(lines_end_where_python_s_do),
    TEST(terminal_sequences_take_no_room),
};

UNIT_MAIN(tests)
