/* SPDX-License-Identifier: Apache-2.0
 * Which certificates count: the environment's, else the store's, in det's order (contract 1.4); and asking a person about
 * an unknown one on first contact. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cert_store.h"
#include "chain.h"
#include "client.h"
#include "host.h"
#include "say.h"
#include "tty.h"

static int from_file(det__client *c, const char *file) {
    if (strcasecmp(file, "noverify") == 0) {
        c->noverify = 1;
        det__say_warning("Warning: the master's certificate is not verified (DET_MASTER_CERT_FILE=noverify).");
        return DET_OK;
    }
    int rc = det__host_read_pem(file, &c->pem);
    if (rc == DET_OK) return rc;
    if (rc == DET_E_SPACE) return det__cli_fail_memory(&c->err);
    if (errno != ENOENT) return det__cli_fail(&c->err, rc, "DET_MASTER_CERT_FILE=%s cannot be read: %s", file, strerror(errno));
    char text[512];
    snprintf(text, sizeof text, "DET_MASTER_CERT_FILE=%.400s path not found; continuing without cert", file);
    det__say(text);
    return DET_OK;
}

int det__trust_choose(det__client *c) {
    const char *file = getenv("DET_MASTER_CERT_FILE"), *name = getenv("DET_MASTER_CERT_NAME");
    if (!c->url.tls) return DET_OK;
    c->tls_name = name && *name ? name : NULL;
    if (file && *file) return from_file(c, file);
    return det__certs_get(c->master, &c->pem, &c->err);
}

/* Standard input may hold a password or a body instead of an answer. */
static int stdin_is_taken(const det__args *a) {
    return a->password_stdin || (a->data && strcmp(a->data, "@-") == 0);
}

static int accept_chain(det__client *c, det__chain *chain) {
    char prompt[320];
    if (stdin_is_taken(c->args))
        return det__cli_fail(&c->err, DET_E_TRUST,
                             "the master's certificate is not trusted (SHA256 fingerprint %s); run a command that can ask, "
                             "or set DET_MASTER_CERT_FILE",
                             chain->fingerprint);
    snprintf(prompt, sizeof prompt,
             "The master sent an untrusted certificate chain with this SHA256 fingerprint:\n%s\n"
             "Do you want to trust this certificate from now on?",
             chain->fingerprint);
    int rc = det__tty_yes_or_no(prompt, &c->err);
    if (rc < 0) return rc;
    if (!rc) return det__cli_fail(&c->err, DET_E_TRUST, "Unable to verify master certificate");
    rc = det__certs_set(c->master, chain->pem, &c->err);
    if (rc != DET_OK) return rc;
    free(c->pem);
    c->pem = chain->pem;
    chain->pem = NULL;
    return det__client_renew(c);
}

static int ask(det__client *c) {
    enum { BUDGET_MS = 10000 };
    det__chain chain;
    memset(&chain, 0, sizeof chain);
    int rc = det__chain_fetch(&chain, &c->url, BUDGET_MS, &c->err);
    if (rc == DET_OK) rc = accept_chain(c, &chain);
    free(chain.pem);
    return rc;
}

int det__trust_more(det__client *c) {
    int tried = !c->pem || c->with_roots;
    c->with_roots = 1;
    return tried ? ask(c) : det__client_renew(c);
}
