/* SPDX-License-Identifier: Apache-2.0
 * The small conversions beside the library's own: the same text for the same double, byte for byte, and the same double
 * for the same text, bit for bit. Also the big integers below the small ones by themselves. */
#undef DET_FAST_DOUBLES
#define DET_FAST_DOUBLES 0
#define det__dtoa small_dtoa
#define det__utoa small_utoa
#define det__dparse small_dparse
#define det__big_add small_big_add
#define det__big_div small_big_div
#include "base/big.c"
#include "base/dparse_small.c"
#include "base/dtoa_small.c"
#undef det__dtoa
#undef det__utoa
#undef det__dparse

#include <math.h>
#include <time.h>

#include "doubles.h"
#include "unit.h"

size_t det__dtoa(char *out, double v);
size_t det__utoa(char *out, uint64_t v);
int det__dparse(const char *text, size_t len, double *v);

static void write_both(double v) {
    char fast[40], small[DET__DTOA_SIZE]; /* dtoa.h gives the small one's size here */
    size_t nf = det__dtoa(fast, v), ns = small_dtoa(small, v);
    int same = nf == ns && memcmp(fast, small, nf) == 0;
    if (!same) fprintf(stderr, "%.17g: %.*s, %.*s\n", v, (int)nf, fast, (int)ns, small);
    CHECK(same);
}

static void read_both(const char *text, size_t len) {
    double fast = 12345, small = 12345;
    int rf = det__dparse(text, len, &fast), rs = small_dparse(text, len, &small);
    int same = rf == rs && memcmp(&fast, &small, sizeof fast) == 0;
    if (!same) fprintf(stderr, "%.*s: %a, %a\n", len < 80 ? (int)len : 80, text, fast, small);
    CHECK(same);
}

/* Runs f n times, or for half a second: sanitizers and slow machines get fewer. */
static void repeat(void (*f)(void), long n) {
    clock_t start = clock();
    for (long i = 0; i < n && (i % 1024 || clock() - start < CLOCKS_PER_SEC / 2); i++) f();
}

/* ---- to text ---- */

static void one_random(void) {
    double v = from_bits(random64());
    if (isfinite(v)) write_both(v);
}

static void one_metric(void) {
    write_both((double)(random64() >> 11) / 9007199254740992.0);
}

static void one_integer(void) {
    write_both((double)(int64_t)(random64() >> (random64() & 63)));
}

static void one_short_decimal(void) {
    write_both((double)(random64() % 100000) / 1000.0);
}

static void one_round_significand(void) {
    uint64_t mask = ~(uint64_t)0 << random64() % 53;
    write_both(from_bits(random64() & mask & ~((uint64_t)1 << 62)));
}

static void random_doubles_are_written_the_same(void) {
    repeat(one_random, 150000);
    repeat(one_metric, 150000);
    repeat(one_integer, 100000);
    repeat(one_short_decimal, 60000);
    repeat(one_round_significand, 60000);
}

static void powers_of_two_and_ten_and_their_neighbours_are_written_the_same(void) {
    for (uint64_t e = 0; e < 0x7ff; e++) {
        for (uint64_t d = 0; d < 7; d++) {
            if ((e << 52) + d >= 3) write_both(from_bits((e << 52) + d - 3));
        }
    }
    for (int e = -323; e <= 308; e++) {
        char text[16];
        uint64_t bits;
        double v;
        snprintf(text, sizeof text, "1e%d", e);
        v = strtod(text, NULL);
        memcpy(&bits, &v, sizeof bits);
        for (uint64_t d = 0; d < 9; d++) {
            if (bits + d >= 4) write_both(from_bits(bits + d - 4));
        }
    }
}

static void zeros_least_and_greatest_are_written_the_same(void) {
    static const double v[] = {0.0, -0.0, 5e-324, -5e-324, 1.7976931348623157e308, -1.7976931348623157e308,
                               2.2250738585072014e-308};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) write_both(v[i]);
    for (uint64_t bits = 1; bits < 4000; bits++) write_both(from_bits(bits));
    for (uint64_t bits = 0; bits < 4000; bits++) write_both(from_bits(((uint64_t)0x7ff << 52) - 1 - bits));
}

