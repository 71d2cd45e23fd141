/* SPDX-License-Identifier: Apache-2.0
 * The outbox ring. Invariant: either head ≤ tail and the records lie in [head, tail), or tail < head and they lie in
 * [head, wrap) and then [0, tail). tail never catches up with head from below, so head = tail says empty. */
#include "outbox.h"

#include <string.h>

#include "det_config.h"

enum { ALIGN = 8, HEADER = sizeof(det__record) };

static size_t size_of(const det__record *r) {
    return (HEADER + r->len + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

void det__outbox_init(det__outbox *b, void *mem, size_t cap) {
    memset(b, 0, sizeof *b);
    b->mem = (uint8_t *)mem;
    b->cap = cap & ~(size_t)(ALIGN - 1);
    b->wrap = b->cap;
}

static void reset_if_empty(det__outbox *b) {
    if (b->count) return;
    b->head = b->tail = 0;
    b->wrap = b->cap;
}

/* Where free space ends at the oldest record, ALIGN bytes stay free: tail must not reach head. */
det__record *det__outbox_room(det__outbox *b, int second, size_t *cap) {
    reset_if_empty(b);
    int wrapped = b->tail < b->head;
    size_t at = second ? 0 : b->tail, end = second || wrapped ? b->head : b->cap + ALIGN;
    *cap = 0;
    if ((second && wrapped) || end < at + HEADER + ALIGN) return NULL;
    *cap = end - at - HEADER - ALIGN;
    return (det__record *)(void *)(b->mem + at);
}

void det__outbox_commit(det__outbox *b, det__record *r, size_t len) {
    size_t at = (size_t)((uint8_t *)r - b->mem);
    if (!b->count) /* since room() all others may have been taken */
        b->head = at, b->wrap = b->cap;
    else if (!at && b->tail)
        b->wrap = b->tail;
    r->len = (uint32_t)len;
    b->tail = at + size_of(r);
#if !DET__PLAIN
    r->state = DET__QUEUED;
    r->flags = 0;
    if (!b->open) b->open = r;
    if (!b->next) b->next = r;
#endif
    b->count++;
    b->used += size_of(r);
    if (b->used > b->peak) b->peak = b->used;
}

det__record *det__outbox_first(const det__outbox *b) {
    return b->count ? (det__record *)(void *)(b->mem + b->head) : NULL;
}

void det__outbox_pop(det__outbox *b) {
    const det__record *r = det__outbox_first(b);
    if (!r) return;
    b->head += size_of(r);
    b->used -= size_of(r);
    b->count--;
    if (b->head == b->wrap) b->head = 0, b->wrap = b->cap;
}

#if !DET__PLAIN
det__record *det__outbox_after(const det__outbox *b, const det__record *r) {
    size_t at = (size_t)((const uint8_t *)r - b->mem) + size_of(r);
    if (b->tail < b->head && at == b->wrap) at = 0;
    return at == b->tail ? NULL : (det__record *)(void *)(b->mem + at);
}

det__record *det__outbox_next(det__outbox *b) {
    while (b->next && b->next->state != DET__QUEUED) b->next = det__outbox_after(b, b->next);
    return b->next;
}

void det__outbox_set(det__outbox *b, det__record *r, uint8_t state) {
    if (r->state == DET__FLIGHT) b->flying -= r->len;
    if (state == DET__FLIGHT) b->flying += r->len;
    r->state = state;
    if (state == DET__QUEUED) b->open = b->next = det__outbox_first(b); /* somewhere before next, perhaps before open */
    det__outbox_next(b); /* never one that is popped */
    while (b->open && b->open->state >= DET__KEPT) b->open = det__outbox_after(b, b->open);
}
#endif

#if DET_POLICIES
det__record *det__outbox_loose(det__outbox *b) {
    det__record *from = NULL;
    for (det__record *r = det__outbox_next(b); r; r = det__outbox_after(b, r)) {
        if (r->state != DET__QUEUED)
            from = NULL;
        else if (!from)
            from = r;
    }
    return from;
}

/* Where records are moved to. */
typedef struct target {
    size_t to, wrap;
    int upper;          /* at or behind head: a record may be too long for what is left there */
    det__record *first; /* moved */
} target;

static void move(det__outbox *b, target *t, det__record *r) {
    size_t n = size_of(r);
    if (t->upper && t->to + n > b->cap) {
        t->wrap = t->to;
        t->to = 0;
        t->upper = 0;
    }
    det__record *to = (det__record *)(void *)(b->mem + t->to);
    memmove(to, r, n);
    if (!t->first) t->first = to;
    t->to += n;
}

/* The ring ends behind what was moved. Either of its two parts may be gone. */
static void end_at(det__outbox *b, const target *t) {
    b->wrap = t->upper ? b->cap : t->wrap;
    b->tail = t->to;
    if (!t->upper && !t->to) b->tail = b->wrap, b->wrap = b->cap;
    if (b->head == b->wrap) b->head = 0, b->wrap = b->cap;
}

void det__outbox_squeeze(det__outbox *b, det__record *from) {
    size_t at = (size_t)((uint8_t *)from - b->mem);
    target t = {at, b->wrap, at >= b->head, NULL};
    if (at == b->head && b->head <= b->tail) b->head = t.to = 0;
    for (det__record *r = from, *after; r; r = after) {
        after = det__outbox_after(b, r);
        if (r->state != DET__GONE) {
            move(b, &t, r);
        } else {
            b->count--;
            b->used -= size_of(r);
        }
    }
    end_at(b, &t);
    if (b->open == from) b->open = t.first;
    if (b->next == from) b->next = t.first;
}
#endif
