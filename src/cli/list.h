/* SPDX-License-Identifier: Apache-2.0
 * Lists of the master as tables or CSV, byte for byte as det prints them (contract 6). An answer's body is read piece
 * by piece and only the cells to be shown are kept, beyond a bound in a temporary file: memory does not grow with the
 * list. */
#ifndef DET__CLI_LIST_H
#define DET__CLI_LIST_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "det_error.h"

typedef struct det__list det__list;

enum { DET__LIST_EXPERIMENTS, DET__LIST_CHECKPOINTS }; /* kinds */
enum {                                                  /* flags */
    DET__LIST_ALL = 1,     /* experiments of all users and archived ones: column Archived */
    DET__LIST_PROJECT = 2, /* columns Workspace and Project */
    DET__LIST_CSV = 4
};

/* Where a page lies in the whole list (contract 6.1). Lists without pages (checkpoints without limit) have it too. */
typedef struct det__page {
    int64_t offset, limit; /* as asked */
    int64_t start, end;    /* rows [start, end) are here */
    int64_t total;         /* of the whole list */
} det__page;

/* NULL: out of memory. */
det__list *det__list_new(int kind, unsigned flags);

/* Before each answer's body. DET_OK, DET_E_STATE (a page is open). A page given up (its request failed) is begun again
 * after det__list_drop_page(). */
int det__list_begin_page(det__list *l);

/* The next piece of the body, of any size. DET_OK, DET_E_JSON, DET_E_DEPTH; DET_E_MASTER (not such a list); DET_E_SIZE
 * (the temporary file cannot be written, or memory is out: det__list_errmsg()). Errors are sticky until the page is
 * dropped. */
int det__list_feed(det__list *l, const void *data, size_t n);

/* After the last piece: *p (may be NULL) as the answer says. DET_OK, DET_E_JSON (not complete), DET_E_MASTER (a
 * member that det needs is missing). */
int det__list_end_page(det__list *l, det__page *p);

/* Forget what was fed since begin_page, rows included. */
void det__list_drop_page(det__list *l);

/* The whole table or CSV; nothing has been printed before. DET_OK, DET_E_SIZE (the temporary file cannot be read:
 * det__list_errmsg()), DET_E_IO (out refuses: errno says why). */
int det__list_print(det__list *l, FILE *out);

/* One sentence about the last failure, "" if there was none. Valid until the next call. */
const char *det__list_errmsg(const det__list *l);

void det__list_free(det__list *l); /* NULL is fine */

#endif
