/* SPDX-License-Identifier: Apache-2.0
 * Login, logout, who am I, and the master's own data (contract section 2, 3.4). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api.h"
#include "sha512.h"
#include "show.h"

static char *cookie(const token *t) {
    char line[1024], date[64] = "";
    struct tm tm;
    time_t end = time(NULL) + 7 * 86400;
    gmtime_r(&end, &tm);
    strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
    int n = snprintf(line, sizeof line, "auth=%s; Path=/; Expires=%s", t->text, date);
    return xstrndup(line, (size_t)n);
}

static bool right_password(const user *u, const char *password, bool hashed) {
    char h[129];
    if (hashed) return !strcmp(u->hash, password);
    password_hash(password, h);
    return !strcmp(u->hash, h);
}

void h_login(call *c) {
    const char *name = "", *password = "";
    bool hashed = false;
    if (!get_str(c, field(c->body, "username", NULL), &name) || !get_str(c, field(c->body, "password", NULL), &password) ||
        !get_bool(c, field(c->body, "isHashed", "is_hashed"), &hashed))
        return;
    if (!*name) {
        reply_error(c->r, G_INVALID, "missing argument: username");
        return;
    }
    user *u = store_find_user(name);
    if (!u || !right_password(u, password, hashed)) {
        reply_error(c->r, G_UNAUTHENTICATED, "invalid credentials");
        return;
    }
    const token *t = store_login(u);
    c->r->cookie = cookie(t);
    buf_fmt(&c->r->body, "{\"token\":\"%s\",\"user\":", t->text);
    show_user(&c->r->body, u);
    buf_str(&c->r->body, "}");
    ok(c);
}

void h_logout(call *c) {
    if (!call_auth(c)) return;
    store_logout(c->token);
    c->r->cookie = xstrndup("auth=; Expires=Thu, 01 Jan 1970 00:00:00 GMT", 44);
    buf_str(&c->r->body, "{}");
    ok(c);
}

void h_me(call *c) {
    if (!call_auth(c)) return;
    buf_str(&c->r->body, "{\"user\":");
    show_user(&c->r->body, c->who);
    buf_str(&c->r->body, "}");
    ok(c);
}

void h_master(call *c) {
    show_master(&c->r->body);
    ok(c);
}
