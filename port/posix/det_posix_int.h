/* SPDX-License-Identifier: Apache-2.0
 * What the files of the POSIX port share. Not for applications. */
#ifndef DET_POSIX_INT_H
#define DET_POSIX_INT_H

#include "det_posix.h"

/* det_posix.c */
uint32_t det__posix_now_ms(void *ctx);

/* det_posix_net.c: port functions, see det_port.h */
int det__posix_open(void *ctx, det_conn *conn, const char *host, uint16_t port, uint32_t budget_ms);
int det__posix_send(void *ctx, det_conn *conn, const void *data, size_t len);
int det__posix_recv(void *ctx, det_conn *conn, void *data, size_t cap);
void det__posix_close(void *ctx, det_conn *conn);

/* Non-blocking and close-on-exec. 0, or -1 and errno. */
int det__posix_prepare_fd(int fd);

/* det_posix_file.c */
int det__posix_roots(void *ctx, size_t offset, void *data, size_t cap);

/* Open for reading, close-on-exec, through interruptions. A descriptor, or -1 and errno. */
int det__posix_open_file(const char *path);

#endif
