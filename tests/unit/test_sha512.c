/* SPDX-License-Identifier: Apache-2.0
 * SHA-512 and the wipe: FIPS 180-4's examples, the master's password transform, every padding position. */
#include "unit/unit.h"

#include "base/sha512.h"
#include "base/wipe.h"

static const char *hex(const uint8_t d[64]) {
    static char text[129];
    for (int i = 0; i < 64; i++) snprintf(text + 2 * i, 3, "%02x", d[i]);
    return text;
}

static const char *digest(const char *a, const char *b) {
    uint8_t d[64];
    det__sha512(a, strlen(a), b, strlen(b), d);
    return hex(d);
}

static void the_examples_of_the_standard_come_out(void) {
    CHECK_STR(digest("", ""), "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce"
                              "47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e");
    CHECK_STR(digest("abc", ""), "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                                 "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
    CHECK_STR(digest("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn",
                     "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu"),
              "8e959b75dae313da8cf4f72814fc143f8f7779c6eb9f7fa17299aeadb6889018"
              "501d289e4900f7e4331b99dec4b5433ac7d329eeb6dd26545e96e55b874be909");
}

static void a_password_is_transformed_as_the_master_does(void) {
    CHECK_STR(digest("GubPEmmotfiK9TMD6Zdw", "A05850A9-bcfe-4ea6-8363-7350ee604be7"),
              "c7e7c0ffdcdb574914b3c36dc6deb37a37e5c36f25dabef323cf470041c12247"
              "0b3beab157cb8c1624cab6dd9d8e27dd242a128e5899a5c8b7fb7a1b7c521778");
    CHECK(!strncmp(digest("GubPEmmotfiK9TMD6Zdw", "p"), "eaa3999f674ed3bf", 16));
}

/* Digests of n bytes 'a' … around both ends of a block: what Python's hashlib gives, its first eight bytes. */
static void every_padding_position_is_right(void) {
    static const struct {
        size_t len;
        const char *start;
    } WANT[] = {
        {1, "1f40fc92da241694"}, {7, "d716a4188569b68a"}, {8, "a3a8c81bc97c2560"}, {9, "f22d51d25292ca1d"},
        {110, "43f7d3c975b006ed"}, {111, "a467698069eae8ed"}, {112, "a473c93732eef627"}, {113, "65a86015e5e9aa48"},
        {114, "706cb9c0cc96b3c3"}, {115, "0ee90c6a8d75662a"}, {116, "b118e6343607dbe3"}, {117, "c8d01c9074656021"},
        {118, "0aa95fc0c2835aa4"}, {119, "c410b68716506959"}, {120, "483c0e06c4477e4b"}, {121, "6cd03a276d005f4c"},
        {122, "b8a13fd2163a58a7"}, {123, "b29f13230cfcbb03"}, {124, "9a1c20a52330afed"}, {125, "5248ada59eb901ae"},
        {126, "79b3f1dbec6d9693"}, {127, "c6ce82cb15c8d704"}, {128, "217d3d9c0952c3e4"}, {129, "18d5a20f40cd7903"},
        {130, "f59f923e98f92319"}, {239, "df67332219c555aa"}, {240, "6b0d01025ae2c817"}, {241, "48a2f52d33164004"},
        {255, "5d9aacfb4d7c3e13"}, {256, "7ee2eae7f94a181a"}, {257, "758900302a76efac"}, {512, "d16cfb225bb6f7d1"},
    };
    char text[512];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + i % 26);
    for (size_t i = 0; i < sizeof WANT / sizeof WANT[0]; i++) {
        uint8_t d[64];
        det__sha512(text, WANT[i].len, NULL, 0, d);
        CHECK(!strncmp(hex(d), WANT[i].start, 16));
    }
}

static void a_split_between_the_two_parts_does_not_matter(void) {
    char text[260];
    uint8_t whole[64], parts[64];
    memset(text, 'x', sizeof text);
    det__sha512(text, sizeof text, NULL, 0, whole);
    for (size_t i = 0; i <= sizeof text; i += i < 120 || i > 136 ? 13 : 1) {
        det__sha512(text, i, text + i, sizeof text - i, parts);
        CHECK(!memcmp(whole, parts, 64));
    }
}

static void many_blocks_are_chained(void) {
    char text[3000];
    uint8_t d[64];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + i % 26);
    det__sha512(text, 1234, text + 1234, sizeof text - 1234, d);
    CHECK_STR(hex(d),
              "05cc4643278fe8221ededc951a97aa2f10420c6aa2357132012353a775382d22"
              "5fbde2457ebed97cebedc33487985dabf2ed982607f032849a1dd340bc366f06");
}

static void bytes_of_all_zeros_and_all_ones_are_text_like_any_other(void) {
    char text[1000];
    uint8_t d[64];
    memset(text, 0, sizeof text);
    det__sha512(text, sizeof text, NULL, 0, d);
    CHECK_STR(hex(d),
              "ca3dff61bb23477aa6087b27508264a6f9126ee3a004f53cb8db942ed345f2f2"
              "d229b4b59c859220a1cf1913f34248e3803bab650e849a3d9a709edc09ae4a76");
    memset(text, 0xff, sizeof text);
    det__sha512(NULL, 0, text, sizeof text, d);
    CHECK_STR(hex(d),
              "4f598854fd3db77c067dfc877450c56f326c03be82384833e01824c4b3187ac3"
              "8b73fc41d6bd78e9fa8793d6106a1dc1705afb4250d2fa4508ca7b102bdb62d2");
}

static void only_64_bytes_are_written(void) {
    unsigned char *out = unit_guard(64);
    det__sha512("abc", 3, NULL, 0, out);
    unit_guard_free(out, 64);
}

static void a_wipe_zeroes_its_bytes_and_no_others(void) {
    for (size_t n = 0; n < 40; n++) {
        unsigned char *p = unit_guard(n);
        memset(p, 0x5a, n);
        det__wipe(p, n);
        for (size_t i = 0; i < n; i++) CHECK(!p[i]);
        unit_guard_free(p, n);
    }
}

static const unit_test TESTS[] = {
    TEST(the_examples_of_the_standard_come_out),
    TEST(a_password_is_transformed_as_the_master_does),
    TEST(every_padding_position_is_right),
    TEST(a_split_between_the_two_parts_does_not_matter),
    TEST(many_blocks_are_chained),
    TEST(bytes_of_all_zeros_and_all_ones_are_text_like_any_other),
    TEST(only_64_bytes_are_written),
    TEST(a_wipe_zeroes_its_bytes_and_no_others),
};
UNIT_MAIN(TESTS)
