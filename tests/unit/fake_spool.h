/* SPDX-License-Identifier: Apache-2.0
 * Storage for tests, with a power switch: a RAM disk, which keeps a prefix of what was being written, and NOR flash, in
 * which writing only clears bits, a word of four bytes is written once, and erasing sets a whole block. Power can be cut
 * before any byte of any write or erasure; memory outlives it. */
#ifndef FAKE_SPOOL_H
#define FAKE_SPOOL_H

#include "det_spool.h"

enum fake_spool_kind { FAKE_DISK, FAKE_NOR };
enum { FAKE_SPOOL_BLOCK = 256, FAKE_SPOOL_BLOCKS = 16 };

typedef struct fake_spool {
    det_spool spool;
    int kind;
    long power;        /* bytes that can still be written before it is cut; -1: no limit */
    long written;      /* bytes so far, those of erasures and heads of blocks included */
    size_t read_max;   /* most that one read() gives; 0 no limit */
    long fail_read;    /* that many read() from now fail with DET_E_IO, and those after it do not; -1 none */
    unsigned appends, reads;
    uint64_t first, end;  /* lost with the power */
    uint32_t noise;    /* of half-written bits; not 0 */
    uint64_t kept_first;  /* FAKE_DISK: what a restart knows */
    uint64_t kept_end;
    uint8_t mem[FAKE_SPOOL_BLOCKS * FAKE_SPOOL_BLOCK];
} fake_spool;

/* Empty storage, power on. */
void fake_spool_init(fake_spool *f, int kind);

/* Power on again, without a limit: first and end are found anew from what is in mem. */
void fake_spool_boot(fake_spool *f);

/* Change bits of the byte at pos, as storage does that gets old. */
void fake_spool_flip(fake_spool *f, uint64_t pos, unsigned bits);

#endif
