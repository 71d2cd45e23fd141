/* SPDX-License-Identifier: Apache-2.0
 * Bytes of JSON strings: what both writer and reader have to find in them. Knows no token and no buffer. */
#ifndef DET_JSON_TEXT_H
#define DET_JSON_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* The first byte of p … end that may not stand in a JSON string as it is: a quote, a backslash, a control character, or
 * the start of a UTF-8 sequence that is invalid or cut short by end. end when there is none. */
const char *det__json_plain(const char *p, const char *end);

/* Bytes of the UTF-8 sequence at p that could be one (1 … 4, up to n, n ≥ 1): the whole sequence when it equals *need;
 * else a truncated one when it equals n; else an invalid one, and they are its maximal subpart (Unicode 3.9, U+FFFD
 * substitution). *need: the length its first byte announces, 0 for a byte that can begin none. */
size_t det__utf8_check(const char *p, size_t n, size_t *need);

/* Write the code point c (no surrogate) as UTF-8; returns the length, 1 … 4. */
size_t det__utf8_put(char out[4], uint32_t c);

#endif
