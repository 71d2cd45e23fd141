/* SPDX-License-Identifier: Apache-2.0
 * A TCP relay on loopback that behaves like a long line: each byte arrives half a round trip after it was sent, in any
 * number at a time (no limit of throughput, no slow start). It counts dependent exchanges. Linux. */
#ifndef BENCH_DELAY_H
#define BENCH_DELAY_H

#include <stdint.h>
#include <sys/types.h>

/* exchanges: the longest chain in which one side sent only after it had received what the other sent before, in round
 * trips, one for each TCP connection included. Bytes that were already on their way when an answer arrived do not depend
 * on it. Both grow only. */
typedef struct delay_counts {
    uint32_t connections, exchanges;
} delay_counts;

typedef struct delay {
    int port; /* to connect to */
    pid_t pid;
    int control;
    volatile delay_counts *n;
} delay;

/* Start a relay to this loopback port, in a process of its own that ends with ours. 0, or -1. */
int delay_start(delay *d, int target_port, uint32_t rtt_us);
void delay_stop(delay *d);

#endif
