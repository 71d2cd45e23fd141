/* SPDX-License-Identifier: Apache-2.0
 * The Zephyr port: clocks, connections over zsock_…, waiting. open() looks the name up once and tries its addresses in turn,
 * each within its share of the budget. Every path that fails closes its socket. Must not know HTTP, TLS or the session. */
#include "det_zephyr.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <zephyr/net/socket.h>
#include <zephyr/random/random.h>
#ifdef CONFIG_ZVFS
#include <zephyr/sys/fdtable.h>
#endif

#ifdef ZVFS_O_NONBLOCK /* since Zephyr 3.7 */
#define SET_FLAGS ZVFS_F_SETFL
#define NONBLOCK ZVFS_O_NONBLOCK
#else
#include <fcntl.h>
#define SET_FLAGS F_SETFL
#define NONBLOCK O_NONBLOCK
#endif

/* ---- clocks, lock, randomness ------------------------------------------------------------------------------------ */

static uint32_t zephyr_now_ms(void *ctx) {
    (void)ctx;
    return (uint32_t)k_uptime_get();
}

static void zephyr_lock(void *ctx) {
    (void)k_mutex_lock(&((det_zephyr *)ctx)->outbox, K_FOREVER);
}

static void zephyr_unlock(void *ctx) {
    (void)k_mutex_unlock(&((det_zephyr *)ctx)->outbox);
}

static int64_t zephyr_utc_s(void *ctx) {
    det_zephyr *z = (det_zephyr *)ctx;
    zephyr_lock(z);
    int64_t utc = z->utc_s == DET_UTC_UNKNOWN ? z->utc_s : z->utc_s + (k_uptime_get() - z->uptime_ms) / 1000;
    zephyr_unlock(z);
    return utc;
}

void det_zephyr_set_utc(det_zephyr *z, int64_t seconds) {
    zephyr_lock(z);
    z->utc_s = seconds;
    z->uptime_ms = k_uptime_get();
    zephyr_unlock(z);
}

