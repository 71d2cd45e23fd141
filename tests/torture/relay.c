/* SPDX-License-Identifier: Apache-2.0
 * See relay.h. One thread, poll(), a buffer each way and connection. */
#include "relay.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LINKS = 64, ROOM = 65536, LINGER_MS = 3000, LATE_MS = 300, DELAY_MS = 400, FOREVER_MS = 1 << 30 };

typedef struct half {
    int fd; /* -1 closed; what is read from it goes to the other */
    char at[ROOM];
    size_t len;
    bool eof;
} half;

typedef struct relayed {
    bool used;
    half client, master;
    int64_t left;     /* bytes until the next fault */
    int64_t hold_ms;  /* nothing moves before */
    int64_t end_ms;   /* 0, or when what is left after the client is given up */
} relayed;

static relay_options opt;
static relayed links[LINKS];
static uint64_t state;

static uint64_t draw(uint64_t n) {
    state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = state;
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return n ? (z ^ z >> 31) % n : 0;
}

static int64_t clock_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void set_left(relayed *l) {
    l->left = opt.bytes ? 1 + (int64_t)draw(2 * opt.bytes) : INT64_MAX;
}

/* ---- ends ---- */

static void shut(half *h, bool reset) {
    struct linger now = {1, 0};
    if (h->fd < 0) return;
    if (reset) setsockopt(h->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(h->fd);
    h->fd = -1;
}

static void drop(relayed *l) {
    shut(&l->client, false);
    shut(&l->master, true);
    l->used = false;
}

/* The client is gone. What it sent is dropped with the connection, or comes late and its end as a half-close. */
static void client_gone(relayed *l, bool reset) {
    shut(&l->client, reset);
    l->master.len = 0;
    l->end_ms = clock_ms() + LINGER_MS;
    if (draw(2)) {
        drop(l);
    } else {
        l->hold_ms = clock_ms() + (int64_t)draw(LATE_MS);
        l->client.eof = true;
    }
}

static bool put(half *from, half *to) {
    ssize_t n = from->len ? send(to->fd, from->at, from->len, MSG_NOSIGNAL) : 0;
    if (n < 0) return errno == EAGAIN;
    from->len -= (size_t)n;
    memmove(from->at, from->at + n, from->len);
    return true;
}

static void fault(relayed *l, int64_t now) {
    uint64_t kind = draw(8);
    set_left(l);
    if (opt.stalls && draw((uint64_t)opt.stalls) == 0) {
        l->hold_ms = now + FOREVER_MS; /* until the client has had enough */
    } else if (kind < 2) {
        client_gone(l, true);
    } else if (kind < 4) {
        client_gone(l, false);
    } else if (kind < 6) { /* a part of the answer arrives */
        l->master.len = (size_t)draw(l->master.len + 1);
        (void)put(&l->master, &l->client);
        client_gone(l, false);
    } else {
        l->hold_ms = now + (int64_t)draw(DELAY_MS);
    }
}

/* ---- moving ---- */

/* False: the connection from is over. */
static bool get(relayed *l, half *from) {
    if (from->len == ROOM) return true;
    ssize_t n = recv(from->fd, from->at + from->len, ROOM - from->len, 0);
    if (n < 0) return errno == EAGAIN;
    if (n == 0) return false;
    from->len += (size_t)n;
    l->left -= n;
    return true;
}

static void after_client(relayed *l, int64_t now) {
    char rest[4096];
    if (now < l->hold_ms) return;
    if (l->client.len && !put(&l->client, &l->master)) l->end_ms = 1;
    if (!l->client.len) shutdown(l->master.fd, SHUT_WR);
    ssize_t n;
    while ((n = recv(l->master.fd, rest, sizeof rest, 0)) > 0) continue;
    if (n == 0 || now >= l->end_ms) drop(l);
}

static void move(relayed *l, int client_events, int master_events, int64_t now) {
    if (l->client.eof) {
        after_client(l, now);
        return;
    }
    if (client_events && !get(l, &l->client)) {
        if (l->hold_ms <= now) (void)put(&l->client, &l->master);
        client_gone(l, false);
        return;
    }
    if (now < l->hold_ms) return;
    if (master_events && !get(l, &l->master)) l->master.eof = true;
    if (l->left <= 0) {
        fault(l, now);
        return;
    }
    bool good = put(&l->client, &l->master) && put(&l->master, &l->client);
    if (!good || (l->master.eof && !l->master.len)) drop(l);
}

/* ---- the loop ---- */

static int dial(void) {
    struct sockaddr_in a;
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_port = htons((uint16_t)opt.port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&a, sizeof a)) return -1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
}

static void begin(int fd) {
    int i = 0, one = 1;
    while (i < LINKS && links[i].used) i++;
    int master = i < LINKS ? dial() : -1;
    if (master < 0) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    relayed *l = &links[i];
    l->client.len = l->master.len = 0;
    l->client.eof = l->master.eof = false;
    l->hold_ms = l->end_ms = 0;
    l->client.fd = fd;
    l->master.fd = master;
    l->used = true;
    set_left(l);
}

static short wanted(const half *in, const half *out, bool held) {
    return (short)((in->len < ROOM && !in->eof && !held ? POLLIN : 0) | (out->len && !held ? POLLOUT : 0));
}

static int watch(struct pollfd *p, int64_t now) {
    int wait_ms = 1000;
    for (int i = 0; i < LINKS; i++) {
        const relayed *l = &links[i];
        bool held = l->used && now < l->hold_ms;
        p[1 + 2 * i] = (struct pollfd){l->used ? l->client.fd : -1, wanted(&l->client, &l->master, false), 0};
        p[2 + 2 * i] = (struct pollfd){l->used ? l->master.fd : -1, wanted(&l->master, &l->client, held), 0};
        if (held) p[1 + 2 * i].events &= POLLIN;
        if (held && l->hold_ms - now < wait_ms) wait_ms = (int)(l->hold_ms - now);
        if (l->used && l->client.eof && wait_ms > 20) wait_ms = 20;
    }
    return wait_ms;
}

void relay_run(int listener, const relay_options *o) {
    static struct pollfd p[1 + 2 * LINKS];
    opt = *o;
    state = o->seed;
    for (;;) {
        p[0] = (struct pollfd){listener, POLLIN, 0};
        int wait_ms = watch(p, clock_ms());
        (void)poll(p, 1 + 2 * LINKS, wait_ms);
        int64_t now = clock_ms();
        for (int i = 0; i < LINKS; i++)
            if (links[i].used) move(&links[i], p[1 + 2 * i].revents, p[2 + 2 * i].revents, now);
        int fd = p[0].revents ? accept(listener, NULL, NULL) : -1;
        if (fd >= 0) begin(fd);
    }
}
