/* SPDX-License-Identifier: Apache-2.0
 * The characters of HTTP. Small before fast: who needs speed looks at more than one byte at a time (scan.h). */
#include "token.h"

int det__is_in(unsigned c, const char *set) {
    for (; *set; set += 2)
        if (c >= (uint8_t)set[0] && c <= (uint8_t)set[1]) return 1;
    return 0;
}

const char *det__span(const char *s, const char *set) {
    while (det__is_in((uint8_t)*s, set)) s++;
    return s;
}
