/* SPDX-License-Identifier: Apache-2.0
 * See bare.h: the server of bench_request. Ends with its standard input, so that it never outlives who started it. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bare.h"

static int listen_on(int *port) {
    struct sockaddr_in sa = {0};
    socklen_t len = sizeof sa;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    sa.sin_family = AF_INET;
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (const struct sockaddr *)(const void *)&sa, len) != 0 || listen(fd, 16) != 0) return -1;
    if (getsockname(fd, (struct sockaddr *)(void *)&sa, &len) != 0) return -1;
    *port = ntohs(sa.sin_port);
    return fd;
}

static void plain_run(int fd) {
    char in[4096];
    ssize_t n;
    while ((n = read(fd, in, sizeof in)) > 0)
        if (in[n - 1] == BENCH_REQUEST_END && write(fd, bench_answer, strlen(bench_answer)) <= 0) return;
}

/* One process per connection; all are ended and waited for with the server itself. */
static pid_t workers[64];
static size_t worker_count;

static void accept_one(int listener, void (*run)(int fd)) {
    int one = 1, fd = accept(listener, NULL, NULL);
    if (fd < 0) return;
    if (worker_count < sizeof workers / sizeof workers[0]) {
        pid_t pid = fork();
        if (pid == 0) {
            (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
            run(fd);
            _exit(0);
        }
        if (pid > 0) workers[worker_count++] = pid;
    }
    close(fd);
}

static int end_workers(void) {
    for (size_t i = 0; i < worker_count; i++) {
        kill(workers[i], SIGKILL);
        (void)waitpid(workers[i], NULL, 0);
    }
    return 0;
}

int serve(const char *cert, const char *key) {
    int port[2] = {0, 0}, fd[2] = {-1, -1};
    signal(SIGPIPE, SIG_IGN);
    fd[0] = listen_on(&port[0]);
    if (cert && tls_server_init(cert, key) == 0) fd[1] = listen_on(&port[1]);
    if (fd[0] < 0 || (cert && fd[1] < 0)) return 1;
    printf("%d %d\n", port[0], port[1]);
    fflush(stdout);
    for (;;) {
        struct pollfd p[3] = {{0, POLLIN, 0}, {fd[0], POLLIN, 0}, {fd[1], POLLIN, 0}};
        if (poll(p, 3, -1) < 0) continue;
        if (p[0].revents) return end_workers();
        if (p[1].revents) accept_one(fd[0], plain_run);
        if (p[2].revents) accept_one(fd[1], tls_server_run);
    }
}
