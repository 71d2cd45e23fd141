/* SPDX-License-Identifier: Apache-2.0
 * The torture of the delivery, in process: every byte position of the flow, both ways, with what may go wrong there, then
 * answers out of the ordinary, two faults, faults at random. After each scenario the model's rows and summaries must be
 * what was reported.
 *
 *     torture [--every N] [--sweep NAME] [--load NAME] [--shard I/N] [--seed N] [--random N] [--all]
 *     torture --one KEY       one scenario again, as a failure names it
 *
 * --every N runs every N-th scenario; --all shows all failures, not the first of each kind. The last line says how many passed. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/api.h"
#include "scenario.h"

enum { KINDS = 256, LIMIT_S = 20 };

static struct {
    const char *sweep, *load;
    unsigned long every, shard, shards, random;
    uint64_t seed;
    bool all;
} opt = {NULL, NULL, 1, 0, 1, 4000, 20260101, false};

static unsigned long counter, passed, failed, late, runs;
static char now_key[512];
static const char *now_sweep;

static const int PIPES[] = {1, 2, 32};
enum { NPIPES = sizeof PIPES / sizeof *PIPES };

/* What becomes of the queue: nothing, a little, all of it; at once, later, between any two requests that follow. */
static const after AFTERS[] = {
    {0, 0, 0},    {1, 0, 0},     {2, 0, 0},   {ALL, 0, 0},  {1, 5, 0},    {2, 30, 0},   {ALL, 30, 0}, {ALL, 145, 0}, {2, 400, 0},
    {ALL, 450, 0}, {ALL, 700, 0}, {2, 3000, 0}, {ALL, 3000, 0}, {2, 0, 1},  {ALL, 0, 1},  {2, 0, 2},    {ALL, 0, 2},   {ALL, 0, 3},
    {2, 0, 3},    {ALL, 0, 4},   {1, 0, 4},   {ALL, 0, 5},  {ALL, 0, 6},  {2, 0, 7},    {ALL, 0, 9}};
enum { NAFTERS = sizeof AFTERS / sizeof *AFTERS };

/* ---- telling ---- */

static struct {
    char name[96], key[512], why[512];
    unsigned long n;
} kinds[KINDS];

static const char *way_name(const cut *c) {
    static const char *const N[2][5] = {{"", "up reset", "up close", "up stall", "up delay"}, {"", "down reset", "down close", "down stall", "down delay"}};
    return N[c->way][c->kind];
}

static void tell(const scenario *s, const outcome *o) {
    char name[96];
    const cut *c = &s->plan.cut[0];
    snprintf(name, sizeof name, "%s: %s, pipeline %d, %s%s%s: %s", now_sweep, LOADS[s->load].name, s->pipe, way_name(c), s->odd >= 0 ? " " : "",
             s->odd >= 0 ? ODD_KINDS[s->odd].name : "", o->kind);
    size_t k = 0;
    while (k + 1 < KINDS && *kinds[k].name && strcmp(kinds[k].name, name) != 0) k++;
    if (!kinds[k].n++) {
        snprintf(kinds[k].name, sizeof kinds[k].name, "%s", name);
        snprintf(kinds[k].key, sizeof kinds[k].key, "%s", now_key);
        snprintf(kinds[k].why, sizeof kinds[k].why, "%s", o->why);
    }
    if (opt.all) printf("FAIL %s: %s\n     --one %s\n", name, o->why, now_key);
}

static void tell_kinds(void) {
    for (size_t k = 0; k < KINDS && kinds[k].n; k++)
        printf("FAIL %lu of %s: %s\n     --one %s\n", kinds[k].n, kinds[k].name, kinds[k].why, kinds[k].key);
}

static void last_words(int sig) {
    const char *what = sig == SIGALRM ? "hangs: --one " : "dies: --one ";
    (void)!write(2, what, strlen(what));
    (void)!write(2, now_key, strlen(now_key));
    (void)!write(2, "\n", 1);
    signal(SIGABRT, SIG_DFL);
    if (sig == SIGALRM) _exit(1);
}

/* ---- running ---- */

static void run(const scenario *s, outcome *o) {
    scenario_key(s, now_key, sizeof now_key);
    alarm(LIMIT_S);
    scenario_run(s, o);
    alarm(0);
}

static void scene(const scenario *s) {
    outcome o;
    if (counter++ % opt.every || counter / opt.every % opt.shards != opt.shard) return;
    run(s, &o);
    late += o.late > 0;
    runs += o.runs > 1;
    if (!o.kind) passed++;
    else {
        failed++;
        tell(s, &o);
    }
}

/* Each load with each depth: calm is what happens when nothing goes wrong. */
typedef void sweep_fn(scenario *s, const outcome *calm);

