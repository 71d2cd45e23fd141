/* SPDX-License-Identifier: Apache-2.0
 * Text to double, correctly rounded for any number of digits. Knows no locale and no JSON beyond a number's grammar. */
#ifndef DET_BASE_DPARSE_H
#define DET_BASE_DPARSE_H

#include <stddef.h>

#include "det_error.h"

/* The value of text, a JSON number (RFC 8259 section 6), rounded to nearest, ties to even. Underflow gives 0 or a
 * subnormal. DET_OK, or DET_E_VALUE when it overflows or text is no number; *v is left alone then. */
int det__dparse(const char *text, size_t len, double *v);

#endif
