/* SPDX-License-Identifier: Apache-2.0
 * One HTTP session with a master: any method, any path, over one kept connection or one connection per call.
 *
 * Used directly, every call opens a connection and closes it. Between det_session_begin() and det_session_end() all
 * calls share one, which is quietly replaced when it has died; the end closes it (contract 9). Authentication and
 * certificates belong to the session, never to a request.
 *
 * Memory: the caller's. det_session holds everything but the request buffer and, under https, mbedTLS's heap.
 * Pointers must not be NULL where an entry does not say so; functions that return a code answer DET_E_ARG to one that is.
 * Threads: one thread at a time per session; sessions share nothing. Redirects are not followed (a token must not
 * travel), compression is not offered, cookies and proxies are ignored, Expect is never sent. */
#ifndef DET_SESSION_H
#define DET_SESSION_H

#include <stddef.h>
#include <stdint.h>

#include "det_error.h"
#include "det_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- log hook ---------------------------------------------------------------------------------------------------- */

enum det_log_level { DET_LOG_OFF, DET_LOG_ERROR, DET_LOG_WARN, DET_LOG_INFO, DET_LOG_DEBUG };

/* One line without line end, valid during the call. Never holds a token or a password, at any level. At debug level
 * each new connection is one line: "connection opened: HOST:PORT (REASON)". Called from the driving thread. */
typedef void (*det_log_fn)(void *ctx, int level, const char *line);

/* ---- requests ---------------------------------------------------------------------------------------------------- */

/* May a request be sent again when its answer was lost? */
enum det_replay {
    DET_REPLAY_AUTO, /* by method: ONCE for POST and PATCH, SAFE for the others (RFC 9110 9.2.2) */
    DET_REPLAY_SAFE, /* repeating it changes nothing */
    DET_REPLAY_ONCE  /* never: a lost answer is DET_E_UNSURE */
};

typedef struct det_response {
    int status;              /* HTTP status once the head is complete, else 0: it decides the outcome even if the body
                                was cut */
    int64_t content_length;  /* as declared, -1 if not */
    uint32_t retry_after_ms; /* Retry-After, 0 if none */
} det_response;

/* Takes the next piece of an answer's body, whatever its status (r->status). Not DET_OK: the request ends with that
 * code and the connection is closed. Pieces have any size; data is valid during the call. */
typedef int (*det_sink_fn)(void *ctx, const det_response *r, const void *data, size_t len);

/* Fills buf with len bytes of the request's body from offset. Must give the same bytes when asked again. DET_OK or an
 * error, which ends the request. */
typedef int (*det_source_fn)(void *ctx, size_t offset, void *buf, size_t len);

typedef struct det_request {
    const char *method;     /* "GET", … */
    const char *path;       /* "/…" with query, percent-encoded; put behind the URL's base path */
    const char *headers;    /* further header lines, each ending in CR LF, or NULL */
    const void *body;       /* body_len bytes, or NULL */
    det_source_fn source;   /* used when body is NULL and body_len is not 0 */
    void *source_ctx;
    size_t body_len;
    det_sink_fn sink;       /* NULL: the body is read and dropped, of any length */
    void *sink_ctx;
    uint32_t silence_ms;    /* longest time without a byte either way; 0: the session's */
    uint32_t total_ms;      /* longest time for all of it; 0: the session's */
    int replay;             /* enum det_replay */
} det_request;

/* ---- pipelining ---------------------------------------------------------------------------------------------------- */

/* Requests sent one behind the other over the kept connection without waiting for the answers, which come in the same
 * order (RFC 9112 9.3.2; contract 8). The owner knows from that order which request an answer belongs to. */
typedef struct det_pipe {
    /* Fill *q (it is zero) with the next request, any method but HEAD; its sink, deadlines and replay class are not used.
     * What it points to must stay until next() is called again. DET_OK, or DET_E_AGAIN: there is none for now. */
    int (*next)(void *ctx, det_request *q);
    /* The oldest request has been answered. rc as det_session_call(). May call det_session_cancel(). */
    void (*done)(void *ctx, int rc, const det_response *r);
    /* For messages: set the method and path of the oldest request in *q. */
    void (*about)(void *ctx, det_request *q);
    det_sink_fn sink;    /* takes the bodies, each before its done(); or NULL */
    void *ctx;           /* handed to the four */
    uint16_t depth;      /* most answers awaited at a time, 1 … 65535 */
    uint32_t silence_ms; /* longest time without a byte either way; 0: the session's */
} det_pipe;

/* ---- session ----------------------------------------------------------------------------------------------------- */

