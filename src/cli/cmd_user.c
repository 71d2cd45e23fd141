/* SPDX-License-Identifier: Apache-2.0
 * detc user login, logout, whoami. */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/wipe.h"
#include "auth_store.h"
#include "command.h"
#include "password.h"
#include "tty.h"

/* ---- login --------------------------------------------------------------------------------------------------------- */

/* The name: said, DET_USER, or asked for. */
static int name(det__client *c, char *buf, size_t cap) {
    const char *said = c->args->username ? c->args->username : c->args->user;
    if (!said && getenv("DET_PASS")) said = getenv("DET_USER");
    if (!said && c->args->password_stdin) return det__cli_fail(&c->err, DET_E_ARG, "--password-stdin needs a username");
    if (said && strlen(said) >= cap) return det__cli_fail(&c->err, DET_E_SIZE, "the username is too long");
    if (said) {
        strcpy(buf, said);
        return DET_OK;
    }
    fputs("Username: ", stdout);
    fflush(stdout);
    if (!fgets(buf, (int)cap, stdin)) return det__cli_fail(&c->err, DET_E_CLOSED, "no username was given");
    buf[strcspn(buf, "\r\n")] = 0;
    return DET_OK;
}

/* DET_PASS serves if it is this user's; it is copied, so that all passwords end alike. */
static int password(det__client *c, const char *user, char **typed) {
    const char *env = getenv("DET_PASS"), *whose = getenv("DET_USER");
    char prompt[320];
    snprintf(prompt, sizeof prompt, "Password for user '%.256s': ", user);
    if (c->args->password_stdin) return det__tty_password_stdin(prompt, typed, &c->err);
    if (!env || (whose && strcmp(whose, user) != 0)) return det__tty_password(prompt, typed, &c->err);
    *typed = strdup(env);
    return *typed ? DET_OK : det__cli_fail_memory(&c->err);
}

static int log_in(det__client *c, const char *user, const char *typed) {
    int rc = det__account_post(c, user, typed);
    if (rc == DET_E_AUTH) return det__cli_fail(&c->err, rc, "Invalid username/password combination. Please try again.");
    if (rc != DET_OK) return rc;
    det__password_warn(typed, stderr);
    rc = det__auth_set_token(c->master, user, c->token, &c->err);
    return rc == DET_OK ? det__auth_set_active(c->master, user, &c->err) : rc;
}

int det__cmd_login(det__client *c) {
    char user[512], *typed = NULL;
    int rc = det__contact(c);
    if (rc == DET_OK) rc = name(c, user, sizeof user);
    if (rc == DET_OK) rc = password(c, user, &typed);
    if (rc == DET_OK) rc = log_in(c, user, typed);
    det__tty_wipe(typed);
    return rc;
}

/* ---- logout -------------------------------------------------------------------------------------------------------- */

/* The token goes here first, then at the master, which may have forgotten it. */
static int log_out(det__client *c, const char *user, const char *token) {
    det_request q;
    memset(&q, 0, sizeof q);
    q.method = "POST";
    q.path = "/api/v1/auth/logout";
    int rc = det__auth_drop_token(c->master, user, &c->err);
    if (rc == DET_OK) rc = det__account_become(c, user, token);
    if (rc == DET_OK) rc = det__client_call(c, &q);
    return det_error_class(rc) == DET_CLASS_SERVER && rc != DET_E_FORBIDDEN ? DET_OK : rc;
}

/* Whoever the command is for, if there is a token. */
static int log_out_one(det__client *c, const det__auth *auth) {
    const char *active = det__auth_active_user(auth), *env = getenv("DET_USER"), *user = c->args->user;
    if (!user && env && *env && getenv("DET_PASS")) user = env;
    if (!user) user = active ? active : "determined";
    const char *token = det__auth_token(auth, user);
    if (!token) return DET_OK;
    int rc = log_out(c, user, token);
    if (!active || strcmp(active, user) != 0) return rc;
    int cleared = det__auth_clear_active(c->master, &c->err);
    return rc == DET_OK ? cleared : rc;
}

static int log_out_all(det__client *c, const det__auth *auth) {
    int rc = DET_OK;
    const char *user;
    for (size_t i = 0; rc == DET_OK && (user = det__auth_user(auth, i)) != NULL; i++)
        rc = log_out(c, user, det__auth_token(auth, user));
    return rc == DET_OK ? det__auth_clear_active(c->master, &c->err) : rc;
}

int det__cmd_logout(det__client *c) {
    det__auth auth;
    memset(&auth, 0, sizeof auth);
    int rc = det__contact(c);
    if (rc == DET_OK) rc = det__auth_load(&auth, c->master, &c->err);
    if (rc == DET_OK) rc = c->args->all ? log_out_all(c, &auth) : log_out_one(c, &auth);
    det__auth_free(&auth);
    return rc;
}

/* ---- whoami -------------------------------------------------------------------------------------------------------- */

static int feed(void *ctx, const det_response *r, const void *data, size_t len) {
    (void)r;
    return det__picker_feed(ctx, data, len);
}

/* Asked only where the token was not tried on the way in. */
static int ask(det__client *c) {
    det__picker picker;
    det__pick pick;
    det_request q;
    memset(&q, 0, sizeof q);
    memset(&pick, 0, sizeof pick);
    pick.path = "user.username";
    pick.dst = c->me;
    pick.cap = sizeof c->me;
    pick.kind = DET__PICK_TEXT;
    det__picker_init(&picker, &pick, 1);
    q.method = "GET";
    q.path = "/api/v1/me";
    q.sink = feed;
    q.sink_ctx = &picker;
    int rc = det__client_call(c, &q);
    if (rc == DET_OK && (det__picker_end(&picker) != DET_OK || pick.found == DET__PICK_ABSENT))
        rc = det__cli_fail(&c->err, DET_E_MASTER, "GET /api/v1/me: %s", det_strerror(DET_E_MASTER));
    return rc;
}

int det__cmd_whoami(det__client *c) {
    int rc = det__account_choose(c);
    if (rc == DET_OK) rc = det__contact_run(c, NULL);
    if (rc == DET_OK && !*c->me) rc = ask(c);
    if (rc == DET_OK) printf("You are logged in as user '%s'\n", c->me);
    return rc;
}
