/* SPDX-License-Identifier: Apache-2.0
 * CRC-32 as in Ethernet, zip and PNG (reflected 0xEDB88320). Pure. */
#ifndef DET_BASE_CRC32_H
#define DET_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* The CRC of what crc is of, with n bytes more behind it; 0 is the CRC of nothing. */
uint32_t det__crc32(uint32_t crc, const void *data, size_t n);

#endif
