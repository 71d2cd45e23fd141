/* SPDX-License-Identifier: Apache-2.0
 * A name server for the firmware's tests, on the host: knows one name.
 *
 *     dnsd NAME ADDRESS PORT-FILE
 *
 * Answers on a free UDP port of 127.0.0.1, whose number it writes to PORT-FILE, until it is killed: the address for NAME, "no
 * such name" for all others (RFC 1035). Each question is told on standard output. */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum { HEAD = 12, MAX = 512, TYPE_AND_CLASS = 4, NXDOMAIN = 3 };

/* The name of the only question as dotted text. Returns where it ends, 0 if there is none. */
static size_t question(const uint8_t *p, size_t n, char *name) {
    size_t at = HEAD, out = 0;
    while (at < n && p[at]) {
        size_t len = p[at++];
        if (len > 63 || at + len >= n) return 0;
        if (out) name[out++] = '.';
        memcpy(name + out, p + at, len);
        out += len;
        at += len;
    }
    name[out] = 0;
    return at + 1 + TYPE_AND_CLASS <= n && out ? at + 1 + TYPE_AND_CLASS : 0;
}

/* Turns the question in p, of which end bytes count, into the answer. Returns its length. */
static size_t answer(uint8_t *p, size_t end, int known, struct in_addr address) {
    static const uint8_t record[] = {0xC0, HEAD, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4}; /* the name of the question, A, IN, 60 s */
    p[2] |= 0x84; /* an answer, from who knows */
    p[3] = (uint8_t)(known ? 0 : NXDOMAIN);
    memset(p + 6, 0, 6);
    if (!known) return end;
    p[7] = 1;
    memcpy(p + end, record, sizeof record);
    memcpy(p + end + sizeof record, &address, sizeof address);
    return end + sizeof record + sizeof address;
}

static int write_port(int fd, const char *path) {
    struct sockaddr_in own;
    socklen_t len = sizeof own;
    char tmp[4096];
    if (getsockname(fd, (struct sockaddr *)&own, &len) != 0) return 0;
    snprintf(tmp, sizeof tmp, "%s.tmp", path);
    FILE *f = fopen(tmp, "w");
    if (!f) return 0;
    fprintf(f, "%d\n", ntohs(own.sin_port));
    return fclose(f) == 0 && rename(tmp, path) == 0;
}

static void serve(int fd, const char *known, struct in_addr address) {
    for (;;) {
        uint8_t p[MAX + 64];
        char name[MAX + 64];
        struct sockaddr_in from;
        socklen_t len = sizeof from;
        ssize_t n = recvfrom(fd, p, MAX, 0, (struct sockaddr *)&from, &len);
        size_t end = n < HEAD ? 0 : question(p, (size_t)n, name);
        if (!end) continue;
        int good = strcasecmp(name, known) == 0;
        printf("%s: %s\n", name, good ? "known" : "no such name");
        fflush(stdout);
        (void)sendto(fd, p, answer(p, end, good, address), 0, (struct sockaddr *)&from, len);
    }
}

int main(int argc, char **argv) {
    struct sockaddr_in own = {0};
    struct in_addr address;
    if (argc != 4 || inet_pton(AF_INET, argv[2], &address) != 1) return fprintf(stderr, "usage: dnsd NAME ADDRESS PORT-FILE\n"), 2;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    own.sin_family = AF_INET;
    own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || bind(fd, (struct sockaddr *)&own, sizeof own) != 0 || !write_port(fd, argv[3])) return perror("dnsd"), 1;
    serve(fd, argv[1], address);
}
