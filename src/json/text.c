/* SPDX-License-Identifier: Apache-2.0
 * Bytes of JSON strings. On 64-bit machines plain ASCII is passed over eight bytes at a time; every byte that stops
 * that is looked at again by itself, so both ways give the same answer on any byte order. */
#include "text.h"

#include <string.h>

static int is_plain(unsigned char c) {
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

#if UINTPTR_MAX > 0xffffffffu && !defined(DET__NARROW)

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

size_t det__utf8_check(const char *p, size_t n, size_t *need) {
    unsigned char c = (unsigned char)p[0], low = 0x80, high = 0xbf;
    size_t i;
    *need = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (c == 0xe0) low = 0xa0;  /* overlong */
    if (c == 0xed) high = 0x9f; /* surrogates */
    if (c == 0xf0) low = 0x90;  /* overlong */
    if (c == 0xf4) high = 0x8f; /* above U+10FFFF */
    for (i = 1; i < n && i < *need; i++) {
        c = (unsigned char)p[i];
        if (c < low || c > high) break;
        low = 0x80;
        high = 0xbf;
    }
    return i;
}

size_t det__utf8_put(char out[4], uint32_t c) {
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char lead[4] = {0, 0xc0, 0xe0, 0xf0};
    for (size_t i = n; i-- > 1; c >>= 6) out[i] = (char)(0x80 | (c & 0x3f));
    out[0] = (char)(lead[n - 1] | c);
    return n;
}

const char *det__json_plain(const char *p, const char *end) {
    for (;;) {
        size_t need;
        p = skip_ascii(p, end);
        if (p == end || (unsigned char)*p < 0x80) return p;
        if (det__utf8_check(p, (size_t)(end - p), &need) != need) return p;
        p += need;
    }
}
