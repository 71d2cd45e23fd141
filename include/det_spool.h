/* SPDX-License-Identifier: Apache-2.0
 * The spool: storage for reports that outlive the program, as three functions over one log of bytes.
 *
 * A position is the number of bytes since the log began, over all restarts: it only grows and is never used again.
 * What is stored are records of libdet's own, which find themselves again after damage: an implementation need not make
 * an append() whole, must not look into it, and may put bytes 0xff between two of them (flash that is written in words)
 * or have other bytes there (a torn append, a gap). All numbers in the log are little-endian: it can be carried to
 * another machine. What append() is given never ends with a byte 0xff, so that the end is found on erased flash.
 *
 * Ready made: det_posix_spool_open() in det_posix.h. All functions are called from the thread that calls libdet and may
 * block on the storage, nothing else. One program at a time uses a spool: an implementation sees to that. */
#ifndef DET_SPOOL_H
#define DET_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "det_error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct det_spool {
    size_t size; /* sizeof(det_spool) of the implementation's build */
    void *ctx;   /* handed to every function */

    /* Store head and then data (data_len may be 0, data NULL) behind all that is stored. DET_OK: it is there, as
     * durable as the implementation says. DET_E_SPACE (storage is full, for now), DET_E_SIZE (can never fit) or
     * DET_E_IO: any part of it may be there and stay, as after a power cut. */
    int (*append)(void *ctx, const void *head, size_t head_len, const void *data, size_t data_len);

    /* Up to cap > 0 bytes from pos on, at least one unless pos is where the log ends. Count, 0 at the end, DET_E_IO, or
     * DET_E_ARG when pos is not between first and end. */
    int (*read)(void *ctx, uint64_t pos, void *data, size_t cap);

    /* Forget what lies before pos, 0 for nothing; more than that may be kept, until the next call or over a restart.
     * Tells where the log begins and ends now; pos beyond the end counts as the end. DET_OK or DET_E_IO. */
    int (*discard)(void *ctx, uint64_t pos, uint64_t *first, uint64_t *end);

    /* So many bytes are sure to fit between first and end, counting what an append() is filled up with; 0: unknown.
     * When it is known, room is kept for the records that come before anything is let go of. When it is not, a storage
     * that is full to its last bytes of settled reports is discarded without them; if power is cut during that discard(),
     * and a part of the log is there afterwards, those reports are counted as refused with DET_E_SPOOL, though stored. */
    uint32_t cap;
} det_spool;

#ifdef __cplusplus
}
#endif
#endif
