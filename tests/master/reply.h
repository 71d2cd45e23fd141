/* SPDX-License-Identifier: Apache-2.0
 * An answer as the handlers build it, and its bytes as Go's net/http puts them on the wire: header set and order, the
 * three error shapes (contract 0.5-0.7), Content-Length up to 2048 bytes and chunks beyond. */
#ifndef MASTER_REPLY_H
#define MASTER_REPLY_H

#include <stdbool.h>

#include "http_in.h"

typedef enum { R_ECHO, R_GATEWAY, R_TEST } reply_kind;

typedef struct reply {
    int status;
    reply_kind kind;
    bool stream;   /* chunked whatever its size; records were framed by reply_record() */
    bool records;  /* a stream that sent a record: only then it carries the gRPC header */
    bool close;
    bool head_only; /* answer to HEAD */
    int minor;      /* of the request */
    bool keep_alive;
    const char *text_type; /* plain text answers of net/http itself */
    char *cookie;          /* value of Set-Cookie, malloc'ed */
    int retry_after;       /* seconds, 0 = none */
    buf body;
} reply;

enum { G_CANCELED = 1, G_INVALID = 3, G_DEADLINE = 4, G_NOT_FOUND = 5, G_EXHAUSTED = 8, G_PRECONDITION = 9, G_UNIMPLEMENTED = 12,
       G_INTERNAL = 13, G_UNAVAILABLE = 14, G_UNAUTHENTICATED = 16, G_DENIED = 7 };

/* Gateway error, unary shape (0.5). */
void reply_error(reply *r, int grpc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Gateway error, streaming shape (0.6). */
void reply_stream_error(reply *r, int grpc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Echo error (0.7). */
void reply_echo_error(reply *r, int status, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* One record of a stream, its newline added. */
void reply_record(reply *r, const char *p, size_t n);
/* A stored answer of HTTP status with the unary error shape, as a proxy in front of the master might give. */
void reply_status(reply *r, int status, int retry_after);

const char *http_reason(int status);
void reply_render(reply *r, buf *out);
/* What net/http answers itself: status is "400 Bad Request: why". */
void reply_refusal(const char *status, buf *out);
void reply_free(reply *r);

#endif
