/* SPDX-License-Identifier: Apache-2.0
 * Between a spool and the outbox. Reports go to a ring of their own (staging), from there to the log, and from the log
 * to the outbox, so that what is in the outbox can always be read again.
 *
 * The log is a sequence of runs: RUN (what it takes to open it), METRICS …, STATE. One after the other is opened,
 * delivered and ended; a run that was cut off by a crash is opened again, which fences it, and all that is not known to be
 * stored goes again from the log. SETTLED says how far that is, and which steps have been let go.
 * Invariants: a run is only opened when the one before it is settled. What is discarded is settled, and behind it stand
 * a copy of its run's RUN and SETTLED (but see clear_full()). */
#include "feed.h"

#include <string.h>

#include "internal.h"
#include "spool.h"

#if DET_SPOOL

void det__feed_taken(det__core *c, const det__record *r) {
    if (c->opt.spool) c->feed.taken += r->span;
}

/* ---- staging to log ------------------------------------------------------------------------------------------------ */

static uint32_t utc_of(const det__core *c, const det__record *r) {
    const det_port *p = c->opt.port;
    int64_t utc = p->utc_s ? p->utc_s(p->ctx) : DET_UTC_UNKNOWN;
    return utc == DET_UTC_UNKNOWN ? 0 : (uint32_t)(utc - (p->now_ms(p->ctx) - r->when) / 1000);
}

static int store_one(det__core *c, const det__record *r) {
    det__spooled h;
    if (!det__record_whole(r)) return DET_E_DAMAGED;
    memset(&h, 0, sizeof h);
    h.kind = DET__SPOOL_METRICS;
    h.run = c->feed.own;
    h.len = r->len;
    h.group_len = r->group_len;
    h.steps = r->steps;
    h.utc = utc_of(c, r);
    int rc = det__log_fits(c, r->len) ? det__log_append(c, &h, r + 1) : DET_E_SPACE;
    if (rc == DET_OK) c->stats.spooled++;
    return rc;
}

/* Not under the lock; the callback may step, and so come here again. */
static void tell_spoiled(det__core *c, det__record *r) {
    c->stats.spoiled++;
    if (!c->lost_code) c->lost_code = DET_E_DAMAGED;
    det__record_end(r);
    if (c->opt.lost) c->opt.lost(c->opt.lost_ctx, DET_E_DAMAGED, det__record_text(r), r->steps);
}

/* In flight while it is stored: a full ring moves and drops queued ones. */
static det__record *first_to_store(det__core *c) {
    det__outbox *b = &c->feed.staging;
    det__record *r;
    det__lock(c);
    while ((r = det__outbox_first(b)) != NULL && r->state == DET__GONE) det__outbox_pop(b);
    if (r) det__outbox_set(b, r, DET__FLIGHT);
    det__unlock(c);
    return r;
}

/* What was reported goes to the log; what it does not take stays where it is. */
static int store(det__core *c) {
    det__record *r;
    while ((r = first_to_store(c)) != NULL) {
        int rc = store_one(c, r);
        det__lock(c);
        det__outbox_set(&c->feed.staging, r, rc == DET_OK || rc == DET_E_DAMAGED ? DET__GONE : DET__QUEUED);
        det__unlock(c);
        if (rc == DET_E_DAMAGED)
            tell_spoiled(c, r);
        else if (rc != DET_OK)
            return rc;
    }
    return DET_OK;
}

/* ---- log to outbox ------------------------------------------------------------------------------------------------- */

