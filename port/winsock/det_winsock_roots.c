/* SPDX-License-Identifier: Apache-2.0
 * The Windows port's trust roots: the user's ROOT store as if it were a file of PEM text. Each call goes through the store
 * again and keeps what lies in its window, so nothing is held open between calls. Must not know what a certificate is. */
#define _WIN32_WINNT 0x0600
#define WIN32_LEAN_AND_MEAN 1
#include <windows.h>
/* after windows.h */
#include <wincrypt.h>

#include "det_winsock_int.h"

typedef struct window {
    size_t skip; /* characters of the text still to pass over */
    char *data;
    size_t cap, len;
} window;

static void put(window *w, char c) {
    if (w->skip)
        w->skip--;
    else if (w->len < w->cap)
        w->data[w->len++] = c;
}

static void put_text(window *w, const char *s) {
    while (*s) put(w, *s++);
}

/* Base64 (RFC 4648 section 4) in lines of 64. */
static void put_body(window *w, const uint8_t *p, size_t n) {
    static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
        put(w, digit[v >> 18]);
        put(w, digit[v >> 12 & 63]);
        put(w, i + 1 < n ? digit[v >> 6 & 63] : '=');
        put(w, i + 2 < n ? digit[v & 63] : '=');
        if (i % 48 == 45 && i + 3 < n) put(w, '\n');
    }
}

static void put_certificate(window *w, const CERT_CONTEXT *c) {
    put_text(w, "-----BEGIN CERTIFICATE-----\n");
    put_body(w, c->pbCertEncoded, c->cbCertEncoded);
    put_text(w, "\n-----END CERTIFICATE-----\n");
}

int det__winsock_roots(void *ctx, size_t offset, void *data, size_t cap) {
    window w = {offset, (char *)data, cap > INT32_MAX ? INT32_MAX : cap, 0};
    const CERT_CONTEXT *c = NULL;
    HCERTSTORE store = CertOpenSystemStoreA(0, "ROOT");
    (void)ctx;
    if (!store) return DET_E_IO;
    while (w.len < w.cap && (c = CertEnumCertificatesInStore(store, c)) != NULL)
        if (c->dwCertEncodingType & X509_ASN_ENCODING) put_certificate(&w, c);
    if (c) (void)CertFreeCertificateContext(c);
    (void)CertCloseStore(store, 0);
    return (int)w.len;
}
