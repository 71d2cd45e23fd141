/* SPDX-License-Identifier: Apache-2.0
 * Overwriting secrets. Writes through a volatile pointer are part of what a program does (C99 5.1.2.3) and stay. */
#include "wipe.h"

void det__wipe(void *p, size_t n) {
    volatile unsigned char *v = (volatile unsigned char *)p;
    while (n--) *v++ = 0;
}
