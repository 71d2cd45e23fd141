/* SPDX-License-Identifier: Apache-2.0
 * test_response.c once more, with the parser as 32-bit targets have it: byte by byte. The parser compiled in here takes
 * the library's place. */
#define DET__FAST_SCAN 0
#include "http/response.c"

#include "test_response.c"
