// SPDX-License-Identifier: Apache-2.0
// SessionGet for an ATmega2560 in QEMU, whose second serial port is a TCP connection to the master, made when QEMU starts. The
// test gives MASTER. QEMU has not the timer that millis() counts by.
#include <det.h>
#include <det_arduino.h>

#include "where.h"

// The second UART, asked rather than by interrupts: QEMU holds a byte back until the one before it was read.
class SerialClient : public Client {
public:
    int connect(IPAddress, uint16_t) { return 0; }
    int connect(const char *, uint16_t) {
        UBRR1 = 0;
        UCSR1B = _BV(RXEN1) | _BV(TXEN1);
        open = true;
        return 1;
    }
    size_t write(uint8_t byte) { return write(&byte, 1); }
    size_t write(const uint8_t *data, size_t len) {
        for (size_t i = 0; i < len; i++) {
            while (!(UCSR1A & _BV(UDRE1))) {}
            UDR1 = data[i];
        }
        return len;
    }
    int available() { return (UCSR1A & _BV(RXC1)) ? 1 : 0; }
    int read() { return available() ? UDR1 : -1; }
    int read(uint8_t *data, size_t cap) {
        size_t n = 0;
        while (n < cap && available()) data[n++] = UDR1;
        return n ? (int)n : -1;
    }
    int peek() { return -1; }
    void flush() {}
    void stop() { open = false; }
    uint8_t connected() { return open; }
    operator bool() { return open; }

private:
    bool open = false;
};

static SerialClient client;
static det_arduino net;
static det_session session;
static char buffer[512];
static char line[40];
static size_t bytes;

// Goes on with each look at it.
static uint32_t now_ms(void *) {
    static uint32_t looks;
    return ++looks / 64;
}

static int count(void *, const det_response *, const void *, size_t len) {
    bytes += len;
    return DET_OK;
}

static void say(const char *text) {
    UCSR0B |= _BV(TXEN0);
    for (; *text; text++) {
        while (!(UCSR0A & _BV(UDRE0))) {}
        UDR0 = *text;
    }
}

void setup() {
    det_session_options opt;
    memset(&opt, 0, sizeof opt);
    det_arduino_init(&net, client);
    net.port.now_ms = now_ms;
    opt.port = &net.port;
    opt.url = MASTER;
    opt.buffer = buffer;
    opt.buffer_len = sizeof buffer;
    int rc = det_session_init(&session, &opt), status = 0;
    if (rc == DET_OK) rc = det_session_begin(&session); // one connection for all
    for (int i = 0; i < 20 && rc == DET_OK; i++) {
        det_request q;
        det_response r;
        memset(&q, 0, sizeof q);
        q.method = "GET";
        q.path = "/info";
        q.sink = count;
        rc = det_session_call(&session, &q, &r);
        status = r.status;
    }
    det_session_free(&session);
    sprintf(line, "result %d status %d bytes %u.\n", rc, status, (unsigned)bytes);
    say(line);
}

void loop() {}
