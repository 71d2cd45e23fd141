/* SPDX-License-Identifier: Apache-2.0
 * The Windows port's connections. open() looks the name up once, copies the addresses into the caller's det_conn and tries
 * them in turn, each within its share of the budget. Every path that fails closes its socket; no call but the name lookup
 * blocks. Must not know what the bytes mean. */
#define _WIN32_WINNT 0x0600
#define WIN32_LEAN_AND_MEAN 1
#include <winsock2.h>
#include <ws2tcpip.h>

#include <string.h>

#include "det_winsock_int.h"

/* One address of the name, smaller than a sockaddr_in6. */
typedef struct address {
    uint32_t scope; /* of link-local IPv6 */
    uint32_t family;
    uint8_t ip[16];
} address;

enum { FRESH, TRYING, OPEN };

typedef struct state {
    uint32_t until_ms; /* the present address's share of the budget ends */
    int32_t error;     /* of WinSock: the failure worth telling so far */
    uint8_t phase, count, at;
} state;

#define ADDRS_MAX ((sizeof(((det_conn *)0)->mem) - sizeof(state)) / sizeof(address))

typedef struct memory {
    state c;
    address addr[ADDRS_MAX];
} memory;

typedef char det__winsock_conn_fits[sizeof(memory) <= sizeof(((det_conn *)0)->mem) && ADDRS_MAX >= 2 ? 1 : -1];

static memory *mem_of(det_conn *conn) {
    return (memory *)(void *)conn->mem;
}

