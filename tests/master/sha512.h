/* SPDX-License-Identifier: Apache-2.0
 * SHA-512 (FIPS 180-4) of one piece of memory. The test master's own, so that the library's is checked against another. */
#ifndef MASTER_SHA512_H
#define MASTER_SHA512_H

#include <stddef.h>

void sha512(const void *p, size_t n, unsigned char out[64]);

/* What Determined stores for a password: lower-case hex of SHA-512(salt + password); a blank one stays blank. */
void password_hash(const char *password, char out[129]);

#endif