static scenario plain(int number, int pipe) {
    scenario s;
    memset(&s, 0, sizeof s);
    s.load = number;
    s.pipe = pipe;
    s.odd = -1;
    s.plan.work_ms = 2;
    s.plan.rtt_ms = 1;
    return s;
}

static void each(const char *name, sweep_fn *sweep) {
    if (opt.sweep && strcmp(opt.sweep, name) != 0) return;
    unsigned long before = passed + failed, bad = failed;
    now_sweep = name;
    for (int i = 0; i < NLOADS; i++) {
        if (opt.load && strcmp(opt.load, LOADS[i].name) != 0) continue;
        for (int p = 0; p < NPIPES; p++) {
            outcome calm;
            scenario s = plain(i, PIPES[p]);
            run(&s, &calm);
            sweep(&s, &calm);
        }
    }
    printf("%-8s %9lu scenarios, %lu failed\n", name, passed + failed - before, failed - bad);
    fflush(stdout);
}

/* ---- sweeps ---- */

static void uncut(scenario *s, const outcome *calm) {
    static const uint32_t WORK[] = {0, 2, 40}, RTT[] = {0, 1, 60};
    static const size_t PIECE[] = {0, 1, 7, 1000};
    (void)calm;
    for (int i = 0; i < 3 * 3 * 4 * 2; i++) {
        s->plan.work_ms = WORK[i % 3];
        s->plan.rtt_ms = RTT[i / 3 % 3];
        s->plan.piece = PIECE[i / 9 % 4];
        s->plan.close_each = i >= 36;
        scene(s);
    }
}

/* Every position, every kind of cut, `afters` of what may become of the queue, turning. */
static void cuts(scenario *s, int way, size_t from, size_t to, int afters) {
    cut *c = &s->plan.cut[0];
    c->way = way;
    for (c->at = from; c->at <= to; c->at++)
        for (c->kind = CUT_RESET; c->kind <= CUT_STALL; c->kind++)
            for (int i = 0; i < afters; i++) {
                s->plan.after = AFTERS[(c->at * 7 + (size_t)c->kind + (size_t)i * NAFTERS / (size_t)afters) % NAFTERS];
                scene(s);
            }
}

static void down(scenario *s, const outcome *calm) {
    cuts(s, DOWN, calm->down_open, calm->down_first, 3);
}

static void up(scenario *s, const outcome *calm) {
    cuts(s, UP, calm->up_open, calm->up_first, 3);
}

static void opening(scenario *s, const outcome *calm) {
    if (s->load % 4) return;
    cuts(s, UP, 1, calm->up_open, 1);
    cuts(s, DOWN, 0, calm->down_open, 1);
}

static void delays(scenario *s, const outcome *calm) {
    static const uint32_t MS[] = {50, 1500, 12000, 31000};
    cut *c = &s->plan.cut[0];
    c->kind = CUT_DELAY;
    for (c->way = UP; c->way <= DOWN; c->way++)
        for (c->at = c->way == UP ? calm->up_open : calm->down_open; c->at <= (c->way == UP ? calm->up_first : calm->down_first); c->at++)
            for (size_t i = c->at % 2; i < 4; i += 2) {
                c->ms = MS[i];
                s->plan.after = AFTERS[(c->at + i) % NAFTERS];
                scene(s);
            }
}

/* A cut, then another at every byte of what follows it. */
static void twice(scenario *s, const outcome *calm) {
    cut *one = &s->plan.cut[0], *two = &s->plan.cut[1];
    for (int i = 0; i < 12; i++) {
        outcome o;
        one->way = i % 2;
        size_t from = one->way ? calm->down_open : calm->up_open, to = one->way ? calm->down_first : calm->up_first;
        one->kind = CUT_RESET + i % 3;
        one->at = from + (to - from) * (size_t)(2 * i + 1) / 24;
        two->kind = CUT_NONE;
        s->plan.after = AFTERS[(size_t)(i * 11 + s->load) % NAFTERS];
        run(s, &o);
        for (two->way = UP; two->way <= DOWN; two->way++)
            for (two->at = 0; two->at <= (two->way ? o.down_next : o.up_next); two->at++) {
                two->kind = CUT_RESET + (int)(two->at % 3);
                s->plan.after = AFTERS[(two->at * 5 + (size_t)i) % NAFTERS];
                scene(s);
            }
    }
}

