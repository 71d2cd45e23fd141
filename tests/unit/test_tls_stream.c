/* SPDX-License-Identifier: Apache-2.0
 * The TLS stream without a TLS library: the det__tls_lib_ functions are a fake here, so tls_mbedtls.c is not linked in.
 * When it is made, started, told goodbye and made to forget; names, dates, and what a refusal is called. */
#include "det_config.h"
#include "fake_port.h"
#include "unit.h"

#if DET_TLS
#include "transport/tls.h"

static fake_port fp;
static det__stream st;
static det__peer peer;

/* ---- the fake library -------------------------------------------------------------------------------------------- */

static struct {
    int make_code, start_code, shake_code, io_code; /* what these give; io_code 0: the bytes pass as they are */
    int pending, wants;
    int alert; /* read first sends something */
    unsigned makes, starts, shakes, forgets, notifies, frees;
} lib;

int det__tls_lib_make(det__stream *s) {
    CHECK(s == &st);
    lib.makes++;
    return lib.make_code;
}
void det__tls_free(det__stream *s) {
    lib.frees++;
    memset(s->tls, 0, sizeof s->tls);
}
int det__tls_lib_start(det__stream *s) {
    CHECK(s->open);
    CHECK_INT(det__tls_of(s)->faults, 0);
    CHECK_INT(det__tls_of(s)->no_clock, 0);
    lib.starts++;
    return lib.start_code;
}
int det__tls_lib_shake(det__stream *s) {
    lib.shakes++;
    det__tls_of(s)->faults = 8;
    det__tls_of(s)->no_clock = 1;
    if (lib.shake_code == DET_E_AGAIN) s->wants_ = (uint8_t)lib.wants;
    return lib.shake_code;
}
void det__tls_lib_forget(det__stream *s) {
    CHECK(s->open);
    lib.forgets++;
}
int det__tls_lib_write(det__stream *s, const void *data, size_t len) {
    if (lib.io_code == 0) return det__tls_below_send(s, data, len);
    s->wants_ = (uint8_t)lib.wants;
    return lib.io_code;
}
int det__tls_lib_read(det__stream *s, void *data, size_t cap) {
    if (lib.alert) return det__tls_below_send(s, "alert", 5);
    return lib.io_code ? lib.io_code : det__tls_below_recv(s, data, cap);
}
int det__tls_lib_pending(const det__stream *s) {
    CHECK(s == &st);
    return lib.pending;
}
void det__tls_lib_notify(det__stream *s) {
    CHECK(s->open);
    lib.notifies++;
}

static void start(const fake_script *s, size_t n) {
    memset(&lib, 0, sizeof lib);
    memset(&peer, 0, sizeof peer);
    peer.host = "h";
    peer.port = 8443;
    fake_init(&fp, s, n);
    CHECK_INT(det__stream_init(&st, &fp.port, &peer, 1), DET_OK);
}

static void stop(void) {
    det__stream_free(&st);
    CHECK_INT(lib.frees, 1 + (lib.make_code != DET_OK));
    CHECK_INT(fake_free(&fp), 0);
}

/* ---- names, dates, refusals -------------------------------------------------------------------------------------- */

static void addresses_are_told_from_names(void) {
    static const char *const address[] = {"127.0.0.1", "10.1", "::1", "fe80::1%eth0", "2001:db8::1.2.3.4", "1"};
    static const char *const name[] = {"localhost", "1.example", "127.0.0.1.nip.io", "a", "x--1"};
    for (size_t i = 0; i < sizeof address / sizeof address[0]; i++) CHECK_INT(det__tls_is_address(address[i]), 1);
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) CHECK_INT(det__tls_is_address(name[i]), 0);
}

static void the_name_to_check_is_the_override_or_the_host(void) {
    start(NULL, 0);
    st.peer.host = "localhost";
    CHECK_STR(det__tls_name(&st), "localhost");
    CHECK(!det__tls_name_differs(&st));
    st.peer.name = "localhost"; /* an override, even to the same */
    CHECK(det__tls_name_differs(&st));
    st.peer.name = "master.example";
    CHECK_STR(det__tls_name(&st), "master.example");
    CHECK(det__tls_name_differs(&st));
    st.peer.name = NULL;
    st.peer.host = "10.0.0.1";
    CHECK_STR(det__tls_name(&st), "10.0.0.1");
    CHECK(det__tls_name_differs(&st));
    stop();
}