typedef struct det_session_options {
    const det_port *port;         /* must outlive the session, as every pointer below that is not said to be copied */
    const char *url;              /* copied; contract 1.1: "host", "host:port", "http://…", "https://host[:port][/base]" */
    void *buffer;                 /* request buffer: a head (about 250 bytes and the token) has to fit; a request that
                                     fits with its body is one write */
    size_t buffer_len;            /* 512 … */
    const char *token;            /* bearer token, copied; or NULL */
    const char *tls_name;         /* name to find in the certificate instead of the URL's host; SNI stays the host */
    const char *ca_pem;           /* PEM certificates trusted beside the port's roots */
    size_t ca_pem_len;
    int noverify;                 /* 1: check neither chain nor name; logged on each connection */
    int log_level;                /* enum det_log_level: lines above it are not even formatted */
    det_log_fn log;               /* or NULL */
    void *log_ctx;
    const char *allocation_token; /* of a managed task, copied; or NULL. Not both (contract 1.3) */
    uint32_t connect_ms;          /* name lookup, connection and TLS handshake; 0: 10 s */
    uint32_t silence_ms;          /* 0: 30 s */
    uint32_t total_ms;            /* 0: 5 min */
} det_session_options;

typedef struct det_session_stats {
    uint32_t connections; /* opened, TLS handshake included */
    uint32_t requests;    /* answered completely */
    uint64_t sent;        /* bytes of HTTP */
    uint64_t received;
} det_session_stats;

/* A session: the caller's memory, opaque. About 2.4 KB on a 32-bit target with the default knobs, and
 * DET_TLS_STATE_SIZE more with TLS. Need not be zeroed. */
typedef struct det_session {
    uint64_t mem[(DET_RX_SIZE + DET_HDR_SIZE + DET_HOST_SIZE + DET_BASE_SIZE + DET_MSG_SIZE + DET_CONN_SIZE +
                  DET_TLS * (DET_TLS_STATE_SIZE + DET_TLS_RX_SIZE) + DET_JSON_DEPTH / 8 + 344 + 52 * sizeof(void *)) /
                 8];
} det_session;

/* Make a session. No I/O. DET_OK, DET_E_ARG, DET_E_URL, DET_E_NO_TLS, DET_E_PORT (the port lacks a function), DET_E_SIZE
 * (URL or token exceeds its knob, or the buffer is too small). */
DET_API int det_session_init(det_session *s, const det_session_options *o);

/* Close and give mbedTLS's memory back. Safe on a session whose init failed. */
DET_API void det_session_free(det_session *s);

/* Replace the bearer token (NULL: none); used from the next request on. DET_OK, DET_E_ARG, DET_E_SIZE. */
DET_API int det_session_set_token(det_session *s, const char *token);

/* From now on all calls share one connection; an older one is closed. No I/O. DET_OK; DET_E_STATE during a request. */
DET_API int det_session_begin(det_session *s);

/* Close it; later calls are one-shot again. DET_OK; DET_E_STATE during a request. */
DET_API int det_session_end(det_session *s);

/* One request and its answer, waiting for it. The answer's head is stored in *out (may be NULL), its body goes to the
 * sink. Blocks up to the request's deadlines.
 * DET_OK: any 2xx. Server: DET_E_AUTH 401, DET_E_FORBIDDEN 403, DET_E_NOT_FOUND 404, DET_E_BUSY 502 503 504,
 * DET_E_SERVER every other status (contract 1.6); the server's message is in det_session_errmsg(). DET_E_UNSURE: the
 * answer was lost and the request is not repeatable. Otherwise: usage, net, tls and proto codes. */
DET_API int det_session_call(det_session *s, const det_request *q, det_response *out);

/* The same without waiting: start, then step until it returns something else than DET_E_AGAIN. *q is copied; what it
 * points to must stay. DET_OK, DET_E_STATE (one is running), DET_E_ARG, DET_E_SIZE (the head does not fit). */
DET_API int det_session_start(det_session *s, const det_request *q);
DET_API int det_session_step(det_session *s);
DET_API const det_response *det_session_response(const det_session *s);

#if DET_PIPELINE > 1
/* Start a pipe; *p must stay. Then det_session_step() until it returns something else than DET_E_AGAIN: DET_OK all
 * requests so far are answered and next() has no more (start again when it has), or why the connection ended: the
 * requests given and not done then may have taken effect or not (contract 5.6), none is sent again.
 * As many requests as the buffer holds are one write. While an answer is over 10 s late no more are sent, and none behind
 * another to a peer that closes after each answer. DET_OK; DET_E_AGAIN next() gave none; DET_E_STATE a request is
 * running, or the session is not between begin and end; DET_E_ARG, DET_E_SIZE as det_session_start(). */
DET_API int det_session_pipe(det_session *s, const det_pipe *p);
#endif

/* What the running request waits for. Fills *w and *timeout_ms; returns 1, or 0 when step should be called at once. */
DET_API int det_session_wants(const det_session *s, det_wait *w, uint32_t *timeout_ms);

/* Give the running request up; its connection is closed. */
DET_API void det_session_cancel(det_session *s);

/* The last failure: code, stage and detail; code is DET_OK if there was none. A success does not clear it. */
DET_API const det_failure *det_session_failure(const det_session *s);

/* One sentence about it with stage, address and the server's own words; "" if there is none. Valid until the next
 * call. */
DET_API const char *det_session_errmsg(const det_session *s);

DET_API const det_session_stats *det_session_get_stats(const det_session *s);

#ifdef __cplusplus
}
#endif

#endif
