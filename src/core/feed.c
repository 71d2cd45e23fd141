/* SPDX-License-Identifier: Apache-2.0
 * Between a spool and the outbox. Reports go to a ring of their own (staging), from there to the log, and from the log
 * to the outbox, so that what is in the outbox can always be read again.
 *
 * The log is a sequence of runs: RUN (what it takes to open it), METRICS …, STATE. One after the other is opened,
 * delivered and ended; a run that was cut off by a crash is opened again, which fences it, and all that is not known to be
 * stored goes again from the log. SETTLED says how far that is, and which steps have been let go.
 * Invariants: a run is only opened when the one before it is settled. What is discarded is settled, and behind it stands
 * a copy of its run's RUN. */
#include "feed.h"

#include <string.h>

#include "../base/uuid.h"
#include "internal.h"
#include "spool.h"
#include "template.h"

#if DET_SPOOL

enum { TIDY = 1024, TEXTS = 5, SETTLED_LEN = 8 + 4 * DET__PARTS + 1 };

/* ---- runs ---------------------------------------------------------------------------------------------------------- */

/* The strings of a RUN, each with its NUL; empty ones are NULL. */
static void take_run(det__core *c, char *text) {
    const char **const to[TEXTS] = {&c->opt.external_experiment_id, &c->opt.external_trial_id, &c->opt.config,
                                    &c->opt.hparams, &c->opt.checkpoint_storage};
    for (size_t i = 0; i < TEXTS; i++) {
        *to[i] = *text ? text : NULL;
        text += strlen(text) + 1;
    }
}

static void add_text(det_json_writer *w, const char *text) {
    if (text) det__literal(w, text, strlen(text));
    det__literal(w, "", 1);
}

/* Names of its own, so that creating the run can be repeated. */
static int make_ids(det__core *c) {
    uint8_t raw[16];
    for (int which = 0; which < 2; which++) {
        char *id = c->feed.ids[which];
        const char **opt = which ? &c->opt.external_trial_id : &c->opt.external_experiment_id;
        if (*opt) continue;
        int rc = c->opt.port->entropy ? c->opt.port->entropy(c->opt.port->ctx, raw, sizeof raw) : DET_E_PORT;
        if (rc != DET_OK) return rc;
        raw[6] = (uint8_t)((raw[6] & 15) | 0x40); /* RFC 9562: version 4, variant 10 */
        raw[8] = (uint8_t)((raw[8] & 63) | 0x80);
        *opt = det__uuid_text(raw, id);
    }
    return DET_OK;
}

static int put(det__core *c, uint8_t kind, uint32_t run, const void *payload, size_t len) {
    det__spooled h;
    memset(&h, 0, sizeof h);
    h.kind = kind;
    h.run = run;
    h.len = (uint32_t)len;
    return det__spool_put(c->opt.spool, &h, payload);
}

/* Our own run's, made in the free part of the staging ring. */
static int put_own_run(det__core *c) {
    size_t cap, room;
    det__record *r = det__outbox_room(&c->feed.staging, 0, &cap);
    char *buf = (char *)(r + 1);
    det_json_writer w;
    int rc = make_ids(c);
    if (rc != DET_OK) return rc;
    room = cap / 2;
    if (!c->opt.config) {
        rc = det__call_config(c, buf + room, cap - room);
        if (rc < 0) return rc;
        c->opt.config = buf + room;
    }
    det_json_write_init(&w, buf, room, 0);
    add_text(&w, c->opt.external_experiment_id);
    add_text(&w, c->opt.external_trial_id);
    add_text(&w, c->opt.config);
    add_text(&w, c->opt.hparams);
    add_text(&w, c->opt.checkpoint_storage);
    rc = det_json_finish(&w);
    return rc == DET_OK ? put(c, DET__SPOOL_RUN, c->feed.own, buf, w.len) : rc;
}

/* ---- the log ------------------------------------------------------------------------------------------------------- */

/* The next record at *pos whatever its size; at most cap bytes of its payload are wanted. DET_E_AGAIN at the end. */
static int get(det__core *c, uint64_t *pos, det__spooled *h, void *payload, size_t cap) {
    for (;;) {
        uint64_t before = *pos;
        int rc = det__spool_get(c->opt.spool, pos, h, payload, cap, &c->stats.damaged);
        if (rc != DET_E_AGAIN || *pos == before) return rc;
    }
}

static int is_there(int rc) {
    return rc == DET_OK || rc == DET_E_SIZE;
}

/* The newest record of a kind of this run, its payload in buf. DET_OK, DET_E_NOT_FOUND, DET_E_SIZE or DET_E_IO. */
static int find(det__core *c, uint8_t kind, uint32_t run, void *buf, size_t cap) {
    uint64_t pos = c->feed.gone, at = 0, before;
    uint32_t damaged = c->stats.damaged;
    det__spooled h;
    int rc, found = 0;
    do {
        before = pos;
        rc = get(c, &pos, &h, buf, 0);
        if (is_there(rc) && h.kind == kind && h.run == run) found = 1, at = before;
    } while (is_there(rc));
    c->stats.damaged = damaged; /* counted when they are delivered */
    if (rc != DET_E_AGAIN) return rc;
    return found ? get(c, &at, &h, buf, cap) : DET_E_NOT_FOUND;
}

