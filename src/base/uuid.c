/* SPDX-License-Identifier: Apache-2.0
 * UUIDs as text: see uuid.h. */
#include "uuid.h"

const char *det__uuid_text(const uint8_t raw[16], char out[37]) {
    static const char hex[] = "0123456789abcdef";
    char *p = out;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) *p++ = '-';
        *p++ = hex[raw[i] >> 4];
        *p++ = hex[raw[i] & 15];
    }
    *p = 0;
    return out;
}
