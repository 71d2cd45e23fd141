/* SPDX-License-Identifier: Apache-2.0
 * The request reader; see http_in.h. The order of checks and their texts are net/http's server.go and readTransfer, the
 * first-line rule is cmux's HTTP1() matcher. */
#include "http_in.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FIRST_LINE_MAX = 4096, HEAD_MAX = (1 << 20) + 4096, CHUNK_LINE_MAX = 4096 };
enum { C_SIZE, C_DATA, C_DATA_END, C_TRAILER, C_DONE };

static const char *const NAMES[H_COUNT] = {
    "host", "authorization", "cookie", "grpc-metadata-x-user-token", "grpc-metadata-x-allocation-token",
    "accept", "content-length", "transfer-encoding", "connection", "expect"};

static in_result refuse(http_in *in, const char *status) {
    snprintf(in->status, sizeof in->status, "%s", status);
    return IN_REFUSED;
}

static bool is_token(const char *s, size_t n) {
    if (!n) return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        bool letter = (unsigned)(c | 32) - 'a' < 26; /* most are, and need no search */
        if (!letter && (c <= ' ' || c >= 0x7f || strchr("()<>@,;:\\\"/[]?={}", c))) return false;
    }
    return true;
}

static int hex(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool percent_decode(char *d, const char *s, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (s[i] != '%') {
            *d++ = s[i];
            continue;
        }
        if (i + 2 >= n) return false;
        int hi = hex(s[i + 1]), lo = hex(s[i + 2]);
        if (hi < 0 || lo < 0) return false;
        *d = (char)(hi * 16 + lo);
        if (!*d) *d = '?';
        d++;
        i += 2;
    }
    *d = 0;
    return true;
}

/* "METHOD target HTTP/1.x"; Go splits at the first and the second space. */
static bool split_line(const char *p, size_t n, const char **target, const char **proto) {
    const char *a = memchr(p, ' ', n);
    if (!a) return false;
    const char *b = memchr(a + 1, ' ', n - (size_t)(a + 1 - p));
    if (!b) return false;
    *target = a + 1;
    *proto = b + 1;
    return true;
}

static bool http1(const char *proto, size_t n) {
    return n == 8 && memcmp(proto, "HTTP/1.", 7) == 0 && proto[7] >= '0' && proto[7] <= '9';
}

/* cmux reads one line within 4096 bytes and wants an HTTP/1 request line in it; else nobody takes the connection. A
 * line too long leaves bytes unread, so its close is a reset. A TLS hello is no line, and need not end in one. */
static in_result first_line(http_in *in, const char *p, size_t n) {
    const char *nl = memchr(p, '\n', n < FIRST_LINE_MAX ? n : FIRST_LINE_MAX), *target, *proto;
    if ((unsigned char)*p < 0x20 && *p != '\r' && *p != '\n') return IN_CLOSE;
    if (!nl) return n >= FIRST_LINE_MAX ? IN_RESET : IN_MORE;
    size_t len = (size_t)(nl - p);
    if (len && p[len - 1] == '\r') len--;
    if (!split_line(p, len, &target, &proto) || !http1(proto, len - (size_t)(proto - p))) return IN_CLOSE;
    in->first_seen = true;
    return IN_REQUEST;
}

static in_result request_line(http_in *in, const char *p, size_t n) {
    request *r = &in->req;
    const char *target, *proto;
    if (!split_line(p, n, &target, &proto)) return refuse(in, "400 Bad Request");
    size_t mlen = (size_t)(target - 1 - p), tlen = (size_t)(proto - 1 - target), plen = n - (size_t)(proto - p);
    if (!is_token(p, mlen) || mlen >= sizeof r->method) return refuse(in, "400 Bad Request");
    if (!http1(proto, plen)) {
        bool http = plen == 8 && !memcmp(proto, "HTTP/", 5) && proto[6] == '.';
        return refuse(in, http ? "505 HTTP Version Not Supported: unsupported protocol version" : "400 Bad Request");
    }
    memcpy(r->method, p, mlen);
    r->method[mlen] = 0;
    r->minor = proto[7] - '0';
    if (tlen > 7 && !strncasecmp(target, "http://", 7)) { /* absolute form (RFC 9112 3.2.2): Host is not looked at */
        const char *slash = memchr(target + 7, '/', tlen - 7);
        tlen = slash ? tlen - (size_t)(slash - target) : 1;
        target = slash ? slash : "/";
    }
    for (size_t i = 0; i < tlen; i++)
        if ((unsigned char)target[i] < 0x21 || target[i] == 0x7f) return refuse(in, "400 Bad Request");
    if (!tlen || (*target != '/' && *target != '*')) return refuse(in, "400 Bad Request");
    const char *q = memchr(target, '?', tlen);
    size_t path_len = q ? (size_t)(q - target) : tlen;
    r->raw = xstrndup(target, path_len);
    r->path = xmalloc(path_len + 1);
    r->query = q ? xstrndup(q + 1, tlen - path_len - 1) : xstrndup("", 0);
    return percent_decode(r->path, target, path_len) ? IN_REQUEST : refuse(in, "400 Bad Request");
}

