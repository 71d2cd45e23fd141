/* SPDX-License-Identifier: Apache-2.0
 * The JSON reader: what it accepts and refuses, that no division into pieces changes what it says, its bounds. */
#include "unit.h"

#include <stdint.h>

#include "data/json/cases.h"
#include "det_json.h"

/* ---- tokens as text: "{ :key 'string #number true ]", parts joined; an error as "!code" ---- */

typedef struct trace {
    char text[8192];
    size_t len;
    int parts;   /* the last token said more */
    int result;
} trace;

static void trace_put(trace *t, const char *s, size_t n) {
    if (n > sizeof t->text - 1 - t->len) n = sizeof t->text - 1 - t->len;
    if (n) memcpy(t->text + t->len, s, n);
    t->len += n;
    t->text[t->len] = 0;
}

static void trace_token(trace *t, int type, const det_json_token *tok) {
    static const char *const names[] = {"", "{", "}", "[", "]", ":", "'", "#", "true", "false", "null"};
    if (!t->parts) {
        if (t->len) trace_put(t, " ", 1);
        trace_put(t, names[type], strlen(names[type]));
    }
    trace_put(t, tok->text, tok->len);
    t->parts = tok->more && type != DET_JSON_NUMBER;
}

/* Takes tokens until the reader wants more or is at its end. */
static void trace_pull(trace *t, det_json_reader *r) {
    det_json_token tok;
    int again;
    while ((t->result = det_json_next(r, &tok)) > DET_JSON_END) trace_token(t, t->result, &tok);
    if (t->result == DET_E_AGAIN) return;
    again = det_json_next(r, &tok);
    CHECK_INT(again, t->result); /* ends and errors are sticky */
}

/* Reads text in pieces of the given length, each in memory of its own that is gone afterwards. */
static void trace_pieces(trace *t, const char *text, size_t len, size_t first, size_t piece, size_t cap) {
    unsigned char *scratch = unit_guard(cap);
    det_json_reader r;
    size_t at = 0, n = first;
    memset(t, 0, sizeof *t);
    det_json_read_init(&r, (char *)scratch, cap);
    do {
        char *own;
        if (n > len - at) n = len - at;
        own = (char *)malloc(n ? n : 1);
        if (!own) abort();
        if (n) memcpy(own, text + at, n);
        at += n;
        det_json_feed(&r, own, n, at == len);
        trace_pull(t, &r);
        free(own);
        n = piece;
    } while (t->result == DET_E_AGAIN && at < len);
    unit_guard_free(scratch, cap);
}

static int same(const trace *a, const trace *b) {
    return a->result == b->result && a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
}

/* Every split in two, every piece length, small and large scratch: all as the whole. */
static void check_every_split(const char *text, size_t len, trace *whole) {
    static const size_t caps[] = {32, 33, 37, 1024};
    static trace t;
    trace_pieces(whole, text, len, len, len, 1024);
    for (size_t c = 0; c < sizeof caps / sizeof *caps; c++) {
        for (size_t at = 0; at <= len; at++) {
            trace_pieces(&t, text, len, at, len, caps[c]);
            if (!same(&t, whole)) fprintf(stderr, "split at %zu of %s\n", at, text);
            CHECK(same(&t, whole));
        }
        for (size_t n = 1; n < 9; n++) {
            trace_pieces(&t, text, len, n, n, caps[c]);
            if (!same(&t, whole)) fprintf(stderr, "pieces of %zu of %s: %s\n", n, text, t.text);
            CHECK(same(&t, whole));
        }
    }
}

static void every_valid_text_is_accepted_at_every_split(void) {
    static trace whole;
    for (size_t i = 0; i < sizeof json_accepted / sizeof *json_accepted; i++) {
        const json_case *c = &json_accepted[i];
        if (c->len > 32 && c->text[0] == '1') continue; /* a number longer than scratch: has a test of its own */
        check_every_split(c->text, c->len, &whole);
        CHECK_INT(whole.result, DET_JSON_END);
        if (c->tokens) CHECK_STR(whole.text, c->tokens);
    }
}

static void every_invalid_text_is_refused_at_every_split(void) {
    static trace whole;
    for (size_t i = 0; i < sizeof json_refused / sizeof *json_refused; i++) {
        const json_case *c = &json_refused[i];
        check_every_split(c->text, c->len, &whole);
        if (whole.result != DET_E_JSON) fprintf(stderr, "accepted: %s\n", c->text);
        CHECK_INT(whole.result, DET_E_JSON);
    }
}

