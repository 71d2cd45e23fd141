/* SPDX-License-Identifier: Apache-2.0
 * Incremental response parser (RFC 9112), strict: whatever could be read in two ways is an error. Holds no byte of the
 * input; needs none of it to stay where it was; any split of the input gives the same result. */
#ifndef DET_HTTP_RESPONSE_H
#define DET_HTTP_RESPONSE_H

#include <stddef.h>
#include <stdint.h>

#include "det_config.h"
#include "det_error.h"

enum det__response_event {
    DET__RESPONSE_MORE = 0, /* all input used: give more, or call det__response_eof() */
    DET__RESPONSE_HEAD,     /* the final head is complete: status, content_length, … may be read; call again */
    DET__RESPONSE_BODY,     /* body, body_len: the next piece of the body, inside the input; call again */
    DET__RESPONSE_DONE      /* complete; the input after *used belongs to the next response */
};

typedef struct det__response {
    /* results, valid from DET__RESPONSE_HEAD on */
    uint16_t status;
    uint8_t keep_alive; /* the connection may be used again once DONE (HTTP/1.1 without close, not until-close) */
    uint8_t has_length;
    /* private; bytes come first: a load from a short offset is half the code on Thumb */
    int8_t over; /* the event that every further call returns, once it is not 0 */
    uint8_t flags;
    uint8_t state;
    uint8_t next;  /* the state behind the line feed */
    uint8_t field; /* what the value being read means, 0 if nothing to us */
    uint8_t words; /* the words that the characters so far may become */
    uint8_t pos;   /* number of those characters */
    uint8_t gap;   /* white space has followed them */
    uint32_t head_left; /* of DET_HEAD_LIMIT */
    uint64_t left;      /* of the body or chunk; in heads, the number being read */
    /* results again */
    uint64_t content_length; /* as declared, if has_length */
    uint32_t retry_after_s;  /* Retry-After as seconds; 0 absent. A date, or what cannot be read: UINT32_MAX */
    const uint8_t *body;     /* of the last DET__RESPONSE_BODY */
    size_t body_len;
} det__response;

/* Begin a response. head_request: 1 if it answers a HEAD (no body whatever the headers say). */
void det__response_init(det__response *r, int head_request);

/* Feed n bytes. Uses *used of them and returns an event above or DET_E_HTTP, DET_E_HEAD. Errors are sticky. */
int det__response_feed(det__response *r, const void *data, size_t n, size_t *used);

/* The peer closed in order. DET__RESPONSE_DONE for a body that ends so, else DET_E_TRUNCATED (DET_E_CLOSED if not one
 * byte of this response has come). */
int det__response_eof(det__response *r);

/* Is the text whole header lines, each with its CR LF, none of which frames a body? No line at all will do. */
int det__response_is_lines(const char *text);

#endif
