/* SPDX-License-Identifier: Apache-2.0
 * Records in a spool, on a RAM disk and on NOR flash: power cut at every byte written, twice in a row, every bit damaged,
 * failing and short reads. What put() called stored is there, in order, and nothing comes out that was not put in. */
#include "core/spool.h"
#include "fake_spool.h"
#include "unit.h"

enum { ROOM = 400, MANY = 64 };

static fake_spool disk;
static unsigned long scenarios;

/* Record i: its length, fields and bytes follow from i. */
static det__spooled record(int i, char *payload) {
    static const uint16_t len[] = {0, 1, 27, 200, 28, 64, 36, 3, 100, 65};
    det__spooled h;
    memset(&h, 0, sizeof h);
    h.len = len[i % 10];
    h.steps = i % 3 ? i * 1000003 : -i;
    h.utc = 0x5F000000u + (uint32_t)i;
    h.run = 0x80000000u + (uint32_t)i;
    h.kind = (uint8_t)(i % 250 + 1);
    h.group_len = (uint16_t)(h.len / 2);
    for (uint32_t k = 0; k < h.len; k++) payload[k] = (char)(' ' + (i * 7 + (int)k) % 90);
    return h;
}

static int put(fake_spool *f, int i) {
    char payload[ROOM];
    det__spooled h = record(i, payload);
    return det__spool_put(&f->spool, &h, h.len ? payload : NULL);
}

static int same(const det__spooled *a, const det__spooled *b) {
    return a->len == b->len && a->steps == b->steps && a->utc == b->utc && a->run == b->run &&
           a->group_len == b->group_len && a->kind == b->kind;
}

/* Number of the record taken, which must be one of ours, or the error. */
static int take(fake_spool *f, uint64_t *pos, uint32_t *damaged) {
    char got[ROOM], want[ROOM];
    det__spooled h;
    for (;;) {
        uint64_t before = *pos;
        int code = det__spool_get(&f->spool, pos, &h, got, sizeof got, damaged);
        CHECK(*pos >= before);
        if (code == DET_E_AGAIN && *pos != before) {
            CHECK(*pos - before <= ROOM + 512 + 64);
            continue;
        }
        if (code) return code;
        break;
    }
    int i = (int)(h.run - 0x80000000u);
    det__spooled w = record(i, want);
    CHECK(same(&h, &w) && memcmp(got, want, w.len) == 0);
    return i;
}

static uint64_t first_of(fake_spool *f) {
    uint64_t first = 1, end = 0;
    CHECK_INT(f->spool.discard(f->spool.ctx, 0, &first, &end), DET_OK);
    CHECK(first <= end);
    return first;
}

/* Every record from first on, each at most once and in order; counts them into seen[]. */
static uint32_t take_all(fake_spool *f, unsigned char *seen) {
    uint64_t pos = first_of(f), end;
    uint32_t damaged = 0;
    int last = -1, i;
    memset(seen, 0, MANY);
    while ((i = take(f, &pos, &damaged)) >= 0 && i < MANY) {
        CHECK(i > last);
        last = i;
        seen[i] = 1;
    }
    CHECK_INT(i, DET_E_AGAIN);
    f->spool.discard(f->spool.ctx, 0, &end, &end);
    CHECK(pos == end);
    return damaged;
}

static void records_come_back_in_order(void) {
    for (int kind = FAKE_DISK; kind <= FAKE_NOR; kind++) {
        unsigned char seen[MANY];
        fake_spool_init(&disk, kind);
        for (int i = 0; i < 20; i++) CHECK_INT(put(&disk, i), DET_OK);
        for (int boots = 0; boots < 2; boots++, fake_spool_boot(&disk)) {
            CHECK_INT(take_all(&disk, seen), 0);
            for (int i = 0; i < MANY; i++) CHECK_INT(seen[i], i < 20);
        }
    }
}

static void one_append_each(void) {
    fake_spool_init(&disk, FAKE_DISK);
    for (int i = 0; i < 10; i++) put(&disk, i);
    CHECK_INT(disk.appends, 10);
}

