/* SPDX-License-Identifier: Apache-2.0
 * The POSIX port on real loopback sockets. The resolver alone is a fake (defined here, it takes the place of libc's), so
 * that names have the addresses a test needs. Ports are the system's choice; nothing stays open. */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "det_posix.h"
#include "unit.h"

static const det_port *port;
static det_conn conn;

/* ---- the resolver ------------------------------------------------------------------------------------------------ */

static const char *const *name_has; /* addresses of every name that is not numeric; NULL: unknown */
static int lists_out, names_asked, slow_ms;

static struct addrinfo *one(const char *text) {
    struct addrinfo *ai = (struct addrinfo *)calloc(1, sizeof *ai);
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
    memset(&in, 0, sizeof in);
    memset(&in6, 0, sizeof in6);
    in.sin_family = AF_INET;
    in6.sin6_family = AF_INET6;
    int v6 = inet_pton(AF_INET6, text, &in6.sin6_addr) == 1;
    if (!ai || (!v6 && inet_pton(AF_INET, text, &in.sin_addr) != 1)) {
        free(ai);
        return NULL;
    }
    ai->ai_family = v6 ? AF_INET6 : AF_INET;
    ai->ai_addr = (struct sockaddr *)malloc(sizeof in6);
    if (!ai->ai_addr) abort();
    memcpy(ai->ai_addr, v6 ? (void *)&in6 : (void *)&in, v6 ? sizeof in6 : sizeof in);
    ai->ai_addrlen = (socklen_t)(v6 ? sizeof in6 : sizeof in);
    return ai;
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **out) {
    (void)service;
    *out = one(host);
    if (!*out && (hints->ai_flags & AI_NUMERICHOST)) return EAI_NONAME;
    if (!*out) {
        names_asked++;
        if (slow_ms) usleep((useconds_t)slow_ms * 1000);
        if (!name_has) return EAI_AGAIN;
        struct addrinfo **next = out;
        for (const char *const *a = name_has; *a; a++, next = &(*next)->ai_next) *next = one(*a);
    }
    lists_out++;
    return 0;
}

void freeaddrinfo(struct addrinfo *list) {
    lists_out--;
    while (list) {
        struct addrinfo *next = list->ai_next;
        free(list->ai_addr);
        free(list);
        list = next;
    }
}

/* ---- helpers ----------------------------------------------------------------------------------------------------- */

static int fds_open(void) {
    DIR *d = opendir("/proc/self/fd");
    int n = 0;
    if (!d) return 0;
    while (readdir(d)) n++;
    closedir(d);
    return n;
}

static int listen_at(const char *ip, uint16_t *p, int backlog) {
    struct sockaddr_in a;
    socklen_t len = sizeof a;
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_port = htons(*p);
    inet_pton(AF_INET, ip, &a.sin_addr);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)(void *)&a, sizeof a) != 0 || listen(fd, backlog) != 0) {
        close(fd);
        return -1;
    }
    getsockname(fd, (struct sockaddr *)(void *)&a, &len);
    *p = ntohs(a.sin_port);
    return fd;
}

/* A port of loopback where nobody listens. */
static uint16_t dead_port(void) {
    uint16_t p = 0;
    close(listen_at("127.0.0.1", &p, 1));
    return p;
}

static int dial(const char *host, uint16_t p, uint32_t ms) {
    uint32_t t0 = port->now_ms(port->ctx);
    memset(&conn, 0, sizeof conn);
    for (int i = 0; i < 100000; i++) {
        uint32_t took = port->now_ms(port->ctx) - t0, left = took < ms ? ms - took : 0;
        int code = port->open(port->ctx, &conn, host, p, left);
        if (code != DET_E_AGAIN) return code;
        det_wait w = {conn.handle, DET_WANT_WRITE};
        CHECK(conn.again_ms > 0);
        CHECK_INT(port->wait(port->ctx, &w, 1, conn.again_ms < left ? conn.again_ms : left), DET_OK);
    }
    return DET_E_AGAIN;
}

static void hang_up(void) {
    port->close(port->ctx, &conn);
    port->close(port->ctx, &conn);
    CHECK_INT(conn.handle, -1);
}

static uint32_t now(void) {
    return port->now_ms(port->ctx);
}

/* A connected pair: conn and the returned descriptor. */
static int pair(void) {
    uint16_t p = 0;
    int l = listen_at("127.0.0.1", &p, 4);
    CHECK_INT(dial("127.0.0.1", p, 2000), DET_OK);
    int fd = accept(l, NULL, NULL);
    close(l);
    return fd;
}

