/* SPDX-License-Identifier: Apache-2.0
 * See net.h. One thread, epoll, level-triggered; the signals arrive as a descriptor so that ending is an event too. */
#include "net.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "store.h"

enum { EVENTS = 64, BACKLOG = 256 };

static int listeners[2], nlisteners;
static conn *all;
static int ep;
static sigset_t ends; /* the signals that end the loop */

bool net_any;

static int open_one(int family, int *port) {
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback, .sin6_port = htons((unsigned short)*port)};
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons((unsigned short)*port)};
    if (net_any) six.sin6_addr = in6addr_any, four.sin_addr.s_addr = htonl(INADDR_ANY);
    struct sockaddr *a = family == AF_INET6 ? (struct sockaddr *)&six : (struct sockaddr *)&four;
    socklen_t n = family == AF_INET6 ? sizeof six : sizeof four;
    int one = 1, fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
    if (bind(fd, a, n) || listen(fd, BACKLOG) || getsockname(fd, a, &n)) {
        close(fd);
        return -1;
    }
    *port = ntohs(family == AF_INET6 ? six.sin6_port : four.sin_port);
    return fd;
}

bool net_listen(int *port, bool also_ipv6) {
    sigemptyset(&ends); /* from here on: who has read our port may end us at once */
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    int fd = open_one(AF_INET, port);
    if (fd < 0) return false;
    listeners[nlisteners++] = fd;
    if (!also_ipv6) return true;
    fd = open_one(AF_INET6, port);
    if (fd >= 0) listeners[nlisteners++] = fd;
    return fd >= 0;
}

static void watch(int fd, void *tag) {
    struct epoll_event e = {.events = EPOLLIN, .data = {.ptr = tag}};
    epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
}

static void accept_all(int fd, bool with_tls) {
    int one = 1, k;
    while ((k = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
        setsockopt(k, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        conn *c = conn_new(k, with_tls);
        c->next = all;
        if (all) all->prev = c;
        all = c;
        c->events = EPOLLIN;
        watch(k, c);
    }
}

static void drop(conn *c) {
    if (c->prev) c->prev->next = c->next;
    else all = c->next;
    if (c->next) c->next->prev = c->prev;
    conn_delete(c);
}

/* After anything happened to c: register what it waits for now, or delete it. */
static void settle(conn *c) {
    if (c->dead) {
        drop(c);
        return;
    }
    if (c->fd < 0) return;
    unsigned want = (conn_wants_read(c) ? (unsigned)EPOLLIN : 0) | (conn_wants_write(c) ? (unsigned)EPOLLOUT : 0);
    if (want == c->events) return;
    struct epoll_event e = {.events = want, .data = {.ptr = c}};
    epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
    c->events = want;
}

static void event(conn *c, unsigned e) {
    bool broken = (e & EPOLLERR) != 0;
    if (broken) c->eof = false; /* let the read find the error */
    conn_event(c, (e & EPOLLIN) || broken, (e & EPOLLOUT) != 0);
    if (!c->dead && c->fd >= 0 && (e & EPOLLHUP) && !(e & EPOLLIN)) c->dead = true;
    settle(c);
}

static int next_timeout(void) {
    int64_t first = 0, now = now_ms();
    for (const conn *c = all; c; c = c->next) {
        int64_t due = conn_due(c);
        if (due && (!first || due < first)) first = due;
    }
    return !first ? -1 : first <= now ? 0 : first - now > 60000 ? 60000 : (int)(first - now);
}

static void tick_all(void) {
    int64_t now = now_ms();
    for (conn *c = all, *next; c; c = next) {
        next = c->next;
        int64_t due = conn_due(c);
        if (!due || due > now) continue;
        conn_tick(c, now);
        settle(c);
    }
}

static bool is_listener(const void *tag) {
    return tag == &listeners[0] || tag == &listeners[1];
}

void net_run(bool with_tls) {
    struct epoll_event ev[EVENTS];
    bool running = true;
    int sig = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
    ep = epoll_create1(EPOLL_CLOEXEC);
    watch(sig, &sig);
    for (int i = 0; i < nlisteners; i++) watch(listeners[i], &listeners[i]);
    while (running) {
        int n = epoll_wait(ep, ev, EVENTS, next_timeout());
        for (int i = 0; i < n; i++) {
            void *tag = ev[i].data.ptr;
            if (tag == &sig) running = false;
            else if (is_listener(tag)) accept_all(*(int *)tag, with_tls);
            else event(tag, ev[i].events);
        }
        tick_all();
    }
    while (all) drop(all);
    for (int i = 0; i < nlisteners; i++) close(listeners[i]);
    close(sig);
    close(ep);
}
