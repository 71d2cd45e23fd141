/* SPDX-License-Identifier: Apache-2.0
 * The outbox: a ring of records in the caller's memory, each contiguous. First in, first out; a record stays until it is
 * popped, whatever its state. Knows nothing of what the records say, of time or of the network.
 * Threads: room(), commit(), loose() and squeeze() are the producer's, the rest the consumer's; each holds the port's lock (internal.h). */
#ifndef DET_CORE_OUTBOX_H
#define DET_CORE_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

#include "det_config.h"

/* Everything that makes delivery more than one request after the other is left out: engine_plain.c. Records then know no
 * state: the oldest is the one under way. */
#define DET__PLAIN (!DET_EXACT && !DET_SPOOL && DET_PIPELINE == 1 && DET_JOIN == 1 && !DET_POLICIES)

enum det__record_state {
    DET__QUEUED, /* to be sent */
    DET__FLIGHT, /* sent; its answer is awaited, or was lost */
    DET__KEPT,   /* stored by the master, kept as a rewind would have to send it again */
    DET__LOST,   /* will not be stored, or may not have been, and the caller has not been told yet */
    DET__GONE    /* of no more use */
};

enum det__record_flag {
    DET__ALONE = 1,   /* not to be joined with others: such a request was refused */
    DET__ASKED = 2,   /* a probe for it is under way */
    DET__COUNTED = 4, /* as acknowledged */
    DET__UTC = 8,     /* when is UTC */
    DET__JOINED = 16, /* its request carries others too */
    DET__SENT = 32    /* it was in flight before: it may have been stored */
};

/* A record as it lies in the ring; its payload follows. */
typedef struct det__record {
    uint32_t len;       /* of the payload */
    uint32_t crc;       /* of steps and payload, with DET_CHECK_RECORDS */
    int32_t steps;
    uint32_t when;      /* it was reported: the port's now_ms(), or seconds of UTC, 0 unknown */
    uint16_t group_len; /* the group's name, NUL included, is the payload's first bytes */
    uint16_t unit;      /* number of the request that carries it */
    uint8_t part;       /* enum det__part: which rows of the master share its fate */
    uint8_t state;
    uint8_t flags;
    int8_t code;        /* why it is lost */
#if DET_SPOOL
    uint32_t span;      /* bytes of the log up to its end, from the end of the one before */
    uint32_t spare;
#endif
} det__record;

typedef struct det__outbox {
    uint8_t *mem;    /* 8-byte aligned */
    size_t cap;
    size_t head;     /* offset of the oldest record */
    size_t tail;     /* offset behind the newest */
    size_t wrap;     /* where the records at the end of mem stop; cap while tail ≥ head */
    det__record *open; /* the oldest queued or in flight; NULL if none */
    det__record *next; /* none before it is queued */
    uint32_t count;
    size_t used;     /* bytes of all records */
    size_t peak;
    size_t flying;   /* bytes of payload in flight */
} det__outbox;

void det__outbox_init(det__outbox *b, void *mem, size_t cap);

/* Free space for one more record: behind the newest, or (second) before the oldest. *cap is the room for its payload;
 * NULL, and 0, when there is not even room for the record itself. */
det__record *det__outbox_room(det__outbox *b, int second, size_t *cap);

/* Keep the record made there, its payload of len bytes written behind it, as queued. */
void det__outbox_commit(det__outbox *b, det__record *r, size_t len);

/* The oldest record, and the one behind r; NULL if there is none. */
det__record *det__outbox_first(const det__outbox *b);
det__record *det__outbox_after(const det__outbox *b, const det__record *r);

/* Drop the oldest, which must not be open. */
void det__outbox_pop(det__outbox *b);

/* The first queued record, NULL if none. */
det__record *det__outbox_next(det__outbox *b);

/* Set a record's state; open and next follow. */
void det__outbox_set(det__outbox *b, det__record *r, uint8_t state);

/* The first of those behind which all are queued: nobody else has a pointer to them. NULL if the newest is not queued. */
det__record *det__outbox_loose(det__outbox *b);

/* From there on: drop those that were marked DET__GONE since (not by set()), and close the gaps. */
void det__outbox_squeeze(det__outbox *b, det__record *from);

#endif
