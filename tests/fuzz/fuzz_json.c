/* SPDX-License-Identifier: Apache-2.0
 * libFuzzer target for JSON: the first byte seeds the division into pieces and the size of scratch; the rest is read
 * whole and in pieces, which must agree. Numbers must convert as strtod does, strings must survive writing and reading. Build,
 * from the repository's root, after make:
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc tests/fuzz/fuzz_json.c src/json/pick.c \
 *     build/libdet.a -lm -o fuzz_json && ./fuzz_json -max_len=400 tests/fuzz/corpus/json */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "det_json.h"
#include "json/pick.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SCRATCH = 64 };

typedef struct digest {
    uint64_t hash;
    int result;
    int parts;
} digest;

static void add(digest *d, const void *data, size_t n) {
    const uint8_t *p = (const uint8_t *)data;
    for (size_t i = 0; i < n; i++) d->hash = (d->hash ^ p[i]) * 0x100000001b3u;
}

static void must(int ok) {
    if (!ok) abort();
}

static void check_number(const det_json_token *t) {
    char copy[SCRATCH + 1];
    double got = 0, want;
    int result = det_json_to_double(t, &got);
    if (t->more) {
        must(result == DET_E_SIZE);
        return;
    }
    memcpy(copy, t->text, t->len);
    copy[t->len] = 0;
    want = strtod(copy, NULL);
    must(isinf(want) ? result == DET_E_VALUE : result == DET_OK && memcmp(&got, &want, sizeof got) == 0);
}

static void check_string(const det_json_token *t) {
    char *text, scratch[SCRATCH];
    det_json_writer w;
    det_json_reader r;
    det_json_token back;
    size_t at = 0;
    int more;
    det_json_write_init(&w, NULL, 0, DET_JSON_STRICT_UTF8);
    det_json_string_n(&w, t->text, t->len);
    text = (char *)malloc(w.len);
    must(text != NULL);
    det_json_write_init(&w, text, w.len, DET_JSON_STRICT_UTF8);
    det_json_string_n(&w, t->text, t->len);
    must(det_json_finish(&w) == DET_OK);
    det_json_read_init(&r, scratch, sizeof scratch);
    det_json_feed(&r, text, w.len, 1);
    do {
        must(det_json_next(&r, &back) == DET_JSON_STRING);
        must(back.len <= t->len - at && memcmp(back.text, t->text + at, back.len) == 0);
        at += back.len;
        more = back.more;
    } while (more);
    must(at == t->len && det_json_next(&r, &back) == DET_JSON_END);
    free(text);
}

static void take(digest *d, int type, const det_json_token *t) {
    uint8_t kind = (uint8_t)type;
    if (!d->parts) add(d, &kind, 1);
    add(d, t->text, t->len);
    d->parts = t->more && type != DET_JSON_NUMBER;
    if (type == DET_JSON_NUMBER) check_number(t);
    if (type == DET_JSON_STRING) check_string(t);
}

/* mask: pieces are of 0 … mask bytes, each in memory of its own; 0: one piece. */
static digest read_all(const uint8_t *data, size_t size, uint32_t seed, uint32_t mask) {
    digest d = {0xcbf29ce484222325u, DET_E_AGAIN, 0};
    char scratch[SCRATCH];
    det_json_reader r;
    det_json_token t;
    size_t at = 0;
    det_json_read_init(&r, scratch, sizeof scratch);
    while (d.result == DET_E_AGAIN) {
        size_t n = size - at;
        char *own;
        seed = seed * 1664525u + 1013904223u;
        if (mask && (seed >> 16 & mask) < n) n = seed >> 16 & mask;
        own = (char *)malloc(n ? n : 1);
        must(own != NULL);
        if (n) memcpy(own, data + at, n);
        at += n;
        det_json_feed(&r, own, n, at == size);
        while ((d.result = det_json_next(&r, &t)) > DET_JSON_END) take(&d, d.result, &t);
        must(d.result != DET_E_AGAIN || at < size);
        free(own);
    }
    return d;
}

static void check_picker(const uint8_t *data, size_t size, int result) {
    char text[8];
    int64_t id = 0;
    det__pick picks[2] = {{"a.b", text, sizeof text, DET__PICK_TEXT, 0, 0}, {"id", &id, 0, DET__PICK_INT64, 0, 0}};
    det__picker p;
    int got;
    det__picker_init(&p, picks, 2);
    got = det__picker_feed(&p, data, size);
    if (got == DET_OK) got = det__picker_end(&p);
    must(got == result);
    must(memchr(text, 0, sizeof text) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const uint32_t masks[4] = {1, 3, 7, 31};
    digest whole;
    if (size < 1) return 0;
    whole = read_all(data + 1, size - 1, 0, 0);
    for (int i = 0; i < 4; i++) {
        digest d = read_all(data + 1, size - 1, data[0] + (uint32_t)i, masks[i]);
        must(d.result == whole.result);
        must(d.result != DET_JSON_END || d.hash == whole.hash);
    }
    check_picker(data + 1, size - 1, whole.result);
    return 0;
}
