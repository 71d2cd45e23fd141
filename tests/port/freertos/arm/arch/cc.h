/* SPDX-License-Identifier: Apache-2.0
 * lwIP on the emulated board: what its compiler and C library do not say. */
#ifndef ARCH_CC_H
#define ARCH_CC_H

#include <stdlib.h>
#include <sys/time.h>

extern void assert_failed(const char *file, int line);
#define LWIP_PLATFORM_ASSERT(x) assert_failed(__FILE__, __LINE__)
#define LWIP_RAND() ((u32_t)rand())
#define LWIP_ERRNO_STDINCLUDE 1

#endif
