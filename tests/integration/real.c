/* SPDX-License-Identifier: Apache-2.0
 * Processes for the tests over real sockets: see real.h. Every one of them ends by itself after LIFE_S seconds, should
 * the test die before it. */
#include "real.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "real_int.h"

enum { LIFE_S = 100, HEAD_MAX = 65536, LINGER_MS = 300 };

/* ---- small things ------------------------------------------------------------------------------------------------ */

static struct sockaddr_in loopback(int port) {
    struct sockaddr_in a;
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_port = htons((uint16_t)port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
}

int real_listen(int *port, int backlog) {
    struct sockaddr_in a = loopback(0);
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) || listen(fd, backlog) || getsockname(fd, (struct sockaddr *)&a, &n)) {
        perror("listen");
        abort();
    }
    *port = ntohs(a.sin_port);
    return fd;
}

static int dial(int port, int flags) {
    struct sockaddr_in a = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0) return -1;
    fcntl(fd, F_SETFL, flags);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0 || errno == EINPROGRESS) return fd;
    close(fd);
    return -1;
}

static int readable(int fd, int ms) {
    struct pollfd p = {fd, POLLIN, 0};
    return poll(&p, 1, ms) > 0;
}

static void nap(int ms) {
    (void)poll(NULL, 0, ms);
}

/* Under faketime, +0 x100: alarms and naps are as fast as its clock. */
static int pace(void) {
    return getenv("FAKETIME") ? 100 : 1;
}

pid_t real_fork(void) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) abort();
    if (pid) return pid;
    signal(SIGPIPE, SIG_IGN);
    alarm((unsigned)pace() * LIFE_S);
    return 0;
}

void real_stop(real_proc *p) {
    if (p->pid <= 0) return;
    kill(p->pid, SIGTERM);
    waitpid(p->pid, NULL, 0);
    p->pid = 0;
}

/* ---- det-master -------------------------------------------------------------------------------------------------- */

static void exec_master(const char *port_file, const char *const *args) {
    enum { FIXED = 5, MAX = 10 };
    const char *argv[FIXED + MAX + 1] = {"det-master", "--port", "0", "--port-file", port_file};
    int null = open("/dev/null", O_WRONLY);
    dup2(null, 1); /* its counters are not of interest */
    for (int i = 0; args && args[i] && i < MAX; i++) argv[FIXED + i] = args[i];
    execv(real_bin("det-master"), (char *const *)(uintptr_t)argv);
    perror("det-master");
    _exit(127);
}

static int read_port(const char *path) {
    int port = 0;
    FILE *f = fopen(path, "r");
    if (!f) return 0;
    if (fscanf(f, "%d", &port) != 1) port = 0;
    fclose(f);
    return port;
}

real_proc real_master(const char *const *args) {
    static int number;
    char name[32];
    real_proc p = {0, 0};
    snprintf(name, sizeof name, "port%d", ++number);
    const char *port_file = real_file(name);
    p.pid = real_fork();
    if (p.pid == 0) exec_master(port_file, args);
    for (int i = 0; i < 500 * pace() && !p.port; i++) {
        p.port = read_port(port_file);
        if (!p.port) nap(10);
    }
    if (!p.port) {
        fprintf(stderr, "det-master does not start: is it built beside this program?\n");
        exit(2);
    }
    return p;
}

/* ---- a server that says what it is told -------------------------------------------------------------------------- */

/* Up to the empty line; false when the client left before. */
static int take_head(int fd, int any) {
    static char head[HEAD_MAX];
    size_t n = 0;
    while (n < sizeof head - 1) {
        ssize_t got = recv(fd, head + n, sizeof head - 1 - n, 0);
        if (got <= 0) return 0;
        n += (size_t)got;
        head[n] = 0;
        if (any) return 1;
        if (strstr(head, "\r\n\r\n")) return 1;
    }
    return 0;
}

static int say_all(int fd, const char *data, size_t len) {
    while (len) {
        ssize_t n = send(fd, data, len, 0);
        if (n <= 0) return 0;
        data += n;
        len -= (size_t)n;
    }
    return 1;
}

