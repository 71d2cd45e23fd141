/* SPDX-License-Identifier: Apache-2.0
 * UUIDs as text (RFC 9562). */
#ifndef DET_BASE_UUID_H
#define DET_BASE_UUID_H

#include <stdint.h>

/* 36 lower-case characters and a NUL. Returns out. */
const char *det__uuid_text(const uint8_t raw[16], char out[37]);

#endif
