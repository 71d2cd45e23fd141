/* SPDX-License-Identifier: Apache-2.0
 * auth.json as the one store of all processes. Each change is made to what the file holds at that moment, under its
 * lock; other masters' entries stay. Knows no version and no syntax of the file. */
#include "auth_store.h"

#include <stdlib.h>
#include <string.h>

#include "../base/wipe.h"
#include "auth_file.h"
#include "det_json.h"
#include "store.h"

#define BAD "is no store of logins that detc or det wrote, or is damaged"

/* ---- the file ---------------------------------------------------------------------------------------------------- */

static void forget(char *text, size_t len) {
    if (text) det__wipe(text, len);
    free(text);
}

/* DET_E_STATE comes without a sentence. */
static int read_store(const det__store *s, const char *master_url, det__tree **store, det__err *e) {
    char *text;
    size_t len;
    int code = det__store_read(s, &text, &len, e);
    *store = NULL;
    if (code != DET_OK) return code;
    code = det__auth_parse(store, text, len, master_url);
    forget(text, len);
    return code == DET_E_SPACE ? det__cli_fail_memory(e) : code;
}

static int write_store(const det__store *s, det__tree *store, det__err *e) {
    size_t len;
    char *text = det__auth_print(store, &len);
    int code = text ? det__store_write(s, text, len, e) : det__cli_fail_memory(e);
    forget(text, len);
    return code;
}

/* Lock and read; a bad file is moved aside only if it still is one under the lock. */
static int lock_and_read(det__store *s, const char *master_url, det__tree **store, det__err *e) {
    int code = det__store_lock(s, e);
    if (code == DET_OK) code = read_store(s, master_url, store, e);
    return code == DET_E_STATE ? det__store_put_aside(s, BAD, e) : code;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

int det__auth_load(det__auth *a, const char *master_url, det__err *e) {
    det__store s;
    int code = det__store_init(&s, "auth.json", e);
    memset(a, 0, sizeof *a);
    if (code == DET_OK) code = read_store(&s, master_url, &a->store, e);
    if (code == DET_E_STATE) code = lock_and_read(&s, master_url, &a->store, e);
    det__store_free(&s);
    a->master = det__tree_get(det__tree_get(a->store, "masters"), master_url);
    return code;
}

void det__auth_free(det__auth *a) {
    det__tree_free(a->store);
    memset(a, 0, sizeof *a);
}

const char *det__auth_active_user(const det__auth *a) {
    return det__tree_string(a->master, "active_user");
}

const char *det__auth_token(const det__auth *a, const char *user) {
    return det__tree_string(det__tree_get(a->master, "tokens"), user);
}

const char *det__auth_user(const det__auth *a, size_t i) {
    const det__tree *tokens = det__tree_get(a->master, "tokens"), *t = tokens ? tokens->child : NULL;
    while (t && i--) t = t->next;
    return t ? t->key : NULL;
}

/* ---- changing ---------------------------------------------------------------------------------------------------- */

typedef struct change {
    enum { SET_TOKEN, DROP_TOKEN, SET_ACTIVE, CLEAR_ACTIVE } what;
    const char *user, *token;
} change;

/* 1 if something changed, 0 if not, or an error. */
static int apply(det__tree *master, det__tree *tokens, const change *c) {
    switch (c->what) {
    case SET_TOKEN: return det__tree_put(tokens, c->user, DET_JSON_STRING, c->token) ? 1 : DET_E_SPACE;
    case DROP_TOKEN:
        if (!det__tree_get(tokens, c->user)) return 0;
        det__tree_remove(tokens, c->user);
        return 1;
    case SET_ACTIVE:
        if (!det__tree_get(tokens, c->user)) return DET_E_AUTH;
        return det__tree_put(master, "active_user", DET_JSON_STRING, c->user) ? 1 : DET_E_SPACE;
    default:
        if (!det__tree_get(master, "active_user")) return 0;
        det__tree_remove(master, "active_user");
        return 1;
    }
}

static int apply_to_store(det__tree *store, const char *master_url, const change *c, det__err *e) {
    det__tree *masters = det__tree_object(store, "masters");
    det__tree *master = masters ? det__tree_object(masters, master_url) : NULL;
    det__tree *tokens = master ? det__tree_object(master, "tokens") : NULL;
    int code = tokens ? apply(master, tokens, c) : DET_E_SPACE;
    if (code == DET_E_AUTH) return det__cli_fail(e, code, "user '%s' is not logged in to %s", c->user, master_url);
    return code == DET_E_SPACE ? det__cli_fail_memory(e) : code;
}

static int update(const char *master_url, const change *c, det__err *e) {
    det__tree *store = NULL;
    det__store s;
    int code = det__store_init(&s, "auth.json", e);
    if (code == DET_OK) code = lock_and_read(&s, master_url, &store, e);
    if (code == DET_OK) code = apply_to_store(store, master_url, c, e);
    if (code > 0) code = write_store(&s, store, e);
    det__tree_free(store);
    det__store_free(&s);
    return code;
}

int det__auth_set_token(const char *master_url, const char *user, const char *token, det__err *e) {
    change c = {SET_TOKEN, user, token};
    return update(master_url, &c, e);
}

int det__auth_drop_token(const char *master_url, const char *user, det__err *e) {
    change c = {DROP_TOKEN, user, NULL};
    return update(master_url, &c, e);
}

int det__auth_set_active(const char *master_url, const char *user, det__err *e) {
    change c = {SET_ACTIVE, user, NULL};
    return update(master_url, &c, e);
}

int det__auth_clear_active(const char *master_url, det__err *e) {
    change c = {CLEAR_ACTIVE, NULL, NULL};
    return update(master_url, &c, e);
}
