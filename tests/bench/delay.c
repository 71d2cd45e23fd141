/* SPDX-License-Identifier: Apache-2.0
 * See delay.h. One process, one poll loop, times in nanoseconds. The three-way handshake of the client's connection ends
 * at once on loopback, so what comes in its first round trip counts as sent at the end of it.
 *
 * Exchanges are counted as a logical clock does: what the client sends is one deeper than the deepest bytes that have
 * reached it, what the server sends as deep as the deepest that have reached the server. */
#include "delay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "bare.h"

enum { LINKS = 32, CHUNK = 64 * 1024 };

typedef struct chunk {
    struct chunk *next;
    int64_t due;
    uint32_t depth;
    size_t len, off; /* len 0: the end of the stream */
    char data[];
} chunk;

/* One direction of a link. */
typedef struct lane {
    chunk *first, **last;
    uint32_t seen; /* depth of the deepest bytes that have reached its end */
    int ended, blocked;
} lane;

typedef struct pair {
    int used, fd[2]; /* client, server */
    int64_t opened;
    lane to[2];      /* to the client, to the server */
} pair;

typedef struct relay {
    int listener, target_port, control;
    int64_t rtt;
    volatile delay_counts *n;
    pair links[LINKS];
} relay;

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- links ------------------------------------------------------------------------------------------------------- */

