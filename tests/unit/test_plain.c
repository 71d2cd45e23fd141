/* SPDX-License-Identifier: Apache-2.0
 * The plain stream over the fake port, and what makes and ends a stream. */
#include "fake_port.h"
#include "transport/stream.h"
#include "unit.h"

static fake_port fp;
static det__stream st;
static const det__peer peer = {.host = "h", .port = 8080};

static void start(const fake_script *s, size_t n) {
    fake_init(&fp, s, n);
    CHECK_INT(det__stream_init(&st, &fp.port, &peer, 0), DET_OK);
}

static void stop(void) {
    det__stream_free(&st);
    CHECK_INT(fake_free(&fp), 0);
}

static void bytes_go_out_and_come_in(void) {
    static const fake_reply r[] = {{.after_sent = 4, .data = "pong", .then = FAKE_CLOSE}};
    static const fake_script s = {.reply = r, .replies = 1};
    char b[8] = "";
    start(&s, 1);
    CHECK_INT(st.ops->open(&st, 100), DET_OK);
    CHECK_INT(st.ops->open(&st, 100), DET_OK);
    CHECK_INT(fp.calls[FAKE_OPEN], 1);
    CHECK_INT(st.ops->recv(&st, b, 8), DET_E_AGAIN);
    CHECK_INT(st.ops->wants(&st), DET_WANT_READ);
    CHECK_INT(st.ops->send(&st, "ping", 4), 4);
    CHECK_INT(st.ops->recv(&st, b, 8), 4);
    CHECK_STR(b, "pong");
    CHECK_INT(st.ops->recv(&st, b, 8), DET_E_CLOSED);
    CHECK_INT(st.stage, DET_STAGE_TCP);
    stop();
}

static void an_open_in_progress_wants_to_write(void) {
    static const fake_script s = {.open_ms = 40};
    start(&s, 1);
    CHECK_INT(st.ops->open(&st, 100), DET_E_AGAIN);
    CHECK_INT(st.ops->wants(&st), DET_WANT_WRITE);
    CHECK_INT(st.conn.again_ms, 40);
    CHECK(st.conn.handle >= 0);
    fp.now_ms += 40;
    CHECK_INT(st.ops->open(&st, 60), DET_OK);
    CHECK_INT(st.conn.again_ms, 0);
    stop();
}

static void each_failure_of_open_names_its_stage_and_holds_nothing(void) {
    static const fake_script s[] = {
        {.open_error = DET_E_DNS, .os_error = -2},
        {.open_error = DET_E_CONNECT, .os_error = 111},
        {.open_error = DET_E_IO, .os_error = 24},
        {.open_ms = FAKE_NEVER, .os_error = 110},
    };
    static const int code[] = {DET_E_DNS, DET_E_CONNECT, DET_E_IO, DET_E_AGAIN};
    start(s, 4);
    for (int i = 0; i < 4; i++) {
        CHECK_INT(st.ops->open(&st, 100), code[i]);
        if (i == 3) {
            fp.now_ms += 100;
            CHECK_INT(st.ops->open(&st, 0), DET_E_TIMEOUT);
        }
        CHECK_INT(st.stage, i == 0 ? DET_STAGE_DNS : DET_STAGE_TCP);
        CHECK_INT(st.detail, s[i].os_error);
        CHECK_INT(st.conn.handle, -1);
        CHECK_INT(st.open, 0);
    }
    CHECK_INT(fp.open_now, 0);
    stop();
}

static void close_lets_it_open_again(void) {
    start(NULL, 0);
    st.ops->close(&st);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(st.ops->open(&st, 100), DET_OK);
        st.ops->close(&st);
        CHECK_INT(st.conn.handle, -1);
        st.ops->close(&st);
    }
    CHECK_INT(fp.conns, 3);
    CHECK_INT(fp.open_max, 1);
    stop();
}

static void errors_of_send_and_recv_pass_with_their_number(void) {
    static const fake_script s = {.send_end = FAKE_RESET, .send_end_at = 1, .os_error = 104};
    char b[8];
    start(&s, 1);
    CHECK_INT(st.ops->open(&st, 100), DET_OK);
    CHECK_INT(st.ops->send(&st, "ab", 2), 1);
    CHECK_INT(st.ops->send(&st, "b", 1), DET_E_RESET);
    CHECK_INT(st.stage, DET_STAGE_TCP);
    CHECK_INT(st.detail, 104);
    CHECK_INT(st.ops->recv(&st, b, 8), DET_E_RESET);
    stop();
}

static void a_full_pipe_wants_to_write(void) {
    static const fake_script s = {.send_again = 1};
    start(&s, 1);
    CHECK_INT(st.ops->open(&st, 100), DET_OK);
    CHECK_INT(st.ops->send(&st, "ab", 2), DET_E_AGAIN);
    CHECK_INT(st.ops->wants(&st), DET_WANT_WRITE);
    stop();
}

static int nothing(void *ctx, det_conn *c, void *d, size_t n) {
    (void)ctx, (void)c, (void)d, (void)n;
    return 0;
}

static void a_port_that_returns_zero_is_an_error_not_a_loop(void) {
    char b[8];
    start(NULL, 0);
    fp.port.recv = nothing;
    CHECK_INT(st.ops->open(&st, 100), DET_OK);
    CHECK_INT(st.ops->recv(&st, b, 8), DET_E_IO);
    stop();
}

static void a_port_without_its_functions_is_refused(void) {
    fake_init(&fp, NULL, 0);
    for (int i = 0; i < 6; i++) {
        det_port p = fp.port;
        if (i == 0) p.open = NULL;
        if (i == 1) p.send = NULL;
        if (i == 2) p.recv = NULL;
        if (i == 3) p.close = NULL;
        if (i == 4) p.size = offsetof(det_port, close);
        if (i == 5) p.entropy = NULL;
        CHECK_INT(det__stream_init(&st, &p, &peer, 0), i < 5 ? DET_E_PORT : DET_OK);
        det__stream_free(&st);
        CHECK_INT(det__stream_init(&st, &p, &peer, 1), i == 5 && !DET_TLS ? DET_E_NO_TLS : DET_E_PORT);
        det__stream_free(&st);
    }
    memset(&st, 0, sizeof st);
    det__stream_free(&st); /* zeroed: harmless */
    CHECK_INT(fake_free(&fp), 0);
}

static const unit_test tests[] = {
    TEST(bytes_go_out_and_come_in),
    TEST(an_open_in_progress_wants_to_write),
    TEST(each_failure_of_open_names_its_stage_and_holds_nothing),
    TEST(close_lets_it_open_again),
    TEST(errors_of_send_and_recv_pass_with_their_number),
    TEST(a_full_pipe_wants_to_write),
    TEST(a_port_that_returns_zero_is_an_error_not_a_loop),
    TEST(a_port_without_its_functions_is_refused),
};

UNIT_MAIN(tests)
