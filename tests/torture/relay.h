/* SPDX-License-Identifier: Apache-2.0
 * A TCP relay that does to connections what networks and proxies do: delays, resets, closes, torn ends, stalls; and to
 * what the client sent before it went: dropped, or handed on late with a half-close behind it (contract 5.6). Everything
 * is drawn from a seed. */
#ifndef TORTURE_RELAY_H
#define TORTURE_RELAY_H

#include <stdint.h>

typedef struct relay_options {
    int port;          /* of the master */
    uint64_t seed;
    uint64_t bytes;    /* between faults, on average; 0: none */
    int stalls;        /* one fault in so many is a stall; 0: none */
} relay_options;

/* Serve the listening socket until the process is ended. */
void relay_run(int listener, const relay_options *o);

#endif