static in_result store(http_in *in, header_id id, const char *v, size_t n) {
    char **slot = &in->req.header[id];
    if (!*slot) {
        *slot = xstrndup(v, n);
        return IN_REQUEST;
    }
    if (id == H_HOST) return refuse(in, "400 Bad Request: too many Host headers");
    if (id == H_LENGTH && (strlen(*slot) != n || memcmp(*slot, v, n))) return refuse(in, "400 Bad Request");
    if (id == H_TE) return refuse(in, "501 Not Implemented: Unsupported transfer encoding");
    return IN_REQUEST;
}

/* One logical header line, continuation lines already joined. */
static in_result header_line(http_in *in, char *p, size_t n) {
    char *colon = memchr(p, ':', n);
    if (!colon) return refuse(in, "400 Bad Request");
    size_t name = (size_t)(colon - p);
    char *v = colon + 1, *end = p + n;
    while (v < end && (*v == ' ' || *v == '\t')) v++;
    while (end > v && (end[-1] == ' ' || end[-1] == '\t')) end--;
    if (!is_token(p, name)) return refuse(in, "400 Bad Request: invalid header name");
    for (char *c = v; c < end; c++)
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f) return refuse(in, "400 Bad Request: invalid header value");
    for (int id = 0; id < H_COUNT; id++)
        if (strlen(NAMES[id]) == name && !strncasecmp(NAMES[id], p, name)) return store(in, (header_id)id, v, (size_t)(end - v));
    return IN_REQUEST;
}

static in_result header_lines(http_in *in, const char *p, size_t n) {
    char *copy = xstrndup(p, n), *at = copy, *end = copy + n;
    in_result res = n && (*p == ' ' || *p == '\t') ? refuse(in, "400 Bad Request") : IN_REQUEST;
    while (res == IN_REQUEST && at < end) {
        char *nl = memchr(at, '\n', (size_t)(end - at)), *line = at, *stop = nl;
        while (nl + 1 < end && (nl[1] == ' ' || nl[1] == '\t')) { /* obs-fold: Go joins the lines (RFC 9112 5.2) */
            if (nl > line && nl[-1] == '\r') nl[-1] = ' ';
            *nl = ' ';
            nl = memchr(nl, '\n', (size_t)(end - nl));
            stop = nl;
        }
        if (stop > line && stop[-1] == '\r') stop--;
        if (stop > line) res = header_line(in, line, (size_t)(stop - line));
        at = nl + 1;
    }
    free(copy);
    return res;
}

static bool host_ok(const char *h) {
    for (; *h; h++)
        if (!strchr("!$%&'()*+,-.:;=[]_~", *h) && !(hex(*h) >= 0) && !((*h | 32) >= 'g' && (*h | 32) <= 'z')) return false;
    return true;
}

static in_result framing(http_in *in) {
    request *r = &in->req;
    const char *cl = r->header[H_LENGTH], *te = r->header[H_TE], *c = r->header[H_CONNECTION];
    if (te && r->minor >= 1) {
        if (strcasecmp(te, "chunked")) return refuse(in, "501 Not Implemented: Unsupported transfer encoding");
        in->chunked = true;
        in->chunk_at = in->head_len;
    } else if (cl) {
        char *end;
        size_t digits = strspn(cl, "0123456789");
        if (!digits || cl[digits] || digits > 18) return refuse(in, "400 Bad Request");
        in->need = (size_t)strtoull(cl, &end, 10);
    }
    r->keep_alive = r->minor >= 1 ? !(c && strcasestr(c, "close")) : c && strcasestr(c, "keep-alive");
    const char *ex = r->header[H_EXPECT];
    if (ex && strcasecmp(ex, "100-continue")) return refuse(in, "417 Expectation Failed");
    in->want_continue = ex && r->minor >= 1 && (in->chunked || in->need);
    return IN_REQUEST;
}

static in_result head(http_in *in, const char *p, size_t n) {
    const char *nl = memchr(p, '\n', n);
    size_t line = (size_t)(nl - p), len = line && p[line - 1] == '\r' ? line - 1 : line;
    in_result res = request_line(in, p, len);
    if (res == IN_REQUEST) res = header_lines(in, nl + 1, n - line - 1);
    if (res != IN_REQUEST) return res;
    const char *host = in->req.header[H_HOST];
    if (!host && in->req.minor >= 1) return refuse(in, "400 Bad Request: missing required Host header");
    if (host && !host_ok(host)) return refuse(in, "400 Bad Request: malformed Host header");
    return framing(in);
}

