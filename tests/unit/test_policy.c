/* SPDX-License-Identifier: Apache-2.0
 * A full outbox: the ring closes its gaps whatever was dropped, and each policy drops what it promises, in rings of every
 * size, through the fake port. */
#include "core/internal.h"
#include "unit/fake_spool.h"
#include "unit/little_master.h"

static unsigned seed = 1;

static unsigned draw(unsigned n) {
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % n;
}

/* ---- the ring, against a plain list ------------------------------------------------------------------------------------ */

enum { MOST = 64 };

typedef struct item {
    int32_t id;
    size_t len;
    uint8_t state;
    const det__record *at;
} item;

static item list[MOST];
static int listed;

static void forget(int i) {
    memmove(list + i, list + i + 1, (size_t)(--listed - i) * sizeof *list);
}

static int add(det__outbox *b, size_t len, int32_t id) {
    for (int second = 0; second < 2; second++) {
        size_t cap = 0;
        det__record *r = det__outbox_room(b, second, &cap);
        if (!r || cap < len) continue;
        r->steps = id;
        memset(r + 1, id & 255, len);
        det__outbox_commit(b, r, len);
        list[listed].id = id;
        list[listed].len = len;
        list[listed].state = DET__QUEUED;
        list[listed++].at = r;
        return 1;
    }
    return 0;
}

static int holds(const det__record *r, const item *x) {
    const unsigned char *p = (const unsigned char *)(r + 1);
    if (r->steps != x->id || r->len != x->len || r->state != x->state) return 0;
    for (size_t i = 0; i < x->len; i++)
        if (p[i] != (x->id & 255)) return 0;
    return 1;
}

static int is_open(const det__record *r) {
    return r->state <= DET__FLIGHT;
}

/* Every record is there, in order, unmoved unless all behind it are queued; open and next are where they belong. */
static void matches(det__outbox *b) {
    const det__record *open = NULL, *next = NULL, *r = det__outbox_first(b);
    size_t used = 0;
    for (int i = 0; i < listed; i++, r = det__outbox_after(b, r)) {
        CHECK(r != NULL);
        if (!r) return;
        CHECK(holds(r, &list[i]));
        CHECK((const uint8_t *)(r + 1) + r->len <= b->mem + b->cap);
        if (!open && is_open(r)) open = r;
        if (!next && r->state == DET__QUEUED) next = r;
        list[i].at = r;
        used += (sizeof *r + r->len + 7) & ~(size_t)7;
    }
    CHECK(r == NULL);
    CHECK_INT(b->count, listed);
    CHECK_INT(b->used, used);
    CHECK(b->open == open);
    CHECK(det__outbox_next(b) == next);
}

static int loose_from(void) {
    int i = listed;
    while (i && list[i - 1].state == DET__QUEUED) i--;
    return i;
}

/* Drop some of the loose ones; those before do not move. */
static void squeeze(det__outbox *b) {
    int from = loose_from(), stays = from;
    det__record *loose = det__outbox_loose(b);
    CHECK(loose == (from < listed ? list[from].at : NULL));
    if (!loose) return;
    unsigned often = 1 + draw(4);
    for (det__record *r = loose; r; r = det__outbox_after(b, r)) {
        if (draw(often)) {
            list[stays++] = list[from];
        } else {
            r->state = DET__GONE;
        }
        from++;
    }
    listed = stays;
    det__outbox_squeeze(b, loose);
    int held = loose_from();
    const det__record *r = det__outbox_first(b);
    for (int i = 0; i < held; i++, r = det__outbox_after(b, r)) CHECK(r == list[i].at);
}

static void set(det__outbox *b, int i, uint8_t state) {
    det__outbox_set(b, (det__record *)(uintptr_t)list[i].at, state);
    list[i].state = state;
}

static void change(det__outbox *b) {
    if (!listed) return;
    int i = (int)draw((unsigned)listed);
    if (list[i].state == DET__QUEUED)
        set(b, i, DET__FLIGHT);
    else if (list[i].state == DET__FLIGHT)
        set(b, i, draw(2) ? DET__KEPT : draw(2) ? DET__LOST : DET__QUEUED);
    else if (list[i].state == DET__KEPT)
        set(b, i, draw(2) ? DET__QUEUED : DET__GONE);
    else if (list[i].state == DET__LOST)
        set(b, i, DET__GONE);
}

