/* SPDX-License-Identifier: Apache-2.0
 * Request heads (RFC 9112 sections 2-6). The constant lines are rendered once per session, a head is then one line, a
 * copy and a length. Pure functions over bytes; refuses what would split a request (CR, LF, NUL, spaces). */
#ifndef DET_HTTP_REQUEST_H
#define DET_HTTP_REQUEST_H

#include "../base/out.h"
#include "url.h"

enum det__auth { DET__AUTH_NONE, DET__AUTH_BEARER, DET__AUTH_ALLOCATION };

/* Constant lines: Host (without the port when it is the scheme's default), User-Agent, and "Authorization: Bearer T" or
 * "Grpc-Metadata-x-allocation-token: Bearer T" (contract 1.3). Each ends in CR LF.
 * DET_OK, DET_E_ARG (token with bytes that are not allowed in a header value) or DET_E_SIZE (o overflowed). */
int det__request_lines(det__out *o, const det__url *u, int auth, const char *token);

typedef struct det__head {
    const char *method; /* token, upper case */
    const char *path;   /* "/…" with query, percent-encoded by the caller; the base path is put before it */
    const char *extra;  /* more header lines, each ending in CR LF, or NULL */
    uint64_t body_len;
    uint8_t close;      /* say "Connection: close" */
} det__head;

/* Append one head, up to and with its empty line. Content-Length is written when there is a body or the method is POST,
 * PUT or PATCH; Content-Type: application/json when there is a body. DET_OK, DET_E_ARG or DET_E_SIZE. */
int det__request_head(det__out *o, const det__url *u, const char *lines, size_t lines_len, const det__head *h);

#endif
