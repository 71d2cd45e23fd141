/* SPDX-License-Identifier: Apache-2.0
 * Pipelining: many requests under way over the fake port, their answers in order, at every split and every break. */
#include "det_session.h"

#include "unit/fake_port.h"
#include "unit/unit.h"

static fake_port fp;
static det_session s;
static char buffer[2048];
static const char *const http_close = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}";

typedef struct world {
    det_pipe pipe;
    int total, given, answered; /* requests */
    int good, refused;
    int cancel_at;              /* give up behind this many answers */
    int source_calls, source_fails; /* bodies come from a source, whose call of this number fails; 0 none */
    size_t body_len;
    char path[32], body[1500];
    char got[4096];             /* bodies of answers, one behind the other */
    size_t got_len;
} world;

static int source(void *ctx, size_t at, void *buf, size_t len) {
    world *w = (world *)ctx;
    memcpy(buf, w->body + at, len);
    return ++w->source_calls == w->source_fails ? DET_E_VALUE : DET_OK;
}

static int next(void *ctx, det_request *q) {
    world *w = (world *)ctx;
    if (w->given == w->total) return DET_E_AGAIN;
    snprintf(w->path, sizeof w->path, "/r/%d", w->given++);
    memset(w->body, 'a' + w->given % 26, sizeof w->body);
    q->method = "POST";
    q->path = w->path;
    q->body = w->body;
    q->body_len = w->body_len;
    if (w->source_fails) {
        q->body = NULL;
        q->source = source;
        q->source_ctx = w;
    }
    return DET_OK;
}

static void done(void *ctx, int rc, const det_response *r) {
    world *w = (world *)ctx;
    w->answered++;
    w->good += rc == DET_OK;
    w->refused += rc == DET_E_SERVER && r->status == 500;
    if (w->answered == w->cancel_at) det_session_cancel(&s);
}

static void about(void *ctx, det_request *q) {
    world *w = (world *)ctx;
    snprintf(w->path, sizeof w->path, "/r/%d", w->answered);
    q->method = "POST";
    q->path = w->path;
}

static int sink(void *ctx, const det_response *r, const void *data, size_t len) {
    world *w = (world *)ctx;
    (void)r;
    if (w->got_len + len > sizeof w->got) return DET_E_SPACE;
    memcpy(w->got + w->got_len, data, len);
    w->got_len += len;
    return DET_OK;
}

/* Answers each request with its number; /r/3 is refused. */
static size_t serve(void *ctx, fake_port *f, int conn, const uint8_t *in, size_t n) {
    size_t len = fake_request_len(in, n);
    int number;
    char answer[160], body[32];
    (void)ctx;
    if (!len || sscanf((const char *)in, "POST /r/%d ", &number) != 1) return 0;
    snprintf(body, sizeof body, number == 3 ? "{\"message\":\"no %d\"}" : "<%d>", number);
    snprintf(answer, sizeof answer, "HTTP/1.1 %s\r\nContent-Length: %u\r\n\r\n%s",
             number == 3 ? "500 Internal Server Error" : "200 OK", (unsigned)strlen(body), body);
    fake_puts(f, conn, 20, answer);
    return len;
}

static void begin(world *w, const fake_script *script, int total, uint16_t depth) {
    det_session_options o;
    memset(&o, 0, sizeof o);
    memset(w, 0, sizeof *w);
    fake_init(&fp, script, 1);
    fp.server = serve;
    o.port = &fp.port;
    o.url = "http://master:80";
    o.buffer = buffer;
    o.buffer_len = sizeof buffer;
    w->total = total;
    w->body_len = 10;
    w->pipe.next = next;
    w->pipe.done = done;
    w->pipe.about = about;
    w->pipe.sink = sink;
    w->pipe.ctx = w;
    w->pipe.depth = depth;
    CHECK_INT(det_session_init(&s, &o), DET_OK);
    CHECK_INT(det_session_begin(&s), DET_OK);
}

static int drive(void) {
    int rc;
    while ((rc = det_session_step(&s)) == DET_E_AGAIN) {
        det_wait w;
        uint32_t ms;
        if (det_session_wants(&s, &w, &ms)) fp.port.wait(fp.port.ctx, &w, 1, ms);
    }
    return rc;
}

static int run(const world *w) {
    int rc = det_session_pipe(&s, &w->pipe);
    return rc == DET_OK ? drive() : rc;
}

static void end(void) {
    det_session_free(&s);
    CHECK_INT(fake_free(&fp), 0);
}

static const fake_script plain[] = {{0}};

