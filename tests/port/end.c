/* SPDX-License-Identifier: Apache-2.0
 * Promises about the end of a connection: the peer's, ours, and what is left behind. */
#include "conformance.h"

#include <stddef.h>

enum { SAID = 3000 };

/* ---- the peer's end ---------------------------------------------------------------------------------------------- */

/* Take what the peer said before it went, then *rc is how recv ended. */
static const char *last_words(world *w, det_conn *c, int *rc) {
    uint8_t b[256];
    size_t got = 0;
    while ((*rc = recv_some(w, c, b, sizeof b)) > 0)
        for (int i = 0; i < *rc; i++, got++)
            if (b[i] != pattern(got)) return broken(w, "byte %lu is another one", (unsigned long)got);
    return got == SAID ? NULL : broken(w, "%lu of %d bytes came, then %d", (unsigned long)got, SAID, *rc);
}

/* The peer says its words and goes; we listen at once, or when it has long gone. */
static const char *goes(world *w, const char *word, uint32_t later, int code) {
    det_conn c;
    char b;
    int rc, again;
    if (!w->clock_runs || peer_do(w, &c, word, SAID) != DET_OK) return broken(w, "no connection to the peer");
    if (later) nap(w, later);
    const char *how = last_words(w, &c, &rc);
    if (how == NULL && rc != code) how = broken(w, "then came %d", rc);
    again = how == NULL ? port_recv(w, &c, &b, 1) : 0;
    if (how == NULL && again != DET_E_CLOSED && again != DET_E_RESET && again != DET_E_IO) how = broken(w, "and after it %d", again);
    port_close(w, &c);
    return how;
}

static const char *closes(world *w) {
    const char *how = goes(w, "say", 0, DET_E_CLOSED);
    return how ? how : goes(w, "say", 200, DET_E_CLOSED);
}

static const char *resets(world *w) {
    const char *how = goes(w, "cut", 0, DET_E_RESET);
    return how ? how : goes(w, "cut", 200, DET_E_RESET);
}

/* Goes on sending to a peer that has gone. */
static const char *sends_on(world *w) {
    det_conn c;
    int rc = 1;
    if (!w->clock_runs || peer_do(w, &c, "say", 0) != DET_OK) return broken(w, "no connection to the peer");
    for (int i = 0; i < 200 && (rc > 0 || rc == DET_E_AGAIN); i++) {
        rc = port_send(w, &c, "anybody there?", 14);
        nap(w, 5);
    }
    int last = rc;
    if (rc == DET_E_CLOSED || rc == DET_E_RESET) last = port_send(w, &c, "no?", 3);
    port_close(w, &c);
    if (rc != DET_E_CLOSED && rc != DET_E_RESET) return broken(w, "send gave %d", rc);
    return last < 0 ? NULL : broken(w, "and after %d send gave %d", rc, last);
}

/* ---- our end ----------------------------------------------------------------------------------------------------- */

/* Zeroed all over, handle too, as det_port.h says; never opened; and twice. Handle 0 may be somebody else's. */
static const char *close_zeroed(world *w) {
    det_conn c, other;
    char b;
    if (!w->clock_runs || peer_do(w, &other, "hush", 0) != DET_OK) return broken(w, "no connection to the peer");
    conn_zero(&c);
    c.handle = 0;
    port_close(w, &c);
    port_close(w, &c);
    conn_zero(&c);
    port_close(w, &c);
    int rc = port_recv(w, &other, &b, 1);
    port_close(w, &other);
    return rc == DET_E_AGAIN ? NULL : broken(w, "another connection was closed: recv gave %d", rc);
}