static void dates_go_by_the_port_s_clock_and_include_both_ends(void) {
    static const struct {
        int64_t now;
        uint32_t faults;
    } at[] = {{-1, DET__BAD_FUTURE}, {0, 0}, {50, 0}, {100, 0}, {101, DET__BAD_EXPIRED}, {-100, DET__BAD_FUTURE}};
    const int64_t y2020 = 1577836800;
    start(NULL, 0);
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        fp.utc_s = y2020 + at[i].now;
        CHECK_INT(det__tls_check_dates(&st, y2020, y2020 + 100), at[i].faults);
    }
    CHECK_INT(det__tls_of(&st)->no_clock, 0);
    CHECK_INT(det__tls_check_dates(&st, -200, -100), DET__BAD_EXPIRED);
    static const int64_t unset[] = {DET_UTC_UNKNOWN, 0, 150, 946684800}; /* the last one is 2000-01-01 */
    for (size_t i = 0; i < sizeof unset / sizeof unset[0]; i++) {
        det__tls_of(&st)->no_clock = 0;
        fp.utc_s = unset[i];
        CHECK_INT(det__tls_check_dates(&st, 100, 200), DET__BAD_FUTURE);
        CHECK_INT(det__tls_of(&st)->no_clock, 1);
    }
    fp.port.utc_s = NULL;
    det__tls_of(&st)->no_clock = 0;
    CHECK_INT(det__tls_check_dates(&st, 100, 200), DET__BAD_FUTURE);
    CHECK_INT(det__tls_of(&st)->no_clock, 1);
    stop();
}

static void trust_comes_before_name_before_clock_before_dates(void) {
    start(NULL, 0);
    det__tls *t = det__tls_of(&st);
    for (unsigned i = 0; i < 64; i++) {
        t->faults = (i & 1 ? DET__BAD_EXPIRED : 0) | (i & 2 ? DET__BAD_FUTURE : 0) | (i & 4 ? DET__BAD_NAME : 0) |
                    (i & 8 ? DET__BAD_TRUST : 0) | (i & 16 ? 0x8000u : 0);
        t->no_clock = i >= 32;
        int want = i & 24 ? DET_E_TRUST : i & 4 ? DET_E_NAME : i & 32 ? DET_E_CLOCK : DET_E_EXPIRED;
        CHECK_INT(det__tls_refuse(&st), want);
        CHECK_INT(st.stage, DET_STAGE_TLS);
        CHECK_INT(st.detail, t->faults);
    }
    stop();
}

/* ---- opening and closing ----------------------------------------------------------------------------------------- */

static void it_is_made_once_and_started_once_per_connection(void) {
    static const fake_script s = {0};
    start(&s, 1);
    for (unsigned i = 1; i <= 3; i++) {
        lib.shake_code = DET_E_AGAIN;
        lib.wants = i & 1 ? DET_WANT_READ : DET_WANT_WRITE;
        for (int k = 0; k < 3; k++) {
            CHECK_INT(st.ops->open(&st, 100), DET_E_AGAIN);
            CHECK_INT(st.ops->wants(&st), lib.wants);
        }
        lib.shake_code = DET_OK;
        CHECK_INT(st.ops->open(&st, 0), DET_OK);
        CHECK_INT(st.ops->open(&st, 0), DET_OK);
        CHECK_INT(lib.shakes, 4 * i);
        CHECK_INT(lib.starts, i);
        CHECK_INT(fp.conns, i);
        st.ops->close(&st);
        st.ops->close(&st);
        CHECK_INT(lib.notifies, i);
    }
    CHECK_INT(lib.makes, 1);
    CHECK_INT(lib.forgets, 0);
    stop();
}

static void what_cannot_be_made_is_freed_and_tried_again(void) {
    static const fake_script s = {0};
    start(&s, 1);
    lib.make_code = DET_E_HEAP;
    CHECK_INT(st.ops->open(&st, 100), DET_E_HEAP);
    CHECK_INT(lib.frees, 1);
    CHECK_INT(fp.conns, 0);
    lib.make_code = DET_OK;
    CHECK_INT(st.ops->open(&st, 100), DET_OK);
    CHECK_INT(lib.makes, 2);
    lib.make_code = DET_E_HEAP; /* for stop() */
    stop();
}