/* The bytes of storage are a promise: other machines and later versions read them. */
static void the_bytes_are_these(void) {
    static const unsigned char want[] = {
        0xFE, 0xD7, 0x01, 0x02, 0x03, 0x00, 0x7E, 0xC2, 0x04, 0x03, 0x02, 0x01, 0x78, 0x56,
        0x34, 0x12, 0x07, 0x00, 0x00, 0x00, 0x4E, 0x1D, 0x14, 0x1E, 0x05, 0x00, 0x00, 0x00,
        0x61, 0x62, 0x00, 0x7B, 0x7D,
    };
    det__spooled h = {5, 0x01020304, 0x12345678, 7, 3, DET__SPOOL_METRICS};
    fake_spool_init(&disk, FAKE_DISK);
    CHECK_INT(det__spool_put(&disk.spool, &h, "ab\0{}"), DET_OK);
    CHECK_INT(disk.end, sizeof want);
    CHECK(memcmp(disk.mem, want, sizeof want) == 0);
}

static void what_cannot_be_stored_is_refused(void) {
    det__spooled h = {2, 0, 0, 0, 0, 1};
    fake_spool_init(&disk, FAKE_DISK);
    CHECK_INT(det__spool_put(&disk.spool, &h, "a\xff"), DET_E_ARG);
    h.group_len = 3;
    CHECK_INT(det__spool_put(&disk.spool, &h, "ab"), DET_E_ARG);
    h.group_len = 0;
    h.len = DET__SPOOL_MAX + 1;
    CHECK_INT(det__spool_put(&disk.spool, &h, "ab"), DET_E_SIZE);
    CHECK_INT(disk.appends, 0);
    int i = 0, code;
    while ((code = put(&disk, i)) == DET_OK) i++;
    CHECK_INT(code, DET_E_SPACE);
    CHECK(i > 40);
}

static void a_small_buffer_is_told_the_size(void) {
    char got[ROOM], want[ROOM];
    uint64_t pos = 0;
    uint32_t damaged = 0;
    det__spooled h, w = record(3, want);
    fake_spool_init(&disk, FAKE_NOR);
    put(&disk, 3);
    put(&disk, 4);
    CHECK_INT(det__spool_get(&disk.spool, &pos, &h, got, w.len - 1, &damaged), DET_E_SIZE);
    CHECK_INT(h.len, w.len);
    CHECK_INT(take(&disk, &pos, &damaged), 4); /* behind it */
    pos = 0;
    CHECK_INT(det__spool_get(&disk.spool, &pos, &h, got, w.len, &damaged), DET_OK);
    pos = 0;
    fake_spool_flip(&disk, 100, 1); /* a damaged one is not told, whatever the room */
    CHECK_INT(det__spool_get(&disk.spool, &pos, &h, NULL, 0, &damaged), DET_E_AGAIN);
    CHECK(pos > 0);
}

static void the_end_stays_the_end(void) {
    uint64_t pos = 0;
    uint32_t damaged = 0;
    fake_spool_init(&disk, FAKE_DISK);
    CHECK_INT(take(&disk, &pos, &damaged), DET_E_AGAIN);
    for (int i = 0; i < 20; i++) {
        CHECK_INT(put(&disk, i), DET_OK);
        CHECK_INT(take(&disk, &pos, &damaged), i);
        CHECK_INT(take(&disk, &pos, &damaged), DET_E_AGAIN);
    }
    CHECK_INT(damaged, 0);
}

/* ---- damage ------------------------------------------------------------------------------------------------------ */

static void every_bit_of_every_byte_damaged(void) {
    unsigned char seen[MANY];
    for (int kind = FAKE_DISK; kind <= FAKE_NOR; kind++) {
        fake_spool_init(&disk, kind);
        for (int i = 0; i < 12; i++) put(&disk, i);
        for (uint64_t at = 0; at < disk.end; at++)
            for (unsigned bits = 1; bits <= 256; bits *= 2, scenarios++) {
                unsigned flip = bits == 256 ? 0xFF : bits;
                fake_spool_flip(&disk, at, flip);
                take_all(&disk, seen);
                int lost = 0;
                for (int i = 0; i < 12; i++) lost += !seen[i];
                CHECK(lost <= 1);
                fake_spool_flip(&disk, at, flip);
            }
    }
}

