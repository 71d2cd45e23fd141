/* SPDX-License-Identifier: Apache-2.0
 * The error list: every code has its own number, a class and a text; classes and numbers go together. */
#include "unit/unit.h"

#include "det_error.h"

typedef struct entry {
    const char *name;
    int code, cls;
    const char *text;
} entry;

#define ENTRY(name, number, cls, text) {#name, name, DET_CLASS_##cls, text},
static const entry LIST[] = {DET_ERROR_LIST(ENTRY)};
#define N (sizeof LIST / sizeof LIST[0])

static void every_code_has_its_text_and_class(void) {
    for (size_t i = 0; i < N; i++) {
        CHECK_STR(det_strerror(LIST[i].code), DET_ERROR_TEXTS ? LIST[i].text : LIST[i].name);
        CHECK_INT(det_error_class(LIST[i].code), LIST[i].cls);
    }
}

static void codes_are_negative_and_differ(void) {
    for (size_t i = 0; i < N; i++) {
        CHECK(LIST[i].code < 0 && LIST[i].code > DET_E_LAST_);
        for (size_t k = 0; k < i; k++) CHECK(LIST[i].code != LIST[k].code);
    }
}

static void texts_differ_and_are_sentences_without_their_end(void) {
    for (size_t i = 0; i < N; i++) {
        size_t n = strlen(LIST[i].text);
        CHECK(n > 5 && n < 100 && LIST[i].text[n - 1] != '.' && LIST[i].text[n - 1] != '\n');
        for (size_t k = 0; k < i; k++) CHECK(strcmp(LIST[i].text, LIST[k].text) != 0);
    }
}

static void each_class_is_a_run_of_the_list(void) {
    for (size_t i = 1; i < N; i++) {
        CHECK(LIST[i].cls >= LIST[i - 1].cls);
        CHECK(LIST[i].code < LIST[i - 1].code);
    }
}

static void zero_and_counts_are_ok(void) {
    CHECK_STR(det_strerror(DET_OK), "ok");
    CHECK_STR(det_strerror(5), "ok");
    CHECK_INT(det_error_class(DET_OK), DET_CLASS_OK);
    CHECK_INT(det_error_class(1000000), DET_CLASS_OK);
}

static void an_unknown_code_has_a_text_too(void) {
    CHECK_STR(det_strerror(-98), "unknown error");
    CHECK_STR(det_strerror(-2147483647 - 1), "unknown error");
    CHECK_INT(det_error_class(-98), DET_CLASS_USAGE);
}

static void stages_have_names(void) {
    CHECK_STR(det_stage_name(DET_STAGE_NONE), "");
    CHECK_STR(det_stage_name(DET_STAGE_DNS), "dns");
    CHECK_STR(det_stage_name(DET_STAGE_TCP), "tcp");
    CHECK_STR(det_stage_name(DET_STAGE_TLS), "tls");
    CHECK_STR(det_stage_name(DET_STAGE_HTTP), "http");
    CHECK_STR(det_stage_name(DET_STAGE_SERVER), "server");
    CHECK_STR(det_stage_name(-1), "");
    CHECK_STR(det_stage_name(99), "");
}

static const unit_test TESTS[] = {
    TEST(every_code_has_its_text_and_class),
    TEST(codes_are_negative_and_differ),
    TEST(texts_differ_and_are_sentences_without_their_end),
    TEST(each_class_is_a_run_of_the_list),
    TEST(zero_and_counts_are_ok),
    TEST(an_unknown_code_has_a_text_too),
    TEST(stages_have_names),
};
UNIT_MAIN(TESTS)