static void until(int events) {
    det_wait w = {conn.handle, events};
    CHECK_INT(port->wait(port->ctx, &w, 1, 2000), DET_OK);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static void numeric_addresses_need_no_resolver(void) {
    uint16_t p = 0;
    int l = listen_at("127.0.0.1", &p, 4), before = names_asked;
    CHECK_INT(dial("127.0.0.1", p, 2000), DET_OK);
    CHECK_INT(conn.os_error, 0);
    CHECK_INT(names_asked, before);
    int one_ = 0, fd = (int)conn.handle;
    socklen_t len = sizeof one_;
    CHECK_INT(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one_, &len), 0);
    CHECK(one_ != 0);
    CHECK(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    CHECK(fcntl(fd, F_GETFL) & O_NONBLOCK);
    CHECK_INT(port->open(port->ctx, &conn, "127.0.0.1", p, 10), DET_OK); /* once more: still open */
    CHECK_INT(conn.handle, fd);
    hang_up();
    close(l);
    CHECK_INT(lists_out, 0);
}

static void ipv6_works_where_the_machine_has_it(void) {
    struct sockaddr_in6 a;
    socklen_t len = sizeof a;
    memset(&a, 0, sizeof a);
    a.sin6_family = AF_INET6;
    a.sin6_addr = in6addr_loopback;
    int l = socket(AF_INET6, SOCK_STREAM, 0);
    if (l < 0 || bind(l, (struct sockaddr *)(void *)&a, sizeof a) != 0 || listen(l, 1) != 0) {
        if (l >= 0) close(l);
        return;
    }
    getsockname(l, (struct sockaddr *)(void *)&a, &len);
    CHECK_INT(dial("::1", ntohs(a.sin6_port), 2000), DET_OK);
    hang_up();
    close(l);
}

static void a_refused_port_is_told_with_its_errno_and_leaves_nothing(void) {
    int before = fds_open();
    CHECK_INT(dial("127.0.0.1", dead_port(), 2000), DET_E_CONNECT);
    CHECK_INT(conn.os_error, ECONNREFUSED);
    CHECK_INT(conn.handle, -1);
    CHECK_INT(conn.mem[0], 0);
    CHECK_INT(fds_open(), before);
}

static void an_unknown_name_is_a_dns_error(void) {
    name_has = NULL;
    CHECK_INT(dial("nowhere.test", 80, 2000), DET_E_DNS);
    CHECK_INT(conn.os_error, EAI_AGAIN);
    static const char *const none[] = {NULL};
    name_has = none;
    CHECK_INT(dial("empty.test", 80, 2000), DET_E_DNS);
    CHECK_INT(lists_out, 0);
    hang_up();
}

static void localhost_is_loopback_and_nobody_is_asked(void) {
    uint16_t p = 0;
    int l = listen_at("127.0.0.1", &p, 4), before = names_asked;
    name_has = NULL;
    CHECK_INT(dial("localhost", p, 2000), DET_OK);
    hang_up();
    close(l);
    CHECK_INT(dial("localhost", p, 2000), DET_E_CONNECT);
    CHECK_INT(conn.os_error, ECONNREFUSED); /* whether or not there is IPv6 */
    CHECK_INT(names_asked, before);
    CHECK_INT(lists_out, 0);
    hang_up();
}

static void every_address_of_a_name_is_tried(void) {
    static const char *const three[] = {"::1", "127.0.0.2", "127.0.0.3", NULL};
    static const char *const far[] = {"127.0.0.11", "127.0.0.12", "127.0.0.13", "127.0.0.14", "127.0.0.15",
                                      "127.0.0.16", "127.0.0.17", "127.0.0.18", "127.0.0.19", "127.0.0.3",
                                      "127.0.0.21", "127.0.0.22", NULL};
    uint16_t p = 0;
    int l = listen_at("127.0.0.3", &p, 8), before = fds_open();
    name_has = three;
    names_asked = 0;
    CHECK_INT(dial("three.test", p, 2000), DET_OK);
    CHECK_INT(names_asked, 1); /* looked up once, not for each address */
    hang_up();
    name_has = far; /* more than fit: the tenth still does */
    CHECK_INT(dial("far.test", p, 2000), DET_OK);
    hang_up();
    name_has = three;
    CHECK_INT(dial("three.test", dead_port(), 2000), DET_E_CONNECT);
    CHECK_INT(conn.os_error, ECONNREFUSED);
    CHECK_INT(fds_open(), before);
    close(l);
    CHECK_INT(lists_out, 0);
}

/* Connections to a listener whose queue is full stay unanswered, as with a host that drops packets. */
static int fill_queue(const char *ip, uint16_t p, int *fd, int max) {
    struct sockaddr_in a;
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_port = htons(p);
    inet_pton(AF_INET, ip, &a.sin_addr);
    for (int i = 0; i < max; i++) {
        fd[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (connect(fd[i], (struct sockaddr *)(void *)&a, sizeof a) == 0) continue;
        struct pollfd f = {fd[i], POLLOUT, 0};
        if (poll(&f, 1, 100) == 0) return i + 1;
    }
    return max;
}

static void a_silent_address_costs_its_share_of_the_budget_and_no_more(void) {
    static const char *const two[] = {"127.0.0.4", "127.0.0.3", NULL};
    int fd[16], before = fds_open();
    uint16_t p = 0;
    int good = listen_at("127.0.0.3", &p, 8), full = listen_at("127.0.0.4", &p, 0);
    if (full < 0) { /* that port is taken over there */
        close(good);
        return;
    }
    int n = fill_queue("127.0.0.4", p, fd, 16);
    CHECK(n < 16);
    uint32_t t = now();
    CHECK_INT(dial("127.0.0.4", p, 300), DET_E_TIMEOUT);
    CHECK(now() - t >= 290 && now() - t < 1500);
    CHECK_INT(conn.os_error, ETIMEDOUT);
    CHECK_INT(conn.handle, -1);
    name_has = two;
    t = now();
    CHECK_INT(dial("two.test", p, 600), DET_OK);
    CHECK(now() - t >= 250 && now() - t < 590);
    hang_up();
    slow_ms = 200; /* the lookup counts against the budget */
    t = now();
    CHECK_INT(dial("two.test", p, 600), DET_OK);
    CHECK(now() - t >= 350 && now() - t < 590);
    hang_up();
    CHECK_INT(dial("two.test", p, 150), DET_E_TIMEOUT);
    slow_ms = 0;
    CHECK_INT(dial("two.test", p, 0), DET_E_TIMEOUT);
    hang_up();
    while (n) close(fd[--n]);
    close(good);
    close(full);
    CHECK_INT(fds_open(), before);
}

static void without_descriptors_it_is_an_io_error(void) {
    struct rlimit old, few;
    uint16_t p = 0;
    int l = listen_at("127.0.0.1", &p, 4);
    det_posix px;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &old), 0);
    few = old;
    few.rlim_cur = (rlim_t)l + 1;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &few), 0);
    int code = dial("127.0.0.1", p, 1000), made = det_posix_init(&px);
    CHECK_INT(port->roots(port->ctx, 0, &px, 4), DET_E_IO);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &old), 0);
    CHECK_INT(code, DET_E_IO);
    CHECK_INT(conn.os_error, EMFILE);
    CHECK_INT(made, DET_E_IO);
    det_posix_free(&px);
    close(l);
}

