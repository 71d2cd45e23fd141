/* SPDX-License-Identifier: Apache-2.0
 * The scripted fake of the platform port: see fake_port.h. Bytes of the server lie in `out` with the time each piece is
 * due; nothing happens but inside port calls, and only wait() moves the clock. */
#include "fake_port.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct due_piece {
    size_t end;
    uint32_t ms;
} due_piece;

#define HANDLE_BASE 1000 /* so that a mixed-up handle and index show */

static void bytes_add(fake_bytes *b, const void *data, size_t len) {
    if (b->len + len + 1 > b->cap) {
        b->cap = (b->len + len + 1) * 2;
        b->at = (uint8_t *)realloc(b->at, b->cap);
        if (!b->at) abort();
    }
    if (len) memcpy(b->at + b->len, data, len);
    b->len += len;
    b->at[b->len] = 0;
}

static int due(const fake_port *fp, uint32_t ms) {
    return (int32_t)(fp->now_ms - ms) >= 0;
}

static void broke(fake_port *fp, const char *what) {
    fp->broken++;
    if (!fp->quiet) fprintf(stderr, "fake port: %s\n", what);
}

/* Count a call; nonzero: the code with which it is to fail. */
static int call(fake_port *fp, int kind) {
    static const int own[FAKE_KINDS] = {DET_E_CONNECT, DET_E_RESET,   DET_E_RESET, 0,
                                        DET_E_IO,      0,             DET_E_ENTROPY, DET_E_IO};
    fp->calls[kind]++;
    if (++fp->total > fp->max_calls) {
        fprintf(stderr, "fake port: more than %u calls, the caller spins\n", fp->max_calls);
        abort();
    }
    if (!(fp->fail_kinds >> kind & 1u)) return 0;
    fp->counted++;
    if (!fp->fail_at || fp->counted < fp->fail_at || fp->counted - fp->fail_at > fp->fail_more) return 0;
    return fp->fail_code ? fp->fail_code : own[kind];
}

/* ---- the server's side ------------------------------------------------------------------------------------------- */

static const char *find(const uint8_t *in, size_t n, const char *text) {
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= n; i++)
        if (memcmp(in + i, text, len) == 0) return (const char *)in + i;
    return NULL;
}

size_t fake_request_len(const uint8_t *in, size_t n) {
    const char *end = n ? find(in, n, "\r\n\r\n") : NULL;
    if (!end) return 0;
    size_t head = (size_t)(end - (const char *)in) + 4;
    const char *field = find(in, head, "\r\nContent-Length:");
    size_t body = field ? (size_t)strtoul(field + 17, NULL, 10) : 0;
    return n - head >= body ? head + body : 0;
}

void fake_put(fake_port *fp, int conn, uint32_t delay_ms, const void *data, size_t len) {
    fake_conn *c = &fp->conn[conn];
    if (c->end || !len) return;
    bytes_add(&c->out, data, len);
    due_piece p = {c->out.len, fp->now_ms + delay_ms};
    if (c->due.len) {
        due_piece last;
        memcpy(&last, c->due.at + c->due.len - sizeof last, sizeof last);
        if ((int32_t)(p.ms - last.ms) < 0) p.ms = last.ms;
    }
    bytes_add(&c->due, &p, sizeof p);
}

void fake_puts(fake_port *fp, int conn, uint32_t delay_ms, const char *text) {
    fake_put(fp, conn, delay_ms, text, strlen(text));
}

void fake_end(fake_port *fp, int conn, uint32_t delay_ms, int how) {
    fake_conn *c = &fp->conn[conn];
    if (c->end || how == FAKE_STAY) return;
    c->end = (uint8_t)how;
    c->end_ms = fp->now_ms + delay_ms;
}

static void count_requests(fake_conn *c) {
    size_t len;
    while (c->request_at < c->sent.len &&
           (len = fake_request_len(c->sent.at + c->request_at, c->sent.len - c->request_at)) > 0) {
        c->request_at += len;
        c->requests++;
    }
}

/* Hand out the scripted replies whose conditions hold. */
static void run_script(fake_port *fp, int i) {
    fake_conn *c = &fp->conn[i];
    while (c->next_reply < c->script->replies) {
        const fake_reply *r = &c->script->reply[c->next_reply];
        if (c->sent.len < r->after_sent || c->requests < r->after_requests) return;
        c->next_reply++;
        const char *data = (const char *)r->data;
        if (data) fake_put(fp, i, r->delay_ms, data, r->len ? r->len : strlen(data));
        fake_end(fp, i, r->delay_ms, r->then);
    }
}

