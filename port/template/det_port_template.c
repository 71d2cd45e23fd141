/* SPDX-License-Identifier: Apache-2.0
 * The port to copy: every function is there, compiles anywhere and says DET_E_PORT. Rename the file and the functions,
 * fill them in from top to bottom as port/README.md says, and run its test, tests/port/, after each: it names what is
 * broken. include/det_port.h is the contract; the comments here say what has gone wrong in ports before. Those of
 * port/lwip/ and port/posix/ are there to be read.
 *
 * A port knows sockets, clocks and randomness of one platform, and nothing of HTTP, TLS or Determined. */
#include "det_port_template.h"

/* Milliseconds since any moment, wrapping at 2^32. Must go on during sleep modes and must not follow the wall clock.
 * A tick counter that wraps earlier (at 2^32 microseconds, say) has to be extended first. */
static uint32_t template_now_ms(void *ctx) {
    (void)ctx;
    return 0;
}

/* Unix time once SNTP, an RTC or the user has set it, DET_UTC_UNKNOWN before. Certificates are judged by it: returning
 * a build date instead would accept certificates that have expired since. */
static int64_t template_utc_s(void *ctx) {
    (void)ctx;
    return DET_UTC_UNKNOWN;
}

/* First call (conn->mem all zero): look the name up, make a non-blocking socket, start connecting, keep the socket and a
 * state in conn->mem and what an event loop waits on in conn->handle. Later calls: DET_E_AGAIN while under way, DET_E_TIMEOUT
 * when budget_ms is used up whatever the stack's own timer says, DET_OK once open and ever after. On any failure close the
 * socket, zero conn->mem, set conn->handle to -1 and conn->os_error to the platform's number. With several addresses set
 * conn->again_ms, and go to the next one when the present one's share of budget_ms is used up. TCP_NODELAY, or each request
 * takes 40 ms more. */
static int template_open(void *ctx, det_conn *conn, const char *host, uint16_t port, uint32_t budget_ms) {
    (void)ctx, (void)conn, (void)host, (void)port, (void)budget_ms;
    return DET_E_PORT;
}

/* Never 0: a full buffer is DET_E_AGAIN. A part of len is fine. No signal when the peer has gone (MSG_NOSIGNAL). */
static int template_send(void *ctx, det_conn *conn, const void *data, size_t len) {
    (void)ctx, (void)conn, (void)data, (void)len;
    return DET_E_PORT;
}

/* Never 0: nothing there is DET_E_AGAIN, the peer's end DET_E_CLOSED. Bytes that came before a reset are given first. */
static int template_recv(void *ctx, det_conn *conn, void *data, size_t cap) {
    (void)ctx, (void)conn, (void)data, (void)cap;
    return DET_E_PORT;
}

/* Also after a failed open(), twice, and on a conn that is all zero: judge by the state in conn->mem, as socket 0 may be
 * somebody's. Both ways at once. Zeroes conn->mem, sets conn->handle to -1. */
static void template_close(void *ctx, det_conn *conn) {
    (void)ctx;
    conn->handle = -1;
}

/* Sleep until a handle is ready, wake() is called or timeout_ms are over. Bare metal without interrupts may poll its
 * network stack here. Returning at once is allowed and only costs power. */
static int template_wait(void *ctx, const det_wait *w, size_t n, uint32_t timeout_ms) {
    (void)ctx, (void)w, (void)n, (void)timeout_ms;
    return DET_E_PORT;
}

/* Make something last that the next wait() sees, before it sleeps too: a byte in a pipe, a semaphore, a flag. Any number of
 * them never blocks. Leave the entry NULL if nothing else runs beside the engine. */
static void template_wake(void *ctx) {
    (void)ctx;
}

/* From a hardware generator or a seed that is never used twice; never from a clock or an address. */
static int template_entropy(void *ctx, void *data, size_t len) {
    (void)ctx, (void)data, (void)len;
    return DET_E_PORT;
}

/* PEM text in flash or on a card, read from offset. Leave the entry NULL if the program gives its certificates. */
static int template_roots(void *ctx, size_t offset, void *data, size_t cap) {
    (void)ctx, (void)offset, (void)data, (void)cap;
    return DET_E_PORT;
}

static const det_port template_port = {
    sizeof(det_port), NULL,
    template_now_ms,  template_utc_s,
    template_open,    template_send, template_recv, template_close,
    template_wait,    template_wake,
    template_entropy, template_roots,
    NULL,             NULL, /* lock, unlock: where an interrupt or another thread reports */
};

const det_port *det_template_port(void) {
    return &template_port;
}
