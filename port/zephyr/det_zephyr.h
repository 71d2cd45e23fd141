/* SPDX-License-Identifier: Apache-2.0
 * The port for Zephyr's sockets (zsock_…), native or offloaded.
 *
 *     static det_zephyr z;
 *     det_zephyr_init(&z);
 *     det_options_init(&options, &z.port, mem, sizeof mem);     z.port.roots: yours, if trusted roots lie in flash
 *
 * The wall clock is set by whoever knows the time, SNTP or an RTC: det_zephyr_set_utc(). Only the name lookup (CONFIG_DNS_RESOLVER)
 * and wait() block. No memory but what is declared here. Any thread may report beside the one that steps; it cannot wake it. */
#ifndef DET_ZEPHYR_H
#define DET_ZEPHYR_H

#include <zephyr/kernel.h>

#include "det_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The most things one wait() takes; more is DET_E_ARG. */
#define DET_ZEPHYR_WAIT_MAX 4

/* Caller-owned; not to be moved. */
typedef struct det_zephyr {
    det_port port; /* hand &z.port to the library */
    struct k_mutex outbox;
    int64_t utc_s; /* at uptime_ms */
    int64_t uptime_ms;
} det_zephyr;

/* Prepare z; nothing to free. */
DET_API void det_zephyr_init(det_zephyr *z);

/* It is so many seconds since 1970-01-01 UTC: from now on the port's clock counts on from there. Any thread. */
DET_API void det_zephyr_set_utc(det_zephyr *z, int64_t seconds);

#ifdef __cplusplus
}
#endif
#endif