static void the_ring_closes_its_gaps_whatever_was_dropped(void) {
    for (size_t cap = 64; cap <= 1024; cap += 8) {
        unsigned char *mem = unit_guard(cap);
        det__outbox b;
        det__outbox_init(&b, mem, cap);
        listed = 0;
        for (int step = 0; step < 2000; step++) {
            unsigned what = draw(10);
            if (what < 5) {
                add(&b, draw(draw(2) ? 24 : 80), step);
            } else if (what < 7) {
                change(&b);
            } else if (what < 8) {
                squeeze(&b);
            } else if (listed && list[0].state >= DET__KEPT) {
                det__outbox_pop(&b);
                forget(0);
            }
            matches(&b);
        }
        unit_guard_free(mem, cap);
    }
}

/* Nothing before them, or all of the ring in one piece: as much room as was dropped, in one piece. */
static void what_was_dropped_is_room_at_once(void) {
    for (size_t cap = 256; cap <= 1024; cap += 8) {
        unsigned char *mem = unit_guard(cap);
        det__outbox b;
        det__outbox_init(&b, mem, cap);
        listed = 0;
        for (int32_t id = 0; add(&b, 8, id); id++) {}
        det__record *loose = det__outbox_loose(&b);
        size_t freed = 0, room;
        for (det__record *r = loose; r; r = det__outbox_after(&b, r))
            if (r->steps % 2) {
                r->state = DET__GONE;
                freed += sizeof *r + 8;
            }
        det__outbox_squeeze(&b, loose);
        CHECK(det__outbox_room(&b, 0, &room) != NULL);
        CHECK(room >= freed - sizeof(det__record));
        unit_guard_free(mem, cap);
    }
}

/* ---- through the port ---------------------------------------------------------------------------------------------------- */

static fake_port fp;
static det_core core;
static uint64_t mem[4096]; /* 32 KB */
static det_options opt;
static int told;

static void on_lost(void *ctx, int code, const char *group, int64_t steps) {
    (void)ctx, (void)code, (void)group, (void)steps;
    told++;
}

static void prepare(size_t len, int when_full) {
    little_init(&fp);
    told = 0;
    memset(mem, 0xA5, sizeof mem);
    det_options_init(&opt, &fp.port, mem, len);
    opt.master = "m:8080";
    opt.token = "tok";
    opt.lost = on_lost;
    opt.when_full = when_full;
}

static void open_ok(size_t len, int when_full) {
    prepare(len, when_full);
    CHECK_INT(det_open(&core, &opt), DET_OK);
}

static int report(const char *group, int64_t steps) {
    det_metric m = det_metric_int(group[0] == 'v' ? "unmanaged" : "x", steps);
    return det_report_metrics(&core, group, steps, &m, 1);
}

static det_stats stats(void) {
    det_stats st;
    det_get_stats(&core, &st);
    return st;
}

/* Closed without complaint, nobody told, the books balance. */
static void close_ok(void) {
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
    det_stats st = stats();
    CHECK_INT(st.pending, 0);
    CHECK_INT(st.queued, st.acknowledged + st.dropped_oldest + st.thinned);
    CHECK_INT(st.acknowledged, little.n);
    CHECK_INT(told, 0);
    for (size_t i = opt.mem_len; i < sizeof mem; i++) CHECK_INT(((unsigned char *)mem)[i], 0xA5);
    CHECK_INT(fake_free(&fp), 0);
}

static void by_default_a_full_outbox_refuses(void) {
    int n = 0;
    open_ok(4096, DET_REFUSE);
    while (report("training", n) == DET_OK) n++;
    CHECK_INT(report("training", n), DET_E_SPACE);
    CHECK_INT(stats().full, 2);
    close_ok();
    CHECK_INT(little.n, n);
}

static void drop_oldest_keeps_the_newest_without_a_gap(void) {
    for (size_t len = 4096; len < 6000; len += 104) {
        open_ok(len, DET_DROP_OLDEST);
        for (int i = 0; i < 1000; i++) CHECK_INT(report("training", i), DET_OK);
        CHECK(stats().dropped_oldest > 0);
        CHECK_INT(stats().full, 0);
        close_ok();
        CHECK_INT(little.n, 1000 - (int)stats().dropped_oldest);
        for (int i = 0; i < little.n; i++) CHECK_INT(little.steps[i], 1000 - little.n + i);
        CHECK(stats().outbox_peak * 10 > stats().outbox_cap * 8);
    }
}