/* Else the peer would go on with what it was sent before, which a close is to stop (contract 5.6). */
static void close_reaches_the_peer_though_a_child_holds_the_socket(void) {
    uint16_t p = 0;
    int hold[2], l = listen_at("127.0.0.1", &p, 4);
    char c;
    CHECK_INT(pipe(hold), 0);
    CHECK_INT(dial("127.0.0.1", p, 1000), DET_OK);
    int fd = accept(l, NULL, NULL);
    pid_t child = fork();
    if (child == 0) {
        close(hold[1]);
        _exit(read(hold[0], &c, 1) != 0);
    }
    hang_up();
    struct pollfd end = {fd, POLLIN, 0};
    CHECK_INT(poll(&end, 1, 2000), 1);
    close(hold[0]);
    close(hold[1]);
    CHECK_INT(waitpid(child, NULL, 0), child);
    close(fd);
    close(l);
}

static void a_thousand_connections_leave_no_descriptor(void) {
    uint16_t p = 0, none = dead_port();
    int l = listen_at("127.0.0.1", &p, 8), before = fds_open();
    char b[4];
    for (int i = 0; i < 1000; i++) {
        if (i % 4 == 3) {
            CHECK_INT(dial("127.0.0.1", none, 1000), DET_E_CONNECT);
            continue;
        }
        CHECK_INT(dial("127.0.0.1", p, 1000), DET_OK);
        int fd = accept(l, NULL, NULL);
        if (i % 4 == 1) CHECK_INT(port->recv(port->ctx, &conn, b, 4), DET_E_AGAIN);
        close(fd);
        hang_up();
    }
    CHECK_INT(fds_open(), before);
    close(l);
}

