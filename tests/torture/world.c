/* SPDX-License-Identifier: Apache-2.0
 * See world.h. Time passes only in wait(), which stops at every moment something happens here. */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "master/api.h"
#include "master/store.h"

enum { STILL_MAX = 2000 };

bool world_trace;

static bool due(const world *w, uint32_t ms) {
    return (int32_t)(w->fp.now_ms - ms) >= 0;
}

static const cut *cut_of(const world *w, int i, int way, int kind) {
    static const cut none;
    if (i == 0 && w->plan.second.kind == kind && w->plan.second.way == way) return &w->plan.second;
    return i < CUTS && w->plan.cut[i].kind == kind && w->plan.cut[i].way == way ? &w->plan.cut[i] : &none;
}

/* ---- bytes down ---- */

static void trace(const world *w, int i, const char *what, int status) {
    const request *q = &w->conn[i].h.req;
    if (!world_trace) return;
    printf("%9.3f conn %d: %s", (double)(uint32_t)(w->fp.now_ms + 5001) / 1000, i, what);
    if (status) printf(" %s %s%s%s %.*s -> %d", q->method, q->path, *q->query ? "?" : "", q->query, (int)q->body_len, q->body, status);
    printf("\n");
}

static void hang_up(world *w, int i) {
    w->conn[i].hung_up = true;
    trace(w, i, "ended by the master", 0);
    fake_end(&w->fp, i, w->plan.rtt_ms, FAKE_CLOSE);
}

static void put(world *w, int i, const char *p, size_t n) {
    world_conn *c = &w->conn[i];
    const cut *stall = cut_of(w, i, DOWN, CUT_STALL), *late = cut_of(w, i, DOWN, CUT_DELAY);
    if (stall->kind && c->down + n > stall->at) n = stall->at > c->down ? stall->at - c->down : 0;
    size_t before = late->kind && late->at < c->down + n ? (late->at > c->down ? late->at - c->down : 0) : n;
    fake_put(&w->fp, i, w->plan.rtt_ms, p, before);
    fake_put(&w->fp, i, w->plan.rtt_ms + late->ms, p + before, n - before);
    c->down += n;
}

/* ---- one request ---- */

static bool has(const char *text, size_t n, const char *part) {
    size_t k = strlen(part);
    for (size_t i = 0; i + k <= n; i++)
        if (!memcmp(text + i, part, k)) return true;
    return false;
}

static bool matches(const odd *o, const request *q) {
    if (!o->path || !strstr(q->path, o->path)) return false;
    for (int i = 0; i < 2; i++)
        if (o->has[i] && !has(q->body, q->body_len, o->has[i])) return false;
    return true;
}

static const odd *odd_for(world *w, const request *q) {
    for (int i = 0; i < ODDS; i++) {
        odd *o = &w->plan.odd[i];
        if (!matches(o, q)) continue;
        int n = ++o->seen;
        if (n >= o->nth && n - o->nth <= o->more) return o;
    }
    return NULL;
}

static void expire_tokens(void) {
    for (size_t i = 0; i < db.ntokens; i++) db.tokens[i].dead = true;
}

static void instead(const odd *o, const request *q, reply *r) {
    reply_free(r);
    r->minor = q->minor;
    r->keep_alive = q->keep_alive;
    r->kind = R_GATEWAY;
    reply_status(r, o->status, o->retry_after);
    if (o->text) reply_error(r, 13, "%s", o->text);
    r->status = o->status;
}

/* The answer is left in w->answer; true: the connection closes behind it. */
static bool work(world *w, const request *q, int *status) {
    const odd *o = odd_for(w, q);
    reply r = {.minor = q->minor, .keep_alive = q->keep_alive, .status = 200};
    if (o && o->expire) expire_tokens();
    if (!o || !(o->status || o->raw) || o->commit) api_handle(q, &r);
    if (o && o->status) instead(o, q, &r);
    *status = r.status;
    r.close |= w->plan.close_each || (o && o->close);
    w->answer.len = 0;
    if (o && o->raw) buf_str(&w->answer, o->raw);
    else reply_render(&r, &w->answer);
    bool close = r.close;
    reply_free(&r);
    return close;
}

