/* SPDX-License-Identifier: Apache-2.0
 * A name server for the conformance test, on port 53 of an address: the names on its command line, and that there are no others.
 *     dns ADDRESS NAME IPV4|- IPV6|- [NAME …]     ends with its standard input */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD = 12, A = 1, AAAA = 28, NO_SUCH_NAME = 3 };

/* The question's name in the usual form; where its type is, or 0. */
static size_t read_name(const uint8_t *q, size_t len, char *name, size_t cap) {
    size_t at = HEAD, n = 0;
    while (at < len && q[at]) {
        size_t part = q[at++];
        if (at + part >= len || n + part + 2 > cap) return 0;
        if (n) name[n++] = '.';
        memcpy(name + n, q + at, part);
        n += part;
        at += part;
    }
    name[n] = '\0';
    return at + 5 <= len ? at + 1 : 0;
}

/* Append the answer to a question that ends at `end`: a name that points to the question's, type, class, 60 s, the address. */
static size_t append(uint8_t *q, size_t end, int type, const char *text) {
    uint8_t ip[16];
    uint8_t size = type == A ? 4 : 16;
    uint8_t head[] = {0xc0, HEAD, 0, (uint8_t)type, 0, 1, 0, 0, 0, 60, 0, size};
    if (inet_pton(type == A ? AF_INET : AF_INET6, text, ip) != 1) return end;
    q[7] = 1;
    memcpy(q + end, head, sizeof head);
    memcpy(q + end + sizeof head, ip, size);
    return end + sizeof head + size;
}

/* Turn a question into its answer. The new length, 0: none. */
static size_t answer(uint8_t *q, size_t len, int argc, char **argv) {
    char name[256];
    size_t at = len > HEAD ? read_name(q, len, name, sizeof name) : 0;
    if (!at) return 0;
    int type = q[at] << 8 | q[at + 1];
    q[2] = 0x81, q[3] = 0x80 | NO_SUCH_NAME;
    memset(q + 6, 0, 6);
    for (int i = 2; i + 2 < argc; i += 3) {
        if (strcasecmp(argv[i], name) != 0) continue;
        q[3] = 0x80;
        if (type == A || type == AAAA) return append(q, at + 4, type, argv[type == A ? i + 1 : i + 2]);
    }
    return at + 4;
}

int main(int argc, char **argv) {
    struct sockaddr_in in;
    uint8_t q[512 + 32];
    memset(&in, 0, sizeof in);
    in.sin_family = AF_INET;
    in.sin_port = htons(53);
    struct pollfd p[2] = {{socket(AF_INET, SOCK_DGRAM, 0), POLLIN, 0}, {0, POLLIN, 0}};
    if (argc < 2 || inet_pton(AF_INET, argv[1], &in.sin_addr) != 1 || bind(p[0].fd, (struct sockaddr *)&in, sizeof in) != 0) {
        perror("dns");
        return 1;
    }
    while (poll(p, 2, -1) > 0 && !p[1].revents) {
        socklen_t from = sizeof in;
        ssize_t len = recvfrom(p[0].fd, q, 512, 0, (struct sockaddr *)&in, &from);
        size_t n = len > 0 ? answer(q, (size_t)len, argc, argv) : 0;
        if (n) sendto(p[0].fd, q, n, 0, (struct sockaddr *)&in, from);
    }
    return 0;
}
