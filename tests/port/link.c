/* SPDX-License-Identifier: Apache-2.0
 * The port's functions, each call watched for what holds always: never 0 for bytes, no code but those listed, no byte beyond
 * cap, a number of the platform's for each failure, something to wait for after DET_E_AGAIN, no blocking. Upon them
 * connections to the peer. Never loops without an end, whatever the port says: a clock that stands still is found before
 * anything here is called (clock.c). */
#include <stdio.h>
#include <string.h>

#include "conformance.h"

enum { BLOCKED_MS = 300, BLOCKED_MOST = 6, TURNS = 2000000 };

uint32_t now(world *w) {
    return w->port->now_ms(w->port->ctx);
}

uint32_t since(world *w, uint32_t then) {
    return now(w) - then;
}

/* Note in `where` the first time that something was broken by the way. */
static void note(char *where, const char *what, long number) {
    if (*where == '\0') (void)snprintf(where, sizeof ((world *)0)->zero, "%s %ld", what, number);
}

/* A call that is late may be the machine's fault; if they add up it is the port's. */
static void timed(world *w, const char *what, uint32_t began) {
    static unsigned late;
    uint32_t took = since(w, began);
    if (!w->clock_runs || took < BLOCKED_MS) return;
    late += took / BLOCKED_MS;
    if (late >= BLOCKED_MOST) note(w->block, what, (long)took);
}

