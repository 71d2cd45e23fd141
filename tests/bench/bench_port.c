/* SPDX-License-Identifier: Apache-2.0
 * See bench.h: the counting port and the waiting port. Both forward to det_posix_port(). */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "bench.h"
#include "det_posix.h"

static bench_port *of(void *ctx) {
    return (bench_port *)ctx;
}

/* ---- counting ---------------------------------------------------------------------------------------------------- */

static uint32_t p_now_ms(void *ctx) {
    return of(ctx)->below->now_ms(of(ctx)->below->ctx);
}

static int64_t p_utc_s(void *ctx) {
    return of(ctx)->below->utc_s(of(ctx)->below->ctx);
}

static int p_open(void *ctx, det_conn *conn, const char *host, uint16_t port, uint32_t budget_ms) {
    bench_port *p = of(ctx);
    p->n.open++;
    return p->below->open(p->below->ctx, conn, host, port, budget_ms);
}

static void note_sent(bench_port *p, const void *data, int n) {
    if (n <= 0) return;
    p->n.sent += (uint64_t)n;
    p->keep_len = 0;
    if (!p->keep || (size_t)n > p->keep_cap) return;
    memcpy(p->keep, data, (size_t)n);
    p->keep_len = (size_t)n;
}

static int p_send(void *ctx, det_conn *conn, const void *data, size_t len) {
    bench_port *p = of(ctx);
    int n = p->below->send(p->below->ctx, conn, data, len);
    p->n.send++;
    note_sent(p, data, n);
    return n;
}

static int p_recv(void *ctx, det_conn *conn, void *data, size_t cap) {
    bench_port *p = of(ctx);
    int n = p->below->recv(p->below->ctx, conn, data, cap);
    p->n.recv++;
    if (n > 0) p->n.received += (uint64_t)n;
    return n;
}

static void p_close(void *ctx, det_conn *conn) {
    bench_port *p = of(ctx);
    if (conn->handle != -1) p->n.close++;
    p->below->close(p->below->ctx, conn);
}

static int p_wait(void *ctx, const det_wait *w, size_t n, uint32_t timeout_ms) {
    bench_port *p = of(ctx);
    p->n.wait++;
    return p->below->wait(p->below->ctx, w, n, timeout_ms);
}

static int p_entropy(void *ctx, void *data, size_t len) {
    bench_port *p = of(ctx);
    p->n.other++;
    return p->below->entropy(p->below->ctx, data, len);
}

static int p_roots(void *ctx, size_t offset, void *data, size_t cap) {
    bench_port *p = of(ctx);
    p->n.other++;
    return p->below->roots(p->below->ctx, offset, data, cap);
}

void bench_counting_port(bench_port *p) {
    memset(p, 0, sizeof *p);
    p->below = det_posix_port();
    p->port.size = sizeof p->port;
    p->port.ctx = p;
    p->port.now_ms = p_now_ms;
    p->port.utc_s = p_utc_s;
    p->port.open = p_open;
    p->port.send = p_send;
    p->port.recv = p_recv;
    p->port.close = p_close;
    p->port.wait = p_wait;
    p->port.entropy = p_entropy;
    p->port.roots = p_roots;
}

uint64_t bench_port_calls(const bench_counts *n) {
    return n->open + n->send + n->recv + n->wait + n->close + n->other;
}

/* ---- waiting ----------------------------------------------------------------------------------------------------- */

static int failure(det_conn *conn) {
    if (errno == EAGAIN) return DET_E_AGAIN;
    conn->os_error = errno;
    return errno == ECONNRESET ? DET_E_RESET : DET_E_IO;
}

/* The descriptor is made blocking once it is connected. */
static int w_open(void *ctx, det_conn *conn, const char *host, uint16_t port, uint32_t budget_ms) {
    bench_port *p = of(ctx);
    int rc = p->below->open(p->below->ctx, conn, host, port, budget_ms);
    if (rc == DET_OK) (void)fcntl((int)conn->handle, F_SETFL, 0);
    return rc;
}

static int w_send(void *ctx, det_conn *conn, const void *data, size_t len) {
    ssize_t n = send((int)conn->handle, data, len, MSG_NOSIGNAL);
    of(ctx)->owed = 1;
    return n >= 0 ? (int)n : failure(conn);
}

static int w_recv(void *ctx, det_conn *conn, void *data, size_t cap) {
    ssize_t n = recv((int)conn->handle, data, cap, of(ctx)->owed ? 0 : MSG_DONTWAIT);
    if (n < 0) return failure(conn);
    of(ctx)->owed = 0;
    return n ? (int)n : DET_E_CLOSED;
}

static int w_wait(void *ctx, const det_wait *w, size_t n, uint32_t timeout_ms) {
    bench_port *p = of(ctx);
    return p->owed ? DET_OK : p->below->wait(p->below->ctx, w, n, timeout_ms);
}

void bench_waiting_port(bench_port *p) {
    bench_counting_port(p);
    p->port.open = w_open;
    p->port.send = w_send;
    p->port.recv = w_recv;
    p->port.wait = w_wait;
}