static void requests_share_writes_and_a_connection_and_are_answered_in_order(void) {
    world w;
    begin(&w, plain, 10, 32);
    CHECK_INT(run(&w), DET_OK);
    CHECK_INT(w.answered, 10);
    CHECK_INT(w.good, 9);
    CHECK_INT(w.refused, 1);
    CHECK_INT(fp.conns, 1);
    CHECK_INT(fp.calls[FAKE_SEND], 1);
    w.got[w.got_len] = 0;
    CHECK_STR(w.got, "<0><1><2>{\"message\":\"no 3\"}<4><5><6><7><8><9>");
    CHECK_INT(det_session_get_stats(&s)->requests, 10);
    end();
}

static void the_sentence_of_a_refusal_names_its_own_request(void) {
    world w;
    begin(&w, plain, 10, 32);
    CHECK_INT(run(&w), DET_OK);
    CHECK(strstr(det_session_errmsg(&s), "POST /r/3 answered 500: no 3") != NULL);
    end();
}

static void no_more_answers_are_awaited_than_the_depth(void) {
    for (uint16_t depth = 1; depth < 6; depth++) {
        world w;
        begin(&w, plain, 12, depth);
        CHECK_INT(det_session_pipe(&s, &w.pipe), DET_OK);
        while (det_session_step(&s) == DET_E_AGAIN) {
            det_wait wt;
            uint32_t ms;
            CHECK(w.given - w.answered <= depth);
            if (det_session_wants(&s, &wt, &ms)) fp.port.wait(fp.port.ctx, &wt, 1, ms);
        }
        CHECK_INT(w.answered, 12);
        CHECK_INT(fake_requests(&fp, 0), 12);
        end();
    }
}

static void requests_larger_than_the_buffer_flow_through_it(void) {
    static const size_t size[] = {0, 1, 800, 1400, 1500};
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
        world w;
        begin(&w, plain, 9, 4);
        w.body_len = size[i];
        CHECK_INT(run(&w), DET_OK);
        CHECK_INT(w.good, 8);
        CHECK_INT(fake_requests(&fp, 0), 9);
        end();
    }
}

static void every_split_of_both_directions_gives_the_same(void) {
    for (size_t at = 1; at < 900; at += 7) {
        fake_script sc = {.send_split = at, .recv_split = at, .send_again = 2, .recv_again = 3};
        world w;
        begin(&w, &sc, 7, 3);
        CHECK_INT(run(&w), DET_OK);
        CHECK_INT(w.answered, 7);
        CHECK_INT(w.good, 6);
        CHECK_INT(fake_requests(&fp, 0), 7);
        end();
    }
    for (size_t most = 1; most < 40; most += 3) {
        fake_script sc = {.send_max = most, .recv_max = most};
        world w;
        begin(&w, &sc, 7, 5);
        CHECK_INT(run(&w), DET_OK);
        CHECK_INT(w.answered, 7);
        end();
    }
}

static void a_break_at_any_byte_tells_what_was_answered_and_sends_nothing_again(void) {
    for (size_t at = 0; at < 300; at++) {
        fake_script sc = {.recv_end = at & 1 ? FAKE_RESET : FAKE_CLOSE, .recv_end_at = at};
        world w;
        begin(&w, &sc, 6, 6);
        int rc = run(&w);
        if (w.answered < 6) CHECK(rc < 0 && rc != DET_E_AGAIN);
        CHECK(w.answered <= w.given);
        CHECK_INT(fp.conns, 1);
        CHECK_INT(fp.open_now, rc == DET_OK);
        CHECK_INT(det_session_pipe(&s, &w.pipe), DET_E_AGAIN); /* nothing more to send: the session is free again */
        end();
    }
}

static void a_peer_that_closes_after_each_answer_gets_one_request_a_connection(void) {
    fake_reply r[] = {{.after_requests = 1, .data = http_close, .then = FAKE_CLOSE}};
    fake_script sc = {.reply = r, .replies = 1};
    world w;
    begin(&w, &sc, 5, 1);
    fp.server = NULL;
    CHECK_INT(run(&w), DET_OK);
    CHECK_INT(w.answered, 5);
    CHECK_INT(fp.conns, 5);
    end();
    begin(&w, &sc, 5, 4); /* the first burst breaks behind its first answer, then the depth is one */
    fp.server = NULL;
    CHECK_INT(run(&w), DET_E_CLOSED);
    CHECK_INT(w.answered, 1);
    CHECK_INT(w.given, 4);
    w.given = 1;
    CHECK_INT(run(&w), DET_OK);
    CHECK_INT(w.answered, 5);
    CHECK_INT(fp.conns, 5);
    end();
}

