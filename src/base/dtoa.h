/* SPDX-License-Identifier: Apache-2.0
 * Numbers to text: the shortest decimal that reads back as the same double, and 64-bit integers without division.
 * Knows no JSON; infinities and NaN are not for it. */
#ifndef DET_BASE_DTOA_H
#define DET_BASE_DTOA_H

#include <stddef.h>
#include <stdint.h>

#include "det_config.h"

enum {
    DET__DTOA_SIZE = DET_FAST_DOUBLES ? 40 : 24, /* room det__dtoa needs: the text has at most 24 bytes, the fast one uses
                                                    more as scratch */
    DET__UTOA_SIZE = 20
};

/* A double of 32 bits (some 8-bit compilers', unless told otherwise: avr-gcc has -mdouble=64 from 10 on) would be read beyond its
 * end. DET__ANY_DOUBLE is for a look at the other types. */
#ifndef DET__ANY_DOUBLE
typedef char det__double_has_64_bits[sizeof(double) == 8 ? 1 : -1];
#endif

/* Of all decimals that round to v the shortest, and of these the closest to v. Like Python's repr: "0.1", "1.0",
 * "-0.0", "5e-324", "1e16", "1.5e-7"; always with a point or an exponent. v is finite. Returns the length; no NUL. */
size_t det__dtoa(char *out, double v);

/* v in decimal. Returns the length; no NUL. */
size_t det__utoa(char *out, uint64_t v);

#endif
