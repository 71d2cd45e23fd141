/* SPDX-License-Identifier: Apache-2.0
 * The session of a command: which master, and with what. Sends nothing. */
#define _POSIX_C_SOURCE 200809L
#include "client.h"

#include <stdlib.h>
#include <string.h>

#include "../base/wipe.h"
#include "host.h"
#include "say.h"

/* ---- opening ------------------------------------------------------------------------------------------------------- */

static const char *env(const char *name) {
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

static int choose_master(det__client *c) {
    const char *text = c->args->master;
    det__out o;
    if (!text) text = env("DET_MASTER");
    if (!text) text = env("DET_MASTER_ADDR");
    if (!text) text = "localhost:8080";
    int rc = det__url_parse(&c->url, text);
    if (rc != DET_OK) return det__cli_fail(&c->err, rc, "invalid master url '%s': %s", text, det_strerror(rc));
    det__out_init(&o, c->master, sizeof c->master - 1);
    det__url_text(&c->url, &o);
    c->master[o.len] = 0;
    return DET_OK;
}

static void log_line(void *ctx, int level, const char *line) {
    (void)ctx, (void)level;
    det__say(line);
}

int det__client_renew(det__client *c) {
    det_session_options o;
    memset(&o, 0, sizeof o);
    if (c->opened) det_session_free(&c->session);
    o.port = c->pem && !c->with_roots ? &c->port : det__host_port();
    o.url = c->master;
    o.buffer = c->buffer;
    o.buffer_len = sizeof c->buffer;
    o.token = c->token;
    o.tls_name = c->tls_name;
    o.ca_pem = c->pem;
    o.ca_pem_len = c->pem ? strlen(c->pem) : 0;
    o.noverify = c->noverify;
    o.log = c->args->verbose ? log_line : NULL; /* failures are told in our own words */
    o.log_level = DET_LOG_DEBUG;
    o.silence_ms = 60000; /* a login costs the master seconds */
    int rc = det_session_init(&c->session, &o);
    c->opened = rc == DET_OK;
    if (rc == DET_OK) rc = det_session_begin(&c->session);
    return rc == DET_OK ? rc : det__cli_fail(&c->err, rc, "%s: %s", c->master, det_strerror(rc));
}

int det__client_open(det__client *c, const det__args *a) {
    c->args = a;
    c->port = *det__host_port();
    c->port.roots = NULL;
    int rc = choose_master(c);
    if (rc == DET_OK) rc = det__trust_choose(c);
    return rc == DET_OK ? det__client_renew(c) : rc;
}

void det__client_close(det__client *c) {
    if (c->opened) det_session_free(&c->session);
    c->opened = 0;
    if (c->token) det__wipe(c->token, strlen(c->token));
    det__wipe(c->buffer, sizeof c->buffer);
    free(c->token);
    free(c->user);
    free(c->pem);
}
