/* SPDX-License-Identifier: Apache-2.0
 * The running command's client: its master, user, certificate and the one connection that all of its requests share.
 * Every failure leaves one sentence in err. */
#ifndef DET_CLI_CLIENT_H
#define DET_CLI_CLIENT_H

#include "../http/url.h"
#include "args.h"
#include "det_session.h"
#include "err.h"
#include "path.h"
#include "refusal.h"

/* det's version whose answers and wire detc has. */
#define DET__SPOKEN_VERSION "0.38.1"

typedef struct det__client {
    const det__args *args;
    det__url url;
    char master[DET_HOST_SIZE + DET_BASE_SIZE + 20]; /* canonical: the key of the stores */
    det__err err;

    char *user, *token; /* whom the requests are for; token NULL: not logged in */
    const char *password; /* from the environment, or NULL */
    uint8_t stored;     /* the token is auth.json's: it may have expired */
    uint8_t fallback;   /* nobody was named: the default user */
    char me[256];       /* the user's name as the master told it, or "" */

    const char *tls_name;
    char *pem; /* trusted beside the system's roots, or NULL */
    int noverify;
    int with_roots; /* the system's are tried, too: reading them takes longer than all the rest, so pem goes first */
    det_port port;  /* without them */
    int opened;

    det__refusal refusal;
    det_session session;
    char buffer[16384]; /* the session's */
} det__client;

/* What done() may say beside DET_OK and the codes of errors: go on, but requests that went ahead were not the right ones. */
enum { DET__FLOW_ANEW = 2 };

/* Requests one after the other, each known by its number from 0. */
typedef struct det__flow {
    /* Fill *q (zero) with the i-th request; *path is there for its path, and both may be asked for again.
     * DET_OK; DET_E_AGAIN: none, or not before an answer has come; another code ends the flow. */
    int (*make)(void *ctx, size_t i, det_request *q, det__path *path);
    /* The next piece of the i-th answer, if it is a success. DET_OK or a code that ends the flow. */
    int (*sink)(void *ctx, size_t i, const void *data, size_t len);
    /* The i-th answer is complete (rc as det_session_call, sentence in err). DET_OK goes on; a code ends the flow. */
    int (*done)(void *ctx, size_t i, int rc);
    void *ctx;
    uint8_t safe; /* all are GETs: they may go ahead of each other's answers, and again over a new connection when the old
                     one died before the answer */
    uint8_t once; /* so many of the first are not tried again when the master is busy or gone */
} det__flow;

/* Find master and certificate and prepare the session. No request is sent. */
int det__client_open(det__client *c, const det__args *a);
void det__client_close(det__client *c);

/* Run a flow to its end. DET_OK, or the code that ended it. */
int det__client_run(det__client *c, const det__flow *f);

/* One request; q->sink sees only a success's body. */
int det__client_call(det__client *c, const det_request *q);

/* A new session, after what is trusted has changed. */
int det__client_renew(det__client *c);

/* ---- trust.c ------------------------------------------------------------------------------------------------------- */

/* Which certificates count (contract 1.4). */
int det__trust_choose(det__client *c);

/* First contact met a certificate that is not trusted: is it by the system's roots? If they have been tried, ask the person,
 * and store it. DET_OK: try again. */
int det__trust_more(det__client *c);

/* ---- account.c ----------------------------------------------------------------------------------------------------- */

/* Which user, and the token there is (contract 2.6). Reads auth.json. */
int det__account_choose(det__client *c);

/* The token was refused: forget it, and look for the environment's. */
int det__account_expired(det__client *c);

/* Log in as user with password; the token is in c. */
int det__account_post(det__client *c, const char *user, const char *password);

/* Get a token for the chosen user by its password, asked for if it is not known, and store it. */
int det__account_login(det__client *c);

/* Set the user and the token that requests carry (NULL: none). */
int det__account_become(det__client *c, const char *user, const char *token);

/* ---- contact.c ----------------------------------------------------------------------------------------------------- */

/* First contact: versions compared. */
int det__contact(det__client *c);

/* First contact, the user logged in, then the flow (or NULL), all behind one another. */
int det__contact_run(det__client *c, const det__flow *f);

#endif
