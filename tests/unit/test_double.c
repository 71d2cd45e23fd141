/* SPDX-License-Identifier: Apache-2.0
 * Doubles to text and back, beside the C library's own (glibc's are correctly rounded): random, boundary, halfway and
 * very long cases; shortness against a scan of all lengths. */
#include "unit.h"

#include <float.h>
#include <math.h>
#include <stdint.h>

#include "base/dparse.h"
#include "base/dtoa.h"
#include "base/pow10.h"
#include "det_config.h"
#include "doubles.h"

/* Random cases, instead of n: fewer for the slower variant. */
#define ROUNDS(n) (DET_FAST_DOUBLES ? (n) : (n) / 4)

static const char *text_of(double v) {
    static char text[DET__DTOA_SIZE + 1];
    size_t n = det__dtoa(text, v);
    CHECK(n <= 24);
    text[n] = 0;
    return text;
}

/* ---- to text ---- */

static void well_known_doubles_have_their_well_known_text(void) {
    static const struct { double v; const char *text; } t[] = {
        {0.0, "0.0"}, {-0.0, "-0.0"}, {1.0, "1.0"}, {-1.0, "-1.0"}, {10.0, "10.0"}, {100.0, "100.0"}, {0.1, "0.1"},
        {0.5, "0.5"}, {0.25, "0.25"}, {1.0 / 3, "0.3333333333333333"}, {2.0 / 3, "0.6666666666666666"}, {0.3, "0.3"},
        {0.1 + 0.2, "0.30000000000000004"}, {123.456, "123.456"}, {-123456.789, "-123456.789"}, {0.001, "0.001"},
        {0.0001, "0.0001"}, {0.00012345678901234567, "0.00012345678901234567"}, {0.00001, "1e-5"}, {1.5e-7, "1.5e-7"},
        {1e15, "1000000000000000.0"}, {9999999999999998.0, "9999999999999998.0"}, {1e16, "1e16"}, {1.5e16, "1.5e16"},
        {9007199254740992.0, "9007199254740992.0"}, {9007199254740994.0, "9007199254740994.0"}, {1e21, "1e21"},
        {1e22, "1e22"}, {1e23, "1e23"}, {9.5e22, "9.5e22"}, {1e100, "1e100"}, {1e-10, "1e-10"}, {1e-100, "1e-100"},
        {5e-324, "5e-324"}, {1e-323, "1e-323"}, {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {2.225073858507201e-308, "2.225073858507201e-308"}, {1.7976931348623157e308, "1.7976931348623157e308"},
        {-1.7976931348623157e308, "-1.7976931348623157e308"}, {4.35, "4.35"}, {0.000123, "0.000123"},
        {9.007199254740991e15, "9007199254740991.0"}, {2.98023223876953125e-8, "2.9802322387695312e-8"},
        {0.10000000149011612, "0.10000000149011612"}, {2251799813685248.5, "2251799813685248.5"},
        {2251799813685249.5, "2251799813685249.5"}};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) CHECK_STR(text_of(t[i].v), t[i].text);
}

/* Significant digits of s without zeros at either end. */
static size_t digits_of(const char *s, char *out) {
    size_t n = 0;
    for (; *s && *s != 'e'; s++) {
        if (*s >= '0' && *s <= '9' && (n || *s != '0')) out[n++] = *s;
    }
    while (n > 1 && out[n - 1] == '0') n--;
    out[n] = 0;
    return n;
}

/* Round trip; no shorter decimal does; of the equally short ones it is the closest. */
static void check_shortest(double v) {
    const char *text = text_of(v);
    char got[64], want[64], scan[64];
    size_t n;
    int d = 0;
    if (to_bits(strtod(text, NULL)) != to_bits(v)) fprintf(stderr, "%.17g became %s\n", v, text);
    CHECK(to_bits(strtod(text, NULL)) == to_bits(v));
    do {
        snprintf(scan, sizeof scan, "%.*e", d++, v);
    } while (strtod(scan, NULL) != v);
    n = digits_of(text, got);
    digits_of(scan, want);
    if ((to_bits(v) << 12) == 0 && n < strlen(want)) return; /* a power of two: the closest may lie outside the interval */
    if (strcmp(got, want) != 0) fprintf(stderr, "%s, but %s\n", text, scan);
    CHECK(strcmp(got, want) == 0);
}