static void damaged_bytes_are_counted(void) {
    unsigned char seen[MANY];
    fake_spool_init(&disk, FAKE_DISK);
    for (int i = 0; i < 12; i++) put(&disk, i);
    fake_spool_flip(&disk, 28, 2);      /* record 1, 29 bytes */
    CHECK_INT(take_all(&disk, seen), 29);
    CHECK(seen[0] && !seen[1] && seen[2]);
    fake_spool_flip(&disk, 28 + 29, 2); /* and record 2, 55 bytes */
    CHECK_INT(take_all(&disk, seen), 29 + 55);
    CHECK(seen[0] && !seen[2] && seen[3]);
}

static void other_versions_are_passed_over(void) {
    unsigned char seen[MANY];
    fake_spool_init(&disk, FAKE_DISK);
    for (int i = 0; i < 3; i++) put(&disk, i);
    fake_spool_flip(&disk, 28 + 2, 3);
    CHECK_INT(take_all(&disk, seen), 29);
    CHECK(seen[0] && !seen[1] && seen[2]);
}

static uint32_t state = 1;
static uint32_t any(void) {
    state ^= state << 13;
    state ^= state >> 17;
    return state ^= state << 5;
}

/* Garbage between records, of magics and heads cut short above all. */
static void garbage_of_every_length_between_records(void) {
    char head[28];
    fake_spool_init(&disk, FAKE_DISK);
    put(&disk, 9);
    memcpy(head, disk.mem, 28);
    for (size_t n = 0; n < 1500; n++, scenarios++) {
        char rubbish[1500];
        unsigned char seen[MANY];
        for (size_t i = 0; i < n; i++) {
            char pick[3];
            pick[0] = head[i % 28];
            pick[1] = "\xFE\xD7"[any() & 1];
            pick[2] = (char)any();
            rubbish[i] = pick[n % 3];
        }
        fake_spool_init(&disk, FAKE_DISK);
        put(&disk, 8);
        disk.spool.append(&disk, rubbish, n, NULL, 0);
        disk.read_max = n % 5 ? 0 : 1 + n % 90;
        put(&disk, 10);
        put(&disk, 11);
        take_all(&disk, seen);
        CHECK(seen[8] && seen[10] && seen[11] && !seen[9]);
    }
}

/* The check of a head spares the read of what only looks like a record. */
static void false_heads_cost_no_read_of_a_payload(void) {
    char head[28] = "\xFE\xD7\x01\x02";
    head[25] = 2; /* 512 bytes of payload */
    fake_spool_init(&disk, FAKE_DISK);
    for (int i = 0; i < 60; i++) disk.spool.append(&disk, head, sizeof head, NULL, 0);
    put(&disk, 5);
    uint64_t pos = 0;
    uint32_t damaged = 0;
    CHECK_INT(take(&disk, &pos, &damaged), 5);
    CHECK_INT(damaged, 60 * 28);
    CHECK(disk.reads <= 60 + 60 * 28 / 512 + 4);
}

/* ---- reads ------------------------------------------------------------------------------------------------------- */

static void short_reads_of_any_length(void) {
    unsigned char seen[MANY];
    for (int kind = FAKE_DISK; kind <= FAKE_NOR; kind++) {
        fake_spool_init(&disk, kind);
        for (int i = 0; i < 20; i++) put(&disk, i);
        for (disk.read_max = 1; disk.read_max < 240; disk.read_max++) {
            CHECK_INT(take_all(&disk, seen), 0);
            for (int i = 0; i < 20; i++) CHECK(seen[i]);
        }
    }
}

static void a_failing_read_loses_nothing(void) {
    uint32_t damaged = 0;
    fake_spool_init(&disk, FAKE_NOR);
    for (int i = 0; i < 12; i++) put(&disk, i);
    fake_spool_flip(&disk, 40, 1); /* in record 1 */
    for (long k = 0; k < 60; k++) {
        uint64_t pos = 0;
        int next = 0, code;
        disk.fail_read = k;
        while ((code = take(&disk, &pos, &damaged)) != DET_E_AGAIN) {
            if (code == DET_E_IO) continue;
            if (next == 1) next++;
            CHECK_INT(code, next++);
        }
        CHECK_INT(next, 12);
    }
}

/* ---- power ------------------------------------------------------------------------------------------------------- */

/* Records go in, up to six stay, the rest is discarded as it goes. Remembers what put() promised and what was let go. */
typedef struct work {
    unsigned char ok[MANY], gone[MANY], maybe[MANY];
    uint64_t behind[MANY];
} work;