static void a_valid_text_cut_anywhere_wants_more_and_is_refused_when_final(void) {
    static const char text[] = "{\"a\":[1.5e+3,\"\\ud83d\\ude00\xe2\x82\xac\",true,false,null,{}],\"b\":\"c\"}";
    static trace t;
    char scratch[64];
    for (size_t n = 0; n < sizeof text - 1; n++) {
        det_json_reader r;
        memset(&t, 0, sizeof t);
        det_json_read_init(&r, scratch, sizeof scratch);
        det_json_feed(&r, text, n, 0);
        trace_pull(&t, &r);
        CHECK_INT(t.result, DET_E_AGAIN);
        trace_pieces(&t, text, n, n, n, 64);
        CHECK_INT(t.result, DET_E_JSON);
    }
}

static void empty_pieces_change_nothing(void) {
    static const char text[] = "[\"a\\u00e9\", 12, null]";
    static trace t;
    det_json_reader r;
    char scratch[32];
    memset(&t, 0, sizeof t);
    det_json_read_init(&r, scratch, sizeof scratch);
    trace_pull(&t, &r); /* nothing fed at all */
    CHECK_INT(t.result, DET_E_AGAIN);
    for (size_t i = 0; i < sizeof text - 1; i++) {
        det_json_feed(&r, NULL, 0, 0);
        trace_pull(&t, &r);
        CHECK_INT(t.result, DET_E_AGAIN);
        det_json_feed(&r, text + i, 1, 0);
        trace_pull(&t, &r);
        CHECK_INT(t.result, DET_E_AGAIN);
    }
    det_json_feed(&r, NULL, 0, 1);
    trace_pull(&t, &r);
    CHECK_INT(t.result, DET_JSON_END);
    CHECK_STR(t.text, "[ 'a\xc3\xa9 #12 null ]");
}

static void the_end_comes_only_with_the_last_piece(void) {
    det_json_reader r;
    det_json_token t;
    char scratch[32];
    det_json_read_init(&r, scratch, sizeof scratch);
    det_json_feed(&r, "[]", 2, 0);
    CHECK_INT(det_json_next(&r, &t), DET_JSON_ARRAY);
    CHECK_INT(det_json_next(&r, &t), DET_JSON_ARRAY_END);
    CHECK_INT(det_json_next(&r, &t), DET_E_AGAIN);
    det_json_feed(&r, " ", 1, 0);
    CHECK_INT(det_json_next(&r, &t), DET_E_AGAIN);
    det_json_feed(&r, "\n", 1, 1);
    CHECK_INT(det_json_next(&r, &t), DET_JSON_END);
    CHECK_INT(det_json_next(&r, &t), DET_JSON_END);
}

static void text_after_the_value_is_refused_even_when_it_comes_later(void) {
    det_json_reader r;
    det_json_token t;
    char scratch[32];
    det_json_read_init(&r, scratch, sizeof scratch);
    det_json_feed(&r, "1 ", 2, 0);
    CHECK_INT(det_json_next(&r, &t), DET_JSON_NUMBER);
    CHECK_INT(det_json_next(&r, &t), DET_E_AGAIN);
    det_json_feed(&r, "x", 1, 1);
    CHECK_INT(det_json_next(&r, &t), DET_E_JSON);
    det_json_feed(&r, " ", 1, 1);
    CHECK_INT(det_json_next(&r, &t), DET_E_JSON);
}

static void a_nul_escape_is_decoded_to_a_nul_byte(void) {
    det_json_reader r;
    det_json_token t;
    char scratch[32];
    det_json_read_init(&r, scratch, sizeof scratch);
    det_json_feed(&r, "\"a\\u0000b\"", 10, 1);
    CHECK_INT(det_json_next(&r, &t), DET_JSON_STRING);
    CHECK_INT(t.len, 3);
    CHECK(memcmp(t.text, "a\0b", 3) == 0);
}

