/* SPDX-License-Identifier: Apache-2.0
 * Between real.c and real_tell.c, and for a test that starts a server of its own. */
#ifndef INTEGRATION_REAL_INT_H
#define INTEGRATION_REAL_INT_H

#include <sys/types.h>

/* A child that ends by itself after a while; 0 in it. */
pid_t real_fork(void);

/* A listening socket on a free loopback port. */
int real_listen(int *port, int backlog);

#endif
