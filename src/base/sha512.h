/* SPDX-License-Identifier: Apache-2.0
 * SHA-512 (FIPS 180-4), for the password transform (contract 2.1) and nothing else: made for small code, not for speed.
 * A block of 128 bytes costs some 0.1 ms on a host and 10 to 30 ms on a microcontroller. */
#ifndef DET_BASE_SHA512_H
#define DET_BASE_SHA512_H

#include <stddef.h>
#include <stdint.h>

/* The digest of a followed by b. Either may be NULL with length 0. Wipes its working state. */
void det__sha512(const void *a, size_t a_len, const void *b, size_t b_len, uint8_t out[64]);

#endif
