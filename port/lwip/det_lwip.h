/* SPDX-License-Identifier: Apache-2.0
 * The port for lwIP's sockets (NO_SYS=0), 2.1 or later, above any operating system that lwIP runs on.
 *
 *     static det_lwip net;                    after tcpip_init() and with the network interface up:
 *     det_lwip_init(&net);
 *     net.port.entropy = board_entropy;       what lwIP does not have: randomness for https (LWIP_RAND is none),
 *     net.port.roots = board_roots;           trusted certificates in flash, if they are to come from there
 *     det_options_init(&options, &net.port, mem, sizeof mem);
 *     …  det_lwip_free(&net);
 *
 * Their ctx is &net. The wall clock is set by whoever knows the time: det_lwip_set_utc(&net, seconds), as SNTP_SET_SYSTEM_TIME
 * may. lwipopts.h: LWIP_SOCKET, LWIP_SOCKET_POLL, LWIP_UDP; LWIP_DNS for names; a netconn more than there are connections, for
 * wake(). Only the name lookup and wait() block. No memory but lwIP's pools and what is declared here. */
#ifndef DET_LWIP_H
#define DET_LWIP_H

#include <lwip/opt.h>
#include <lwip/sys.h>
#include <lwip/tcpip.h>

#include "det_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The most things one wait() takes; more is DET_E_ARG. */
#define DET_LWIP_WAIT_MAX 4

/* Caller-owned; not to be moved between init and free. */
typedef struct det_lwip {
    det_port port; /* hand &net.port to the library */
    int32_t wake_fd;
    volatile uint8_t ringing; /* the bell is on its way to wait(), or there */
    struct tcpip_callback_msg *bell;
    sys_mutex_t outbox;
    int64_t utc_s; /* at utc_ms of now_ms() */
    uint32_t utc_ms;
} det_lwip;

/* Prepare net: a socket for wake(), a message and a mutex of lwIP's. DET_OK, or DET_E_IO: lwIP has none left; nothing is held
 * then. From a task, not from lwIP's own thread. */
DET_API int det_lwip_init(det_lwip *net);

/* Give them back; no session may use it any more, and nobody call wake(). Safe on one whose init failed. */
DET_API void det_lwip_free(det_lwip *net);

/* It is so many seconds since 1970-01-01 UTC: from now on utc_s() counts on from there by now_ms(). Any task, lwIP's thread too.
 * To be set again within 24 days if nothing asks for the time meanwhile. */
DET_API void det_lwip_set_utc(det_lwip *net, int64_t seconds);

/* port.wake() for interrupts. Above zero: the system has to switch tasks at the interrupt's end. Below: there was no room. */
DET_API err_t det_lwip_wake_from_isr(det_lwip *net);

#ifdef __cplusplus
}
#endif
#endif
