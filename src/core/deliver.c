/* SPDX-License-Identifier: Apache-2.0
 * Exactly once (contract 5.6): which reports are sent, kept, sent again or told as lost. Makes no call itself.
 *
 * When a connection breaks, the reports in flight may have been stored or not. Fence: StartTrial makes the master refuse
 * whatever of them still lands. Rewind: everything from the lowest open step on is sent again in order under the new run
 * id, which archives what the old one stored there and recomputes the summaries. So no probe is needed as long as every
 * stored row at or above that step is still held here; that is why stored reports are kept:
 *   - those at or above the lowest open step, or with none open at the highest step stored.
 * Where rows have been let go that a rewind would archive (steps out of order, a full ring), each report in doubt is asked
 * for instead and sent again under the same run id if it is missing; or told, if it is an earlier program's: the trial has
 * been started anew.
 * Invariant: released is the highest step of each part among rows that are stored and no longer held. */
#include "internal.h"

#if !DET__PLAIN

static int is_open(const det__record *r) {
    return r->state <= DET__FLIGHT;
}

static void raise_to(det__high *h, const det__record *r) {
    if (r->part < DET__PARTS && r->steps > h->step[r->part]) h->step[r->part] = r->steps;
}

#if DET_EXACT
static int32_t highest(const det__high *h) {
    int32_t most = h->step[0];
    for (unsigned i = 1; i < DET__PARTS; i++)
        if (h->step[i] > most) most = h->step[i];
    return most;
}
#endif

/* ---- what is held -------------------------------------------------------------------------------------------------- */

/* The lowest open step; INT32_MAX if none is open. Profiling reports have no step. */
static int32_t lowest_open(const det__core *c) {
    int32_t low = INT32_MAX;
    for (const det__record *r = c->outbox.open; r; r = det__outbox_after(&c->outbox, r)) {
        if (!is_open(r) || r->part == DET__PROFILING) continue;
        if (r->steps < low) low = r->steps;
        if (!c->unsorted) break;
    }
    return low;
}

static int pop_kept(det__core *c, const det__record *r) {
    if (r->state == DET__KEPT) raise_to(&c->released, r);
    det__feed_taken(c, r);
    det__outbox_pop(&c->outbox);
    return 1;
}

/* Let go of what no rewind would need. */
static void release(det__core *c) {
    const det__record *r;
    int32_t limit = lowest_open(c);
    if (!c->outbox.open) c->unsorted = 0;
    if (limit == INT32_MAX) limit = c->kept_step;
    while ((r = det__outbox_first(&c->outbox)) != NULL) {
        int kept = DET_EXACT && r->state == DET__KEPT && r->steps >= limit;
        if (r->state < DET__KEPT || r->state == DET__LOST || kept) break;
        pop_kept(c, r);
    }
}

/* Not while any is open: what is kept then is what a rewind would need, or has needed and not stored again yet. */
int det__deliver_yield(det__core *c) {
    const det__record *r = det__outbox_first(&c->outbox);
    return r && r->state == DET__KEPT && !c->outbox.open ? pop_kept(c, r) : 0;
}

/* ---- fates --------------------------------------------------------------------------------------------------------- */

static void keep(det__core *c, det__record *r) {
    if (!(r->flags & DET__COUNTED)) c->stats.acknowledged++;
    r->flags |= DET__COUNTED;
    if (r->part == DET__PROFILING) {
        det__outbox_set(&c->outbox, r, DET__GONE);
        return;
    }
    if (r->steps > c->kept_step) c->kept_step = r->steps;
    det__outbox_set(&c->outbox, r, DET__KEPT);
}

static void again(det__core *c, det__record *r) {
    c->stats.resent++;
    r->flags |= DET__SENT;
    det__outbox_set(&c->outbox, r, DET__QUEUED);
}

void det__deliver_lose(det__core *c, det__record *r, int code) {
    if (r->flags & DET__COUNTED) c->stats.acknowledged--;
    if (code == DET_E_UNSURE)
        c->stats.unsure++;
    else if (code == DET_E_DAMAGED)
        c->stats.spoiled++;
    else
        c->stats.refused++;
    if (!c->lost_code) c->lost_code = code;
    r->code = (int8_t)code;
    c->untold = 1;
    det__outbox_set(&c->outbox, r, DET__LOST);
}

/* The first in flight; NULL if none is. */
static det__record *first_flight(const det__core *c) {
    det__record *r = c->outbox.open;
    while (r && r->state != DET__FLIGHT) r = det__outbox_after(&c->outbox, r);
    return r;
}

static void lose_flights(det__core *c) {
    for (det__record *r; (r = first_flight(c)) != NULL;) det__deliver_lose(c, r, DET_E_UNSURE);
}