/* 0: not yet, as what is in flight has to be answered before it is asked for. */
static int add(det__core *c, det__record *r, const det__spooled *h, uint64_t at, int settled) {
    det__feed *f = &c->feed;
    r->steps = h->steps;
    r->group_len = h->group_len;
    r->part = det__value_part(det__record_text(r));
    /* Sending it would archive rows that cannot be sent again. */
    int code = det__deliver_order(c, r->part, r->steps), ask = code != DET_OK && at < f->recovered;
    if (ask && !settled && c->doubt != DET__PROBING) return 0;
    r->when = h->utc;
    det__record_seal(r, h->len);
    r->span = (uint32_t)(f->pos - f->mark);
    f->mark = f->pos;
    det__outbox_commit(&c->outbox, r, h->len);
    r->flags |= DET__UTC;
    if (at < f->recovered) c->stats.queued++;
    if (r->part != DET__PROFILING) {
        if (r->steps < c->newest_step) c->unsorted = 1;
        c->newest_step = r->steps;
    }
    if (ask)
        det__deliver_ask(c, r);
    else if (code != DET_OK)
        det__deliver_lose(c, r, code);
    return 1;
}

/* A report that cannot be delivered from here. */
static void pass_over(det__core *c) {
    c->stats.queued++;
    c->stats.refused++;
    if (!c->lost_code) c->lost_code = DET_E_SPOOL;
}

static void end_run(det__core *c) {
    det__feed *f = &c->feed;
    det__outbox_init(&c->outbox, c->outbox.mem, c->outbox.cap);
    f->taken = f->mark = f->pos;
    f->phase = DET__FEED_BETWEEN;
}

/* One record of the run that is under way. 0: there is none for now, or no room. */
static int fill_one(det__core *c) {
    det__feed *f = &c->feed;
    uint64_t at = f->pos;
    det__spooled h;
    int rc = f->dry ? DET_E_AGAIN : det__log_get(c, &f->pos, &h, NULL, 0);
    int settled = !c->outbox.open && !c->flights && !c->untold;
    f->dry = rc == DET_E_AGAIN;
    if (f->dry && (c->opt.flush || f->run_due) && settled) end_run(c); /* it was cut off without a state */
    if (!det__log_is_there(rc)) return 0;
    if (h.run < f->active || h.kind == DET__SPOOL_SETTLED) return 1; /* of what is behind us */
    if (h.run == f->active && h.kind == DET__SPOOL_RUN) return 1;
    if (h.run == f->active && h.kind == DET__SPOOL_METRICS) {
        size_t cap;
        det__record *r;
        do r = det__log_room(c, h.len, &cap); /* what is only kept yields */
        while (!r && det__deliver_yield(c));
        f->pos = at;
        if (!r && h.len > c->outbox.cap - sizeof *r) { /* reported with a larger outbox */
            det__log_get(c, &f->pos, &h, NULL, 0);
            pass_over(c);
            return 1;
        }
        if (!r || det__log_get(c, &f->pos, &h, r + 1, cap) != DET_OK) return 0;
        if (add(c, r, &h, at, settled)) return 1;
        f->pos = at;
        return 0;
    }
    if (!settled) { /* the run ends here, but not yet */
        f->pos = at;
        return 0;
    }
    if (h.run == f->active && h.kind == DET__SPOOL_STATE) {
        char state[12] = "";
        f->pos = at;
        det__log_get(c, &f->pos, &h, state, sizeof state - 1);
        f->state_end = f->pos;
        c->told_state = state[0] == 'E' ? "ERROR" : "COMPLETED";
        c->told = 0;
        f->phase = DET__FEED_ENDING;
        return 0;
    }
    if (h.run == f->active) return 1; /* of a kind that is not for us */
    f->pos = at;
    end_run(c);
    return 0;
}

/* ---- from run to run ----------------------------------------------------------------------------------------------- */

static void forget_rows(det__core *c) {
    c->newest_step = c->kept_step = -1;
    memset(&c->released, 0xFF, sizeof c->released);
    c->fenced = c->unsorted = c->doubt = c->starts = 0;
}

