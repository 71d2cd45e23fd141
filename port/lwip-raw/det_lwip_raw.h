/* SPDX-License-Identifier: Apache-2.0
 * The port for lwIP's raw API without an operating system (NO_SYS=1): one loop, no threads, no sockets.
 *
 *     static det_lwip_raw net;
 *     lwip_init();
 *     netif_add(…);
 *     det_lwip_raw_init(&net, poll_driver, sleep_until_interrupt, &board);
 *     net.port.utc_s = board_utc_s;          what the board has: clock, randomness, lock and unlock
 *     net.port.entropy = board_entropy;      … called with ctx = &net
 *     det_options_init(&options, &net.port, mem, sizeof mem);
 *
 * lwIP, its timers and this port are to be called from one context: the main loop, never an interrupt but for wake().
 * lwipopts.h: NO_SYS 1, LWIP_TCP 1; LWIP_DNS 1 for names, without it addresses alone; TCP_WND not above what the pool of
 * pbufs holds. Uses nothing but lwIP's pools and what is declared here; 24 bytes of DET_CONN_SIZE do with IPv4 alone, 48 with both
 * families. */
#ifndef DET_LWIP_RAW_H
#define DET_LWIP_RAW_H

#include "det_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Names that are looked up at a time, given up ones included. */
#ifndef DET_LWIP_RAW_LOOKUPS
#define DET_LWIP_RAW_LOOKUPS 2
#endif

/* A lookup cannot be called off: this outlives the connection that asked. */
typedef struct det_lwip_raw_lookup {
    void *conn; /* who asked, NULL when it no longer matters */
    uint8_t busy;
} det_lwip_raw_lookup;

/* The caller's memory; det_lwip_raw_init() fills all of it. */
typedef struct det_lwip_raw {
    det_port port;
    void (*poll)(void *ctx);                /* hand what the driver has received to netif->input() */
    void (*idle)(void *ctx, uint32_t max_ms); /* sleep until an interrupt, max_ms at most; or NULL */
    void *ctx;                              /* handed to both */
    volatile uint8_t woken;
    det_lwip_raw_lookup lookup[DET_LWIP_RAW_LOOKUPS];
} det_lwip_raw;

/* idle has to return at once when an interrupt that wakes came between its caller's look and its sleep: on Cortex-M WFI with
 * interrupts masked. */
DET_API void det_lwip_raw_init(det_lwip_raw *net, void (*poll)(void *ctx), void (*idle)(void *ctx, uint32_t max_ms), void *ctx);

/* Poll the driver and run lwIP's timers. The port does so itself whenever libdet finds nothing to read, to open or to do; a main
 * loop that seldom calls det_step() calls this too. */
DET_API void det_lwip_raw_poll(det_lwip_raw *net);

#ifdef __cplusplus
}
#endif
#endif
