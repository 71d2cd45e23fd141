/* SPDX-License-Identifier: Apache-2.0
 * HTTP/1 requests out of a byte stream, as strict and as lenient as cmux and Go's net/http are (contract section 8).
 * Knows bytes only: no socket, no route, no clock. */
#ifndef MASTER_HTTP_IN_H
#define MASTER_HTTP_IN_H

#include <stdbool.h>

#include "buf.h"

/* Header lines somebody asks for, by index. */
typedef enum { H_HOST, H_AUTH, H_COOKIE, H_USER_TOKEN, H_ALLOC_TOKEN, H_ACCEPT, H_LENGTH, H_TE, H_CONNECTION, H_EXPECT, H_COUNT } header_id;

typedef struct request {
    char method[32];
    char *path;  /* percent-decoded, NUL-terminated; may hold a decoded NUL's place as '?' */
    char *raw;   /* path as sent, without the query */
    char *query; /* as sent, without '?' */
    char *header[H_COUNT]; /* first of each name, or NULL */
    int minor;             /* HTTP/1.minor */
    bool keep_alive;       /* the client lets the connection live */
    bool bad_body;         /* chunked framing broken: body_error says how, nothing after it can be read */
    const char *body_error;
    const char *body;
    size_t body_len;
    size_t wire_len; /* head and body as sent */
} request;

typedef enum { IN_MORE, IN_REQUEST, IN_REFUSED, IN_RESET, IN_CLOSE } in_result;

typedef struct http_in {
    bool first_seen;       /* cmux has matched the first request line of the connection */
    bool head_done;
    bool want_continue;    /* the client waits for 100 Continue; the caller sends it and clears this */
    size_t scan, line;     /* progress of the search for the head's end, relative to the request's start */
    size_t head_len;
    size_t need;           /* body bytes by Content-Length */
    bool chunked;
    int chunk_state;       /* see http_in.c */
    size_t chunk_left;
    size_t chunk_at;       /* how far the chunked body was decoded */
    buf body;              /* a chunked body, decoded */
    request req;
    char status[96];       /* IN_REFUSED: "400 Bad Request: why", the status line and the body of the answer */
} http_in;

/* The next request in p[0..n), n bytes received and not yet consumed. IN_REQUEST: in->req is valid until
 * http_in_done(), which returns the bytes it took. IN_REFUSED: answer in->status and close. IN_RESET, IN_CLOSE: without a word. */
in_result http_in_next(http_in *in, const char *p, size_t n);
size_t http_in_done(http_in *in);
void http_in_free(http_in *in);

#endif