/* Where the run's delivery stood. 1: there is something to be delivered. */
static int resume(det__core *c, uint32_t run) {
    det__feed *f = &c->feed;
    det__spooled h;
    uint64_t pos, to;
    forget_rows(c);
    if (det__log_settled(c, run, &to)) {
        if (to > f->pos) f->pos = to;
        c->fenced = 1;
    }
    c->archived = c->released;
    f->taken = f->mark = pos = f->pos;
    if (!c->fenced) return 1;
    while (det__log_is_there(det__log_get(c, &pos, &h, NULL, 0)) && h.run == run)
        if (h.kind != DET__SPOOL_RUN && h.kind != DET__SPOOL_SETTLED) return 1;
    return 0;
}

/* The next run of the log. DET_E_AGAIN: none. */
static int activate(det_core *core) {
    det__core *c = det__core_of(core);
    det__feed *f = &c->feed;
    size_t half = c->outbox.cap / 2 & ~(size_t)7;
    for (;;) {
        det__spooled h;
        uint64_t at = f->pos;
        int rc = det__log_get(c, &f->pos, &h, NULL, 0);
        if (rc == DET_E_AGAIN) f->taken = f->mark = f->pos;
        if (!det__log_is_there(rc)) return rc;
        if (h.run <= f->active || h.kind == DET__SPOOL_SETTLED) { /* it is over, or cannot be opened */
            if (h.kind == DET__SPOOL_METRICS && h.run == f->active) pass_over(c);
            continue;
        }
        f->pos = at;
        f->active = h.run;
        if (!resume(c, h.run)) continue;
        rc = det__log_find(c, DET__SPOOL_RUN, h.run, c->outbox.mem + half, c->outbox.cap - half);
        if (rc == DET_E_IO) return rc;
        if (rc == DET_OK) break;
    }
    det__log_take_run(c, (char *)c->outbox.mem + half);
    f->dry = 0;
    f->phase = DET__FEED_OPENING;
    det__engine_open_run(core);
    return DET_OK;
}

/* ---- for the engine ------------------------------------------------------------------------------------------------ */

static int scan(det__core *c) {
    det__feed *f = &c->feed;
    det__spooled h;
    int rc = c->opt.spool->discard(c->opt.spool->ctx, 0, &f->gone, &f->recovered);
    if (rc != DET_OK) return rc;
    uint64_t pos = f->pos = f->taken = f->tidied = f->mark = f->gone;
    while (det__log_is_there(rc = det__log_get(c, &pos, &h, NULL, 0)))
        if (h.run > f->own) f->own = h.run;
    c->stats.damaged = 0; /* counted when they are delivered */
    return rc == DET_E_AGAIN ? DET_OK : rc;
}

int det__feed_open(det_core *core) {
    det__core *c = det__core_of(core);
    int rc = scan(c);
    c->feed.own++;
    c->feed.step = DET__LOG_TIDY;
    c->feed.phase = DET__FEED_BETWEEN;
    c->feed.offline = c->opt.offline != 0;
    if (rc != DET_OK || c->opt.flush) return rc;
    rc = det__log_put_own_run(c);
    if (rc != DET_E_SPACE || c->feed.offline) return rc;
    c->feed.run_due = 1; /* earlier runs are in its place: they go first */
    return DET_OK;
}

/* All that is in the log of it is settled. */
void det__feed_cancel(det__core *c) {
    uint64_t first;
    if (!c->opt.spool || c->opt.flush) return;
    c->feed.active = c->feed.own;
    if (c->opt.spool->discard(c->opt.spool->ctx, 0, &first, &c->feed.taken) == DET_OK) (void)det__log_put_settled(c);
}

static int put_state(det__core *c) {
    const char *state = c->feed.state_due == DET_ERROR ? "ERROR" : "COMPLETED";
    if (!c->feed.state_due) return DET_OK;
    int rc = det__log_put(c, DET__SPOOL_STATE, c->feed.own, state, strlen(state));
    if (rc == DET_OK) c->feed.state_due = 0;
    return rc;
}

