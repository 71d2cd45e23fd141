/* SPDX-License-Identifier: Apache-2.0
 * The tree: members found, put and removed, and a text parsed into it. Invariant: a container's children are in the
 * order of the text, no two of an object with the same key. */
#include "tree.h"

#include <stdlib.h>
#include <string.h>

#include "../base/wipe.h"
#include "det_json.h"

/* ---- nodes ------------------------------------------------------------------------------------------------------- */

static void free_text(char *s, size_t len) {
    if (s) det__wipe(s, len);
    free(s);
}

static void free_node(det__tree *t) {
    free_text(t->key, t->key_len);
    free_text(t->text, t->len);
    free(t);
}

void det__tree_free(det__tree *t) {
    det__tree *end = t ? t->parent : NULL;
    while (t && t != end) {
        det__tree *up = t;
        if (t->child) {
            up = t->child;
            t->child = up->next;
        } else {
            up = t->parent;
            free_node(t);
        }
        t = up;
    }
}

static char *copy(const char *s, size_t len) {
    char *c = (char *)malloc(len + 1);
    if (!c) return NULL;
    if (len) memcpy(c, s, len);
    c[len] = 0;
    return c;
}

static det__tree *new_node(det__tree *parent, int type) {
    det__tree *t = (det__tree *)calloc(1, sizeof *t);
    if (!t) return NULL;
    t->parent = parent;
    t->type = (uint8_t)type;
    return t;
}

det__tree *det__tree_new(void) {
    return new_node(NULL, DET_JSON_OBJECT);
}

/* Where in its container the member of this key hangs, or the end of the list. */
static det__tree **place_of(det__tree *object, const char *key, size_t len) {
    det__tree **at = &object->child;
    while (*at && ((*at)->key_len != len || memcmp((*at)->key, key, len) != 0)) at = &(*at)->next;
    return at;
}

/* Hang t into an object, instead of a member with the same key. */
static void hang(det__tree *object, det__tree *t) {
    det__tree **at = place_of(object, t->key, t->key_len), *old = *at;
    t->parent = object;
    t->next = old ? old->next : NULL;
    *at = t;
    if (!old) return;
    old->parent = NULL;
    det__tree_free(old);
}

/* ---- members ----------------------------------------------------------------------------------------------------- */

det__tree *det__tree_get(const det__tree *t, const char *key) {
    size_t len = strlen(key);
    if (!t || t->type != DET_JSON_OBJECT) return NULL;
    for (det__tree *c = t->child; c; c = c->next)
        if (c->key_len == len && memcmp(c->key, key, len) == 0) return c;
    return NULL;
}

const char *det__tree_string(const det__tree *t, const char *key) {
    const det__tree *c = det__tree_get(t, key);
    return c && c->type == DET_JSON_STRING ? c->text : NULL;
}

det__tree *det__tree_put(det__tree *object, const char *key, int type, const char *text) {
    det__tree *t = new_node(NULL, type);
    if (!t) return NULL;
    t->key_len = strlen(key);
    t->key = copy(key, t->key_len);
    t->len = text ? strlen(text) : 0;
    if (text) t->text = copy(text, t->len);
    if (!t->key || (text && !t->text)) {
        free_node(t);
        return NULL;
    }
    hang(object, t);
    return t;
}

det__tree *det__tree_object(det__tree *object, const char *key) {
    det__tree *t = det__tree_get(object, key);
    if (t && t->type == DET_JSON_OBJECT) return t;
    return det__tree_put(object, key, DET_JSON_OBJECT, NULL);
}

void det__tree_remove(det__tree *object, const char *key) {
    det__tree **at = place_of(object, key, strlen(key)), *t = *at;
    if (!t) return;
    *at = t->next;
    t->parent = NULL;
    det__tree_free(t);
}

/* ---- parsing ----------------------------------------------------------------------------------------------------- */

typedef struct parser {
    det_json_reader r;
    det_json_token tok;
    det__tree *root, *open; /* the innermost container that is not closed yet */
    char *key;              /* of the next member */
    size_t key_len;
} parser;

/* The whole of a key or string: the scratch buffer is as large as the text, so it always comes in one token. */
static int take_key(parser *p) {
    p->key_len = p->tok.len;
    p->key = copy(p->tok.text, p->tok.len);
    return p->key ? DET_OK : DET_E_SPACE;
}

/* A later value of an object's key replaces an earlier one, at its place. */
static void attach(parser *p, det__tree *t) {
    if (!p->open) {
        p->root = t;
    } else if (p->open->type == DET_JSON_OBJECT) {
        t->key = p->key;
        t->key_len = p->key_len;
        p->key = NULL;
        hang(p->open, t);
    } else {
        det__tree **at = &p->open->child;
        while (*at) at = &(*at)->next;
        *at = t;
    }
}

static int take_value(parser *p, int type) {
    det__tree *t = new_node(p->open, type);
    if (!t) return DET_E_SPACE;
    if (type == DET_JSON_STRING || type == DET_JSON_NUMBER) {
        t->len = p->tok.len;
        t->text = copy(p->tok.text, p->tok.len);
        if (!t->text) {
            free_node(t);
            return DET_E_SPACE;
        }
    }
    attach(p, t);
    if (type == DET_JSON_OBJECT || type == DET_JSON_ARRAY) p->open = t;
    return DET_OK;
}

static int take(parser *p, int type) {
    if (type == DET_JSON_KEY) return take_key(p);
    if (type == DET_JSON_OBJECT_END || type == DET_JSON_ARRAY_END) {
        p->open = p->open->parent;
        return DET_OK;
    }
    return take_value(p, type);
}

int det__tree_parse(det__tree **root, const char *text, size_t len) {
    parser p;
    size_t cap = len + 32;
    char *scratch = (char *)malloc(cap);
    int n = DET_E_SPACE;
    memset(&p, 0, sizeof p);
    *root = NULL;
    if (!scratch) return n;
    det_json_read_init(&p.r, scratch, cap);
    det_json_feed(&p.r, text, len, 1);
    while ((n = det_json_next(&p.r, &p.tok)) > DET_JSON_END)
        if ((n = take(&p, n)) != DET_OK) break;
    free_text(scratch, cap);
    free_text(p.key, p.key_len);
    if (n == DET_E_AGAIN) n = DET_E_JSON;
    if (n == DET_OK) *root = p.root;
    else det__tree_free(p.root);
    return n;
}