/* The oldest request's next report behind r, or its first. */
static det__record *of_unit(const det__core *c, const det__record *r) {
    det__record *next = r ? det__outbox_after(&c->outbox, r) : c->outbox.open;
    while (next && !(next->state == DET__FLIGHT && next->unit == c->unit_done)) next = det__outbox_after(&c->outbox, next);
    return next;
}

void det__deliver_stored(det__core *c) {
    c->unit_done++;
    for (det__record *r = of_unit(c, NULL); r; r = of_unit(c, r)) {
        keep(c, r);
        if (!(r->flags & DET__JOINED)) break;
    }
    release(c);
}

void det__deliver_again(det__core *c) {
    c->unit_done++;
    for (det__record *r = of_unit(c, NULL); r; r = of_unit(c, r)) again(c, r);
}

/* What was joined is sent again one by one: one of them may be to blame. */
void det__deliver_refused(det__core *c, int code) {
    c->unit_done++;
    det__record *r = of_unit(c, NULL), *second = r ? of_unit(c, r) : NULL;
    if (second && code != DET_E_UNSURE) {
        for (; r; r = of_unit(c, r)) {
            r->flags |= DET__ALONE;
            again(c, r);
        }
        return;
    }
    for (; r; r = of_unit(c, r)) det__deliver_lose(c, r, code);
}

/* ---- sending ------------------------------------------------------------------------------------------------------- */

/* What the memory no longer holds as it was reported is not sent. Its group's name ends somewhere all the same. */
static int damaged(det__core *c, det__record *r) {
    if (det__record_whole(r)) return 0;
    det__record_end(r);
    det__deliver_lose(c, r, DET_E_DAMAGED);
    return 1;
}

int det__deliver_take(det__core *c) {
    det__record *leader, *r;
    while ((leader = det__outbox_next(&c->outbox)) != NULL && damaged(c, leader)) {}
    if (!leader) return DET_E_NOT_FOUND;
    r = leader;
    c->unit++;
    c->stats.requests++;
    c->leader = leader;
    leader->flags &= (uint8_t)~DET__JOINED;
    for (unsigned n = 0; r && n < DET_JOIN; n++) {
        if (r == leader || (det__join_fits(c, leader, r) && !damaged(c, r))) {
            if (r != leader) {
                c->stats.joined++;
                leader->flags |= DET__JOINED;
                r->flags |= DET__JOINED;
            }
            r->unit = c->unit;
            det__outbox_set(&c->outbox, r, DET__FLIGHT);
        }
        r = det__outbox_after(&c->outbox, r);
        if (r && r->steps != leader->steps) break;
    }
    return DET_OK;
}

/* ---- doubt --------------------------------------------------------------------------------------------------------- */

#if DET_EXACT
/* Would a rewind archive nothing that could not be sent again? */
static int may_fence(const det__core *c) {
    return highest(&c->released) < lowest_open(c);
}

/* What doubt needs next; -1: there is none. */
static int settle_doubt(det__core *c) {
    if (c->doubt == DET__DOUBT && !c->flights) c->doubt = may_fence(c) ? DET__FENCING : DET__PROBING;
    if (c->doubt == DET__FENCING) return c->flights ? DET__CALL_NONE : DET__CALL_START;
    if (c->doubt == DET__PROBING) return det__deliver_probe(c) ? DET__CALL_PROBE : DET__CALL_NONE;
    return c->doubt == DET__DOUBT ? DET__CALL_NONE : -1;
}
#else
#define settle_doubt(c) (-1)
#endif

int det__deliver_next(det__core *c) {
    int call = settle_doubt(c);
    if (call >= 0) return call;
    if (c->opt.pipeline_bytes && c->outbox.flying >= c->opt.pipeline_bytes) return DET__CALL_NONE;
    return det__outbox_next(&c->outbox) ? DET__CALL_METRICS : DET__CALL_NONE;
}

/* A profiling report cannot be told from its repetition. */
static void doubt_profiling(det__core *c, det__record *r) {
    if (c->opt.profiling == DET_AT_LEAST_ONCE)
        again(c, r);
    else
        det__deliver_lose(c, r, DET_E_UNSURE);
}

void det__deliver_broken(det__core *c, int sent) {
    c->unit_done = c->unit;
    for (det__record *r = c->outbox.open; r; r = det__outbox_after(&c->outbox, r)) {
        r->flags &= (uint8_t)~DET__ASKED;
        if (r->state != DET__FLIGHT || c->doubt != DET__NO_DOUBT) continue;
        if (!sent)
            det__outbox_set(&c->outbox, r, DET__QUEUED);
        else if (r->part == DET__PROFILING)
            doubt_profiling(c, r);
        else if (!DET_EXACT)
            det__deliver_lose(c, r, DET_E_UNSURE);
    }
    if (!first_flight(c))
        c->doubt = DET__NO_DOUBT;
    else if (c->doubt != DET__FENCING)
        c->doubt = DET__DOUBT;
}

