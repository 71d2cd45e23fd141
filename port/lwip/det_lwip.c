/* SPDX-License-Identifier: Apache-2.0
 * The lwIP port: clock, waiting, waking, and the functions table. Connections are in det_lwip_net.c. Must not know HTTP, TLS or
 * the session.
 *
 * Waking: a socket that nobody sends to is made readable, by the event that lwIP's own thread would give for a datagram. It
 * takes no memory, so it cannot fail for want of it, and no loopback interface. The event is given in that thread, as lwIP wants
 * it, hence a message, made once. */
#include "det_lwip_int.h"

#include <lwip/api.h>
#include <lwip/priv/sockets_priv.h>
#include <lwip/sockets.h>

#include <limits.h>
#include <string.h>

#if NO_SYS || !LWIP_SOCKET || !LWIP_SOCKET_POLL || !LWIP_UDP || !LWIP_TCP
#error "lwipopts.h: this port needs NO_SYS 0, LWIP_SOCKET 1, LWIP_SOCKET_POLL 1, LWIP_UDP 1, LWIP_TCP 1"
#endif

/* ---- clocks ------------------------------------------------------------------------------------------------------ */

static uint32_t lwip_now_ms(void *ctx) {
    (void)ctx;
    return sys_now();
}

void det_lwip_set_utc(det_lwip *net, int64_t seconds) {
    SYS_ARCH_DECL_PROTECT(level);
    SYS_ARCH_PROTECT(level);
    net->utc_s = seconds;
    net->utc_ms = net->port.now_ms(net);
    SYS_ARCH_UNPROTECT(level);
}

/* Goes on by whole seconds, so that the distance to the last look stays far from the wrap. */
static int64_t lwip_utc_s(void *ctx) {
    det_lwip *net = (det_lwip *)ctx;
    SYS_ARCH_DECL_PROTECT(level);
    SYS_ARCH_PROTECT(level);
    uint32_t s = (net->port.now_ms(net) - net->utc_ms) / 1000;
    if (net->utc_s != DET_UTC_UNKNOWN) {
        net->utc_s += s;
        net->utc_ms += s * 1000;
    }
    int64_t utc = net->utc_s;
    SYS_ARCH_UNPROTECT(level);
    return utc;
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static void event(const det_lwip *net, enum netconn_evt what) {
    struct netconn *conn = lwip_socket_dbg_get_socket(net->wake_fd)->conn;
    conn->callback(conn, what, 1);
}

/* In lwIP's thread. */
static void ring(void *ctx) {
    event((const det_lwip *)ctx, NETCONN_EVT_RCVPLUS);
}

/* A wake() that comes between the two lines rings once more, and the next wait() ends early: harmless. The other way round it
 * would be lost. */
static void answer(det_lwip *net) {
    net->ringing = 0;
    event(net, NETCONN_EVT_RCVMINUS);
}

static short poll_events(int events) {
    int e = 0;
    if (events & DET_WANT_READ) e |= POLLIN;
    if (events & DET_WANT_WRITE) e |= POLLOUT;
    return (short)e;
}

static int lwip_wait(void *ctx, const det_wait *w, size_t n, uint32_t timeout_ms) {
    det_lwip *net = (det_lwip *)ctx;
    struct pollfd fd[DET_LWIP_WAIT_MAX + 1];
    if (n > DET_LWIP_WAIT_MAX) return DET_E_ARG;
    memset(fd, 0, sizeof fd);
    for (size_t i = 0; i < n; i++) {
        fd[i].fd = (int)w[i].handle; /* poll passes over -1 */
        fd[i].events = poll_events(w[i].events);
    }
    fd[n].fd = net->wake_fd;
    fd[n].events = POLLIN;
    if (lwip_poll(fd, (nfds_t)n + 1, timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms) < 0) return DET_E_IO;
    if (fd[n].revents & POLLIN) answer(net);
    for (size_t i = 0; i < n; i++)
        if (fd[i].revents & POLLNVAL) return DET_E_IO; /* a closed socket would make the caller spin */
    return DET_OK;
}

/* Without room in its mailbox lwIP's thread has much to do, and this is tried again by the next wake(). */
static void lwip_wake(void *ctx) {
    det_lwip *net = (det_lwip *)ctx;
    if (net->ringing) return;
    net->ringing = 1;
    if (tcpip_callbackmsg_trycallback(net->bell) != ERR_OK) net->ringing = 0;
}

err_t det_lwip_wake_from_isr(det_lwip *net) {
    if (net->ringing) return ERR_OK;
    net->ringing = 1;
    err_t err = tcpip_callbackmsg_trycallback_fromisr(net->bell);
    if (err < 0) net->ringing = 0;
    return err;
}

static void lwip_lock(void *ctx) {
    sys_mutex_lock(&((det_lwip *)ctx)->outbox);
}
static void lwip_unlock(void *ctx) {
    sys_mutex_unlock(&((det_lwip *)ctx)->outbox);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static const det_port lwip_port = {
    sizeof(det_port), NULL,
    lwip_now_ms,      lwip_utc_s,
    det__lwip_open,   det__lwip_send, det__lwip_recv, det__lwip_close,
    lwip_wait,        lwip_wake,
    NULL,             NULL, /* entropy, roots: the board's */
    lwip_lock,        lwip_unlock,
};

int det_lwip_init(det_lwip *net) {
    memset(net, 0, sizeof *net);
    net->port = lwip_port;
    net->port.ctx = net;
    net->utc_s = DET_UTC_UNKNOWN;
    sys_mutex_set_invalid(&net->outbox);
    net->wake_fd = lwip_socket(AF_INET, SOCK_DGRAM, 0);
    net->bell = net->wake_fd >= 0 ? tcpip_callbackmsg_new(ring, net) : NULL;
    if (net->bell && sys_mutex_new(&net->outbox) == ERR_OK) return DET_OK;
    det_lwip_free(net);
    return DET_E_IO;
}

/* A bell that is on its way is awaited: lwIP's thread would ring it in memory that is somebody else's. */
void det_lwip_free(det_lwip *net) {
    if (net->ringing) (void)lwip_wait(net, NULL, 0, 1000);
    if (net->bell) tcpip_callbackmsg_delete(net->bell);
    if (net->wake_fd >= 0) (void)lwip_close(net->wake_fd);
    if (sys_mutex_valid(&net->outbox)) sys_mutex_free(&net->outbox);
    net->bell = NULL;
    net->wake_fd = -1;
    sys_mutex_set_invalid(&net->outbox);
}