/* ---- connections ---- */

static in_result next_request(world_conn *c) {
    return http_in_next(&c->h, c->in.p + c->in_off, c->in.len - c->in_off);
}

static bool may_work(const world_conn *c) {
    return !c->hung_up && (!c->ended || c->beyond);
}

static void start(world *w, int i) {
    world_conn *c = &w->conn[i];
    if (c->working || !may_work(c) || c->in_off == c->in.len) return;
    in_result res = next_request(c);
    if (res == IN_MORE) return;
    if (res != IN_REQUEST) { /* as net/http answers what is not HTTP: the client sent nonsense */
        hang_up(w, i);
        return;
    }
    c->working = true;
    c->done_ms = w->fp.now_ms + w->plan.work_ms;
}

static void finish(world *w, int i);

/* The old connections' queues are worked just before the n-th request after them. */
static void release(world *w, int i) {
    for (int k = 0; k < i; k++) {
        world_conn *c = &w->conn[k];
        w->since[k]++;
        if (!c->ended || !w->plan.after.before || w->since[k] < w->plan.after.before) continue;
        c->released = true;
        for (start(w, k); c->working; start(w, k)) finish(w, k);
    }
}

static void count_late(world *w, const request *q) {
    bool patch = !strcmp(q->method, "PATCH") && has(q->body, q->body_len, "STATE_RUNNING");
    if (patch || (strstr(q->path, "/trials/") && strstr(q->path, "/start"))) w->late_starts++;
}

static void finish(world *w, int i) {
    world_conn *c = &w->conn[i];
    int status;
    if (!c->ended) release(w, i);
    if (next_request(c) != IN_REQUEST) abort();
    w->requests++;
    bool close = work(w, &c->h.req, &status);
    trace(w, i, c->ended ? "late" : "", status);
    if (c->ended) count_late(w, &c->h.req);
    c->in_off += http_in_done(&c->h);
    c->working = false;
    if (c->ended) {
        w->late++;
        w->refused_late += status >= 300;
        if (c->beyond > 0) c->beyond--;
        return;
    }
    put(w, i, w->answer.p, w->answer.len);
    if (close) hang_up(w, i);
}

/* The client has closed, or the connection was reset under it. */
static void see_end(world *w, int i) {
    world_conn *c = &w->conn[i];
    const fake_conn *f = &w->fp.conn[i];
    if (c->ended || !(f->closed || f->dead)) return;
    trace(w, i, "ended by the client", 0);
    c->ended = true;
    c->beyond = w->plan.after.beyond;
    if (!c->beyond) c->working = false;
    if (!c->working) start(w, i);
    if (c->working && !w->plan.after.before) c->done_ms += w->plan.after.ms;
}

static bool held(const world *w, const world_conn *c) {
    return c->ended && w->plan.after.before && !c->released;
}

/* The connection whose work ends first, -1 none. */
static int first_done(const world *w) {
    int best = -1;
    for (int i = 0; i < w->fp.conns; i++) {
        const world_conn *c = &w->conn[i];
        if (!c->working || held(w, c)) continue;
        if (best < 0 || (int32_t)(c->done_ms - w->conn[best].done_ms) < 0) best = i;
    }
    return best;
}

static void pump(world *w) {
    for (;;) {
        for (int i = 0; i < w->fp.conns; i++) {
            see_end(w, i);
            start(w, i);
        }
        int i = first_done(w);
        if (i < 0 || !due(w, w->conn[i].done_ms)) return;
        finish(w, i);
    }
}

/* ---- bytes up ---- */

/* How many of n bytes get through now. */
static size_t passing(world *w, int i, size_t n) {
    world_conn *c = &w->conn[i];
    const cut *stall = cut_of(w, i, UP, CUT_STALL), *end = cut_of(w, i, UP, CUT_CLOSE), *late = cut_of(w, i, UP, CUT_DELAY);
    const cut *limit = stall->kind ? stall : end;
    if (limit->kind && c->up + n > limit->at) n = limit->at - c->up;
    if (!late->kind || c->up + n <= late->at) return n;
    if (!c->up_late) {
        c->up_late = true;
        c->up_ms = w->fp.now_ms + late->ms;
    }
    return due(w, c->up_ms) ? n : late->at > c->up ? late->at - c->up : 0;
}

