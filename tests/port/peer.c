/* SPDX-License-Identifier: Apache-2.0
 * The other end of the conformance test: a POSIX program whose connections do what their first line says. It prints one line,
 * `PORT REFUSED SILENT`: the port that answers, one that refuses and one that does not answer; it ends when its standard input
 * does.
 *     peer [ADDRESS [OTHER]]     OTHER: an IPv4 address that does not answer at PORT, or an IPv6 one that does
 * Words, with a number N: echo · say N bytes, then end · cut: say N bytes, reset when they have arrived · hold: read nothing for
 * N ms, then all until it
 * stays quiet, and answer how many bytes came as they should · after: a byte, and N ms later how many ms these were ·
 * gap: a byte, and how many us lie between the next two · utc: the time · live: how many other connections are open ·
 * hush: nothing at all, until it is closed both ways. */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <linux/sockios.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BACKLOG_FILL = 4 };

static int live;
static pthread_attr_t detached;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

static uint8_t pattern(size_t i) {
    return (uint8_t)(i * 31 + i / 251 + 7);
}

static int live_add(int n) {
    pthread_mutex_lock(&guard);
    live += n;
    int is = live;
    pthread_mutex_unlock(&guard);
    return is;
}

static long long now_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

static void sleep_ms(unsigned long ms) {
    struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
}

static int put(int fd, const void *data, size_t len) {
    const char *p = data;
    while (len) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);
        if (n <= 0) return -1;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static void put_number(int fd, long long n) {
    char line[32];
    put(fd, line, (size_t)snprintf(line, sizeof line, "%lld\n", n));
}

static void put_pattern(int fd, size_t from, size_t to) {
    uint8_t b[4096];
    while (from < to) {
        size_t n = to - from < sizeof b ? to - from : sizeof b;
        for (size_t i = 0; i < n; i++) b[i] = pattern(from + i);
        if (put(fd, b, n) != 0) return;
        from += n;
    }
}

/* ---- the words --------------------------------------------------------------------------------------------------- */

static void await_end(int fd) {
    char b[4096];
    while (read(fd, b, sizeof b) > 0) {
    }
}

/* Until it is closed both ways: a half that is still open takes what we say. */
static void await_death(int fd) {
    await_end(fd);
    for (int i = 0; i < 500 && put(fd, "x", 1) == 0; i++) sleep_ms(10);
}

static void do_echo(int fd) {
    char b[4096];
    ssize_t n;
    while ((n = read(fd, b, sizeof b)) > 0)
        if (put(fd, b, (size_t)n) != 0) return;
}

static void do_cut(int fd, unsigned long n) {
    struct linger hard = {1, 0};
    int queued = 1;
    put_pattern(fd, 0, n);
    for (int i = 0; i < 500 && ioctl(fd, SIOCOUTQ, &queued) == 0 && queued; i++) sleep_ms(2);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

static void do_hold(int fd, unsigned long ms) {
    static const struct timeval quiet = {0, 300000};
    uint8_t b[4096];
    size_t got = 0, good = 0;
    ssize_t n;
    sleep_ms(ms);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &quiet, sizeof quiet);
    while ((n = read(fd, b, sizeof b)) > 0) {
        for (ssize_t i = 0; i < n; i++) good += b[i] == pattern(got + (size_t)i);
        got += (size_t)n;
    }
    put_number(fd, (long long)good);
}

static void do_after(int fd, unsigned long ms) {
    long long began = now_us();
    put(fd, "x", 1);
    sleep_ms(ms);
    put_number(fd, (now_us() - began) / 1000);
    await_end(fd);
}

/* Acknowledgements are held back, as a host does when it likes: then Nagle's algorithm shows. */
static void do_gap(int fd) {
    int off = 0;
    char b;
    put(fd, "x", 1);
    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
    if (read(fd, &b, 1) != 1) return;
    long long began = now_us();
    setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
    if (read(fd, &b, 1) != 1) return;
    put_number(fd, now_us() - began);
}

static void do_live(int fd) {
    int n = 0;
    for (int i = 0; i < 100 && (n = live_add(0) - 1) > 0; i++) sleep_ms(10); /* those just closed are still on their way */
    put_number(fd, n);
}

static void obey(int fd, const char *word, unsigned long n) {
    if (strcmp(word, "echo") == 0) do_echo(fd);
    if (strcmp(word, "say") == 0) put_pattern(fd, 0, n);
    if (strcmp(word, "cut") == 0) do_cut(fd, n);
    if (strcmp(word, "hold") == 0) do_hold(fd, n);
    if (strcmp(word, "after") == 0) do_after(fd, n);
    if (strcmp(word, "gap") == 0) do_gap(fd);
    if (strcmp(word, "utc") == 0) put_number(fd, (long long)time(NULL));
    if (strcmp(word, "live") == 0) do_live(fd);
    if (strcmp(word, "hush") == 0) await_death(fd);
}