static void drop_newest_keeps_the_oldest_and_says_so(void) {
    open_ok(4096, DET_DROP_NEWEST);
    for (int i = 0; i < 1000; i++) CHECK_INT(report("training", i), DET_OK);
    CHECK_INT(stats().queued + stats().dropped_newest, 1000);
    CHECK_INT(stats().full, 0);
    close_ok();
    for (int i = 0; i < little.n; i++) CHECK_INT(little.steps[i], i);
}

/* However long it goes on: the first is there, and from it to the newest no gap is larger than a tenth of it all, and in
 * the first half, where none have come since, all are alike. */
static void thinning_keeps_the_shape_of_a_curve(void) {
    for (int n = 100; n < 200000; n *= 3) {
        open_ok(6000, DET_THIN);
        for (int i = 0; i < n; i++) CHECK_INT(report("training", 10 * i), DET_OK);
        close_ok();
        int least = 1 << 30, most = 0;
        for (int i = 1; i < little.n; i++) {
            int gap = little.steps[i] - little.steps[i - 1];
            if (gap > most) most = gap;
            if (2 * little.steps[i] < 10 * n && gap < least) least = gap;
        }
        CHECK_INT(little.steps[0], 0);
        CHECK(n == 100 || most == least || most == 2 * least);
        CHECK(10 * most <= 10 * n);
        CHECK_INT(little.steps[little.n - 1], 10 * (n - 1));
    }
}

static void thinning_drops_every_second_the_first_time(void) {
    int n = 0;
    open_ok(6000, DET_THIN);
    while (!stats().thinned) CHECK_INT(report("training", 7 * n++), DET_OK);
    CHECK_INT(stats().thinned, (n - 1) / 2);
    close_ok();
    for (int i = 0; i + 1 < little.n; i++) CHECK_INT(little.steps[i], 14 * i);
}

static void reports_of_one_step_are_thinned_too(void) {
    open_ok(6000, DET_THIN);
    for (int i = 0; i < 500; i++) CHECK_INT(report("training", 5), DET_OK);
    CHECK(stats().thinned > 400);
    close_ok();
}

static void a_group_that_floods_pays_and_the_rare_one_stays(void) {
    static const int policies[] = {DET_DROP_OLDEST, DET_THIN};
    for (int p = 0; p < 2; p++) {
        int rare = 0;
        open_ok(6000, policies[p]);
        for (int i = 0; i < 900; i++) {
            CHECK_INT(report("training", i), DET_OK);
            if (i % 100 == 99) CHECK_INT(report("validation", i), DET_OK);
        }
        close_ok();
        for (int i = 0; i < little.n; i++) rare += little.group[i] == 'v';
        CHECK_INT(rare, 9);
    }
}

static void without_a_majority_each_group_pays_for_itself(void) {
    static const char *const groups[] = {"a", "b", "c", "d"};
    int seen[4] = {0};
    open_ok(6000, DET_DROP_OLDEST);
    for (int i = 0; i < 900; i++) CHECK_INT(report(groups[i % 3], i), DET_OK);
    CHECK_INT(report("d", 900), DET_OK); /* has none to drop */
    close_ok();
    for (int i = 0; i < little.n; i++) seen[little.group[i] - 'a']++;
    for (int g = 0; g < 3; g++) CHECK(seen[g] > little.n / 5);
    CHECK_INT(seen[3], 1);
}

static void what_is_only_retained_yields_before_anything_is_dropped(void) {
    open_ok(4096, DET_DROP_OLDEST);
    for (int i = 0; i < 300; i++) {
        CHECK_INT(report("training", 1), DET_OK); /* one step: all are retained */
        CHECK_INT(det_run(&core, 1000), DET_OK);
    }
    CHECK(stats().outbox_len > 0);
    CHECK_INT(stats().dropped_oldest, 0);
    close_ok();
}

