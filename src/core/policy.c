/* SPDX-License-Identifier: Apache-2.0
 * The outbox is full: which reports make room, by the caller's choice. Only queued ones at the end of the ring that were
 * never sent: no row of theirs can exist, nobody else has a pointer to them, and what is freed can be closed up. */
#include <string.h>

#include "internal.h"

#if DET_POLICIES

enum { SHARE = 8 }; /* an eighth of a group goes at a time: closing the gaps costs as much for one as for many */

/* What may be dropped: reports of one group. */
typedef struct choice {
    det__outbox *b;
    det__record *from;  /* the first of those that may be moved */
    const char *group;  /* NULL: all */
    size_t group_len, bytes;
    uint32_t count;
    int32_t low, high;  /* steps of the first and the last */
    int32_t apart;      /* the fewest steps between two, but none; 0 if there are no two */
} choice;

static int is_of(const det__record *r, const char *group, size_t len) {
    return r->group_len == len && memcmp(det__record_text(r), group, len) == 0;
}

/* The next one behind r, or the first. */
static det__record *next_of(const choice *x, const det__record *r) {
    det__record *next = r ? det__outbox_after(x->b, r) : x->from;
    while (next && (next->state != DET__QUEUED || next->flags & DET__SENT || (x->group && !is_of(next, x->group, x->group_len))))
        next = det__outbox_after(x->b, next);
    return next;
}

static void measure(choice *x, const char *group, size_t group_len) {
    x->group = group;
    x->group_len = group_len;
    x->count = 0;
    x->bytes = 0;
    x->apart = 0;
    for (const det__record *r = next_of(x, NULL); r; r = next_of(x, r)) {
        if (!x->count++) x->low = x->high = r->steps;
        int32_t gap = r->steps - x->high;
        if (gap > 0 && (gap < x->apart || !x->apart)) x->apart = gap;
        x->high = r->steps;
        x->bytes += sizeof *r + r->len;
    }
}

/* The only one whose group can be that of more than half (Boyer and Moore's vote). */
static const det__record *most_voted(const choice *all) {
    const det__record *voted = NULL;
    uint32_t votes = 0;
    for (const det__record *r = next_of(all, NULL); r; r = next_of(all, r)) {
        if (!votes) voted = r;
        votes += !votes || is_of(r, det__record_text(voted), voted->group_len) ? 1u : UINT32_MAX;
    }
    return voted;
}

/* A group that floods the outbox pays for it, not the rare one that comes late. */
static void choose(choice *x, const char *group, size_t group_len) {
    measure(x, NULL, 0);
    uint32_t all = x->count;
    const det__record *voted = most_voted(x);
    if (!voted) return;
    measure(x, det__record_text(voted), voted->group_len);
    if (x->count > all / 2) return;
    measure(x, group, group_len);
    if (!x->count) measure(x, det__record_text(voted), voted->group_len);
}

static uint32_t drop_oldest(const choice *x, size_t need) {
    uint32_t n = 0;
    size_t freed = 0;
    for (det__record *r = next_of(x, NULL); r && (freed < need || n < x->count / SHARE); r = next_of(x, r)) {
        freed += sizeof *r + r->len;
        r->state = DET__GONE;
        n++;
    }
    return n;
}

/* Of each stretch of 2^bits × apart steps the first stays; with bits 0 every second report. */
static uint32_t sweep(const choice *x, unsigned bits) {
    uint32_t n = 0;
    int odd = 0;
    int32_t kept = x->low;
    for (det__record *r = next_of(x, NULL); r; r = next_of(x, r)) {
        int drop = bits ? r->steps != kept && r->steps / x->apart >> bits == kept / x->apart >> bits : odd++ & 1;
        if (!drop) {
            kept = r->steps;
            continue;
        }
        r->state = DET__GONE;
        n++;
    }
    return n;
}

/* At most half as many stretches as reports. Such stretches lie within larger ones, so that what was thinned before stays
 * as it is, or is halved again, and what came since becomes as dense. */
static uint32_t thin(const choice *x) {
    unsigned bits = 0;
    int32_t range = x->high - x->low;
    if (range <= 0) return sweep(x, 0);
    while (range / x->apart >> bits > (int32_t)(x->count / 2)) bits++;
    uint32_t n = bits ? sweep(x, bits) : 0;
    return n ? n : sweep(x, 0);
}

int det__policy_drop(det__core *c, const char *group, size_t group_len, size_t len) {
    det__outbox *b = det__inbox(c);
    choice x;
    int thins = c->opt.when_full == DET_THIN;
    size_t need = sizeof(det__record) + len;
    if (!thins && c->opt.when_full != DET_DROP_OLDEST) return 0;
    x.b = b;
    x.from = det__outbox_loose(b);
    if (!x.from) return 0;
    choose(&x, group, group_len);
    if (!x.count || b->cap - b->used + (thins ? x.bytes / 2 : x.bytes) < need) return 0; /* it would be in vain */
    uint32_t n = thins ? thin(&x) : drop_oldest(&x, need);
    *(thins ? &c->stats.thinned : &c->stats.dropped_oldest) += n;
    if (n) det__outbox_squeeze(b, x.from);
    return n != 0;
}

#else
typedef int det__policy_none; /* ISO C wants something here */
#endif
