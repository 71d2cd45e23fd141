/* SPDX-License-Identifier: Apache-2.0
 * Certificates out of PEM text (RFC 7468), one at a time, from pieces of any size into a bounded buffer. Pure: knows
 * neither where the text comes from nor what a certificate is. Text around and other kinds of blocks are passed over. */
#ifndef DET_TRANSPORT_PEM_H
#define DET_TRANSPORT_PEM_H

#include <stddef.h>
#include <stdint.h>

#include "det_error.h"

typedef struct det__pem {
    uint8_t *der; /* caller's; the certificate, until the next feed */
    size_t cap;
    size_t len;
    uint32_t acc; /* private from here: base64 bits not yet written */
    uint8_t chars, pads, state, match;
} det__pem;

enum { DET__PEM_MORE = 0, DET__PEM_CERT = 1 };

void det__pem_init(det__pem *p, void *der, size_t cap);

/* Feed n bytes, *used of which it takes. DET__PEM_CERT: der and len hold a certificate; call again with the rest.
 * DET__PEM_MORE: all used. DET_E_CERT: a block that is not base64, not ended properly or longer than cap; calling again
 * goes on behind it. */
int det__pem_feed(det__pem *p, const void *data, size_t n, size_t *used);

/* The text is at its end: DET_OK, or DET_E_CERT if that is within a block. */
int det__pem_eof(const det__pem *p);

#endif
