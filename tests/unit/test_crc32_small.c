/* SPDX-License-Identifier: Apache-2.0
 * test_crc32.c once more, with the small table. The code compiled in here takes the library's place. */
#undef DET_FAST_CRC
#define DET_FAST_CRC 0
#include "base/crc32.c"

#include "test_crc32.c"