static void a_pipe_can_be_given_up_by_its_owner_and_the_session_goes_on(void) {
    world w;
    begin(&w, plain, 8, 8);
    w.cancel_at = 3;
    CHECK_INT(run(&w), DET_E_STATE);
    CHECK_INT(w.answered, 3);
    CHECK_INT(fp.open_now, 0);
    w.total = 12;
    CHECK_INT(run(&w), DET_OK);
    CHECK_INT(w.answered, 3 + 4);
    CHECK_INT(fp.conns, 2);
    end();
}

static void an_idle_pipe_is_over_and_the_next_one_uses_the_same_connection(void) {
    world w;
    begin(&w, plain, 2, 8);
    CHECK_INT(run(&w), DET_OK);
    CHECK_INT(run(&w), DET_E_AGAIN);
    w.total = 3;
    CHECK_INT(run(&w), DET_OK);
    CHECK_INT(w.answered, 3);
    CHECK_INT(fp.conns, 1);
    end();
}

static size_t silent(void *ctx, fake_port *f, int conn, const uint8_t *in, size_t n) {
    int *quota = (int *)ctx;
    if (!*quota) return fake_request_len(in, n);
    --*quota;
    return serve(NULL, f, conn, in, n);
}

static void a_late_answer_stops_the_filling_and_then_ends_the_pipe(void) {
    world w;
    int quota = 3;
    begin(&w, plain, 1, 4);
    fp.server = silent;
    fp.server_ctx = &quota;
    CHECK_INT(det_session_pipe(&s, &w.pipe), DET_OK);
    uint32_t start = fp.now_ms;
    int rc, given_late = 0;
    while ((rc = det_session_step(&s)) == DET_E_AGAIN) {
        det_wait wt;
        uint32_t ms;
        if (fp.now_ms - start > 10100 && w.given < w.total) given_late++;
        w.total = w.given + 1;
        if (det_session_wants(&s, &wt, &ms)) fp.port.wait(fp.port.ctx, &wt, 1, ms < 1000 ? ms : 1000);
    }
    CHECK_INT(rc, DET_E_TIMEOUT);
    CHECK(given_late > 0);
    end();
}

static void what_a_pipe_must_not_do_is_refused(void) {
    world w;
    begin(&w, plain, 2, 4);
    det_pipe p = w.pipe;
    CHECK_INT(det_session_pipe(&s, NULL), DET_E_ARG);
    CHECK_INT(det_session_pipe(NULL, &p), DET_E_ARG);
    p.depth = 0;
    CHECK_INT(det_session_pipe(&s, &p), DET_E_ARG);
    CHECK_INT(det_session_end(&s), DET_OK);
    CHECK_INT(det_session_pipe(&s, &w.pipe), DET_E_STATE);
    CHECK_INT(w.given, 0);
    CHECK_INT(det_session_begin(&s), DET_OK);
    CHECK_INT(det_session_pipe(&s, &w.pipe), DET_OK);
    CHECK_INT(det_session_pipe(&s, &w.pipe), DET_E_STATE);
    CHECK_INT(drive(), DET_OK);
    end();
}

static void a_body_that_cannot_be_had_ends_the_pipe_with_its_code_wherever_it_happens(void) {
    int failed = 0;
    for (size_t most = 40; most < 2000; most += 130) {
        fake_script sc = {.send_max = most};
        for (int k = 1; k < 16; k++) {
            world w;
            begin(&w, &sc, 8, 3);
            w.body_len = 1450;
            w.source_fails = k;
            int rc = run(&w);
            CHECK_INT(rc, w.source_calls < k ? DET_OK : DET_E_VALUE);
            failed += rc != DET_OK;
            CHECK_INT(fp.open_now, rc == DET_OK);
            end();
        }
    }
    CHECK(failed > 100);
}

static const unit_test tests[] = {
    TEST(a_body_that_cannot_be_had_ends_the_pipe_with_its_code_wherever_it_happens),
    TEST(requests_share_writes_and_a_connection_and_are_answered_in_order),
    TEST(the_sentence_of_a_refusal_names_its_own_request),
    TEST(no_more_answers_are_awaited_than_the_depth),
    TEST(requests_larger_than_the_buffer_flow_through_it),
    TEST(every_split_of_both_directions_gives_the_same),
    TEST(a_break_at_any_byte_tells_what_was_answered_and_sends_nothing_again),
    TEST(a_peer_that_closes_after_each_answer_gets_one_request_a_connection),
    TEST(a_pipe_can_be_given_up_by_its_owner_and_the_session_goes_on),
    TEST(an_idle_pipe_is_over_and_the_next_one_uses_the_same_connection),
    TEST(a_late_answer_stops_the_filling_and_then_ends_the_pipe),
    TEST(what_a_pipe_must_not_do_is_refused),
};
UNIT_MAIN(tests)
