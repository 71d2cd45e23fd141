/* SPDX-License-Identifier: Apache-2.0
 * The port for Windows (Vista and later): WinSock, the system's clocks, randomness and trusted roots. Link with -lws2_32
 * -lbcrypt -lcrypt32.
 *
 *     det_winsock wx;
 *     det_winsock_init(&wx);  … &wx.port …  det_winsock_free(&wx);
 *
 * Only the name lookup and wait() block. A handle is a SOCKET. */
#ifndef DET_WINSOCK_H
#define DET_WINSOCK_H

#include "det_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The most things one wait() takes; more is DET_E_ARG. */
#define DET_WINSOCK_WAIT_MAX 32

/* A port, with a socket to itself for wake(). Caller-owned; not to be moved while in use. */
typedef struct det_winsock {
    det_port port;      /* hand &wx.port to the library */
    intptr_t wake_sock; /* the rest is the port's own */
    volatile long woken; /* a datagram is on its way to it */
    int started;
} det_winsock;

/* Prepare p, and WinSock for this process (it counts). DET_OK, or DET_E_IO. After a failure nothing is held open. */
DET_API int det_winsock_init(det_winsock *p);

/* Close what init opened; no session may use it any more. Safe on a p whose init failed. */
DET_API void det_winsock_free(det_winsock *p);

#ifdef __cplusplus
}
#endif
#endif
