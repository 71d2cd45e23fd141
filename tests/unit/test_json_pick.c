/* SPDX-License-Identifier: Apache-2.0
 * Picking values by path from a stream: exact depth, both types, every split, cuts, and that long answers pass by. */
#include "unit.h"

#include <stdint.h>

#include "json/pick.h"

typedef struct wanted {
    int64_t id, steps;
    char message[16], name[64];
    det__pick picks[4];
} wanted;

static void want(wanted *w) {
    const det__pick picks[4] = {
        {"trial.id", &w->id, 0, DET__PICK_INT64, 9, 9},
        {"trial.deep.er.steps", &w->steps, 0, DET__PICK_INT64, 9, 9},
        {"error.message", w->message, sizeof w->message, DET__PICK_TEXT, 9, 9},
        {"name", w->name, sizeof w->name, DET__PICK_TEXT, 9, 9},
    };
    w->id = w->steps = -99;
    memset(w->message, 'x', sizeof w->message);
    memset(w->name, 'x', sizeof w->name);
    memcpy(w->picks, picks, sizeof picks);
}

static int pick_pieces(wanted *w, const char *text, size_t len, size_t first, size_t piece) {
    det__picker p;
    int result = DET_OK;
    want(w);
    det__picker_init(&p, w->picks, 4);
    for (size_t at = 0, n = first; at < len || n == 0; n = piece) {
        char *own;
        if (n > len - at) n = len - at;
        own = (char *)malloc(n + 1);
        if (!own) abort();
        memcpy(own, text + at, n);
        result = det__picker_feed(&p, own, n);
        free(own);
        at += n;
        if (result != DET_OK) return result;
    }
    return det__picker_end(&p);
}

static int pick(wanted *w, const char *text) {
    return pick_pieces(w, text, strlen(text), strlen(text), 1);
}

static int found(const wanted *w) {
    return w->picks[0].found * 1000 + w->picks[1].found * 100 + w->picks[2].found * 10 + w->picks[3].found;
}

static void values_are_found_at_every_split(void) {
    static const char text[] =
        "{\"a\":[{\"name\":\"no\"},[1,{\"trial\":{\"id\":1}}]],\"trial\":{\"x\":{\"id\":5},\"id\":\"-12345678901\",\"deep\":{\"id\":3,"
        "\"er\":{\"steps\":77,\"y\":null}},\"z\":true},\"id\":4,\"error\":{\"code\":5,\"message\":\"sch\\u00f6n \xe2\x82\xac\"},"
        "\"name\":\"a longer name that has more than thirty-two bytes\"}\n";
    static wanted w;
    for (size_t at = 0; at < sizeof text; at++) {
        for (size_t n = 1; n < 4; n++) {
            CHECK_INT(pick_pieces(&w, text, sizeof text - 1, at, n == 3 ? sizeof text : n), DET_OK);
            CHECK_INT(found(&w), 1111);
            CHECK(w.id == -12345678901);
            CHECK_INT(w.steps, 77);
            CHECK_STR(w.message, "sch\xc3\xb6n \xe2\x82\xac");
            CHECK_STR(w.name, "a longer name that has more than thirty-two bytes");
        }
    }
}

static void absent_values_leave_their_place_alone(void) {
    static wanted w;
    CHECK_INT(pick(&w, "{}"), DET_OK);
    CHECK_INT(found(&w), 0);
    CHECK_INT(w.id, -99);
    CHECK_STR(w.message, "");
    CHECK_STR(w.name, "");
}