/* Offline there is nothing more to do. */
static int rest(det_core *core) {
    det__core *c = det__core_of(core);
    int stored = c->feed.store_code == DET_OK;
    if (c->state != DET__CLOSING || !stored) return stored ? DET_E_STATE : DET_E_AGAIN;
    det__engine_stop(core, DET_OK);
    return DET_E_CLOSED;
}

/* The storage is full, of nothing but what is settled: let go of it. With no room for a copy of RUN and word of what is
 * settled, clear it and begin again; cut off before its end, what is left of a log says nothing but that it is settled. */
static void clear_full(det__core *c) {
    det__feed *f = &c->feed;
    uint64_t end;
    char *run = (char *)c->outbox.mem;
    if (f->store_code != DET_E_SPACE || f->phase != DET__FEED_ACTIVE || !f->dry || c->outbox.open || c->flights || c->untold) return;
    while (det__deliver_yield(c)) {}
    if (c->outbox.count) return;
    f->taken = f->mark = f->pos;
    if (det__log_tidy(c) || det__log_find(c, DET__SPOOL_RUN, f->active, run, c->outbox.cap) != DET_OK) return;
    (void)det__log_put_settled(c);
    if (c->opt.spool->discard(c->opt.spool->ctx, UINT64_MAX, &f->gone, &end) != DET_OK) return;
    f->pos = f->taken = f->tidied = f->mark = end;
    if (det__log_put_settled(c) == DET_OK) (void)det__log_put_run(c, run);
}

int det__feed_step(det_core *core) {
    det__core *c = det__core_of(core);
    det__feed *f = &c->feed;
    if (!c->opt.spool) return DET_OK;
    int rc = store(c);
    if (rc == DET_OK) rc = put_state(c);
    if (rc != f->store_code && rc != DET_OK) det__core_fail(core, rc);
    f->store_code = rc;
    if (f->offline) return rest(core);
    while (f->phase == DET__FEED_ACTIVE && fill_one(c)) {} /* producers see the staging ring alone: no lock */
    if (f->taken - f->tidied >= (f->phase == DET__FEED_BETWEEN ? 1 : f->step)) (void)det__log_tidy(c);
    clear_full(c);
    if (f->phase != DET__FEED_BETWEEN) return DET_OK;
    rc = activate(core);
    if (rc == DET_E_AGAIN && f->run_due) {
        (void)det__log_tidy(c);
        rc = det__log_put_own_run(c);
        f->run_due = rc != DET_OK;
        if (f->run_due) det__engine_stop(core, det__core_fail(core, rc));
        return f->run_due ? DET_E_CLOSED : activate(core);
    }
    if (rc == DET_E_AGAIN && c->opt.flush) {
        det__engine_stop(core, c->lost_code);
        return DET_E_CLOSED;
    }
    return rc == DET_E_AGAIN ? DET_E_STATE : rc;
}

void det__feed_stop(det__core *c) {
    det__feed *f = &c->feed;
    det__spooled h;
    if (!c->opt.spool || f->phase != DET__FEED_BETWEEN) return;
    if (f->taken == f->tidied) return;
    do f->taken = f->pos; /* copies of RUN may stand behind the STATE */
    while (det__log_is_there(det__log_get(c, &f->pos, &h, NULL, 0)) && h.run <= f->active);
    (void)det__log_tidy(c);
}

void det__feed_run_opened(det__core *c) {
    c->feed.phase = DET__FEED_ACTIVE;
    if (c->state == DET__OPENING_RUN && (!c->opt.spool || c->feed.active == c->feed.own)) c->state = DET__RUNNING;
}

int det__feed_run_ended(det__core *c) {
    if (!c->opt.spool) return 1;
    int own = c->feed.active == c->feed.own;
    c->feed.pos = c->feed.state_end;
    end_run(c);
    return own && !c->opt.flush;
}

#else
typedef int det__feed_nothing;
#endif