static void put_le(uint8_t *p, uint64_t v, int bytes) {
    for (; bytes--; v >>= 8) *p++ = (uint8_t)v;
}

static uint64_t get_le(const uint8_t *p, int bytes) {
    uint64_t v = 0;
    while (bytes--) v = v << 8 | p[bytes];
    return v;
}

static det__record *room_in(const det__core *c, size_t want, size_t *cap) {
    det__outbox *b = &((det__core *)(uintptr_t)c)->outbox;
    det__record *r = det__outbox_room(b, 0, cap);
    if (!r || *cap < want) r = det__outbox_room(b, 1, cap);
    return r && *cap >= want ? r : NULL;
}

/* A copy of the run's RUN at the end of the log. */
static int put_run_again(det__core *c) {
    size_t cap, len = 0;
    det__record *r = room_in(c, 1, &cap);
    char *run = (char *)(r + 1);
    if (!r || find(c, DET__SPOOL_RUN, c->feed.active, run, cap) != DET_OK) return DET_E_AGAIN;
    for (int i = 0; i < TEXTS; i++) len += strlen(run + len) + 1;
    c->feed.step = TIDY + 4 * (uint32_t)len;
    return put(c, DET__SPOOL_RUN, c->feed.active, run, len);
}

/* How far the run is settled, and what has been let go of. */
static int put_settled(det__core *c) {
    uint8_t settled[SETTLED_LEN];
    put_le(settled, c->feed.taken, 8);
    for (int i = 0; i < DET__PARTS; i++) put_le(settled + 8 + 4 * i, (uint32_t)c->released.step[i], 4);
    settled[SETTLED_LEN - 1] = 0;
    return put(c, DET__SPOOL_SETTLED, c->feed.active, settled, sizeof settled);
}

/* Let go of what is settled. The storage may keep more, and show it again after a restart: SETTLED stands behind it. */
static void tidy(det__core *c) {
    det__feed *f = &c->feed;
    uint64_t end;
    if (f->phase != DET__FEED_BETWEEN && put_run_again(c) != DET_OK) return;
    int rc = put_settled(c);
    if (rc != DET_OK && (rc != DET_E_SPACE || f->phase != DET__FEED_BETWEEN)) return;
    if (c->opt.spool->discard(c->opt.spool->ctx, f->taken, &f->gone, &end) == DET_OK) f->tidied = f->taken;
    if (rc != DET_OK) (void)put_settled(c);
}

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
    int rc = det__spool_put(c->opt.spool, &h, r + 1);
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

static void add(det__core *c, det__record *r, const det__spooled *h, uint64_t at) {
    det__feed *f = &c->feed;
    r->steps = h->steps;
    r->group_len = h->group_len;
    r->part = det__value_part(det__record_text(r));
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
    /* Sending it would archive rows that cannot be sent again. */
    if (det__deliver_order(c, r->part, r->steps) != DET_OK)
        det__deliver_lose(c, r, at < f->recovered ? DET_E_UNSURE : DET_E_ORDER);
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
    f->run_at = 0;
    f->phase = DET__FEED_BETWEEN;
}