static void descriptors_beyond_a_select_set_work(void) {
    struct rlimit old, more;
    CHECK_INT(getrlimit(RLIMIT_NOFILE, &old), 0);
    more = old;
    if (more.rlim_cur < 1300) more.rlim_cur = more.rlim_max < 1300 ? more.rlim_max : 1300;
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &more), 0);
    int hold[1200], n = 0;
    while (n < 1200 && (hold[n] = dup(0)) >= 0) n++;
    if (n == 1200) {
        int fd = pair();
        CHECK(conn.handle > 1024);
        CHECK(write(fd, "x", 1) == 1);
        uint32_t t = now();
        until(DET_WANT_READ);
        CHECK(now() - t < 1500);
        char b[4];
        CHECK_INT(port->recv(port->ctx, &conn, b, 4), 1);
        hang_up();
        close(fd);
    }
    while (n) close(hold[--n]);
    CHECK_INT(setrlimit(RLIMIT_NOFILE, &old), 0);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static void would_block_closed_and_reset_are_told_apart(void) {
    char b[64];
    int fd = pair();
    CHECK_INT(port->recv(port->ctx, &conn, b, 64), DET_E_AGAIN);
    CHECK_INT(conn.os_error, 0);
    CHECK(write(fd, "last words", 10) == 10);
    close(fd);
    until(DET_WANT_READ);
    CHECK_INT(port->recv(port->ctx, &conn, b, 64), 10);
    until(DET_WANT_READ);
    CHECK_INT(port->recv(port->ctx, &conn, b, 64), DET_E_CLOSED);
    hang_up();
    fd = pair();
    struct linger hard = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(fd);
    until(DET_WANT_READ);
    CHECK_INT(port->recv(port->ctx, &conn, b, 64), DET_E_RESET);
    CHECK_INT(conn.os_error, ECONNRESET);
    hang_up();
}

static void a_full_pipe_blocks_until_there_is_room(void) {
    static char big[65536], in[65536];
    int fd = pair(), n;
    size_t sent = 0, got = 0;
    for (size_t i = 0; i < sizeof big; i++) big[i] = (char)(i % 251);
    while ((n = port->send(port->ctx, &conn, big + sent % sizeof big, sizeof big - sent % sizeof big)) > 0) sent += (size_t)n;
    CHECK_INT(n, DET_E_AGAIN);
    det_wait w = {conn.handle, DET_WANT_WRITE};
    uint32_t t = now();
    CHECK_INT(port->wait(port->ctx, &w, 1, 50), DET_OK);
    CHECK(now() - t >= 45);
    while (got < sent) {
        ssize_t r = read(fd, in, sizeof in);
        if (r <= 0) break;
        int same = 1;
        for (size_t i = 0; i < (size_t)r; i++) same &= in[i] == big[(got + i) % sizeof big];
        CHECK(same);
        got += (size_t)r;
    }
    CHECK_INT(got, sent);
    until(DET_WANT_WRITE);
    CHECK_INT(port->send(port->ctx, &conn, "x", 1), 1);
    hang_up();
    close(fd);
}

static void sending_to_a_closed_peer_raises_no_signal_and_changes_none(void) {
    struct sigaction before, after;
    CHECK_INT(sigaction(SIGPIPE, NULL, &before), 0);
    CHECK(before.sa_handler == SIG_DFL);
    int fd = pair(), code = 0;
    close(fd);
    for (int i = 0; i < 100 && code >= 0; i++) {
        code = port->send(port->ctx, &conn, "hello", 5);
        usleep(1000);
    }
    CHECK(code == DET_E_CLOSED || code == DET_E_RESET);
    code = port->send(port->ctx, &conn, "hello", 5);
    CHECK_INT(code, DET_E_CLOSED);
    CHECK_INT(conn.os_error, EPIPE);
    hang_up();
    CHECK_INT(sigaction(SIGPIPE, NULL, &after), 0);
    CHECK(after.sa_handler == SIG_DFL);
}

static volatile sig_atomic_t alarms;

static void on_alarm(int s) {
    (void)s;
    alarms++;
}

