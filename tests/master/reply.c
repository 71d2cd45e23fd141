/* SPDX-License-Identifier: Apache-2.0
 * Renders answers; see reply.h. Header order as recorded: the handler's headers sorted, then Date, then the framing. */
#include "reply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SMALL = 2048 }; /* net/http's write buffer: what fits gets a Content-Length */

typedef struct code {
    int grpc, http;
    const char *name;
} code;

static const code CODES[] = {
    {G_CANCELED, 408, "Canceled"}, {G_INVALID, 400, "InvalidArgument"}, {G_DEADLINE, 504, "DeadlineExceeded"},
    {G_NOT_FOUND, 404, "NotFound"}, {G_DENIED, 403, "PermissionDenied"}, {G_EXHAUSTED, 429, "ResourceExhausted"},
    {G_PRECONDITION, 400, "FailedPrecondition"}, {G_UNIMPLEMENTED, 501, "Unimplemented"}, {G_INTERNAL, 500, "Internal"},
    {G_UNAVAILABLE, 503, "Unavailable"}, {G_UNAUTHENTICATED, 401, "Unauthenticated"},
};

static const code *find_code(int grpc) {
    for (size_t i = 0; i < sizeof CODES / sizeof *CODES; i++)
        if (CODES[i].grpc == grpc) return &CODES[i];
    return find_code(G_INTERNAL);
}

const char *http_reason(int status) {
    static const struct {
        int status;
        const char *text;
    } R[] = {{200, "OK"}, {400, "Bad Request"}, {401, "Unauthorized"}, {403, "Forbidden"}, {404, "Not Found"},
             {408, "Request Timeout"}, {409, "Conflict"}, {413, "Request Entity Too Large"}, {429, "Too Many Requests"},
             {500, "Internal Server Error"}, {501, "Not Implemented"}, {502, "Bad Gateway"},
             {503, "Service Unavailable"}, {504, "Gateway Timeout"}, {301, "Moved Permanently"}, {302, "Found"},
             {204, "No Content"}, {304, "Not Modified"}};
    for (size_t i = 0; i < sizeof R / sizeof *R; i++)
        if (R[i].status == status) return R[i].text;
    return "Status";
}

static char *format(const char *fmt, va_list ap, size_t *n) {
    char *s = NULL;
    int len = vasprintf(&s, fmt, ap);
    if (len < 0) abort();
    *n = (size_t)len;
    return s;
}

static void error_body(reply *r, const code *c, const char *msg, size_t n) {
    r->status = c->http;
    r->body.len = 0;
    buf_fmt(&r->body, "{\"error\":{\"code\":%d,\"reason\":\"%s\",\"error\":", c->grpc, c->name);
    buf_json(&r->body, msg, n);
    buf_str(&r->body, "}}\n");
}

void reply_error(reply *r, int grpc, const char *fmt, ...) {
    va_list ap;
    size_t n;
    va_start(ap, fmt);
    char *msg = format(fmt, ap, &n);
    va_end(ap);
    error_body(r, find_code(grpc), msg, n);
    free(msg);
}

void reply_status(reply *r, int status, int retry_after) {
    const code *c = find_code(G_INTERNAL);
    for (size_t i = 0; i < sizeof CODES / sizeof *CODES; i++)
        if (CODES[i].http == status) c = &CODES[i];
    error_body(r, c, http_reason(status), strlen(http_reason(status)));
    r->status = status;
    r->retry_after = retry_after;
}

static void raw_chunk(reply *r, const char *p, size_t n) {
    if (r->minor < 1) {
        buf_add(&r->body, p, n);
        return;
    }
    buf_fmt(&r->body, "%zx\r\n", n);
    buf_add(&r->body, p, n);
    buf_str(&r->body, "\r\n");
}

