/* SPDX-License-Identifier: Apache-2.0
 * The TLS stream is two files. tls.c: when to configure, shake hands, resume and give up; the peer's name and dates; the
 * bytes below. tls_mbedtls.c: the TLS library, behind the det__tls_lib_ functions. Both share det__tls, the first thing
 * in st->tls; what follows it there is the library's. */
#ifndef DET_TRANSPORT_TLS_H
#define DET_TRANSPORT_TLS_H

#include "ahead.h"
#include "stream.h"

#if DET_TLS

/* What may be wrong with the peer's certificates, of many. The values are mbedTLS's, for they are told as detail. */
#define DET__BAD_EXPIRED 0x01u
#define DET__BAD_NAME 0x04u
#define DET__BAD_TRUST 0x08u
#define DET__BAD_FUTURE 0x200u
#define DET__BAD_DATES (DET__BAD_EXPIRED | DET__BAD_FUTURE)

typedef struct det__tls { /* all zero: nothing made, no connection */
    uint32_t faults;  /* of the peer's chain: DET__BAD_… and others of mbedTLS */
    uint8_t flags;    /* tls.c's */
    uint8_t no_clock; /* a date could not be checked */
    int8_t below;     /* what the plain stream said last, if it was no count */
    det__ahead ahead;
} det__tls;

static inline det__tls *det__tls_of(det__stream *st) {
    return (det__tls *)(void *)st->tls;
}

/* ---- tls.c, for the library's file ------------------------------------------------------------------------------- */

int det__tls_is_address(const char *host);

/* The name that the certificate must have, and whether it differs from the one that SNI tells: an override, or an address,
 * which never goes into SNI. */
const char *det__tls_name(const det__stream *st);
int det__tls_name_differs(const det__stream *st);

/* Is it time for a certificate valid from … to (seconds since 1970, both included), by the port's clock? 0, or what of
 * DET__BAD_DATES is wrong. */
uint32_t det__tls_check_dates(det__stream *st, int64_t from, int64_t to);

/* Note why the peer was not accepted, by its faults. */
int det__tls_refuse(det__stream *st);

/* The plain stream as the library is to use it: a number of bytes, or an error, kept in `below`. */
int det__tls_below_send(det__stream *st, const void *data, size_t len);
int det__tls_below_recv(det__stream *st, void *out, size_t cap);

/* ---- the library ------------------------------------------------------------------------------------------------- */

/* Everything that lasts as long as the stream: configuration, trusted roots, record buffers. DET_OK or an error noted
 * with det__stream_fail(), as from all of these. det__tls_free() undoes it, also half of it. */
int det__tls_lib_make(det__stream *st);

/* Versions of TLS and the order of signatures, in an mbedtls_ssl_config of whoever connects. */
void det__tls_lib_protocol(void *config);

/* A new connection: offers the session kept from the last one. */
int det__tls_lib_start(det__stream *st);

/* Go on with the handshake. DET_OK, DET_E_AGAIN with st->wants_ set, or an error. */
int det__tls_lib_shake(det__stream *st);

/* If a session was offered, do not offer it again. */
void det__tls_lib_forget(det__stream *st);

/* As the stream's send and recv; DET_E_AGAIN sets st->wants_. */
int det__tls_lib_write(det__stream *st, const void *data, size_t len);
int det__tls_lib_read(det__stream *st, void *data, size_t cap);

/* Are received bytes waiting in the library? */
int det__tls_lib_pending(const det__stream *st);

/* Tell the peer that nothing more will come. */
void det__tls_lib_notify(det__stream *st);

#endif
#endif
