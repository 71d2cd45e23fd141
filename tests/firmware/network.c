/* SPDX-License-Identifier: Apache-2.0
 * See network.h. */
#include "network.h"

#include <lwip/dns.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/sys.h>
#include <netif/ethernet.h>

#include "board.h"
#include "lan9118.h"
#include "settings.h"

det_lwip_raw net;
static struct netif ethernet;
static int64_t set_utc_s = DET_UTC_UNKNOWN;
static uint32_t set_at_ms;

/* ---- what lwIP asks of the board --------------------------------------------------------------------------------- */

u32_t sys_now(void) {
    return board_ms();
}

uint32_t firmware_rand(void) {
    uint32_t v = 0;
    (void)board_entropy(NULL, &v, sizeof v);
    return v;
}

uint16_t firmware_dns_port(void) {
    return settings.dns_port;
}

/* ---- clock ------------------------------------------------------------------------------------------------------- */

void clock_set(int64_t utc_s) {
    set_utc_s = utc_s;
    set_at_ms = board_ms();
}

static int64_t utc_s(void *ctx) {
    (void)ctx;
    return set_utc_s == DET_UTC_UNKNOWN ? set_utc_s : set_utc_s + (board_ms() - set_at_ms) / 1000;
}

/* ---- beginning --------------------------------------------------------------------------------------------------- */

static void poll(void *ctx) {
    lan9118_poll((struct netif *)ctx);
}

int network_start(void) {
    ip4_addr_t ip, mask, gateway;
    IP4_ADDR(&ip, 10, 0, 2, 15);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 10, 0, 2, 2);
    lwip_init();
    if (!netif_add(&ethernet, &ip, &mask, &gateway, NULL, lan9118_init, ethernet_input)) return 0;
    netif_set_default(&ethernet);
    netif_set_up(&ethernet);
    dns_setserver(0, &settings.dns);
    det_lwip_raw_init(&net, poll, board_idle, &ethernet);
    net.port.utc_s = utc_s;
    net.port.entropy = board_entropy;
    return 1;
}
