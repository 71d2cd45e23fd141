/* SPDX-License-Identifier: Apache-2.0
 * Which user a command runs as, and its token: the store's, the environment's, or a new one for a password, in det's order
 * (contract 2.6). */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/wipe.h"
#include "../core/login.h"
#include "auth_store.h"
#include "client.h"
#include "password.h"
#include "tty.h"

enum { TOKEN_SIZE = 2048, LOGIN_MS = 60000 };

/* ---- choosing ------------------------------------------------------------------------------------------------------ */

static int same(const char *a, const char *b) {
    return a && b && strcmp(a, b) == 0;
}

static const char *env_user(void) {
    const char *v = getenv("DET_USER");
    return v && *v ? v : NULL;
}

int det__account_become(det__client *c, const char *user, const char *token) {
    char *u = strdup(user), *t = token ? strdup(token) : NULL;
    if (!u || (token && !t)) {
        free(u);
        free(t);
        return det__cli_fail_memory(&c->err);
    }
    if (c->token) det__wipe(c->token, strlen(c->token));
    free(c->user);
    free(c->token);
    c->user = u;
    c->token = t;
    int rc = det_session_set_token(&c->session, t);
    return rc == DET_OK ? rc : det__cli_fail(&c->err, rc, "the token of user '%s' cannot be sent: %s", user, det_strerror(rc));
}

/* The name, before any token. An empty DET_PASS is a password. */
static const char *choose_user(det__client *c, const det__auth *auth) {
    const char *asked = c->args->user, *user = env_user(), *password = getenv("DET_PASS");
    const char *active = det__auth_active_user(auth);
    if (asked) {
        c->password = same(asked, user) ? password : NULL;
        return asked;
    }
    c->password = user ? password : NULL;
    if (c->password) return user;
    if (active) return active;
    c->fallback = 1;
    c->password = "";
    return "determined";
}

/* A managed task's own token, when no other is there and no other user was asked for. */
static int from_environment(det__client *c) {
    const char *user = env_user(), *token = getenv("DET_USER_TOKEN");
    if (!user || !token || !*token || (c->args->user && !same(c->args->user, user))) return DET_OK;
    return det__account_become(c, user, token);
}

int det__account_choose(det__client *c) {
    det__auth auth;
    memset(&auth, 0, sizeof auth);
    int rc = det__auth_load(&auth, c->master, &c->err);
    if (rc == DET_OK) {
        const char *user = choose_user(c, &auth);
        rc = det__account_become(c, user, det__auth_token(&auth, user));
        c->stored = c->token != NULL;
    }
    det__auth_free(&auth);
    return rc == DET_OK && !c->token ? from_environment(c) : rc;
}

int det__account_expired(det__client *c) {
    char *user = c->user;
    c->user = NULL;
    c->stored = 0;
    int rc = det__auth_drop_token(c->master, user, &c->err);
    if (rc == DET_OK) rc = det__account_become(c, user, NULL);
    free(user);
    return rc == DET_OK ? from_environment(c) : rc;
}

/* ---- logging in ---------------------------------------------------------------------------------------------------- */

/* The request's body, malloc'd; wiped by its user. */
static char *login_body(const char *user, const char *password, size_t *len) {
    size_t cap = strlen(user) * 6 + 256;
    char *body = malloc(cap);
    det_json_writer w;
    if (!body) return NULL;
    det_json_write_init(&w, body, cap, 0);
    det_json_object(&w);
    det_json_key(&w, "username");
    det_json_string(&w, user);
    det_json_key(&w, "password");
    det__login_password(&w, password);
    det_json_key(&w, "isHashed");
    det_json_bool(&w, 1);
    det_json_object_end(&w);
    *len = w.len;
    if (det_json_finish(&w) == DET_OK) return body;
    free(body);
    return NULL;
}

static int feed(void *ctx, const det_response *r, const void *data, size_t len) {
    (void)r;
    return det__picker_feed(ctx, data, len);
}

static int post(det__client *c, const char *user, const char *password, det__picker *picker) {
    det_request q;
    memset(&q, 0, sizeof q);
    char *body = login_body(user, password, &q.body_len);
    if (!body) return det__cli_fail_memory(&c->err);
    q.method = "POST";
    q.path = "/api/v1/auth/login";
    q.headers = "Content-Type: application/json\r\n";
    q.body = body;
    q.sink = feed;
    q.sink_ctx = picker;
    q.total_ms = LOGIN_MS;
    int rc = det__client_call(c, &q);
    det__wipe(body, q.body_len);
    free(body);
    return rc;
}

int det__account_post(det__client *c, const char *user, const char *password) {
    char token[TOKEN_SIZE] = "";
    det__picker picker;
    det__pick pick;
    memset(&pick, 0, sizeof pick);
    pick.path = "token";
    pick.dst = token;
    pick.cap = sizeof token;
    pick.kind = DET__PICK_TEXT;
    det__picker_init(&picker, &pick, 1);
    int rc = det_session_set_token(&c->session, NULL);
    if (rc == DET_OK) rc = post(c, user, password, &picker);
    if (rc == DET_OK && (det__picker_end(&picker) != DET_OK || pick.found != DET__PICK_STORED || !*token))
        rc = det__cli_fail(&c->err, DET_E_MASTER, "POST /api/v1/auth/login: %s", det_strerror(DET_E_MASTER));
    if (rc == DET_OK) rc = det__account_become(c, user, token);
    det__wipe(token, sizeof token);
    det__wipe(&picker, sizeof picker);
    return rc;
}

/* A refusal, in det's words. The default user's is no failed login: nobody tried to log in. */
static int refused(det__client *c, int rc) {
    if (rc == DET_E_AUTH && !c->fallback)
        return det__cli_fail(&c->err, rc, "Invalid username/password combination. Please try again.");
    if (rc == DET_E_FORBIDDEN && c->fallback)
        return det__cli_fail(&c->err, DET_E_AUTH, "Unauthenticated: Please use 'detc user login <username>' for password login.");
    return rc;
}

static int with_password(det__client *c, const char *password) {
    char *user = strdup(c->user);
    if (!user) return det__cli_fail_memory(&c->err);
    int rc = refused(c, det__account_post(c, user, password));
    free(user);
    if (rc != DET_OK) return rc;
    det__password_warn(password, stderr);
    return det__auth_set_token(c->master, c->user, c->token, &c->err);
}

int det__account_login(det__client *c) {
    char prompt[320], *typed = NULL;
    int rc = DET_OK;
    if (c->password) return with_password(c, c->password);
    snprintf(prompt, sizeof prompt, "Password for user '%.256s': ", c->user);
    rc = c->args->password_stdin ? det__tty_password_stdin(prompt, &typed, &c->err) : det__tty_password(prompt, &typed, &c->err);
    if (rc == DET_OK) rc = with_password(c, typed);
    det__tty_wipe(typed);
    return rc;
}
