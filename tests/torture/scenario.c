/* SPDX-License-Identifier: Apache-2.0
 * See scenario.h. Opening is tried again after a failure, as a program would; everything else is libdet's affair. */
#include "scenario.h"

#include <stdio.h>
#include <string.h>

#include "master/store.h"

enum { MEM = 16384, MEM_MAX = 65536, OPEN_TRIES = 6, CLOSE_MS = 3600000 };

#define SMALL(g) g "1a " g "1b " g "1c " g "1d " g "1e " g "1f " g "1g "

const load_kind LOADS[] = {
    {"plain", "t1a t2a t3a t4a t5a t6a", MEM, false},
    {"two_groups", "t1ab v1c t2ab v2c t3ab v3c", MEM, false},
    {"two_custom", "i1a o1a i2a o2a t2a i2b o2b i3a o3a", MEM, false},
    {"merged", "t1a ~3 t1b ~3 t1c t2a ~9 t2b v2a ~2 v2b t2c", MEM, false},
    {"equal", "t7a v7a i7a o7a t7b v7b i7b o7b", MEM, false},
    {"mixed", "t0a v0a ~1 i0a t1ab o1a ~7 t1c v1b i1c t2a ~2 v2a o2b", MEM, false},
    {"spread", "t1a ~4 v1a ~4 t2a ~4 v2a . t3a . v3a ~30 t4a", MEM, false},
    {"burst", "40*(t1a)", MEM_MAX, false},
    {"progress", "t1a p10 t2a ~5 p20 t3a p30 v3a", MEM, false},
    {"idle", "t1a t2a ~61000 t3a v3a ~130000 t4a", MEM, false},
    {"idle_equal", "t1a v1a ~61000 t1b i1a ~1000 v1b t2a", MEM, false},
    {"downwards", "t5a v3a t6a t2a i2a t2b v7a", MEM, false},
    {"downwards_slow", "t5a ~20 v3a ~20 t6a ~20 t2a i2a ~20 t2b v7a", MEM, false},
    {"full", "t1ABa v1Aa t2ABa v2Aa t3ABa v3Aa t4ABa i4Aa", 4096, true},
    {"full_equal", "t1AB v1AB i1AB o1AB t1CD v1CD i1CD o1CD", 4096, true},
    {"profiling", "t1a g1a g1b t2a g2a v2a", MEM, false},
    {"full_down", "t9AB v9AB t5AB v5AB i5AB t7CD v9CD t2AB v7A", 4096, true},
    {"full_small", "3*(" SMALL("t") SMALL("v") SMALL("i") SMALL("o") "t1h)", 4096, true},
};
const int NLOADS = sizeof LOADS / sizeof *LOADS - 2, NSPOOL_LOADS = sizeof LOADS / sizeof *LOADS;

#define REPORT .path = "/metrics"
#define COMMIT_TEXT "failed to exec transaction (add trial metrics training): failed to commit transaction: driver: bad connection"
const odd_kind ODD_KINDS[] = {
    {"503", {REPORT, .status = 503}, 0, false},
    {"503_after_commit", {REPORT, .status = 503, .commit = true}, 0, false},
    {"502_after_commit", {REPORT, .status = 502, .commit = true, .close = true}, 0, false},
    {"504_after_commit", {REPORT, .status = 504, .commit = true}, 0, false},
    {"408_after_commit", {REPORT, .status = 408, .commit = true, .close = true}, 0, false},
    {"500_commit_failed", {REPORT, .status = 500, .text = COMMIT_TEXT}, 0, false},
    {"500_commit_failed_but_stored", {REPORT, .status = 500, .text = COMMIT_TEXT, .commit = true}, 0, false},
    {"429_retry_after", {REPORT, .status = 429, .retry_after = 2}, 0, true},
    {"503_retry_after", {REPORT, .status = 503, .retry_after = 3}, 0, false},
    {"401", {REPORT, .status = 401, .text = "invalid credentials"}, 0, true},
    {"tokens_expire", {.path = "/api/", .expire = true}, 0, false},
    {"close", {.path = "/api/", .close = true}, 0, false},
    {"garbage", {REPORT, .raw = "SSH-2.0-OpenSSH_9.2p1\r\n"}, 0, false},
    {"garbage_after_commit", {REPORT, .raw = "SSH-2.0-OpenSSH_9.2p1\r\n", .commit = true}, 0, false},
    {"other_503", {.path = "/api/", .status = 503}, 0, false},
    {"refused", {REPORT, .has = {"\"stepsCompleted\":2,", "\"group\":\"training\""}, .status = 400, .text = "no"}, LOAD_MAX, false},
};
const int NODDS = sizeof ODD_KINDS / sizeof *ODD_KINDS;

