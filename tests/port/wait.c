/* SPDX-License-Identifier: Apache-2.0
 * Promises of wait, wake, lock and unlock. What runs beside the test is started by conformance_spawn(). */
#include "conformance.h"

#include <stddef.h>
#include <string.h>

/* ---- wait -------------------------------------------------------------------------------------------------------- */

static const char *ends(world *w) {
    static const uint32_t times[] = {0, 1, 30, 200};
    if (!w->clock_runs) return broken(w, "now_ms stands still");
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        det_wait none = {-1, 0};
        uint32_t began = now(w);
        int rc = w->port->wait(w->port->ctx, i % 2 ? &none : NULL, i % 2, times[i]);
        uint32_t took = since(w, began);
        if (rc != DET_OK) return broken(w, "it gave %d", rc);
        if (took > times[i] + 150) return broken(w, "%lu ms became %lu", (unsigned long)times[i], (unsigned long)took);
    }
    return NULL;
}

/* Two connections, the second one speaks after 300 ms. */
static const char *hears(world *w) {
    det_conn quiet, c;
    char b;
    size_t got;
    const char *how = NULL;
    if (!w->clock_runs || peer_do(w, &quiet, "hush", 0) != DET_OK) return broken(w, "no connection to the peer");
    if (peer_do(w, &c, "after", 300) != DET_OK) how = broken(w, "no second connection");
    if (how == NULL) {
        int rc = recv_all(w, &c, &b, 1, &got);
        uint32_t began = now(w);
        for (unsigned i = 0; i < 1000000 && rc == DET_OK && since(w, began) < 4000; i++) {
            det_wait two[2];
            two[0].handle = quiet.handle;
            two[1].handle = c.handle;
            two[0].events = two[1].events = DET_WANT_READ;
            rc = w->port->wait(w->port->ctx, two, 2, 4000);
            if (rc != DET_OK) break;
            rc = port_recv(w, &c, &b, 1);
            if (rc == DET_E_AGAIN) rc = DET_OK;
        }
        if (rc != 1) how = broken(w, "recv or wait gave %d", rc);
        else if (since(w, began) > 1300) how = broken(w, "after 300 ms it took %lu to hear", (unsigned long)since(w, began));
        port_close(w, &c);
    }
    port_close(w, &quiet);
    return how;
}

/* An open connection has room for bytes: no waiting for that. */
static const char *room(world *w) {
    det_conn c;
    if (!w->clock_runs || peer_do(w, &c, "hush", 0) != DET_OK) return broken(w, "no connection to the peer");
    uint32_t began = now(w);
    stand_by(w, &c, DET_WANT_READ | DET_WANT_WRITE, 3000);
    uint32_t took = since(w, began);
    port_close(w, &c);
    return took < 1000 ? NULL : broken(w, "it took %lu ms", (unsigned long)took);
}

/* ---- wake -------------------------------------------------------------------------------------------------------- */

static uint32_t slept(world *w, uint32_t ms) {
    uint32_t began = now(w);
    (void)w->port->wait(w->port->ctx, NULL, 0, ms);
    return since(w, began);
}

static const char *wakes_next(world *w) {
    if (!DET_PORT_HAS(w->port, wake)) return ABSENT;
    if (!w->clock_runs) return broken(w, "now_ms stands still");
    for (int i = 0; i < 20; i++) {
        w->port->wake(w->port->ctx);
        uint32_t took = slept(w, 2000);
        if (took > 1000) return broken(w, "wake %d was lost: wait took %lu ms", i + 1, (unsigned long)took);
    }
    return NULL;
}

/* Any number of them never blocks, and the next wait returns. */
static const char *wakes_often(world *w) {
    if (!DET_PORT_HAS(w->port, wake)) return ABSENT;
    if (!w->clock_runs) return broken(w, "now_ms stands still");
    uint32_t began = now(w);
    for (long i = 0; i < 200000; i++) { /* more than a pipe or a queue holds */
        w->port->wake(w->port->ctx);
        if (since(w, began) > SOON_MS) return broken(w, "the first %ld took %lu ms", i, (unsigned long)since(w, began));
    }
    uint32_t took = slept(w, 2000);
    return took < 1000 ? NULL : broken(w, "the wait after %lu ms of them took %lu", (unsigned long)since(w, began), (unsigned long)took);
}

/* Beside the test. */
static void wake_it(void *arg) {
    const det_port *p = (const det_port *)arg;
    p->wake(p->ctx);
}

static const char *wakes_now(world *w) {
    static det_port of_its_own; /* spawn's argument is not const */
    det_port *port = &of_its_own;
    if (!DET_PORT_HAS(w->port, wake)) return ABSENT;
    if (!w->clock_runs) return broken(w, "now_ms stands still");
    (void)slept(w, 1); /* what wakes_often() left */
    memcpy(port, w->port, w->port->size < sizeof *port ? w->port->size : sizeof *port);
    if (conformance_spawn(wake_it, port, 300) != 0) return UNTRIED;
    uint32_t began = now(w), took;
    do took = slept(w, 3000);
    while (since(w, began) < 250);
    return took < 2000 ? NULL : broken(w, "wait went on for %lu ms", (unsigned long)took);
}

/* ---- lock, unlock ------------------------------------------------------------------------------------------------ */

enum { TIMES = 100000 };

typedef struct shared {
    const det_port *port;
    volatile unsigned long count;
    volatile int begun, done;
} shared;

static void add(shared *s) {
    for (int i = 0; i < TIMES; i++) {
        s->port->lock(s->port->ctx);
        unsigned long n = s->count; /* two that read the same would lose one */
        for (volatile int k = 0; k < 200; k++) {
        }
        s->count = n + 1;
        s->port->unlock(s->port->ctx);
    }
}

static void add_beside(void *arg) {
    shared *s = (shared *)arg;
    s->begun = 1;
    add(s);
    s->port->lock(s->port->ctx);
    s->done = 1;
    s->port->unlock(s->port->ctx);
}

static const char *excludes(world *w) {
    static shared s;
    if (!DET_PORT_HAS(w->port, lock) || !DET_PORT_HAS(w->port, unlock)) return ABSENT;
    if (!w->clock_runs) return broken(w, "now_ms stands still");
    s.port = w->port;
    s.count = 0;
    s.begun = s.done = 0;
    unsigned long want = 2ul * TIMES;
    if (conformance_spawn(add_beside, &s, 0) != 0) want = TIMES, s.begun = s.done = 1;
    uint32_t began = now(w);
    while (!s.begun && since(w, began) < SOON_MS) nap(w, 1);
    add(&s);
    for (int done = 0; !done;) {
        w->port->lock(w->port->ctx);
        done = s.done;
        w->port->unlock(w->port->ctx);
        if (since(w, began) > 30000) return broken(w, "the other one does not end");
        if (!done) nap(w, 5);
    }
    return s.count == want ? NULL : broken(w, "%lu of %lu", s.count, want);
}

const promise promises_wait[] = {
    {"wait-ends", "wait ends when its time is up, also with nothing to wait for", ends, 3},
    {"wait-read", "wait ends when one of several connections can be read", hears, 3},
    {"wait-write", "wait ends at once when one can be written", room, 3},
    {"wake-before", "a wake before the wait ends it at once", wakes_next, 1},
    {"wake-often", "any number of wakes, none of which waits", wakes_often, 2},
    {"wake-during", "a wake from elsewhere ends the wait in progress", wakes_now, 2},
    {"lock", "between lock and unlock nobody else is there", excludes, 1},
    {NULL, NULL, NULL, 0},
};
