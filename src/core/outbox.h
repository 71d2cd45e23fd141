/* SPDX-License-Identifier: Apache-2.0
 * The outbox: a ring of records in the caller's memory, each contiguous. First in, first out. Knows nothing of what the
 * records say, of time or of the network. */
#ifndef DET_CORE_OUTBOX_H
#define DET_CORE_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

typedef struct det__outbox {
    uint8_t *mem;    /* 8-byte aligned */
    size_t cap;
    size_t head;     /* offset of the oldest record */
    size_t tail;     /* offset behind the newest */
    size_t wrap;     /* where the records at the end of mem stop; cap while tail ≥ head */
    uint32_t count;
    size_t used;     /* bytes of all records */
    size_t peak;
} det__outbox;

/* A record as it lies in the ring; its payload follows. */
typedef struct det__record {
    uint32_t len;       /* of the payload */
    int32_t steps;
    uint16_t group_len; /* the group's name, NUL included, is the payload's first bytes */
    uint16_t spare;
    uint32_t spare2;
} det__record;

void det__outbox_init(det__outbox *b, void *mem, size_t cap);

/* Free space for one more record: behind the newest, or (second) before the oldest. *cap is the room for its payload;
 * NULL, and 0, when there is not even room for the record itself. */
det__record *det__outbox_room(det__outbox *b, int second, size_t *cap);

/* Keep the record made there, its payload of len bytes written behind it. */
void det__outbox_commit(det__outbox *b, det__record *r, size_t len);

/* The oldest record; NULL if empty. */
const det__record *det__outbox_first(const det__outbox *b);
void det__outbox_pop(det__outbox *b);

#endif
