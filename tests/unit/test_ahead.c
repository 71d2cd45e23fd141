/* SPDX-License-Identifier: Apache-2.0
 * Reading ahead over the fake port: what one recv brings is read in any pieces, and nothing is asked for too early. */
#include "fake_port.h"
#include "transport/ahead.h"
#include "unit.h"

#define SIZE ((size_t)DET_TLS_RX_SIZE)

static fake_port fp;
static det__stream st;
static det__ahead *ahead; /* between guard bytes */
static const det__peer peer = {.host = "h", .port = 8443};
static uint8_t bytes[4 * DET_TLS_RX_SIZE];

static void start(const fake_script *s) {
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7 + i / 251);
    fake_init(&fp, s, 1);
    ahead = (det__ahead *)(void *)unit_guard(sizeof *ahead);
    memset(ahead, 0, sizeof *ahead);
    CHECK_INT(det__stream_init(&st, &fp.port, &peer, 0), DET_OK);
    CHECK_INT(st.ops->open(&st, 100), DET_OK);
}

static void stop(void) {
    det__stream_free(&st);
    unit_guard_free((unsigned char *)ahead, sizeof *ahead);
    CHECK_INT(fake_free(&fp), 0);
}

static void a_header_and_its_body_cost_one_recv(void) {
    static const fake_reply r[] = {{.data = bytes, .len = 105}};
    static const fake_script s = {.reply = r, .replies = 1};
    uint8_t out[256];
    start(&s);
    CHECK_INT(det__ahead_len(ahead), 0);
    CHECK_INT(det__ahead_recv(ahead, &st, out, 5), 5);
    CHECK_INT(det__ahead_len(ahead), 100);
    CHECK_INT(det__ahead_recv(ahead, &st, out + 5, 100), 100);
    CHECK(memcmp(out, bytes, 105) == 0);
    CHECK_INT(det__ahead_len(ahead), 0);
    CHECK_INT(fp.calls[FAKE_RECV], 1);
    CHECK_INT(det__ahead_recv(ahead, &st, out, 5), DET_E_AGAIN);
    CHECK_INT(st.ops->wants(&st), DET_WANT_READ);
    stop();
}

/* Reads of each size up to beyond the buffer, over a connection that gives pieces of each kind. */
static void any_sizes_of_reads_give_the_same_bytes(void) {
    static const size_t piece[] = {1, 2, 3, SIZE - 1, SIZE, SIZE + 1, 0};
    static const fake_reply r[] = {{.data = bytes, .len = sizeof bytes}};
    for (size_t p = 0; p < sizeof piece / sizeof piece[0]; p++)
        for (size_t cap = 1; cap <= SIZE + 2; cap += cap < 8 || cap + 4 > SIZE ? 1 : 41) {
            fake_script s = {.reply = r, .replies = 1, .recv_max = piece[p]};
            size_t at = 0;
            start(&s);
            while (at < sizeof bytes) {
                uint8_t *out = unit_guard(cap);
                int n = det__ahead_recv(ahead, &st, out, cap);
                CHECK(n > 0 && (size_t)n <= cap);
                if (n > 0) CHECK(memcmp(out, bytes + at, (size_t)n) == 0);
                unit_guard_free(out, cap);
                if (n <= 0) break;
                at += (size_t)n;
            }
            CHECK_INT(at, sizeof bytes);
            CHECK_INT(det__ahead_len(ahead), 0);
            stop();
        }
}

static void a_read_as_large_as_the_buffer_passes_by_it(void) {
    static const fake_reply r[] = {{.data = bytes, .len = sizeof bytes}};
    static const fake_script s = {.reply = r, .replies = 1};
    static uint8_t out[sizeof bytes];
    start(&s);
    CHECK_INT(det__ahead_recv(ahead, &st, out, SIZE), SIZE);
    CHECK_INT(det__ahead_len(ahead), 0);
    CHECK_INT(det__ahead_recv(ahead, &st, out, SIZE - 1), SIZE - 1); /* one short: through it */
    CHECK_INT(det__ahead_len(ahead), 1);
    CHECK_INT(det__ahead_recv(ahead, &st, out, sizeof out), 1); /* what lies there comes first */
    CHECK_INT(out[0], bytes[2 * SIZE - 1]);
    CHECK_INT(det__ahead_recv(ahead, &st, out, sizeof out), 2 * SIZE);
    CHECK(memcmp(out, bytes + 2 * SIZE, 2 * SIZE) == 0);
    stop();
}

static void the_end_and_errors_come_after_the_last_byte(void) {
    static const int ends[] = {FAKE_CLOSE, FAKE_RESET}, codes[] = {DET_E_CLOSED, DET_E_RESET};
    for (int i = 0; i < 2; i++) {
        fake_reply r = {.data = bytes, .len = 3, .then = ends[i]};
        fake_script s = {.reply = &r, .replies = 1};
        uint8_t out[8];
        start(&s);
        for (int k = 0; k < 3; k++) CHECK_INT(det__ahead_recv(ahead, &st, out, 1), 1);
        CHECK_INT(det__ahead_recv(ahead, &st, out, 1), codes[i]);
        CHECK_INT(det__ahead_recv(ahead, &st, out, sizeof out), codes[i]);
        CHECK_INT(det__ahead_len(ahead), 0);
        CHECK_INT(st.stage, DET_STAGE_TCP);
        stop();
    }
}

static const unit_test tests[] = {
    TEST(a_header_and_its_body_cost_one_recv),
    TEST(any_sizes_of_reads_give_the_same_bytes),
    TEST(a_read_as_large_as_the_buffer_passes_by_it),
    TEST(the_end_and_errors_come_after_the_last_byte),
};

UNIT_MAIN(tests)
