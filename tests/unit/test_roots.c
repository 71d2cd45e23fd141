/* SPDX-License-Identifier: Apache-2.0
 * The certificates to trust: order, strictness, every size of piece, the longest certificate and one byte more. */
#include "transport/roots.h"
#include "unit.h"

#define PEM(base64) "-----BEGIN CERTIFICATE-----\n" base64 "\n-----END CERTIFICATE-----\n"
#define FOO PEM("Zm9v")
#define BAR PEM("YmFy")
#define BAZ PEM("YmF6")
#define BAD PEM("Zm9*")
#define LONGEST ((size_t)DET__ROOTS_DER)

/* ---- a port with roots, and who takes certificates --------------------------------------------------------------- */

static const char *file;
static size_t file_len, piece, asked; /* asked: most that was asked for */
static unsigned reads, fails_at;

static int roots(void *ctx, size_t offset, void *data, size_t cap) {
    size_t n = offset < file_len ? file_len - offset : 0;
    (void)ctx;
    if (++reads == fails_at) return DET_E_IO;
    if (cap > asked) asked = cap;
    if (n > cap) n = cap;
    if (piece && n > piece) n = piece;
    memcpy(data, file + offset, n);
    return (int)n;
}

static char taken[512];     /* "foo,bar," */
static size_t longest, sum; /* of what was taken */
static unsigned adds, add_fails_at;
static int add_code;

static int add(void *ctx, const void *der, size_t len) {
    CHECK(ctx == &adds);
    if (++adds == add_fails_at) return add_code;
    if (len > longest) longest = len;
    sum += len;
    if (len < 8) snprintf(taken + strlen(taken), sizeof taken - strlen(taken), "%.*s,", (int)len, (const char *)der);
    return DET_OK;
}

/* Load what is given (NULL: nothing) and a file (NULL: a port without roots). */
static int load(const char *given, const char *text) {
    det_port port;
    det__peer peer;
    memset(&port, 0, sizeof port);
    memset(&peer, 0, sizeof peer);
    port.size = sizeof port;
    port.roots = text ? roots : NULL;
    file = text;
    file_len = text ? strlen(text) : 0;
    peer.ca_pem = given;
    peer.ca_pem_len = given ? strlen(given) : 0;
    reads = adds = 0;
    taken[0] = 0;
    longest = sum = asked = 0;
    size_t size = det__roots_size(&port);
    CHECK_INT(size, text ? DET__ROOTS_DER + DET__ROOTS_TEXT : DET__ROOTS_DER);
    det__roots r = {add, &adds, unit_guard(size)};
    int code = det__roots_load(&r, &port, &peer);
    unit_guard_free((unsigned char *)r.mem, size);
    return code;
}

static void plain(void) {
    piece = 0;
    fails_at = add_fails_at = 0;
}

/* ---- tests ------------------------------------------------------------------------------------------------------- */

static void those_given_come_first_then_the_port_s(void) {
    plain();
    CHECK_INT(load(FOO BAR, BAZ FOO), DET_OK);
    CHECK_STR(taken, "foo,bar,baz,foo,");
    CHECK_INT(load(FOO, NULL), DET_OK);
    CHECK_STR(taken, "foo,");
    CHECK_INT(reads, 0);
    CHECK_INT(load(NULL, "text " BAR), DET_OK);
    CHECK_STR(taken, "bar,");
    CHECK_INT(load(NULL, ""), DET_OK);
    CHECK_INT(load(NULL, NULL), DET_OK); /* nothing to trust is the verification's to tell */
    CHECK_STR(taken, "");
}

static void a_port_may_give_pieces_of_any_size(void) {
    static const char text[] = "# names\n" FOO BAD BAR "more" BAZ;
    plain();
    for (piece = 1; piece <= sizeof text; piece++) {
        CHECK_INT(load(NULL, text), DET_OK);
        CHECK_STR(taken, "foo,bar,baz,");
        CHECK_INT(reads, (sizeof text - 1 + piece - 1) / piece + 1);
    }
}

