/* SPDX-License-Identifier: Apache-2.0
 * The characters of names in HTTP (RFC 9110 section 5.6.2, tchar): one 32-byte set for what is written and what is
 * read. */
#ifndef DET_HTTP_TOKEN_H
#define DET_HTTP_TOKEN_H

#include <stdint.h>

extern const uint32_t det__token_set[8];

/* Is byte c allowed in a header name or method? */
static inline uint32_t det__is_token(uint8_t c) {
    return det__token_set[c >> 5] >> (c & 31) & 1;
}

#endif
