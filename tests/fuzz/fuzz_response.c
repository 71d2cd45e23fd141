/* SPDX-License-Identifier: Apache-2.0
 * libFuzzer target of the response parser. The first byte chooses (bit 0: the answer to a HEAD), the rest is the stream.
 * It is parsed whole, byte by byte and in pieces whose sizes come from the input: all must end alike, and no piece of a
 * body may lie outside the input. Build, from the repository's root:
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc tests/fuzz/fuzz_response.c src/http/response.c \
 *     src/http/token.c -o fuzz_response && ./fuzz_response -max_len=4096 tests/fuzz/corpus/response */
#include <stdlib.h>
#include <string.h>

#include "http/response.h"

typedef struct outcome {
    int rc;
    size_t used;
    uint64_t body_len;
    uint32_t hash; /* of the body */
    det__response r;
} outcome;

static void require(int c) {
    if (!c) abort();
}

/* One piece, from memory of its own. 1: wants more. */
static int feed(outcome *o, const uint8_t *s, size_t n) {
    uint8_t *piece = (uint8_t *)malloc(n ? n : 1);
    size_t at = 0, used;
    require(piece != NULL);
    memcpy(piece, s, n);
    do {
        o->rc = det__response_feed(&o->r, piece + at, n - at, &used);
        require(used <= n - at);
        at += used;
        if (o->rc != DET__RESPONSE_BODY) continue;
        require(o->r.body_len > 0 && o->r.body >= piece && o->r.body + o->r.body_len == piece + at);
        o->body_len += o->r.body_len;
        for (size_t i = 0; i < o->r.body_len; i++) o->hash = (o->hash ^ o->r.body[i]) * 16777619u;
    } while (o->rc == DET__RESPONSE_BODY || o->rc == DET__RESPONSE_HEAD);
    require(o->rc != DET__RESPONSE_MORE || at == n);
    o->used += at;
    free(piece);
    return o->rc == DET__RESPONSE_MORE;
}

/* Pieces of `size` bytes, or of sizes taken from the input itself for 0. */
static outcome parse(const uint8_t *s, size_t n, int head, size_t size) {
    outcome o;
    size_t at = 0, piece;
    memset(&o, 0, sizeof o);
    det__response_init(&o.r, head);
    do {
        piece = size ? size : (size_t)s[at] % 23 + 1;
        if (piece > n - at) piece = n - at;
        if (!feed(&o, s + at, piece)) break;
        at += piece;
    } while (at < n);
    if (o.rc == DET__RESPONSE_MORE) o.rc = det__response_eof(&o.r);
    return o;
}

static void require_same(const outcome *a, const outcome *b) {
    require(a->rc == b->rc && a->used == b->used && a->body_len == b->body_len && a->hash == b->hash);
    require(a->r.status == b->r.status && a->r.keep_alive == b->r.keep_alive && a->r.has_length == b->r.has_length);
    require(a->r.content_length == b->r.content_length && a->r.retry_after_s == b->r.retry_after_s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    outcome whole, other;
    int head;
    if (size < 2) return 0;
    head = *data++ & 1;
    size--;
    whole = parse(data, size, head, size);
    require(whole.rc == DET__RESPONSE_DONE || whole.rc == DET_E_HTTP || whole.rc == DET_E_HEAD ||
            whole.rc == DET_E_TRUNCATED);
    if (whole.rc == DET__RESPONSE_DONE && whole.r.has_length && !head && whole.r.status != 204 && whole.r.status != 304)
        require(whole.body_len == whole.r.content_length);
    other = parse(data, size, head, 1);
    require_same(&whole, &other);
    other = parse(data, size, head, 0);
    require_same(&whole, &other);
    return 0;
}
