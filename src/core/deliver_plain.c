/* SPDX-License-Identifier: Apache-2.0
 * What becomes of the reports in the smallest configuration (DET__PLAIN): one is sent at a time and leaves the outbox with
 * its answer; one whose answer was lost is told and not sent again. deliver.c has the other configurations.
 * Invariant: none but the oldest is in flight or lost. */
#include "internal.h"

#if DET__PLAIN

int det__deliver_next(det__core *c) {
    const det__record *r = det__outbox_first(&c->outbox);
    return r && r->state == DET__QUEUED ? DET__CALL_METRICS : DET__CALL_NONE;
}

void det__deliver_lose(det__core *c, det__record *r, int code) {
    if (code == DET_E_UNSURE)
        c->stats.unsure++;
    else if (code == DET_E_DAMAGED)
        c->stats.spoiled++;
    else
        c->stats.refused++;
    if (!c->lost_code) c->lost_code = code;
    r->code = (int8_t)code;
    det__outbox_set(&c->outbox, r, DET__LOST);
}

/* What the memory no longer holds as it was reported is not sent. */
int det__deliver_take(det__core *c) {
    det__record *r = det__outbox_first(&c->outbox);
    if (!det__record_whole(r)) {
        det__record_end(r);
        det__deliver_lose(c, r, DET_E_DAMAGED);
        return DET_E_NOT_FOUND;
    }
    c->stats.requests++;
    c->leader = r;
    det__outbox_set(&c->outbox, r, DET__FLIGHT);
    return DET_OK;
}

static void pop(det__core *c, det__record *r) {
    det__outbox_set(&c->outbox, r, DET__GONE);
    det__outbox_pop(&c->outbox);
}

void det__deliver_stored(det__core *c) {
    c->stats.acknowledged++;
    pop(c, det__outbox_first(&c->outbox));
}

void det__deliver_again(det__core *c) {
    c->stats.resent++;
    det__outbox_set(&c->outbox, det__outbox_first(&c->outbox), DET__QUEUED);
}

void det__deliver_refused(det__core *c, int code) {
    det__deliver_lose(c, det__outbox_first(&c->outbox), code);
}

/* A profiling report cannot be told from its repetition. */
void det__deliver_broken(det__core *c, int sent) {
    det__record *r = det__outbox_first(&c->outbox);
    if (!r || r->state != DET__FLIGHT) return;
    if (!sent)
        det__outbox_set(&c->outbox, r, DET__QUEUED);
    else if (r->part == DET__PROFILING && c->opt.profiling == DET_AT_LEAST_ONCE)
        det__deliver_again(c);
    else
        det__deliver_lose(c, r, DET_E_UNSURE);
}

/* The callback may step, and so tell of the next one. The name stays where it is until the next report. */
void det__deliver_tell(det_core *core) {
    det__core *c = det__core_of(core);
    det__lock(c);
    det__record *r = det__outbox_first(&c->outbox);
    int lost = r && r->state == DET__LOST;
    if (lost) pop(c, r);
    det__unlock(c);
    if (lost && c->opt.lost) c->opt.lost(c->opt.lost_ctx, r->code, det__record_text(r), r->steps);
}

void det__deliver_give_up(det_core *core) {
    det__core *c = det__core_of(core);
    det__lock(c);
    det__deliver_broken(c, 1);
    det__unlock(c);
    det__deliver_tell(core);
}

#else
typedef int det__deliver_plain_nothing;
#endif
