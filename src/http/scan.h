/* SPDX-License-Identifier: Apache-2.0
 * Finding the end of a header's name or value, eight bytes at a time where the host allows it. Decides nothing: a byte
 * that is not plainly of the kind looked for ends the scan and is the parser's to judge. */
#ifndef DET_HTTP_SCAN_H
#define DET_HTTP_SCAN_H

#include <stdint.h>
#include <string.h>

#include "token.h"

/* May byte c stand in a field value? RFC 9110 section 5.5: all but controls, HTAB allowed. */
static inline int det__is_text(unsigned c) {
    return c >= 0x20 ? c != 0x7f : c == '\t';
}

/* Worth its 300 bytes of code on hosts: 64-bit, little-endian. With 0 there is only the byte-wise parser. */
#ifndef DET__FAST_SCAN
#if defined(__GNUC__) && defined(__LP64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define DET__FAST_SCAN 1
#else
#define DET__FAST_SCAN 0
#endif
#endif

#if DET__FAST_SCAN
#define DET__BYTES(b) (UINT64_MAX / 255 * (b))

/* The top bit of each byte below 0x20 or 0x7f; where there is one, bytes after it may be marked as well. */
static inline uint64_t det__no_text(uint64_t w) {
    return ((w - DET__BYTES(0x20)) | ((w ^ DET__BYTES(0x7f)) - DET__BYTES(1))) & ~w & DET__BYTES(0x80);
}

/* The top bit of each byte that is neither a letter nor '-'. */
static inline uint64_t det__no_name(uint64_t w) {
    uint64_t low = w & DET__BYTES(0x7f), lower = low | DET__BYTES(0x20);
    uint64_t letter = (lower + DET__BYTES(0x80 - 'a')) & ~(lower + DET__BYTES(0x7f - 'z'));
    uint64_t dash = ~((low ^ DET__BYTES('-')) + DET__BYTES(0x7f));
    return (~(letter | dash) | w) & DET__BYTES(0x80);
}

/* To the first byte marked, as far as there are eight. */
static inline const uint8_t *det__scan(const uint8_t *p, const uint8_t *end, uint64_t (*mark)(uint64_t)) {
    for (; end - p >= 8; p += 8) {
        uint64_t w, stop;
        memcpy(&w, p, 8);
        stop = mark(w);
        if (stop) return p + (__builtin_ctzll(stop) >> 3);
    }
    return p;
}

/* The colon behind the name at p, if it is here and the name is well-formed; else p, for step() to judge. */
static inline const uint8_t *det__scan_name(const uint8_t *p, const uint8_t *end) {
    const uint8_t *q = det__scan(p, end, det__no_name);
    while (q < end && *q != ':' && det__is_in(*q, DET__TOKEN)) q++;
    return q < end && *q == ':' ? q : p;
}

/* Behind the characters that may stand in a value. */
static inline const uint8_t *det__scan_text(const uint8_t *p, const uint8_t *end) {
    p = det__scan(p, end, det__no_text);
    while (p < end && det__is_text(*p)) p++;
    return p;
}
#endif

#endif
