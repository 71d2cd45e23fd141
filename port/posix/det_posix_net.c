/* SPDX-License-Identifier: Apache-2.0
 * The POSIX port's connections. open() looks the name up once, copies the addresses into the caller's det_conn and
 * tries them in turn, each within its share of the budget. Every path that fails closes its socket; no call but the
 * name lookup blocks. Must not know what the bytes mean. */
#define _DEFAULT_SOURCE 1
#define _DARWIN_C_SOURCE 1
#include "det_posix_int.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS: SO_NOSIGPIPE instead */
#endif

/* One address of the name, smaller than a sockaddr_in6. */
typedef struct posix_addr {
    uint32_t scope; /* of link-local IPv6 */
    uint32_t family;
    uint8_t ip[16];
} posix_addr;

enum { FRESH, TRYING, OPEN };

typedef struct posix_conn {
    int32_t fd;
    uint32_t until_ms; /* the present address's share of the budget ends */
    int32_t error;     /* errno of the failure worth telling so far */
    uint8_t state, count, at;
} posix_conn;

#define ADDRS_MAX ((sizeof(((det_conn *)0)->mem) - sizeof(posix_conn)) / sizeof(posix_addr))

typedef struct posix_mem {
    posix_conn c;
    posix_addr addr[ADDRS_MAX];
} posix_mem;

typedef char det__posix_conn_fits[sizeof(posix_mem) <= sizeof(((det_conn *)0)->mem) && ADDRS_MAX >= 2 ? 1 : -1];

static posix_mem *mem_of(det_conn *conn) {
    return (posix_mem *)(void *)conn->mem;
}

int det__posix_prepare_fd(int fd) {
    int fl = fcntl(fd, F_GETFL);
    if (fl < 0 || fcntl(fd, F_SETFL, fl | O_NONBLOCK) < 0) return -1;
    return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static void add_addr(posix_mem *m, const struct addrinfo *ai) {
    if (m->c.count == ADDRS_MAX) return;
    posix_addr *a = &m->addr[m->c.count];
    memset(a, 0, sizeof *a);
    a->family = (uint32_t)ai->ai_family;
    if (ai->ai_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, ai->ai_addr, sizeof in);
        memcpy(a->ip, &in.sin_addr, 4);
    } else if (ai->ai_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, ai->ai_addr, sizeof in6);
        memcpy(a->ip, &in6.sin6_addr, 16);
        a->scope = in6.sin6_scope_id;
    } else {
        return;
    }
    m->c.count++;
}

/* What getaddrinfo() says; what it found is added. */
static int ask(det_conn *conn, const char *host, int flags) {
    struct addrinfo hints, *list = NULL;
    memset(&hints, 0, sizeof hints);
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags;
    int r = getaddrinfo(host, NULL, &hints, &list);
    if (r != 0) return r;
    for (const struct addrinfo *ai = list; ai; ai = ai->ai_next) add_addr(mem_of(conn), ai);
    freeaddrinfo(list);
    return 0;
}

/* A numeric address needs no resolver: no files, no network, no waiting. Nor does localhost, which is loopback even
 * where no file says so and is no name server's business (RFC 6761 6.3). */
static int look_up(det_conn *conn, const char *host) {
    int local = strcmp(host, "localhost") == 0;
    int r = ask(conn, local ? "127.0.0.1" : host, AI_NUMERICHOST);
    if (local) (void)ask(conn, "::1", AI_NUMERICHOST);
    if (r == EAI_NONAME) r = ask(conn, host, 0);
    if (r != 0) {
        conn->os_error = r == EAI_SYSTEM ? errno : r;
        return DET_E_DNS;
    }
    return mem_of(conn)->c.count ? DET_OK : DET_E_DNS;
}

