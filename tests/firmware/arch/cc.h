/* SPDX-License-Identifier: Apache-2.0
 * lwIP's side of the compiler and the board. */
#ifndef FIRMWARE_CC_H
#define FIRMWARE_CC_H

#include <stdint.h>

#define LWIP_PLATFORM_DIAG(x) ((void)0)
#define LWIP_PLATFORM_ASSERT(x) ((void)0)

/* Ports, sequence numbers and DNS transactions: as unpredictable as TLS's keys. */
uint32_t firmware_rand(void);
#define LWIP_RAND() firmware_rand()

#endif
