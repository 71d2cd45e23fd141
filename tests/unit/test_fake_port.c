/* SPDX-License-Identifier: Apache-2.0
 * The fake port itself: what other tests lean on has to hold. */
#include "fake_port.h"
#include "unit.h"

static fake_port fp;
static det_conn conn;

static void start(const fake_script *s, size_t n) {
    fake_init(&fp, s, n);
    memset(&conn, 0, sizeof conn);
}

static int dial(void) {
    memset(&conn, 0, sizeof conn);
    return fp.port.open(fp.port.ctx, &conn, "h", 80, 1000);
}

static int put(const char *s) {
    return fp.port.send(fp.port.ctx, &conn, s, strlen(s));
}

static int get(char *buf, size_t cap) {
    int n = fp.port.recv(fp.port.ctx, &conn, buf, cap);
    if (n >= 0) buf[n] = 0;
    return n;
}

static void pause_ms(uint32_t ms, int events) {
    det_wait w = {conn.handle, events};
    CHECK_INT(fp.port.wait(fp.port.ctx, &w, 1, ms), DET_OK);
}

static void hang_up(void) {
    fp.port.close(fp.port.ctx, &conn);
}

static void replies_come_after_their_bytes_and_their_delay(void) {
    static const fake_reply r[] = {{.after_sent = 3, .data = "one"}, {.delay_ms = 50, .data = "two", .then = FAKE_CLOSE}};
    static const fake_script s = {.reply = r, .replies = 2};
    char b[16];
    start(&s, 1);
    CHECK_INT(dial(), DET_OK);
    CHECK_INT(put("ab"), 2);
    CHECK_INT(get(b, 8), DET_E_AGAIN);
    CHECK_INT(put("c"), 1);
    CHECK_INT(get(b, 8), 3);
    CHECK_STR(b, "one");
    CHECK_INT(get(b, 8), DET_E_AGAIN);
    uint32_t t = fp.now_ms;
    pause_ms(1000, DET_WANT_READ);
    CHECK_INT(fp.now_ms - t, 50);
    CHECK_INT(get(b, 8), 3);
    CHECK_INT(get(b, 8), DET_E_CLOSED);
    CHECK_INT(put("swallowed"), 9);
    hang_up();
    hang_up();
    CHECK_STR(fake_sent(&fp, 0), "abcswallowed");
    CHECK_INT(fp.calls[FAKE_CLOSED_], 1);
    CHECK_INT(fp.timeouts, 0);
    CHECK_INT(fake_free(&fp), 0);
}

static void requests_are_counted_with_their_bodies(void) {
    static const fake_reply r[] = {{.after_requests = 1, .data = "1"}, {.after_requests = 2, .data = "2"}};
    static const fake_script s = {.reply = r, .replies = 2};
    char b[16];
    start(&s, 1);
    CHECK_INT(dial(), DET_OK);
    CHECK(put("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab") > 0);
    CHECK_INT(get(b, 8), DET_E_AGAIN);
    CHECK(put("cGET / HTTP/1.1\r\n\r\n") > 0);
    CHECK_INT(get(b, 8), 2);
    CHECK_STR(b, "12");
    CHECK_INT(fake_requests(&fp, -1), 2);
    CHECK_INT(fake_requests(&fp, 1), 0);
    hang_up();
    CHECK_INT(fake_free(&fp), 0);
}

static void limits_splits_and_would_block_hold(void) {
    static const fake_reply r[] = {{.data = "0123456789"}};
    static const fake_script s = {.reply = r, .replies = 1, .recv_max = 4, .recv_split = 2, .send_max = 3, .send_split = 5,
                                  .send_again = 2};
    char b[16];
    start(&s, 1);
    CHECK_INT(dial(), DET_OK);
    CHECK_INT(get(b, 8), 2);
    CHECK_INT(get(b, 8), 4);
    CHECK_INT(get(b, 3), 3);
    CHECK_INT(put("abcdefgh"), 3);
    CHECK_INT(put("defgh"), DET_E_AGAIN);
    CHECK_INT(put("defgh"), 2);
    CHECK_INT(put("fgh"), DET_E_AGAIN);
    CHECK_INT(put("fgh"), 3);
    CHECK_STR(fake_sent(&fp, 0), "abcdefgh");
    hang_up();
    CHECK_INT(fake_free(&fp), 0);
}

