/* SPDX-License-Identifier: Apache-2.0
 * lwIP on tap0, by a driver of its own: a thread or task of lwIP's system looks for frames every LOOK_MS, a tick at least. */
#define _DEFAULT_SOURCE 1
#include "net.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <lwip/opt.h>

#include <lwip/dns.h>
#include <lwip/ethip6.h>
#include <lwip/etharp.h>
#include <lwip/sys.h>
#include <lwip/tcpip.h>

#ifndef LOOK_MS
#define LOOK_MS 1
#endif

enum { FRAME = 1518 };

static int tap = -1;
static struct netif nic;

static int tap_open(void) {
    struct ifreq request;
    memset(&request, 0, sizeof request);
    memcpy(request.ifr_name, "tap0", 5);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    tap = open("/dev/net/tun", O_RDWR | O_NONBLOCK);
    return tap >= 0 && ioctl(tap, TUNSETIFF, &request) == 0 ? 0 : -1;
}

static err_t transmit(struct netif *n, struct pbuf *p) {
    char frame[FRAME];
    u16_t len = pbuf_copy_partial(p, frame, sizeof frame, 0);
    (void)n;
    return write(tap, frame, len) == (ssize_t)len ? ERR_OK : ERR_IF;
}

static void receive(void *arg) {
    char frame[FRAME];
    (void)arg;
    for (;;) {
        ssize_t len = read(tap, frame, sizeof frame);
        if (len <= 0) {
            sys_msleep(LOOK_MS);
            continue;
        }
        struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);
        if (!p) continue; /* a lost frame */
        pbuf_take(p, frame, (u16_t)len);
        if (nic.input(p, &nic) != ERR_OK) pbuf_free(p);
    }
}

static err_t nic_init(struct netif *n) {
    static const u8_t mac[6] = {2, 0x12, 0x34, 0x56, 0x78, 0xab};
    n->name[0] = 't';
    n->name[1] = 'p';
    n->output = etharp_output;
    n->output_ip6 = ethip6_output;
    n->linkoutput = transmit;
    n->mtu = 1500;
    n->hwaddr_len = sizeof mac;
    memcpy(n->hwaddr, mac, sizeof mac);
    n->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
    return ERR_OK;
}

/* In lwIP's thread. */
static void set_up(void *arg) {
    ip4_addr_t ip, mask, gateway;
    ip_addr_t server;
    ip6_addr_t ip6;
    s8_t index;
    IP4_ADDR(&ip, 10, 77, 0, 2);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 10, 77, 0, 1);
    netif_add(&nic, &ip, &mask, &gateway, NULL, nic_init, tcpip_input);
    netif_set_default(&nic);
    netif_set_up(&nic);
    netif_create_ip6_linklocal_address(&nic, 1);
    if (ip6addr_aton("fd77::2", &ip6)) netif_add_ip6_address(&nic, &ip6, &index);
    netif_ip6_addr_set_state(&nic, 0, IP6_ADDR_PREFERRED);
    netif_ip6_addr_set_state(&nic, 1, IP6_ADDR_PREFERRED);
    ip_addr_copy_from_ip4(server, gateway);
    dns_setserver(0, &server);
    sys_sem_signal((sys_sem_t *)arg);
}

int net_start(void) {
    sys_sem_t up;
    if (tap_open() != 0 || sys_sem_new(&up, 0) != ERR_OK) return -1;
    tcpip_init(set_up, &up);
    sys_sem_wait(&up);
    sys_sem_free(&up);
    sys_thread_new("tap0", receive, NULL, 4096, TCPIP_THREAD_PRIO);
    return 0;
}
