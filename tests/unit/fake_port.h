/* SPDX-License-Identifier: Apache-2.0
 * The scripted fake of the platform port: connections in memory, a clock that only wait() moves, every fault on request.
 *
 *     fake_port fp;
 *     static const fake_reply reply[] = {{.after_requests = 1, .data = "HTTP/1.1 204 \r\n\r\n"},
 *                                        {.after_requests = 2, .delay_ms = 50, .then = FAKE_RESET}};
 *     static const fake_script script[] = {{.reply = reply, .replies = 2, .recv_max = 1}, {.open_error = DET_E_CONNECT}};
 *     fake_init(&fp, script, 2);            connection 0 runs script 0, 1 runs 1, later ones repeat the last
 *     ... give &fp.port to the library, drive it ...
 *     CHECK_INT(fp.calls[FAKE_SEND], 2);
 *     CHECK(fake_sent_has(&fp, 0, "GET / HTTP/1.1\r\n"));
 *     CHECK_INT(fake_free(&fp), 0);         number of broken rules and of connections left open
 *
 * A test that needs more than canned replies sets fp.server (and fp.server_ctx): an in-process server that sees the
 * bytes as they are sent and answers with fake_put() and fake_end(). Scripts then still set limits, splits and faults.
 *
 * It checks the caller too: port calls on closed connections, empty buffers, changed arguments while opening, more calls
 * than max_calls. Each is printed and counted in `broken`. One thread; wake() may come from the test. */
#ifndef FAKE_PORT_H
#define FAKE_PORT_H

#include "det_port.h"

#define FAKE_CONNS 256        /* connections one fake can open in its life */
#define FAKE_NEVER UINT32_MAX /* as open_ms: the connection never comes about */

enum fake_call { FAKE_OPEN, FAKE_SEND, FAKE_RECV, FAKE_CLOSED_, FAKE_WAIT, FAKE_WAKE, FAKE_ENTROPY, FAKE_ROOTS, FAKE_KINDS };
#define FAKE_ANY (1u << FAKE_OPEN | 1u << FAKE_SEND | 1u << FAKE_RECV | 1u << FAKE_WAIT | 1u << FAKE_ENTROPY | 1u << FAKE_ROOTS)

/* How a connection ends. CLOSE: recv gives DET_E_CLOSED after the last byte, sends are still swallowed, as TCP does.
 * RESET: recv gives DET_E_RESET after the last byte, sends DET_E_RESET. */
enum fake_end { FAKE_STAY, FAKE_CLOSE, FAKE_RESET };

/* Bytes of the server. Replies are given in order; each waits until every condition that is set holds. */
typedef struct fake_reply {
    size_t after_sent;     /* this many bytes have been sent on the connection */
    size_t after_requests; /* this many complete HTTP requests have been sent (head and Content-Length body) */
    uint32_t delay_ms;     /* and then this much time has gone by */
    const void *data;      /* NULL: none */
    size_t len;            /* 0: data is a C string */
    int then;              /* enum fake_end, after the data */
} fake_reply;

/* What one connection does. All zero: opens at once, swallows everything, never answers. */
typedef struct fake_script {
    int open_error;        /* open() ends with this, e.g. DET_E_DNS, DET_E_CONNECT */
    int32_t os_error;      /* det_conn.os_error given with any failure */
    uint32_t open_ms;      /* open() takes this long; FAKE_NEVER: until the budget is used up (DET_E_TIMEOUT) */
    const fake_reply *reply;
    size_t replies;
    size_t send_max, recv_max;           /* most bytes one call moves; 0 no limit */
    size_t send_split, recv_split;       /* no call moves bytes across this position of the stream; 0 none */
    unsigned send_again, recv_again;     /* every n-th call says DET_E_AGAIN although it could work; 0 none, 1 always */
    size_t window;         /* bytes the server lets lie unread before sends would block; 0 no limit (server only) */
    int send_end, recv_end;              /* enum fake_end: the connection ends ... */
    size_t send_end_at, recv_end_at;     /* ... after exactly so many bytes sent, received (0: before the first) */
} fake_script;