#if DET_EXACT
/* Rewind: all that is open, and what is kept at or above its lowest step, goes again under the new run id. */
static void rewind_to(det__core *c, int32_t low) {
    c->archived = c->released;
    for (det__record *r = det__outbox_first(&c->outbox); r; r = det__outbox_after(&c->outbox, r)) {
        if (r->state == DET__FLIGHT || (r->state == DET__KEPT && r->steps >= low))
            again(c, r);
        else if (r->state == DET__KEPT)
            raise_to(&c->archived, r);
    }
}

/* The fence may not have been ours to choose: a StartTrial given up has landed late. What would archive rows that are gone
 * was refused or never sent, and can no longer be. */
static void lose_late(det__core *c) {
    int32_t most = highest(&c->released);
    for (det__record *r = c->outbox.open; r; r = det__outbox_after(&c->outbox, r))
        if (is_open(r) && r->part != DET__PROFILING && r->steps <= most) det__deliver_lose(c, r, DET_E_ORDER);
}

void det__deliver_fenced(det__core *c, int ok) {
    if (ok) {
        c->stats.fenced++;
        c->fenced = 1;
        c->told = 0;
        lose_late(c);
        rewind_to(c, lowest_open(c));
    } else {
        lose_flights(c);
    }
    c->doubt = DET__NO_DOUBT;
}

/* Of an earlier program, and no longer to be sent: is it stored? Not while anything is in flight that is not asked for. */
void det__deliver_ask(det__core *c, det__record *r) {
    r->unit = c->unit_done; /* no answer's */
    det__outbox_set(&c->outbox, r, DET__FLIGHT);
    c->doubt = DET__PROBING;
}

/* In flight, and asked for or not. */
static det__record *in_doubt(const det__core *c, int asked) {
    for (det__record *r = c->outbox.open; r; r = det__outbox_after(&c->outbox, r))
        if (r->state == DET__FLIGHT && !(r->flags & DET__ASKED) == !asked) return r;
    return NULL;
}

det__record *det__deliver_probe(det__core *c) {
    return in_doubt(c, 0);
}

void det__deliver_probed(det__core *c, int stored) {
    det__record *r = in_doubt(c, 1);
    r->flags &= (uint8_t)~DET__ASKED;
    if (stored == DET__ASK_AGAIN) return;
    int code = stored < 0 ? DET_E_UNSURE : det__deliver_order(c, r->part, r->steps);
    if (stored > 0) {
        keep(c, r);
    } else if (code != DET_OK) {
        det__deliver_lose(c, r, code);
    } else {
        c->stats.doubtful++;
        again(c, r);
    }
    if (!first_flight(c)) c->doubt = DET__NO_DOUBT;
    release(c);
}
#endif

/* A report of the present run id at this step would archive rows of ours that could not be sent again. */
int det__deliver_order(const det__core *c, unsigned part, int32_t steps) {
    const det__high *h = c->doubt == DET__FENCING ? &c->released : &c->archived;
    if ((!c->fenced && c->doubt != DET__FENCING) || part >= DET__PARTS) return DET_OK;
    for (unsigned i = 0; i < DET__PARTS; i++)
        if (h->step[i] > steps || (i == part && h->step[i] == steps)) return DET_E_ORDER;
    return DET_OK;
}

/* ---- telling ------------------------------------------------------------------------------------------------------- */

static det__record *untold(const det__core *c) {
    det__record *r = det__outbox_first(&c->outbox);
    while (r && r->state != DET__LOST) r = det__outbox_after(&c->outbox, r);
    return r;
}

/* One at a time from the start: the callback may step, and so tell others. */
void det__deliver_tell(det_core *core) {
    det__core *c = det__core_of(core);
    det__record *r;
    if (!c->untold) return;
    det__lock(c);
    while ((r = untold(c)) != NULL) {
        int32_t steps = r->steps;
        int code = r->code;
        det__outbox_set(&c->outbox, r, DET__GONE);
        det__unlock(c);
        if (c->opt.lost) c->opt.lost(c->opt.lost_ctx, code, det__record_text(r), steps);
        det__lock(c);
        release(c);
    }
    c->untold = 0;
    det__unlock(c);
}

void det__deliver_give_up(det_core *core) {
    det__core *c = det__core_of(core);
    det__lock(c);
    lose_flights(c);
    det__unlock(c);
    det__deliver_tell(core);
}

#else
typedef int det__deliver_nothing;
#endif
