/* SPDX-License-Identifier: Apache-2.0
 * What the files of session/ share: the session's real shape. Only they include this. */
#ifndef DET_SESSION_INTERNAL_H
#define DET_SESSION_INTERNAL_H

#include <string.h>

#include "../base/noinline.h"
#include "../http/request.h"
#include "../http/response.h"
#include "../http/url.h"
#include "../json/pick.h"
#include "../transport/stream.h"
#include "det_session.h"
#include "fail.h"

enum det__phase {
    DET__IDLE,     /* no request; the connection may be open */
    DET__OPENING,  /* connecting for the request */
    DET__EXCHANGE  /* sending and receiving, independently */
};

/* Why a connection was, or will be, opened. The texts are in sentence.c. */
enum det__reason {
    DET__ONE_SHOT,
    DET__FIRST_USE,
    DET__PEER_CLOSED,
    DET__PEER_CLOSED_IDLE,
    DET__IDLE_TOO_LONG,
    DET__DIED,
    DET__FAULT,
    DET__GIVEN_UP,
    DET__OUT_OF_STEP
};

enum { DET__SHAPES = 3, DET__LINE_SIZE = 200 };

/* The small fields come first: a load from a short offset is half the code on Thumb. */
typedef struct det__session {
    uint8_t phase;
    uint8_t persistent;  /* between begin and end */
    uint8_t ready;       /* init succeeded */
    uint8_t reason;      /* why the next connection will be opened: enum det__reason */
    uint8_t reused;      /* the request goes over a connection that has served others */
    uint8_t replayed;    /* it has been sent again once already */
    uint8_t send_error;  /* sending broke; an answer may still be there */
    uint8_t replied;     /* a byte of the answer has come */
    uint8_t picking;
    uint8_t skip;        /* the answer being read is to a request of our own before the caller's */
    uint8_t safe;        /* repeating the request changes nothing */
    uint8_t held;        /* req is the pipe's next and has not been rendered yet */
    uint8_t stuck;       /* the stream could not take the bytes offered last: offer them again as they were */
    uint8_t alone;       /* the peer closed behind its last answer: no pipelining until one keeps the connection */
    uint8_t was_open;    /* the connection closed last had been */
    uint16_t pending;    /* requests rendered whose answer is not whole */
    uint16_t hdr_len;
    uint16_t msg_len;    /* text in msg before the server's words */
    uint32_t now_ms;     /* at the start of this step */
    uint32_t start_ms;   /* of the request */
    uint32_t connect_ms; /* when opening began */
    uint32_t active_ms;  /* when a byte last moved */
    uint32_t oldest_ms;  /* since when the oldest answer has been awaited */
    uint32_t silence_ms; /* deadlines of the request, or of the pipe */
    uint32_t total_ms;
    const det_pipe *pipe; /* NULL: a single request */
    size_t tx_len;       /* bytes of requests in the caller's buffer */
    size_t tx_sent;      /* of them handed to the stream */
    size_t body_off;     /* body bytes of req copied into it so far */
    det_request req;     /* the one rendered last */
    det_response res;    /* of the oldest */
    det_session_options opt; /* defaults filled in */
    det_session_stats stats;
    det__stream stream;
    det_failure failure;
    det__response parser;
    det__picker picker;  /* finds the server's words in an error's body */
    det__pick picks[DET__SHAPES];
    det__url url;
    char msg[DET_MSG_SIZE];
    char hdr[DET_HDR_SIZE];
    uint8_t rx[DET_RX_SIZE];
} det__session;

/* The session behind the public storage; NULL stays NULL. */
static inline det__session *det__session_of(det_session *s) {
    return (det__session *)(void *)s;
}

static inline const det__session *det__session_of_const(const det_session *s) {
    return (const det__session *)(const void *)s;
}

static inline int det__fail(det__session *s, int code, int stage, long detail) {
    return det__session_fail((det_session *)(void *)s, code, stage, detail);
}

/* The pipe under way; NULL: a single request. */
static inline const det_pipe *det__pipe_of(const det__session *s) {
    return DET_PIPELINE > 1 ? s->pipe : NULL;
}

/* exchange.c: the state machine */
int det__exchange_start(det__session *s);
int det__exchange_pipe(det__session *s, const det_pipe *p);
int det__exchange_step(det__session *s);
int det__exchange_sent(const det__session *s); /* is a request under way that has been sent whole? */
void det__exchange_close(det__session *s, int reason);
int det__exchange_wants(const det__session *s);
uint32_t det__exchange_timeout(const det__session *s);

/* transmit.c: the sending half. begin: render req into the empty buffer. transmit: send what the stream takes. Both give
 * DET_OK or the error of a callback or of rendering */
int det__transmit_begin(det__session *s);
int det__transmit(det__session *s);
int det__transmit_done(const det__session *s); /* has all that was to be sent been handed to the stream? */
#if DET_PIPELINE > 1
int det__transmit_fill(det__session *s);
#else
#define det__transmit_fill(s) DET_OK
#endif

/* failure.c: what went wrong, and what is logged */
int det__fail_status(det__session *s);
void det__fail_body(det__session *s, const void *data, size_t len);
void det__log_connection(const det__session *s);

/* sentence.c: the words */
#if DET_ERROR_TEXTS
void det__sentence_failure(det__session *s);
void det__sentence_status(det__session *s);
void det__sentence_hint(det__session *s);
const char *det__sentence_connection(const det__session *s, char line[DET__LINE_SIZE]);
#else
#define det__sentence_failure(s) ((s)->msg[0] = 0)
#define det__sentence_status(s) ((s)->msg[0] = 0)
#define det__sentence_hint(s) ((void)0)
#define det__sentence_connection(s, line) ((void)(line), "connection opened")
#endif

#endif
