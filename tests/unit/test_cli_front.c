/* SPDX-License-Identifier: Apache-2.0
 * Small parts of detc's front: versions compared, queries encoded, refusals worded, pages counted. */
#include "unit/unit.h"

#include "cli/pages.h"
#include "cli/path.h"
#include "cli/refusal.h"
#include "cli/version.h"

/* ---- versions ------------------------------------------------------------------------------------------------------ */

static void versions_are_ordered_as_python_orders_them(void) {
    static const char *const ascending[] = {"0.9",       "0.38.0.dev0", "0.38.0a1", "0.38.0b2",     "0.38.0rc1", "0.38.0-rc5", "0.38",
                                            "0.38.0+x", "0.38.1",      "0.40",     "1.0.0.post1", "2!0.0.0"};
    enum { N = sizeof ascending / sizeof ascending[0] };
    for (size_t i = 0; i < N; i++)
        for (size_t k = 0; k < N; k++)
            CHECK_INT(det__version_order(ascending[i], ascending[k]), (i > k) - (i < k));
    CHECK_INT(det__version_order("0.38", "0.38.0"), 0);
}

static void what_is_no_version_is_not_compared(void) {
    CHECK_INT(det__version_order("0.38.1", ""), 0);
    CHECK_INT(det__version_order("0.38.1", "main"), 0);
    CHECK_INT(det__version_order("0.38.1", "0.38.1 or so"), 0);
}

/* ---- paths --------------------------------------------------------------------------------------------------------- */

static void queries_are_encoded_as_forms(void) {
    det__path p;
    memset(&p, 0, sizeof p);
    det__path_add(&p, "/x?");
    det__path_quote(&p, "a b&c=/d~e._-\xc3\xa9%+", 17);
    det__path_int(&p, INT64_MIN);
    CHECK_INT(det__path_end(&p), DET_OK);
    CHECK_STR(p.text, "/x?a+b%26c%3D%2Fd~e._-%C3%A9%25%2B-9223372036854775808");
    det__path_free(&p);
}

static void a_path_grows_with_what_is_added(void) {
    det__path p;
    memset(&p, 0, sizeof p);
    for (size_t i = 0; i < 5000; i++) det__path_add(&p, "0123456789");
    CHECK_INT(p.len, 50000);
    CHECK_INT(strlen(p.text), 50000);
    det__path_clear(&p);
    CHECK_STR(p.text, "");
    det__path_free(&p);
}

/* ---- refusals ------------------------------------------------------------------------------------------------------ */

static const char *worded(int code, int status, const char *body) {
    static det__refusal r;
    static det__err e;
    det__refusal_begin(&r);
    for (const char *s = body; *s; s++) det__refusal_feed(&r, s, 1);
    CHECK_INT(det__refusal_end(&r, code, status, &e), code);
    return e.text;
}

static void the_words_are_found_in_every_shape(void) {
    CHECK_STR(worded(DET_E_NOT_FOUND, 404, "{\"error\":{\"code\":5,\"reason\":\"NotFound\",\"error\":\"experiment '9' not found\"}}\n"),
              "experiment '9' not found");
    CHECK_STR(worded(DET_E_NOT_FOUND, 404, "{\"error\":{\"grpcCode\":5,\"message\":\"trial '4' not found\",\"details\":[]}}"),
              "trial '4' not found");
    CHECK_STR(worded(DET_E_SERVER, 500, "{\"message\":\"oops\"}\n"), "oops");
}

static void who_may_not_is_told_in_the_words_of_det(void) {
    CHECK_STR(worded(DET_E_FORBIDDEN, 403, "{\"message\":\"invalid credentials\"}"), "Forbidden(invalid credentials)");
    CHECK_STR(worded(DET_E_FORBIDDEN, 403, "{\"message\":\"no\"}"),
              "Forbidden(no): Please contact your administrator in order to access this resource.");
    CHECK(strstr(worded(DET_E_AUTH, 401, "{\"message\":\"x\"}"), "user login") != NULL);
}

static void another_body_is_shown_by_its_first_line(void) {
    CHECK_STR(worded(DET_E_SERVER, 400, "<html>bad\r\nrest</html>"), "the master answered 400: <html>bad; is this the right URL?");
    CHECK_STR(worded(DET_E_BUSY, 503, ""), "the master answered 503; try again later");
}

static void a_long_body_is_cut(void) {
    static char body[5000];
    memset(body, 'x', sizeof body - 1);
    CHECK(strlen(worded(DET_E_SERVER, 500, body)) < 500);
}

/* ---- pages --------------------------------------------------------------------------------------------------------- */