static void paths_match_object_keys_at_their_exact_depth_only(void) {
    static const char *const none[] = {
        "{\"id\":1}", "{\"trial\":1}", "{\"x\":{\"trial\":{\"id\":1}}}", "[{\"trial\":{\"id\":1}}]", "{\"trial\":[{\"id\":1}]}",
        "{\"trial\":{\"x\":{\"id\":1}}}", "{\"trial\":{\"x\":[1,{\"id\":1}]}}", "{\"trial.id\":1}", "{\"trial.id\":{\"id\":1}}",
        "{\"trial\":{},\"id\":1}", "{\"trial\":{\"y\":{}},\"x\":{\"id\":1}}", "{\"trial\":{\"idx\":1,\"i\":2,\"\":3}}",
        "{\"Trial\":{\"id\":1}}", "{\"trial\":null}", "{\"x\":{\"name\":\"a\"}}", "[\"name\",\"a\"]", "{\"x\":\"name\"}", "1", "\"name\"",
        "{\"trial\":{\"deep\":{\"steps\":1}}}", "{\"trial\":{\"deep\":{\"x\":{\"steps\":1}}}}", "{\"error\":{\"x\":{\"message\":\"a\"}}}"};
    static wanted w;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        CHECK_INT(pick(&w, none[i]), DET_OK);
        if (found(&w)) fprintf(stderr, "matched: %s\n", none[i]);
        CHECK_INT(found(&w), 0);
    }
}

static void siblings_before_and_after_do_not_disturb(void) {
    static wanted w;
    CHECK_INT(pick(&w, "{\"trial\":{\"a\":{\"b\":[[],{}]},\"id\":5,\"id2\":6},\"name\":\"n\",\"t\":{\"id\":7}}"), DET_OK);
    CHECK_INT(found(&w), 1001);
    CHECK_INT(w.id, 5);
    CHECK_INT(pick(&w, "{\"trial\":{\"deep\":{\"er\":[{\"steps\":1}]}},\"trial\":{\"deep\":{\"er\":{\"steps\":2}}}}"), DET_OK);
    CHECK_INT(found(&w), 100);
    CHECK_INT(w.steps, 2);
}

static void the_last_of_repeated_keys_counts(void) {
    static wanted w;
    CHECK_INT(pick(&w, "{\"trial\":{\"id\":1,\"id\":2},\"name\":\"first\",\"name\":\"2\",\"error\":{\"message\":\"0123456789abcdefgh\","
                       "\"message\":\"short\"}}"), DET_OK);
    CHECK_INT(found(&w), 1011);
    CHECK_INT(w.id, 2);
    CHECK_STR(w.name, "2");
    CHECK_STR(w.message, "short");
}

static void other_types_are_told_apart(void) {
    static const char *const other[] = {"null", "true", "1.0", "1e3", "9223372036854775808", "\"12x\"", "\"\"", "\"1.5\"", "{\"x\":1}",
                                        "[1,2]", "[]", "{}", "12345678901234567890123456789012345678901234567890123456789012345678901"};
    static wanted w;
    char text[256];
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        sprintf(text, "{\"trial\":{\"id\":%s}}", other[i]);
        CHECK_INT(pick(&w, text), DET_OK);
        CHECK_INT(found(&w), 2000);
        CHECK_INT(w.id, -99);
    }
    CHECK_INT(pick(&w, "{\"name\":5,\"error\":{\"message\":[\"a\"]}}"), DET_OK);
    CHECK_INT(found(&w), 22);
    CHECK_STR(w.name, "");
    CHECK_STR(w.message, "");
}

static void int64_comes_as_number_or_as_string_of_digits(void) {
    static const struct { const char *text; int64_t v; } t[] = {
        {"0", 0}, {"-5", -5}, {"\"0\"", 0}, {"\"1099511627776\"", 1099511627776}, {"9223372036854775807", INT64_MAX},
        {"\"-9223372036854775808\"", INT64_MIN}, {"\"\\u0031\\u0032\"", 12}};
    static wanted w;
    char text[256];
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        sprintf(text, "{\"trial\":{\"id\":%s}}", t[i].text);
        for (size_t n = 1; n < strlen(text); n++) {
            CHECK_INT(pick_pieces(&w, text, strlen(text), n, n), DET_OK);
            CHECK_INT(found(&w), 1000);
            CHECK(w.id == t[i].v);
        }
    }
}