/* Sets head_len once the empty line is there. */
static in_result find_head(http_in *in, const char *p, size_t n) {
    for (;;) {
        const char *nl = in->scan < n ? memchr(p + in->scan, '\n', n - in->scan) : NULL;
        if (!nl) break;
        size_t at = (size_t)(nl - p), len = at - in->line;
        bool blank = in->line && (len == 0 || (len == 1 && p[in->line] == '\r'));
        in->scan = in->line = at + 1;
        if (at > HEAD_MAX) break;
        if (!blank) continue;
        in->head_len = at + 1;
        return IN_REQUEST;
    }
    in->scan = n;
    return n > HEAD_MAX ? refuse(in, "431 Request Header Fields Too Large") : IN_MORE;
}

static in_result chunk_bad(http_in *in, const char *why, size_t n) {
    in->req.bad_body = true;
    in->req.body_error = why;
    in->chunk_state = C_DONE;
    in->chunk_at = n;
    return IN_REQUEST;
}

static in_result chunk_size(http_in *in, const char *p, size_t len, size_t n) {
    size_t v = 0, i = 0;
    for (; i < len && hex(p[i]) >= 0; i++) {
        if (i >= 16) return chunk_bad(in, "http chunk length too large", n);
        v = v * 16 + (size_t)hex(p[i]);
    }
    while (i && i < len && (p[i] == ' ' || p[i] == '\t')) i++;
    if (!i) return chunk_bad(in, len ? "invalid byte in chunk length" : "empty hex number for chunk length", n);
    if (i < len && p[i] != ';') return chunk_bad(in, "invalid byte in chunk length", n);
    in->chunk_left = v;
    in->chunk_state = v ? C_DATA : C_TRAILER;
    return IN_REQUEST;
}

/* A line of the chunked framing: IN_MORE, or IN_REQUEST with *len set and chunk_at behind it. */
static in_result chunk_line(http_in *in, const char *p, size_t n, size_t *len) {
    const char *nl = memchr(p + in->chunk_at, '\n', n - in->chunk_at);
    if (!nl) return n - in->chunk_at > CHUNK_LINE_MAX ? chunk_bad(in, "header line too long", n) : IN_MORE;
    *len = (size_t)(nl - p) - in->chunk_at;
    in->chunk_at = (size_t)(nl - p) + 1;
    return IN_REQUEST;
}

static in_result chunk_step(http_in *in, const char *p, size_t n) {
    size_t from = in->chunk_at, len = 0, take;
    switch (in->chunk_state) {
    case C_DATA:
        take = n - from < in->chunk_left ? n - from : in->chunk_left;
        if (!take) return IN_MORE;
        buf_add(&in->body, p + from, take);
        in->chunk_at += take;
        in->chunk_left -= take;
        if (!in->chunk_left) in->chunk_state = C_DATA_END;
        return IN_REQUEST;
    case C_DATA_END:
        if (n - from < 2 && !(n > from && p[from] != '\r')) return IN_MORE;
        if (p[from] != '\r' || p[from + 1] != '\n') return chunk_bad(in, "malformed chunked encoding", n);
        in->chunk_at += 2;
        in->chunk_state = C_SIZE;
        return IN_REQUEST;
    default:
        if (chunk_line(in, p, n, &len) == IN_MORE) return IN_MORE;
        if (in->chunk_state == C_DONE) return IN_REQUEST;
        if (len && p[from + len - 1] == '\r') len--;
        if (in->chunk_state == C_SIZE) return chunk_size(in, p + from, len, n);
        if (!len) in->chunk_state = C_DONE;
        return IN_REQUEST;
    }
}

static in_result body(http_in *in, const char *p, size_t n) {
    request *r = &in->req;
    if (!in->chunked) {
        if (n - in->head_len < in->need) return IN_MORE;
        r->body = p + in->head_len;
        r->body_len = in->need;
        r->wire_len = in->head_len + in->need;
        return IN_REQUEST;
    }
    while (in->chunk_state != C_DONE)
        if (chunk_step(in, p, n) == IN_MORE) return IN_MORE;
    if (r->bad_body) r->keep_alive = false;
    r->body = in->body.p ? in->body.p : "";
    r->body_len = in->body.len;
    r->wire_len = in->chunk_at;
    return IN_REQUEST;
}

in_result http_in_next(http_in *in, const char *p, size_t n) {
    if (!n) return IN_MORE;
    if (!in->first_seen) {
        in_result res = first_line(in, p, n);
        if (res != IN_REQUEST) return res;
    }
    if (!in->head_done) {
        in_result res = find_head(in, p, n);
        if (res == IN_REQUEST) res = head(in, p, in->head_len);
        if (res != IN_REQUEST) return res;
        in->head_done = true;
    }
    return body(in, p, n);
}

size_t http_in_done(http_in *in) {
    size_t took = in->req.wire_len;
    buf keep = in->body;
    bool first = in->first_seen;
    in->body.p = NULL;
    http_in_free(in);
    in->body = keep;
    in->body.len = 0;
    in->first_seen = first;
    return took;
}

void http_in_free(http_in *in) {
    request *r = &in->req;
    free(r->path);
    free(r->raw);
    free(r->query);
    for (int i = 0; i < H_COUNT; i++) free(r->header[i]);
    buf_free(&in->body);
    memset(in, 0, sizeof *in);
}