static void *serve(void *arg) {
    int fd = (int)(intptr_t)arg, one = 1;
    char line[64], word[16];
    size_t len = 0;
    unsigned long n = 0;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    while (len < sizeof line - 1 && read(fd, line + len, 1) == 1 && line[len] != '\n') len++;
    line[len] = '\0';
    if (sscanf(line, "%15s %lu", word, &n) == 2) obey(fd, word, n);
    close(fd);
    live_add(-1);
    return NULL;
}

/* ---- the ports --------------------------------------------------------------------------------------------------- */

/* Address, of either family, and port as the system wants them. */
static socklen_t socket_address(const char *address, uint16_t port, struct sockaddr_storage *out) {
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    memset(&in, 0, sizeof in);
    memset(&in6, 0, sizeof in6);
    in.sin_family = AF_INET;
    in6.sin6_family = AF_INET6;
    in.sin_port = in6.sin6_port = htons(port);
    if (inet_pton(AF_INET, address, &in.sin_addr) == 1) return memcpy(out, &in, sizeof in), (socklen_t)sizeof in;
    if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1) return memcpy(out, &in6, sizeof in6), (socklen_t)sizeof in6;
    return 0;
}

/* A socket bound to address and port (0: any), and which port that is. */
static int bound(const char *address, uint16_t *port) {
    struct sockaddr_storage sa;
    struct sockaddr_in in;
    socklen_t len = socket_address(address, *port, &sa);
    int fd = len ? socket(sa.ss_family, SOCK_STREAM, 0) : -1, one = 1;
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, (struct sockaddr *)&sa, len) != 0) return -1;
    getsockname(fd, (struct sockaddr *)&sa, &len);
    memcpy(&in, &sa, sizeof in); /* the port lies where IPv6 has it too */
    *port = ntohs(in.sin_port);
    return fd;
}

/* A port whose queue of connections is full: what comes in is passed over in silence. */
static int silence(const char *address, uint16_t *port) {
    struct sockaddr_storage sa;
    int fd = bound(address, port);
    socklen_t len = socket_address(address, *port, &sa);
    if (fd < 0 || listen(fd, 0) != 0) return -1;
    for (int i = 0; i < BACKLOG_FILL; i++) {
        int c = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (c >= 0) (void)!connect(c, (struct sockaddr *)&sa, len);
    }
    sleep_ms(50);
    return 0;
}

static void *answer(void *arg) {
    int fd = (int)(intptr_t)arg;
    pthread_t t;
    for (;;) {
        int c = accept(fd, NULL, NULL);
        if (c < 0) continue;
        live_add(1);
        if (pthread_create(&t, &detached, serve, (void *)(intptr_t)c) != 0) close(c), live_add(-1);
    }
    return NULL;
}

/* The other address: silent, or answering too. */
static int second(const char *address, uint16_t port) {
    pthread_t t;
    if (!strchr(address, ':')) return silence(address, &port);
    int fd = bound(address, &port);
    if (fd < 0 || listen(fd, 64) != 0) return -1;
    return pthread_create(&t, &detached, answer, (void *)(intptr_t)fd);
}

static void *until_stdin_ends(void *arg) {
    char b;
    while (read(0, &b, 1) > 0) {
    }
    (void)arg;
    _exit(0);
}

/* A port that is free at both addresses. The listening socket, or -1. */
static int listen_at(const char *address, const char *other, uint16_t *at) {
    for (int i = 0; i < 50; i++) {
        *at = 0;
        int fd = bound(address, at);
        if (fd < 0 || listen(fd, 64) != 0) return -1;
        if (!other || second(other, *at) == 0) return fd;
        close(fd); /* the other address's is somebody else's */
    }
    return -1;
}

int main(int argc, char **argv) {
    const char *address = argc > 1 ? argv[1] : "127.0.0.1";
    uint16_t at, refused = 0, silent = 0;
    pthread_t t;
    pthread_attr_init(&detached);
    pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    int fd = listen_at(address, argc > 2 ? argv[2] : NULL, &at);
    if (fd < 0 || bound(address, &refused) < 0 || silence(address, &silent) != 0) {
        perror("peer");
        return 1;
    }
    pthread_create(&t, &detached, until_stdin_ends, NULL);
    printf("%d %d %d\n", at, refused, silent);
    fflush(stdout);
    answer((void *)(intptr_t)fd);
}
