/* SPDX-License-Identifier: Apache-2.0
 * test_double.c once more, with the fast conversions as they are where there are no 128-bit products and no little-
 * endian 64-bit words. The code compiled in here takes the library's place. */
#undef DET_FAST_DOUBLES
#define DET_FAST_DOUBLES 1
#define DET__NARROW 1
#include "base/dparse.c"
#include "base/dtoa.c"
#include "base/pow10.c"

#include "test_double.c"
