/* SPDX-License-Identifier: Apache-2.0
 * The network: lwIP over the Ethernet controller, and libdet's port over lwIP. */
#ifndef FIRMWARE_NETWORK_H
#define FIRMWARE_NETWORK_H

#include "det_lwip_raw.h"

extern det_lwip_raw net;

/* Unix time, until then unset. */
void clock_set(int64_t utc_s);

/* 10.0.2.15, as QEMU's user network expects. 0: there is no controller. */
int network_start(void);

#endif
