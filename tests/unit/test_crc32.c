/* SPDX-License-Identifier: Apache-2.0
 * CRC-32 against the published check value, against the definition bit by bit, and over every split. */
#include "base/crc32.h"
#include "unit.h"

static uint32_t by_bits(const unsigned char *p, size_t n) {
    uint32_t crc = UINT32_MAX;
    while (n--) {
        crc ^= *p++;
        for (int bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >> 1 ^ UINT32_C(0xEDB88320) : crc >> 1;
    }
    return ~crc;
}

static void the_published_check_value(void) {
    CHECK_INT(det__crc32(0, "123456789", 9), 0xCBF43926);
    CHECK_INT(det__crc32(0, "", 0), 0);
    CHECK_INT(det__crc32(0, "\0\0\0\0", 4), 0x2144DF1C);
}

static void as_the_definition_at_every_length_and_offset(void) {
    unsigned char *p = unit_guard(300);
    for (size_t i = 0; i < 300; i++) p[i] = (unsigned char)(i * 167 + (i >> 3));
    for (size_t from = 0; from < 9; from++)
        for (size_t n = 0; n <= 300 - from; n++) CHECK_INT(det__crc32(0, p + from, n), by_bits(p + from, n));
    unit_guard_free(p, 300);
}

static void in_two_pieces_as_in_one(void) {
    static const char text[] = "the quick brown fox jumps over the lazy dog";
    uint32_t whole = det__crc32(0, text, sizeof text);
    for (size_t cut = 0; cut <= sizeof text; cut++)
        CHECK_INT(det__crc32(det__crc32(0, text, cut), text + cut, sizeof text - cut), whole);
}

static const unit_test tests[] = {
    TEST(the_published_check_value),
    TEST(as_the_definition_at_every_length_and_offset),
    TEST(in_two_pieces_as_in_one),
};
UNIT_MAIN(tests)
