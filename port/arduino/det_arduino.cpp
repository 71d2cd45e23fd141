// SPDX-License-Identifier: Apache-2.0
// The Arduino port: millis(), and one connection over a Client. Must not know HTTP, TLS or the session.
#include "det_arduino.h"

#include <limits.h>
#include <string.h>

static det_arduino *net_of(void *ctx) {
    return static_cast<det_arduino *>(ctx);
}

static uint32_t arduino_now_ms(void *) {
    return static_cast<uint32_t>(millis());
}

void det_arduino_set_utc(det_arduino *net, int64_t seconds) {
    net->utc_s = seconds;
    net->utc_ms = net->port.now_ms(net);
}

static int64_t arduino_utc_s(void *ctx) {
    const det_arduino *net = net_of(ctx);
    if (net->utc_s == DET_UTC_UNKNOWN) return DET_UTC_UNKNOWN;
    return net->utc_s + (net->port.now_ms(ctx) - net->utc_ms) / 1000;
}

static int arduino_open(void *ctx, det_conn *conn, const char *host, uint16_t port, uint32_t budget_ms) {
    det_arduino *net = net_of(ctx);
    (void)budget_ms; // the client has a time-out of its own
    if (net->open) return DET_E_IO;
    if (net->client->connect(host, port) != 1) {
        net->client->stop();
        return DET_E_CONNECT; // Client does not tell an unknown name from a refused port
    }
    net->open = true;
    conn->handle = 0; // nothing to wait on by handle
    conn->mem[0] = 1;
    return DET_OK;
}

static int arduino_send(void *ctx, det_conn *, const void *data, size_t len) {
    Client *client = net_of(ctx)->client;
    if (!client->connected()) return DET_E_CLOSED;
    size_t n = client->write(static_cast<const uint8_t *>(data), len > INT_MAX ? INT_MAX : len);
    if (n > 0) return static_cast<int>(n);
    return client->connected() ? DET_E_AGAIN : DET_E_RESET;
}

static int arduino_recv(void *ctx, det_conn *, void *data, size_t cap) {
    Client *client = net_of(ctx)->client;
    if (client->available() <= 0) return client->connected() ? DET_E_AGAIN : DET_E_CLOSED;
    int n = client->read(static_cast<uint8_t *>(data), cap > INT_MAX ? INT_MAX : cap);
    return n > 0 ? n : DET_E_AGAIN;
}

static void arduino_close(void *ctx, det_conn *conn) {
    det_arduino *net = net_of(ctx);
    if (conn->mem[0] && net->open) {
        net->client->stop();
        net->open = false;
    }
    conn->mem[0] = 0;
    conn->handle = -1;
}

// Client has no event to wait for, so this asks; a board's background work goes on in yield(). Writing never has to be waited
// for longer than the next round: write() itself blocks.
static int arduino_wait(void *ctx, const det_wait *w, size_t n, uint32_t timeout_ms) {
    const det_arduino *net = net_of(ctx);
    uint32_t began = net->port.now_ms(ctx);
    do {
        for (size_t i = 0; i < n; i++) {
            if (w[i].handle < 0) continue;
            if (w[i].events & DET_WANT_WRITE) return DET_OK;
            if (net->client->available() > 0 || !net->client->connected()) return DET_OK;
        }
        yield();
    } while (net->port.now_ms(ctx) - began < timeout_ms);
    return DET_OK;
}

void det_arduino_init(det_arduino *net, Client &client) {
    memset(net, 0, sizeof *net);
    net->client = &client;
    net->utc_s = DET_UTC_UNKNOWN;
    net->port.size = sizeof net->port;
    net->port.ctx = net;
    net->port.now_ms = arduino_now_ms;
    net->port.utc_s = arduino_utc_s;
    net->port.open = arduino_open;
    net->port.send = arduino_send;
    net->port.recv = arduino_recv;
    net->port.close = arduino_close;
    net->port.wait = arduino_wait;
}