static world w;
static det_core core;
static uint64_t mem[MEM_MAX / 8 + 2];

static void set_options(det_options *o, const scenario *s, load *l) {
    det_options_init(o, &w.fp.port, mem, LOADS[s->load].mem);
    o->master = "m:8080";
    o->external_experiment_id = "exp";
    o->external_trial_id = "trial";
    o->lost = load_lost;
    o->lost_ctx = l;
    o->pipeline = (uint16_t)s->pipe;
}

static int tries;

static int open_core(const det_options *opt) {
    int rc = det_open(&core, opt);
    for (tries = 1; rc != DET_OK && tries < OPEN_TRIES; tries++) {
        (void)det_close(&core, DET_ERROR, 0);
        w.fp.now_ms += 1000;
        rc = det_open(&core, opt);
    }
    return rc;
}

static void say(outcome *o, const char *kind, const char *what, long n) {
    if (o->kind) return;
    o->kind = kind;
    snprintf(o->why, sizeof o->why, "%s %ld: %.400s", what, n, det_errmsg(&core));
}

/* A StartTrial of an open that failed has landed after the one that did not: to the run it is another process's, so its
 * reports may be refused, and are told. One of its own that landed late is met with a fence, which what is below rows that
 * were let go cannot follow: with falling steps that is told. */
static bool overrun(const load *l) {
    if (!w.late_starts) return false;
    return (tries > 1 && l->lost_code == DET_E_RUN) || (!l->ordered && l->lost_code == DET_E_ORDER);
}

static void check_told(outcome *o, const scenario *s, const load *l, int rc) {
    int refusals = s->odd >= 0 ? ODD_KINDS[s->odd].refusals : 0;
    det_stats st;
    det_get_stats(&core, &st);
    if (l->error) say(o, "report", "a report was not accepted, code", l->error);
    if (overrun(l) && rc == l->lost_code && !st.pending) return;
    if (rc != DET_OK && !refusals && !(rc == DET_E_UNSURE && l->unsure)) say(o, "close", "det_close() gave", rc);
    if (l->lost > (size_t)refusals) say(o, "told_lost", "told lost, the last with code", l->lost_code);
    if (st.pending) say(o, "pending", "pending after det_close():", (long)st.pending);
    if (st.unsure != l->unsure) say(o, "unsure", "unsure:", (long)st.unsure);
    if (w.spun) say(o, "spins", "waits without time passing, at ms", (long)w.fp.now_ms);
}

static void measure(outcome *o, uint32_t begun) {
    o->up = world_up(&w);
    o->down = world_down(&w);
    o->conns = w.fp.conns;
    o->requests = w.requests;
    o->late = w.late;
    o->up_first = fake_sent_len(&w.fp, 0);
    o->down_first = w.conn[0].down;
    o->up_next = fake_sent_len(&w.fp, 1);
    o->down_next = w.conn[1].down;
    o->ms = w.fp.now_ms - begun;
    o->runs = db.ntrials && db.trials[0] ? db.trials[0]->run : 0;
    o->metrics = db.ntrials && db.trials[0] ? db.trials[0]->reports : 0;
}