static void run_server(fake_port *fp, int i) {
    fake_conn *c = &fp->conn[i];
    if (!c->opened || c->closed || c->dead || c->in_server) return;
    count_requests(c);
    run_script(fp, i);
    if (!fp->server) return;
    c->in_server = 1;
    for (;;) {
        size_t n = c->sent.len - c->eaten;
        size_t used = fp->server(fp->server_ctx, fp, i, n ? c->sent.at + c->eaten : (const uint8_t *)"", n);
        if (used > n) used = n;
        c->eaten += used;
        if (!used || c->eaten == c->sent.len) break;
    }
    c->in_server = 0;
}

/* Bytes that may be received now. */
static size_t readable(const fake_port *fp, const fake_conn *c) {
    size_t n = 0;
    for (size_t at = 0; at < c->due.len; at += sizeof(due_piece)) {
        due_piece p;
        memcpy(&p, c->due.at + at, sizeof p);
        if (!due(fp, p.ms)) break;
        n = p.end;
    }
    if (c->script->recv_end && n > c->script->recv_end_at) n = c->script->recv_end_at;
    return n - c->taken;
}

/* The end that recv would tell of now, if no byte is left. */
static int ended(const fake_port *fp, const fake_conn *c) {
    if (c->script->recv_end && c->taken >= c->script->recv_end_at) return c->script->recv_end;
    if (c->end && due(fp, c->end_ms) && c->taken == c->out.len) return c->end;
    return c->dead ? FAKE_RESET : FAKE_STAY;
}

static size_t send_room(const fake_port *fp, const fake_conn *c) {
    if (!c->script->window || !fp->server) return SIZE_MAX;
    size_t lying = c->sent.len - c->eaten;
    return lying < c->script->window ? c->script->window - lying : 0;
}

/* ---- the port's functions ---------------------------------------------------------------------------------------- */

static uint32_t fake_now_ms(void *ctx) {
    return ((fake_port *)ctx)->now_ms;
}

static int64_t fake_utc_s(void *ctx) {
    return ((fake_port *)ctx)->utc_s;
}

static int index_of(const fake_port *fp, const det_conn *conn) {
    int i = (int)conn->mem[0] - 1;
    return i >= 0 && i < fp->conns && !fp->conn[i].closed ? i : -1;
}

static void release(fake_port *fp, det_conn *conn, int i) {
    fp->conn[i].closed = 1;
    fp->open_now--;
    conn->mem[0] = 0;
    conn->handle = -1;
}

static int begin(fake_port *fp, det_conn *conn, const char *host, uint16_t port, uint32_t budget_ms) {
    if (fp->conns == FAKE_CONNS) {
        fprintf(stderr, "fake port: more than %d connections\n", FAKE_CONNS);
        abort();
    }
    int i = fp->conns++;
    static const fake_script plain;
    fake_conn *c = &fp->conn[i];
    c->script = fp->scripts ? &fp->script[(size_t)i < fp->scripts ? (size_t)i : fp->scripts - 1] : &plain;
    snprintf(c->host, sizeof c->host, "%s", host);
    c->port = port;
    c->open_at_ms = fp->now_ms + (c->script->open_ms == FAKE_NEVER ? budget_ms : c->script->open_ms);
    c->give_up_ms = fp->now_ms + budget_ms;
    conn->mem[0] = (uint64_t)i + 1;
    conn->handle = HANDLE_BASE + i;
    conn->os_error = 0;
    if (++fp->open_now > fp->open_max) fp->open_max = fp->open_now;
    return i;
}

static int fail_open(fake_port *fp, det_conn *conn, int i, int code) {
    conn->os_error = fp->conn[i].script->os_error;
    release(fp, conn, i);
    return code;
}

static int fake_open(void *ctx, det_conn *conn, const char *host, uint16_t port, uint32_t budget_ms) {
    fake_port *fp = (fake_port *)ctx;
    int fail = call(fp, FAKE_OPEN), i = index_of(fp, conn);
    if (conn->mem[0] && i < 0) broke(fp, "open: conn is neither zero nor being opened");
    if (i < 0) i = begin(fp, conn, host, port, budget_ms);
    fake_conn *c = &fp->conn[i];
    if (c->opened) broke(fp, "open: already open");
    if (strcmp(c->host, host) != 0 || c->port != port) broke(fp, "open: arguments changed while opening");
    if (fail && fail != DET_E_AGAIN) return fail_open(fp, conn, i, fail);
    if (fail) return fail;
    conn->again_ms = c->open_at_ms - fp->now_ms;
    if (!due(fp, c->open_at_ms)) return due(fp, c->give_up_ms) ? fail_open(fp, conn, i, DET_E_TIMEOUT) : DET_E_AGAIN;
    if (c->script->open_ms == FAKE_NEVER) return fail_open(fp, conn, i, DET_E_TIMEOUT);
    if (c->script->open_error) return fail_open(fp, conn, i, c->script->open_error);
    c->opened = 1;
    run_server(fp, i);
    return DET_OK;
}