static void cuts_fall_on_their_byte(void) {
    static const fake_reply r[] = {{.data = "0123456789"}};
    static const fake_script s[] = {
        {.reply = r, .replies = 1, .recv_end = FAKE_CLOSE, .recv_end_at = 3},
        {.reply = r, .replies = 1, .recv_end = FAKE_RESET, .recv_end_at = 0, .os_error = 104},
        {.send_end = FAKE_RESET, .send_end_at = 2},
        {.send_end = FAKE_CLOSE, .send_end_at = 2},
    };
    char b[16];
    start(s, 4);
    CHECK_INT(dial(), DET_OK);
    CHECK_INT(get(b, 8), 3);
    CHECK_INT(get(b, 8), DET_E_CLOSED);
    hang_up();
    CHECK_INT(dial(), DET_OK);
    CHECK_INT(get(b, 8), DET_E_RESET);
    CHECK_INT(conn.os_error, 104);
    CHECK_INT(put("x"), DET_E_RESET);
    hang_up();
    CHECK_INT(dial(), DET_OK);
    CHECK_INT(put("abc"), 2);
    CHECK_INT(put("c"), DET_E_RESET);
    CHECK_INT(get(b, 8), DET_E_RESET);
    hang_up();
    CHECK_INT(dial(), DET_OK);
    CHECK_INT(put("abc"), 2);
    CHECK_INT(put("c"), DET_E_CLOSED);
    hang_up();
    CHECK_INT(fp.conns, 4);
    CHECK_INT(fp.open_max, 1);
    CHECK_INT(fake_free(&fp), 0);
}

static void opening_takes_time_fails_or_never_ends(void) {
    static const fake_script s[] = {{.open_ms = 30}, {.open_ms = FAKE_NEVER}, {.open_error = DET_E_DNS, .os_error = -2}};
    start(s, 3);
    CHECK_INT(dial(), DET_E_AGAIN);
    CHECK_INT(conn.again_ms, 30);
    uint32_t t = fp.now_ms;
    pause_ms(5000, DET_WANT_WRITE);
    CHECK_INT(fp.now_ms - t, 30);
    CHECK_INT(fp.port.open(fp.port.ctx, &conn, "h", 80, 970), DET_OK);
    hang_up();
    CHECK_INT(dial(), DET_E_AGAIN);
    pause_ms(5000, DET_WANT_WRITE);
    CHECK_INT(fp.port.open(fp.port.ctx, &conn, "h", 80, 0), DET_E_TIMEOUT);
    CHECK_INT(dial(), DET_E_DNS);
    CHECK_INT(conn.os_error, -2);
    CHECK_INT(conn.handle, -1);
    CHECK_INT(dial(), DET_E_DNS); /* the last script repeats */
    CHECK_INT(fp.open_now, 0);
    CHECK_INT(fake_free(&fp), 0);
}

static void the_kth_call_fails_and_only_it(void) {
    char b[8];
    start(NULL, 0);
    fp.fail_kinds = 1u << FAKE_SEND | 1u << FAKE_RECV;
    fp.fail_at = 2;
    fp.fail_more = 1;
    fp.fail_code = DET_E_AGAIN;
    CHECK_INT(dial(), DET_OK);
    CHECK_INT(put("a"), 1);
    CHECK_INT(put("b"), DET_E_AGAIN);
    CHECK_INT(get(b, 1), DET_E_AGAIN);
    CHECK_INT(put("b"), 1);
    fp.counted = 0;
    fp.fail_code = 0;
    CHECK_INT(put("c"), 1);
    CHECK_INT(put("d"), DET_E_RESET);
    hang_up();
    fp.fail_kinds = FAKE_ANY;
    fp.fail_at = 1;
    fp.fail_more = 0;
    fp.counted = 0;
    CHECK_INT(dial(), DET_E_CONNECT);
    fp.counted = 0;
    CHECK_INT(fp.port.entropy(fp.port.ctx, b, 8), DET_E_ENTROPY);
    CHECK_INT(fp.port.entropy(fp.port.ctx, b, 8), DET_OK);
    fp.counted = 0;
    CHECK_INT(fp.port.roots(fp.port.ctx, 0, b, 8), DET_E_IO);
    CHECK_INT(fake_free(&fp), 0);
}