static void random_doubles_are_written_shortest_and_closest(void) {
    for (int i = 0; i < ROUNDS(60000); i++) {
        double v = from_bits(random64());
        if (isfinite(v)) check_shortest(v);
    }
    for (int i = 0; i < ROUNDS(40000); i++) check_shortest((double)(random64() >> 11) / 9007199254740992.0);
    for (int i = 0; i < ROUNDS(20000); i++) check_shortest((double)(int64_t)(random64() >> (random64() & 63)));
    for (int i = 0; i < ROUNDS(20000); i++) check_shortest((double)(random64() % 100000) / 1000.0);
}

static void every_power_of_two_and_ten_and_their_neighbours_are_written_shortest(void) {
    for (uint64_t e = 0; e < 0x7ff; e++) {
        check_shortest(from_bits(e << 52));
        check_shortest(from_bits((e << 52) + 1));
        if (e) check_shortest(from_bits((e << 52) - 1));
    }
    for (int e = -323; e <= 308; e++) {
        char text[16];
        uint64_t bits;
        snprintf(text, sizeof text, "1e%d", e);
        bits = to_bits(strtod(text, NULL));
        for (uint64_t d = 0; d < 5; d++) {
            if (bits + d >= 2) check_shortest(from_bits(bits + d - 2));
        }
    }
}

static void subnormals_are_written_shortest(void) {
    for (uint64_t bits = 1; bits < 3000; bits++) check_shortest(from_bits(bits));
    for (int i = 0; i < ROUNDS(10000); i++) check_shortest(from_bits(random64() >> 12 >> (random64() % 52)));
}

/* The doubles for which c * 10^-k is closest to an integer (see dtoa.c). */
static void the_hardest_products_are_written_shortest(void) {
    static const struct { double c; int q; } hard[] = {
        {5592117679628511.0, 163}, {8887055249355788.0, 664}, {5554409530847367.0, 668}, {5554409530847368.0, 668}};
    for (size_t i = 0; i < sizeof hard / sizeof *hard; i++) {
        for (int q = -1; q <= 1; q++) check_shortest(ldexp(hard[i].c, hard[i].q + q));
    }
}

static void integers_are_written_as_they_are(void) {
    static const uint64_t v[] = {0, 1, 9, 10, 99999999, 100000000, 9999999999999999u, 10000000000000000u, UINT64_MAX, INT64_MAX};
    char got[DET__UTOA_SIZE + 1], want[32];
    for (int i = 0; i < ROUNDS(20000); i++) {
        uint64_t x = i < 10 ? v[i] : random64() >> (random64() & 63);
        size_t n = det__utoa(got, x);
        got[n] = 0;
        snprintf(want, sizeof want, "%llu", (unsigned long long)x);
        CHECK_STR(got, want);
    }
}

/* ---- from text ---- */

/* strtod on a copy: the text handed to det__dparse has no NUL and no readable byte behind it. */
static void check_parse(const char *text, size_t len) {
    char *copy = (char *)malloc(len + 1), *exact = (char *)malloc(len ? len : 1);
    double got = 12345, want;
    int result;
    if (!copy || !exact) abort();
    memcpy(copy, text, len);
    memcpy(exact, text, len);
    copy[len] = 0;
    want = strtod(copy, NULL);
    result = det__dparse(exact, len, &got);
    if (isinf(want)) {
        CHECK_INT(result, DET_E_VALUE);
        CHECK(got == 12345);
    } else {
        CHECK_INT(result, DET_OK);
        if (to_bits(got) != to_bits(want)) fprintf(stderr, "%s became %a, not %a\n", copy, got, want);
        CHECK(to_bits(got) == to_bits(want));
    }
    free(copy);
    free(exact);
}

static void random_decimals_are_read_like_the_c_library_reads_them(void) {
    char text[64];
    for (int i = 0; i < ROUNDS(100000); i++) {
        double v = from_bits(random64());
        int digits = 1 + (int)(random64() % 22);
        if (!isfinite(v)) continue;
        check_parse(text, (size_t)snprintf(text, sizeof text, "%.*e", digits, v));
    }
    for (int i = 0; i < ROUNDS(100000); i++) {
        int e = (int)(random64() % 700) - 360;
        uint64_t w = random64() >> (random64() & 63);
        check_parse(text, (size_t)snprintf(text, sizeof text, "%llue%d", (unsigned long long)w, e));
    }
    for (int i = 0; i < ROUNDS(50000); i++) {
        check_parse(text, (size_t)snprintf(text, sizeof text, "%u.%u", (unsigned)(random64() % 100000), (unsigned)random64()));
    }
}