static const char *close_twice(world *w) {
    det_conn a, b;
    char byte;
    if (!w->clock_runs || peer_do(w, &a, "hush", 0) != DET_OK) return broken(w, "no connection to the peer");
    port_close(w, &a);
    if (peer_do(w, &b, "hush", 0) != DET_OK) return broken(w, "no second connection"); /* it has the first one's socket now */
    port_close(w, &a);
    int rc = port_recv(w, &b, &byte, 1);
    port_close(w, &b);
    return rc == DET_E_AGAIN ? NULL : broken(w, "closing twice closed another connection: recv gave %d", rc);
}

/* The peer sees the end: of one in use, of one with bytes unread, of one that was only begun. */
static const char *close_seen(world *w) {
    det_conn c;
    if (!w->clock_runs || peer_do(w, &c, "hush", 0) != DET_OK) return broken(w, "no connection to the peer");
    port_close(w, &c);
    if (peer_do(w, &c, "say", SAID) != DET_OK) return broken(w, "no connection to the peer");
    port_close(w, &c);
    conn_zero(&c);
    (void)port_open(w, &c, w->host, w->at, SOON_MS);
    port_close(w, &c);
    long n = peer_ask(w, "live", 0);
    if (n < 0) return w->why;
    return n == 0 ? NULL : broken(w, "the peer still has %ld connections", n);
}

/* ---- what is left ------------------------------------------------------------------------------------------------ */

/* With one place left, one at a time would go on working. */
static const char *room_for_two(world *w, unsigned after) {
    det_conn a, b;
    int rc = peer_do(w, &a, "hush", 0);
    if (rc != DET_OK) return broken(w, "after %u the next one gave %d", after, rc);
    rc = peer_do(w, &b, "hush", 0);
    port_close(w, &a);
    if (rc != DET_OK) return broken(w, "after %u two at a time gave %d", after, rc);
    port_close(w, &b);
    return NULL;
}

static const char *many(world *w) {
    det_conn c;
    char b[4];
    size_t got;
    for (unsigned i = 0; i < w->many; i++) {
        int rc = w->clock_runs ? peer_do(w, &c, i % 2 ? "echo" : "say", 4) : DET_E_PORT;
        if (rc != DET_OK) return broken(w, "connection %u gave %d", i, rc);
        if (i % 2) (void)send_all(w, &c, "four", 4);
        rc = i % 3 ? recv_all(w, &c, b, 4, &got) : DET_OK;
        port_close(w, &c);
        if (rc != DET_OK) return broken(w, "connection %u gave no bytes: %d", i, rc);
    }
    return room_for_two(w, w->many);
}

static const char *many_failures(world *w) {
    det_conn c;
    for (unsigned i = 0; i < w->many; i++) {
        int rc = w->clock_runs ? reach(w, &c, w->host, w->refused, SOON_MS) : DET_E_PORT;
        if (rc != DET_E_CONNECT) return broken(w, "failure %u gave %d", i, rc);
        conn_zero(&c); /* no close: nothing is held */
    }
    for (unsigned i = 0; i < w->many / 10; i++) {
        conn_zero(&c);
        int rc = port_open(w, &c, w->host, w->silent, SOON_MS);
        if (rc != DET_E_AGAIN) return broken(w, "attempt %u gave %d", i, rc);
        port_close(w, &c);
    }
    return room_for_two(w, w->many);
}

const promise promises_end[] = {
    {"peer-closes", "recv gives what came before the peer's end, then DET_E_CLOSED", closes, 1},
    {"peer-resets", "recv gives what came before a reset, then DET_E_RESET", resets, 1},
    {"send-gone", "send to a peer that has gone is DET_E_CLOSED or DET_E_RESET, and no signal", sends_on, 1},
    {"close-zeroed", "close of a conn that was never opened does nothing", close_zeroed, 1},
    {"close-twice", "close again does nothing", close_twice, 1},
    {"close-seen", "close ends the connection for the peer too, at once and both ways", close_seen, 1},
    {"many", "as many connections as one likes leave nothing behind", many, 1},
    {"many-failed", "attempts that fail or are given up leave nothing behind", many_failures, 1},
    {NULL, NULL, NULL, 0},
};