/* The most bytes a call may move, given the script's limits; pos is the stream position. */
static size_t limit(size_t n, size_t max, size_t split, size_t pos) {
    if (max && n > max) n = max;
    if (split > pos && n > split - pos) n = split - pos;
    return n;
}

static int fake_send(void *ctx, det_conn *conn, const void *data, size_t len) {
    fake_port *fp = (fake_port *)ctx;
    int fail = call(fp, FAKE_SEND), i = index_of(fp, conn);
    if (i < 0 || !fp->conn[i].opened || !len || !data) {
        broke(fp, "send: not open, or nothing to send");
        return DET_E_IO;
    }
    fake_conn *c = &fp->conn[i];
    const fake_script *s = c->script;
    if (fail && fail != DET_E_AGAIN) c->dead = 1;
    if (fail) return fail;
    if (c->dead || ended(fp, c) == FAKE_RESET) return DET_E_RESET;
    if (s->send_again && ++c->sends % s->send_again == 0) return DET_E_AGAIN;
    size_t n = limit(len, s->send_max, s->send_split, c->sent.len), room = send_room(fp, c);
    if (s->send_end) {
        if (c->sent.len >= s->send_end_at) {
            c->dead = s->send_end == FAKE_RESET;
            conn->os_error = s->os_error;
            return c->dead ? DET_E_RESET : DET_E_CLOSED;
        }
        n = limit(n, 0, s->send_end_at, c->sent.len);
    }
    if (n > room) n = room;
    if (!n) return DET_E_AGAIN;
    bytes_add(&c->sent, data, n);
    run_server(fp, i);
    return (int)n;
}

static int fake_recv(void *ctx, det_conn *conn, void *data, size_t cap) {
    fake_port *fp = (fake_port *)ctx;
    int fail = call(fp, FAKE_RECV), i = index_of(fp, conn);
    if (i < 0 || !fp->conn[i].opened || !cap || !data) {
        broke(fp, "recv: not open, or no room");
        return DET_E_IO;
    }
    fake_conn *c = &fp->conn[i];
    const fake_script *s = c->script;
    if (fail && fail != DET_E_AGAIN) c->dead = 1;
    if (fail) return fail;
    if (s->recv_again && ++c->recvs % s->recv_again == 0) return DET_E_AGAIN;
    size_t n = readable(fp, c);
    if (n > cap) n = cap;
    n = limit(n, s->recv_max, s->recv_split, c->taken);
    if (!n) {
        int how = ended(fp, c);
        if (how == FAKE_RESET) conn->os_error = s->os_error;
        return how == FAKE_RESET ? DET_E_RESET : how == FAKE_CLOSE ? DET_E_CLOSED : DET_E_AGAIN;
    }
    memcpy(data, c->out.at + c->taken, n);
    c->taken += n;
    run_server(fp, i);
    return (int)n;
}

static void fake_close(void *ctx, det_conn *conn) {
    fake_port *fp = (fake_port *)ctx;
    int i = index_of(fp, conn);
    if (i < 0) return;
    (void)call(fp, FAKE_CLOSED_);
    release(fp, conn, i);
}

static void sooner(uint32_t now, uint32_t at, uint32_t *left) {
    uint32_t d = (int32_t)(at - now) > 0 ? at - now : 0;
    if (d < *left) *left = d;
}

/* Milliseconds until the connection is ready for the events, at most left. */
static void wait_one(const fake_port *fp, const fake_conn *c, int events, uint32_t *left) {
    if (!c->opened) {
        sooner(fp->now_ms, c->open_at_ms, left);
        sooner(fp->now_ms, c->give_up_ms, left);
        return;
    }
    if ((events & DET_WANT_WRITE) && (c->dead || send_room(fp, c))) *left = 0;
    if (!(events & DET_WANT_READ)) return;
    if (readable(fp, c) || ended(fp, c)) *left = 0;
    for (size_t at = 0; at < c->due.len && *left; at += sizeof(due_piece)) {
        due_piece p;
        memcpy(&p, c->due.at + at, sizeof p);
        if (p.end > c->taken) sooner(fp->now_ms, p.ms, left);
    }
    if (c->end && c->taken == c->out.len) sooner(fp->now_ms, c->end_ms, left);
}

