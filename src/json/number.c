/* SPDX-License-Identifier: Apache-2.0
 * What a JSON token's number is worth. Strict about the text, so that a token made by hand cannot be misread. */
#include "../base/dparse.h"
#include "det_json.h"

int det_json_to_int(const det_json_token *t, int64_t *v) {
    const char *p = t->text, *end = p + t->len;
    int negative = p < end && *p == '-';
    uint64_t limit = (uint64_t)INT64_MAX + (uint64_t)negative, n = 0;
    if (t->more) return DET_E_SIZE;
    p += negative;
    if (p == end) return DET_E_VALUE;
    for (; p < end; p++) {
        unsigned d = (unsigned char)(*p - '0');
        if (d > 9 || n > (uint64_t)INT64_MAX / 10) return DET_E_VALUE; /* n * 10 stays below 2^64 */
        n = n * 10 + d;
        if (n > limit) return DET_E_VALUE;
    }
    *v = negative && n ? -(int64_t)(n - 1) - 1 : (int64_t)n;
    return DET_OK;
}

int det_json_to_double(const det_json_token *t, double *v) {
    if (t->more) return DET_E_SIZE;
    return det__dparse(t->text, t->len, v);
}
