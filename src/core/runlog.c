/* SPDX-License-Identifier: Apache-2.0
 * The log as a sequence of runs: writing and finding RUN (what it takes to open one) and SETTLED (how far it is
 * delivered), and letting go of what is settled. Knows nothing of the outbox's records. */
#include "feed.h"

#include <string.h>

#include "../base/uuid.h"
#include "internal.h"
#include "spool.h"
#include "template.h"

#if DET_SPOOL

enum { TIDY = DET__LOG_TIDY, TEXTS = DET__LOG_TEXTS, SETTLED_LEN = 8 + 4 * DET__PARTS + 1, WORD = 16 /* of flash, at most */,
       SPARE = 3 * (DET__SPOOL_HEAD + WORD) + SETTLED_LEN };

/* ---- runs ---------------------------------------------------------------------------------------------------------- */

/* The strings of a RUN, each with its NUL; empty ones are NULL. */
void det__log_take_run(det__core *c, char *text) {
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

int det__log_append(det__core *c, const det__spooled *h, const void *payload) {
    int rc = det__spool_put(c->opt.spool, h, payload);
    if (rc == DET_OK) c->feed.dry = 0;
    return rc;
}

int det__log_put(det__core *c, uint8_t kind, uint32_t run, const void *payload, size_t len) {
    det__spooled h;
    memset(&h, 0, sizeof h);
    h.kind = kind;
    h.run = run;
    h.len = (uint32_t)len;
    return det__log_append(c, &h, payload);
}

/* Behind it a copy of RUN, and SETTLED, must still have room. */
int det__log_fits(det__core *c, size_t len) {
    const det_spool *sp = c->opt.spool;
    uint64_t first, end;
    if (sp->size < sizeof *sp || !sp->cap || sp->discard(sp->ctx, 0, &first, &end) != DET_OK) return 1;
    return (uint32_t)(end - first) + len + c->feed.reserve <= sp->cap;
}

/* Our own run's, made in the free part of the staging ring. */
int det__log_put_own_run(det__core *c) {
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
    if (rc != DET_OK) return rc;
    c->feed.reserve = (uint32_t)w.len + SPARE;
    return det__log_fits(c, w.len) ? det__log_put(c, DET__SPOOL_RUN, c->feed.own, buf, w.len) : DET_E_SPACE;
}

/* ---- the log ------------------------------------------------------------------------------------------------------- */

/* The next record at *pos whatever its size; at most cap bytes of its payload are wanted. DET_E_AGAIN at the end. */
int det__log_get(det__core *c, uint64_t *pos, det__spooled *h, void *payload, size_t cap) {
    for (;;) {
        uint64_t before = *pos;
        int rc = det__spool_get(c->opt.spool, pos, h, payload, cap, &c->stats.damaged);
        if (rc != DET_E_AGAIN || *pos == before) return rc;
    }
}

int det__log_is_there(int rc) {
    return rc == DET_OK || rc == DET_E_SIZE;
}

/* The newest record of a kind of this run, its payload in buf. DET_OK, DET_E_NOT_FOUND, DET_E_SIZE or DET_E_IO. */
int det__log_find(det__core *c, uint8_t kind, uint32_t run, void *buf, size_t cap) {
    uint64_t pos = c->feed.gone, at = 0, before;
    uint32_t damaged = c->stats.damaged;
    det__spooled h;
    int rc, found = 0;
    do {
        before = pos;
        rc = det__log_get(c, &pos, &h, buf, 0);
        if (det__log_is_there(rc) && h.kind == kind && h.run == run) found = 1, at = before;
    } while (det__log_is_there(rc));
    c->stats.damaged = damaged; /* counted when they are delivered */
    if (rc != DET_E_AGAIN) return rc;
    return found ? det__log_get(c, &at, &h, buf, cap) : DET_E_NOT_FOUND;
}

static void put_le(uint8_t *p, uint64_t v, int bytes) {
    for (; bytes--; v >>= 8) *p++ = (uint8_t)v;
}

static uint64_t get_le(const uint8_t *p, int bytes) {
    uint64_t v = 0;
    while (bytes--) v = v << 8 | p[bytes];
    return v;
}

det__record *det__log_room(const det__core *c, size_t want, size_t *cap) {
    det__outbox *b = &((det__core *)(uintptr_t)c)->outbox;
    det__record *r = det__outbox_room(b, 0, cap);
    if (!r || *cap < want) r = det__outbox_room(b, 1, cap);
    return r && *cap >= want ? r : NULL;
}

int det__log_put_run(det__core *c, const char *run) {
    size_t len = 0;
    for (int i = 0; i < TEXTS; i++) len += strlen(run + len) + 1;
    c->feed.step = TIDY + 4 * (uint32_t)len;
    return det__log_put(c, DET__SPOOL_RUN, c->feed.active, run, len);
}

/* A copy of the run's RUN at the end of the log. */
static int put_run_again(det__core *c) {
    size_t cap;
    det__record *r = det__log_room(c, 1, &cap);
    char *run = (char *)(r + 1);
    if (!r || det__log_find(c, DET__SPOOL_RUN, c->feed.active, run, cap) != DET_OK) return DET_E_AGAIN;
    return det__log_put_run(c, run);
}

/* How far the run is settled, and what has been let go of. */
int det__log_put_settled(det__core *c) {
    uint8_t settled[SETTLED_LEN];
    put_le(settled, c->feed.taken, 8);
    for (int i = 0; i < DET__PARTS; i++) put_le(settled + 8 + 4 * i, (uint32_t)c->released.step[i], 4);
    settled[SETTLED_LEN - 1] = 0;
    return det__log_put(c, DET__SPOOL_SETTLED, c->feed.active, settled, sizeof settled);
}

/* Let go of what is settled. The storage may keep more, and show it again after a restart: SETTLED stands behind it. */
int det__log_tidy(det__core *c) {
    det__feed *f = &c->feed;
    uint64_t end;
    if (f->phase != DET__FEED_BETWEEN && put_run_again(c) != DET_OK) return 0;
    int rc = det__log_put_settled(c);
    if (rc != DET_OK && (rc != DET_E_SPACE || f->phase != DET__FEED_BETWEEN)) return 0;
    if (c->opt.spool->discard(c->opt.spool->ctx, f->taken, &f->gone, &end) == DET_OK) f->tidied = f->taken;
    if (rc != DET_OK) (void)det__log_put_settled(c);
    return 1;
}

int det__log_settled(det__core *c, uint32_t run, uint64_t *upto) {
    uint8_t settled[SETTLED_LEN];
    if (det__log_find(c, DET__SPOOL_SETTLED, run, settled, sizeof settled) != DET_OK) return 0;
    *upto = get_le(settled, 8);
    for (int i = 0; i < DET__PARTS; i++) c->released.step[i] = (int32_t)get_le(settled + 8 + 4 * i, 4);
    return 1;
}

#else
typedef int det__log_nothing;
#endif
