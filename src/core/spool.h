/* SPDX-License-Identifier: Apache-2.0
 * Records in a spool. On storage, all little-endian:
 *
 *      0  magic 0xFE 0xD7       no UTF-8 text has it: a search for a head is not led astray by payloads
 *      2  version 1
 *      3  kind
 *      4  group_len  u16
 *      6  check      u16        of the head alone: a false head is found out without reading the payload
 *      8  steps      i32
 *     12  utc        u32        seconds since 1970, 0 unknown
 *     16  run        u32        logical run
 *     20  crc        u32        CRC-32 of the head, check and crc taken as 0, and the payload
 *     24  len        u32        of the payload, which follows
 *
 * Knows nothing of what payloads say, nor how bytes are stored. Keeps no state: the log and a position are all. */
#ifndef DET_CORE_SPOOL_H
#define DET_CORE_SPOOL_H

#include "det_spool.h"

/* On storage for good: never renumber. */
enum det__spool_kind {
    DET__SPOOL_RUN = 1,
    DET__SPOOL_METRICS,
    DET__SPOOL_STATE,
    DET__SPOOL_PROGRESS,
    DET__SPOOL_LOG,
    DET__SPOOL_CHECKPOINT,
    DET__SPOOL_SETTLED /* everything before some position is: for the core's own use */
};

enum { DET__SPOOL_HEAD = 28 };
#define DET__SPOOL_MAX (INT32_C(1) << 24) /* bytes of payload */

typedef struct det__spooled {
    uint32_t len; /* of the payload, up to DET__SPOOL_MAX */
    int32_t steps;
    uint32_t utc; /* seconds since 1970, 0 unknown */
    uint32_t run;
    uint16_t group_len; /* the group's name, NUL included, is the payload's first bytes */
    uint8_t kind;
} det__spooled;

/* Store a record by one append. DET_OK, DET_E_SIZE (over DET__SPOOL_MAX, or the storage's word), DET_E_ARG (the payload
 * ends with 0xff), DET_E_SPACE or DET_E_IO. After DET_E_IO the record may be there all the same. */
int det__spool_put(const det_spool *sp, const det__spooled *h, const void *payload);

/* The next whole record at or behind *pos, which must not be before the log's first byte; *pos moves behind it.
 * DET_OK; DET_E_AGAIN: none found. When *pos has moved then, there may be one further on: bytes that are no record were
 * skipped, and a call skips 512 and one record at most; when it has not moved, that was the end of the log.
 * DET_E_SIZE: a whole and undamaged one of h->len > cap bytes, payload undefined, *pos behind it too.
 * DET_E_IO: *pos has not moved behind what could not be read. *damaged goes up by the bytes skipped, runs of 0xff
 * between records apart. */
int det__spool_get(const det_spool *sp, uint64_t *pos, det__spooled *h, void *payload, size_t cap, uint32_t *damaged);

#endif
