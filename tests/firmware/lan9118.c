/* SPDX-License-Identifier: Apache-2.0
 * See lan9118.h. Registers after Microchip's data sheet (DS00002266); frames go through the FIFOs a word at a time, without DMA.
 * A frame for which lwIP has no room is read and dropped: TCP sends it again. */
#include "lan9118.h"

#include <string.h>

#include <lwip/etharp.h>
#include <lwip/ethip6.h>
#include <lwip/pbuf.h>
#include <netif/ethernet.h>

#include "board.h"

#define REG(offset) (*(volatile uint32_t *)(0x40200000u + (offset)))
#define RX_DATA REG(0x00)
#define TX_DATA REG(0x20)
#define RX_STATUS REG(0x40)
#define TX_STATUS REG(0x48)
#define ID_REV REG(0x50)
#define IRQ_CFG REG(0x54)
#define INT_STS REG(0x58)
#define INT_EN REG(0x5C)
#define FIFO_INT REG(0x68)
#define TX_CFG REG(0x70)
#define HW_CFG REG(0x74)
#define RX_FIFO_INF REG(0x7C)
#define TX_FIFO_INF REG(0x80)
#define MAC_CMD REG(0xA4)
#define MAC_DATA REG(0xA8)

enum { MAC_CR = 1, MAC_ADDRH = 2, MAC_ADDRL = 3, MAC_MII_ACC = 6, MAC_MII_DATA = 7 };
enum { ID_9118 = 0x0118, RSFL = 1 << 3, LINK_EVERY_MS = 250, FCS = 4 };
#define MAC_BUSY 0x80000000u
#define MAC_READ 0x40000000u

static const uint8_t own_address[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

/* ---- the MAC's and the PHY's registers --------------------------------------------------------------------------- */

static void mac_wait(void) {
    while (MAC_CMD & MAC_BUSY) {
    }
}

static void mac_write(uint32_t reg, uint32_t v) {
    mac_wait();
    MAC_DATA = v;
    MAC_CMD = MAC_BUSY | reg;
    mac_wait();
}

static uint32_t mac_read(uint32_t reg) {
    mac_wait();
    MAC_CMD = MAC_BUSY | MAC_READ | reg;
    mac_wait();
    return MAC_DATA;
}

/* Basic status of the PHY at address 1 (IEEE 802.3 22.2.4.2): bit 2 is the link. It is latched when low: the second look counts. */
static int link_is_up(void) {
    uint32_t status = 0;
    for (int i = 0; i < 2; i++) {
        mac_write(MAC_MII_ACC, 1u << 11 | 1u << 6 | 1u);
        while (mac_read(MAC_MII_ACC) & 1) {
        }
        status = mac_read(MAC_MII_DATA);
    }
    return (status >> 2) & 1;
}

static void check_link(struct netif *netif) {
    static uint32_t last;
    uint32_t now = board_ms();
    if (now - last < LINK_EVERY_MS) return;
    last = now;
    int up = link_is_up();
    if (up == (netif_is_link_up(netif) != 0)) return;
    put_text(up ? "link: up\n" : "link: down\n");
    if (up) netif_set_link_up(netif);
    else netif_set_link_down(netif);
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

/* Bytes of a chain of pbufs as the words of the FIFO. */
static void write_words(const struct pbuf *p) {
    uint32_t word = 0;
    unsigned at = 0;
    for (; p; p = p->next) {
        const uint8_t *b = (const uint8_t *)p->payload;
        for (uint16_t i = 0; i < p->len; i++) {
            word |= (uint32_t)b[i] << 8 * at;
            if (++at < 4) continue;
            TX_DATA = word;
            word = 0;
            at = 0;
        }
    }
    if (at) TX_DATA = word;
}

static err_t transmit(struct netif *netif, struct pbuf *p) {
    (void)netif;
    while ((TX_FIFO_INF >> 16 & 0xFF) != 0) (void)TX_STATUS; /* of frames before: nobody asks */
    if ((TX_FIFO_INF & 0xFFFF) < p->tot_len + 16u) return ERR_MEM;
    TX_DATA = 1u << 13 | 1u << 12 | p->tot_len; /* first and last segment: all of it is one buffer */
    TX_DATA = p->tot_len;
    write_words(p);
    return ERR_OK;
}

/* A frame of len bytes with its check sum: into p, or away if that is NULL. */
static void read_words(struct pbuf *p, uint32_t len) {
    uint16_t at = 0;
    for (uint32_t left = len; left; left -= left < 4 ? left : 4) {
        uint32_t word = RX_DATA;
        uint16_t n = (uint16_t)(p && at < p->tot_len ? p->tot_len - at : 0);
        if (n > 4) n = 4;
        if (n) (void)pbuf_take_at(p, &word, n, at);
        at = (uint16_t)(at + n);
    }
}

static void receive(struct netif *netif) {
    uint32_t status = RX_STATUS, len = status >> 16 & 0x3FFF;
    struct pbuf *p = NULL;
    if (!(status & 0x8000) && len > FCS) p = pbuf_alloc(PBUF_RAW, (uint16_t)(len - FCS), PBUF_POOL);
    read_words(p, len);
    if (p && netif->input(p, netif) != ERR_OK) pbuf_free(p);
}

void lan9118_poll(struct netif *netif) {
    while (RX_FIFO_INF >> 16 & 0xFF) receive(netif);
    check_link(netif);
}

int lan9118_arm(void) {
    INT_STS = RSFL;
    return (RX_FIFO_INF >> 16 & 0xFF) == 0;
}

/* ---- beginning --------------------------------------------------------------------------------------------------- */

err_t lan9118_init(struct netif *netif) {
    if (ID_REV >> 16 != ID_9118) return ERR_IF;
    memcpy(netif->hwaddr, own_address, sizeof own_address);
    netif->hwaddr_len = sizeof own_address;
    netif->mtu = 1500;
    netif->name[0] = 'e';
    netif->name[1] = 'n';
    netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
    netif->output = etharp_output;
    netif->linkoutput = transmit;
    HW_CFG = 5u << 16 | 1u << 20; /* 5 KB to send from; a frame is sent when it is whole */
    TX_CFG = 2;
    FIFO_INT = 0; /* a frame is enough */
    IRQ_CFG = 1u << 8 | 1u << 4 | 1u;
    INT_EN = RSFL;
    mac_write(MAC_ADDRL, 0x12005452);
    mac_write(MAC_ADDRH, 0x00005634);
    mac_write(MAC_CR, 1u << 20 | 1u << 3 | 1u << 2); /* full duplex, transmitter, receiver */
    return ERR_OK;
}
