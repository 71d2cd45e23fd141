/* SPDX-License-Identifier: Apache-2.0
 * Ports that break one promise each: the POSIX port with one function changed, chosen by the environment variable MUTANT. The
 * conformance test has to catch each by the promise named here. MUTANT=list prints them: name, promise, what to run. */
#define _GNU_SOURCE 1
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "conformance.h"
#include "det_posix.h"

static det_posix px;
static det_port good; /* the POSIX port as it is */
static det_port bad;

static void sleep_ms(long ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* ---- clocks ------------------------------------------------------------------------------------------------------ */

static uint32_t clock_still(void *ctx) {
    (void)ctx;
    return 12345;
}
static uint32_t clock_back(void *ctx) {
    static unsigned calls;
    return good.now_ms(ctx) - (++calls % 1000 == 0 ? 5 : 0);
}
static uint32_t clock_twice(void *ctx) {
    return good.now_ms(ctx) * 2;
}
static int64_t utc_ms(void *ctx) {
    return good.utc_s(ctx) * 1000;
}
static int64_t utc_zero(void *ctx) {
    (void)ctx;
    return 0; /* a clock that was never set */
}

/* ---- open -------------------------------------------------------------------------------------------------------- */

#define OPEN(name) static int name(void *ctx, det_conn *c, const char *host, uint16_t port, uint32_t ms)

OPEN(open_once) {
    static intptr_t open_one = -1;
    if (c->handle != -1 && c->handle == open_one) return DET_E_CONNECT;
    int rc = good.open(ctx, c, host, port, ms);
    if (rc == DET_OK) open_one = c->handle;
    return rc;
}
OPEN(open_numeric) {
    if (host[0] > '9') {
        c->os_error = 1;
        return DET_E_DNS;
    }
    return good.open(ctx, c, host, port, ms);
}
OPEN(open_single) {
    static int last = -1;
    int rc = good.open(ctx, c, host, port, ms);
    if (rc == DET_OK && last >= 0 && last != (int)c->handle) (void)shutdown(last, SHUT_RDWR);
    if (rc == DET_OK) last = (int)c->handle;
    return rc;
}
static int swapped(int rc, int from, int to) {
    return rc == from ? to : rc;
}
OPEN(open_refused_io) {
    return swapped(good.open(ctx, c, host, port, ms), DET_E_CONNECT, DET_E_IO);
}
OPEN(open_unknown_connect) {
    return swapped(good.open(ctx, c, host, port, ms), DET_E_DNS, DET_E_CONNECT);
}
OPEN(open_silent_connect) {
    return swapped(good.open(ctx, c, host, port, ms), DET_E_TIMEOUT, DET_E_CONNECT);
}
OPEN(open_silent_late) {
    return good.open(ctx, c, host, port, ms + 1500);
}
OPEN(open_dirty) {
    int rc = good.open(ctx, c, host, port, ms);
    if (rc == DET_E_CONNECT) c->mem[5] = 1;
    return rc;
}
OPEN(open_impatient) {
    static unsigned again;
    int rc = good.open(ctx, c, host, port, ms);
    if (rc != DET_E_AGAIN) again = 0;
    return ++again > 10 ? good.close(ctx, c), c->os_error = 1, again = 0, DET_E_CONNECT : rc;
}
OPEN(open_sulks) {
    uint64_t *mark = &c->mem[sizeof c->mem / sizeof *c->mem - 1];
    if (*mark == 77) return c->os_error = 1, DET_E_CONNECT;
    int rc = good.open(ctx, c, host, port, ms);
    if (rc < 0 && rc != DET_E_AGAIN) *mark = 77;
    return rc;
}
OPEN(open_first_only) {
    if (c->handle == -1 || ms > 1500) return good.open(ctx, c, host, port, ms);
    good.close(ctx, c); /* the first one's share is over */
    c->os_error = 1;
    return DET_E_TIMEOUT;
}
OPEN(open_nagle) {
    int off = 0, rc = good.open(ctx, c, host, port, ms);
    if (rc == DET_OK) setsockopt((int)c->handle, IPPROTO_TCP, TCP_NODELAY, &off, sizeof off);
    return rc;
}
OPEN(open_leaks) {
    int rc = good.open(ctx, c, host, port, ms);
    if (rc == DET_OK) (void)!dup(0);
    return rc;
}
OPEN(open_failed_leaks) {
    int rc = good.open(ctx, c, host, port, ms);
    if (rc == DET_E_CONNECT) (void)!dup(0);
    return rc;
}
OPEN(open_code) {
    return swapped(good.open(ctx, c, host, port, ms), DET_E_CONNECT, DET_E_ARG);
}
OPEN(open_no_error) {
    int rc = good.open(ctx, c, host, port, ms);
    if (rc == DET_E_CONNECT) c->os_error = 0;
    return rc;
}
OPEN(open_handle) {
    int rc = good.open(ctx, c, host, port, ms);
    if (rc == DET_E_CONNECT) c->handle = 9;
    return rc;
}
OPEN(open_blocks) {
    int rc;
    while ((rc = good.open(ctx, c, host, port, ms)) == DET_E_AGAIN && ms) sleep_ms(50), ms = ms > 50 ? ms - 50 : 0;
    return rc;
}

/* ---- send, recv -------------------------------------------------------------------------------------------------- */

#define SEND(name) static int name(void *ctx, det_conn *c, const void *data, size_t len)
#define RECV(name) static int name(void *ctx, det_conn *c, void *data, size_t cap)

SEND(send_zero) {
    return swapped(good.send(ctx, c, data, len), DET_E_AGAIN, 0);
}
SEND(send_blocks) {
    struct pollfd p = {(int)c->handle, POLLOUT, 0};
    poll(&p, 1, 5000);
    return good.send(ctx, c, data, len);
}
SEND(send_claims) {
    int rc = good.send(ctx, c, data, len);
    return rc > 300 ? rc - 1 : rc;
}
SEND(send_kills) {
    ssize_t n = send((int)c->handle, data, len, 0);
    return n > 0 ? (int)n : good.send(ctx, c, data, len);
}
SEND(send_gone_io) {
    int rc = good.send(ctx, c, data, len);
    return rc < 0 && rc != DET_E_AGAIN ? DET_E_IO : rc;
}
RECV(recv_zero) {
    return swapped(good.recv(ctx, c, data, cap), DET_E_AGAIN, 0);
}
RECV(recv_io) {
    return swapped(good.recv(ctx, c, data, cap), DET_E_AGAIN, DET_E_IO);
}
RECV(recv_flips) {
    static unsigned long total;
    int rc = good.recv(ctx, c, data, cap);
    for (int i = 0; i < rc; i++)
        if (++total % 5000 == 0) ((uint8_t *)data)[i] ^= 1;
    return rc;
}
RECV(recv_beyond) {
    int rc = good.recv(ctx, c, data, cap);
    if (cap > 8) ((uint8_t *)data)[cap] = 0;
    return rc;
}
RECV(recv_closed_reset) {
    return swapped(good.recv(ctx, c, data, cap), DET_E_CLOSED, DET_E_RESET);
}
RECV(recv_closed_first) {
    struct pollfd p = {(int)c->handle, POLLRDHUP, 0};
    return poll(&p, 1, 0) > 0 && p.revents & POLLRDHUP ? DET_E_CLOSED : good.recv(ctx, c, data, cap);
}
RECV(recv_reset_closed) {
    return swapped(good.recv(ctx, c, data, cap), DET_E_RESET, DET_E_CLOSED);
}
RECV(recv_blocks) {
    struct pollfd p = {(int)c->handle, POLLIN, 0};
    poll(&p, 1, 500);
    return good.recv(ctx, c, data, cap);
}
RECV(recv_no_error) {
    int rc = good.recv(ctx, c, data, cap);
    c->os_error = 0;
    return rc;
}

/* ---- close ------------------------------------------------------------------------------------------------------- */

static int last_fd = -1; /* sent over last */
SEND(send_noted) {
    last_fd = (int)c->handle;
    return good.send(ctx, c, data, len);
}
static void close_always(void *ctx, det_conn *c) {
    if (c->handle == -1) (void)shutdown(last_fd, SHUT_RDWR);
    good.close(ctx, c);
}
static void close_keeps(void *ctx, det_conn *c) {
    det_conn as_it_was = *c;
    good.close(ctx, c);
    memcpy(c->mem, as_it_was.mem, sizeof c->mem);
}
static void close_not(void *ctx, det_conn *c) {
    (void)ctx;
    memset(c, 0, sizeof *c);
    c->handle = -1;
}
static void close_half(void *ctx, det_conn *c) {
    if (c->handle > 0) (void)shutdown((int)c->handle, SHUT_WR);
    close_not(ctx, c);
}
static void close_handle(void *ctx, det_conn *c) {
    intptr_t h = c->handle;
    good.close(ctx, c);
    c->handle = h;
}

/* ---- wait, wake, lock ---------------------------------------------------------------------------------------------- */

#define WAIT(name) static int name(void *ctx, const det_wait *w, size_t n, uint32_t ms)

WAIT(wait_late) {
    return good.wait(ctx, w, n, ms + 400);
}
WAIT(wait_first_only) {
    return good.wait(ctx, w, n ? 1 : 0, ms);
}
WAIT(wait_no_write) {
    det_wait x = {-1, 0};
    if (n == 1) x = *w, x.events &= DET_WANT_READ;
    return n == 1 ? good.wait(ctx, &x, 1, ms) : good.wait(ctx, w, n, ms);
}
WAIT(wait_drains) {
    char b[256];
    while (read(px.wake_fd[0], b, sizeof b) > 0) {
    }
    return good.wait(ctx, w, n, ms);
}
static volatile int flag;
static void wake_flag(void *ctx) {
    (void)ctx;
    flag = 1;
}
WAIT(wait_flag) {
    if (flag) return flag = 0, DET_OK;
    return good.wait(ctx, w, n, ms);
}
static void wake_slow(void *ctx) {
    sleep_ms(1);
    good.wake(ctx);
}
static void no_lock(void *ctx) {
    (void)ctx;
}

/* ---- entropy, roots ---------------------------------------------------------------------------------------------- */

#define ENTROPY(name) static int name(void *ctx, void *data, size_t len)

ENTROPY(entropy_short) {
    return good.entropy(ctx, data, len > 256 ? 256 : len);
}
ENTROPY(entropy_words) {
    return good.entropy(ctx, data, (len + 3) & ~(size_t)3); /* whole words */
}
ENTROPY(entropy_same) {
    uint32_t x = 2463534242u;
    (void)ctx;
    for (size_t i = 0; i < len; i++) x = x * 1664525u + 1013904223u, ((uint8_t *)data)[i] = (uint8_t)(x >> 24);
    return DET_OK;
}
ENTROPY(entropy_text) {
    int rc = good.entropy(ctx, data, len);
    for (size_t i = 0; i < len; i++) ((uint8_t *)data)[i] &= 0x7f;
    return rc;
}
ENTROPY(entropy_dice) {
    int rc = good.entropy(ctx, data, len);
    for (size_t i = 0; i < len; i++) ((uint8_t *)data)[i] = (uint8_t)(((uint8_t *)data)[i] % 6 * 0x2b);
    return rc;
}
#define ROOTS(name) static int name(void *ctx, size_t offset, void *data, size_t cap)
ROOTS(roots_rounded) {
    return good.roots(ctx, offset & ~(size_t)3, data, cap);
}
ROOTS(roots_endless) {
    int rc = good.roots(ctx, offset, data, cap);
    return rc ? rc : good.roots(ctx, 0, data, cap);
}
ROOTS(roots_text) {
    int rc = good.roots(ctx, offset, data, cap);
    if (rc > 0 && (size_t)rc == cap) ((char *)data)[cap] = '\0';
    return rc;
}
ROOTS(roots_none) {
    (void)ctx, (void)offset, (void)data, (void)cap;
    return 0;
}

/* ---- the list ---------------------------------------------------------------------------------------------------- */

static void lock(void *ctx);
static void unlock(void *ctx);

typedef struct mutant {
    const char *name, *promise, *run; /* other promises whose calls it takes to see it */
    det_port parts; /* what is not NULL takes the good one's place */
} mutant;

#define WITH(...) {__VA_ARGS__}
static const mutant mutants[] = {
    {"old-size", "size", NULL, WITH(.size = offsetof(det_port, wake))},
    {"no-recv", "needed", NULL, WITH(.size = offsetof(det_port, recv))},
    {"no-unlock", "lock-both", NULL, WITH(.size = offsetof(det_port, unlock))},
    {"clock-still", "clock-runs", NULL, WITH(.now_ms = clock_still)},
    {"clock-back", "clock-forward", NULL, WITH(.now_ms = clock_back)},
    {"clock-twice", "clock-pace", NULL, WITH(.now_ms = clock_twice)},
    {"utc-ms", "utc", NULL, WITH(.utc_s = utc_ms)},
    {"utc-zero", "utc", NULL, WITH(.utc_s = utc_zero)},
    {"open-once", "open", NULL, WITH(.open = open_once)},
    {"open-numeric", "open-name", NULL, WITH(.open = open_numeric)},
    {"open-single", "open-two", NULL, WITH(.open = open_single)},
    {"open-refused-io", "open-refused", NULL, WITH(.open = open_refused_io)},
    {"open-dirty", "open-refused", NULL, WITH(.open = open_dirty)},
    {"open-unknown-connect", "open-unknown", NULL, WITH(.open = open_unknown_connect)},
    {"open-silent-connect", "open-silent", NULL, WITH(.open = open_silent_connect)},
    {"open-silent-late", "open-silent", NULL, WITH(.open = open_silent_late)},
    {"open-impatient", "open-early", NULL, WITH(.open = open_impatient)},
    {"open-sulks", "open-again", NULL, WITH(.open = open_sulks)},
    {"open-first-only", "open-twin", NULL, WITH(.open = open_first_only)},
    {"recv-io", "recv-again", NULL, WITH(.recv = recv_io)},
    {"recv-flips", "bytes", NULL, WITH(.recv = recv_flips)},
    {"recv-beyond", "bytes", NULL, WITH(.recv = recv_beyond)},
    {"send-claims", "bytes", NULL, WITH(.send = send_claims)},
    {"send-blocks", "send-full", NULL, WITH(.send = send_blocks)},
    {"wait-no-room", "send-full", NULL, WITH(.wait = wait_no_write)},
    {"open-nagle", "nodelay", NULL, WITH(.open = open_nagle)},
    {"recv-closed-reset", "peer-closes", NULL, WITH(.recv = recv_closed_reset)},
    {"recv-closed-first", "peer-closes", NULL, WITH(.recv = recv_closed_first)},
    {"recv-reset-closed", "peer-resets", NULL, WITH(.recv = recv_reset_closed)},
    {"send-kills", "send-gone", NULL, WITH(.send = send_kills)},
    {"send-gone-io", "send-gone", NULL, WITH(.send = send_gone_io)},
    {"close-always", "close-zeroed", NULL, WITH(.send = send_noted, .close = close_always)},
    {"close-keeps", "close-twice", NULL, WITH(.close = close_keeps)},
    {"close-not", "close-seen", NULL, WITH(.close = close_not)},
    {"close-half", "close-seen", NULL, WITH(.close = close_half)},
    {"open-leaks", "many", NULL, WITH(.open = open_leaks)},
    {"open-failed-leaks", "many-failed", NULL, WITH(.open = open_failed_leaks)},
    {"wait-late", "wait-ends", NULL, WITH(.wait = wait_late)},
    {"wait-first-only", "wait-read", NULL, WITH(.wait = wait_first_only)},
    {"wait-no-write", "wait-write", NULL, WITH(.wait = wait_no_write)},
    {"wait-drains", "wake-before", NULL, WITH(.wait = wait_drains)},
    {"wake-slow", "wake-often", NULL, WITH(.wake = wake_slow)},
    {"wake-flag", "wake-during", NULL, WITH(.wake = wake_flag, .wait = wait_flag)},
    {"no-lock", "lock", NULL, WITH(.lock = no_lock, .unlock = no_lock)},
    {"entropy-short", "entropy", NULL, WITH(.entropy = entropy_short)},
    {"entropy-words", "entropy", NULL, WITH(.entropy = entropy_words)},
    {"entropy-same", "entropy-differs", NULL, WITH(.entropy = entropy_same)},
    {"entropy-text", "entropy-differs", NULL, WITH(.entropy = entropy_text)},
    {"entropy-dice", "entropy-differs", NULL, WITH(.entropy = entropy_dice)},
    {"roots-rounded", "roots", NULL, WITH(.roots = roots_rounded)},
    {"roots-endless", "roots", NULL, WITH(.roots = roots_endless)},
    {"roots-text", "roots", NULL, WITH(.roots = roots_text)},
    {"roots-none", "roots", NULL, WITH(.roots = roots_none)},
    {"send-zero", "never-zero", "send-full", WITH(.send = send_zero)},
    {"recv-zero", "never-zero", "recv-again", WITH(.recv = recv_zero)},
    {"open-code", "codes", "open-refused,bytes", WITH(.open = open_code)},
    {"open-no-error", "os-error", "open-refused,bytes", WITH(.open = open_no_error)},
    {"recv-no-error", "os-error", "peer-resets", WITH(.recv = recv_no_error)},
    {"open-handle", "handle", "open-refused,bytes", WITH(.open = open_handle)},
    {"close-handle", "handle", "bytes", WITH(.close = close_handle)},
    {"open-blocks", "never-blocks", "open-early,bytes", WITH(.open = open_blocks)},
    {"recv-blocks", "never-blocks", "recv-again", WITH(.recv = recv_blocks)},
};

static pthread_mutex_t outbox = PTHREAD_MUTEX_INITIALIZER;
static void lock(void *ctx) {
    (void)ctx;
    pthread_mutex_lock(&outbox);
}
static void unlock(void *ctx) {
    (void)ctx;
    pthread_mutex_unlock(&outbox);
}

#define TAKE(part) \
    if (m->parts.part) bad.part = m->parts.part
static void mutate(const mutant *m) {
    TAKE(size);
    TAKE(now_ms);
    TAKE(utc_s);
    TAKE(open);
    TAKE(send);
    TAKE(recv);
    TAKE(close);
    TAKE(wait);
    TAKE(wake);
    TAKE(entropy);
    TAKE(roots);
    TAKE(lock);
    TAKE(unlock);
}

const det_port *conformance_port(void) {
    const char *name = getenv("MUTANT");
    size_t n = sizeof mutants / sizeof *mutants, i = 0;
    if (!name || det_posix_init(&px) != DET_OK) return NULL;
    if (strcmp(name, "list") == 0) {
        for (; i < n; i++) {
            const mutant *m = &mutants[i];
            printf("%s %s %s%s%s\n", m->name, m->promise, m->promise, m->run ? "," : "", m->run ? m->run : "");
        }
        exit(0);
    }
    good = px.port;
    good.lock = lock;
    good.unlock = unlock;
    bad = good;
    while (i < n && strcmp(name, mutants[i].name) != 0) i++;
    if (i == n) return NULL;
    mutate(&mutants[i]);
    return &bad;
}