/* The master takes reports and says nothing: they are under way and stay, newer ones go, and no room is a refusal. */
static void reports_under_way_are_never_dropped(void) {
    int full = 0;
    open_ok(6000, DET_DROP_OLDEST);
    little.silent = 1;
    for (int i = 0; i < 8; i++) CHECK_INT(report("training", i), DET_OK);
    CHECK_INT(det_run(&core, 100), DET_E_AGAIN);
    CHECK_INT(little.n, 8);
    for (int i = 8; i < 500; i++) CHECK_INT(report("training", i), DET_OK);
    CHECK(stats().dropped_oldest > 400);
    for (int i = 0; i < 100; i++) {
        CHECK_INT(det_run(&core, 10), DET_E_AGAIN);
        full += report("training", 500 + i) == DET_E_SPACE;
    }
    CHECK(full > 50 || DET_PIPELINE < 64); /* else more are queued than under way, and these are dropped */
    det_stats st = stats();
    CHECK_INT(st.queued, st.dropped_oldest + st.pending);
    CHECK_INT(little.n, st.pending < DET_PIPELINE ? st.pending : DET_PIPELINE);
    for (int i = 0; i < 8; i++) CHECK_INT(little.steps[i], i);
    det_session_free(&core.session);
    CHECK_INT(fake_free(&fp), 0);
}

/* Rewound reports may have been stored: they go again, those that never went are dropped. */
static void reports_that_were_sent_before_are_never_dropped(void) {
    open_ok(6000, DET_DROP_OLDEST);
    little.cut = 1;
    for (int i = 0; i < 8; i++) CHECK_INT(report("training", i), DET_OK);
    CHECK_INT(det_run(&core, 10000), DET_OK);
    CHECK_INT(little.run_id, 2);
    little.cut = 1;
    for (int i = 8; i < 16; i++) CHECK_INT(report("training", i), DET_OK);
    for (int i = 0; i < 200 && stats().resent < 16; i++) (void)det_run(&core, 1);
    for (int i = 16; i < 500; i++) CHECK_INT(report("training", i), DET_OK);
    close_ok();
    for (int i = 0; i < 16; i++) CHECK_INT(little.steps[i], i);
    CHECK_INT(little.steps[little.n - 1], 499);
}

#if DET_SPOOL
static int storage_full;
static int (*real_append)(void *ctx, const void *head, size_t head_len, const void *data, size_t n);

static int append(void *ctx, const void *head, size_t head_len, const void *data, size_t n) {
    return storage_full ? DET_E_SPACE : real_append(ctx, head, head_len, data, n);
}

/* What is on its way to the spool and finds the storage full. */
static void with_a_spool_it_is_what_has_not_been_stored(void) {
    static const char step_of[] = "\"x\":";
    static fake_spool sp;
    int rows = 0;
    fake_spool_init(&sp, FAKE_DISK);
    real_append = sp.spool.append;
    sp.spool.append = append;
    prepare(6000, DET_DROP_OLDEST);
    opt.spool = &sp.spool;
    opt.offline = 1;
    CHECK_INT(det_open(&core, &opt), DET_OK);
    for (int i = 0; i < 1000; i++) {
        storage_full = i >= 5;
        CHECK_INT(report("training", i), DET_OK);
        if (i % 7 == 0) (void)det_step(&core);
    }
    storage_full = 0;
    CHECK_INT(det_close(&core, DET_COMPLETED, 1000), DET_OK);
    det_stats st = stats();
    CHECK(st.dropped_oldest > 900);
    CHECK_INT(st.queued, 1000);
    CHECK_INT(st.spooled, 1000 - st.dropped_oldest);
    for (size_t i = 0; i + sizeof step_of < sizeof sp.mem; i++) rows += memcmp(sp.mem + i, step_of, sizeof step_of - 1) == 0;
    CHECK_INT(rows, st.spooled);
    CHECK_INT(fake_free(&fp), 0);
}
#endif

static void a_report_that_never_fits_drops_nothing(void) {
    static char big[5000];
    memset(big, 'x', sizeof big - 1);
    for (int policy = DET_REFUSE; policy <= DET_THIN; policy++) {
        det_metric m = det_metric_string("s", big);
        open_ok(6000, policy);
        for (int i = 0; i < 20; i++) CHECK_INT(report("training", i), DET_OK);
        CHECK_INT(det_report_training_metrics(&core, 20, &m, 1), DET_E_SIZE);
        close_ok();
        CHECK_INT(little.n, 20);
    }
}