static void a_failed_handshake_closes_and_forgets_the_session(void) {
    static const fake_script s = {0};
    static const int codes[] = {DET_E_TLS, DET_E_TRUST, DET_E_RESET, DET_E_HEAP};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        for (int at_start = 0; at_start < 2; at_start++) {
            start(&s, 1);
            lib.start_code = at_start ? codes[i] : DET_OK;
            lib.shake_code = codes[i];
            CHECK_INT(st.ops->open(&st, 100), codes[i]);
            CHECK_INT(lib.shakes, !at_start);
            CHECK_INT(lib.forgets, 1);
            CHECK_INT(lib.notifies, 0);
            CHECK_INT(fp.open_now, 0);
            lib.start_code = lib.shake_code = DET_OK;
            CHECK_INT(st.ops->open(&st, 100), DET_OK);
            CHECK_INT(lib.makes, 1);
            CHECK_INT(lib.starts, 2);
            stop();
        }
}

static void a_handshake_that_takes_too_long_is_a_timeout_of_tls(void) {
    static const fake_script s = {0};
    start(&s, 1);
    lib.shake_code = DET_E_AGAIN;
    CHECK_INT(st.ops->open(&st, 1), DET_E_AGAIN);
    CHECK_INT(st.ops->open(&st, 0), DET_E_TIMEOUT);
    CHECK_INT(st.stage, DET_STAGE_TLS);
    CHECK_INT(st.detail, 0);
    CHECK_INT(lib.forgets, 1);
    CHECK_INT(fp.open_now, 0);
    stop();
}

static void a_connection_that_fails_is_tcp_s_and_forgets_nothing(void) {
    static const fake_script s[] = {{.open_error = DET_E_CONNECT, .os_error = 111}, {.open_ms = 5}};
    start(s, 2);
    CHECK_INT(st.ops->open(&st, 100), DET_E_CONNECT);
    CHECK_INT(st.stage, DET_STAGE_TCP);
    CHECK_INT(st.detail, 111);
    CHECK_INT(lib.forgets + lib.starts, 0);
    CHECK_INT(st.ops->open(&st, 100), DET_E_AGAIN); /* still TCP's */
    CHECK_INT(st.ops->wants(&st), DET_WANT_WRITE);
    CHECK_INT(lib.starts, 0);
    fp.now_ms += 5;
    CHECK_INT(st.ops->open(&st, 100), DET_OK);
    stop();
}

static void goodbye_is_said_only_where_nothing_is_broken(void) {
    static const fake_script s = {0};
    static const int codes[] = {DET_E_AGAIN, DET_E_CLOSED, DET_E_RESET, DET_E_TLS, DET_E_IO, 1};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        for (int sends = 0; sends < 2; sends++) {
            char b[4];
            start(&s, 1);
            CHECK_INT(st.ops->open(&st, 100), DET_OK);
            lib.io_code = codes[i];
            CHECK_INT(sends ? st.ops->send(&st, "x", 1) : st.ops->recv(&st, b, 4), codes[i]);
            st.ops->close(&st);
            CHECK_INT(lib.notifies, codes[i] == DET_E_AGAIN || codes[i] == 1);
            lib.io_code = 0;
            CHECK_INT(st.ops->open(&st, 100), DET_OK); /* and the next connection is whole */
            st.ops->close(&st);
            CHECK_INT(lib.notifies, 1 + (codes[i] == DET_E_AGAIN || codes[i] == 1));
            stop();
        }
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static void bytes_read_ahead_or_in_the_library_are_not_waited_for(void) {
    static const fake_reply r[] = {{.data = "abc"}};
    static const fake_script s = {.reply = r, .replies = 1};
    char b[4];
    start(&s, 1);
    CHECK_INT(st.ops->open(&st, 100), DET_OK);
    CHECK_INT(st.ops->wants(&st), DET_WANT_READ);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(st.ops->recv(&st, b, 1), 1);
        CHECK_INT(b[0], "abc"[i]);
        CHECK_INT(st.ops->wants(&st), i < 2 ? 0 : DET_WANT_READ);
    }
    CHECK_INT(st.ops->recv(&st, b, 1), DET_E_AGAIN);
    lib.pending = 1;
    CHECK_INT(st.ops->wants(&st), 0);
    lib.pending = 0;
    CHECK_INT(st.ops->wants(&st), DET_WANT_READ);
    stop();
}

