/* SPDX-License-Identifier: Apache-2.0
 * Where each page begins. Knows nothing of what is on it. */
#include "pages.h"

#include <string.h>

void det__pages_init(det__pages *p) {
    p->known = p->begun = 0;
    p->next = p->offset;
    p->step = p->total = 0;
    p->finished = 0;
}

/* The page that is read next is known; those behind it by the size of the last, as long as the list has so many. */
static int make(void *ctx, size_t i, det_request *q, det__path *path) {
    det__pages *p = ctx;
    int64_t ahead = (int64_t)(i - p->known) * p->step, offset = p->next + ahead;
    if (p->finished || (i > p->known && (!p->known || offset >= p->total))) return DET_E_AGAIN;
    p->path(p->ctx, path, offset);
    q->method = "GET";
    q->path = path->text;
    return det__path_end(path);
}

static int begin(det__pages *p, size_t i) {
    if (p->begun > i) return DET_OK;
    p->begun = i + 1;
    return p->begin(p->ctx);
}

static int sink(void *ctx, size_t i, const void *data, size_t len) {
    det__pages *p = ctx;
    int rc = begin(p, i);
    return rc == DET_OK ? p->feed(p->ctx, data, len) : rc;
}

/* An end that is no further on would be asked for for ever. A page that is not as long as the one before makes the offsets
 * wrong that were asked for behind it. */
static int read_page(det__pages *p, size_t i, const det__page *page) {
    int64_t step = page->end - page->start, before = p->step;
    p->known = i + 1;
    p->finished = p->single || page->end >= page->total;
    if (p->finished) return DET_OK;
    if (step <= 0 || page->end == p->next) return DET_E_MASTER;
    p->next = page->end;
    p->step = step;
    p->total = page->total;
    return i && step != before ? DET__FLOW_ANEW : DET_OK;
}

static int done(void *ctx, size_t i, int rc) {
    det__pages *p = ctx;
    det__page page;
    memset(&page, 0, sizeof page);
    if (rc == DET_OK) rc = begin(p, i);
    if (rc == DET_OK) rc = p->end(p->ctx, &page);
    return rc == DET_OK ? read_page(p, i, &page) : rc;
}

det__flow det__pages_flow(det__pages *p) {
    det__flow f = {make, sink, done, NULL, 1, 0};
    f.ctx = p;
    return f;
}
