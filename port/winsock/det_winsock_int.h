/* SPDX-License-Identifier: Apache-2.0
 * What the files of the Windows port share. Not for applications. */
#ifndef DET_WINSOCK_INT_H
#define DET_WINSOCK_INT_H

#include "det_winsock.h"

/* det_winsock.c */
uint32_t det__winsock_now_ms(void *ctx);

/* det_winsock_net.c: port functions, see det_port.h */
int det__winsock_open(void *ctx, det_conn *conn, const char *host, uint16_t port, uint32_t budget_ms);
int det__winsock_send(void *ctx, det_conn *conn, const void *data, size_t len);
int det__winsock_recv(void *ctx, det_conn *conn, void *data, size_t cap);
void det__winsock_close(void *ctx, det_conn *conn);

/* det_winsock_roots.c */
int det__winsock_roots(void *ctx, size_t offset, void *data, size_t cap);

#endif
