/* SPDX-License-Identifier: Apache-2.0
 * For the test of port/arduino on the host: what its examples take of Arduino, EthernetClient over a socket. */
#ifndef ARDUINO_H
#define ARDUINO_H
#define ARDUINO 10819

#include <netdb.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

typedef uint8_t byte;
static inline unsigned long millis() {
    timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (unsigned long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
static inline void yield() { usleep(50); }
static inline void delay(unsigned long ms) { usleep((useconds_t)(ms * 1000)); }

struct Client {
    virtual int connect(const char *host, uint16_t port) = 0;
    virtual size_t write(const uint8_t *data, size_t len) = 0;
    virtual int available() = 0;
    virtual int read(uint8_t *data, size_t cap) = 0;
    virtual void stop() = 0;
    virtual uint8_t connected() = 0;
    virtual ~Client() {}
};
struct EthernetClient : Client {
    int fd = -1;
    int connect(const char *host, uint16_t port) {
        char service[8];
        addrinfo hints = {}, *list;
        hints.ai_family = AF_INET;
        hints.ai_socktype = SOCK_STREAM;
        snprintf(service, sizeof service, "%u", port);
        if (getaddrinfo(host, service, &hints, &list) != 0) return 0;
        fd = socket(AF_INET, SOCK_STREAM, 0);
        int good = ::connect(fd, list->ai_addr, list->ai_addrlen) == 0;
        freeaddrinfo(list);
        return good;
    }
    size_t write(const uint8_t *data, size_t len) {
        ssize_t n = send(fd, data, len, MSG_NOSIGNAL);
        return n > 0 ? (size_t)n : 0;
    }
    int available() {
        char all[4096];
        ssize_t n = fd < 0 ? -1 : recv(fd, all, sizeof all, MSG_PEEK | MSG_DONTWAIT);
        return n > 0 ? (int)n : 0;
    }
    int read(uint8_t *data, size_t cap) { return (int)recv(fd, data, cap, MSG_DONTWAIT); }
    void stop() {
        if (fd >= 0) close(fd);
        fd = -1;
    }
    uint8_t connected() {
        char one;
        return fd >= 0 && recv(fd, &one, 1, MSG_PEEK | MSG_DONTWAIT) != 0;
    }
};
struct {
    int begin(const byte *) { return 1; }
} static Ethernet;
struct {
    void begin(long) {}
    void write(const uint8_t *data, size_t len) { fwrite(data, 1, len, stdout); }
    void println(const char *text) { puts(text); }
    void println(int n) {
        printf("result %d\n", n);
        fflush(stdout);
    }
} static Serial;

void setup();
void loop();
#endif
