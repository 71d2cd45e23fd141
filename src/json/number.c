/* SPDX-License-Identifier: Apache-2.0
 * What a JSON token's number is worth. Strict about the text, so that a token made by hand cannot be misread. */
#include "../base/dparse.h"
#include "det_json.h"

enum { MOST_DIGITS = 19 }; /* of INT64_MAX; any such number is below 2^64 */

int det_json_to_int(const det_json_token *t, int64_t *v) {
    const char *p = t->text;
    size_t left = t->len;
    unsigned negative = 0;
    uint64_t n = 0;
    if (t->more) return DET_E_SIZE;
    if (left && *p == '-') {
        negative = 1;
        p++;
        left--;
    }
    if (left - 1 >= MOST_DIGITS) return DET_E_VALUE; /* 0 - 1 is too large as well */
    do {
        unsigned d = (unsigned char)(*p++ - '0');
        if (d > 9) return DET_E_VALUE;
        n = n * 10 + d;
    } while (--left);
    if (negative) n = 0 - n;
    if (n && n >> 63 != negative) return DET_E_VALUE;
    *v = (int64_t)n;
    return DET_OK;
}

int det_json_to_double(const det_json_token *t, double *v) {
    if (t->more) return DET_E_SIZE;
    return det__dparse(t->text, t->len, v);
}