static int fake_wait(void *ctx, const det_wait *w, size_t n, uint32_t timeout_ms) {
    fake_port *fp = (fake_port *)ctx;
    int fail = call(fp, FAKE_WAIT);
    if (fail) return fail;
    uint32_t left = UINT32_MAX;
    for (size_t k = 0; k < n; k++) {
        if (w[k].handle < 0) continue;
        int i = (int)(w[k].handle - HANDLE_BASE);
        if (i < 0 || i >= fp->conns || fp->conn[i].closed) {
            broke(fp, "wait: no such connection");
            continue;
        }
        wait_one(fp, &fp->conn[i], w[k].events, &left);
    }
    if (fp->woken) left = 0;
    if (left == UINT32_MAX && timeout_ms == UINT32_MAX) {
        broke(fp, "wait: without a timeout, and nothing will ever happen");
        left = timeout_ms = 3600000;
    }
    if (left > timeout_ms) {
        left = timeout_ms;
        fp->timeouts++;
    }
    fp->woken = 0;
    fp->now_ms += left;
    for (int i = 0; i < fp->conns; i++) run_server(fp, i);
    return DET_OK;
}

static void fake_wake(void *ctx) {
    fake_port *fp = (fake_port *)ctx;
    (void)call(fp, FAKE_WAKE);
    fp->woken = 1;
}

static int fake_entropy(void *ctx, void *data, size_t len) {
    fake_port *fp = (fake_port *)ctx;
    int fail = call(fp, FAKE_ENTROPY);
    if (fail) return fail;
    uint8_t *p = (uint8_t *)data;
    for (size_t i = 0; i < len; i++) {
        fp->seed ^= fp->seed << 13;
        fp->seed ^= fp->seed >> 7;
        fp->seed ^= fp->seed << 17;
        p[i] = (uint8_t)(fp->seed >> 32);
    }
    return DET_OK;
}

static int fake_roots(void *ctx, size_t offset, void *data, size_t cap) {
    fake_port *fp = (fake_port *)ctx;
    int fail = call(fp, FAKE_ROOTS);
    if (fail) return fail;
    size_t len = fp->roots ? strlen(fp->roots) : 0;
    if (offset >= len) return 0;
    size_t n = len - offset < cap ? len - offset : cap;
    memcpy(data, fp->roots + offset, n);
    return (int)n;
}

/* ---- set up and look ---------------------------------------------------------------------------------------------- */

void fake_init(fake_port *fp, const fake_script *script, size_t n) {
    memset(fp, 0, sizeof *fp);
    fp->port.size = sizeof fp->port;
    fp->port.ctx = fp;
    fp->port.now_ms = fake_now_ms;
    fp->port.utc_s = fake_utc_s;
    fp->port.open = fake_open;
    fp->port.send = fake_send;
    fp->port.recv = fake_recv;
    fp->port.close = fake_close;
    fp->port.wait = fake_wait;
    fp->port.wake = fake_wake;
    fp->port.entropy = fake_entropy;
    fp->port.roots = fake_roots;
    fp->now_ms = UINT32_MAX - 5000;
    fp->utc_s = 1767225600;
    fp->seed = 0x9E3779B97F4A7C15u;
    fp->max_calls = 20000000;
    fp->script = script;
    fp->scripts = n;
}

int fake_free(fake_port *fp) {
    int left = fp->open_now + (int)fp->broken;
    for (int i = 0; i < fp->conns; i++) {
        free(fp->conn[i].sent.at);
        free(fp->conn[i].out.at);
        free(fp->conn[i].due.at);
    }
    fp->conns = 0;
    return left;
}

const char *fake_sent(const fake_port *fp, int conn) {
    return conn < fp->conns && fp->conn[conn].sent.at ? (const char *)fp->conn[conn].sent.at : "";
}

size_t fake_sent_len(const fake_port *fp, int conn) {
    return conn < fp->conns ? fp->conn[conn].sent.len : 0;
}

int fake_sent_has(const fake_port *fp, int conn, const char *text) {
    return fake_sent_len(fp, conn) && find(fp->conn[conn].sent.at, fp->conn[conn].sent.len, text) != NULL;
}

size_t fake_requests(const fake_port *fp, int conn) {
    size_t n = 0;
    for (int i = 0; i < fp->conns; i++)
        if (conn < 0 || conn == i) n += fp->conn[i].requests;
    return n;
}