static SOCKET sock_of(const det_conn *conn) {
    return (SOCKET)conn->handle;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static void add_addr(memory *m, const struct addrinfo *ai) {
    if (m->c.count == ADDRS_MAX) return;
    address *a = &m->addr[m->c.count];
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

/* A numeric address needs no resolver, nor does localhost, which is no name server's business (RFC 6761 6.3). */
static int look_up(det_conn *conn, const char *host) {
    int local = strcmp(host, "localhost") == 0;
    int r = ask(conn, local ? "127.0.0.1" : host, AI_NUMERICHOST);
    if (local) (void)ask(conn, "::1", AI_NUMERICHOST);
    if (r == EAI_NONAME) r = ask(conn, host, 0);
    conn->os_error = r;
    return r == 0 && mem_of(conn)->c.count ? DET_OK : DET_E_DNS;
}

static int socket_address(const address *a, uint16_t port, struct sockaddr_storage *out) {
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
    if (conn->handle != -1) (void)closesocket(sock_of(conn));
    conn->handle = -1;
}

static SOCKET new_socket(uint32_t family) {
    u_long on = 1;
    BOOL yes = TRUE;
    SOCKET s = socket((int)family, SOCK_STREAM, 0);
    if (s == INVALID_SOCKET) return s;
    if (ioctlsocket(s, (long)FIONBIO, &on) != 0) {
        (void)closesocket(s);
        return INVALID_SOCKET;
    }
    (void)SetHandleInformation((HANDLE)s, HANDLE_FLAG_INHERIT, 0);
    (void)setsockopt(s, IPPROTO_TCP, TCP_NODELAY, (const char *)&yes, sizeof yes);
    return s;
}

/* Note why an address failed. That a family is not to be had here says less than what another address answered. */
static void note(det_conn *conn, int error) {
    state *c = &mem_of(conn)->c;
    int dull = c->error == 0 || c->error == WSAENETUNREACH || c->error == WSAEAFNOSUPPORT || c->error == WSAEADDRNOTAVAIL;
    if (dull) c->error = error;
}

static int opened(det_conn *conn) {
    mem_of(conn)->c.phase = OPEN;
    conn->os_error = 0;
    conn->again_ms = 0;
    return DET_OK;
}

/* Begin with the address at c.at. DET_OK, DET_E_AGAIN, DET_E_CONNECT (try the next one) or DET_E_IO (none will do). */
static int try_address(det_conn *conn, uint16_t port, uint32_t budget_ms) {
    memory *m = mem_of(conn);
    struct sockaddr_storage sa;
    const address *a = &m->addr[m->c.at];
    int len = socket_address(a, port, &sa);
    uint32_t share = budget_ms / (uint32_t)(m->c.count - m->c.at);
    SOCKET s = new_socket(a->family);
    if (s == INVALID_SOCKET) {
        note(conn, WSAGetLastError());
        return WSAGetLastError() == WSAEAFNOSUPPORT ? DET_E_CONNECT : DET_E_IO;
    }
    conn->handle = (intptr_t)s;
    m->c.until_ms = det__winsock_now_ms(NULL) + share;
    conn->again_ms = share ? share : 1;
    if (connect(s, (const struct sockaddr *)(const void *)&sa, len) == 0) return opened(conn);
    if (WSAGetLastError() == WSAEWOULDBLOCK) return DET_E_AGAIN;
    note(conn, WSAGetLastError());
    return DET_E_CONNECT;
}

/* 1 connected, 0 not yet, or *error. A failed attempt is among select()'s errors, a successful one among its writable. */
static int outcome(SOCKET s, int *error) {
    fd_set done, failed;
    struct timeval now = {0, 0};
    int len = sizeof *error;
    done.fd_count = failed.fd_count = 1;
    done.fd_array[0] = failed.fd_array[0] = s;
    *error = 0;
    if (select(0, NULL, &done, &failed, &now) <= 0) return 0;
    if (getsockopt(s, SOL_SOCKET, SO_ERROR, (char *)error, &len) != 0) *error = WSAGetLastError();
    if (*error == 0 && failed.fd_count) *error = WSAECONNREFUSED;
    return *error == 0;
}

/* Has the attempt that is under way come to an end? */
static int check_address(det_conn *conn, uint32_t budget_ms) {
    int error;
    if (outcome(sock_of(conn), &error)) return opened(conn);
    uint32_t left = mem_of(conn)->c.until_ms - det__winsock_now_ms(NULL);
    if (!error && budget_ms && (int32_t)left > 0) {
        conn->again_ms = left;
        return DET_E_AGAIN;
    }
    note(conn, error ? error : WSAETIMEDOUT);
    return DET_E_CONNECT;
}

static int give_up(det_conn *conn, int code) {
    memory *m = mem_of(conn);
    drop_socket(conn);
    if (m->c.error) conn->os_error = m->c.error;
    if (code == DET_E_CONNECT && m->c.error == WSAETIMEDOUT) code = DET_E_TIMEOUT;
    memset(m, 0, sizeof *m);
    return code;
}

int det__winsock_open(void *ctx, det_conn *conn, const char *host, uint16_t port, uint32_t budget_ms) {
    memory *m = mem_of(conn);
    int code = DET_E_CONNECT;
    (void)ctx;
    if (m->c.phase == OPEN) return DET_OK;
    if (m->c.phase == FRESH) {
        uint32_t began = det__winsock_now_ms(NULL);
        conn->handle = -1;
        code = look_up(conn, host);
        if (code != DET_OK) return give_up(conn, code);
        uint32_t took = det__winsock_now_ms(NULL) - began;
        budget_ms = took < budget_ms ? budget_ms - took : 0;
        m->c.phase = TRYING;
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
    int error = WSAGetLastError();
    if (error == WSAEWOULDBLOCK) return DET_E_AGAIN;
    conn->os_error = error;
    switch (error) {
    case WSAESHUTDOWN: return DET_E_CLOSED;
    case WSAECONNRESET:
    case WSAECONNABORTED:
    case WSAENETRESET:
    case WSAETIMEDOUT:
    case WSAEHOSTUNREACH:
    case WSAENETUNREACH:
    case WSAENETDOWN: return DET_E_RESET;
    default: return DET_E_IO;
    }
}

int det__winsock_send(void *ctx, det_conn *conn, const void *data, size_t len) {
    (void)ctx;
    int n = send(sock_of(conn), (const char *)data, len > INT32_MAX ? INT32_MAX : (int)len, 0);
    return n >= 0 ? n : io_error(conn);
}

int det__winsock_recv(void *ctx, det_conn *conn, void *data, size_t cap) {
    (void)ctx;
    int n = recv(sock_of(conn), (char *)data, cap > INT32_MAX ? INT32_MAX : (int)cap, 0);
    if (n == 0) return DET_E_CLOSED;
    return n > 0 ? n : io_error(conn);
}

void det__winsock_close(void *ctx, det_conn *conn) {
    memory *m = mem_of(conn);
    (void)ctx;
    if (m->c.phase != FRESH) drop_socket(conn);
    memset(m, 0, sizeof *m);
    conn->handle = -1;
}
