/* SPDX-License-Identifier: Apache-2.0
 * Promises of send and recv while the connection lives: all bytes, in order, no waiting, Nagle off. */
#include "conformance.h"

#include <stdlib.h>

enum { TOTAL = 60000, FLOOD_MAX = 64000000, GAP_US = 25000 };

/* Of this size are the pieces sent and received: 1, 2, … so that every split happens. */
static size_t piece(unsigned turn, size_t left, size_t most) {
    size_t n = turn % 67 == 66 ? most : 1 + turn * 37 % 400;
    if (n > most) n = most;
    return n < left ? n : left;
}

/* Sends what fits and receives what is there, in pieces of all sizes. */
static const char *echo_all(world *w, det_conn *c) {
    uint8_t b[1024 + 1];
    size_t sent = 0, got = 0;
    uint32_t moved = now(w);
    for (unsigned turn = 0; got < TOTAL; turn++) {
        size_t n = piece(turn, TOTAL - sent, sizeof b - 1);
        for (size_t i = 0; i < n; i++) b[i] = pattern(sent + i);
        int out = n && sent - got < 8000 ? port_send(w, c, b, n) : DET_E_AGAIN;
        if (out > 0) sent += (size_t)out;
        n = piece(turn, sizeof b - 1, sizeof b - 1);
        b[n] = 0xa5;
        int in = port_recv(w, c, b, n);
        if (b[n] != 0xa5) return broken(w, "recv wrote beyond cap");
        for (int i = 0; i < in; i++, got++)
            if (b[i] != pattern(got)) return broken(w, "byte %lu is another one", (unsigned long)got);
        if ((out < 0 && out != DET_E_AGAIN) || (in < 0 && in != DET_E_AGAIN)) return broken(w, "send %d, recv %d", out, in);
        if (out > 0 || in > 0) moved = now(w);
        else stand_by(w, c, DET_WANT_READ, 20);
        if (since(w, moved) > SOON_MS) return broken(w, "%lu sent, %lu back", (unsigned long)sent, (unsigned long)got);
    }
    return NULL;
}

static const char *whole(world *w) {
    det_conn c;
    if (!w->clock_runs || peer_do(w, &c, "echo", 0) != DET_OK) return broken(w, "no connection to the peer");
    const char *how = echo_all(w, &c);
    port_close(w, &c);
    return how;
}

static const char *nothing_there(world *w) {
    det_conn c;
    char b[8];
    if (!w->clock_runs || peer_do(w, &c, "hush", 0) != DET_OK) return broken(w, "no connection to the peer");
    int rc = DET_E_AGAIN;
    for (int i = 0; i < 20 && rc == DET_E_AGAIN; i++) {
        rc = port_recv(w, &c, b, sizeof b);
        nap(w, 5);
    }
    port_close(w, &c);
    return rc == DET_E_AGAIN ? NULL : broken(w, "recv gave %d", rc);
}

/* Sends until no more fits, to a peer that does not read. How many bytes went, 0: there was no end to it. */
static size_t flood(world *w, det_conn *c, int *rc) {
    uint8_t b[1000];
    size_t sent = 0;
    unsigned full = 0;
    while (sent < FLOOD_MAX && full < 3) { /* what lies on the way may make some room again */
        for (size_t i = 0; i < sizeof b; i++) b[i] = pattern(sent + i);
        *rc = port_send(w, c, b, sizeof b);
        if (*rc > 0) sent += (size_t)*rc;
        else if (*rc == DET_E_AGAIN && ++full) nap(w, 20);
        else return 0;
    }
    return full == 3 ? sent : 0;
}

/* Wait for room, then send one piece more. How many bytes went. */
static size_t when_there_is_room(world *w, det_conn *c, size_t sent, int *rc) {
    uint8_t b[1000];
    uint32_t began = now(w);
    for (size_t i = 0; i < sizeof b; i++) b[i] = pattern(sent + i);
    *rc = DET_E_AGAIN;
    for (unsigned i = 0; i < 1000000 && *rc == DET_E_AGAIN && since(w, began) < SOON_MS; i++) {
        stand_by(w, c, DET_WANT_WRITE, SOON_MS);
        *rc = port_send(w, c, b, sizeof b);
    }
    return *rc > 0 ? (size_t)*rc : 0;
}

/* The peer reads nothing for so long, then all, and says how many bytes came as they should. */
static const char *full(world *w) {
    enum { HOLD_MS = 1500 };
    det_conn c;
    char text[12] = "";
    int rc = DET_OK;
    if (!w->clock_runs || peer_do(w, &c, "hold", HOLD_MS) != DET_OK) return broken(w, "no connection to the peer");
    uint32_t began = now(w);
    size_t sent = flood(w, &c, &rc);
    const char *how = sent ? NULL : broken(w, "send gave %d", rc);
    if (how == NULL) sent += when_there_is_room(w, &c, sent, &rc);
    if (how == NULL && rc <= 0) how = broken(w, "send gave %d when the peer had read", rc);
    if (how == NULL && since(w, began) > HOLD_MS + 1500) how = broken(w, "wait goes on though there is room");
    for (size_t i = 0; how == NULL && i < sizeof text - 1; i++)
        if (recv_some(w, &c, text + i, 1) != 1 || text[i] == '\n') break;
    if (how == NULL && strtoul(text, NULL, 10) != sent) how = broken(w, "of %lu bytes %s came", (unsigned long)sent, text);
    port_close(w, &c);
    return how;
}

/* Two single bytes one after the other; the peer does not acknowledge the first one at once. */
static const char *nodelay(world *w) {
    det_conn c;
    char text[12] = "";
    int rc;
    if (!w->clock_runs || peer_do(w, &c, "gap", 0) != DET_OK) return broken(w, "no connection to the peer");
    rc = recv_some(w, &c, text, 1);
    if (rc == 1) rc = send_all(w, &c, "1", 1);
    if (rc == DET_OK) rc = send_all(w, &c, "2", 1);
    for (size_t i = 0; rc >= 0 && i < sizeof text - 1; i++)
        if ((rc = recv_some(w, &c, text + i, 1)) != 1 || text[i] == '\n') break;
    port_close(w, &c);
    if (rc != 1) return broken(w, "the peer said nothing: %d", rc);
    long us = strtol(text, NULL, 10);
    return us < GAP_US ? NULL : broken(w, "the second one came %ld us after the first", us);
}

const promise promises_bytes[] = {
    {"recv-again", "recv where nothing has come is DET_E_AGAIN", nothing_there, 1},
    {"bytes", "every byte arrives once, in order and as it was, and recv keeps to cap", whole, 1},
    {"send-full", "send into a full buffer is DET_E_AGAIN, wait for DET_WANT_WRITE ends when there is room", full, 3},
    {"nodelay", "Nagle's algorithm is off", nodelay, 5},
    {NULL, NULL, NULL, 0},
};