static void special_decimals_are_read_like_the_c_library_reads_them(void) {
    static const char *const t[] = {
        "0", "-0", "0.0", "-0.0e5", "0e999999999999999999999", "0.0000000000000000000000000000000000000", "1", "-1", "0.1",
        "1e308", "1.7976931348623157e308", "1.7976931348623158e308", "1.7976931348623159e308", "1e309", "-1e309", "2e308",
        "1e400", "1e99999999999999999999", "-1e99999999999999999999", "1e-99999999999999999999", "1e-323", "1e-324", "1e-400",
        "4.9e-324", "4.9406564584124654e-324", "2.4703282292062327e-324", "2.4703282292062328e-324", "2.5e-324", "7.4e-324",
        "2.2250738585072011e-308", "2.2250738585072012e-308", "2.2250738585072013e-308", "2.2250738585072014e-308",
        "9007199254740991", "9007199254740992", "9007199254740993", "9007199254740994", "9007199254740995",
        "9007199254740992.5", "9007199254740993.0000000000000000000000000000000000000000000000001",
        "9007199254740992.9999999999999999999999999999999999999999999999999", "18014398509481985", "18014398509481986",
        "18446744073709551615", "18446744073709551616", "36893488147419103232", "123456789012345678901234567890",
        "0.000000000000000000000000000000000000000000000001e48", "1000000000000000000000000000000e-30", "1e23", "8.5e22",
        "6.02214076e23", "1.6e-19", "179769313486231580793e289", "9.9999999999999999999999999999999999999e22",
        "0.500000000000000166533453693773481063544750213623046875", "3.518437208883201171875e13", "1E5", "1E+5", "1e05"};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) check_parse(t[i], strlen(t[i]));
}

static void thousands_of_digits_and_zeros_are_read_exactly(void) {
    static char text[6000];
    for (size_t zeros = 0; zeros < 5000; zeros += 311) {
        size_t n = (size_t)sprintf(text, "0.");
        memset(text + n, '0', zeros);
        n += zeros;
        n += (size_t)sprintf(text + n, "123456789e%zu", zeros + 3);
        check_parse(text, n);
        n = (size_t)sprintf(text, "123456789");
        memset(text + n, '0', zeros);
        n += zeros;
        n += (size_t)sprintf(text + n, "e-%zu", zeros);
        check_parse(text, n);
        memset(text, '7', zeros + 1);
        n = zeros + 1 + (size_t)sprintf(text + zeros + 1, "e-%zu", zeros / 2);
        check_parse(text, n);
    }
}

#if LDBL_MANT_DIG >= 64
/* The point half-way between two doubles, all its digits; then a hair below and above, at growing distance. */
static void check_halfway(uint64_t bits) {
    static char text[2600];
    long double half = ((long double)from_bits(bits) + (long double)from_bits(bits + 1)) / 2;
    size_t n = (size_t)snprintf(text, 1300, "%.1200Le", half), mantissa;
    char exponent[16];
    char *e = strchr(text, 'e');
    memcpy(exponent, e, n - (size_t)(e - text) + 1);
    while (e[-1] == '0' && e[-2] != '.') e--;
    mantissa = (size_t)(e - text);
    strcpy(e, exponent);
    check_parse(text, strlen(text));
    for (size_t zeros = 0; zeros < 800; zeros = zeros * 3 + 1) {
        memset(text + mantissa, '0', zeros);
        sprintf(text + mantissa + zeros, "1%s", exponent);
        check_parse(text, strlen(text));
    }
    if (text[mantissa - 1] == '0') return;
    text[mantissa - 1]--;
    for (size_t nines = 0; nines < 800; nines = nines * 3 + 1) {
        memset(text + mantissa, '9', nines);
        strcpy(text + mantissa + nines, exponent);
        check_parse(text, strlen(text));
    }
}

static void decimals_at_and_beside_halfway_points_are_rounded_right(void) {
    for (int i = 0; i < ROUNDS(600); i++) {
        uint64_t bits = random64() & INT64_MAX;
        if (i % 3 == 0) bits >>= 12 + random64() % 52;
        if (bits < (uint64_t)0x7fe << 52) check_halfway(bits);
    }
    check_halfway(0);
    check_halfway(1);
    check_halfway(((uint64_t)1 << 52) - 1); /* 768 digits: the longest there is */
    check_halfway((uint64_t)1 << 52);
    check_halfway(((uint64_t)0x7fe << 52) - 2);
}