static socklen_t socket_address(const posix_addr *a, uint16_t port, struct sockaddr_storage *out) {
    memset(out, 0, sizeof *out);
    if (a->family == AF_INET) {
        struct sockaddr_in in;
        memset(&in, 0, sizeof in);
        in.sin_family = AF_INET;
        in.sin_port = htons(port);
        memcpy(&in.sin_addr, a->ip, 4);
        memcpy(out, &in, sizeof in);
        return sizeof in;
    }
    struct sockaddr_in6 in6;
    memset(&in6, 0, sizeof in6);
    in6.sin6_family = AF_INET6;
    in6.sin6_port = htons(port);
    in6.sin6_scope_id = a->scope;
    memcpy(&in6.sin6_addr, a->ip, 16);
    memcpy(out, &in6, sizeof in6);
    return sizeof in6;
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static void drop_socket(det_conn *conn) {
    posix_mem *m = mem_of(conn);
    if (m->c.fd >= 0) close(m->c.fd); /* not again after EINTR: the descriptor is gone, perhaps another thread's by now */
    m->c.fd = -1;
    conn->handle = -1;
}

static int new_socket(uint32_t family) {
    int one = 1;
#if defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC)
    int fd = socket((int)family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
#else
    int fd = socket((int)family, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    if (det__posix_prepare_fd(fd) != 0) {
        close(fd);
        return -1;
    }
#endif
#ifdef SO_NOSIGPIPE
    (void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one);
#endif
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

/* Note why an address failed. That a family is not to be had here says less than what another address answered. */
static void note(det_conn *conn, int error) {
    posix_conn *c = &mem_of(conn)->c;
    int dull = c->error == 0 || c->error == ENETUNREACH || c->error == EAFNOSUPPORT || c->error == EADDRNOTAVAIL;
    if (dull) c->error = error;
}

static int opened(det_conn *conn) {
    mem_of(conn)->c.state = OPEN;
    conn->os_error = 0;
    conn->again_ms = 0;
    return DET_OK;
}

/* Begin with the address at c.at. DET_OK, DET_E_AGAIN, DET_E_CONNECT (try the next one) or DET_E_IO (none will do). */
static int try_address(det_conn *conn, uint16_t port, uint32_t budget_ms) {
    posix_mem *m = mem_of(conn);
    struct sockaddr_storage sa;
    const posix_addr *a = &m->addr[m->c.at];
    socklen_t len = socket_address(a, port, &sa);
    uint32_t share = budget_ms / (uint32_t)(m->c.count - m->c.at);
    m->c.fd = new_socket(a->family);
    if (m->c.fd < 0) {
        note(conn, errno);
        return errno == EAFNOSUPPORT ? DET_E_CONNECT : DET_E_IO;
    }
    conn->handle = m->c.fd;
    m->c.until_ms = det__posix_now_ms(NULL) + share;
    conn->again_ms = share ? share : 1;
    if (connect(m->c.fd, (const struct sockaddr *)(const void *)&sa, len) == 0) return opened(conn);
    if (errno == EINPROGRESS || errno == EINTR) return DET_E_AGAIN; /* after EINTR it goes on in the background too */
    note(conn, errno);
    return DET_E_CONNECT;
}

/* Has the attempt that is under way come to an end? */
static int check_address(det_conn *conn, uint32_t budget_ms) {
    posix_conn *c = &mem_of(conn)->c;
    struct pollfd p = {c->fd, POLLOUT, 0};
    int error = 0;
    socklen_t len = sizeof error;
    if (poll(&p, 1, 0) > 0) {
        if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0) error = errno;
        if (error == 0) return opened(conn);
        note(conn, error);
        return DET_E_CONNECT;
    }
    uint32_t left = c->until_ms - det__posix_now_ms(NULL);
    if (budget_ms && (int32_t)left > 0) {
        conn->again_ms = left;
        return DET_E_AGAIN;
    }
    note(conn, ETIMEDOUT);
    return DET_E_CONNECT;
}

static int give_up(det_conn *conn, int code) {
    posix_mem *m = mem_of(conn);
    drop_socket(conn);
    if (m->c.error) conn->os_error = m->c.error;
    if (code == DET_E_CONNECT && m->c.error == ETIMEDOUT) code = DET_E_TIMEOUT;
    memset(m, 0, sizeof *m);
    return code;
}

int det__posix_open(void *ctx, det_conn *conn, const char *host, uint16_t port, uint32_t budget_ms) {
    posix_mem *m = mem_of(conn);
    int code = DET_E_CONNECT;
    (void)ctx;
    if (m->c.state == OPEN) return DET_OK;
    if (m->c.state == FRESH) {
        uint32_t began = det__posix_now_ms(NULL);
        m->c.fd = -1;
        conn->os_error = 0;
        code = look_up(conn, host);
        if (code != DET_OK) return give_up(conn, code);
        uint32_t took = det__posix_now_ms(NULL) - began;
        budget_ms = took < budget_ms ? budget_ms - took : 0;
        m->c.state = TRYING;
        code = try_address(conn, port, budget_ms);
    } else {
        code = check_address(conn, budget_ms);
    }
    while (code == DET_E_CONNECT && ++m->c.at < m->c.count) {
        drop_socket(conn);
        if (budget_ms == 0) break;
        code = try_address(conn, port, budget_ms);
    }
    return code == DET_OK || code == DET_E_AGAIN ? code : give_up(conn, code);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static int io_error(det_conn *conn) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return DET_E_AGAIN;
    conn->os_error = errno;
    switch (errno) {
    case EPIPE: return DET_E_CLOSED;
    case ECONNRESET:
    case ECONNABORTED:
    case ETIMEDOUT:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case ENETDOWN: return DET_E_RESET;
    default: return DET_E_IO;
    }
}

int det__posix_send(void *ctx, det_conn *conn, const void *data, size_t len) {
    (void)ctx;
    ssize_t n;
    if (len > INT32_MAX) len = INT32_MAX;
    do n = send(mem_of(conn)->c.fd, data, len, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n >= 0 ? (int)n : io_error(conn);
}

int det__posix_recv(void *ctx, det_conn *conn, void *data, size_t cap) {
    (void)ctx;
    ssize_t n;
    if (cap > INT32_MAX) cap = INT32_MAX;
    do n = recv(mem_of(conn)->c.fd, data, cap, 0);
    while (n < 0 && errno == EINTR);
    if (n == 0) return DET_E_CLOSED;
    return n > 0 ? (int)n : io_error(conn);
}

void det__posix_close(void *ctx, det_conn *conn) {
    posix_mem *m = mem_of(conn);
    (void)ctx;
    if (m->c.state == OPEN) (void)shutdown(m->c.fd, SHUT_RDWR); /* a child of fork() may hold the socket too */
    if (m->c.state != FRESH) drop_socket(conn);
    memset(m, 0, sizeof *m);
    conn->handle = -1;
}
