/* SPDX-License-Identifier: Apache-2.0
 * The port to copy: complete, and honest about what it lacks. */
#include "../../port/template/det_port_template.c"
#include "transport/stream.h"
#include "unit.h"

static void every_function_is_there_and_says_that_it_is_missing(void) {
    const det_port *p = det_template_port();
    det_conn c;
    char b[4];
    memset(&c, 0, sizeof c);
    CHECK_INT(p->size, sizeof *p);
    CHECK(DET_PORT_HAS(p, now_ms) && DET_PORT_HAS(p, utc_s) && DET_PORT_HAS(p, open) && DET_PORT_HAS(p, send));
    CHECK(DET_PORT_HAS(p, recv) && DET_PORT_HAS(p, close) && DET_PORT_HAS(p, wait) && DET_PORT_HAS(p, wake));
    CHECK(DET_PORT_HAS(p, entropy) && DET_PORT_HAS(p, roots));
    CHECK_INT(p->now_ms(p->ctx), 0);
    CHECK_INT(p->utc_s(p->ctx), DET_UTC_UNKNOWN);
    CHECK_INT(p->open(p->ctx, &c, "h", 1, 1), DET_E_PORT);
    CHECK_INT(p->send(p->ctx, &c, b, 4), DET_E_PORT);
    CHECK_INT(p->recv(p->ctx, &c, b, 4), DET_E_PORT);
    CHECK_INT(p->wait(p->ctx, NULL, 0, 1), DET_E_PORT);
    CHECK_INT(p->entropy(p->ctx, b, 4), DET_E_PORT);
    CHECK_INT(p->roots(p->ctx, 0, b, 4), DET_E_PORT);
    p->wake(p->ctx);
    p->close(p->ctx, &c);
    CHECK_INT(c.handle, -1);
}

static void a_stream_over_it_fails_in_order(void) {
    det__stream st;
    det__peer peer = {.host = "h", .port = 80};
    CHECK_INT(det__stream_init(&st, det_template_port(), &peer, 0), DET_OK);
    CHECK_INT(st.ops->open(&st, 100), DET_E_PORT);
    CHECK_INT(st.conn.handle, -1);
    det__stream_free(&st);
#if DET_TLS
    CHECK_INT(det__stream_init(&st, det_template_port(), &peer, 1), DET_OK);
    CHECK_INT(st.ops->open(&st, 100), DET_E_ENTROPY);
    CHECK_INT(st.stage, DET_STAGE_TLS);
    det__stream_free(&st);
#endif
}

static const unit_test tests[] = {
    TEST(every_function_is_there_and_says_that_it_is_missing),
    TEST(a_stream_over_it_fails_in_order),
};

UNIT_MAIN(tests)
