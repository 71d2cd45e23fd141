/* SPDX-License-Identifier: Apache-2.0
 * See arena.h. Small pieces are cut from blocks; a large piece is a block of its own. */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#include "buf.h"

enum { BLOCK = 64 * 1024 };

struct arena_block {
    struct arena_block *next;
    size_t pad; /* keeps what follows aligned to 16 */
};

static char *block_new(arena *a, size_t n) {
    struct arena_block *b = xmalloc(sizeof *b + n);
    b->next = a->all;
    a->all = b;
    return (char *)(b + 1);
}

void *arena_get(arena *a, size_t n) {
    n = (n + 15) & ~(size_t)15;
    if (n > BLOCK / 2) return block_new(a, n);
    if (!a->cur || a->used + n > BLOCK) {
        a->cur = block_new(a, BLOCK);
        a->used = 0;
    }
    void *p = a->cur + a->used;
    a->used += n;
    return memset(p, 0, n);
}

void arena_free(arena *a) {
    while (a->all) {
        struct arena_block *b = a->all;
        a->all = b->next;
        free(b);
    }
    memset(a, 0, sizeof *a);
}

void arena_reset(arena *a) {
    if (a->all && !a->all->next && a->cur == (char *)(a->all + 1)) a->used = 0;
    else arena_free(a);
}
