/* SPDX-License-Identifier: Apache-2.0
 * What the master counts. Requests under /test/ and connections that only made such are left out of all but
 * `accepted`, so that asking changes nothing. */
#ifndef MASTER_STATS_H
#define MASTER_STATS_H

#include <stdint.h>

#include "reply.h"

typedef struct counters {
    uint64_t accepted;    /* TCP connections */
    uint64_t connections; /* those that made a request */
    uint64_t open;        /* of accepted, now */
    uint64_t requests, reports, logins;
    uint64_t refused; /* by the HTTP layer: malformed or reset */
    uint64_t bytes_in, bytes_out; /* HTTP bytes of the requests and of their answers */
    uint64_t wire_in, wire_out;   /* TLS: what went over the socket, handshakes included */
    uint64_t handshakes, handshake_failures;
    uint64_t reads, writes; /* system calls on connections */
    uint64_t status[6];     /* answers by hundreds */
    uint64_t max_queued;    /* most requests found waiting in one read */
} counters;

extern counters stats;

void stats_show(buf *b);
bool stats_log_open(const char *path);
void stats_log(const request *q, const reply *r, unsigned conn); /* one JSON line per accepted request */
void stats_log_close(void);

#endif