typedef struct book {
    det__pages p;
    det__flow f;
    det__page page; /* what the next end says */
} book;

static void path_of(void *ctx, det__path *p, int64_t offset) {
    (void)ctx;
    det__path_int(p, offset);
}

static int nothing(void *ctx) {
    (void)ctx;
    return DET_OK;
}

static int end(void *ctx, det__page *page) {
    *page = ((book *)ctx)->page;
    return DET_OK;
}

static void open_book(book *b, int64_t offset, int single) {
    memset(b, 0, sizeof *b);
    b->p.path = path_of;
    b->p.begin = nothing;
    b->p.end = end;
    b->p.ctx = b;
    b->p.offset = offset;
    b->p.single = single;
    det__pages_init(&b->p);
    b->f = det__pages_flow(&b->p);
}

/* The offset that the i-th request asks for, or -1 if there is none yet. */
static int64_t asks(book *b, size_t i) {
    det_request q;
    det__path path;
    memset(&q, 0, sizeof q);
    memset(&path, 0, sizeof path);
    int64_t offset = b->f.make(b->f.ctx, i, &q, &path) == DET_OK ? strtoll(q.path, NULL, 10) : -1;
    det__path_free(&path);
    return offset;
}

static int answer(book *b, size_t i, int64_t start, int64_t stop, int64_t total) {
    b->page.start = start;
    b->page.end = stop;
    b->page.total = total;
    return b->f.done(b->f.ctx, i, DET_OK);
}

static void pages_are_asked_for_ahead_once_the_total_is_known(void) {
    book b;
    open_book(&b, 5, 0);
    CHECK_INT(asks(&b, 0), 5);
    CHECK_INT(asks(&b, 1), -1);
    CHECK_INT(answer(&b, 0, 5, 25, 66), DET_OK);
    CHECK_INT(asks(&b, 1), 25);
    CHECK_INT(asks(&b, 2), 45);
    CHECK_INT(asks(&b, 3), 65);
    CHECK_INT(asks(&b, 4), -1);
    CHECK_INT(answer(&b, 1, 25, 45, 66), DET_OK);
    CHECK_INT(asks(&b, 3), 65);
    CHECK_INT(answer(&b, 2, 45, 65, 66), DET_OK);
    CHECK_INT(answer(&b, 3, 65, 66, 66), DET_OK);
    CHECK_INT(asks(&b, 4), -1);
}

static void one_page_is_one_page(void) {
    book b;
    open_book(&b, 0, 1);
    CHECK_INT(answer(&b, 0, 0, 20, 66), DET_OK);
    CHECK_INT(asks(&b, 1), -1);
}

static void a_shorter_page_moves_the_ones_behind_it(void) {
    book b;
    open_book(&b, 0, 0);
    CHECK_INT(answer(&b, 0, 0, 20, 66), DET_OK);
    CHECK_INT(answer(&b, 1, 20, 30, 66), DET__FLOW_ANEW);
    CHECK_INT(asks(&b, 2), 30);
    CHECK_INT(asks(&b, 3), 40);
}

static void a_list_that_shrinks_ends(void) {
    book b;
    open_book(&b, 0, 0);
    CHECK_INT(answer(&b, 0, 0, 20, 66), DET_OK);
    CHECK_INT(answer(&b, 1, 15, 15, 15), DET_OK);
    CHECK_INT(asks(&b, 2), -1);
}

static void a_page_that_leads_nowhere_is_an_error(void) {
    book b;
    open_book(&b, 0, 0);
    CHECK_INT(answer(&b, 0, 0, 0, 66), DET_E_MASTER);
    open_book(&b, 0, 0);
    CHECK_INT(answer(&b, 0, 0, 20, 66), DET_OK);
    CHECK_INT(answer(&b, 1, 0, 20, 66), DET_E_MASTER);
}

static const unit_test tests[] = {
    TEST(versions_are_ordered_as_python_orders_them),
    TEST(what_is_no_version_is_not_compared),
    TEST(queries_are_encoded_as_forms),
    TEST(a_path_grows_with_what_is_added),
    TEST(the_words_are_found_in_every_shape),
    TEST(who_may_not_is_told_in_the_words_of_det),
    TEST(another_body_is_shown_by_its_first_line),
    TEST(a_long_body_is_cut),
    TEST(pages_are_asked_for_ahead_once_the_total_is_known),
    TEST(one_page_is_one_page),
    TEST(a_shorter_page_moves_the_ones_behind_it),
    TEST(a_list_that_shrinks_ends),
    TEST(a_page_that_leads_nowhere_is_an_error),
};
UNIT_MAIN(tests)
