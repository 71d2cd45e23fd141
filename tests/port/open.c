/* SPDX-License-Identifier: Apache-2.0
 * Promises of open: what it reaches, what it says when it does not, within which time. */
#include "conformance.h"

#include <stddef.h>
#include <string.h>

enum { BUDGET_MS = 600, SLACK_MS = 400 };

/* ---- what is there ----------------------------------------------------------------------------------------------- */

static const char *echoed(world *w, det_conn *c, const char *text) {
    char b[32];
    size_t len = strlen(text), got = 0;
    int rc = send_all(w, c, text, len);
    if (rc == DET_OK) rc = recv_all(w, c, b, len, &got);
    if (rc != DET_OK) return broken(w, "no echo of %s: %d", text, rc);
    return memcmp(b, text, len) == 0 ? NULL : broken(w, "another echo than %s", text);
}

static const char *reaches(world *w) {
    det_conn c;
    int rc = w->clock_runs ? peer_do(w, &c, "echo", 0) : DET_E_PORT;
    if (rc != DET_OK) return broken(w, "%s port %d gave %d", w->host, w->at, rc);
    const char *how = echoed(w, &c, "numeric");
    if (how == NULL && port_open(w, &c, w->host, w->at, 1000) != DET_OK) how = broken(w, "open of an open one is not DET_OK");
    port_close(w, &c);
    return how;
}

static const char *named(world *w, const char *name, uint32_t budget_ms) {
    det_conn c;
    int rc = w->clock_runs ? reach(w, &c, name, w->at, budget_ms) : DET_E_PORT;
    if (rc != DET_OK) return broken(w, "%s gave %d", name, rc);
    const char *how = send_all(w, &c, "echo 0\n", 7) == DET_OK ? echoed(w, &c, "name") : broken(w, "cannot send");
    port_close(w, &c);
    return how;
}

static const char *names(world *w) {
    return w->name ? named(w, w->name, SOON_MS) : UNTRIED;
}

static const char *twins(world *w) {
    if (!w->twin) return UNTRIED;
    uint32_t began = now(w);
    const char *how = named(w, w->twin, 2000);
    if (how == NULL && since(w, began) > 2000) how = broken(w, "it took %lu ms of 2000", (unsigned long)since(w, began));
    return how;
}

static const char *two_at_once(world *w) {
    det_conn a, b;
    const char *how = NULL;
    if (!w->clock_runs || peer_do(w, &a, "echo", 0) != DET_OK) return broken(w, "not even one");
    if (peer_do(w, &b, "echo", 0) != DET_OK) how = broken(w, "the second one is not to be had");
    if (how == NULL) {
        (void)send_all(w, &a, "to a", 4);
        how = echoed(w, &b, "TO B");
        char text[4];
        size_t got;
        int rc = recv_all(w, &a, text, 4, &got);
        if (how == NULL && (rc != DET_OK || memcmp(text, "to a", 4) != 0)) how = broken(w, "the first one's bytes are gone");
        port_close(w, &b);
    }
    if (how == NULL) how = echoed(w, &a, "still there"); /* though the other was closed */
    port_close(w, &a);
    return how;
}

/* ---- what is not ------------------------------------------------------------------------------------------------- */

static const char *fails(world *w, const char *host, uint16_t port, int code) {
    det_conn c;
    if (!w->clock_runs) return broken(w, "now_ms stands still");
    int rc = reach(w, &c, host, port, BUDGET_MS);
    if (rc != code) {
        port_close(w, &c);
        return broken(w, "%s port %d gave %d, not %d", host, port, rc, code);
    }
    for (size_t i = 0; i < sizeof c.mem / sizeof *c.mem; i++)
        if (c.mem[i] != 0) return broken(w, "conn->mem is not zero after it failed");
    return NULL;
}

static const char *refuses(world *w) {
    return fails(w, w->host, w->refused, DET_E_CONNECT);
}

static const char *unknown(world *w) {
    return fails(w, "no-such-host.invalid", w->at, DET_E_DNS);
}

static const char *silent(world *w) {
    uint32_t began = now(w);
    const char *how = fails(w, w->host, w->silent, DET_E_TIMEOUT);
    uint32_t took = since(w, began);
    if (how == NULL && took > BUDGET_MS + SLACK_MS) return broken(w, "only after %lu ms of %d", (unsigned long)took, BUDGET_MS);
    if (how == NULL && took < BUDGET_MS / 2) return broken(w, "after %lu ms of %d", (unsigned long)took, BUDGET_MS);
    return how;
}

/* Called again long before there is anything new. */
static const char *patient(world *w) {
    det_conn c;
    int rc = DET_E_PORT;
    if (!w->clock_runs) return broken(w, "now_ms stands still");
    conn_zero(&c);
    for (int i = 0; i < 50; i++) {
        rc = port_open(w, &c, w->host, w->silent, 5000);
        if (rc != DET_E_AGAIN) break;
    }
    port_close(w, &c);
    return rc == DET_E_AGAIN ? NULL : broken(w, "it gave %d", rc);
}

static const char *reused(world *w) {
    det_conn c;
    if (!w->clock_runs) return broken(w, "now_ms stands still");
    (void)reach(w, &c, w->host, w->refused, BUDGET_MS);
    int rc = DET_E_AGAIN; /* not zeroed again: a failed open has left it so */
    uint32_t began = now(w);
    while (rc == DET_E_AGAIN && since(w, began) < SOON_MS) {
        rc = port_open(w, &c, w->host, w->at, SOON_MS);
        if (rc == DET_E_AGAIN) stand_by(w, &c, DET_WANT_WRITE, 50);
    }
    const char *how = rc == DET_OK ? NULL : broken(w, "it gave %d", rc);
    if (how == NULL) how = send_all(w, &c, "echo 0\n", 7) == DET_OK ? echoed(w, &c, "again") : broken(w, "cannot send");
    port_close(w, &c);
    return how;
}

const promise promises_open[] = {
    {"open", "open reaches a numeric address, and an open connection stays open", reaches, 2},
    {"open-name", "open looks a name up", names, 1},
    {"open-two", "a second connection while the first one lives", two_at_once, 1},
    {"open-refused", "a port that refuses is DET_E_CONNECT, and conn->mem is zero then", refuses, 1},
    {"open-unknown", "a name that does not exist is DET_E_DNS, and conn->mem is zero then", unknown, 1},
    {"open-silent", "an address that is silent is DET_E_TIMEOUT when the budget is used up, not later, nor much earlier", silent, 3},
    {"open-early", "open may be called before anything has happened: DET_E_AGAIN", patient, 1},
    {"open-again", "open works on the conn of one that failed", reused, 1},
    {"open-twin", "each address of a name is tried within its share of the budget", twins, 3},
    {NULL, NULL, NULL, 0},
};
