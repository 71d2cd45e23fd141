/* SPDX-License-Identifier: Apache-2.0
 * The Windows port: clocks, waiting, waking, randomness and the functions table. Connections are in det_winsock_net.c, the
 * trusted roots in det_winsock_roots.c. No state but the wake socket, which the caller owns. Must not know HTTP, TLS or the
 * session. */
#define _WIN32_WINNT 0x0600
#define WIN32_LEAN_AND_MEAN 1
#define FD_SETSIZE 64
#include <winsock2.h>
#include <windows.h>
#include <ws2tcpip.h>
/* after windows.h */
#include <bcrypt.h>

#include "det_winsock_int.h"

#define EPOCH_1601_S INT64_C(11644473600) /* from 1601, where Windows counts from, to 1970 */
#define YEAR_2024 INT64_C(1704067200)     /* a clock that says less was never set */

/* Wraps at 2^32 as the port's does, and goes on during sleep. */
uint32_t det__winsock_now_ms(void *ctx) {
    (void)ctx;
    return GetTickCount();
}

static int64_t winsock_utc_s(void *ctx) {
    FILETIME t;
    (void)ctx;
    GetSystemTimeAsFileTime(&t);
    int64_t s = (int64_t)(((uint64_t)t.dwHighDateTime << 32 | t.dwLowDateTime) / 10000000u) - EPOCH_1601_S;
    return s < YEAR_2024 ? DET_UTC_UNKNOWN : s;
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

typedef struct sets {
    fd_set read, write, error; /* an attempt to connect that fails is an error to select(), and ready to the port */
} sets;

static void put(fd_set *set, SOCKET s) {
    set->fd_array[set->fd_count++] = s;
}

static void add(sets *to, intptr_t handle, int events) {
    SOCKET s = (SOCKET)handle;
    if (handle == -1 || !events) return;
    if (events & DET_WANT_READ) put(&to->read, s);
    if (events & DET_WANT_WRITE) put(&to->write, s);
    if (events & DET_WANT_WRITE) put(&to->error, s);
}

static void drain(SOCKET s) {
    char b[64];
    while (recv(s, b, sizeof b, 0) > 0) {
    }
}

static int winsock_wait(void *ctx, const det_wait *w, size_t n, uint32_t timeout_ms) {
    det_winsock *p = (det_winsock *)ctx;
    struct timeval t;
    sets s;
    if (n > DET_WINSOCK_WAIT_MAX) return DET_E_ARG;
    s.read.fd_count = s.write.fd_count = s.error.fd_count = 0;
    add(&s, p->wake_sock, DET_WANT_READ); /* first, so select() is never without a socket, which is an error to it */
    for (size_t i = 0; i < n; i++) add(&s, w[i].handle, w[i].events);
    if (timeout_ms > INT32_MAX) timeout_ms = INT32_MAX;
    t.tv_sec = (long)(timeout_ms / 1000);
    t.tv_usec = (long)(timeout_ms % 1000) * 1000;
    if (select(0, &s.read, &s.write, &s.error, &t) == SOCKET_ERROR) return DET_E_IO;
    if (p->woken) {
        drain((SOCKET)p->wake_sock);
        (void)InterlockedExchange(&p->woken, 0); /* in this order: a wake in between is one of this wait's */
    }
    return DET_OK;
}

/* A datagram to itself, one at a time. */
static void winsock_wake(void *ctx) {
    det_winsock *p = (det_winsock *)ctx;
    if (InterlockedExchange(&p->woken, 1)) return;
    int saved = WSAGetLastError();
    (void)send((SOCKET)p->wake_sock, "", 1, 0);
    WSASetLastError(saved);
}

/* Connected to itself, it takes no datagrams of others. */
static int open_wake(det_winsock *p) {
    struct sockaddr_in a;
    int len = sizeof a;
    u_long on = 1;
    SOCKET s = socket(AF_INET, SOCK_DGRAM, 0);
    if (s == INVALID_SOCKET) return DET_E_IO;
    p->wake_sock = (intptr_t)s;
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(s, (const struct sockaddr *)&a, len) != 0 || getsockname(s, (struct sockaddr *)&a, &len) != 0) return DET_E_IO;
    if (connect(s, (const struct sockaddr *)&a, len) != 0 || ioctlsocket(s, (long)FIONBIO, &on) != 0) return DET_E_IO;
    return DET_OK;
}

/* ---- randomness -------------------------------------------------------------------------------------------------- */

static int winsock_entropy(void *ctx, void *data, size_t len) {
    (void)ctx;
    if (len > INT32_MAX) return DET_E_ENTROPY;
    return BCryptGenRandom(NULL, (PUCHAR)data, (ULONG)len, BCRYPT_USE_SYSTEM_PREFERRED_RNG) == 0 ? DET_OK : DET_E_ENTROPY;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static const det_port plain_port = {
    sizeof(det_port), NULL,
    det__winsock_now_ms, winsock_utc_s,
    det__winsock_open,   det__winsock_send, det__winsock_recv, det__winsock_close,
    winsock_wait,        winsock_wake,
    winsock_entropy,     det__winsock_roots,
    NULL,                NULL, /* lock, unlock: one thread at a time */
};

int det_winsock_init(det_winsock *p) {
    WSADATA data;
    p->port = plain_port;
    p->port.ctx = p;
    p->wake_sock = -1;
    p->woken = 0;
    p->started = WSAStartup(MAKEWORD(2, 2), &data) == 0;
    if (p->started && open_wake(p) == DET_OK) return DET_OK;
    det_winsock_free(p);
    return DET_E_IO;
}

void det_winsock_free(det_winsock *p) {
    if (p->wake_sock != -1) (void)closesocket((SOCKET)p->wake_sock);
    p->wake_sock = -1;
    if (p->started) (void)WSACleanup();
    p->started = 0;
}
