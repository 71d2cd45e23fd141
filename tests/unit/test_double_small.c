/* SPDX-License-Identifier: Apache-2.0
 * test_double.c once more, with the conversions as small targets have them: by big integers. The code compiled in here
 * takes the library's place. */
#undef DET_FAST_DOUBLES
#define DET_FAST_DOUBLES 0
#include "base/big.c"
#include "base/dparse_small.c"
#include "base/dtoa_small.c"

#include "test_double.c"