static void what_was_read_ahead_dies_with_its_connection(void) {
    static const fake_reply r[] = {{.data = "old"}};
    static const fake_script s[] = {{.reply = r, .replies = 1}, {0}};
    char b[4];
    start(s, 2);
    CHECK_INT(st.ops->open(&st, 100), DET_OK);
    CHECK_INT(st.ops->recv(&st, b, 1), 1);
    st.ops->close(&st);
    CHECK_INT(st.ops->open(&st, 100), DET_OK);
    CHECK_INT(st.ops->wants(&st), DET_WANT_READ);
    CHECK_INT(st.ops->recv(&st, b, 1), DET_E_AGAIN);
    stop();
}

static void a_read_never_sends_past_a_stuck_record(void) {
    static const fake_script s = {0};
    char b[4];
    start(&s, 1);
    CHECK_INT(st.ops->open(&st, 100), DET_OK);
    lib.io_code = DET_E_AGAIN;
    lib.alert = 1;
    lib.wants = DET_WANT_READ; /* a send that waits for something to read has left nothing behind */
    CHECK_INT(st.ops->send(&st, "x", 1), DET_E_AGAIN);
    CHECK_INT(st.ops->recv(&st, b, 4), 5);
    lib.wants = DET_WANT_WRITE;
    CHECK_INT(st.ops->send(&st, "x", 1), DET_E_AGAIN);
    unsigned sends = fp.calls[FAKE_SEND];
    CHECK_INT(st.ops->recv(&st, b, 4), DET_E_AGAIN);
    CHECK_INT(fp.calls[FAKE_SEND], sends);
    lib.io_code = 0; /* the record goes out: reads may answer again */
    CHECK_INT(st.ops->send(&st, "x", 1), 1);
    CHECK_INT(st.ops->recv(&st, b, 4), 5);
    CHECK_STR(fake_sent(&fp, 0), "alertxalert");
    lib.io_code = DET_E_AGAIN;
    CHECK_INT(st.ops->send(&st, "x", 1), DET_E_AGAIN);
    st.ops->close(&st);
    CHECK_INT(st.ops->open(&st, 100), DET_OK); /* a new connection has nothing stuck */
    CHECK_INT(st.ops->recv(&st, b, 4), 5);
    stop();
}

static void the_last_error_below_is_kept(void) {
    static const fake_reply r[] = {{.data = "a", .then = FAKE_RESET}};
    static const fake_script s = {.reply = r, .replies = 1};
    char b[4];
    start(&s, 1);
    CHECK_INT(st.ops->open(&st, 100), DET_OK);
    CHECK_INT(st.ops->recv(&st, b, 4), 1);
    CHECK_INT(st.ops->recv(&st, b, 4), DET_E_RESET);
    CHECK_INT(det__tls_of(&st)->below, DET_E_RESET);
    CHECK_INT(st.ops->send(&st, "x", 1), DET_E_RESET);
    CHECK_INT(st.stage, DET_STAGE_TCP);
    stop();
}

static const unit_test tests[] = {
    TEST(addresses_are_told_from_names),
    TEST(the_name_to_check_is_the_override_or_the_host),
    TEST(dates_go_by_the_port_s_clock_and_include_both_ends),
    TEST(trust_comes_before_name_before_clock_before_dates),
    TEST(it_is_made_once_and_started_once_per_connection),
    TEST(what_cannot_be_made_is_freed_and_tried_again),
    TEST(a_failed_handshake_closes_and_forgets_the_session),
    TEST(a_handshake_that_takes_too_long_is_a_timeout_of_tls),
    TEST(a_connection_that_fails_is_tcp_s_and_forgets_nothing),
    TEST(goodbye_is_said_only_where_nothing_is_broken),
    TEST(bytes_read_ahead_or_in_the_library_are_not_waited_for),
    TEST(what_was_read_ahead_dies_with_its_connection),
    TEST(a_read_never_sends_past_a_stuck_record),
    TEST(the_last_error_below_is_kept),
};
#else
#include "transport/stream.h"

static void without_tls_no_such_stream_is_made(void) {
    static fake_port fp;
    static det__stream st;
    static const det__peer peer = {.host = "h", .port = 8443};
    fake_init(&fp, NULL, 0);
    CHECK_INT(det__stream_init(&st, &fp.port, &peer, 1), DET_E_NO_TLS);
    CHECK(st.ops == NULL);
    det__stream_free(&st);
    CHECK_INT(fake_free(&fp), 0);
}

static const unit_test tests[] = {TEST(without_tls_no_such_stream_is_made)};
#endif

UNIT_MAIN(tests)