static void the_halfway_point_to_infinity_overflows(void) {
    static const char point[] = "1797693134862315807937289714053034150799341327100378269361737789804449682927647509466490179775872070963"
                                "3028641669288791094655554785194040263065748867150582068190890200070838367627385484581771153176447573027"
                                "0069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904174497792.000";
    char below[sizeof point];
    double v = 0;
    check_parse(point, sizeof point - 1);
    CHECK_INT(det__dparse(point, sizeof point - 1, &v), DET_E_VALUE);
    memcpy(below, point, sizeof point);
    memcpy(below + sizeof below - 6, "1.999", 5); /* the point ends in 2 */
    check_parse(below, sizeof below - 1);
    CHECK_INT(det__dparse(below, sizeof below - 1, &v), DET_OK);
    CHECK(v == DBL_MAX);
}
#else
static void decimals_at_and_beside_halfway_points_are_rounded_right(void) {}
static void the_halfway_point_to_infinity_overflows(void) {}
#endif

static void what_is_no_number_is_refused_and_leaves_the_value_alone(void) {
    static const char *const t[] = {"", "-", "+1", ".5", "x", "1x", "1e", "1e+", "1e-", "1e5x", "1.5.5", "--1", " 1", "1 ", "NaN",
                                    "Infinity", "0x10", "1,5", "-.5", "e5"};
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        double v = 12345;
        if (det__dparse(t[i], strlen(t[i]), &v) != DET_E_VALUE) fprintf(stderr, "accepted: %s\n", t[i]);
        CHECK_INT(det__dparse(t[i], strlen(t[i]), &v), DET_E_VALUE);
        CHECK(v == 12345);
    }
}

static void what_is_written_is_read_back(void) {
    char text[DET__DTOA_SIZE];
    for (int i = 0; i < ROUNDS(200000); i++) {
        double v = from_bits(random64()), back = 0;
        if (!isfinite(v)) continue;
        CHECK_INT(det__dparse(text, det__dtoa(text, v), &back), DET_OK);
        CHECK(to_bits(back) == to_bits(v));
    }
}

#if DET_FAST_DOUBLES
/* |a - b| < 8 */
static int close_to(det__u128 a, det__u128 b) {
    uint64_t d = a.lo - b.lo;
    if (d < 8) return a.hi == b.hi + (b.lo + d < d);
    d = 0 - d;
    return d < 8 && b.hi == a.hi + (a.lo + d < d);
}

static void the_table_is_within_its_bound(void) {
    det__u128 t = det__pow10(0), u = {(uint64_t)1 << 63, 0};
    CHECK(close_to(t, u));
    for (int k = DET__POW10_MIN; k < DET__POW10_MAX; k++) { /* ten times one is the next, but for the errors */
        int shift = det__pow10_log2(k + 1) - det__pow10_log2(k);
        t = det__pow10(k);
        u = det__pow10(k + 1);
        t.lo = t.lo >> shift | t.hi << (64 - shift);
        t.hi >>= shift;
        t = det__mul128(t, (uint64_t)10 << 60); /* t * 10 / 16 */
        u.lo = u.lo >> 4 | u.hi << 60;
        u.hi >>= 4;
        CHECK(close_to(t, u));
    }
}

#endif

static const unit_test tests[] = {
    TEST(well_known_doubles_have_their_well_known_text),
    TEST(random_doubles_are_written_shortest_and_closest),
    TEST(every_power_of_two_and_ten_and_their_neighbours_are_written_shortest),
    TEST(subnormals_are_written_shortest),
    TEST(the_hardest_products_are_written_shortest),
    TEST(integers_are_written_as_they_are),
    TEST(random_decimals_are_read_like_the_c_library_reads_them),
    TEST(special_decimals_are_read_like_the_c_library_reads_them),
    TEST(thousands_of_digits_and_zeros_are_read_exactly),
    TEST(decimals_at_and_beside_halfway_points_are_rounded_right),
    TEST(the_halfway_point_to_infinity_overflows),
    TEST(what_is_no_number_is_refused_and_leaves_the_value_alone),
    TEST(what_is_written_is_read_back),
#if DET_FAST_DOUBLES
    TEST(the_table_is_within_its_bound),
#endif
};
UNIT_MAIN(tests)