static int say_slowly(int fd, const real_script *s) {
    for (size_t i = 0; i < s->len; i++) {
        if (!say_all(fd, s->bytes + i, 1)) return 0;
        nap(s->piece_ms);
    }
    return 1;
}

static int say(int fd, const real_script *s, size_t nth) {
    if (s->growing) return say_all(fd, s->bytes, nth < s->len ? nth : s->len);
    if (s->piece_ms) return say_slowly(fd, s);
    int good = say_all(fd, s->bytes, s->len);
    for (size_t i = 0; i < s->repeat && good; i++) good = say_all(fd, s->bytes + s->from, s->len - s->from);
    return good && (!s->last || say_all(fd, s->last, strlen(s->last)));
}

/* A close that loses nothing on its way: end our direction, read what comes, then close. */
static void hang_up(int fd) {
    char junk[4096];
    shutdown(fd, SHUT_WR);
    while (readable(fd, LINGER_MS) && recv(fd, junk, sizeof junk, 0) > 0) {}
    close(fd);
}

static void reset(int fd) {
    struct linger l = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    close(fd);
}

static void attend(int fd, const real_script *s, size_t nth) {
    do {
        if (!take_head(fd, s->any) || !say(fd, s, nth)) {
            close(fd);
            return;
        }
    } while (s->end == REAL_KEEP);
    if (s->end == REAL_RESET) reset(fd);
    else if (s->end == REAL_FIN) hang_up(fd);
    else {
        char c;
        (void)recv(fd, &c, 1, 0); /* until the client has had enough */
        close(fd);
    }
}

real_proc real_serve(const real_script *s) {
    real_proc p;
    int listener = real_listen(&p.port, 64);
    p.pid = real_fork();
    if (p.pid == 0) {
        for (size_t nth = 0;; nth++) {
            int fd = accept(listener, NULL, NULL);
            if (fd >= 0) attend(fd, s, nth);
        }
    }
    close(listener);
    return p;
}

/* ---- a server that says nothing ---------------------------------------------------------------------------------- */

static void fill_queue(int port) {
    for (int i = 0; i < 8; i++) {
        int fd = dial(port, O_NONBLOCK);
        struct pollfd p = {fd, POLLOUT, 0};
        if (poll(&p, 1, 50) == 0) return; /* this one has to wait: so will the next */
    }
}

real_proc real_silence(int full) {
    real_proc p;
    int ready[2];
    char c = 0;
    int listener = real_listen(&p.port, full ? 0 : 16);
    if (pipe(ready) != 0) abort();
    p.pid = real_fork();
    if (p.pid == 0) {
        if (full) fill_queue(p.port);
        if (write(ready[1], &c, 1) != 1) _exit(1);
        for (;;) pause();
    }
    close(listener);
    close(ready[1]);
    if (read(ready[0], &c, 1) != 1) abort();
    close(ready[0]);
    return p;
}

/* ---- a relay that cuts ------------------------------------------------------------------------------------------- */

/* One read and its writes; false when that side has ended. */
static int pass(int from, int to, size_t *left) {
    char b[4096];
    size_t want = left && *left < sizeof b ? *left : sizeof b;
    ssize_t n = want ? recv(from, b, want, 0) : 0;
    if (n <= 0 || !say_all(to, b, (size_t)n)) return 0;
    if (left) *left -= (size_t)n;
    return !left || *left;
}

static void relay(int client, int port, size_t left) {
    int server = dial(port, 0);
    struct pollfd p[2] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
    int go = server >= 0 && left;
    while (go && poll(p, 2, -1) > 0) {
        if (p[1].revents) go = pass(server, client, &left);
        else if (p[0].revents) go = pass(client, server, NULL);
    }
    if (server >= 0) close(server);
    hang_up(client);
}

real_proc real_relay(int port, int step) {
    real_proc p;
    int listener = real_listen(&p.port, 64);
    p.pid = real_fork();
    if (p.pid == 0) {
        for (size_t nth = 0;; nth++) {
            int fd = accept(listener, NULL, NULL);
            if (fd >= 0) relay(fd, port, nth * (size_t)step);
        }
    }
    close(listener);
    return p;
}
