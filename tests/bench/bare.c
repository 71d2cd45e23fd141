/* SPDX-License-Identifier: Apache-2.0
 * See bare.h: the plain bare client, and what both sides say. */
#include "bare.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

const char bench_answer[] =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: application/json\r\n"
    "Grpc-Metadata-Content-Type: application/grpc\r\n"
    "Vary: Accept-Encoding\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: SAMEORIGIN\r\n"
    "X-Xss-Protection: 1; mode=block\r\n"
    "Date: Mon, 23 Nov 2026 06:24:09 GMT\r\n"
    "Content-Length: 2\r\n"
    "\r\n"
    "{}";

int bare_connect(int port) {
    struct sockaddr_in sa = {0};
    int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    sa.sin_family = AF_INET;
    sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sa.sin_port = htons((uint16_t)port);
    if (fd < 0) return -1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(fd, (const struct sockaddr *)(const void *)&sa, sizeof sa) == 0) return fd;
    close(fd);
    return -1;
}

int bare_exchange(int fd, int how, const char *request, size_t len) {
    char answer[1024];
    size_t got = 0;
    struct pollfd p = {fd, POLLIN, 0};
    if (write(fd, request, len) != (ssize_t)len) return -1;
    while (got < sizeof bench_answer - 1) {
        if (how == BARE_POLL && poll(&p, 1, 30000) != 1) return -1;
        ssize_t n = how == BARE_POLL ? recv(fd, answer, sizeof answer, MSG_DONTWAIT) : read(fd, answer, sizeof answer);
        if (n <= 0) return -1;
        got += (size_t)n;
    }
    return 0;
}
