/* SPDX-License-Identifier: Apache-2.0
 * A list page by page (contract 6.1): the next one begins where the last one ended, until the end of the list. From the
 * second on pages are asked for before the one in front has come, where their offsets can be told. */
#ifndef DET_CLI_PAGES_H
#define DET_CLI_PAGES_H

#include "client.h"
#include "list.h"

typedef struct det__pages {
    /* The path of the page that begins at offset. */
    void (*path)(void *ctx, det__path *p, int64_t offset);
    /* A page's body: before it, its pieces, and behind it, where it says what it is. As list.h's. */
    int (*begin)(void *ctx);
    int (*feed)(void *ctx, const void *data, size_t len);
    int (*end)(void *ctx, det__page *page);
    void *ctx;
    int64_t offset; /* of the first page */
    int single;     /* only that one */

    size_t known;   /* private: pages that have been read */
    int64_t next;   /* where the next to be read begins */
    int64_t step;   /* rows of a page, as the last one had */
    int64_t total;
    size_t begun;   /* pages whose body has begun */
    int finished;
} det__pages;

/* Prepare; what is above "private" has been set. */
void det__pages_init(det__pages *p);

det__flow det__pages_flow(det__pages *p);

#endif
