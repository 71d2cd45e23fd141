/* SPDX-License-Identifier: Apache-2.0
 * The certificates to trust: see roots.h. mem holds the certificate being decoded and, behind it, a piece of the port's
 * text. */
#include "roots.h"

#include "pem.h"

typedef struct reading {
    const det__roots *r;
    det__pem pem;
    uint8_t strict; /* a certificate that cannot be read is an error; else it is passed over */
    uint8_t some;   /* there was a good one */
} reading;

static void begin(reading *g, const det__roots *r, int strict) {
    g->r = r;
    g->strict = (uint8_t)strict;
    g->some = 0;
    det__pem_init(&g->pem, r->mem, DET__ROOTS_DER);
}

static int feed(reading *g, const void *text, size_t len) {
    const uint8_t *in = (const uint8_t *)text;
    for (size_t used; len; in += used, len -= used) {
        int code = det__pem_feed(&g->pem, in, len, &used);
        if (code == DET__PEM_MORE) return DET_OK;
        if (code == DET__PEM_CERT) code = g->r->add(g->r->ctx, g->pem.der, g->pem.len);
        if (code == DET_OK) g->some = 1;
        else if (g->strict || code != DET_E_CERT) return code;
    }
    return DET_OK;
}

static int load_given(reading *g, const det__peer *peer) {
    int code = feed(g, peer->ca_pem, peer->ca_pem_len);
    if (code != DET_OK) return code;
    return g->some ? det__pem_eof(&g->pem) : DET_E_CERT;
}

static int load_port(reading *g, const det_port *port) {
    uint8_t *text = (uint8_t *)g->r->mem + DET__ROOTS_DER;
    for (size_t at = 0;;) {
        int n = port->roots(port->ctx, at, text, DET__ROOTS_TEXT);
        if (n <= 0) return DET_OK;
        int code = feed(g, text, (size_t)n);
        if (code != DET_OK) return code;
        at += (size_t)n;
    }
}

size_t det__roots_size(const det_port *port) {
    return DET__ROOTS_DER + (DET_PORT_HAS(port, roots) ? DET__ROOTS_TEXT : 0);
}

int det__roots_load(const det__roots *r, const det_port *port, const det__peer *peer) {
    reading g;
    int code = DET_OK;
    if (peer->ca_pem) {
        begin(&g, r, 1);
        code = load_given(&g, peer);
    }
    if (code != DET_OK || !DET_PORT_HAS(port, roots)) return code;
    begin(&g, r, 0);
    return load_port(&g, port);
}