static int zephyr_entropy(void *ctx, void *data, size_t len) {
    (void)ctx;
    return sys_csrand_get(data, len) == 0 ? DET_OK : DET_E_ENTROPY;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

enum { FRESH, TRYING, OPEN };

typedef union zephyr_addr {
    struct sockaddr_in in;
#ifdef CONFIG_NET_IPV6
    struct sockaddr_in6 in6;
#endif
} zephyr_addr;

typedef struct zephyr_conn {
    int32_t fd;
    uint32_t until_ms; /* the present address's share of the budget ends */
    int32_t error;     /* errno of the last address that failed */
    uint8_t state, count, at;
} zephyr_conn;

#define ADDRS_MAX ((sizeof(((det_conn *)0)->mem) - sizeof(zephyr_conn)) / sizeof(zephyr_addr))

typedef struct zephyr_mem {
    zephyr_conn c;
    zephyr_addr addr[ADDRS_MAX];
} zephyr_mem;

typedef char det__zephyr_conn_fits[sizeof(zephyr_mem) <= sizeof(((det_conn *)0)->mem) && ADDRS_MAX >= 1 ? 1 : -1];

static zephyr_mem *mem_of(det_conn *conn) {
    return (zephyr_mem *)(void *)conn->mem;
}

static int look_up(det_conn *conn, const char *host, uint16_t port) {
    zephyr_mem *m = mem_of(conn);
    struct zsock_addrinfo hints, *list = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    int r = zsock_getaddrinfo(host, NULL, &hints, &list);
    if (r != 0) {
        conn->os_error = r;
        return DET_E_DNS;
    }
    for (const struct zsock_addrinfo *ai = list; ai && m->c.count < ADDRS_MAX; ai = ai->ai_next) {
        if (ai->ai_addrlen > sizeof m->addr[0]) continue;
        memcpy(&m->addr[m->c.count], ai->ai_addr, ai->ai_addrlen);
        m->addr[m->c.count++].in.sin_port = htons(port); /* in the same place for IPv6 */
    }
    zsock_freeaddrinfo(list);
    return m->c.count ? DET_OK : DET_E_DNS;
}

static void drop_socket(det_conn *conn) {
    zephyr_mem *m = mem_of(conn);
    if (m->c.fd >= 0) (void)zsock_close(m->c.fd);
    m->c.fd = -1;
    conn->handle = -1;
}

static int opened(det_conn *conn) {
    mem_of(conn)->c.state = OPEN;
    conn->os_error = 0;
    conn->again_ms = 0;
    return DET_OK;
}

static int failed(det_conn *conn, int code, int error) {
    mem_of(conn)->c.error = error;
    return code;
}

/* Begin with the address at c.at. DET_OK, DET_E_AGAIN, DET_E_CONNECT (try the next one) or DET_E_IO (none will do). */
static int try_address(det_conn *conn, uint32_t budget_ms) {
    zephyr_mem *m = mem_of(conn);
    const zephyr_addr *a = &m->addr[m->c.at];
    int one = 1;
    m->c.fd = zsock_socket(a->in.sin_family, SOCK_STREAM, IPPROTO_TCP);
    if (m->c.fd < 0) return failed(conn, DET_E_IO, errno);
    conn->handle = m->c.fd;
    conn->again_ms = budget_ms / (uint32_t)(m->c.count - m->c.at) + 1;
    m->c.until_ms = zephyr_now_ms(NULL) + conn->again_ms;
    (void)zsock_setsockopt(m->c.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (zsock_fcntl(m->c.fd, SET_FLAGS, NONBLOCK) != 0) return failed(conn, DET_E_IO, errno);
    if (zsock_connect(m->c.fd, (const struct sockaddr *)(const void *)a, a->in.sin_family == AF_INET ? sizeof a->in : sizeof *a) == 0) return opened(conn);
    return errno == EINPROGRESS ? DET_E_AGAIN : failed(conn, DET_E_CONNECT, errno);
}

/* Has the attempt that is under way come to an end? */
static int check_address(det_conn *conn, uint32_t budget_ms) {
    zephyr_conn *c = &mem_of(conn)->c;
    struct zsock_pollfd p;
    int error = 0;
    socklen_t len = sizeof error;
    p.fd = c->fd;
    p.events = ZSOCK_POLLOUT;
    p.revents = 0;
    if (zsock_poll(&p, 1, 0) > 0) {
        if (zsock_getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) error = errno;
        return error ? failed(conn, DET_E_CONNECT, error) : opened(conn);
    }
    uint32_t left = c->until_ms - zephyr_now_ms(NULL);
    if (budget_ms == 0 || (int32_t)left <= 0) return failed(conn, DET_E_CONNECT, ETIMEDOUT);
    conn->again_ms = left;
    return DET_E_AGAIN;
}

static int give_up(det_conn *conn, int code) {
    zephyr_mem *m = mem_of(conn);
    drop_socket(conn);
    if (m->c.error) conn->os_error = m->c.error;
    if (code == DET_E_CONNECT && m->c.error == ETIMEDOUT) code = DET_E_TIMEOUT;
    memset(m, 0, sizeof *m);
    return code;
}

static int zephyr_open(void *ctx, det_conn *conn, const char *host, uint16_t port, uint32_t budget_ms) {
    zephyr_mem *m = mem_of(conn);
    int code = DET_E_CONNECT;
    (void)ctx;
    if (m->c.state == OPEN) return DET_OK;
    if (m->c.state == FRESH) {
        uint32_t began = zephyr_now_ms(NULL);
        m->c.fd = -1;
        code = look_up(conn, host, port);
        if (code != DET_OK) return give_up(conn, code);
        uint32_t took = zephyr_now_ms(NULL) - began;
        budget_ms = took < budget_ms ? budget_ms - took : 0;
        m->c.state = TRYING;
        code = try_address(conn, budget_ms);
    } else {
        code = check_address(conn, budget_ms);
    }
    while (code == DET_E_CONNECT && ++m->c.at < m->c.count) {
        drop_socket(conn);
        if (budget_ms == 0) break;
        code = try_address(conn, budget_ms);
    }
    return code == DET_OK || code == DET_E_AGAIN ? code : give_up(conn, code);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static int io_error(det_conn *conn) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return DET_E_AGAIN;
    conn->os_error = errno;
    switch (errno) {
    case EPIPE:
    case ENOTCONN: return DET_E_CLOSED;
    case ECONNRESET:
    case ECONNABORTED:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN: return DET_E_RESET;
    default: return DET_E_IO;
    }
}

static int zephyr_send(void *ctx, det_conn *conn, const void *data, size_t len) {
    (void)ctx;
    int n = (int)zsock_send(mem_of(conn)->c.fd, data, len > INT_MAX ? INT_MAX : len, ZSOCK_MSG_DONTWAIT);
    if (n == 0) return DET_E_AGAIN;
    return n > 0 ? n : io_error(conn);
}

static int zephyr_recv(void *ctx, det_conn *conn, void *data, size_t cap) {
    (void)ctx;
    int n = (int)zsock_recv(mem_of(conn)->c.fd, data, cap > INT_MAX ? INT_MAX : cap, ZSOCK_MSG_DONTWAIT);
    if (n == 0) return DET_E_CLOSED;
    return n > 0 ? n : io_error(conn);
}

static void zephyr_close(void *ctx, det_conn *conn) {
    zephyr_mem *m = mem_of(conn);
    (void)ctx;
    if (m->c.state != FRESH) drop_socket(conn);
    memset(m, 0, sizeof *m);
    conn->handle = -1;
}

static int zephyr_wait(void *ctx, const det_wait *w, size_t n, uint32_t timeout_ms) {
    struct zsock_pollfd fd[DET_ZEPHYR_WAIT_MAX];
    (void)ctx;
    if (n > DET_ZEPHYR_WAIT_MAX) return DET_E_ARG;
    memset(fd, 0, sizeof fd);
    for (size_t i = 0; i < n; i++) {
        fd[i].fd = (int)w[i].handle; /* poll passes over -1 */
        if (w[i].events & DET_WANT_READ) fd[i].events = (short)(fd[i].events | ZSOCK_POLLIN);
        if (w[i].events & DET_WANT_WRITE) fd[i].events = (short)(fd[i].events | ZSOCK_POLLOUT);
    }
    if (zsock_poll(fd, (int)n, timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms) < 0) return DET_E_IO;
    for (size_t i = 0; i < n; i++)
        if (fd[i].revents & ZSOCK_POLLNVAL) return DET_E_IO; /* a closed socket would make the caller spin */
    return DET_OK;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static const det_port zephyr_port = {
    sizeof(det_port), NULL,        zephyr_now_ms, zephyr_utc_s,   zephyr_open, zephyr_send, zephyr_recv,
    zephyr_close,     zephyr_wait, NULL, /* wake */ zephyr_entropy, NULL, /* roots */ zephyr_lock, zephyr_unlock,
};

void det_zephyr_init(det_zephyr *z) {
    memset(z, 0, sizeof *z);
    z->port = zephyr_port;
    z->port.ctx = z;
    z->utc_s = DET_UTC_UNKNOWN;
    (void)k_mutex_init(&z->outbox);
}
