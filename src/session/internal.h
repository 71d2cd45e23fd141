/* SPDX-License-Identifier: Apache-2.0
 * What the files of session/ share: the session's real shape. Only they include this. */
#ifndef DET_SESSION_INTERNAL_H
#define DET_SESSION_INTERNAL_H

#include "../http/request.h"
#include "../http/response.h"
#include "../http/url.h"
#include "../json/pick.h"
#include "../transport/stream.h"
#include "det_session.h"

enum det__phase {
    DET__IDLE,     /* no request; the connection may be open */
    DET__OPENING,  /* connecting for the request */
    DET__EXCHANGE  /* sending and receiving, independently */
};

typedef struct det__session {
    const det_port *port;
    char *tx;          /* the caller's request buffer */
    size_t tx_cap;
    size_t tx_len;     /* bytes of the request in it */
    size_t tx_sent;    /* of them handed to the stream */
    size_t body_off;   /* body bytes copied into it so far */
    det_request req;
    det_response res;
    det__stream stream;
    det__response parser;
    det__url url;
    det__picker picker;     /* finds the server's message in an error's body */
    det__pick picks[3];
    det_failure failure;
    det_session_stats stats;
    det_log_fn log;
    void *log_ctx;
    const char *reason;     /* why the next connection will be opened */
    uint32_t limit_connect_ms, limit_silence_ms, limit_total_ms;
    uint32_t start_ms;      /* of the request */
    uint32_t connect_ms;    /* when opening began */
    uint32_t active_ms;     /* when a byte last moved */
    uint32_t rx_pos, rx_len;
    uint16_t hdr_len;
    uint16_t msg_len;       /* text in msg before the server's message */
    uint8_t log_level;
    uint8_t phase;
    uint8_t persistent;     /* between begin and end */
    uint8_t ready;          /* init succeeded */
    uint8_t reused;         /* the request goes over a connection that has served others */
    uint8_t replayed;       /* it has been sent again once already */
    uint8_t blocked;        /* the last send did not take all */
    uint8_t send_error;     /* sending broke; an answer may still be there */
    uint8_t replied;        /* a byte of the answer has come */
    uint8_t picking;
    char msg[DET_MSG_SIZE];
    char hdr[DET_HDR_SIZE];
    uint8_t rx[DET_RX_SIZE];
} det__session;

/* session.c */
det__session *det__session_of(det_session *s);

/* exchange.c: the state machine */
int det__exchange_start(det__session *s);
int det__exchange_step(det__session *s);
void det__exchange_close(det__session *s, const char *reason);
int det__exchange_wants(const det__session *s);
uint32_t det__exchange_timeout(const det__session *s);

/* failure.c: what went wrong, as codes and as a sentence */
int det__fail(det__session *s, int code, int stage, long detail);
int det__fail_status(det__session *s);
void det__fail_body(det__session *s, const void *data, size_t len);
void det__log_connection(det__session *s);

#endif
