/* SPDX-License-Identifier: Apache-2.0
 * One client connection: bytes in, requests strictly one after another, answers out, and the faults ordered for them.
 * net.c owns the loop and the clock's ticks. */
#ifndef MASTER_CONN_H
#define MASTER_CONN_H

#include "fault.h"
#include "tls.h"

/* What a connection waits for before its next request is looked at. */
typedef enum { HOLD_NONE, HOLD_WORK, HOLD_ANSWER, HOLD_HANGUP, HOLD_LINGER, HOLD_EVER } hold;
typedef enum { CUT_NONE, CUT_CLOSE, CUT_RESET, CUT_STALL } cut;

typedef struct conn {
    int fd; /* -1: the client is gone, a late commit is still to come */
    tls *t;
    bool handshaking, hello, eof, closing, dead;
    unsigned number; /* the n-th that made a request; 0 until it does */
    buf in, out, answer; /* answer: rendered, not yet sent on its way */
    size_t in_off, out_off;
    bool answer_close, long_answer;
    http_in h;
    hold hold;
    int64_t until_ms; /* end of the hold */
    const fault *f;   /* of the request in work, or NULL */
    cut cut;
    size_t cut_left; /* bytes that still go out before the cut */
    int slow_bytes, slow_ms;
    int64_t slow_until;
    unsigned events; /* registered with epoll */
    struct conn *next, *prev;
} conn;

typedef struct conn_options {
    int report_ms; /* every API request costs this long, as a real master's do; 0: none */
    int login_ms;  /* bcrypt */
    int idle_ms;   /* close a connection idle this long without a word; 0: never */
} conn_options;
extern conn_options conn_opt;

conn *conn_new(int fd, bool with_tls);
void conn_event(conn *c, bool readable, bool writable); /* dead is set when the caller has to delete it */
void conn_tick(conn *c, int64_t now);                   /* holds and slow sending that have come due */
int64_t conn_due(const conn *c);                        /* when to tick, 0 = never */
bool conn_wants_read(const conn *c);
bool conn_wants_write(const conn *c);
void conn_delete(conn *c);

#endif
