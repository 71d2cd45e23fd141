/* SPDX-License-Identifier: Apache-2.0
 * First contact with the master, as every command of det begins (contract 6.8): GET /info and the versions compared, the
 * stored token tried, then the command's own requests, all in one flow. */
#include <stdio.h>
#include <string.h>

#include "client.h"
#include "say.h"
#include "version.h"

enum { RELOGIN = 1 };

typedef struct contact {
    det__client *c;
    const det__flow *f; /* the command's, or NULL */
    size_t before;      /* requests of our own: info, and me if a token is to be tried */
    char version[64];
    det__pick picks[2];
    det__picker picker;
    int failed_first; /* GET /info itself failed */
    int refused;      /* the stored token was: what went behind it is answered for nothing */
    size_t made;      /* requests so far */
} contact;

static void pick(contact *k, size_t i, const char *path, char *dst, size_t cap) {
    memset(&k->picks[i], 0, sizeof k->picks[i]);
    k->picks[i].path = path;
    k->picks[i].dst = dst;
    k->picks[i].cap = cap;
    k->picks[i].kind = DET__PICK_TEXT;
}

static int make(void *ctx, size_t i, det_request *q, det__path *path) {
    contact *k = ctx;
    if (k->refused && i >= k->made) return DET_E_AGAIN;
    if (i >= k->made) k->made = i + 1;
    if (i >= k->before) return k->f ? k->f->make(k->f->ctx, i - k->before, q, path) : DET_E_AGAIN;
    q->method = "GET";
    q->path = i == 0 ? "/info" : "/api/v1/me";
    return DET_OK;
}

static int take(void *ctx, size_t i, const void *data, size_t len) {
    contact *k = ctx;
    if (i < k->before) return det__picker_feed(&k->picker, data, len);
    return k->f->sink && !k->refused ? k->f->sink(k->f->ctx, i - k->before, data, len) : DET_OK;
}

static int compare_versions(contact *k) {
    char text[256];
    int order = det__version_order(DET__SPOKEN_VERSION, k->version);
    if (order < 0)
        snprintf(text, sizeof text, "CLI version %s is less than master version %s. Consider upgrading the CLI.",
                 DET__SPOKEN_VERSION, k->version);
    else
        snprintf(text, sizeof text, "Master version %s is less than CLI version %s. Consider upgrading the master.",
                 k->version, DET__SPOKEN_VERSION);
    if (order) det__say_warning(text);
    return DET_OK;
}

static int not_found(contact *k, int rc) {
    char why[512];
    snprintf(why, sizeof why, "%.*s", (int)sizeof why - 1, k->c->err.text);
    return det__cli_fail(&k->c->err, rc,
                         "Master not found at %s (%s). Hint: Remember to set the DET_MASTER environment variable to the "
                         "correct Determined master IP and port or use the '-m' flag.",
                         k->c->master, why);
}

/* Whatever it answers, a master answers this with its version. */
static int no_master(contact *k) {
    return det__cli_fail(&k->c->err, DET_E_MASTER,
                         "%s does not answer GET /info as a Determined master does: check the URL (-m, DET_MASTER)", k->c->master);
}

static int info_done(contact *k, int rc) {
    k->failed_first = rc != DET_OK;
    if (det_error_class(rc) == DET_CLASS_NET) return not_found(k, rc);
    if (det_error_class(rc) == DET_CLASS_SERVER && rc != DET_E_BUSY) return no_master(k);
    if (rc == DET_E_JSON || rc == DET_E_DEPTH) return no_master(k);
    if (rc != DET_OK) return rc;
    if (det__picker_end(&k->picker) != DET_OK || k->picks[0].found != DET__PICK_STORED) return no_master(k);
    pick(k, 0, "user.username", k->c->me, sizeof k->c->me);
    det__picker_init(&k->picker, k->picks, 1);
    return compare_versions(k);
}

/* Refused: the answers to what is under way are read, so that the connection stays of use. */
static int me_done(contact *k, int rc) {
    k->refused = (det_error_class(rc) == DET_CLASS_SERVER && rc != DET_E_BUSY) || (rc == DET_OK && det__picker_end(&k->picker) != DET_OK);
    if (k->refused) k->c->me[0] = 0;
    return k->refused ? DET_OK : rc;
}

static int done(void *ctx, size_t i, int rc) {
    contact *k = ctx;
    if (i >= k->before && k->refused) return det_error_class(rc) == DET_CLASS_SERVER ? DET_OK : rc;
    if (i >= k->before) return k->f->done(k->f->ctx, i - k->before, rc);
    return i == 0 ? info_done(k, rc) : me_done(k, rc);
}

static int try_once(contact *k) {
    det__flow f = {make, take, done, NULL, 1, 1};
    f.ctx = k;
    k->version[0] = 0;
    k->failed_first = k->refused = 0;
    k->made = 0;
    pick(k, 0, "version", k->version, sizeof k->version);
    det__picker_init(&k->picker, k->picks, 1);
    int rc = det__client_run(k->c, &f);
    return rc == DET_OK && k->refused ? RELOGIN : rc;
}

/* A certificate that is not trusted by what was tried may be by more: once by the system, once by a person. */
static int go(det__client *c, const det__flow *f, size_t before) {
    contact k;
    memset(&k, 0, sizeof k);
    k.c = c;
    k.f = f;
    k.before = before;
    int rc = try_once(&k);
    for (int more = 0; more < 2 && rc == DET_E_TRUST && k.failed_first && !c->noverify; more++) {
        rc = det__trust_more(c);
        if (rc != DET_OK) return rc;
        rc = try_once(&k);
    }
    return rc;
}

int det__contact(det__client *c) {
    return go(c, NULL, 1);
}

/* What is safe goes along with the first contact; the rest waits for its outcome. */
int det__contact_run(det__client *c, const det__flow *f) {
    int along = c->token && f && f->safe;
    int rc = go(c, along ? f : NULL, c->stored ? 2 : 1);
    if (rc == RELOGIN) rc = det__account_expired(c);
    else if (rc != DET_OK || along) return rc;
    if (rc == DET_OK && !c->token) rc = det__account_login(c);
    return rc == DET_OK && f ? det__client_run(c, f) : rc;
}
