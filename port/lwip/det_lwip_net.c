/* SPDX-License-Identifier: Apache-2.0
 * The lwIP port's connections, by lwIP's sockets under the names they always have (lwip_…), so that they may live beside a
 * system's own. lwIP's DNS gives one address of a family: open() tries IPv4's, and asks for IPv6's when that has failed, each
 * within its share of the budget. Every path that fails closes its socket; no call but the name lookup blocks. */
#include "det_lwip_int.h"

#include <lwip/api.h>
#include <lwip/errno.h>
#include <lwip/sockets.h>

#include <limits.h>
#include <string.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

enum { FRESH, TRYING, OPEN };

typedef struct lwip_mem {
    int32_t fd;
    uint32_t until_ms; /* the present address's share of the budget ends */
    int16_t error;     /* errno of the last address that failed */
    uint8_t state;
    uint8_t next; /* family, of those that lwIP was built with */
} lwip_mem;

typedef char det__lwip_conn_fits[sizeof(lwip_mem) <= sizeof(((det_conn *)0)->mem) ? 1 : -1];

static lwip_mem *mem_of(det_conn *conn) {
    return (lwip_mem *)(void *)conn->mem;
}

static uint32_t now_ms(void *ctx) {
    return ((const det_lwip *)ctx)->port.now_ms(ctx);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

enum { FAMILIES = LWIP_IPV4 + LWIP_IPV6 };

/* The address in the n-th family that lwIP was built with. */
static err_t look_up(const char *host, uint8_t n, ip_addr_t *ip) {
    (void)host, (void)n, (void)ip;
#if !LWIP_DNS
    return ERR_ARG;
#elif LWIP_IPV4 && LWIP_IPV6
    return netconn_gethostbyname_addrtype(host, ip, n == 0 ? NETCONN_DNS_IPV4 : NETCONN_DNS_IPV6);
#else
    return netconn_gethostbyname(host, ip);
#endif
}

static socklen_t socket_address(const ip_addr_t *ip, uint16_t port, struct sockaddr_storage *out) {
    memset(out, 0, sizeof *out);
#if LWIP_IPV6
    if (IP_IS_V6(ip)) {
        struct sockaddr_in6 in6;
        memset(&in6, 0, sizeof in6);
        in6.sin6_len = sizeof in6;
        in6.sin6_family = AF_INET6;
        in6.sin6_port = lwip_htons(port);
        inet6_addr_from_ip6addr(&in6.sin6_addr, ip_2_ip6(ip));
        in6.sin6_scope_id = ip6_addr_zone(ip_2_ip6(ip));
        memcpy(out, &in6, sizeof in6);
        return sizeof in6;
    }
#endif
#if LWIP_IPV4
    struct sockaddr_in in;
    memset(&in, 0, sizeof in);
    in.sin_len = sizeof in;
    in.sin_family = AF_INET;
    in.sin_port = lwip_htons(port);
    inet_addr_from_ip4addr(&in.sin_addr, ip_2_ip4(ip));
    memcpy(out, &in, sizeof in);
    return sizeof in;
#else
    return 0;
#endif
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static void drop_socket(det_conn *conn) {
    lwip_mem *m = mem_of(conn);
    if (m->fd >= 0) (void)lwip_close(m->fd);
    m->fd = -1;
    conn->handle = -1;
}

static int new_socket(const ip_addr_t *ip) {
    (void)ip;
    int one = 1, fd = lwip_socket(IP_IS_V6(ip) ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    (void)lwip_fcntl(fd, F_SETFL, O_NONBLOCK);
    (void)lwip_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static int opened(det_conn *conn) {
    mem_of(conn)->state = OPEN;
    conn->os_error = 0;
    conn->again_ms = 0;
    return DET_OK;
}

static int failed(det_conn *conn, int code, int error) {
    mem_of(conn)->error = (int16_t)error;
    return code;
}

/* DET_OK, DET_E_AGAIN, DET_E_CONNECT (try the next one) or DET_E_IO (none will do). */
static int start(det_conn *conn, const ip_addr_t *ip, uint16_t port) {
    lwip_mem *m = mem_of(conn);
    struct sockaddr_storage sa;
    socklen_t len = socket_address(ip, port, &sa);
    m->fd = new_socket(ip);
    conn->handle = m->fd;
    if (m->fd < 0) return failed(conn, DET_E_IO, errno);
    if (lwip_connect(m->fd, (const struct sockaddr *)(const void *)&sa, len) == 0) return opened(conn);
    return errno == EINPROGRESS ? DET_E_AGAIN : failed(conn, DET_E_CONNECT, errno);
}

/* Begin with the next family: as start(), or DET_E_DNS. A numeric address is the only one. */
static int try_next(void *ctx, det_conn *conn, const char *host, uint16_t port, uint32_t end_ms) {
    lwip_mem *m = mem_of(conn);
    ip_addr_t ip;
    uint8_t family = m->next++;
    int numeric = ipaddr_aton(host, &ip);
    if (numeric) m->next = FAMILIES;
    err_t err = numeric ? ERR_OK : look_up(host, family, &ip);
    if (err != ERR_OK) return failed(conn, DET_E_DNS, err_to_errno(err));
    int32_t left = (int32_t)(end_ms - now_ms(ctx));
    if (left <= 0) return failed(conn, DET_E_TIMEOUT, ETIMEDOUT);
    conn->again_ms = (uint32_t)left / (uint32_t)(FAMILIES - m->next + 1) + 1;
    m->until_ms = now_ms(ctx) + conn->again_ms;
    return start(conn, &ip, port);
}

/* Has the attempt that is under way come to an end? */
static int check(void *ctx, det_conn *conn, uint32_t budget_ms) {
    lwip_mem *m = mem_of(conn);
    struct pollfd p;
    int error = 0;
    socklen_t len = sizeof error;
    p.fd = m->fd;
    p.events = POLLOUT;
    p.revents = 0;
    if (lwip_poll(&p, 1, 0) > 0) {
        if (lwip_getsockopt(m->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) error = errno;
        return error ? failed(conn, DET_E_CONNECT, error) : opened(conn);
    }
    uint32_t left = m->until_ms - now_ms(ctx);
    if (budget_ms == 0 || (int32_t)left <= 0) return failed(conn, DET_E_TIMEOUT, ETIMEDOUT);
    conn->again_ms = left;
    return DET_E_AGAIN;
}

static int give_up(det_conn *conn, int code) {
    lwip_mem *m = mem_of(conn);
    drop_socket(conn);
    if (m->error) conn->os_error = m->error;
    memset(m, 0, sizeof *m);
    return code;
}

/* That a name has no IPv6 address says less than what its IPv4 address answered. */
int det__lwip_open(void *ctx, det_conn *conn, const char *host, uint16_t port, uint32_t budget_ms) {
    lwip_mem *m = mem_of(conn);
    uint32_t end_ms = now_ms(ctx) + budget_ms;
    int code = DET_E_DNS;
    if (m->state == OPEN) return DET_OK;
    if (m->state == TRYING) {
        code = check(ctx, conn, budget_ms);
    } else {
        m->fd = -1;
        m->state = TRYING;
    }
    while ((code == DET_E_CONNECT || code == DET_E_TIMEOUT || code == DET_E_DNS) && m->next < FAMILIES) {
        int before = code, error = m->error;
        drop_socket(conn);
        code = try_next(ctx, conn, host, port, end_ms);
        if (code == DET_E_DNS && before != DET_E_DNS) code = failed(conn, before, error);
    }
    return code == DET_OK || code == DET_E_AGAIN ? code : give_up(conn, code);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static int io_error(det_conn *conn) {
    if (errno == EWOULDBLOCK || errno == EAGAIN) return DET_E_AGAIN;
    conn->os_error = errno;
    switch (errno) {
    case ENOTCONN: return DET_E_CLOSED; /* ended by both sides, or told before */
    case ECONNRESET:
    case ECONNABORTED: /* given up after unanswered repetitions, or its memory was needed elsewhere */
    case ETIMEDOUT:
    case EHOSTUNREACH: return DET_E_RESET;
    default: return DET_E_IO;
    }
}

int det__lwip_send(void *ctx, det_conn *conn, const void *data, size_t len) {
    (void)ctx;
    if (len > INT_MAX) len = INT_MAX;
    int n = (int)lwip_send(mem_of(conn)->fd, data, len, MSG_NOSIGNAL);
    if (n == 0) return DET_E_AGAIN;
    return n > 0 ? n : io_error(conn);
}

int det__lwip_recv(void *ctx, det_conn *conn, void *data, size_t cap) {
    (void)ctx;
    if (cap > INT_MAX) cap = INT_MAX;
    int n = (int)lwip_recv(mem_of(conn)->fd, data, cap, 0);
    if (n == 0) return DET_E_CLOSED;
    return n > 0 ? n : io_error(conn);
}

void det__lwip_close(void *ctx, det_conn *conn) {
    lwip_mem *m = mem_of(conn);
    (void)ctx;
    if (m->state != FRESH) drop_socket(conn);
    memset(m, 0, sizeof *m);
    conn->handle = -1;
}