void reply_stream_error(reply *r, int grpc, const char *fmt, ...) {
    va_list ap;
    size_t n;
    buf b = {0};
    const code *c = find_code(grpc);
    va_start(ap, fmt);
    char *msg = format(fmt, ap, &n);
    va_end(ap);
    buf_fmt(&b, "{\"error\":{\"grpcCode\":%d,\"httpCode\":%d,\"message\":", grpc, c->http);
    buf_json(&b, msg, n);
    buf_fmt(&b, ",\"httpStatus\":\"%s\",\"details\":[]}}", http_reason(c->http));
    if (!r->records) r->status = c->http;
    r->stream = true;
    raw_chunk(r, b.p, b.len);
    buf_free(&b);
    free(msg);
}

void reply_echo_error(reply *r, int status, const char *fmt, ...) {
    va_list ap;
    size_t n;
    va_start(ap, fmt);
    char *msg = format(fmt, ap, &n);
    va_end(ap);
    r->status = status;
    r->body.len = 0;
    buf_str(&r->body, "{\"message\":");
    buf_json(&r->body, msg, n);
    buf_str(&r->body, "}\n");
    free(msg);
}

/* The gateway writes the record, then "\n", then flushes: over the buffer's size these are two chunks. */
void reply_record(reply *r, const char *p, size_t n) {
    buf b = {0};
    r->stream = r->records = true;
    if (n < SMALL) {
        buf_add(&b, p, n);
        buf_add(&b, "\n", 1);
        raw_chunk(r, b.p, b.len);
    } else {
        raw_chunk(r, p, n);
        raw_chunk(r, "\n", 1);
    }
    buf_free(&b);
}

static void date(buf *out) {
    static time_t last;
    static char line[64];
    struct tm tm;
    time_t now = time(NULL);
    if (now != last) {
        gmtime_r(&now, &tm);
        strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
        last = now;
    }
    buf_str(out, line);
}

static void handler_headers(const reply *r, buf *out) {
    bool success = r->kind == R_GATEWAY && r->status < 400 && (!r->stream || r->records);
    buf_str(out, r->kind == R_GATEWAY ? "Content-Type: application/json\r\n" : "Content-Type: application/json; charset=UTF-8\r\n");
    if (success) buf_str(out, "Grpc-Metadata-Content-Type: application/grpc\r\n");
    if (r->retry_after) buf_fmt(out, "Retry-After: %d\r\n", r->retry_after);
    if (r->cookie) buf_fmt(out, "Set-Cookie: %s\r\n", r->cookie);
    if (r->kind == R_GATEWAY) buf_str(out, "Vary: Accept-Encoding\r\n");
    buf_str(out, "X-Content-Type-Options: nosniff\r\nX-Frame-Options: SAMEORIGIN\r\nX-Xss-Protection: 1; mode=block\r\n");
}

void reply_render(reply *r, buf *out) {
    bool chunked = (r->stream || r->body.len > SMALL) && r->minor >= 1;
    bool until_close = (r->stream || r->body.len > SMALL) && r->minor < 1;
    bool close_it = r->close || until_close || !r->keep_alive;
    buf_fmt(out, "HTTP/1.%d %d %s\r\n", r->minor >= 1, r->status, http_reason(r->status));
    handler_headers(r, out);
    date(out);
    if (!chunked && !until_close) buf_fmt(out, "Content-Length: %zu\r\n", r->body.len);
    if (close_it && r->minor >= 1) buf_str(out, "Connection: close\r\n");
    if (!close_it && r->minor < 1) buf_str(out, "Connection: keep-alive\r\n");
    if (chunked) buf_str(out, "Transfer-Encoding: chunked\r\n");
    buf_str(out, "\r\n");
    r->close = close_it;
    if (r->head_only) return;
    if (chunked && !r->stream) buf_fmt(out, "%zx\r\n", r->body.len);
    buf_add(out, r->body.p, r->body.len);
    if (chunked) buf_str(out, r->stream ? "0\r\n\r\n" : "\r\n0\r\n\r\n");
}

void reply_refusal(const char *status, buf *out) {
    buf_fmt(out, "HTTP/1.1 %s\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n%s", status, status);
}

void reply_free(reply *r) {
    free(r->cookie);
    buf_free(&r->body);
    memset(r, 0, sizeof *r);
}
