/* SPDX-License-Identifier: Apache-2.0
 * src/cli/tree.c and tree_print.c. The expected texts are what CPython 3.11's json.dumps(json.loads(x), indent=4,
 * sort_keys=True) gives. */
#include "cli/tree.h"

#include "det_json.h"
#include "unit.h"

static char *again(const char *text) {
    det__tree *t;
    size_t len = 0;
    CHECK_INT(det__tree_parse(&t, text, strlen(text)), DET_OK);
    char *out = t ? det__tree_print(t, &len) : NULL;
    CHECK(out && strlen(out) == len);
    det__tree_free(t);
    return out;
}

static void check_again(const char *text, const char *want) {
    char *out = again(text);
    CHECK_STR(out, want);
    free(out);
}

static void objects_are_printed_as_python_does(void) {
    check_again("{\"b\":[1,2.50,{}],\"a\":{\"x\":null,\"w\":true},\"c\":[]}",
                "{\n    \"a\": {\n        \"w\": true,\n        \"x\": null\n    },\n    \"b\": [\n        1,\n"
                "        2.50,\n        {}\n    ],\n    \"c\": []\n}");
    check_again("{}", "{}");
    check_again(" false ", "false");
}

static void strings_are_ascii_afterwards(void) {
    check_again("\"\\u0000\\b\\f\\n\\r\\t\\u001f\\/\\\\\\\"\x7f\"", "\"\\u0000\\b\\f\\n\\r\\t\\u001f/\\\\\\\"\\u007f\"");
    check_again("\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\"", "\"\\u00fc\\u20ac\\ud83d\\ude00\"");
}

static void keys_are_sorted_by_code_point(void) {
    check_again("{\"\xf0\x9f\x98\x80\":1,\"\xef\xbf\xbd\":2,\"a\\u0000\":3,\"a\":4,\"Z\":5,\"\":6}",
                "{\n    \"\": 6,\n    \"Z\": 5,\n    \"a\": 4,\n    \"a\\u0000\": 3,\n    \"\\ufffd\": 2,\n"
                "    \"\\ud83d\\ude00\": 1\n}");
}

static void the_last_of_equal_keys_counts(void) {
    check_again("{\"a\":{\"b\":[1]},\"c\":0,\"a\":2}", "{\n    \"a\": 2,\n    \"c\": 0\n}");
}

static void what_is_no_json_text_is_refused(void) {
    static const char *const bad[] = {"", "{", "{\"a\":1", "[1,]", "{} x", "\"\xff\"", "nul", "\xef\xbb\xbf{}", "{\"a\" 1}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        det__tree *t;
        CHECK_INT(det__tree_parse(&t, bad[i], strlen(bad[i])), DET_E_JSON);
        CHECK(t == NULL);
    }
}

static void nesting_is_bounded(void) {
    char deep[2 * DET_JSON_DEPTH + 8];
    det__tree *t;
    memset(deep, '[', DET_JSON_DEPTH + 1);
    memset(deep + DET_JSON_DEPTH + 1, ']', DET_JSON_DEPTH + 1);
    CHECK_INT(det__tree_parse(&t, deep, 2 * DET_JSON_DEPTH + 2), DET_E_DEPTH);
    CHECK_INT(det__tree_parse(&t, deep + 1, 2 * DET_JSON_DEPTH), DET_OK);
    det__tree_free(t);
}

static void every_prefix_of_a_text_is_refused_or_parsed_without_a_leak(void) {
    static const char text[] = "{\"a\": {\"b\": \"c\\n\", \"a\": [1, {\"x\": null}]}, \"a\": \"z\"}";
    for (size_t n = 0; n < sizeof text; n++) {
        det__tree *t;
        CHECK_INT(det__tree_parse(&t, text, n), n == sizeof text - 1 ? DET_OK : DET_E_JSON);
        det__tree_free(t);
        if (n == sizeof text - 1) break;
    }
}

static void members_are_found_put_and_removed(void) {
    det__tree *t = det__tree_new(), *o;
    CHECK(det__tree_get(t, "a") == NULL && det__tree_get(NULL, "a") == NULL);
    CHECK(det__tree_put(t, "a", DET_JSON_STRING, "x") != NULL);
    CHECK_STR(det__tree_string(t, "a"), "x");
    o = det__tree_object(t, "a"); /* a string there gives way */
    CHECK(o && o->type == DET_JSON_OBJECT && det__tree_string(t, "a") == NULL);
    CHECK(det__tree_object(t, "a") == o);
    CHECK(det__tree_put(o, "n", DET_JSON_NUMBER, "1") && det__tree_put(o, "m", DET_JSON_STRING, ""));
    CHECK(det__tree_put(o, "n", DET_JSON_NUMBER, "2") == o->child);
    CHECK_STR(o->child->text, "2");
    det__tree_remove(o, "n");
    det__tree_remove(o, "n");
    CHECK(o->child && o->child->next == NULL);
    CHECK_STR(det__tree_string(o, "m"), "");
    det__tree_free(t);
}

static const unit_test TESTS[] = {
    TEST(objects_are_printed_as_python_does),
    TEST(strings_are_ascii_afterwards),
    TEST(keys_are_sorted_by_code_point),
    TEST(the_last_of_equal_keys_counts),
    TEST(what_is_no_json_text_is_refused),
    TEST(nesting_is_bounded),
    TEST(every_prefix_of_a_text_is_refused_or_parsed_without_a_leak),
    TEST(members_are_found_put_and_removed),
};
UNIT_MAIN(TESTS)
