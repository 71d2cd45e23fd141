/* SPDX-License-Identifier: Apache-2.0
 * Lists from answers in pieces: what is shown, what is refused, what becomes of a page that is dropped. The layout
 * itself is test_cli_table's. */
#define _POSIX_C_SOURCE 200809L
#include "cli/list.h"
#include "unit.h"

#define PAGE(items)                                                                                                    \
    "{\"experiments\":[" items "],\"pagination\":{\"offset\":0,\"limit\":2,\"startIndex\":0,\"endIndex\":1,\"total\":3}}"
#define ITEM(id, name)                                                                                                 \
    "{\"config\":{\"id\":7,\"searcher\":{\"metric\":\"q\"}},\"id\":" id ",\"name\":" name                              \
    ",\"username\":\"u\",\"state\":\"STATE_RUNNING\",\"progress\":0.256,\"forkedFrom\":null,\"archived\":false,"       \
    "\"startTime\":\"2024-01-01T01:00:00.5+01:00\",\"endTime\":null,\"workspaceName\":\"W\",\"projectName\":\"P\","    \
    "\"resourcePool\":\"default\",\"labels\":[{\"id\":9}]}"
#define CSV_HEAD "ID,Owner,Name,Parent ID,State,Progress,Started,Ended,Resource Pool\r\n"
#define CSV_ROW(id, name) id ",u," name ",,RUNNING,25.6%,2024-01-01 00:00:00+0000,,default\r\n"

static int feed_page(det__list *l, const char *body, size_t step, det__page *p) {
    size_t n = strlen(body);
    int rc = det__list_begin_page(l);
    for (size_t at = 0; rc == DET_OK && at < n; at += step) rc = det__list_feed(l, body + at, n - at < step ? n - at : step);
    return rc == DET_OK ? det__list_end_page(l, p) : rc;
}

static char *printed(det__list *l) {
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (!out) abort();
    CHECK_INT(det__list_print(l, out), DET_OK);
    fclose(out);
    return text;
}

static void check_printed(det__list *l, const char *want) {
    char *text = printed(l);
    CHECK_STR(text, want);
    free(text);
}

static void check_one(int kind, unsigned flags, const char *body, const char *want) {
    for (size_t step = 1; step < 80; step += 3) {
        det__list *l = det__list_new(kind, flags);
        CHECK_INT(feed_page(l, body, step, NULL), DET_OK);
        check_printed(l, want);
        det__list_free(l);
    }
}

static void experiments_are_a_table(void) {
    check_one(DET__LIST_EXPERIMENTS, 0, PAGE(ITEM("1", "\"a\\u00e9\"") "," ITEM("22", "\"b\"")),
              "   ID | Owner   | Name   | Parent ID   | State   | Progress   | Started                  | Ended   | Resource Pool\n"
              "------+---------+--------+-------------+---------+------------+--------------------------+---------+-----------------\n"
              "    1 | u       | a\xc3\xa9     |             | RUNNING | 25.6%      | 2024-01-01 00:00:00+0000 |         | default\n"
              "   22 | u       | b      |             | RUNNING | 25.6%      | 2024-01-01 00:00:00+0000 |         | default\n");
}

static void all_and_project_are_further_columns(void) {
    check_one(DET__LIST_EXPERIMENTS, DET__LIST_CSV | DET__LIST_ALL | DET__LIST_PROJECT, PAGE(ITEM("1", "\"a,\\\"b\\\"\"")),
              "Workspace,Project,ID,Owner,Name,Parent ID,State,Progress,Started,Ended,Resource Pool,Archived\r\n"
              "W,P,1,u,\"a,\"\"b\"\"\",,RUNNING,25.6%,2024-01-01 00:00:00+0000,,default,False\r\n");
}

#define CHECKPOINT(uuid, config, loss)                                                                                 \
    "{\"metadata\":{\"steps_completed\":5},\"resources\":{\"sub/\":\"0\",\"a\":\"2048\"},\"state\":\"STATE_COMPLETED\",\"uuid\":\"" \
    uuid "\",\"training\":{\"trialId\":9,\"validationMetrics\":{\"avgMetrics\":{\"x\":1,\"loss\":" loss "}}" config "}}"

static void the_first_checkpoint_names_the_metric_even_behind_its_value(void) {
    check_one(DET__LIST_CHECKPOINTS, DET__LIST_CSV,
              "{\"pagination\":{},\"checkpoints\":[" CHECKPOINT("u", ",\"experimentConfig\":{\"searcher\":{\"metric\":\"loss\"}}", "1e16")
              "," CHECKPOINT("v", ",\"experimentConfig\":{\"searcher\":{\"metric\":\"x\"}}", "null") "]}",
              "Trial ID,# of Batches,State,Validation Metric,UUID,Resources,Size\r\n"
              "9,5,COMPLETED,1e+16,u,\"a\nsub/\",2.0KB\r\n9,5,COMPLETED,None,v,\"a\nsub/\",2.0KB\r\n");
}

