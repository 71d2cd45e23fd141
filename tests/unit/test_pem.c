/* SPDX-License-Identifier: Apache-2.0
 * PEM: every split, the buffer exactly full and one short, and what a certificate file must not look like. */
#include "transport/pem.h"
#include "unit.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"

/* Decode text in pieces of `piece` bytes: "[cert]" for each certificate, "!" for each fault, "?" for an open end. */
static const char *decode(const char *text, size_t len, size_t piece, size_t cap) {
    static char out[256];
    uint8_t *der = unit_guard(cap);
    det__pem p;
    det__pem_init(&p, der, cap);
    size_t at = 0, n = 0;
    while (at < len) {
        size_t used = 0, some = len - at < piece ? len - at : piece;
        int r = det__pem_feed(&p, text + at, some, &used);
        at += used;
        if (r == DET__PEM_CERT) n += (size_t)snprintf(out + n, sizeof out - n, "[%.*s]", (int)p.len, (char *)p.der);
        if (r == DET_E_CERT) n += (size_t)snprintf(out + n, sizeof out - n, "!");
        if (r == DET__PEM_MORE) CHECK_INT(used, some);
    }
    snprintf(out + n, sizeof out - n, "%s", det__pem_eof(&p) == DET_OK ? "" : "?");
    unit_guard_free(der, cap);
    return out;
}

static void all(const char *text, const char *want, size_t cap) {
    for (size_t piece = 1; piece <= strlen(text); piece++) CHECK_STR(decode(text, strlen(text), piece, cap), want);
}

static void each_certificate_comes_out_whatever_the_split(void) {
    all("text\n" BEGIN "Zm9v\nYmFy\n" END "more - text --\r\n" BEGIN "Zm9vYg==\r\n" END, "[foobar][foob]", 6);
    all(BEGIN "Zm9v" END BEGIN "Zm9vYmE=" END, "[foo][fooba]", 5);
    all("------BEGIN CERTIFICATE-----Zm9v-----END CERTIFICATE-----", "[foo]", 3);
    all("--" BEGIN "Zm 9\tv\n" END, "[foo]", 3);
}

static void other_blocks_are_passed_over(void) {
    all("-----BEGIN PRIVATE KEY-----\nZm9v\n-----END PRIVATE KEY-----\n" BEGIN "YmFy\n" END, "[bar]", 3);
    all("-----BEGIN TRUSTED CERTIFICATE-----\nZm9v\n-----END TRUSTED CERTIFICATE-----\n", "", 3);
    all("no certificate here", "", 3);
}

static void faults_are_told_and_the_next_block_still_read(void) {
    all(BEGIN "Zm9v*\n" END BEGIN "YmFy" END, "![bar]", 3);  /* not base64 */
    all(BEGIN "Zm9vY\n" END BEGIN "YmFy" END, "![bar]", 3);  /* length */
    all(BEGIN "Zm9vYg=\n" END BEGIN "YmFy" END, "![bar]", 4); /* padding missing */
    all(BEGIN "Zm9vYg===\n" END, "!", 4);
    all(BEGIN "Zg==Zg==\n" END, "!", 4);
    all(BEGIN "=Zg==\n" END, "!", 4);
    all(BEGIN END, "!", 4);                                  /* empty */
    all(BEGIN "Zm9v\n-----END PRIVATE KEY-----\n", "!", 4);
    all(BEGIN "Zm9v\n", "?", 4);
    all(BEGIN "Zm9v\n-----END CERT", "?", 4);
    CHECK_STR(decode(BEGIN "Zm\0v" END, 59, 59, 8), "!");
}

static void a_certificate_may_fill_the_buffer_but_not_more(void) {
    all(BEGIN "Zm9vYmFy" END, "[foobar]", 6);
    all(BEGIN "Zm9vYmFy" END, "!", 5);
    all(BEGIN "Zm9vYmFy" END BEGIN "Zm9v" END, "![foo]", 5);
    all(BEGIN "Zm9v" END, "!", 0);
}

static void every_octet_survives(void) {
    uint8_t der[256];
    char text[512] = BEGIN;
    size_t n = strlen(text);
    static const char abc[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (unsigned i = 0; i < 255; i += 3) {
        unsigned v = i << 16 | (i + 1) << 8 | (i + 2);
        for (int s = 18; s >= 0; s -= 6) text[n++] = abc[v >> s & 63];
    }
    memcpy(text + n, "\n" END, sizeof END + 1);
    det__pem p;
    size_t used;
    det__pem_init(&p, der, sizeof der);
    CHECK_INT(det__pem_feed(&p, text, strlen(text), &used), DET__PEM_CERT);
    CHECK_INT(p.len, 255);
    for (unsigned i = 0; i < 255; i++) CHECK_INT(der[i], i);
}

static const unit_test tests[] = {
    TEST(each_certificate_comes_out_whatever_the_split), TEST(other_blocks_are_passed_over),
    TEST(faults_are_told_and_the_next_block_still_read), TEST(a_certificate_may_fill_the_buffer_but_not_more),
    TEST(every_octet_survives),
};

UNIT_MAIN(tests)