static int listed(int code, const int *codes, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (codes[i] == code) return 1;
    return 0;
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static void wait_on(world *w, intptr_t handle, int events, uint32_t ms) {
    det_wait x = {handle, events};
    int rc = w->port->wait(w->port->ctx, &x, 1, ms);
    if (rc != DET_OK && rc != DET_E_IO && rc != DET_E_PORT) note(w->code, "wait gave", rc);
}

void stand_by(world *w, det_conn *c, int events, uint32_t ms) {
    wait_on(w, c->handle, events, ms);
}

void nap(world *w, uint32_t ms) {
    uint32_t began = now(w), gone = 0;
    for (unsigned i = 0; i < TURNS && gone < ms; i++) {
        wait_on(w, -1, 0, ms - gone);
        gone = since(w, began);
    }
}

/* ---- the port's functions ---------------------------------------------------------------------------------------- */

void conn_zero(det_conn *c) {
    memset(c, 0, sizeof *c);
    c->handle = -1;
}

int port_open(world *w, det_conn *c, const char *host, uint16_t port, uint32_t budget_ms) {
    static const int codes[] = {DET_OK, DET_E_AGAIN, DET_E_DNS, DET_E_CONNECT, DET_E_TIMEOUT, DET_E_IO};
    uint32_t began = now(w);
    int numeric = host[0] >= '0' && host[0] <= '9';
    int rc = w->port->open(w->port->ctx, c, host, port, budget_ms);
    if (numeric) timed(w, "open of a numeric address took ms:", began);
    if (!listed(rc, codes, sizeof codes / sizeof *codes)) note(w->code, "open gave", rc);
    if (rc == DET_E_AGAIN && c->handle == -1 && c->again_ms == 0) note(w->handle, "neither handle nor again_ms after", rc);
    if (rc < 0 && rc != DET_E_AGAIN && c->handle != -1) note(w->handle, "open failed and left handle", (long)c->handle);
    if (rc < 0 && rc != DET_E_AGAIN && c->os_error == 0) note(w->error, "open left os_error 0 after", rc);
    return rc;
}

static int bytes_code(world *w, const char *what, int rc, size_t len) {
    static const int codes[] = {DET_E_AGAIN, DET_E_CLOSED, DET_E_RESET, DET_E_IO};
    w->calls++;
    if (rc == 0) note(w->zero, what, 0);
    if (rc < 0 && !listed(rc, codes, sizeof codes / sizeof *codes)) note(w->code, what, rc);
    if (rc > 0 && (size_t)rc > len) note(w->code, what, rc);
    return rc;
}

int port_send(world *w, det_conn *c, const void *data, size_t len) {
    uint32_t began = now(w);
    c->os_error = 0;
    int rc = w->port->send(w->port->ctx, c, data, len);
    timed(w, "send took ms:", began);
    if (rc == DET_E_RESET && c->os_error == 0) note(w->error, "send left os_error 0 after", rc);
    return bytes_code(w, "send gave", rc, len);
}

int port_recv(world *w, det_conn *c, void *data, size_t cap) {
    uint32_t began = now(w);
    c->os_error = 0;
    int rc = w->port->recv(w->port->ctx, c, data, cap);
    timed(w, "recv took ms:", began);
    if (rc == DET_E_RESET && c->os_error == 0) note(w->error, "recv left os_error 0 after", rc);
    return bytes_code(w, "recv gave", rc, cap);
}

void port_close(world *w, det_conn *c) {
    uint32_t began = now(w);
    w->port->close(w->port->ctx, c);
    timed(w, "close took ms:", began);
    if (c->handle != -1) note(w->handle, "close left handle", (long)c->handle);
}

/* ---- connections ------------------------------------------------------------------------------------------------- */

int reach(world *w, det_conn *c, const char *host, uint16_t port, uint32_t budget_ms) {
    uint32_t began = now(w), gone = 0;
    conn_zero(c);
    for (unsigned i = 0; i < TURNS; i++) {
        int rc = port_open(w, c, host, port, gone < budget_ms ? budget_ms - gone : 0);
        if (rc != DET_E_AGAIN) return rc;
        gone = since(w, began);
        if (gone > 2 * budget_ms + 1000) break;
        uint32_t ms = gone < budget_ms ? budget_ms - gone : 1;
        if (c->again_ms && c->again_ms < ms) ms = c->again_ms;
        stand_by(w, c, DET_WANT_WRITE, ms);
    }
    return DET_E_AGAIN;
}

int send_all(world *w, det_conn *c, const void *data, size_t len) {
    const uint8_t *p = (const uint8_t *)data;
    uint32_t began = now(w);
    while (len) {
        int rc = port_send(w, c, p, len);
        if (rc == DET_E_AGAIN || rc == 0) {
            if (since(w, began) > SOON_MS) return DET_E_TIMEOUT;
            stand_by(w, c, DET_WANT_WRITE, 100);
            continue;
        }
        if (rc < 0) return rc;
        if ((size_t)rc > len) return DET_E_IO;
        p += rc;
        len -= (size_t)rc;
    }
    return DET_OK;
}

int recv_some(world *w, det_conn *c, void *data, size_t cap) {
    uint32_t began = now(w);
    for (;;) {
        int rc = port_recv(w, c, data, cap);
        if (rc != DET_E_AGAIN && rc != 0) return rc;
        if (since(w, began) > SOON_MS) return DET_E_TIMEOUT;
        stand_by(w, c, DET_WANT_READ, 100);
    }
}

int recv_all(world *w, det_conn *c, void *data, size_t len, size_t *got) {
    *got = 0;
    while (*got < len) {
        int rc = recv_some(w, c, (uint8_t *)data + *got, len - *got);
        if (rc < 0) return rc;
        *got += (size_t)rc;
    }
    return DET_OK;
}

int peer_do(world *w, det_conn *c, const char *word, unsigned long number) {
    char line[64];
    int rc = reach(w, c, w->host, w->at, SOON_MS);
    if (rc != DET_OK) return rc;
    (void)snprintf(line, sizeof line, "%s %lu\n", word, number);
    rc = send_all(w, c, line, strlen(line));
    if (rc != DET_OK) port_close(w, c);
    return rc;
}

long peer_ask(world *w, const char *word, unsigned long number) {
    det_conn c;
    long n = 0;
    char digit;
    int rc = peer_do(w, &c, word, number);
    if (rc != DET_OK) {
        (void)broken(w, "the peer cannot be asked: %d", rc);
        return -1;
    }
    while ((rc = recv_some(w, &c, &digit, 1)) == 1 && digit >= '0' && digit <= '9') n = n * 10 + (digit - '0');
    port_close(w, &c);
    if (rc == 1 && digit == '\n') return n;
    (void)broken(w, "the peer's number ended with %d", rc);
    return -1;
}

uint8_t pattern(size_t i) {
    return (uint8_t)(i * 31 + i / 251 + 7);
}