static void verdict(outcome *o, const scenario *s, const load *l) {
    det_stats st;
    det_get_stats(&core, &st);
    bool order = l->ordered && !LOADS[s->load].small && !(s->odd >= 0 && ODD_KINDS[s->odd].overtaken);
    judge_rules rules = {order, !w.late || !st.doubtful, !w.late_starts, overrun(l)};
    char why[400];
    if (st.doubtful && l->ordered && !LOADS[s->load].small) say(o, "doubtful", "sent again without a fence:", (long)st.doubtful);
    const char *kind = judge(l, &rules, why, sizeof why);
    if (!kind || o->kind) return;
    o->kind = kind;
    snprintf(o->why, sizeof o->why, "%s", why);
}

static void play(const scenario *s, outcome *o, load *l) {
    det_options opt;
    set_options(&opt, s, l);
    int rc = open_core(&opt);
    o->up_open = world_up(&w);
    o->down_open = world_down(&w);
    if (rc != DET_OK) {
        say(o, "open", "det_open() gave", rc);
        return;
    }
    load_run(l, &core, LOADS[s->load].text);
    rc = det_close(&core, DET_COMPLETED, CLOSE_MS);
    check_told(o, s, l, rc);
    world_settle(&w);
    verdict(o, s, l);
}

void scenario_run(const scenario *s, outcome *o) {
    static load l;
    world_plan plan = s->plan;
    memset(&l, 0, sizeof l);
    memset(o, 0, sizeof *o);
    if (s->odd >= 0) {
        plan.odd[0] = ODD_KINDS[s->odd].rule;
        plan.odd[0].nth = s->nth;
        plan.odd[0].more = ODD_KINDS[s->odd].refusals ? 1 << 30 : s->more;
    }
    world_init(&w, &plan);
    uint32_t begun = w.fp.now_ms;
    play(s, o, &l);
    measure(o, begun);
    det_session_free(&core.session);
    int broken = world_free(&w);
    if (broken) say(o, "port", "rules of the port broken, connections left open:", broken);
}

/* ---- as a word ---- */

void scenario_key(const scenario *s, char *out, size_t cap) {
    const world_plan *p = &s->plan;
    int n = snprintf(out, cap, "%d:%d:%d,%d,%d:%d,%u,%d:%u,%u,%d,%zu,%zu", s->load, s->pipe, s->odd, s->nth, s->more, p->after.beyond,
                     p->after.ms, p->after.before, p->work_ms, p->rtt_ms, p->close_each, p->window, p->piece);
    for (int i = 0; i <= CUTS; i++) {
        const cut *c = i < CUTS ? &p->cut[i] : &p->second;
        n += snprintf(out + n, cap - (size_t)n, ":%d,%d,%zu,%u", c->way, c->kind, c->at, c->ms);
    }
}

bool scenario_parse(scenario *s, const char *key) {
    world_plan *p = &s->plan;
    int n = 0, k = 0, close_each;
    memset(s, 0, sizeof *s);
    if (sscanf(key, "%d:%d:%d,%d,%d:%d,%u,%d:%u,%u,%d,%zu,%zu%n", &s->load, &s->pipe, &s->odd, &s->nth, &s->more, &p->after.beyond,
               &p->after.ms, &p->after.before, &p->work_ms, &p->rtt_ms, &close_each, &p->window, &p->piece, &n) != 13)
        return false;
    p->close_each = close_each != 0;
    for (int i = 0; i <= CUTS; i++, n += k) {
        cut *c = i < CUTS ? &p->cut[i] : &p->second;
        if (sscanf(key + n, ":%d,%d,%zu,%u%n", &c->way, &c->kind, &c->at, &c->ms, &k) != 4) return false;
    }
    return s->load >= 0 && s->load < NLOADS && s->odd < NODDS;
}
