/* SPDX-License-Identifier: Apache-2.0
 * The memory is a buffer in front of the file: when it has reached its bound all of it is appended to the file. So a
 * short list never touches a disk, and a long one does in pieces of the bound. */
#include "spill.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

enum { WINDOW = 16384, FIRST = 4096, HEAD = 1 + sizeof(uint32_t) };

void det__spill_init(det__spill *s, size_t bound) {
    memset(s, 0, sizeof *s);
    s->bound = bound;
    s->fd = -1;
}

void det__spill_free(det__spill *s) {
    if (s->fd >= 0) det__host_close(s->fd);
    free(s->mem);
    free(s->window);
    det__buf_free(&s->row);
    det__spill_init(s, s->bound);
}

static int fail(det__spill *s, const char *what) {
    snprintf(s->msg, sizeof s->msg, "cannot %s a temporary file in %.120s: %s; %s names another directory", what,
             det__host_temp_dir(), strerror(errno), det__host_temp_variable());
    return DET_E_SIZE;
}

static int no_memory(det__spill *s) {
    snprintf(s->msg, sizeof s->msg, "out of memory");
    return DET_E_SIZE;
}

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static int open_file(det__spill *s) {
    s->fd = det__host_temp_file();
    return s->fd < 0 ? fail(s, "make") : DET_OK;
}

/* Append the memory to the file. */
static int flush(det__spill *s) {
    size_t done = 0;
    int rc = s->fd < 0 ? open_file(s) : DET_OK;
    while (rc == DET_OK && done < s->fill) {
        ptrdiff_t n = det__host_write_at(s->fd, s->mem + done, s->fill - done, s->base + done);
        if (n > 0) done += (size_t)n;
        else rc = fail(s, "write");
    }
    if (rc != DET_OK) return rc;
    s->base += s->fill;
    s->fill = 0;
    s->win_len = 0;
    return DET_OK;
}

static int grow(det__spill *s) {
    size_t cap = s->cap ? 2 * s->cap : FIRST;
    char *p;
    if (cap > s->bound) cap = s->bound;
    p = (char *)realloc(s->mem, cap);
    if (!p) return no_memory(s);
    s->mem = p;
    s->cap = cap;
    return DET_OK;
}

static int put(det__spill *s, const char *data, size_t n) {
    while (n > 0) {
        size_t k = s->cap - s->fill;
        int rc = k ? DET_OK : s->cap < s->bound ? grow(s) : flush(s);
        if (rc != DET_OK) return rc;
        if (k > n) k = n;
        if (k) memcpy(s->mem + s->fill, data, k);
        s->fill += k;
        data += k;
        n -= k;
    }
    return DET_OK;
}

int det__spill_put(det__spill *s, const det__cell *cells, size_t n) {
    int rc = DET_OK;
    for (; n && rc == DET_OK; n--, cells++) {
        char head[HEAD];
        uint32_t len = (uint32_t)cells->text.n;
        if (len != cells->text.n) return no_memory(s);
        head[0] = (char)cells->kind;
        memcpy(head + 1, &len, sizeof len);
        rc = put(s, head, sizeof head);
        if (rc == DET_OK) rc = put(s, cells->text.p, len);
    }
    return rc;
}

uint64_t det__spill_end(const det__spill *s) {
    return s->base + s->fill;
}

void det__spill_cut(det__spill *s, uint64_t end) {
    s->fill = end > s->base ? (size_t)(end - s->base) : 0;
    if (end < s->base) s->base = end;
    s->win_len = 0;
    s->msg[0] = 0;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

void det__spill_rewind(det__spill *s) {
    s->at = 0;
}

/* Have the window hold the byte at s->at, which is in the file. */
static int look(det__spill *s) {
    uint64_t left = s->base - s->at;
    ptrdiff_t n;
    if (s->at >= s->win_at && s->at - s->win_at < s->win_len) return DET_OK;
    if (!s->window && !(s->window = (char *)malloc(WINDOW))) return no_memory(s);
    n = det__host_read_at(s->fd, s->window, left < WINDOW ? (size_t)left : WINDOW, s->at);
    if (n == 0) errno = EIO;
    if (n <= 0) return fail(s, "read");
    s->win_at = s->at;
    s->win_len = (size_t)n;
    return DET_OK;
}

/* Append the next n bytes to the row. */
static int get(det__spill *s, size_t n) {
    while (n > 0) {
        const char *from;
        size_t k;
        if (s->at < s->base) {
            int rc = look(s);
            if (rc != DET_OK) return rc;
            from = s->window + (s->at - s->win_at);
            k = s->win_len - (size_t)(s->at - s->win_at);
        } else {
            from = s->mem + (s->at - s->base);
            k = s->fill - (size_t)(s->at - s->base);
        }
        if (k > n) k = n;
        det__buf_add(&s->row, from, k);
        if (s->row.failed) return no_memory(s);
        s->at += k;
        n -= k;
    }
    return DET_OK;
}

/* The row is copied first: the buffer moves while it grows, so the cells are pointed to at the end. */
int det__spill_get(det__spill *s, det__cell *cells, size_t n) {
    size_t pos = 0;
    if (s->at >= det__spill_end(s)) return 0;
    s->row.len = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t len;
        int rc = get(s, HEAD);
        if (rc != DET_OK) return rc;
        cells[i].kind = s->row.p[s->row.len - HEAD];
        memcpy(&len, s->row.p + s->row.len - sizeof len, sizeof len);
        cells[i].text.n = len;
        rc = get(s, len);
        if (rc != DET_OK) return rc;
    }
    for (size_t i = 0; i < n; i++) {
        cells[i].text.p = s->row.p + pos + HEAD;
        pos += HEAD + cells[i].text.n;
    }
    return 1;
}