/* The hardest cases of the fast code, see dtoa.c and test_double.c. */
static void the_hardest_products_are_written_the_same(void) {
    static const struct { double c; int q; } hard[] = {
        {5592117679628511.0, 163}, {8887055249355788.0, 664}, {5554409530847367.0, 668}, {5554409530847368.0, 668},
        {9007199254740991.0, -1}, {4503599627370497.0, -52}, {9007199254740991.0, 0}, {9007199254740990.0, 1}};
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) {
        for (int q = -40; q <= 40; q++) write_both(ldexp(hard[i].c, hard[i].q + q));
    }
}

static void integers_are_written_the_same(void) {
    for (int i = 0; i < 50000; i++) {
        uint64_t v = i < 1000 ? (uint64_t)i : random64() >> (random64() & 63);
        char fast[DET__UTOA_SIZE], small[DET__UTOA_SIZE];
        size_t n = det__utoa(fast, v);
        CHECK_INT(small_utoa(small, v), n);
        CHECK(memcmp(fast, small, n) == 0);
    }
}

static void nothing_is_written_beyond_24_bytes(void) {
    static const double v[] = {-1.2345678901234567e-308, -0.00012345678901234567, -1234567890123456.5, -1e16};
    for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
        char *text = (char *)unit_guard(24);
        CHECK(small_dtoa(text, v[i]) <= 24);
        unit_guard_free((unsigned char *)text, 24);
    }
}

/* ---- from text ---- */

static void one_scientific(void) {
    char text[64];
    double v = from_bits(random64());
    if (isfinite(v)) read_both(text, (size_t)snprintf(text, sizeof text, "%.*e", (int)(random64() % 24), v));
}

static void one_with_any_exponent(void) {
    char text[64];
    unsigned long long w = random64() >> (random64() & 63);
    read_both(text, (size_t)snprintf(text, sizeof text, "%llue%d", w, (int)(random64() % 700) - 360));
}

static void one_plain(void) {
    char text[64];
    unsigned whole = (unsigned)(random64() % 100000), part = (unsigned)random64();
    read_both(text, (size_t)snprintf(text, sizeof text, "%u.%u", whole, part));
}

/* Many digits, most of them 0 or 9, a point anywhere. */
static void one_long(void) {
    char text[2000];
    size_t len = 1 + (size_t)(random64() % 1200), n;
    uint64_t kind = random64() % 3;
    for (n = 0; n < len; n++) {
        text[n] = kind == 1 ? '0' : '9';
        if (kind == 0 || random64() % 16 == 0) text[n] = (char)('0' + (int)(random64() % 10));
    }
    if (len > 2) text[1 + random64() % (len - 2)] = '.';
    n += (size_t)snprintf(text + n, sizeof text - n, "e%d", (int)(random64() % 1600) - 1200);
    read_both(text, n);
}

static void random_decimals_are_read_the_same(void) {
    repeat(one_scientific, 200000);
    repeat(one_with_any_exponent, 200000);
    repeat(one_plain, 100000);
    repeat(one_long, 2000);
}

/* Points half-way between two doubles and a last digit beside them. */
static void halfway_points_are_read_the_same(void) {
    static char text[1400];
    for (int i = 0; i < 2000; i++) {
        uint64_t bits = random64() & INT64_MAX;
        long double half;
        char *e;
        if (i % 3 == 0) bits >>= 12 + random64() % 52;
        if (bits >> 52 >= 0x7fe) continue;
        half = ((long double)from_bits(bits) + (long double)from_bits(bits + 1)) / 2;
        snprintf(text, sizeof text, "%.800Le", half);
        read_both(text, strlen(text));
        e = strchr(text, 'e');
        e[-1] = '1'; /* behind the digits that count: only that it is not 0 counts */
        read_both(text, strlen(text));
    }
}

/* 768 digits that are all used, and more; the last exponent above zero and the first below infinity. */
static void the_limits_of_digits_and_exponents_are_read_the_same(void) {
    static char text[4000];
    for (int digits = 760; digits < 775; digits++) {
        for (int e = -1100; e < -440; e++) {
            memset(text, '9' - e % 2, (size_t)digits);
            read_both(text, (size_t)(digits + sprintf(text + digits, "e%d", e)));
        }
    }
    for (int e = -330; e < -318; e++) read_both(text, (size_t)sprintf(text, "1e%d", e));
    for (int e = 300; e < 312; e++) {
        read_both(text, (size_t)sprintf(text, "9.99e%d", e));
        read_both(text, (size_t)sprintf(text, "0.0001e%d", e));
        read_both(text, (size_t)sprintf(text, "17976931348623158079e%d", e - 19));
    }
}

