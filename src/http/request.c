/* SPDX-License-Identifier: Apache-2.0
 * Request heads. Invariant: what comes from a caller is checked byte by byte before it is written, so one head stays
 * one head (CWE-113, CWE-444). No Accept-Encoding line is written: the master then answers plainly (contract 1.7). */
#include "request.h"

#include "det_error.h"
#include "det_version.h"
#include "token.h"

static int result(const det__out *o) {
    return det__out_ok(o) ? DET_OK : DET_E_SIZE;
}

/* Are all bytes visible ASCII, and none of them `not`? True of request targets and of bearer tokens. */
static int is_visible(const char *s, char not) {
    for (; *s; s++)
        if (*s <= 0x20 || *s >= 0x7f || *s == not) return 0;
    return 1;
}

/* The end of the token that begins at s. */
static const char *token_end(const char *s) {
    while (det__is_token((uint8_t)*s)) s++;
    return s;
}

static int is_method(const char *s) {
    return *s && !*token_end(s);
}

/* The end of the field value that begins at s: RFC 9110 section 5.5, without controls but HTAB. */
static const char *value_end(const char *s) {
    while ((uint8_t)*s >= 0x20 ? *s != 0x7f : *s == '\t') s++;
    return s;
}

/* Does s begin with this name, in either case? (The bit masked is set in '-' and ':' already.) */
static int is_named(const char *s, const char *name) {
    while (*name && (*s | 0x20) == *name) s++, name++;
    return !*name;
}

/* Whole lines "name: value" CR LF. Framing is this file's: a second length would make one request two. */
static int are_lines(const char *s) {
    while (*s) {
        const char *p = token_end(s);
        if (p == s || *p != ':' || is_named(s, "content-length:") || is_named(s, "transfer-encoding:")) return 0;
        p = value_end(p);
        if (p[0] != '\r' || p[1] != '\n') return 0;
        s = p + 2;
    }
    return 1;
}

int det__request_lines(det__out *o, const det__url *u, int auth, const char *token) {
    if (auth != DET__AUTH_NONE && (!token || !*token || !is_visible(token, 0))) return DET_E_ARG;
    det__out_str(o, "Host: ");
    det__url_host(u, o);
    det__out_str(o, "\r\nUser-Agent: libdet/" DET_VERSION "\r\n");
    if (auth != DET__AUTH_NONE) {
        det__out_str(o, auth == DET__AUTH_BEARER ? "Authorization" : "Grpc-Metadata-x-allocation-token");
        det__out_str(o, ": Bearer ");
        det__out_str(o, token);
        det__out_str(o, "\r\n");
    }
    return result(o);
}

/* RFC 9110 section 8.6: a length is expected of methods that define a meaning for a body, even when there is none. All
 * of those begin with P; none of the others in use does but PROPFIND and its kin, which have bodies too. */
static int says_length(const det__head *h) {
    return h->body_len || h->method[0] == 'P';
}

static void put_length(det__out *o, const det__head *h) {
    if (h->body_len) det__out_str(o, "Content-Type: application/json\r\n");
    det__out_str(o, "Content-Length: ");
    det__out_u64(o, h->body_len);
    det__out_str(o, "\r\n");
}

int det__request_head(det__out *o, const det__url *u, const char *lines, size_t lines_len, const det__head *h) {
    const char *extra = h->extra ? h->extra : "";
    if (!is_method(h->method) || h->path[0] != '/' || !is_visible(h->path, '#') || !are_lines(extra)) return DET_E_ARG;
    det__out_str(o, h->method);
    det__out_ch(o, ' ');
    det__out_str(o, u->base);
    det__out_str(o, h->path);
    det__out_str(o, " HTTP/1.1\r\n");
    det__out_mem(o, lines, lines_len);
    if (h->close) det__out_str(o, "Connection: close\r\n");
    if (says_length(h)) put_length(o, h);
    det__out_str(o, extra);
    det__out_str(o, "\r\n");
    return result(o);
}
