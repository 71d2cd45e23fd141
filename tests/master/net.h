/* SPDX-License-Identifier: Apache-2.0
 * Listening sockets and the event loop. */
#ifndef MASTER_NET_H
#define MASTER_NET_H

#include <stdbool.h>

bool net_listen(int *port, bool also_ipv6); /* loopback; port 0 is replaced by the one given */
void net_run(bool with_tls);                /* until SIGTERM or SIGINT */

#endif
