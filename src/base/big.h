/* SPDX-License-Identifier: Apache-2.0
 * Unsigned integers of a fixed number of words, for the small variants of double <-> text (DET_FAST_DOUBLES 0). A big
 * is an array of the caller's: [0] how many words follow, then these, the least first. Knows no double and no text. */
#ifndef DET_BASE_BIG_H
#define DET_BASE_BIG_H

#include <stdint.h>

/* a += m * b + carry, in the words a has; b has as many (it may be a). Returns what goes beyond them, as floor
 * division by 2^(32 * words) has it: negative when the result is. One loop to multiply (m - 1 times itself), add,
 * subtract and compare. */
int32_t det__big_add(uint32_t *a, int32_t m, const uint32_t *b, int32_t carry);

/* a /= d, rounded down, 0 < d < 2^16; returns the remainder. [0] is reduced by 1 when the top word is 0 now. */
uint32_t det__big_div(uint32_t *a, uint32_t d);

#endif