typedef struct fake_bytes {
    uint8_t *at;
    size_t len, cap;
} fake_bytes;

typedef struct fake_conn {
    const fake_script *script;
    char host[256];
    uint16_t port;
    uint8_t opened, closed, dead; /* dead: reset */
    uint8_t end;                  /* enum fake_end of the server's bytes, due at end_ms */
    uint32_t end_ms, open_at_ms, give_up_ms;
    fake_bytes sent;              /* all that was sent; the server callback has read the first `eaten` */
    size_t eaten;
    fake_bytes out;               /* all the server ever wrote; the first `taken` have been received */
    size_t taken;
    fake_bytes due;               /* for each piece of out: where it ends, when it is due */
    size_t next_reply, requests, request_at;
    uint8_t in_server;
    unsigned sends, recvs;
} fake_conn;

typedef struct fake_port fake_port;

/* The in-process server: called after each send, recv and wait while the connection is open. in, n: what has been sent
 * and not consumed. Returns how many bytes it consumed (0 … n); it is called again while it consumes some. */
typedef size_t (*fake_server)(void *ctx, fake_port *fp, int conn, const uint8_t *in, size_t n);

struct fake_port {
    det_port port;            /* hand this to the library */
    /* settings, free to change at any time */
    uint32_t now_ms;          /* the clock; starts close to its wrap */
    int64_t utc_s;            /* 2026-01-01 at first; DET_UTC_UNKNOWN: not set. Stands still */
    uint64_t seed;            /* of entropy(), which is repeatable */
    const char *roots;        /* what roots() reads; NULL: empty */
    fake_server server;
    void *server_ctx;
    unsigned fail_kinds;      /* fault injection: of the calls of these kinds (1u << FAKE_SEND | …, FAKE_ANY) … */
    unsigned fail_at;         /* … the n-th, counted from 1, fails; 0 none … */
    unsigned fail_more;       /* … and so do this many after it … */
    int fail_code;            /* … with this code; 0: the kind's own (CONNECT, RESET, RESET, IO, ENTROPY, IO) */
    unsigned max_calls;       /* more port calls than this end the program: no test hangs */
    int quiet;                /* 1: broken rules are counted but not printed (for tests of this fake) */
    /* results */
    unsigned calls[FAKE_KINDS]; /* by kind; FAKE_CLOSED_ counts close() of connections that were open or opening */
    unsigned total, counted;    /* all calls; those of fail_kinds */
    unsigned timeouts;          /* waits that ended without any event: the clock moved by the whole timeout */
    unsigned broken;            /* rules of the port's contract the caller broke */
    int conns;                  /* connections begun, also failed ones */
    int open_now, open_max;     /* connections open or opening */
    fake_conn conn[FAKE_CONNS];
    /* private */
    const fake_script *script;
    size_t scripts;
    int woken;
};

/* Begin. script may be NULL with n 0. Both must stay. */
void fake_init(fake_port *fp, const fake_script *script, size_t n);

/* Free everything. The number of broken rules plus connections still open. */
int fake_free(fake_port *fp);

/* The server's side: write bytes that arrive after delay_ms, end the connection (after what was written, after
 * delay_ms). Bytes stay in order: a later piece is never due before an earlier one. */
void fake_put(fake_port *fp, int conn, uint32_t delay_ms, const void *data, size_t len);
void fake_puts(fake_port *fp, int conn, uint32_t delay_ms, const char *text);
void fake_end(fake_port *fp, int conn, uint32_t delay_ms, int how);

/* All bytes sent on a connection, NUL-terminated; "" for one that does not exist. */
const char *fake_sent(const fake_port *fp, int conn);
size_t fake_sent_len(const fake_port *fp, int conn);

/* Is text among the bytes sent on the connection? */
int fake_sent_has(const fake_port *fp, int conn, const char *text);

/* Complete HTTP requests sent on a connection (head and Content-Length body), or on all of them with conn -1. */
size_t fake_requests(const fake_port *fp, int conn);

/* Length of the first complete request in n bytes, 0 if there is none yet. */
size_t fake_request_len(const uint8_t *in, size_t n);

#endif
