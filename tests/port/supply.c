/* SPDX-License-Identifier: Apache-2.0
 * Promises of entropy and roots: what TLS is given. */
#include "conformance.h"

#include <string.h>

enum { ROOTS_MAX = 4000000, GUARD = 0xa5 };

/* ---- entropy ----------------------------------------------------------------------------------------------------- */

static int draw(world *w, uint8_t *out, size_t len) {
    return w->port->entropy(w->port->ctx, out, len);
}

/* Every length is filled to its end and not beyond. */
static const char *fills(world *w) {
    static const size_t lengths[] = {1, 3, 16, 32, 48, 255, 256, 257, 600};
    uint8_t b[601];
    if (!DET_PORT_HAS(w->port, entropy)) return ABSENT;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t n = lengths[i];
        uint8_t seen = 0;
        for (int k = 0; k < 8; k++) { /* that the last byte is 0 eight times is one in 2^64 */
            memset(b, 0, sizeof b);
            b[n] = GUARD;
            int rc = draw(w, b, n);
            if (rc != DET_OK) return broken(w, "%lu bytes gave %d", (unsigned long)n, rc);
            if (b[n] != GUARD) return broken(w, "it wrote beyond %lu bytes", (unsigned long)n);
            seen |= b[n - 1];
        }
        if (seen == 0) return broken(w, "the last of %lu bytes is not filled", (unsigned long)n);
    }
    return NULL;
}

static unsigned ones(const uint8_t *b, size_t n) {
    unsigned sum = 0;
    for (size_t i = 0; i < n; i++)
        for (unsigned x = b[i]; x; x >>= 1) sum += x & 1;
    return sum;
}

/* Not whether it is random, which nobody can see, but whether it clearly is not. */
static const char *differs(world *w) {
    uint8_t b[64][32];
    unsigned values[256] = {0};
    if (!DET_PORT_HAS(w->port, entropy)) return ABSENT;
    for (size_t i = 0; i < 64; i++) {
        if (draw(w, b[i], 32) != DET_OK) return broken(w, "no bytes");
        for (size_t k = 0; k < i; k++)
            if (memcmp(b[i], b[k], 16) == 0 || memcmp(b[i] + 16, b[k] + 16, 16) == 0) return broken(w, "the same bytes come again");
        for (size_t k = 0; k < 32; k++) values[b[i][k]]++;
    }
    unsigned n = ones(&b[0][0], sizeof b); /* of 16384: 8192, one in 10^9 is more than 6.1 × 64 off */
    if (n < 7800 || n > 8584) return broken(w, "%u of 16384 bits are 1", n);
    for (int i = 0; i < 256; i++)
        if (values[i] > 40) return broken(w, "byte %d comes %u times of 2048", i, values[i]);
    return NULL;
}

/* ---- roots ------------------------------------------------------------------------------------------------------- */

/* All of it in pieces of `cap`: its length and a sum over it. Negative: what it said. */
static long read_roots(world *w, size_t cap, uint32_t *sum, int *beyond) {
    uint8_t b[512 + 1];
    long at = 0;
    *sum = 1;
    *beyond = 0;
    for (;;) {
        b[cap] = GUARD;
        int rc = w->port->roots(w->port->ctx, (size_t)at, b, cap);
        if (rc <= 0) return rc ? rc : at;
        if ((size_t)rc > cap || b[cap] != GUARD) *beyond = 1;
        if (*beyond || at > ROOTS_MAX) return at;
        for (int i = 0; i < rc; i++) *sum = *sum * 16777619u ^ b[i];
        at += rc;
    }
}

static const char *like_a_file(world *w) {
    uint32_t a, b;
    int over, over_too;
    char head[12] = "";
    if (!DET_PORT_HAS(w->port, roots)) return ABSENT;
    long n = read_roots(w, 512, &a, &over), m = read_roots(w, 501, &b, &over_too);
    if (over || over_too) return broken(w, "it wrote or counted beyond cap");
    if (n < 0) return broken(w, "it gave %ld", n);
    if (n > ROOTS_MAX) return broken(w, "there is no end to it");
    if (n != m || a != b) return broken(w, "read in other pieces it is something else");
    if (n == 0) return broken(w, "it is empty: leave it out instead");
    for (long at = 0; at < n; at++) { /* comments may come first */
        int rc = w->port->roots(w->port->ctx, (size_t)at, head, 11);
        if (rc < 11) return broken(w, "there is no certificate in it");
        if (memcmp(head, "-----BEGIN ", 11) == 0) return NULL;
    }
    return broken(w, "there is no certificate in it");
}

const promise promises_supply[] = {
    {"entropy", "entropy fills what it is asked for, to the last byte and no further", fills, 1},
    {"entropy-differs", "entropy never gives the same twice, nor what is clearly not random", differs, 1},
    {"roots", "roots reads like a file: the same in pieces of any size, PEM, never beyond cap", like_a_file, 1},
    {NULL, NULL, NULL, 0},
};
