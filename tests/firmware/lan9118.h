/* SPDX-License-Identifier: Apache-2.0
 * The LAN9118 Ethernet controller as an lwIP interface, driven by polling. */
#ifndef FIRMWARE_LAN9118_H
#define FIRMWARE_LAN9118_H

#include <lwip/netif.h>

/* For netif_add(). ERR_IF: there is no such controller. */
err_t lan9118_init(struct netif *netif);

/* Hand the frames received to netif->input(); tell lwIP when the link comes and goes. Never waits. */
void lan9118_poll(struct netif *netif);

/* Have the next frame raise the interrupt. 0: there is one already. */
int lan9118_arm(void);

#endif
