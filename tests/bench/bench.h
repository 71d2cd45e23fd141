/* SPDX-License-Identifier: Apache-2.0
 * What the benchmarks share: clocks, medians, and two ports around the POSIX one: one that counts, and one whose recv
 * waits for the answer. Linux. Knows no workload. */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "det_port.h"

/* ---- numbers ----------------------------------------------------------------------------------------------------- */

double bench_wall_ns(void);
double bench_cpu_ns(void);               /* of this process, user and system */
double bench_cpu_of_ns(pid_t pid);       /* of another one; 0 if it cannot be told */
double bench_median(double *v, size_t n); /* sorts v */

/* Run on this CPU only, children included, and without preemption at wake-up (SCHED_BATCH): else the answer's writer is
 * interrupted by its reader in the middle of the write, or not, as a few hundred nanoseconds fall, and the same work
 * costs up to twice as much. 0, or -1 if the system does not let us. */
int bench_pin(int cpu);

/* Prints "bench: …" and exits 1: for what must not fail on the way to a figure. */
void bench_die(const char *fmt, ...);

/* Reads a whole file, NUL-terminated; dies if it cannot. To be freed. */
char *bench_read_file(const char *path, size_t *len);

/* ---- ports ------------------------------------------------------------------------------------------------------- */

typedef struct bench_counts {
    uint64_t open, send, recv, wait, close, other; /* calls; other: randomness and trust roots. Clocks are not counted */
    uint64_t sent, received;                       /* bytes on the wire, without TCP and IP */
} bench_counts;

typedef struct bench_port {
    det_port port; /* for the library */
    const det_port *below;
    bench_counts n;
    char *keep;    /* the last bytes sent are copied here, if set */
    size_t keep_cap, keep_len;
    int owed;      /* bench_waiting_port: an answer is expected */
} bench_port;

/* Passes everything on to the POSIX port and counts it. */
void bench_counting_port(bench_port *p);

/* Like the POSIX port, but recv() waits when something was sent since the last answer, and wait() does not: what a bare
 * loop of write() and read() does. A measuring device, not a port to use: the contract forbids it. */
void bench_waiting_port(bench_port *p);

uint64_t bench_port_calls(const bench_counts *n);

#endif
