/* SPDX-License-Identifier: Apache-2.0
 * The environment variables of Determined's own clients, as options. Knows no network. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "det_env.h"
#include "det_posix.h"

static const char *env(const char *name) {
    const char *v = getenv(name);
    return v && *v ? v : NULL;
}

static void login(det_options *o) {
    const char *user = env("DET_USER"), *password = env("DET_PASS"), *token = env("DET_USER_TOKEN");
    int same_user = !o->user || (user && strcmp(o->user, user) == 0);
    if (!o->token && same_user) o->token = token;
    if (o->user || !user || !password) return;
    o->user = user;
    if (!o->password) o->password = password;
}

static int certificate(det_options *o, const char *file) {
    if (!file) return DET_OK;
    if (strcasecmp(file, "noverify") == 0) {
        o->noverify = 1;
        return DET_OK;
    }
    int rc = det_posix_read_pem(file, &o->ca_pem, &o->ca_pem_len);
    if (rc != DET_OK && errno == ENOENT) {
        if (o->log && o->log_level >= DET_LOG_WARN)
            o->log(o->log_ctx, DET_LOG_WARN, "DET_MASTER_CERT_FILE names no file: only the system's roots are trusted");
        return DET_OK;
    }
    return rc;
}

int det_options_from_env(det_options *o) {
    if (!o) return DET_E_ARG;
    if (!o->master) o->master = env("DET_MASTER");
    if (!o->master) o->master = env("DET_MASTER_ADDR");
    login(o);
    if (o->ca_pem || o->tls_name || o->noverify) return DET_OK;
    o->tls_name = env("DET_MASTER_CERT_NAME");
    return certificate(o, env("DET_MASTER_CERT_FILE"));
}