/* One record of the run that is under way. 0: there is none for now, or no room. */
static int fill_one(det__core *c) {
    det__feed *f = &c->feed;
    uint64_t at = f->pos;
    det__spooled h;
    int rc = get(c, &f->pos, &h, NULL, 0), settled = !c->outbox.open && !c->flights && !c->untold;
    if (rc == DET_E_AGAIN && (c->opt.flush || f->run_due) && settled) end_run(c); /* it was cut off without a state */
    if (!is_there(rc)) return 0;
    if (h.run < f->active || h.kind == DET__SPOOL_SETTLED) return 1; /* of what is behind us */
    if (h.run == f->active && h.kind == DET__SPOOL_RUN) {
        f->run_at = at;
        return 1;
    }
    if (h.run == f->active && h.kind == DET__SPOOL_METRICS) {
        size_t cap;
        det__record *r = room_in(c, h.len, &cap);
        f->pos = at;
        if (!r && h.len > c->outbox.cap - sizeof *r) { /* reported with a larger outbox */
            get(c, &f->pos, &h, NULL, 0);
            pass_over(c);
            return 1;
        }
        if (!r || get(c, &f->pos, &h, r + 1, cap) != DET_OK) return 0;
        add(c, r, &h, at);
        return 1;
    }
    if (!settled) { /* the run ends here, but not yet */
        f->pos = at;
        return 0;
    }
    if (h.run == f->active && h.kind == DET__SPOOL_STATE) {
        char state[12] = "";
        f->pos = at;
        get(c, &f->pos, &h, state, sizeof state - 1);
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
    uint8_t settled[SETTLED_LEN];
    det__feed *f = &c->feed;
    det__spooled h;
    uint64_t pos;
    forget_rows(c);
    if (find(c, DET__SPOOL_SETTLED, run, settled, sizeof settled) == DET_OK) {
        uint64_t to = get_le(settled, 8);
        for (int i = 0; i < DET__PARTS; i++) c->released.step[i] = (int32_t)get_le(settled + 8 + 4 * i, 4);
        if (to > f->pos) f->pos = to;
        c->fenced = 1;
    }
    c->archived = c->released;
    f->taken = f->mark = pos = f->pos;
    if (!c->fenced) return 1;
    while (is_there(get(c, &pos, &h, NULL, 0)) && h.run == run)
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
        int rc = get(c, &f->pos, &h, NULL, 0);
        if (rc == DET_E_AGAIN) f->taken = f->mark = f->pos;
        if (!is_there(rc)) return rc;
        if (h.run <= f->active || h.kind == DET__SPOOL_SETTLED) { /* it is over, or cannot be opened */
            if (h.kind == DET__SPOOL_METRICS && h.run == f->active) pass_over(c);
            continue;
        }
        f->pos = at;
        f->active = h.run;
        if (!resume(c, h.run)) continue;
        rc = find(c, DET__SPOOL_RUN, h.run, c->outbox.mem + half, c->outbox.cap - half);
        if (rc == DET_E_IO) return rc;
        if (rc == DET_OK) break;
    }
    take_run(c, (char *)c->outbox.mem + half);
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
    while (is_there(rc = get(c, &pos, &h, NULL, 0)))
        if (h.run > f->own) f->own = h.run;
    c->stats.damaged = 0; /* counted when they are delivered */
    return rc == DET_E_AGAIN ? DET_OK : rc;
}

int det__feed_open(det_core *core) {
    det__core *c = det__core_of(core);
    int rc = scan(c);
    c->feed.own++;
    c->feed.step = TIDY;
    c->feed.phase = DET__FEED_BETWEEN;
    c->feed.offline = c->opt.offline != 0;
    if (rc != DET_OK || c->opt.flush) return rc;
    rc = put_own_run(c);
    if (rc != DET_E_SPACE || c->feed.offline) return rc;
    c->feed.run_due = 1; /* earlier runs are in its place: they go first */
    return DET_OK;
}

/* All that is in the log of it is settled. */
void det__feed_cancel(det__core *c) {
    uint64_t first;
    if (!c->opt.spool || c->opt.flush) return;
    c->feed.active = c->feed.own;
    if (c->opt.spool->discard(c->opt.spool->ctx, 0, &first, &c->feed.taken) == DET_OK) (void)put_settled(c);
}

static int put_state(det__core *c) {
    const char *state = c->feed.state_due == DET_ERROR ? "ERROR" : "COMPLETED";
    if (!c->feed.state_due) return DET_OK;
    int rc = put(c, DET__SPOOL_STATE, c->feed.own, state, strlen(state));
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

/* The storage is full, of nothing but what is settled: let go of it up to the newest RUN, or clear it and begin again. */
static void clear_full(det__core *c) {
    det__feed *f = &c->feed;
    det__spooled h;
    uint64_t pos = f->pos, end, upto = f->run_at < f->taken ? f->run_at : f->taken;
    size_t len = 0;
    char *run = (char *)c->outbox.mem;
    if (f->store_code != DET_E_SPACE || f->phase != DET__FEED_ACTIVE || c->outbox.open || c->flights || c->untold) return;
    if (get(c, &pos, &h, NULL, 0) != DET_E_AGAIN) return;
    if (upto > f->tidied) {
        if (c->opt.spool->discard(c->opt.spool->ctx, upto, &f->gone, &end) == DET_OK) f->tidied = upto;
        return;
    }
    while (det__deliver_yield(c)) {} /* the outbox is empty now */
    if (c->outbox.count || find(c, DET__SPOOL_RUN, f->active, run, c->outbox.cap) != DET_OK) return;
    if (c->opt.spool->discard(c->opt.spool->ctx, UINT64_MAX, &f->gone, &end) != DET_OK) return;
    f->pos = f->taken = f->tidied = f->mark = end;
    for (int i = 0; i < TEXTS; i++) len += strlen(run + len) + 1;
    if (put(c, DET__SPOOL_RUN, f->active, run, len) == DET_OK) (void)put_settled(c);
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
    if (f->taken - f->tidied >= f->step || (f->phase == DET__FEED_BETWEEN && f->taken != f->tidied)) tidy(c);
    clear_full(c);
    if (f->phase != DET__FEED_BETWEEN) return DET_OK;
    rc = activate(core);
    if (rc == DET_E_AGAIN && f->run_due) {
        tidy(c);
        rc = put_own_run(c);
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
    while (is_there(get(c, &f->pos, &h, NULL, 0)) && h.run <= f->active);
    tidy(c);
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