static size_t echo(void *ctx, fake_port *p, int c, const uint8_t *in, size_t n) {
    (void)ctx;
    if (n < 2) return 0;
    fake_put(p, c, 10, in, 2);
    if (in[0] == 'q') fake_end(p, c, 0, FAKE_RESET);
    return 2;
}

static void a_server_in_process_sees_bytes_and_answers(void) {
    static const fake_script s = {.window = 1};
    char b[8];
    start(&s, 0);
    fp.server = echo;
    CHECK_INT(dial(), DET_OK);
    CHECK_INT(put("abcd"), 4);
    CHECK_INT(get(b, 7), DET_E_AGAIN);
    pause_ms(100, DET_WANT_READ);
    CHECK_INT(get(b, 7), 4);
    CHECK_INT(put("qq"), 2);
    pause_ms(100, DET_WANT_READ);
    CHECK_INT(get(b, 7), 2);
    CHECK_INT(get(b, 7), DET_E_RESET);
    hang_up();
    CHECK_INT(fake_free(&fp), 0);
    start(&s, 1);
    fp.server = echo;
    CHECK_INT(dial(), DET_OK);
    CHECK_INT(put("a"), 1); /* the server wants two bytes, the window holds one: full */
    CHECK_INT(put("b"), DET_E_AGAIN);
    pause_ms(100, DET_WANT_WRITE);
    CHECK_INT(fp.timeouts, 1);
    hang_up();
    CHECK_INT(fake_free(&fp), 0);
}

static void wake_ends_a_wait_and_broken_rules_are_told(void) {
    char b[8];
    start(NULL, 0);
    fp.quiet = 1;
    uint32_t t = fp.now_ms;
    fp.port.wake(fp.port.ctx);
    CHECK_INT(fp.port.wait(fp.port.ctx, NULL, 0, 500), DET_OK);
    CHECK_INT(fp.now_ms - t, 0);
    CHECK_INT(fp.port.wait(fp.port.ctx, NULL, 0, 500), DET_OK);
    CHECK_INT(fp.now_ms - t, 500);
    CHECK_INT(put("a"), DET_E_IO);
    CHECK_INT(get(b, 1), DET_E_IO);
    CHECK_INT(dial(), DET_OK);
    CHECK_INT(fp.port.send(fp.port.ctx, &conn, b, 0), DET_E_IO);
    pause_ms(UINT32_MAX, DET_WANT_READ);
    CHECK_INT(fp.broken, 4);
    CHECK_INT(fake_free(&fp), 5); /* and one left open */
}

static void entropy_repeats_and_roots_read_like_a_file(void) {
    char a[9] = "", b[9] = "";
    start(NULL, 0);
    fp.roots = "0123456789";
    CHECK_INT(fp.port.roots(fp.port.ctx, 0, a, 8), 8);
    CHECK_INT(fp.port.roots(fp.port.ctx, 8, a, 8), 2);
    CHECK_INT(fp.port.roots(fp.port.ctx, 10, a, 8), 0);
    CHECK_INT(fp.port.entropy(fp.port.ctx, a, 8), DET_OK);
    CHECK_INT(fake_free(&fp), 0);
    start(NULL, 0);
    CHECK_INT(fp.port.entropy(fp.port.ctx, b, 8), DET_OK);
    CHECK(memcmp(a, b, 8) == 0);
    CHECK_INT(fake_free(&fp), 0);
}

static const unit_test tests[] = {
    TEST(replies_come_after_their_bytes_and_their_delay),
    TEST(requests_are_counted_with_their_bodies),
    TEST(limits_splits_and_would_block_hold),
    TEST(cuts_fall_on_their_byte),
    TEST(opening_takes_time_fails_or_never_ends),
    TEST(the_kth_call_fails_and_only_it),
    TEST(a_server_in_process_sees_bytes_and_answers),
    TEST(wake_ends_a_wait_and_broken_rules_are_told),
    TEST(entropy_repeats_and_roots_read_like_a_file),
};

UNIT_MAIN(tests)
