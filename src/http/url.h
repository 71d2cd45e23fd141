/* SPDX-License-Identifier: Apache-2.0
 * The master URL, canonicalised (contract 1.1, RFC 3986 for IPv6 literals). Pure text: knows no socket. */
#ifndef DET_HTTP_URL_H
#define DET_HTTP_URL_H

#include <stdint.h>

#include "../base/out.h"
#include "det_config.h"

typedef struct det__url {
    uint16_t port;
    uint8_t tls;  /* 1 for https */
    uint8_t ipv6; /* host needs brackets in text */
    char host[DET_HOST_SIZE]; /* lower case, IPv6 without brackets, NUL-terminated */
    char base[DET_BASE_SIZE]; /* "" or "/path" without trailing slashes, NUL-terminated */
} det__url;

/* DET_OK, DET_E_URL, or DET_E_SIZE when host or base path exceed their knob. After an error *u is not to be used. */
int det__url_parse(det__url *u, const char *text);

/* "scheme://host:port/base": the canonical text. */
void det__url_text(const det__url *u, det__out *o);

/* "host:port" for messages and logs. */
void det__url_authority(const det__url *u, det__out *o);

/* "host" or "host:port", the port only where it is not the scheme's own: a Host line's value (RFC 9110 section 7.2). */
void det__url_host(const det__url *u, det__out *o);

#endif