static void answers(scenario *s, const outcome *calm) {
    for (s->odd = 0; s->odd < NODDS; s->odd++)
        for (s->nth = 1; s->nth <= (int)calm->requests; s->nth++)
            for (int i = 0; i < 6; i++) {
                s->more = i % 3 == 2 ? 4 : i % 3;
                s->plan.after = AFTERS[(size_t)(s->nth * 6 + i) % NAFTERS];
                bool opening_one = !strcmp(ODD_KINDS[s->odd].rule.path, "/api/") && s->nth <= 9 && s->more;
                bool again = ODD_KINDS[s->odd].refusals && (s->nth > 1 || i % 3);
                if (!opening_one && !again) scene(s);
            }
}

/* ---- at random ---- */

static uint64_t state;

static size_t draw(size_t n) {
    state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = state;
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return n ? (size_t)((z ^ z >> 31) % n) : 0;
}

static void draw_cut(cut *c, size_t up_from, size_t up_to, size_t down_from, size_t down_to) {
    c->way = (int)draw(2);
    c->kind = CUT_RESET + (int)draw(4);
    c->at = c->way == UP ? up_from + draw(up_to - up_from + 1) : down_from + draw(down_to - down_from + 1);
    c->ms = (uint32_t)draw(15000);
}

static void at_random(scenario *s, const outcome *calm) {
    state = opt.seed + (uint64_t)(s->load * 64 + s->pipe);
    for (unsigned long i = 0; i < opt.random; i++) {
        world_plan *p = &s->plan;
        draw_cut(&p->cut[0], calm->up_open, calm->up_first, calm->down_open, calm->down_first);
        memset(&p->second, 0, sizeof p->second);
        if (draw(2)) draw_cut(&p->second, calm->up_open, calm->up_first, calm->down_open, calm->down_first);
        for (int k = 1; k < CUTS; k++) {
            memset(&p->cut[k], 0, sizeof p->cut[k]);
            if (draw(2)) draw_cut(&p->cut[k], 0, calm->up_first, 0, calm->down_first);
        }
        p->after = AFTERS[draw(NAFTERS)];
        p->work_ms = (uint32_t)draw(20);
        p->rtt_ms = (uint32_t)draw(80);
        p->piece = draw(4) ? 0 : 1 + draw(600);
        s->odd = draw(3) ? -1 : (int)draw((size_t)NODDS - 1);
        s->nth = 10 + (int)draw(12);
        if (s->odd >= 0 && strcmp(ODD_KINDS[s->odd].rule.path, "/api/") != 0) s->nth -= 9;
        s->more = (int)draw(3);
        scene(s);
    }
}

/* ---- main ---- */

static int one(const char *key) {
    scenario s;
    world_trace = true;
    outcome o;
    if (!scenario_parse(&s, key)) return 2;
    run(&s, &o);
    printf("%s, pipeline %d, %s: %s %s\n", LOADS[s.load].text, s.pipe, way_name(&s.plan.cut[0]), o.kind ? o.kind : "exact", o.why);
    printf("%zu bytes up (%zu to open), %zu down (%zu to open), %d connections, %lu requests, %lu late, %d runs, %u ms\n", o.up, o.up_open,
           o.down, o.down_open, o.conns, o.requests, o.late, o.runs, o.ms);
    return o.kind != NULL;
}

static bool option(const char *name, const char *value) {
    if (!strcmp(name, "--every")) opt.every = strtoul(value, NULL, 10);
    else if (!strcmp(name, "--sweep")) opt.sweep = value;
    else if (!strcmp(name, "--load")) opt.load = value;
    else if (!strcmp(name, "--seed")) opt.seed = strtoull(value, NULL, 10);
    else if (!strcmp(name, "--random")) opt.random = strtoul(value, NULL, 10);
    else if (!strcmp(name, "--shard")) return sscanf(value, "%lu/%lu", &opt.shard, &opt.shards) == 2;
    else return false;
    return opt.every > 0;
}

int main(int argc, char **argv) {
    signal(SIGABRT, last_words);
    signal(SIGSEGV, last_words);
    signal(SIGALRM, last_words);
    if (argc == 3 && !strcmp(argv[1], "--one")) return one(argv[2]);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--all")) opt.all = true;
        else if (i + 1 < argc && option(argv[i], argv[i + 1])) i++;
        else {
            fprintf(stderr, "torture: bad option: %s\n", argv[i]);
            return 2;
        }
    }
    printf("seed %llu\n", (unsigned long long)opt.seed);
    each("uncut", uncut);
    each("down", down);
    each("up", up);
    each("opening", opening);
    each("delay", delays);
    each("twice", twice);
    each("answers", answers);
    each("random", at_random);
    tell_kinds();
    printf("%lu scenarios; in %lu a commit came after its connection's end, %lu took more than one run id\n", passed + failed, late, runs);
    api_free();
    printf("%lu passed, %lu failed\n", passed, failed);
    return failed != 0;
}