static void no_delay(int fd) {
    int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

static void drop(pair *l) {
    for (int i = 0; i < 2; i++) {
        for (chunk *c = l->to[i].first, *next; c; c = next) next = c->next, free(c);
        close(l->fd[i]);
    }
    memset(l, 0, sizeof *l);
}

static void accept_one(relay *r) {
    int fd = accept(r->listener, NULL, NULL);
    pair *l = r->links;
    while (l < r->links + LINKS && l->used) l++;
    if (fd < 0 || l == r->links + LINKS || (l->fd[1] = bare_connect(r->target_port)) < 0) {
        if (fd >= 0) close(fd);
        return;
    }
    no_delay(fd);
    l->used = 1;
    l->fd[0] = fd;
    l->opened = now_ns();
    for (int i = 0; i < 2; i++) l->to[i].last = &l->to[i].first;
    r->n->connections++;
    r->n->exchanges++;
}

/* ---- bytes in ---------------------------------------------------------------------------------------------------- */

static void take(relay *r, pair *l, int from) {
    lane *to = &l->to[!from];
    chunk *c = (chunk *)malloc(sizeof *c + CHUNK);
    int64_t t = now_ns();
    if (!c) abort();
    ssize_t n = recv(l->fd[from], c->data, CHUNK, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) {
        free(c);
        return;
    }
    if (t < l->opened + r->rtt) t = l->opened + r->rtt;
    c->next = NULL;
    c->due = t + r->rtt / 2;
    c->depth = from == 0 ? l->to[0].seen + 1 : l->to[1].seen;
    c->len = n > 0 ? (size_t)n : 0;
    c->off = 0;
    to->ended = n <= 0;
    *to->last = c;
    to->last = &c->next;
}

/* ---- bytes out --------------------------------------------------------------------------------------------------- */

static void pop(lane *a) {
    chunk *c = a->first;
    a->first = c->next;
    if (!a->first) a->last = &a->first;
    free(c);
}

/* Before the bytes go out, so that whoever has them finds them counted. */
static void see(relay *r, lane *a, int to, const chunk *c) {
    if (c->depth <= a->seen || !c->len) return;
    if (to == 0) r->n->exchanges += c->depth - a->seen;
    a->seen = c->depth;
}

/* 0: the link is broken. */
static int give(relay *r, pair *l, int to, int64_t t) {
    lane *a = &l->to[to];
    a->blocked = 0;
    while (a->first && a->first->due <= t) {
        chunk *c = a->first;
        see(r, a, to, c);
        ssize_t n = c->len ? send(l->fd[to], c->data + c->off, c->len - c->off, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
        if (!c->len) (void)shutdown(l->fd[to], SHUT_WR);
        if (n < 0 && errno != EAGAIN) return 0;
        a->blocked = n < 0;
        if (a->blocked) break;
        c->off += (size_t)n;
        if (c->off == c->len) pop(a);
    }
    return 1;
}

static void deliver(relay *r) {
    int64_t t = now_ns();
    for (pair *l = r->links; l < r->links + LINKS; l++) {
        if (!l->used) continue;
        int whole = give(r, l, 0, t) && give(r, l, 1, t);
        int over = l->to[0].ended && l->to[1].ended && !l->to[0].first && !l->to[1].first;
        if (!whole || over) drop(l);
    }
}

/* ---- the loop ---------------------------------------------------------------------------------------------------- */

static int64_t next_due(const relay *r) {
    int64_t due = INT64_MAX;
    for (const pair *l = r->links; l < r->links + LINKS; l++)
        for (int i = 0; i < 2; i++)
            if (l->used && l->to[i].first && !l->to[i].blocked && l->to[i].first->due < due) due = l->to[i].first->due;
    return due;
}

static void wait_for(relay *r, struct pollfd *p) {
    int64_t due = next_due(r), left = due - now_ns();
    struct timespec t = {(time_t)(left / 1000000000), (long)(left % 1000000000)};
    if (left < 0) t.tv_sec = 0, t.tv_nsec = 0;
    p[0].fd = r->control;
    p[1].fd = r->listener;
    p[0].events = p[1].events = POLLIN;
    for (int i = 0; i < LINKS; i++) {
        const pair *l = &r->links[i];
        for (int k = 0; k < 2; k++) {
            struct pollfd *q = &p[2 + 2 * i + k];
            q->events = (short)((l->to[!k].ended ? 0 : POLLIN) | (l->to[k].blocked ? POLLOUT : 0));
            q->fd = l->used && q->events ? l->fd[k] : -1;
        }
    }
    if (ppoll(p, 2 + 2 * LINKS, due == INT64_MAX ? NULL : &t, NULL) < 0) p[0].revents = POLLHUP;
}

static void run(relay *r) {
    struct pollfd p[2 + 2 * LINKS];
    do {
        wait_for(r, p);
        for (int i = 0; i < 2 * LINKS; i++)
            if (p[2 + i].fd >= 0 && p[2 + i].revents & (POLLIN | POLLHUP | POLLERR)) take(r, &r->links[i / 2], i % 2);
        if (p[1].revents & POLLIN) accept_one(r);
        deliver(r);
    } while (!p[0].revents);
}

/* ---- starting ---------------------------------------------------------------------------------------------------- */

static int listen_on(int *port) {
    struct sockaddr_in sa = {0};
    socklen_t len = sizeof sa;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sa.sin_family = AF_INET;
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (const struct sockaddr *)(const void *)&sa, len) != 0 || listen(fd, 16) != 0) return -1;
    if (getsockname(fd, (struct sockaddr *)(void *)&sa, &len) != 0) return -1;
    *port = ntohs(sa.sin_port);
    return fd;
}

int delay_start(delay *d, int target_port, uint32_t rtt_us) {
    static relay r;
    int control[2];
    void *shared = mmap(NULL, sizeof *d->n, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    memset(&r, 0, sizeof r);
    r.listener = listen_on(&d->port);
    if (shared == MAP_FAILED || r.listener < 0 || pipe(control) != 0) return -1;
    d->n = r.n = (volatile delay_counts *)shared;
    r.target_port = target_port;
    r.rtt = (int64_t)rtt_us * 1000;
    r.control = control[0];
    d->control = control[1];
    d->pid = fork();
    if (d->pid == 0) {
        close(control[1]);
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)prctl(PR_SET_TIMERSLACK, 1000); /* 50 µs late each way otherwise */
        run(&r);
        _exit(0);
    }
    close(control[0]);
    close(r.listener);
    return d->pid < 0 ? -1 : 0;
}

void delay_stop(delay *d) {
    close(d->control);
    kill(d->pid, SIGKILL);
    munmap((void *)(uintptr_t)d->n, sizeof *d->n);
}
