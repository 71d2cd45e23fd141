/* SPDX-License-Identifier: Apache-2.0
 * Memory for the values of one call: taken in pieces, given back as a whole. Pieces are zeroed and aligned to 16. */
#ifndef MASTER_ARENA_H
#define MASTER_ARENA_H

#include <stddef.h>

typedef struct arena {
    struct arena_block *all; /* every block, newest first */
    char *cur;               /* the one small pieces are cut from */
    size_t used;
} arena;

void *arena_get(arena *a, size_t n);
void arena_reset(arena *a);
void arena_free(arena *a);

#endif
