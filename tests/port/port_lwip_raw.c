/* SPDX-License-Identifier: Apache-2.0
 * The conformance test's side of the port over lwIP's raw API, on a unix host with the interface tap0 (10.77.0.2, fd77::2): one
 * thread, as it is meant to be; what runs beside it is a timer's signal, as an interrupt would be. Clock, randomness and roots
 * are the host's. */
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <lwip/dns.h>
#include <lwip/ethip6.h>
#include <lwip/etharp.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/sys.h>
#include <netif/ethernet.h>

#include "conformance.h"
#include "det_lwip_raw.h"
#include "det_posix.h"

enum { FRAME = 1518 };

static int tap = -1;
static struct netif nic;
static det_lwip_raw net;

u32_t sys_now(void) {
    return det_posix_port()->now_ms(NULL);
}

/* LWIP_RAND() of lwIP's unix headers. */
unsigned lwip_port_rand(void) {
    unsigned v = 0;
    (void)det_posix_port()->entropy(NULL, &v, sizeof v);
    return v;
}

/* ---- the interface ----------------------------------------------------------------------------------------------- */

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

static void receive(void *ctx) {
    char frame[FRAME];
    ssize_t len;
    (void)ctx;
    while ((len = read(tap, frame, sizeof frame)) > 0) {
        struct pbuf *p = pbuf_alloc(PBUF_RAW, (u16_t)len, PBUF_POOL);
        if (!p) continue; /* a lost frame */
        (void)pbuf_take(p, frame, (u16_t)len);
        if (nic.input(p, &nic) != ERR_OK) pbuf_free(p);
    }
}

static sigset_t beside; /* the signal that stands for an interrupt, let in while it sleeps alone */

static void idle(void *ctx, uint32_t max_ms) {
    struct pollfd p = {tap, POLLIN, 0};
    struct timespec most = {(time_t)(max_ms / 1000), (long)(max_ms % 1000) * 1000000};
    sigset_t old, none;
    (void)ctx;
    sigprocmask(SIG_BLOCK, &beside, &old);
    none = old;
    sigdelset(&none, SIGALRM);
    if (!net.woken) (void)ppoll(&p, 1, &most, &none);
    sigprocmask(SIG_SETMASK, &old, NULL);
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

static void nic_start(void) {
    ip4_addr_t ip, mask, gateway;
    ip_addr_t server;
    ip6_addr_t ip6;
    s8_t index;
    IP4_ADDR(&ip, 10, 77, 0, 2);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    IP4_ADDR(&gateway, 10, 77, 0, 1);
    lwip_init();
    netif_add(&nic, &ip, &mask, &gateway, NULL, nic_init, ethernet_input);
    netif_set_default(&nic);
    netif_set_up(&nic);
    netif_create_ip6_linklocal_address(&nic, 1);
    if (ip6addr_aton("fd77::2", &ip6)) netif_add_ip6_address(&nic, &ip6, &index);
    netif_ip6_addr_set_state(&nic, 0, IP6_ADDR_PREFERRED);
    netif_ip6_addr_set_state(&nic, 1, IP6_ADDR_PREFERRED);
    ip_addr_copy_from_ip4(server, gateway);
    dns_setserver(0, &server);
}

/* ---- the port ---------------------------------------------------------------------------------------------------- */

/* Interrupts off and on. */
static void lock(void *ctx) {
    (void)ctx;
    sigprocmask(SIG_BLOCK, &beside, NULL);
}

static void unlock(void *ctx) {
    (void)ctx;
    sigprocmask(SIG_UNBLOCK, &beside, NULL);
}

const det_port *conformance_port(void) {
    sigemptyset(&beside);
    sigaddset(&beside, SIGALRM);
    if (tap_open() != 0) {
        perror("tap0");
        return NULL;
    }
    nic_start();
    det_lwip_raw_init(&net, receive, idle, NULL);
    net.port.utc_s = det_posix_port()->utc_s;
    net.port.entropy = det_posix_port()->entropy;
    net.port.roots = det_posix_port()->roots;
    net.port.lock = lock;
    net.port.unlock = unlock;
    return &net.port;
}

/* ---- beside it --------------------------------------------------------------------------------------------------- */

static struct {
    void (*run)(void *);
    void *arg;
} job; /* one at a time */

static void on_alarm(int sig) {
    (void)sig;
    job.run(job.arg);
}

int conformance_spawn(void (*run)(void *), void *arg, unsigned after_ms) {
    struct itimerval once = {{0, 0}, {after_ms / 1000, (long)(after_ms % 1000) * 1000 + 1}};
    struct sigaction a;
    memset(&a, 0, sizeof a);
    sigemptyset(&a.sa_mask);
    a.sa_handler = on_alarm;
    a.sa_flags = SA_RESTART;
    job.run = run;
    job.arg = arg;
    return sigaction(SIGALRM, &a, NULL) == 0 && setitimer(ITIMER_REAL, &once, NULL) == 0 ? 0 : -1;
}
