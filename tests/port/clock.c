/* SPDX-License-Identifier: Apache-2.0
 * Promises of the struct and of the clocks. The peer's clock is the judge. What needs 2^32 ms or a sleeping board cannot be
 * seen here: port/README.md has it in its list. */
#include "conformance.h"

enum { STILL = 50000000, DAY_S = 86400 };

/* ---- the struct -------------------------------------------------------------------------------------------------- */

static const char *sized(world *w) {
    size_t size = w->port->size;
    if (size != sizeof(det_port)) return broken(w, "size is %lu, not %lu", (unsigned long)size, (unsigned long)sizeof(det_port));
    return NULL;
}

static const char *needed(world *w) {
    const det_port *p = w->port;
    w->unfit = 1;
    if (!DET_PORT_HAS(p, now_ms)) return broken(w, "now_ms is missing");
    if (!DET_PORT_HAS(p, open) || !DET_PORT_HAS(p, close)) return broken(w, "open or close is missing");
    if (!DET_PORT_HAS(p, send) || !DET_PORT_HAS(p, recv)) return broken(w, "send or recv is missing");
    if (!DET_PORT_HAS(p, wait)) return broken(w, "wait is missing");
    w->unfit = 0;
    return NULL;
}

static const char *both(world *w) {
    int lock = DET_PORT_HAS(w->port, lock), unlock = DET_PORT_HAS(w->port, unlock);
    if (lock != unlock) return broken(w, "%s is missing", lock ? "unlock" : "lock");
    return lock ? NULL : ABSENT;
}

const promise promises_table[] = {
    {"size", "size is sizeof(det_port) of the port's own build", sized, 1},
    {"needed", "now_ms, open, send, recv, close and wait are there", needed, 1},
    {"lock-both", "lock and unlock are both there or neither", both, 1},
    {NULL, NULL, NULL, 0},
};

/* ---- the clocks -------------------------------------------------------------------------------------------------- */

static const char *runs(world *w) {
    uint32_t began = now(w);
    for (long i = 0; i < STILL; i++)
        if (now(w) != began) {
            w->clock_runs = 1;
            return NULL;
        }
    return broken(w, "it stands still");
}

static const char *forward(world *w) {
    uint32_t last = now(w);
    if (!w->clock_runs) return broken(w, "now_ms stands still");
    for (int i = 0; i < 100000; i++) {
        uint32_t n = now(w);
        if ((int32_t)(n - last) < 0) return broken(w, "%lu after %lu", (unsigned long)n, (unsigned long)last);
        if (n - last > 60000) return broken(w, "it jumps from %lu to %lu", (unsigned long)last, (unsigned long)n);
        last = n;
    }
    return NULL;
}

/* The peer sends a byte, and after 400 ms how long that was for it. */
static const char *pace(world *w) {
    det_conn c;
    char text[12];
    size_t got;
    long peers = 0;
    if (!w->clock_runs) return broken(w, "now_ms stands still");
    if (peer_do(w, &c, "after", 400) != DET_OK) return broken(w, "no connection to the peer");
    int rc = recv_all(w, &c, text, 1, &got);
    uint32_t began = now(w);
    if (rc == DET_OK) rc = recv_all(w, &c, text, 4, &got); /* 400 and a line's end: more, and its end is another digit */
    uint32_t ours = since(w, began);
    port_close(w, &c);
    if (rc != DET_OK) return broken(w, "no answer from the peer: %d", rc);
    for (int i = 0; i < 3; i++) peers = peers * 10 + (text[i] - '0');
    if ((long)ours < peers - 60 || (long)ours > peers + 60)
        return broken(w, "the peer's %ld ms were %lu", peers, (unsigned long)ours);
    return NULL;
}

static const char *date(world *w) {
    if (!DET_PORT_HAS(w->port, utc_s)) return ABSENT;
    int64_t ours = w->port->utc_s(w->port->ctx);
    if (ours == DET_UTC_UNKNOWN) return NULL;
    if (!w->clock_runs) return broken(w, "now_ms stands still");
    long peers = peer_ask(w, "utc", 0);
    if (peers < 0) return w->why;
    if (ours < peers - DAY_S || ours > peers + DAY_S) return broken(w, "%lld, the peer says %ld", (long long)ours, peers);
    return NULL;
}

const promise promises_clock[] = {
    {"clock-runs", "now_ms moves without wait", runs, 1},
    {"clock-forward", "now_ms never jumps, neither back nor far ahead", forward, 1},
    {"clock-pace", "now_ms counts milliseconds", pace, 5},
    {"utc", "utc_s is DET_UTC_UNKNOWN until set, then UTC in seconds", date, 1},
    {NULL, NULL, NULL, 0},
};
