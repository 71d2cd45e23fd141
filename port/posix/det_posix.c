/* SPDX-License-Identifier: Apache-2.0
 * The POSIX port: clocks, waiting, waking, randomness and the functions table. Connections are in det_posix_net.c,
 * files in det_posix_file.c. No state but the wake pipe, which the caller owns. Must not know HTTP, TLS or the session. */
#define _DEFAULT_SOURCE 1
#define _DARWIN_C_SOURCE 1
#include "det_posix_int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#if defined(__linux__) || defined(__APPLE__)
#include <sys/random.h> /* getentropy; the BSDs have it in unistd.h */
#endif

#define YEAR_2024 1704067200 /* a clock that says less was never set */

uint32_t det__posix_now_ms(void *ctx) {
    (void)ctx;
    struct timespec ts = {0, 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint32_t)ts.tv_sec * 1000u + (uint32_t)(ts.tv_nsec / 1000000);
}

static int64_t posix_utc_s(void *ctx) {
    (void)ctx;
    time_t t = time(NULL);
    return t < (time_t)YEAR_2024 ? DET_UTC_UNKNOWN : (int64_t)t;
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static short poll_events(int events) {
    int e = 0;
    if (events & DET_WANT_READ) e |= POLLIN;
    if (events & DET_WANT_WRITE) e |= POLLOUT;
    return (short)e;
}

static void drain(int fd) {
    char b[64];
    while (read(fd, b, sizeof b) == (ssize_t)sizeof b) {
    }
}

/* One poll(). An interrupted one is an early return, which is harmless. */
static int posix_wait(void *ctx, const det_wait *w, size_t n, uint32_t timeout_ms) {
    const det_posix *p = (const det_posix *)ctx;
    struct pollfd fd[DET_POSIX_WAIT_MAX + 1];
    if (n > DET_POSIX_WAIT_MAX) return DET_E_ARG;
    for (size_t i = 0; i < n; i++) {
        fd[i].fd = (int)w[i].handle; /* poll passes over -1 */
        fd[i].events = poll_events(w[i].events);
        fd[i].revents = 0;
    }
    fd[n].fd = p ? p->wake_fd[0] : -1;
    fd[n].events = POLLIN;
    fd[n].revents = 0;
    int r = poll(fd, (nfds_t)n + 1, timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms);
    if (r < 0) return errno == EINTR || errno == EAGAIN ? DET_OK : DET_E_IO;
    if (fd[n].revents) drain(fd[n].fd);
    for (size_t i = 0; i < n; i++)
        if (fd[i].revents & POLLNVAL) return DET_E_IO; /* a closed descriptor would make the caller spin */
    return DET_OK;
}

/* Async-signal-safe. A full pipe wakes as well as one byte more. */
static void posix_wake(void *ctx) {
    const det_posix *p = (const det_posix *)ctx;
    int saved = errno;
    ssize_t n;
    do n = write(p->wake_fd[1], "", 1);
    while (n < 0 && errno == EINTR);
    errno = saved;
}

/* ---- randomness -------------------------------------------------------------------------------------------------- */

static int read_urandom(uint8_t *out, size_t len) {
    int fd = det__posix_open_file("/dev/urandom");
    if (fd < 0) return DET_E_ENTROPY;
    while (len) {
        ssize_t n = read(fd, out, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        out += n;
        len -= (size_t)n;
    }
    close(fd);
    return len ? DET_E_ENTROPY : DET_OK;
}

static int posix_entropy(void *ctx, void *data, size_t len) {
    uint8_t *out = (uint8_t *)data;
    (void)ctx;
    while (len) {
        size_t n = len < 256 ? len : 256; /* getentropy's limit */
#ifdef _DEFAULT_SOURCE
        if (getentropy(out, n) != 0) return read_urandom(out, len);
#else /* POSIX has it from 2024 on */
        if (read_urandom(out, n) != DET_OK) return DET_E_ENTROPY;
#endif
        out += n;
        len -= n;
    }
    return DET_OK;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static const det_port plain_port = {
    sizeof(det_port), NULL,
    det__posix_now_ms, posix_utc_s,
    det__posix_open,   det__posix_send, det__posix_recv, det__posix_close,
    posix_wait,        NULL,
    posix_entropy,     det__posix_roots,
    NULL,              NULL, /* lock, unlock: the worker's (det_worker.h) */
};

const det_port *det_posix_port(void) {
    return &plain_port;
}

int det_posix_init(det_posix *p) {
    p->port = plain_port;
    p->port.ctx = p;
    p->port.wake = posix_wake;
    if (pipe(p->wake_fd) != 0) {
        p->wake_fd[0] = p->wake_fd[1] = -1;
        return DET_E_IO;
    }
    if (det__posix_prepare_fd(p->wake_fd[0]) == 0 && det__posix_prepare_fd(p->wake_fd[1]) == 0) return DET_OK;
    det_posix_free(p);
    return DET_E_IO;
}

void det_posix_free(det_posix *p) {
    for (int i = 0; i < 2; i++) {
        if (p->wake_fd[i] >= 0) close(p->wake_fd[i]);
        p->wake_fd[i] = -1;
    }
}
