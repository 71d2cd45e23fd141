/* SPDX-License-Identifier: Apache-2.0
 * Big integers in the least code: three operations for everything, no division wider than 32 by 16 bits. */
#include "big.h"

#include "det_config.h"

#if !DET_FAST_DOUBLES

int32_t det__big_add(uint32_t *a, int32_t m, const uint32_t *b, int32_t carry) {
    int64_t sum = carry;
    for (uint32_t n = *a; n; n--) {
        sum += *++a + m * (int64_t)*++b;
        *a = (uint32_t)sum;
        sum >>= 32;
    }
    return (int32_t)sum;
}

uint32_t det__big_div(uint32_t *a, uint32_t d) {
    uint32_t rest = 0;
    for (uint32_t i = *a; i; i--) {
        uint32_t high = rest << 16 | a[i] >> 16, low = high % d << 16 | (a[i] & 0xffff);
        a[i] = high / d << 16 | low / d;
        rest = low % d;
    }
    *a -= !a[*a];
    return rest;
}

#endif
