/* SPDX-License-Identifier: Apache-2.0
 * One byte stream to the master: the five-function contract between session/ and what carries its bytes. plain.c
 * carries them over the port, tls.c over plain. No function blocks (but for the port's name lookup). */
#ifndef DET_TRANSPORT_STREAM_H
#define DET_TRANSPORT_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "det_config.h"
#include "det_error.h"
#include "det_port.h"

typedef struct det__stream det__stream;

typedef struct det__stream_ops {
    /* Go on opening. budget_ms: what is left of the connect deadline; with none left it ends in DET_E_TIMEOUT. DET_OK
     * when bytes may flow, DET_E_AGAIN (wait for wants(), but no longer than conn.again_ms unless that is 0), or an
     * error after which the stream is closed; st->stage and st->detail then say where and what. */
    int (*open)(det__stream *st, uint32_t budget_ms);
    /* Send up to len > 0 bytes: the number taken or DET_E_AGAIN, DET_E_CLOSED, DET_E_RESET, DET_E_IO, DET_E_TLS. After
     * DET_E_AGAIN the same bytes must come again first. */
    int (*send)(det__stream *st, const void *data, size_t len);
    /* Receive up to cap > 0 bytes: the number, or as send. DET_E_CLOSED is an orderly end (TLS: close_notify), so an
     * until-close body is complete; a TCP end without it is DET_E_RESET under TLS. */
    int (*recv)(det__stream *st, void *data, size_t cap);
    /* What to wait for: as the last DET_E_AGAIN says, DET_WANT_READ after any success. 0: received bytes are buffered,
     * do not wait. */
    int (*wants)(const det__stream *st);
    /* After an error of recv only close may follow, after one of send recv too; stage and detail say where and what.
     * Close the connection; keeps what the next open() can use again (trusted roots, TLS session). */
    void (*close)(det__stream *st);
} det__stream_ops;

/* How to reach and verify the peer; set once, before the first open. Strings are the caller's and must stay. */
typedef struct det__peer {
    const char *host;   /* TCP and SNI */
    uint16_t port;
    uint8_t noverify;   /* 1: neither chain nor name is checked */
    const char *name;   /* name to check instead of host, or NULL */
    const char *ca_pem; /* certificates trusted beside the port's roots, PEM, or NULL */
    size_t ca_pem_len;
} det__peer;

/* Details of stage TLS are mbedTLS's: a negative error number, or for DET_E_TRUST, DET_E_NAME, DET_E_EXPIRED and
 * DET_E_CLOCK its verification flags (MBEDTLS_X509_BADCERT_…), positive. This one is ours: DET_E_NAME because this
 * mbedTLS cannot check an IP address against a certificate (before 3.5): give a name to check, or a host name. */
#define DET__DETAIL_IP_NAME 0x100000L

/* Not to be moved once it has been opened: mbedTLS keeps pointers into it. */
struct det__stream {
    const det__stream_ops *ops;
    const det_port *port;
    uint8_t open;   /* TCP connected */
    uint8_t wants_; /* see wants() */
    uint8_t stage;  /* enum det_stage of the last failure */
    long detail;    /* see det_failure */
    det__peer peer;
    det_conn conn;  /* conn.handle is -1 while there is none */
#if DET_TLS
    uint64_t tls[(DET_TLS_STATE_SIZE + DET_TLS_RX_SIZE) / 8]; /* tls.c's own, zeroed by det__stream_init */
#endif
};

extern const det__stream_ops det__plain_ops;

/* Note the stage and detail of a failure and give its code back. For the transports. */
int det__stream_fail(det__stream *st, int code, int stage, long detail);

/* Prepare a stream; tls selects https. DET_OK, DET_E_NO_TLS (not built in) or DET_E_PORT (the port lacks a function that
 * it takes). No I/O. */
int det__stream_init(det__stream *st, const det_port *port, const det__peer *peer, int tls);

/* Close it and free what mbedTLS holds. Safe on a zeroed stream. */
void det__stream_free(det__stream *st);

#if DET_TLS
extern const det__stream_ops det__tls_ops;
void det__tls_free(det__stream *st);
#endif

#endif