/* "message" has 16 bytes: 15 fit. The text is k letters, then sequences of 1 to 4 bytes. */
static void text_is_cut_before_a_utf8_sequence(void) {
    static const char *const units[] = {"y", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
    static wanted w;
    char text[512], whole[256];
    for (size_t u = 0; u < 4; u++) {
        for (size_t k = 0; k < 40; k++) {
            size_t fits;
            whole[0] = 0;
            for (size_t i = 0; i < k; i++) strcat(whole, "x");
            for (size_t i = 0; i < 30; i++) strcat(whole, units[u]);
            sprintf(text, "{\"error\":{\"message\":\"%s\"}}", whole);
            fits = k >= 15 ? 15 : k + (15 - k) / (u + 1) * (u + 1);
            whole[fits] = 0;
            for (size_t n = 1; n < 4; n++) {
                CHECK_INT(pick_pieces(&w, text, strlen(text), strlen(text) / n, n), DET_OK);
                CHECK_INT(found(&w), 20);
                CHECK_STR(w.message, whole);
            }
        }
    }
}

static void text_of_exactly_its_room_is_whole(void) {
    static wanted w;
    char text[64];
    CHECK_INT(pick(&w, "{\"error\":{\"message\":\"0123456789abcde\"}}"), DET_OK);
    CHECK_INT(found(&w), 10);
    CHECK_STR(w.message, "0123456789abcde");
    CHECK_INT(pick(&w, "{\"error\":{\"message\":\"0123456789abcdef\"}}"), DET_OK);
    CHECK_INT(found(&w), 20);
    CHECK_STR(w.message, "0123456789abcde");
    sprintf(text, "{\"error\":{\"message\":\"\"}}");
    CHECK_INT(pick(&w, text), DET_OK);
    CHECK_INT(found(&w), 10);
    CHECK_STR(w.message, "");
}

static void a_room_of_one_byte_takes_only_the_empty_text(void) {
    unsigned char *dst = unit_guard(1);
    det__pick p = {"a", dst, 1, DET__PICK_TEXT, 0, 0};
    det__picker picker;
    det__picker_init(&picker, &p, 1);
    CHECK_INT(det__picker_feed(&picker, "{\"a\":\"x\"}", 9), DET_OK);
    CHECK_INT(det__picker_end(&picker), DET_OK);
    CHECK_INT(p.found, DET__PICK_OTHER);
    CHECK_INT(dst[0], 0);
    unit_guard_free(dst, 1);
}

static void keys_that_end_like_a_path_after_a_long_beginning_do_not_match(void) {
    static wanted w;
    char text[1024];
    for (size_t pad = 40; pad < 200; pad++) {
        char fill[256];
        memset(fill, 'k', pad);
        fill[pad] = 0;
        sprintf(text, "{\"%sname\":\"no\",\"%strial\":{\"id\":1},\"name%s\":\"no\"}", fill, fill, fill);
        for (size_t n = 1; n < 70; n += 3) {
            CHECK_INT(pick_pieces(&w, text, strlen(text), n, n), DET_OK);
            CHECK_INT(found(&w), 0);
        }
    }
}

static void numbers_longer_than_scratch_do_not_disturb_what_follows(void) {
    static wanted w;
    char text[700], digits[200];
    for (size_t n = 60; n < 140; n += 9) {
        memset(digits, '7', n);
        digits[n] = 0;
        sprintf(text, "{\"x\":%s,\"name\":\"n\",\"trial\":{\"y\":%s,\"id\":5},\"error\":{\"message\":%s}}", digits, digits,
                digits);
        for (size_t piece = 1; piece < 90; piece += 4) {
            CHECK_INT(pick_pieces(&w, text, strlen(text), piece, piece), DET_OK);
            CHECK_INT(found(&w), 1021);
            CHECK_STR(w.name, "n");
            CHECK_INT(w.id, 5);
            CHECK_STR(w.message, "");
        }
    }
}

static void the_end_of_a_container_is_no_value_of_a_key_before_it(void) {
    static const char *const t[] = {"{\"name\":\"n\",\"trial\":{\"id\":5}}",
                                    "{\"name\":\"n\",\"trial\":{\"id\":5,\"o\":{},\"a\":[{},[]]}}",
                                    "{\"x\":[{\"name\":1},[2]],\"name\":\"n\",\"trial\":{\"id\":5},\"y\":{\"z\":{}}}"};
    static wanted w;
    for (size_t i = 0; i < sizeof t / sizeof *t; i++) {
        CHECK_INT(pick(&w, t[i]), DET_OK);
        CHECK_INT(found(&w), 1001);
        CHECK_STR(w.name, "n");
        CHECK_INT(w.id, 5);
    }
}

static void what_is_no_json_is_an_error_and_stays_one(void) {
    static const char *const bad[] = {"", " ", "{", "{\"trial\":{\"id\":1}", "{\"trial\":{\"id\":01}}", "{\"a\":\"\xff\"}", "{} {}", "<html>"};
    static wanted w;
    det__picker p;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK_INT(pick(&w, bad[i]), DET_E_JSON);
    want(&w);
    det__picker_init(&p, w.picks, 4);
    CHECK_INT(det__picker_feed(&p, "{]", 2), DET_E_JSON);
    CHECK_INT(det__picker_feed(&p, "{}", 2), DET_E_JSON);
    CHECK_INT(det__picker_end(&p), DET_E_JSON);
}

static void megabytes_pass_by_in_constant_memory(void) {
    static const char head[] = "{\"trial\":{\"summaryMetrics\":{\"a\":[", item[] = "{\"m\":{\"id\":1.25e-3,\"x\":[\"long text \\n\",null]}},",
                      tail[] = "0]},\"id\":42},\"name\":\"end\"}";
    static wanted w;
    det__picker p;
    want(&w);
    det__picker_init(&p, w.picks, 4);
    CHECK_INT(det__picker_feed(&p, head, sizeof head - 1), DET_OK);
    for (int i = 0; i < 40000; i++) CHECK_INT(det__picker_feed(&p, item, sizeof item - 1), DET_OK);
    CHECK_INT(det__picker_feed(&p, tail, sizeof tail - 1), DET_OK);
    CHECK_INT(det__picker_end(&p), DET_OK);
    CHECK_INT(found(&w), 1001);
    CHECK_INT(w.id, 42);
    CHECK(sizeof p <= 64 + 64 + DET_JSON_DEPTH / 8 + 64);
}

static void no_picks_still_check_the_text(void) {
    det__pick none;
    det__picker p;
    det__picker_init(&p, &none, 0);
    CHECK_INT(det__picker_feed(&p, "[1,{\"a\":2}]", 11), DET_OK);
    CHECK_INT(det__picker_end(&p), DET_OK);
    det__picker_init(&p, &none, 0);
    CHECK_INT(det__picker_feed(&p, "[1,]", 4), DET_E_JSON);
}

static const unit_test tests[] = {
    TEST(values_are_found_at_every_split),
    TEST(absent_values_leave_their_place_alone),
    TEST(paths_match_object_keys_at_their_exact_depth_only),
    TEST(siblings_before_and_after_do_not_disturb),
    TEST(the_last_of_repeated_keys_counts),
    TEST(other_types_are_told_apart),
    TEST(int64_comes_as_number_or_as_string_of_digits),
    TEST(text_is_cut_before_a_utf8_sequence),
    TEST(text_of_exactly_its_room_is_whole),
    TEST(a_room_of_one_byte_takes_only_the_empty_text),
    TEST(keys_that_end_like_a_path_after_a_long_beginning_do_not_match),
    TEST(numbers_longer_than_scratch_do_not_disturb_what_follows),
    TEST(the_end_of_a_container_is_no_value_of_a_key_before_it),
    TEST(what_is_no_json_is_an_error_and_stays_one),
    TEST(megabytes_pass_by_in_constant_memory),
    TEST(no_picks_still_check_the_text),
};
UNIT_MAIN(tests)