static void a_storm_of_signals_disturbs_nothing(void) {
    struct sigaction a, old;
    struct itimerval often = {{0, 300}, {0, 300}}, off = {{0, 0}, {0, 0}};
    memset(&a, 0, sizeof a);
    a.sa_handler = on_alarm; /* without SA_RESTART: every call that can be interrupted is */
    CHECK_INT(sigaction(SIGALRM, &a, &old), 0);
    int before = fds_open();
    CHECK_INT(setitimer(ITIMER_REAL, &often, NULL), 0);
    static uint8_t out[30000], in[30000];
    for (int round = 0; round < 60; round++) {
        int fd;
        do fd = pair();
        while (fd < 0);
        size_t sent = 0, got = 0;
        CHECK_INT(port->entropy(port->ctx, out, sizeof out), DET_OK);
        for (int i = 0; got < sizeof in && i < 100000; i++) {
            if (sent < sizeof out) {
                int n = port->send(port->ctx, &conn, out + sent, sizeof out - sent);
                CHECK(n > 0 || n == DET_E_AGAIN);
                if (n > 0) sent += (size_t)n;
            }
            ssize_t r = recv(fd, in + got, sizeof in - got, MSG_DONTWAIT);
            if (r > 0) got += (size_t)r;
        }
        CHECK(got == sizeof in && memcmp(in, out, sizeof in) == 0);
        det_wait w = {conn.handle, DET_WANT_READ};
        CHECK_INT(port->wait(port->ctx, &w, 1, 5), DET_OK);
        CHECK_INT(port->recv(port->ctx, &conn, in, 10), DET_E_AGAIN);
        hang_up();
        close(fd);
    }
    CHECK_INT(setitimer(ITIMER_REAL, &off, NULL), 0);
    CHECK_INT(sigaction(SIGALRM, &old, NULL), 0);
    CHECK(alarms > 20);
    CHECK_INT(fds_open(), before);
}

/* ---- waiting and waking ------------------------------------------------------------------------------------------ */

static void wait_takes_many_things_and_refuses_bad_ones(void) {
    det_wait w[DET_POSIX_WAIT_MAX + 1];
    for (int i = 0; i <= DET_POSIX_WAIT_MAX; i++) {
        w[i].handle = -1;
        w[i].events = DET_WANT_READ;
    }
    uint32_t t = now();
    CHECK_INT(port->wait(port->ctx, w, DET_POSIX_WAIT_MAX, 30), DET_OK);
    CHECK(now() - t >= 28);
    CHECK_INT(port->wait(port->ctx, w, DET_POSIX_WAIT_MAX + 1, 30), DET_E_ARG);
    CHECK_INT(port->wait(port->ctx, NULL, 0, 0), DET_OK);
    int fd = pair();
    w[7].handle = conn.handle;
    w[7].events = DET_WANT_READ | DET_WANT_WRITE;
    CHECK_INT(port->wait(port->ctx, w, 8, UINT32_MAX), DET_OK);
    w[7].handle = fd;
    close(fd);
    CHECK_INT(port->wait(port->ctx, w, 8, 1000), DET_E_IO);
    hang_up();
}

static det_posix px;

static void *wake_later(void *arg) {
    usleep(50000);
    px.port.wake(px.port.ctx);
    return arg;
}

static void wake_on_alarm(int s) {
    (void)s;
    px.port.wake(px.port.ctx);
}

static uint32_t waited(uint32_t ms) {
    uint32_t t = now();
    CHECK_INT(px.port.wait(px.port.ctx, NULL, 0, ms), DET_OK);
    return now() - t;
}

static void wake_works_before_during_and_from_anywhere(void) {
    pthread_t th;
    int before = fds_open();
    CHECK_INT(det_posix_init(&px), DET_OK);
    px.port.wake(px.port.ctx); /* before: not lost */
    CHECK(waited(2000) < 1000);
    CHECK(waited(30) >= 28); /* and used up */
    CHECK_INT(pthread_create(&th, NULL, wake_later, NULL), 0);
    uint32_t t = waited(5000);
    CHECK(t >= 30 && t < 2000);
    pthread_join(th, NULL);
    for (int i = 0; i < 100000; i++) px.port.wake(px.port.ctx); /* a full pipe does not block */
    CHECK(waited(2000) < 1000);
    CHECK(waited(30) >= 28);
    struct sigaction a, old;
    struct itimerval soon = {{0, 0}, {0, 30000}};
    memset(&a, 0, sizeof a);
    a.sa_handler = wake_on_alarm;
    sigaction(SIGALRM, &a, &old);
    setitimer(ITIMER_REAL, &soon, NULL);
    CHECK(waited(5000) < 2000);
    sigaction(SIGALRM, &old, NULL);
    det_posix_free(&px);
    det_posix_free(&px);
    CHECK_INT(fds_open(), before);
    CHECK(!DET_PORT_HAS(port, wake));
}

