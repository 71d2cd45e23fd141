/* SPDX-License-Identifier: Apache-2.0
 * Bytes of JSON strings: what both writer and reader have to find in them. Knows no token and no buffer. */
#ifndef DET_JSON_TEXT_H
#define DET_JSON_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* 1: ways that are only faster are compiled in, on 64-bit machines. 0: the least code. */
#ifndef DET__JSON_FAST
#if UINTPTR_MAX > 0xffffffffu
#define DET__JSON_FAST 1
#else
#define DET__JSON_FAST 0
#endif
#endif

/* The first byte of p … end that may not stand in a JSON string as it is: a quote, a backslash, a control character, or
 * the start of a UTF-8 sequence that is invalid or cut short by end. end when there is none. */
const char *det__json_plain(const char *p, const char *end);

/* Length of the UTF-8 sequence at p (2 … 4), where there is no ASCII character; 0 when it is cut short, being all of the
 * n bytes (n ≥ 1); -k when it is invalid, k bytes being its maximal subpart (Unicode 3.9, U+FFFD substitution). */
int det__utf8_check(const char *p, size_t n);

/* Write the code point c (no surrogate) as UTF-8; returns the length, 1 … 4. */
size_t det__utf8_put(char out[4], uint32_t c);

/* The two sides of the escapes with one letter: the character a letter stands for, with DET__LETTER the letter for a
 * character. -1 when there is none. */
enum { DET__CHARACTER = 0, DET__LETTER = 1 };
int det__json_escape(char c, unsigned want);

#endif
