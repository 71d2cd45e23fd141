/* SPDX-License-Identifier: Apache-2.0
 * auth.json's versions. det deletes a file that it holds for damaged, so nothing may be written that it does: neither
 * other keys, nor under version 2 a URL whose canonical text differs there (IPv6 literals lose their brackets in det).
 * With such a URL among them the file is written as version 1, from which det leaves out what it cannot use. */
#include "auth_file.h"

#include <stdlib.h>
#include <string.h>

#include "../http/url.h"
#include "det_error.h"
#include "det_json.h"

enum { URL_SIZE = DET_HOST_SIZE + DET_BASE_SIZE + 32 };

/* ---- master URLs ------------------------------------------------------------------------------------------------- */

static int canonical(char out[URL_SIZE], det__url *u, const char *text) {
    det__out o;
    int code = det__url_parse(u, text);
    if (code != DET_OK) return code;
    det__out_init(&o, out, URL_SIZE - 1);
    det__url_text(u, &o);
    out[o.len] = 0;
    return DET_OK;
}

/* What old versions ignored in a URL is not in its canonical text: user, query, fragment. A URL that cannot be used at all
 * stays as it is. malloc'd. */
static char *key_of_v1(const char *url) {
    size_t n = strlen(url), scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;
    char *bare = (char *)malloc(n + URL_SIZE), *host;
    det__url u;
    if (!bare) return NULL;
    memcpy(bare, url, n + 1);
    host = bare + scheme;
    host[strcspn(host, "?#")] = 0;
    for (size_t i = strcspn(host, "/"); i-- > 0;) {
        if (host[i] != '@') continue;
        memmove(host, host + i + 1, strlen(host + i + 1) + 1);
        break;
    }
    if (canonical(bare + n, &u, bare) == DET_OK) memmove(bare, bare + n, strlen(bare + n) + 1);
    else memcpy(bare, url, n + 1);
    return bare;
}

static int det_agrees(const char *key) {
    char text[URL_SIZE];
    det__url u;
    return canonical(text, &u, key) == DET_OK && !u.ipv6 && strcmp(text, key) == 0;
}

/* ---- shapes ------------------------------------------------------------------------------------------------------ */

static int is(const det__tree *t, int type) {
    return t && t->type == type;
}

/* No other members than these two. */
static int has_only(const det__tree *object, const char *a, const char *b) {
    for (const det__tree *c = object->child; c; c = c->next)
        if (strcmp(c->key, a) != 0 && strcmp(c->key, b) != 0) return 0;
    return 1;
}

static int all_are(const det__tree *object, int type) {
    for (const det__tree *c = object->child; c; c = c->next)
        if (c->type != type || strlen(c->key) != c->key_len) return 0;
    return 1;
}

static int entry_is_good(const det__tree *entry) {
    const det__tree *active = det__tree_get(entry, "active_user"), *tokens = det__tree_get(entry, "tokens");
    if (!is(entry, DET_JSON_OBJECT) || !has_only(entry, "active_user", "tokens")) return 0;
    if (active && active->type != DET_JSON_STRING) return 0;
    return !tokens || (tokens->type == DET_JSON_OBJECT && all_are(tokens, DET_JSON_STRING));
}

static int masters_are_good(const det__tree *root) {
    const det__tree *masters = det__tree_get(root, "masters");
    if (!has_only(root, "version", "masters")) return 0;
    if (!masters) return 1;
    if (masters->type != DET_JSON_OBJECT || !all_are(masters, DET_JSON_OBJECT)) return 0;
    for (const det__tree *c = masters->child; c; c = c->next)
        if (!entry_is_good(c)) return 0;
    return 1;
}

/* 0, 1 or 2; -1 for none of them. */
static int version_of(const det__tree *root) {
    const det__tree *version = det__tree_get(root, "version");
    if (!is(root, DET_JSON_OBJECT)) return -1;
    if (!version) return entry_is_good(root) ? 0 : -1;
    if (version->type != DET_JSON_NUMBER || !masters_are_good(root)) return -1;
    return strcmp(version->text, "1") == 0 ? 1 : strcmp(version->text, "2") == 0 ? 2 : -1;
}

/* ---- to version 2 ------------------------------------------------------------------------------------------------ */

/* Of two entries that are one master's, the first active user counts and each user's last token. */
static int merge(det__tree *masters, const char *url, const det__tree *from) {
    const det__tree *tokens = det__tree_get(from, "tokens");
    const char *active = det__tree_string(from, "active_user");
    det__tree *to = det__tree_object(masters, url), *to_tokens = to ? det__tree_object(to, "tokens") : NULL;
    if (!to_tokens) return DET_E_SPACE;
    for (const det__tree *t = tokens ? tokens->child : NULL; t; t = t->next)
        if (!det__tree_put(to_tokens, t->key, DET_JSON_STRING, t->text)) return DET_E_SPACE;
    if (!active || det__tree_get(to, "active_user")) return DET_OK;
    return det__tree_put(to, "active_user", DET_JSON_STRING, active) ? DET_OK : DET_E_SPACE;
}

static int merge_all(det__tree *masters, const det__tree *old) {
    int code = DET_OK;
    for (const det__tree *c = old ? old->child : NULL; c && code == DET_OK; c = c->next) {
        char *key = key_of_v1(c->key);
        code = key ? merge(masters, key, c) : DET_E_SPACE;
        free(key);
    }
    return code;
}

static int upgrade(det__tree *store, const det__tree *root, int version, const char *master_url) {
    det__tree *masters = det__tree_object(store, "masters");
    if (!masters) return DET_E_SPACE;
    if (version == 0) return root->child ? merge(masters, master_url, root) : DET_OK;
    return merge_all(masters, det__tree_get(root, "masters"));
}

/* ---- text -------------------------------------------------------------------------------------------------------- */

static int parse_text(det__tree **root, const char *text, size_t len) {
    int code = det__tree_parse(root, text, len);
    return code == DET_OK || code == DET_E_SPACE ? code : DET_E_STATE;
}

int det__auth_parse(det__tree **store, const char *text, size_t len, const char *master_url) {
    det__tree *root = NULL;
    int code, version;
    *store = NULL;
    code = text ? parse_text(&root, text, len) : DET_OK;
    if (code != DET_OK) return code;
    version = text ? version_of(root) : 2;
    if (version < 0) {
        code = DET_E_STATE;
    } else if (version == 2 && root) {
        *store = root;
        return DET_OK;
    } else {
        *store = det__tree_new();
        code = !*store ? DET_E_SPACE : version == 2 ? DET_OK : upgrade(*store, root, version, master_url);
    }
    det__tree_free(root);
    if (code == DET_OK) return code;
    det__tree_free(*store);
    *store = NULL;
    return code;
}

char *det__auth_print(det__tree *store, size_t *len) {
    const det__tree *masters = det__tree_object(store, "masters");
    const char *version = "2";
    if (!masters) return NULL;
    for (const det__tree *c = masters->child; c; c = c->next)
        if (!det_agrees(c->key)) version = "1";
    if (!det__tree_put(store, "version", DET_JSON_NUMBER, version)) return NULL;
    return det__tree_print(store, len);
}
