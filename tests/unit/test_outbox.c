/* SPDX-License-Identifier: Apache-2.0
 * The outbox ring, alone. */
#include "core/outbox.h"

#include "unit/unit.h"

enum { HEADER = sizeof(det__record) };

/* Add a record of len bytes of fill, as report.c does: behind the newest, else at the start. 1 if there was room. */
static int add(det__outbox *b, size_t len, int fill, int32_t steps) {
    for (int second = 0; second < 2; second++) {
        size_t cap = 0;
        det__record *r = det__outbox_room(b, second, &cap);
        if (!r || cap < len) continue;
        r->steps = steps;
        memset(r + 1, fill, len);
        det__outbox_commit(b, r, len);
        return 1;
    }
    return 0;
}

static int first_is(const det__outbox *b, size_t len, int fill, int32_t steps) {
    const det__record *r = det__outbox_first(b);
    if (!r || r->len != len || r->steps != steps) return 0;
    const char *p = (const char *)(r + 1);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)p[i] != fill) return 0;
    return 1;
}

static void an_empty_ring_has_nothing(void) {
    uint64_t mem[16];
    det__outbox b;
    det__outbox_init(&b, mem, sizeof mem);
    CHECK(det__outbox_first(&b) == NULL);
    det__outbox_pop(&b);
    CHECK_INT(b.count, 0);
    CHECK_INT(b.used, 0);
}

/* As when another thread takes while one writes into the room it was given. */
static void taking_all_while_a_record_is_written_at_the_start_leaves_that_record(void) {
    uint64_t mem[32]; /* three records of 64 bytes and a rest that holds none */
    size_t len = 64 - HEADER, cap;
    det__outbox b;
    det__outbox_init(&b, mem, sizeof mem - 16);
    for (int i = 0; i < 3; i++) CHECK(add(&b, len, i, i));
    det__outbox_set(&b, det__outbox_first(&b), DET__GONE);
    det__outbox_pop(&b);
    det__record *r = det__outbox_room(&b, 1, &cap);
    CHECK(r && cap >= len - 8);
    while (det__outbox_first(&b)) {
        det__outbox_set(&b, det__outbox_first(&b), DET__GONE);
        det__outbox_pop(&b);
    }
    r->steps = 7;
    memset(r + 1, 7, len - 8);
    det__outbox_commit(&b, r, len - 8);
    CHECK(first_is(&b, len - 8, 7, 7));
    CHECK(det__outbox_next(&b) == r);
    CHECK(add(&b, len, 8, 8));
    CHECK(det__outbox_after(&b, r) && det__outbox_after(&b, r)->steps == 8);
}

static void a_record_of_exactly_the_ring_fits_and_one_byte_more_does_not(void) {
    unsigned char *mem = unit_guard(128);
    det__outbox b;
    det__outbox_init(&b, mem, 128);
    CHECK(!add(&b, 128 - HEADER + 1, 1, 0));
    CHECK(add(&b, 128 - HEADER, 2, 7));
    CHECK(!add(&b, 0, 3, 0));
    CHECK(first_is(&b, 128 - HEADER, 2, 7));
    det__outbox_pop(&b);
    CHECK(add(&b, 128 - HEADER, 4, 8));
    unit_guard_free(mem, 128);
}

static void records_come_out_as_they_went_in(void) {
    unsigned char *mem = unit_guard(256);
    det__outbox b;
    det__outbox_init(&b, mem, 256);
    for (int i = 0; i < 200; i++) {
        CHECK(add(&b, (size_t)(i % 40), i & 255, i));
        CHECK(first_is(&b, (size_t)(i % 40), i & 255, i));
        det__outbox_pop(&b);
    }
    unit_guard_free(mem, 256);
}

/* Against a plain queue: random sizes, adds and removals, many rings of many sizes. */
static void it_behaves_as_a_queue_whatever_the_sizes(void) {
    unsigned seed = 12345;
    for (size_t cap = 64; cap <= 1024; cap += 24) {
        unsigned char *mem = unit_guard(cap);
        det__outbox b;
        int32_t in = 0, out = 0;
        static size_t lens[4096];
        det__outbox_init(&b, mem, cap);
        for (int step = 0; step < 3000; step++) {
            seed = seed * 1103515245u + 12345u;
            size_t len = seed >> 16 & 63;
            if (seed >> 28 < 9) {
                if (add(&b, len, in & 255, in)) lens[in++ & 4095] = len;
            } else if (out < in) {
                CHECK(first_is(&b, lens[out & 4095], out & 255, out));
                det__outbox_pop(&b);
                out++;
            }
            CHECK_INT(b.count, in - out);
            CHECK(b.used <= cap);
        }
        while (out < in) {
            CHECK(first_is(&b, lens[out & 4095], out & 255, out));
            det__outbox_pop(&b);
            out++;
        }
        CHECK(b.peak > 0 && b.peak <= cap);
        unit_guard_free(mem, cap);
    }
}

static void a_full_ring_takes_again_what_it_gave(void) {
    unsigned char *mem = unit_guard(512);
    det__outbox b;
    int n = 0, m = 0;
    det__outbox_init(&b, mem, 512);
    while (add(&b, 20, n, n)) n++;
    CHECK(n > 5);
    for (int round = 0; round < 50; round++) {
        CHECK(first_is(&b, 20, m & 255, m));
        det__outbox_pop(&b);
        m++;
        while (add(&b, 20, n & 255, n)) n++;
        CHECK(n - m >= (512 / 48) - 2);
    }
    unit_guard_free(mem, 512);
}

static const unit_test tests[] = {
    TEST(an_empty_ring_has_nothing),
    TEST(taking_all_while_a_record_is_written_at_the_start_leaves_that_record),
    TEST(a_record_of_exactly_the_ring_fits_and_one_byte_more_does_not),
    TEST(records_come_out_as_they_went_in),
    TEST(it_behaves_as_a_queue_whatever_the_sizes),
    TEST(a_full_ring_takes_again_what_it_gave),
};
UNIT_MAIN(tests)