static size_t serve(void *ctx, fake_port *fp, int i, const uint8_t *in, size_t n) {
    world *w = ctx;
    world_conn *c = &w->conn[i];
    const cut *end = cut_of(w, i, UP, CUT_CLOSE);
    (void)fp;
    size_t k = passing(w, i, n);
    buf_add(&c->in, in, k);
    c->up += k;
    pump(w);
    if (end->kind && c->up >= end->at && !c->hung_up) hang_up(w, i);
    return k;
}

/* ---- time ---- */

static void sooner(const world *w, uint32_t at, uint32_t *ms) {
    uint32_t left = due(w, at) ? 0 : at - w->fp.now_ms;
    if (left < *ms) *ms = left;
}

/* Bytes the client has sent and received: while they grow it does not spin. */
static size_t moved(const world *w) {
    size_t n = 0;
    for (int i = 0; i < w->fp.conns; i++) n += w->fp.conn[i].sent.len + w->fp.conn[i].taken + 1;
    return n;
}

static int wait_for(void *ctx, const det_wait *ws, size_t n, uint32_t ms) {
    world *w = (world *)ctx; /* fp is its first member */
    uint32_t before = w->fp.now_ms;
    pump(w);
    int i = first_done(w);
    if (i >= 0) sooner(w, w->conn[i].done_ms, &ms);
    for (int k = 0; k < w->fp.conns; k++)
        if (w->conn[k].up_late && !due(w, w->conn[k].up_ms)) sooner(w, w->conn[k].up_ms, &ms);
    int rc = w->wait(ctx, ws, n, ms);
    pump(w);
    if (w->fp.now_ms != before || w->moved != moved(w)) {
        w->still = 0;
        w->moved = moved(w);
    } else if (++w->still > STILL_MAX) {
        w->spun = true;
        w->fp.now_ms += 1000;
    }
    return rc;
}

/* ---- beginning and end ---- */

static void set_script(fake_script *s, const world_plan *p, const cut *c) {
    s->window = s->window ? s->window : p->window;
    s->send_max = s->recv_max = p->piece;
    if (c->way == UP && c->kind == CUT_RESET) {
        s->send_end = FAKE_RESET;
        s->send_end_at = c->at;
    }
    if (c->way == UP && c->kind == CUT_STALL) s->window = 4096;
    if (c->way == DOWN && (c->kind == CUT_RESET || c->kind == CUT_CLOSE)) {
        s->recv_end = c->kind == CUT_RESET ? FAKE_RESET : FAKE_CLOSE;
        s->recv_end_at = c->at;
    }
}

void world_init(world *w, const world_plan *p) {
    memset(w, 0, sizeof *w);
    w->plan = *p;
    for (int i = 0; i < CUTS; i++) set_script(&w->script[i], p, &p->cut[i]);
    set_script(&w->script[0], p, &p->second);
    set_script(&w->script[CUTS], p, &(cut){0});
    fake_init(&w->fp, w->script, CUTS + 1);
    w->fp.server = serve;
    w->fp.server_ctx = w;
    w->wait = w->fp.port.wait;
    w->fp.port.wait = wait_for;
    store_init();
}

void world_settle(world *w) {
    for (int i = 0; i < w->fp.conns; i++) {
        world_conn *c = &w->conn[i];
        see_end(w, i);
        c->released = true;
    }
    for (int i; pump(w), (i = first_done(w)) >= 0;) w->fp.now_ms = w->conn[i].done_ms;
}

int world_free(world *w) {
    int conns = w->fp.conns;
    for (int i = 0; i < conns; i++) {
        http_in_free(&w->conn[i].h);
        buf_free(&w->conn[i].in);
    }
    buf_free(&w->answer);
    store_free();
    return fake_free(&w->fp);
}

size_t world_up(const world *w) {
    size_t n = 0;
    for (int i = 0; i < w->fp.conns; i++) n += fake_sent_len(&w->fp, i);
    return n;
}

size_t world_down(const world *w) {
    size_t n = 0;
    for (int i = 0; i < w->fp.conns; i++) n += w->conn[i].down;
    return n;
}
