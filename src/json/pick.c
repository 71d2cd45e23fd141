/* SPDX-License-Identifier: Apache-2.0
 * Pick values by path. Invariant: a pick's level is the number of its leading keys that are the keys of the innermost
 * open objects' ancestors, so a value at nesting depth d belongs to it when level is d and no key of the path is left. */
#include "pick.h"

#include <string.h>

void det__picker_init(det__picker *p, det__pick *picks, size_t n) {
    det_json_read_init(&p->reader, p->scratch, sizeof p->scratch);
    p->picks = picks;
    p->n = n;
    p->before = 0;
    for (; n; n--, picks++) {
        picks->found = DET__PICK_ABSENT;
        picks->level = 0;
        if (picks->kind == DET__PICK_TEXT) *(char *)picks->dst = 0;
    }
}

/* The rest of the path below its first `level` keys; NULL when there is none. */
static const char *path_rest(const det__pick *pick) {
    const char *s = pick->path;
    for (unsigned i = 0; i < pick->level; i++) {
        while (*s && *s != '.') s++;
        if (!*s++) return NULL;
    }
    return s;
}

static int begins_with(const char *path, const det_json_token *key) {
    size_t n = 0;
    while (path[n] && path[n] != '.') n++;
    return n == key->len && memcmp(path, key->text, n) == 0;
}

static void store_text(det__pick *pick, const det_json_token *t, size_t at) {
    char *dst = (char *)pick->dst + at;
    size_t n = t->len, room = pick->cap - 1 - at;
    if (at && pick->found != DET__PICK_STORED) return; /* cut before */
    pick->found = DET__PICK_STORED;
    if (n > room) {
        n = room;
        while (n > 0 && ((unsigned char)t->text[n] & 0xc0) == 0x80) n--;
        pick->found = DET__PICK_OTHER;
    }
    memcpy(dst, t->text, n);
    dst[n] = 0;
}

/* A token whose type has no text is no integer either. */
static void store(det__pick *pick, int type, const det_json_token *t, size_t at) {
    if (pick->kind == DET__PICK_INT64) {
        int whole = !at && det_json_to_int(t, (int64_t *)pick->dst) == DET_OK;
        pick->found = whole ? DET__PICK_STORED : DET__PICK_OTHER;
    } else if (type == DET_JSON_STRING) {
        store_text(pick, t, at);
    } else {
        *(char *)pick->dst = 0;
        pick->found = DET__PICK_OTHER;
    }
}

/* At a key, at a value, or a part of either; at arrays and objects when they begin and, to the same effect, end. */
static void on_token(det__picker *p, int type, const det_json_token *t) {
    unsigned depth = p->reader.depth;
    det__pick *pick = p->picks, *end = pick + p->n;
    if (type == DET_JSON_OBJECT || type == DET_JSON_ARRAY || type == DET_JSON_KEY) depth--;
    for (; pick < end; pick++) {
        const char *rest;
        if (pick->level > depth) pick->level = (uint16_t)depth;
        if (pick->level < depth) continue;
        rest = path_rest(pick);
        if (type != DET_JSON_KEY) {
            if (!rest) store(pick, type, t, p->before);
        } else if (rest && !t->more && !p->before && begins_with(rest, t)) {
            pick->level++;
        }
    }
    p->before = t->more && type != DET_JSON_NUMBER ? p->before + t->len : 0;
}

static int run(det__picker *p, const char *data, size_t len, int last) {
    det_json_token t;
    int type;
    det_json_feed(&p->reader, data, len, last);
    while ((type = det_json_next(&p->reader, &t)) > 0) on_token(p, type, &t);
    return type == DET_E_AGAIN ? DET_OK : type;
}

int det__picker_feed(det__picker *p, const void *data, size_t len) {
    return run(p, (const char *)data, len, 0);
}

int det__picker_end(det__picker *p) {
    return run(p, NULL, 0, 1);
}
