/* SPDX-License-Identifier: Apache-2.0
 * Bytes of JSON strings. On 64-bit machines plain ASCII is passed over eight bytes at a time; every byte that stops
 * that is looked at again by itself, so both ways give the same answer on any byte order. */
#include "text.h"

#include <string.h>

static int is_plain(unsigned char c) {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#if DET__JSON_FAST

#if defined(__GNUC__) && defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define FIRST_BYTE(hits) ((size_t)__builtin_ctzll(hits) >> 3)
#else
#define FIRST_BYTE(hits) ((size_t)0)
#endif

/* The top bit of each byte that is no plain one. Bytes above a hit (in the number) may be hit falsely by its borrow. */
static uint64_t special(uint64_t v) {
    const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
    uint64_t quote = v ^ ones * '"', backslash = v ^ ones * '\\';
    return ((v - ones * 0x20) | (quote - ones) | (backslash - ones) | v) & tops;
}

static const char *skip_ascii(const char *p, const char *end) {
    while (end - p >= 8) {
        uint64_t v;
        memcpy(&v, p, sizeof v);
        v = special(v);
        if (v) {
            p += FIRST_BYTE(v);
            break;
        }
        p += 8;
    }
    while (p < end && is_plain((unsigned char)*p)) p++;
    return p;
}

#else

static const char *skip_ascii(const char *p, const char *end) {
    while (p < end && is_plain((unsigned char)*p)) p++;
    return p;
}

#endif

/* What the upper half of a continuation byte may be, one bit each for 8 to b. In the second byte some of them make an
 * overlong form, a surrogate or more than U+10FFFF. */
enum { ANY = 15, AFTER_E0 = 12, AFTER_ED = 3, AFTER_F0 = 14, AFTER_F4 = 1 };

int det__utf8_check(const char *p, size_t n) {
    unsigned c = (unsigned char)p[0], half = ANY;
    int need = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4, i = 1;
    if (c < 0xc2 || c > 0xf4) return -1;
    if (c == 0xe0) half = AFTER_E0;
    if (c == 0xed) half = AFTER_ED;
    if (c == 0xf0) half = AFTER_F0;
    if (c == 0xf4) half = AFTER_F4;
    do {
        if ((size_t)i == n) return 0;
        c = (unsigned char)p[i] ^ 0x80u;
        if (!(half >> (c >> 4) & 1)) return -i;
        half = ANY;
    } while (++i < need);
    return need;
}

size_t det__utf8_put(char out[4], uint32_t c) {
    size_t n = 1u + (c >= 0x80) + (c >= 0x800) + (c >= 0x10000), i = n;
    if (n > 1) {
        while (--i) {
            out[i] = (char)(0x80 | (c & 0x3f));
            c >>= 6;
        }
        c |= 0xf00u >> n;
    }
    *out = (char)c;
    return n;
}

const char *det__json_plain(const char *p, const char *end) {
    for (;;) {
        int n;
        p = skip_ascii(p, end);
        if (p == end || (unsigned char)*p < 0x80) return p;
        n = det__utf8_check(p, (size_t)(end - p));
        if (n <= 0) return p;
        p += n;
    }
}

int det__json_escape(char c, unsigned want) {
    static const char pairs[] = "\"\"\\\\//\bb\ff\nn\rr\tt";
    for (unsigned i = want ^ 1; i < sizeof pairs - 1; i += 2) {
        if (pairs[i] == c) return (unsigned char)pairs[i ^ 1];
    }
    return -1;
}
