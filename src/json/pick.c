/* SPDX-License-Identifier: Apache-2.0
 * Pick values by path. Invariant: a pick's level is the number of its leading keys that are the keys of the innermost
 * open objects' ancestors, so a value at nesting depth d belongs to it when level is d and no key of the path is left. */
#include "pick.h"

#include <string.h>

void det__picker_init(det__picker *p, det__pick *picks, size_t n) {
    det_json_read_init(&p->reader, p->scratch, sizeof p->scratch);
    p->picks = picks;
    p->n = (uint8_t)n;
    p->in_key = 0;
    p->text_len = 0;
    for (size_t i = 0; i < n; i++) {
        picks[i].found = DET__PICK_ABSENT;
        picks[i].level = 0;
        if (picks[i].kind == DET__PICK_TEXT) *(char *)picks[i].dst = 0;
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

static int key_matches(const det__pick *pick, const det_json_token *t) {
    const char *s = path_rest(pick);
    size_t n = 0;
    if (!s) return 0;
    while (s[n] && s[n] != '.') n++;
    return n == t->len && memcmp(s, t->text, n) == 0;
}

/* A key in an object at this depth; whole: all of it is in t. */
static void on_key(det__picker *p, const det_json_token *t, int whole) {
    unsigned depth = p->reader.depth;
    for (size_t i = 0; i < p->n; i++) {
        det__pick *pick = &p->picks[i];
        if (pick->level >= depth) pick->level = (uint16_t)(depth - 1);
        if (whole && pick->level == depth - 1 && key_matches(pick, t)) pick->level++;
    }
}

static void store_text(det__picker *p, det__pick *pick, const det_json_token *t) {
    char *dst = (char *)pick->dst;
    size_t at = p->text_len, n = t->len;
    if (at && pick->found != DET__PICK_STORED) return; /* cut before */
    pick->found = DET__PICK_STORED;
    if (n > pick->cap - 1 - at) {
        n = pick->cap - 1 - at;
        while (n > 0 && ((unsigned char)t->text[n] & 0xc0) == 0x80) n--;
        pick->found = DET__PICK_OTHER;
    }
    memcpy(dst + at, t->text, n);
    dst[at + n] = 0;
}

static void store(det__picker *p, det__pick *pick, int type, const det_json_token *t) {
    int string = type == DET_JSON_STRING, whole = !t->more && !p->text_len;
    if (pick->kind == DET__PICK_TEXT && string) {
        store_text(p, pick, t);
        return;
    }
    if (pick->kind == DET__PICK_TEXT) *(char *)pick->dst = 0;
    pick->found = DET__PICK_OTHER;
    if (pick->kind != DET__PICK_INT64 || !whole || !(string || type == DET_JSON_NUMBER)) return;
    if (det_json_to_int(t, (int64_t *)pick->dst) == DET_OK) pick->found = DET__PICK_STORED;
}

/* A value, or a part of a string, in a container at this depth; an array or object when it begins. */
static void on_value(det__picker *p, int type, const det_json_token *t, unsigned depth) {
    for (size_t i = 0; depth && i < p->n; i++) {
        det__pick *pick = &p->picks[i];
        if (pick->level == depth && !path_rest(pick)) store(p, pick, type, t);
    }
    p->text_len = t->more ? p->text_len + t->len : 0;
}

static void on_token(det__picker *p, int type, const det_json_token *t) {
    unsigned depth = p->reader.depth;
    if (type == DET_JSON_OBJECT_END || type == DET_JSON_ARRAY_END) return;
    if (type == DET_JSON_KEY) {
        on_key(p, t, !t->more && !p->in_key);
        p->in_key = t->more;
        return;
    }
    on_value(p, type, t, type == DET_JSON_OBJECT || type == DET_JSON_ARRAY ? depth - 1 : depth);
}

static int run(det__picker *p) {
    det_json_token t;
    int type;
    while ((type = det_json_next(&p->reader, &t)) > 0) on_token(p, type, &t);
    return type == DET_E_AGAIN ? DET_OK : type;
}

int det__picker_feed(det__picker *p, const void *data, size_t len) {
    det_json_feed(&p->reader, (const char *)data, len, 0);
    return run(p);
}

int det__picker_end(det__picker *p) {
    det_json_feed(&p->reader, NULL, 0, 1);
    return run(p);
}