static void what_is_no_number_is_refused_the_same(void) {
    static const char *const t[] = {"", "-", "+1", ".5", "x", "1x", "1e", "1e+", "1e-", "1e5x", "1.5.5", "--1", " 1",
                                    "1 ", "1.", "01", "1e99999999999999999999", "-1e-99999999999999999999", "-0", "1e+-5",
                                    "0e99999999999999999999"};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) read_both(t[i], strlen(t[i]));
    for (int i = 0; i < 100000; i++) {
        static const char set[] = "0123456789.eE+-x";
        char text[12];
        size_t n = (size_t)(random64() % sizeof text);
        for (size_t k = 0; k < n; k++) text[k] = set[random64() % (sizeof set - 1)];
        read_both(text, n);
    }
}

/* ---- big integers ---- */

static void sums_and_differences_carry_through_all_words_and_no_further(void) {
    uint32_t a[] = {3, 0xffffffff, 0xffffffff, 0xffffffff, 0xaaaaaaaa}, b[] = {3, 1, 0, 0, 0xbbbbbbbb};
    CHECK_INT(small_big_add(a, 1, b, 0), 1);
    CHECK(!(a[1] | a[2] | a[3]));
    CHECK_INT(small_big_add(a, -1, b, 0), -1); /* 0 - 1 */
    CHECK(a[1] == 0xffffffff && a[2] == 0xffffffff && a[3] == 0xffffffff);
    CHECK_INT(small_big_add(a, 9, a, 9), 9);   /* (2^96 - 1) * 10 + 9 */
    CHECK(a[1] == 0xffffffff && a[3] == 0xffffffff && a[4] == 0xaaaaaaaa && b[4] == 0xbbbbbbbb);
    CHECK_INT(small_big_add(a, -3, a, 0), -2); /* -2 * (2^96 - 1) = -2 * 2^96 + 2 */
    CHECK(a[1] == 2 && a[2] == 0 && a[3] == 0);
    CHECK_INT(small_big_add(a, INT32_MAX, a, 0), 0);
    CHECK(a[1] == 0 && a[2] == 1);
}

static void quotients_have_their_remainder_and_lose_a_top_word_that_is_0(void) {
    uint32_t a[] = {3, 7, 0, 0x3039}; /* 0x3039 = 12345 */
    CHECK_INT(small_big_div(a, 65535), 12352); /* 2^16 is 1 modulo 65535 */
    CHECK_INT(a[0], 2);
    CHECK(a[3] == 0 && a[2] == 0x30393039 && a[1] == 0x30393039);
    for (int i = 0; i < 20000; i++) {
        uint64_t v = random64() >> (random64() & 31);
        uint32_t d = 1 + (uint32_t)(random64() % 65535), q[3] = {2, (uint32_t)v, (uint32_t)(v >> 32)};
        CHECK_INT(small_big_div(q, d), v % d);
        CHECK(((uint64_t)q[2] << 32 | q[1]) == v / d);
        CHECK_INT(q[0], v / d >> 32 ? 2 : 1);
    }
}

static const unit_test tests[] = {
    TEST(random_doubles_are_written_the_same),
    TEST(powers_of_two_and_ten_and_their_neighbours_are_written_the_same),
    TEST(zeros_least_and_greatest_are_written_the_same),
    TEST(the_hardest_products_are_written_the_same),
    TEST(integers_are_written_the_same),
    TEST(nothing_is_written_beyond_24_bytes),
    TEST(random_decimals_are_read_the_same),
    TEST(halfway_points_are_read_the_same),
    TEST(the_limits_of_digits_and_exponents_are_read_the_same),
    TEST(what_is_no_number_is_refused_the_same),
    TEST(sums_and_differences_carry_through_all_words_and_no_further),
    TEST(quotients_have_their_remainder_and_lose_a_top_word_that_is_0),
};
UNIT_MAIN(tests)