/* ---- the rest ---------------------------------------------------------------------------------------------------- */

static void clocks_and_randomness_are_real(void) {
    uint8_t a[1000], b[1000];
    uint32_t t = now();
    usleep(20000);
    CHECK(now() - t >= 19 && now() - t < 5000);
    int64_t utc = port->utc_s(port->ctx);
    CHECK(utc == DET_UTC_UNKNOWN || utc >= 1704067200);
    memset(a, 0, sizeof a);
    memset(b, 0, sizeof b);
    CHECK_INT(port->entropy(port->ctx, a, sizeof a), DET_OK);
    CHECK_INT(port->entropy(port->ctx, b, sizeof b), DET_OK);
    CHECK(memcmp(a, b, sizeof a) != 0);
    CHECK(memcmp(a + 992, "\0\0\0\0\0\0\0\0", 8) != 0);
    CHECK_INT(port->size, sizeof(det_port));
}

static void roots_read_like_a_file_and_the_user_may_name_it(void) {
    char path[] = "det_posix_XXXXXX", all[300], piece[7];
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    for (size_t i = 0; i < sizeof all; i++) all[i] = (char)('a' + i % 26);
    CHECK(write(fd, all, sizeof all) == (ssize_t)sizeof all);
    close(fd);
    setenv("SSL_CERT_FILE", path, 1);
    size_t at = 0;
    int n;
    while ((n = port->roots(port->ctx, at, piece, sizeof piece)) > 0) {
        CHECK(memcmp(piece, all + at, (size_t)n) == 0);
        at += (size_t)n;
    }
    CHECK_INT(n, 0);
    CHECK_INT(at, sizeof all);
    const char *pem = NULL;
    size_t len = 0;
    int before = fds_open();
    CHECK_INT(det_posix_read_pem(path, &pem, &len), DET_OK);
    CHECK_INT(len, sizeof all);
    CHECK(pem && memcmp(pem, all, len) == 0 && pem[len] == 0);
    det_posix_free_pem(pem, len);
    CHECK_INT(truncate(path, 0), 0);
    CHECK_INT(det_posix_read_pem(path, &pem, &len), DET_E_CERT);
    unlink(path);
    CHECK_INT(det_posix_read_pem(path, &pem, &len), DET_E_CERT);
    CHECK_INT(errno, ENOENT);
    CHECK_INT(det_posix_read_pem("/", &pem, &len), DET_E_CERT);
    CHECK_INT(port->roots(port->ctx, 0, piece, 7), DET_E_IO); /* named but gone: no other file instead */
    unsetenv("SSL_CERT_FILE");
    n = port->roots(port->ctx, 0, piece, 7);
    CHECK(n == 7 || n == DET_E_IO); /* a machine may have none */
    CHECK_INT(fds_open(), before);
}

static const unit_test tests[] = {
    TEST(numeric_addresses_need_no_resolver),
    TEST(ipv6_works_where_the_machine_has_it),
    TEST(a_refused_port_is_told_with_its_errno_and_leaves_nothing),
    TEST(an_unknown_name_is_a_dns_error),
    TEST(localhost_is_loopback_and_nobody_is_asked),
    TEST(every_address_of_a_name_is_tried),
    TEST(a_silent_address_costs_its_share_of_the_budget_and_no_more),
    TEST(without_descriptors_it_is_an_io_error),
    TEST(close_reaches_the_peer_though_a_child_holds_the_socket),
    TEST(a_thousand_connections_leave_no_descriptor),
    TEST(descriptors_beyond_a_select_set_work),
    TEST(would_block_closed_and_reset_are_told_apart),
    TEST(a_full_pipe_blocks_until_there_is_room),
    TEST(sending_to_a_closed_peer_raises_no_signal_and_changes_none),
    TEST(a_storm_of_signals_disturbs_nothing),
    TEST(wait_takes_many_things_and_refuses_bad_ones),
    TEST(wake_works_before_during_and_from_anywhere),
    TEST(clocks_and_randomness_are_real),
    TEST(roots_read_like_a_file_and_the_user_may_name_it),
};

int main(void) {
    port = det_posix_port();
    return unit_main(tests, sizeof tests / sizeof tests[0]);
}
