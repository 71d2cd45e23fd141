/* SPDX-License-Identifier: Apache-2.0
 * Listening sockets and the event loop. */
#ifndef MASTER_NET_H
#define MASTER_NET_H

#include <stdbool.h>

extern bool net_any; /* on all addresses, set before net_listen(): for networks of a test's own */
bool net_listen(int *port, bool also_ipv6); /* loopback; port 0 is replaced by the one given */
void net_run(bool with_tls);                /* until SIGTERM or SIGINT */

#endif
