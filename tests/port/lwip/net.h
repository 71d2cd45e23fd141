/* SPDX-License-Identifier: Apache-2.0
 * The network of the conformance test's lwIP: the interface tap0 of the machine, 10.77.0.2 and fd77::2 on our side, the peer's
 * name server at 10.77.0.1. */
#ifndef NET_H
#define NET_H

/* Start lwIP's thread and wait until the interface is up. From a thread or task. 0, or -1: no tap0. */
int net_start(void);

#endif
