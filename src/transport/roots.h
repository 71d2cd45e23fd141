/* SPDX-License-Identifier: Apache-2.0
 * The certificates to trust: those given with the peer, then the port's, one after the other as DER. Bounded memory,
 * which is the caller's and needed only meanwhile. Knows PEM, but not what a certificate is, nor who takes it. */
#ifndef DET_TRANSPORT_ROOTS_H
#define DET_TRANSPORT_ROOTS_H

#include "stream.h"

#define DET__ROOTS_DER 8192u  /* longest certificate that is read */
#define DET__ROOTS_TEXT 8192u /* most that a port's roots() is asked for: POSIX opens the file for each piece */

typedef struct det__roots {
    /* Takes one certificate, valid for the call. DET_OK; DET_E_CERT if it cannot be used; any other error ends all. */
    int (*add)(void *ctx, const void *der, size_t len);
    void *ctx;
    void *mem; /* det__roots_size() bytes */
} det__roots;

/* Bytes that reading this port's roots, and those given, takes. */
size_t det__roots_size(const det_port *port);

/* Hand over all of them. Of those given each must be good and there must be one (DET_E_CERT); what is no certificate
 * among the port's, or cannot be read, is not trusted, which is no error. DET_OK, DET_E_CERT or add()'s error. */
int det__roots_load(const det__roots *r, const det_port *port, const det__peer *peer);

#endif
