/* SPDX-License-Identifier: Apache-2.0
 * What the files of the lwIP port share. Not for applications. */
#ifndef DET_LWIP_INT_H
#define DET_LWIP_INT_H

#include "det_lwip.h"

/* det_lwip_net.c: port functions, see det_port.h; ctx is a det_lwip */
int det__lwip_open(void *ctx, det_conn *conn, const char *host, uint16_t port, uint32_t budget_ms);
int det__lwip_send(void *ctx, det_conn *conn, const void *data, size_t len);
int det__lwip_recv(void *ctx, det_conn *conn, void *data, size_t cap);
void det__lwip_close(void *ctx, det_conn *conn);

#endif