static void a_plain_token_is_not_copied(void) {
    static const char text[] = "{\"key\":\"a plain value of more than thirty-two bytes\",\"n\":12345}";
    det_json_reader r;
    det_json_token t;
    char scratch[32];
    memset(scratch, 'S', sizeof scratch);
    det_json_read_init(&r, scratch, sizeof scratch);
    det_json_feed(&r, text, sizeof text - 1, 1);
    CHECK_INT(det_json_next(&r, &t), DET_JSON_OBJECT);
    for (int i = 0; i < 4; i++) {
        CHECK(det_json_next(&r, &t) > 0);
        CHECK(t.text > text && t.text + t.len < text + sizeof text);
        CHECK_INT(t.more, 0);
    }
    CHECK_INT(scratch[0], 'S');
}

/* A string in one-byte pieces: up to cap it is one token, beyond that it comes in parts of whole sequences. */
static void a_string_comes_in_parts_only_when_scratch_is_too_small(void) {
    static const char *const units[] = {"x", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\\n", "\\u20ac", "\\ud83d\\ude00"};
    static const size_t decoded[] = {1, 2, 3, 4, 1, 3, 4};
    for (size_t u = 0; u < sizeof units / sizeof *units; u++) {
        for (size_t count = 1; count < 80; count++) {
            char text[1024] = "\"", scratch[32];
            det_json_reader r;
            det_json_token t;
            size_t sum = 0, len, parts = 0;
            int type = DET_E_AGAIN;
            for (size_t i = 0; i < count; i++) strcat(text, units[u]);
            strcat(text, "\"");
            len = strlen(text);
            det_json_read_init(&r, scratch, sizeof scratch);
            for (size_t i = 0; i < len;) {
                if (type == DET_E_AGAIN) det_json_feed(&r, text + i, 1, i + 1 == len), i++;
                while ((type = det_json_next(&r, &t)) == DET_JSON_STRING) {
                    parts++;
                    sum += t.len;
                    CHECK(t.len <= sizeof scratch && t.len % decoded[u] == 0);
                    CHECK_INT(t.more, sum < count * decoded[u]);
                }
            }
            CHECK_INT(type, DET_JSON_END);
            CHECK_INT(sum, count * decoded[u]);
            CHECK(count * decoded[u] > sizeof scratch || parts == 1);
        }
    }
}

static void a_number_longer_than_scratch_is_flagged_and_still_checked(void) {
    static const char *const tails[] = {"1", ".5", "e-3"};
    char text[256], scratch[40];
    for (size_t cap = 32; cap <= sizeof scratch; cap++) {
        for (size_t n = cap - 3; n < cap + 30; n++) {
            for (size_t piece = 1; piece < 100; piece += 7) {
                static trace t;
                det_json_reader r;
                det_json_token tok;
                int64_t i = 5;
                double d = 5;
                size_t len = n, tail = n % 3;
                memset(text, '1', n);
                memcpy(text + n, tails[tail], strlen(tails[tail]) + 1);
                len += strlen(tails[tail]);
                det_json_read_init(&r, scratch, cap);
                det_json_feed(&r, text, len, 1);
                CHECK_INT(det_json_next(&r, &tok), DET_JSON_NUMBER);
                CHECK_INT(tok.more, len > cap);
                CHECK_INT(tok.len, len > cap ? cap : len);
                if (len > cap) {
                    CHECK_INT(det_json_to_int(&tok, &i), DET_E_SIZE);
                    CHECK_INT(det_json_to_double(&tok, &d), DET_E_SIZE);
                    CHECK(i == 5 && d == 5);
                } else {
                    CHECK_INT(det_json_to_double(&tok, &d), DET_OK);
                }
                CHECK_INT(det_json_next(&r, &tok), DET_JSON_END);
                trace_pieces(&t, text, len, piece, piece, cap);
                CHECK_INT(t.result, DET_JSON_END);
                CHECK_INT(t.len - 1, len > cap ? cap : len);
                text[len] = '.';
                text[len + 1] = 'x';
                trace_pieces(&t, text, len + 2, piece, piece, cap);
                CHECK_INT(t.result, DET_E_JSON);
            }
        }
    }
}

static void nesting_is_bounded_at_the_knob(void) {
    static char text[4 * DET_JSON_DEPTH + 8];
    static trace t;
    for (size_t depth = DET_JSON_DEPTH - 1; depth <= DET_JSON_DEPTH + 1; depth++) {
        memset(text, '[', depth);
        memset(text + depth, ']', depth);
        trace_pieces(&t, text, 2 * depth, 2 * depth, 1, 32);
        CHECK_INT(t.result, depth <= DET_JSON_DEPTH ? DET_JSON_END : DET_E_DEPTH);
        trace_pieces(&t, text, 2 * depth, 1, 1, 32);
        CHECK_INT(t.result, depth <= DET_JSON_DEPTH ? DET_JSON_END : DET_E_DEPTH);
    }
}

static void every_level_remembers_whether_it_is_an_object(void) {
    static char text[8 * DET_JSON_DEPTH];
    static trace t;
    char closers[DET_JSON_DEPTH];
    size_t len = 0;
    uint32_t random = 12345;
    for (size_t i = 0; i < DET_JSON_DEPTH; i++) {
        random = random * 1664525u + 1013904223u;
        closers[i] = random >> 31 ? '}' : ']';
        len += (size_t)sprintf(text + len, "%s", i == DET_JSON_DEPTH - 1 ? random >> 31 ? "{" : "[" : random >> 31 ? "{\"\":" : "[");
    }
    for (size_t i = DET_JSON_DEPTH; i-- > 0;) text[len++] = closers[i];
    trace_pieces(&t, text, len, len, len, 32);
    CHECK_INT(t.result, DET_JSON_END);
    for (size_t i = 0; i < DET_JSON_DEPTH; i += 31) { /* one closer the wrong way */
        size_t at = len - 1 - i;
        text[at] = text[at] == '}' ? ']' : '}';
        trace_pieces(&t, text, len, len, len, 32);
        CHECK_INT(t.result, DET_E_JSON);
        text[at] = text[at] == '}' ? ']' : '}';
    }
}

static void a_scratch_under_32_bytes_is_an_argument_error(void) {
    det_json_reader r;
    det_json_token t;
    char scratch[32];
    det_json_read_init(&r, scratch, 31);
    det_json_feed(&r, "1", 1, 1);
    CHECK_INT(det_json_next(&r, &t), DET_E_ARG);
    det_json_read_init(&r, NULL, 32);
    det_json_feed(&r, "1", 1, 1);
    CHECK_INT(det_json_next(&r, &t), DET_E_ARG);
    CHECK_INT(det_json_next(&r, &t), DET_E_ARG);
}

static int to_int(const char *s, int64_t *v) {
    det_json_token t;
    t.text = s;
    t.len = strlen(s);
    t.more = 0;
    return det_json_to_int(&t, v);
}

static void integers_are_exact_to_64_bits(void) {
    static const struct { const char *text; int64_t v; } good[] = {
        {"0", 0}, {"-0", 0}, {"7", 7}, {"-1", -1}, {"9007199254740993", 9007199254740993},
        {"9223372036854775807", INT64_MAX}, {"-9223372036854775808", INT64_MIN}, {"-9223372036854775807", -INT64_MAX},
        {"1000000000000000000", 1000000000000000000}};
    static const char *const bad[] = {"", "-", "1.0", "1e3", "9223372036854775808", "-9223372036854775809", "12x", " 1", "+1",
                                      "18446744073709551616", "18446744073709551617", "99999999999999999999999", "0.5", "--1"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        int64_t v = 42;
        CHECK_INT(to_int(good[i].text, &v), DET_OK);
        CHECK(v == good[i].v);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t v = 42;
        CHECK_INT(to_int(bad[i], &v), DET_E_VALUE);
        CHECK_INT(v, 42);
    }
}

static const unit_test tests[] = {
    TEST(every_valid_text_is_accepted_at_every_split),
    TEST(every_invalid_text_is_refused_at_every_split),
    TEST(a_valid_text_cut_anywhere_wants_more_and_is_refused_when_final),
    TEST(empty_pieces_change_nothing),
    TEST(the_end_comes_only_with_the_last_piece),
    TEST(text_after_the_value_is_refused_even_when_it_comes_later),
    TEST(a_nul_escape_is_decoded_to_a_nul_byte),
    TEST(a_plain_token_is_not_copied),
    TEST(a_string_comes_in_parts_only_when_scratch_is_too_small),
    TEST(a_number_longer_than_scratch_is_flagged_and_still_checked),
    TEST(nesting_is_bounded_at_the_knob),
    TEST(every_level_remembers_whether_it_is_an_object),
    TEST(a_scratch_under_32_bytes_is_an_argument_error),
    TEST(integers_are_exact_to_64_bits),
};
UNIT_MAIN(tests)
