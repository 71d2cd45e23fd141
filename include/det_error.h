/* SPDX-License-Identifier: Apache-2.0
 * Every error of libdet, in one list: enum, class and text cannot drift apart.
 *
 * Functions return int: DET_OK (0), a positive count where the entry says so, or one of the negative codes below.
 * det_strerror() gives a code's fixed text; det_errmsg() and det_session_errmsg() the sentence about the last failure,
 * with its stage and the server's own words. */
#ifndef DET_ERROR_H
#define DET_ERROR_H

#include "det_config.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifndef DET_API
#define DET_API
#endif

/* What a caller can do about it. */
enum det_class {
    DET_CLASS_OK,
    DET_CLASS_AGAIN,  /* nothing is wrong: call again when the engine's wants are met */
    DET_CLASS_USAGE,  /* the call itself is wrong: mend the program or its settings */
    DET_CLASS_SPACE,  /* a buffer of the caller is full or too small */
    DET_CLASS_NET,    /* name lookup, connection or time: try again later */
    DET_CLASS_TLS,    /* the peer could not be verified, or does not speak TLS */
    DET_CLASS_PROTO,  /* the answer is not well-formed HTTP or JSON, or not a master's */
    DET_CLASS_SERVER  /* the master answered and refused */
};

/* Where it happened. */
enum det_stage { DET_STAGE_NONE, DET_STAGE_DNS, DET_STAGE_TCP, DET_STAGE_TLS, DET_STAGE_HTTP, DET_STAGE_SERVER };

/* X(name, number, class, text) */
#define DET_ERROR_LIST(X)                                                                                              \
    X(DET_E_AGAIN, -1, AGAIN, "not finished: call again")                                                              \
    X(DET_E_ARG, -2, USAGE, "an argument is NULL, out of range or not allowed here")                                   \
    X(DET_E_STATE, -3, USAGE, "this call does not fit the present state")                                              \
    X(DET_E_URL, -4, USAGE, "the master URL cannot be used: say HOST, HOST:PORT, http://HOST or https://HOST")         \
    X(DET_E_NO_TLS, -5, USAGE, "this build has no TLS (DET_TLS=0): https is refused")                                  \
    X(DET_E_PORT, -6, USAGE, "the platform port lacks this function")                                                  \
    X(DET_E_STEPS, -7, USAGE, "steps are outside 0 to 2147483647")                                                     \
    X(DET_E_GROUP, -8, USAGE, "the master refuses this metric group name")                                             \
    X(DET_E_VALUE, -9, USAGE, "the master refuses this value")                                                         \
    X(DET_E_UTF8, -10, USAGE, "text is not valid UTF-8")                                                               \
    X(DET_E_ORDER, -11, USAGE, "steps are too low: storing this would archive later reports that cannot be sent again")  \
    X(DET_E_SPACE, -20, SPACE, "the buffer is full: try again when some of it has been sent")                          \
    X(DET_E_SIZE, -21, SPACE, "this can never fit the buffer")                                                         \
    X(DET_E_SPOOL, -22, SPACE, "reports in the spool cannot be delivered from there: their run, or room for them, is missing") \
    X(DET_E_DAMAGED, -23, SPACE, "the buffer's memory has changed: what was damaged there is not sent")                \
    X(DET_E_DNS, -30, NET, "host name not found: check the URL and the name server")                                   \
    X(DET_E_CONNECT, -31, NET, "cannot connect: is the master running there?")                                         \
    X(DET_E_TIMEOUT, -32, NET, "no answer in time: is the network up, the master overloaded?")                         \
    X(DET_E_CLOSED, -33, NET, "connection closed by the peer: is it a master, and http or https as it should be?")     \
    X(DET_E_RESET, -34, NET, "connection broken: is it a master, and http or https as it should be?")                  \
    X(DET_E_IO, -35, NET, "input or output failed")                                                                    \
    X(DET_E_UNSURE, -36, NET, "the answer was lost: the request may or may not have taken effect")                     \
    X(DET_E_TLS, -40, TLS, "TLS failed: does this port speak https?")                                                  \
    X(DET_E_TRUST, -41, TLS, "certificate is not trusted: give its CA (ca_pem, DET_MASTER_CERT_FILE)")                 \
    X(DET_E_NAME, -42, TLS, "certificate is for another name: give that name (tls_name, DET_MASTER_CERT_NAME)")        \
    X(DET_E_EXPIRED, -43, TLS, "certificate is expired or not yet valid: renew it, or set the clock")                  \
    X(DET_E_CLOCK, -44, TLS, "clock is not set, so certificate dates cannot be checked: set it")                       \
    X(DET_E_ENTROPY, -45, TLS, "no random numbers from the platform")                                                  \
    X(DET_E_CERT, -46, TLS, "the certificates given as trusted cannot be read: see ca_pem, DET_MASTER_CERT_FILE")                                           \
    X(DET_E_HEAP, -47, TLS, "mbedTLS is out of heap")                                                                  \
    X(DET_E_HTTP, -50, PROTO, "the answer is not well-formed HTTP: is it a master?")                                   \
    X(DET_E_HEAD, -51, PROTO, "the head of the answer is too large")                                                   \
    X(DET_E_TRUNCATED, -52, PROTO, "the answer ended early")                                                           \
    X(DET_E_JSON, -53, PROTO, "not valid JSON")                                                                        \
    X(DET_E_DEPTH, -54, PROTO, "JSON is nested too deep")                                                              \
    X(DET_E_MASTER, -55, PROTO, "the answer is not a Determined master's: check the URL")                              \
    X(DET_E_AUTH, -60, SERVER, "not logged in: check user and password, or get a new token")                           \
    X(DET_E_FORBIDDEN, -61, SERVER, "not permitted")                                                                   \
    X(DET_E_NOT_FOUND, -62, SERVER, "not found")                                                                       \
    X(DET_E_RUN, -63, SERVER, "another process has started this trial: the run id is stale")                           \
    X(DET_E_BUSY, -64, SERVER, "the server is not available now")                                                      \
    X(DET_E_SERVER, -65, SERVER, "the server refused the request")

enum det_error {
    DET_OK = 0,
#define DET_X(name, number, cls, text) name = number,
    DET_ERROR_LIST(DET_X)
#undef DET_X
    DET_E_LAST_ = -99
};

/* The last failure of a session or core. A success does not clear it. */
typedef struct det_failure {
    int code;      /* DET_OK or a code above */
    int stage;     /* enum det_stage */
    long detail;   /* dns, tcp: the platform's error number; tls: mbedTLS's; http, server: HTTP status; 0 unknown */
} det_failure;

/* The fixed text of a code, never NULL, static storage. With DET_ERROR_TEXTS=0: "error". Any thread. */
DET_API const char *det_strerror(int code);

/* The class of a code (DET_CLASS_OK for 0 and positive numbers, DET_CLASS_USAGE for unknown ones). Any thread. */
DET_API int det_error_class(int code);

/* "dns", "tcp", "tls", "http", "server" or "" for a stage. Any thread. */
DET_API const char *det_stage_name(int stage);

#ifdef __cplusplus
}
#endif
#endif
