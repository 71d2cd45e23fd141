/* SPDX-License-Identifier: Apache-2.0
 * Overwriting secrets that are no longer needed. */
#ifndef DET_BASE_WIPE_H
#define DET_BASE_WIPE_H

#include <stddef.h>

/* Zero n bytes at p, also where the compiler can see that nobody reads them again. */
void det__wipe(void *p, size_t n);

#endif