/* One that fits an empty outbox: drop-oldest drops all for it, thinning would not make the room and drops nothing. */
static void a_large_report_takes_the_room_of_many(void) {
    static char large[3000];
    memset(large, 'x', sizeof large - 1);
    det_metric m = det_metric_string("s", large);
    open_ok(6000, DET_DROP_OLDEST);
    for (int i = 0; i < 100; i++) CHECK_INT(report("training", i), DET_OK);
    CHECK_INT(det_report_training_metrics(&core, 100, &m, 1), DET_OK);
    close_ok();
    CHECK_INT(little.steps[little.n - 1], 100);
    open_ok(6000, DET_THIN);
    while (stats().outbox_len < stats().outbox_cap - 64) CHECK_INT(report("training", (int)stats().queued), DET_OK);
    CHECK_INT(det_report_training_metrics(&core, 100, &m, 1), DET_E_SPACE);
    CHECK_INT(stats().thinned, 0);
    close_ok();
}

static void an_unknown_policy_is_refused(void) {
    prepare(4096, DET_THIN + 1);
    CHECK_INT(det_open(&core, &opt), DET_E_ARG);
    opt.when_full = -1;
    CHECK_INT(det_open(&core, &opt), DET_E_ARG);
    CHECK_INT(fake_free(&fp), 0);
}

/* Random groups, sizes, stalls and cuts: nothing is lost but what is counted, and what arrives does so in order. */
static void whatever_happens_the_books_balance(void) {
    static const char *const groups[] = {"training", "validation", "custom", "gpu"};
    static char text[400];
    memset(text, 'y', sizeof text - 1);
    for (int round = 0; round < 240; round++) {
        int32_t steps = 0, accepted = 0, most = -1;
        open_ok(4096 + draw(4096), round % 4);
        for (int i = 0; i < 300; i++) {
            size_t len = draw(8) ? draw(20) : draw(400);
            det_metric m = det_metric_string("s", text + sizeof text - 1 - len);
            const char *group = groups[draw(8) ? 0 : 2 + draw(2)];
            steps += (int32_t)draw(3);
            accepted += det_report_metrics(&core, group, steps, &m, 1) == DET_OK;
            if (!draw(60)) CHECK(det_run(&core, 1 + draw(6)) <= 0);
            if (!draw(100)) little.cut = 1;
        }
        little.cut = 0;
        (void)det_close(&core, DET_COMPLETED, 60000);
        det_stats st = stats();
        CHECK_INT(accepted, st.queued + st.dropped_newest);
        CHECK_INT(st.pending, 0);
        CHECK_INT(st.queued, st.acknowledged + st.unsure + st.dropped_oldest + st.thinned + st.refused);
        CHECK_INT(st.refused, 0);
        CHECK_INT(told, st.unsure);
        if (!st.joined && !st.unsure && !st.doubtful) CHECK_INT(little.n, st.acknowledged);
        for (int i = 0; i < little.n && !st.doubtful; i++) { /* this master cannot be asked */
            if (little.group[i] == 'g') continue;
            CHECK(little.steps[i] >= most);
            most = little.steps[i];
        }
        CHECK_INT(fake_free(&fp), 0);
    }
}

static const unit_test tests[] = {
    TEST(the_ring_closes_its_gaps_whatever_was_dropped),
    TEST(what_was_dropped_is_room_at_once),
    TEST(by_default_a_full_outbox_refuses),
    TEST(drop_oldest_keeps_the_newest_without_a_gap),
    TEST(drop_newest_keeps_the_oldest_and_says_so),
    TEST(thinning_keeps_the_shape_of_a_curve),
    TEST(thinning_drops_every_second_the_first_time),
    TEST(reports_of_one_step_are_thinned_too),
    TEST(a_group_that_floods_pays_and_the_rare_one_stays),
    TEST(without_a_majority_each_group_pays_for_itself),
    TEST(what_is_only_retained_yields_before_anything_is_dropped),
    TEST(reports_under_way_are_never_dropped),
    TEST(reports_that_were_sent_before_are_never_dropped),
#if DET_SPOOL
    TEST(with_a_spool_it_is_what_has_not_been_stored),
#endif
    TEST(a_report_that_never_fits_drops_nothing),
    TEST(a_large_report_takes_the_room_of_many),
    TEST(an_unknown_policy_is_refused),
    TEST(whatever_happens_the_books_balance),
};
UNIT_MAIN(tests)