static void an_empty_list_has_its_headers(void) {
    check_one(DET__LIST_EXPERIMENTS, DET__LIST_CSV, PAGE(""), CSV_HEAD);
}

static void pages_follow_each_other_and_tell_where_they_are(void) {
    det__list *l = det__list_new(DET__LIST_EXPERIMENTS, DET__LIST_CSV);
    det__page p;
    CHECK_INT(feed_page(l, PAGE(ITEM("1", "\"a\"")), 5, &p), DET_OK);
    CHECK_INT(p.limit, 2);
    CHECK_INT(p.end, 1);
    CHECK_INT(p.total, 3);
    CHECK_INT(feed_page(l, PAGE(ITEM("2", "\"b\"")), 5, &p), DET_OK);
    check_printed(l, CSV_HEAD CSV_ROW("1", "a") CSV_ROW("2", "b"));
    det__list_free(l);
}

static void a_dropped_page_leaves_nothing(void) {
    det__list *l = det__list_new(DET__LIST_EXPERIMENTS, DET__LIST_CSV);
    const char *page = PAGE(ITEM("2", "\"b\"") "," ITEM("3", "\"c\""));
    CHECK_INT(feed_page(l, PAGE(ITEM("1", "\"a\"")), 99, NULL), DET_OK);
    for (size_t cut = 0; cut < strlen(page); cut += 7) {
        CHECK_INT(det__list_begin_page(l), DET_OK);
        CHECK_INT(det__list_begin_page(l), DET_E_STATE);
        CHECK_INT(det__list_feed(l, page, cut), DET_OK);
        CHECK_INT(det__list_end_page(l, NULL), DET_E_JSON);
        CHECK(*det__list_errmsg(l));
        det__list_drop_page(l);
    }
    CHECK_INT(feed_page(l, PAGE(ITEM("4", "\"d\"")), 99, NULL), DET_OK);
    check_printed(l, CSV_HEAD CSV_ROW("1", "a") CSV_ROW("4", "d"));
    det__list_free(l);
}

static void what_is_no_such_list_is_refused(void) {
    static const struct {
        const char *body;
        int rc;
    } bad[] = {
        {"{\"error\":{\"code\":5}}", DET_E_MASTER},
        {"[]", DET_E_MASTER},
        {"{\"experiments\":null,\"pagination\":{}}", DET_E_MASTER},
        {"{\"experiments\":[]}", DET_E_MASTER},
        {"{\"experiments\":[{\"id\":1}],\"pagination\":{}}", DET_E_MASTER},
        {"<html>", DET_E_JSON},
        {"", DET_E_JSON},
        {PAGE("") "x", DET_E_JSON},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        det__list *l = det__list_new(DET__LIST_EXPERIMENTS, 0);
        CHECK_INT(feed_page(l, bad[i].body, 3, NULL), bad[i].rc);
        CHECK(*det__list_errmsg(l));
        det__list_free(l);
    }
}

static void calls_out_of_turn_are_refused(void) {
    det__list *l = det__list_new(DET__LIST_EXPERIMENTS, 0);
    CHECK_INT(det__list_feed(l, "{", 1), DET_E_STATE);
    CHECK_INT(det__list_end_page(l, NULL), DET_E_STATE);
    det__list_drop_page(l);
    det__list_free(l);
    det__list_free(NULL);
}

static void a_full_output_is_told(void) {
    det__list *l = det__list_new(DET__LIST_EXPERIMENTS, 0);
    FILE *full = fopen("/dev/full", "w");
    CHECK_INT(feed_page(l, PAGE(ITEM("1", "\"a\"")), 99, NULL), DET_OK);
    if (full) {
        CHECK_INT(det__list_print(l, full), DET_E_IO);
        fclose(full);
    }
    det__list_free(l);
}

static const unit_test tests[] = {
    TEST(experiments_are_a_table),
    TEST(all_and_project_are_further_columns),
    TEST(the_first_checkpoint_names_the_metric_even_behind_its_value),
    TEST(an_empty_list_has_its_headers),
    TEST(pages_follow_each_other_and_tell_where_they_are),
    TEST(a_dropped_page_leaves_nothing),
    TEST(what_is_no_such_list_is_refused),
    TEST(calls_out_of_turn_are_refused),
    TEST(a_full_output_is_told),
};

UNIT_MAIN(tests)
