/* SPDX-License-Identifier: Apache-2.0
 * Certificates out of PEM text: see pem.h. Three states: looking for a BEGIN line, taking base64 (RFC 4648 section 4,
 * white space anywhere), matching the END line. Never writes past cap. */
#include "pem.h"

enum { OUTSIDE, BODY, TAIL };

static const char begin_line[] = "-----BEGIN CERTIFICATE-----";
static const char end_line[] = "-----END CERTIFICATE-----";

void det__pem_init(det__pem *p, void *der, size_t cap) {
    p->der = (uint8_t *)der;
    p->cap = cap;
    p->len = 0;
    p->state = OUTSIDE;
    p->match = 0;
}

static int value_of(uint8_t c) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : -1;
}

static int broken(det__pem *p) {
    p->state = OUTSIDE;
    p->match = 0;
    return DET_E_CERT;
}

static int look(det__pem *p, uint8_t c) {
    if (c == (uint8_t)begin_line[p->match]) p->match++;
    else if (c != '-') p->match = 0;
    else if (p->match != 5) p->match = 1; /* a sixth dash keeps the five before it */
    if (begin_line[p->match]) return DET__PEM_MORE;
    p->state = BODY;
    p->len = 0;
    p->acc = 0;
    p->chars = 0;
    p->pads = 0;
    return DET__PEM_MORE;
}

static int take(det__pem *p, uint8_t c) {
    int v = value_of(c);
    if (c == ' ' || (c >= '\t' && c <= '\r')) return DET__PEM_MORE;
    if (c == '-') {
        p->state = TAIL;
        p->match = 1;
        return (p->chars + p->pads) % 4 == 0 && p->len ? DET__PEM_MORE : broken(p);
    }
    if (c == '=') return ++p->pads > 2 || p->chars < 2 ? broken(p) : DET__PEM_MORE;
    if (v < 0 || p->pads) return broken(p);
    p->acc = p->acc << 6 | (uint32_t)v;
    p->chars = (uint8_t)((p->chars + 1) & 3);
    if (p->chars == 1) return DET__PEM_MORE;
    if (p->len == p->cap) return broken(p);
    p->der[p->len++] = (uint8_t)(p->acc >> (6 - 2 * ((p->chars + 3) & 3)));
    return DET__PEM_MORE;
}

static int finish(det__pem *p, uint8_t c) {
    if (c != (uint8_t)end_line[p->match]) return broken(p);
    if (end_line[++p->match]) return DET__PEM_MORE;
    p->state = OUTSIDE;
    p->match = 0;
    return DET__PEM_CERT;
}

int det__pem_feed(det__pem *p, const void *data, size_t n, size_t *used) {
    const uint8_t *in = (const uint8_t *)data;
    for (size_t i = 0; i < n; i++) {
        int r = p->state == OUTSIDE ? look(p, in[i]) : p->state == BODY ? take(p, in[i]) : finish(p, in[i]);
        if (r == DET__PEM_MORE) continue;
        *used = i + 1;
        return r;
    }
    *used = n;
    return DET__PEM_MORE;
}

int det__pem_eof(const det__pem *p) {
    return p->state == OUTSIDE ? DET_OK : DET_E_CERT;
}