static int some(work *w, fake_spool *f, int from, int to) {
    for (int i = from; i < to; i++) {
        uint64_t first, end;
        w->maybe[i] = 1;
        if (put(f, i)) return i + 1;
        w->ok[i] = 1;
        if (f->spool.discard(f->spool.ctx, 0, &first, &end)) return i + 1;
        w->behind[i] = end;
        if (i % 3 || i < 6) continue;
        for (int k = 0; k <= i - 6; k++) w->gone[k] = 1;
        if (w->behind[i - 6] && f->spool.discard(f->spool.ctx, w->behind[i - 6], &first, &end)) return i + 1;
    }
    return to;
}

static void check(const work *w, fake_spool *f) {
    unsigned char seen[MANY];
    take_all(f, seen);
    for (int i = 0; i < MANY; i++) {
        CHECK(seen[i] || !w->ok[i] || w->gone[i]);
        CHECK(!seen[i] || w->maybe[i]);
    }
}

static void power_cut_at_every_byte(void) {
    for (int kind = FAKE_DISK; kind <= FAKE_NOR; kind++)
        for (long cut = 0;; cut++, scenarios++) {
            work w;
            memset(&w, 0, sizeof w);
            fake_spool_init(&disk, kind);
            disk.noise = (uint32_t)cut * 2654435761u | 1;
            disk.power = cut;
            int next = some(&w, &disk, 0, 40);
            int done = disk.power > 0;
            fake_spool_boot(&disk);
            check(&w, &disk);
            uint64_t before = disk.end;
            next = some(&w, &disk, next, next + 9);
            CHECK(disk.end > before && disk.end - disk.first <= disk.end);
            check(&w, &disk);
            fake_spool_boot(&disk);
            check(&w, &disk);
            if (done) break;
        }
}

static void power_cut_again_at_every_byte_after_a_cut(void) {
    for (int kind = FAKE_DISK; kind <= FAKE_NOR; kind++)
        for (long cut = 0; cut < 4000; cut += 61)
            for (long again = 0; again < 700; again += 1 + cut % 3, scenarios++) {
                work w;
                memset(&w, 0, sizeof w);
                fake_spool_init(&disk, kind);
                disk.noise = (uint32_t)(cut + again) * 2654435761u | 1;
                disk.power = cut;
                int next = some(&w, &disk, 0, 40);
                fake_spool_boot(&disk);
                disk.power = again;
                next = some(&w, &disk, next, next + 10);
                fake_spool_boot(&disk);
                check(&w, &disk);
                some(&w, &disk, next, next + 8);
                fake_spool_boot(&disk);
                check(&w, &disk);
            }
}

/* A position read once must not mean something else after all of the log was let go and the power was off. */
static void positions_are_never_used_again(void) {
    for (int kind = FAKE_DISK; kind <= FAKE_NOR; kind++) {
        uint64_t last = 0, first, end;
        fake_spool_init(&disk, kind);
        for (int i = 0; i < 2000; i++) {
            CHECK_INT(put(&disk, i % 60), DET_OK);
            CHECK(disk.end > last);
            last = disk.end;
            CHECK_INT(disk.spool.discard(&disk, UINT64_MAX, &first, &end), DET_OK);
            fake_spool_boot(&disk);
            CHECK(disk.end >= last && disk.end - disk.first < 2 * FAKE_SPOOL_BLOCK);
        }
    }
}

static void print_scenarios(void) {
    printf("%lu scenarios of cuts, flips and garbage\n", scenarios);
}

static const unit_test tests[] = {
    TEST(records_come_back_in_order),
    TEST(one_append_each),
    TEST(the_bytes_are_these),
    TEST(what_cannot_be_stored_is_refused),
    TEST(a_small_buffer_is_told_the_size),
    TEST(the_end_stays_the_end),
    TEST(every_bit_of_every_byte_damaged),
    TEST(damaged_bytes_are_counted),
    TEST(other_versions_are_passed_over),
    TEST(garbage_of_every_length_between_records),
    TEST(false_heads_cost_no_read_of_a_payload),
    TEST(short_reads_of_any_length),
    TEST(a_failing_read_loses_nothing),
    TEST(power_cut_at_every_byte),
    TEST(power_cut_again_at_every_byte_after_a_cut),
    TEST(positions_are_never_used_again),
    TEST(print_scenarios),
};
UNIT_MAIN(tests)