static void each_of_those_given_must_be_good(void) {
    static const char *const bad[] = {"", "no pem", BAD, "-----BEGIN CERTIFICATE-----\nZm9v\n", FOO BAD, BAD FOO,
                                      FOO "-----BEGIN CERTIFICATE-----\n"};
    plain();
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        CHECK_INT(load(bad[i], BAR), DET_E_CERT);
        CHECK_INT(reads, 0);
    }
    CHECK_INT(load(FOO BAD BAR, NULL), DET_E_CERT);
    CHECK_STR(taken, "foo,"); /* ends at the first */
    add_fails_at = 2;
    add_code = DET_E_CERT;
    CHECK_INT(load(FOO BAR BAZ, BAZ), DET_E_CERT);
    CHECK_STR(taken, "foo,");
    CHECK_INT(reads, 0);
}

static void what_is_no_good_among_the_port_s_is_passed_over(void) {
    plain();
    CHECK_INT(load(FOO, BAD BAR BAD "-----BEGIN CERTIFICATE-----\nZm9v"), DET_OK);
    CHECK_STR(taken, "foo,bar,");
    CHECK_INT(load(NULL, BAD), DET_OK);
    add_code = DET_E_CERT;
    for (add_fails_at = 1; add_fails_at <= 3; add_fails_at++) {
        CHECK_INT(load(NULL, FOO FOO FOO), DET_OK);
        CHECK_STR(taken, "foo,foo,");
    }
}

static void an_error_while_reading_leaves_what_was_read(void) {
    plain();
    piece = strlen(FOO);
    for (fails_at = 1; fails_at <= 4; fails_at++) {
        CHECK_INT(load(BAZ, FOO FOO FOO), DET_OK);
        CHECK_INT(adds, fails_at);
        CHECK_INT(reads, fails_at);
    }
}

static void other_errors_of_the_taker_end_all(void) {
    plain();
    add_code = DET_E_HEAP;
    for (unsigned k = 1; k <= 5; k++) {
        add_fails_at = k;
        CHECK_INT(load(FOO BAR, BAZ FOO), k <= 4 ? DET_E_HEAP : DET_OK);
        CHECK_INT(adds, k <= 4 ? k : 4);
        CHECK_INT(reads, k <= 2 ? 0 : k <= 4 ? 1 : 2);
    }
}

/* A certificate of n zero bytes at out; its end. */
static char *zeros(char *out, size_t n) {
    static const char *const rest[] = {"", "AA==", "AAA="};
    out += sprintf(out, "-----BEGIN CERTIFICATE-----\n");
    for (size_t i = 0; i < n / 3; i++) {
        memcpy(out, "AAAA\n", 5);
        out += i % 16 == 15 ? 5 : 4;
    }
    return out + sprintf(out, "%s\n-----END CERTIFICATE-----\n", rest[n % 3]);
}

static void a_certificate_may_have_8192_bytes_but_not_more(void) {
    static char text[20000];
    plain();
    for (size_t n = LONGEST - 2; n <= LONGEST + 2; n++) {
        strcpy(zeros(text, n), FOO);
        CHECK_INT(load(text, NULL), n <= LONGEST ? DET_OK : DET_E_CERT);
        if (n <= LONGEST) CHECK_INT(longest, n);
        CHECK_INT(load(NULL, text), DET_OK);
        CHECK_INT(longest, n <= LONGEST ? n : 3);
        CHECK_STR(taken, "foo,");
    }
}

static void a_large_file_costs_few_reads(void) {
    static char text[220000];
    char *end = text;
    size_t total = 0, n = 1;
    plain();
    for (; end + 12000 < text + sizeof text; n = (n * 5 + 3) % 1999) { /* certificates across each border of pieces */
        end = zeros(end, n);
        total += n;
    }
    CHECK_INT(load(NULL, text), DET_OK);
    CHECK_INT(sum, total);
    CHECK_INT(asked, DET__ROOTS_TEXT);
    CHECK_INT(reads, (strlen(text) + DET__ROOTS_TEXT - 1) / DET__ROOTS_TEXT + 1);
    CHECK(reads <= 28);
}

static const unit_test tests[] = {
    TEST(those_given_come_first_then_the_port_s),
    TEST(a_port_may_give_pieces_of_any_size),
    TEST(each_of_those_given_must_be_good),
    TEST(what_is_no_good_among_the_port_s_is_passed_over),
    TEST(an_error_while_reading_leaves_what_was_read),
    TEST(other_errors_of_the_taker_end_all),
    TEST(a_certificate_may_have_8192_bytes_but_not_more),
    TEST(a_large_file_costs_few_reads),
};

UNIT_MAIN(tests)
