/* SPDX-License-Identifier: Apache-2.0
 * The TLS library of tls.h: mbedTLS 2.28, 3.x or 4.x. The only file that includes mbedtls/ and psa/.
 *
 * Invariants: configuration and trusted roots are made once per stream, at its first open, and outlive connections;
 * the record buffers too (mbedtls_ssl_session_reset), so reconnecting leaves the heap flat. Must not know the port but
 * for its randomness, nor what is below but for tls.h's two functions, nor when a connection is to be opened or closed. */
#include "tls.h"

#if DET_TLS

#include <mbedtls/version.h>

#define TLS_OWN_DRBG (MBEDTLS_VERSION_NUMBER < 0x04000000) /* 4.x draws from PSA alone */
#if MBEDTLS_VERSION_NUMBER >= 0x04000000 || (MBEDTLS_VERSION_NUMBER >= 0x03000000 && defined(MBEDTLS_PSA_CRYPTO_C))
#define TLS_PSA 1
#else
#define TLS_PSA 0 /* 3.x can speak TLS 1.2 without */
#endif
#define TLS_IP_NAMES (MBEDTLS_VERSION_NUMBER >= 0x03050000) /* checks iPAddress subject alternative names */

#include <mbedtls/net_sockets.h>
#include <mbedtls/platform.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#if TLS_OWN_DRBG
#include <mbedtls/ctr_drbg.h>
#endif
#if TLS_PSA
#include <psa/crypto.h>
#endif
#include <string.h>

#include "../base/utc.h"
#include "roots.h"

#ifndef MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
#define MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET INT32_MIN /* 2.28: tickets are nothing to tell */
#endif
#define TICKETS_MAX 16 /* tickets taken in one call; a peer that only sends tickets must not hold us */

typedef struct tls_state {
    det__tls stream; /* first, see tls.h */
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config conf;
    mbedtls_x509_crt roots;
    mbedtls_ssl_session saved; /* what the next handshake can resume */
#if TLS_OWN_DRBG
    mbedtls_ctr_drbg_context drbg;
#endif
    uint8_t made, has_saved, offered;
} tls_state;

/* If this fails, raise DET_TLS_STATE_SIZE: this mbedTLS is configured with larger structures. */
typedef char det__tls_state_fits[sizeof(tls_state) <= sizeof(((det__stream *)0)->tls) ? 1 : -1];

#if DET__BAD_EXPIRED != MBEDTLS_X509_BADCERT_EXPIRED || DET__BAD_NAME != MBEDTLS_X509_BADCERT_CN_MISMATCH ||           \
    DET__BAD_TRUST != MBEDTLS_X509_BADCERT_NOT_TRUSTED || DET__BAD_FUTURE != MBEDTLS_X509_BADCERT_FUTURE
#error "tls.h has other values for a certificate's faults than this mbedTLS"
#endif

static tls_state *state_of(det__stream *st) {
    return (tls_state *)(void *)st->tls;
}

/* ---- errors ------------------------------------------------------------------------------------------------------ */

static int is_heap(int ret) {
    static const int16_t full[] = {
        MBEDTLS_ERR_SSL_ALLOC_FAILED, MBEDTLS_ERR_X509_ALLOC_FAILED,
#if MBEDTLS_VERSION_NUMBER < 0x04000000
        MBEDTLS_ERR_MPI_ALLOC_FAILED, MBEDTLS_ERR_MD_ALLOC_FAILED,  MBEDTLS_ERR_PK_ALLOC_FAILED,
        MBEDTLS_ERR_ECP_ALLOC_FAILED, MBEDTLS_ERR_CIPHER_ALLOC_FAILED,
#endif
#if TLS_PSA
        PSA_ERROR_INSUFFICIENT_MEMORY,
#endif
        MBEDTLS_ERR_ASN1_ALLOC_FAILED,
    };
    for (size_t i = 0; i < sizeof full / sizeof full[0]; i++)
        if (ret == full[i] || -(-ret & 0x7F) == full[i]) return 1; /* the low seven bits are the inner module's */
    return 0;
}

static int is_entropy(int ret) {
#if TLS_PSA
    if (ret == PSA_ERROR_INSUFFICIENT_ENTROPY) return 1;
#endif
#if TLS_OWN_DRBG
    return -(-ret & 0x7F) == MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
#else
    return 0;
#endif
}

static int tls_fail(det__stream *st, int ret) {
    int code = is_heap(ret) ? DET_E_HEAP : is_entropy(ret) ? DET_E_ENTROPY : DET_E_TLS;
    return det__stream_fail(st, code, DET_STAGE_TLS, ret);
}

/* ---- what the peer shows ----------------------------------------------------------------------------------------- */

static int64_t seconds_of(const mbedtls_x509_time *d) {
    return (int64_t)det__utc_days(d->year, d->mon, d->day) * 86400 + d->hour * 3600 + d->min * 60 + d->sec;
}

/* Does the certificate name the peer? mbedTLS compares only within a verification: one of this certificate alone,
 * against no roots, costs no signature and tells the name among its faults. */
static uint32_t check_name(const det__stream *st, mbedtls_x509_crt *crt) {
    mbedtls_x509_crt *next = crt->next;
    uint32_t faults = 0;
    crt->next = NULL;
    int ret = mbedtls_x509_crt_verify(crt, NULL, NULL, det__tls_name(st), &faults, NULL, NULL);
    crt->next = next;
    if (ret != 0 && ret != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) return DET__BAD_NAME;
    return faults & DET__BAD_NAME;
}

/* Is exactly this certificate among the trusted ones? mbedTLS accepts a pinned leaf only if it is self-signed. */
static int is_pinned(const tls_state *t, const mbedtls_x509_crt *crt) {
    for (const mbedtls_x509_crt *r = &t->roots; r && r->raw.p; r = r->next)
        if (r->raw.len == crt->raw.len && memcmp(r->raw.p, crt->raw.p, crt->raw.len) == 0) return 1;
    return 0;
}

/* Called for each certificate of the chain, the leaf (depth 0) last; what is in *flags after the leaf decides. */
static int verify(void *ctx, mbedtls_x509_crt *crt, int depth, uint32_t *flags) {
    det__stream *st = (det__stream *)ctx;
    const tls_state *state = state_of(st);
    det__tls *t = det__tls_of(st);
    uint32_t own = *flags & ~DET__BAD_DATES;
    *flags = 0;
    if (depth == 0 && (t->faults | own) & DET__BAD_TRUST && is_pinned(state, crt)) {
        own &= ~DET__BAD_TRUST;
        t->faults = 0; /* the chain ends here: what is above does not matter */
        t->no_clock = 0;
    }
    own |= det__tls_check_dates(st, seconds_of(&crt->valid_from), seconds_of(&crt->valid_to));
    if (depth == 0 && det__tls_name_differs(st)) own = (own & ~DET__BAD_NAME) | check_name(st, crt);
    t->faults |= own;
    if (depth == 0) *flags = t->faults;
    return 0;
}

/* ---- configuration and roots ------------------------------------------------------------------------------------- */

#if TLS_OWN_DRBG
static int port_entropy(void *ctx, unsigned char *out, size_t len) {
    const det_port *p = ((det__stream *)ctx)->port;
    return p->entropy(p->ctx, out, len) == DET_OK ? 0 : MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
}
#endif

static int add_root(void *ctx, const void *der, size_t len) {
    det__stream *st = (det__stream *)ctx;
    int ret = mbedtls_x509_crt_parse_der(&state_of(st)->roots, (const unsigned char *)der, len);
    if (is_heap(ret)) return tls_fail(st, ret);
    return ret == 0 ? DET_OK : det__stream_fail(st, DET_E_CERT, DET_STAGE_TLS, ret);
}

static int load_roots(det__stream *st) {
    det__roots r = {add_root, st, NULL};
    r.mem = mbedtls_calloc(1, det__roots_size(st->port));
    if (!r.mem) return tls_fail(st, MBEDTLS_ERR_X509_ALLOC_FAILED);
    det__stream_fail(st, DET_E_CERT, DET_STAGE_TLS, 0); /* for text that is no PEM; add_root knows more */
    int code = det__roots_load(&r, st->port, &st->peer);
    mbedtls_free(r.mem);
    return code;
}

/* What differs between versions of mbedTLS. */
void det__tls_lib_protocol(void *config) {
    mbedtls_ssl_config *conf = (mbedtls_ssl_config *)config;
    (void)conf; /* TLS 1.3 alone has nothing to say here */
#if MBEDTLS_VERSION_NUMBER >= 0x03060000 && defined(MBEDTLS_SSL_PROTO_TLS1_3) && defined(MBEDTLS_SSL_PROTO_TLS1_2)
    /* PKCS #1 before PSS: 3.6.6 and 4.1.0 offer PSS to TLS 1.2 servers and then refuse it (Mbed-TLS/mbedtls#10668).
     * Servers take the first they can; TLS 1.3 has no use for PKCS #1 and passes over it. */
    static const uint16_t sig_algs[] = {
        MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
        MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512, MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
        MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,       MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
        MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
        MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,    MBEDTLS_TLS1_3_SIG_NONE,
    };
    mbedtls_ssl_conf_sig_algs(conf, sig_algs);
#endif
#if MBEDTLS_VERSION_NUMBER >= 0x03020000 && defined(MBEDTLS_SSL_PROTO_TLS1_2)
    mbedtls_ssl_conf_min_tls_version(conf, MBEDTLS_SSL_VERSION_TLS1_2);
#elif MBEDTLS_VERSION_NUMBER < 0x03020000
    mbedtls_ssl_conf_min_version(conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
#if defined(MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED) && defined(MBEDTLS_SSL_SESSION_TICKETS) &&         \
    defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(conf,
                                                             MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
}

static int conf_fill(det__stream *st) {
    tls_state *t = state_of(st);
    int ret = mbedtls_ssl_config_defaults(&t->conf, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                          MBEDTLS_SSL_PRESET_DEFAULT);
    if (ret != 0) return ret;
    det__tls_lib_protocol(&t->conf);
#if TLS_OWN_DRBG
    mbedtls_ssl_conf_rng(&t->conf, mbedtls_ctr_drbg_random, &t->drbg);
#endif
    mbedtls_ssl_conf_authmode(&t->conf, st->peer.noverify ? MBEDTLS_SSL_VERIFY_NONE : MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&t->conf, &t->roots, NULL);
    mbedtls_ssl_conf_verify(&t->conf, verify, st);
    return 0;
}

static void state_init(tls_state *t) {
    mbedtls_ssl_init(&t->ssl);
    mbedtls_ssl_config_init(&t->conf);
    mbedtls_x509_crt_init(&t->roots);
    mbedtls_ssl_session_init(&t->saved);
#if TLS_OWN_DRBG
    mbedtls_ctr_drbg_init(&t->drbg);
#endif
    t->made = 1;
}

static int random_init(det__stream *st) {
    int ret = 0;
#if TLS_PSA
    ret = (int)psa_crypto_init();
#endif
#if TLS_OWN_DRBG
    mbedtls_ctr_drbg_context *drbg = &state_of(st)->drbg;
    if (ret == 0) ret = mbedtls_ctr_drbg_seed(drbg, port_entropy, st, (const unsigned char *)"libdet", 6);
#else
    (void)st;
#endif
    return ret;
}

int det__tls_lib_make(det__stream *st) {
    tls_state *t = state_of(st);
    if (!TLS_IP_NAMES && !st->peer.noverify && det__tls_is_address(det__tls_name(st)))
        return det__stream_fail(st, DET_E_NAME, DET_STAGE_TLS, DET__DETAIL_IP_NAME);
    state_init(t);
    int ret = random_init(st);
    if (ret == 0) ret = conf_fill(st);
    if (ret != 0) return tls_fail(st, ret);
    int code = st->peer.noverify ? DET_OK : load_roots(st);
    if (code != DET_OK) return code;
    ret = mbedtls_ssl_setup(&t->ssl, &t->conf);
    return ret == 0 ? DET_OK : tls_fail(st, ret);
}

void det__tls_free(det__stream *st) {
    tls_state *t = state_of(st);
    if (!t->made) return;
    mbedtls_ssl_free(&t->ssl);
    mbedtls_ssl_session_free(&t->saved);
    mbedtls_ssl_config_free(&t->conf);
    mbedtls_x509_crt_free(&t->roots);
#if TLS_OWN_DRBG
    mbedtls_ctr_drbg_free(&t->drbg);
#endif
    memset(st->tls, 0, sizeof st->tls);
}

/* ---- bytes below TLS --------------------------------------------------------------------------------------------- */

static int bio_send(void *ctx, const unsigned char *data, size_t len) {
    int n = det__tls_below_send((det__stream *)ctx, data, len);
    return n > 0 ? n : n == DET_E_AGAIN ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_NET_CONN_RESET;
}

static int bio_recv(void *ctx, unsigned char *out, size_t cap) {
    int n = det__tls_below_recv((det__stream *)ctx, out, cap);
    if (n > 0) return n;
    return n == DET_E_AGAIN ? MBEDTLS_ERR_SSL_WANT_READ : n == DET_E_CLOSED ? 0 : MBEDTLS_ERR_NET_CONN_RESET;
}

/* ---- connections -------------------------------------------------------------------------------------------------- */

static void session_drop(tls_state *t) {
    mbedtls_ssl_session_free(&t->saved);
    mbedtls_ssl_session_init(&t->saved);
    t->has_saved = 0;
}

/* Keep what the next handshake can resume. Failing to costs time later and nothing now. */
static void session_keep(tls_state *t) {
    session_drop(t);
    if (mbedtls_ssl_get_session(&t->ssl, &t->saved) == 0) t->has_saved = 1;
    else session_drop(t);
}

/* Does mbedTLS only want to be called again? Its word, not the port's, says for what: it may have asked for nothing. */
static int is_again(det__stream *st, int ret) {
    if (ret != MBEDTLS_ERR_SSL_WANT_READ && ret != MBEDTLS_ERR_SSL_WANT_WRITE) return 0;
    st->wants_ = ret == MBEDTLS_ERR_SSL_WANT_READ ? DET_WANT_READ : DET_WANT_WRITE;
    return 1;
}

static int is_ticket(tls_state *t, int ret) {
    if (ret != MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) return 0;
    session_keep(t);
    return 1;
}

void det__tls_lib_notify(det__stream *st) {
    (void)mbedtls_ssl_close_notify(&state_of(st)->ssl);
}

void det__tls_lib_forget(det__stream *st) {
    if (state_of(st)->offered) session_drop(state_of(st));
}

int det__tls_lib_start(det__stream *st) {
    tls_state *t = state_of(st);
    t->offered = 0;
    int ret = mbedtls_ssl_session_reset(&t->ssl);
    if (ret == 0) ret = mbedtls_ssl_set_hostname(&t->ssl, det__tls_is_address(st->peer.host) ? NULL : st->peer.host);
    if (ret != 0) return tls_fail(st, ret);
    t->offered = t->has_saved && mbedtls_ssl_set_session(&t->ssl, &t->saved) == 0;
    mbedtls_ssl_set_bio(&t->ssl, st, bio_send, bio_recv, NULL);
    return DET_OK;
}

/* The handshake ended badly: say why. */
static int shake_fail(det__stream *st, int ret) {
    const det__tls *t = det__tls_of(st);
    if (t->faults && !st->peer.noverify) return det__tls_refuse(st);
    if (ret == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
        uint32_t flags = mbedtls_ssl_get_verify_result(&state_of(st)->ssl);
        return det__stream_fail(st, DET_E_TRUST, DET_STAGE_TLS, flags == UINT32_MAX ? ret : (long)flags);
    }
    if (ret == MBEDTLS_ERR_SSL_CONN_EOF || ret == MBEDTLS_ERR_NET_CONN_RESET)
        return det__stream_fail(st, t->below == DET_E_IO ? DET_E_IO : DET_E_RESET, DET_STAGE_TLS, ret);
    return tls_fail(st, ret);
}

int det__tls_lib_shake(det__stream *st) {
    tls_state *t = state_of(st);
    int ret = mbedtls_ssl_handshake(&t->ssl);
    for (int i = 0; i < TICKETS_MAX && is_ticket(t, ret); i++) ret = mbedtls_ssl_handshake(&t->ssl);
    if (is_again(st, ret)) return DET_E_AGAIN;
    if (ret != 0) return shake_fail(st, ret);
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
    if (mbedtls_ssl_get_version_number(&t->ssl) != MBEDTLS_SSL_VERSION_TLS1_2) return DET_OK; /* tickets come later */
#endif
    session_keep(t);
    return DET_OK;
}

/* What mbedtls_ssl_read or _write returned, if it is not a count. */
static int io_fail(det__stream *st, int ret) {
    if (is_again(st, ret)) return DET_E_AGAIN;
    if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return det__stream_fail(st, DET_E_CLOSED, DET_STAGE_TLS, ret);
    if (ret == MBEDTLS_ERR_NET_CONN_RESET) return det__tls_of(st)->below; /* plain has noted the rest */
    if (ret == 0 || ret == MBEDTLS_ERR_SSL_CONN_EOF)
        return det__stream_fail(st, DET_E_RESET, DET_STAGE_TLS, MBEDTLS_ERR_SSL_CONN_EOF);
    return tls_fail(st, ret);
}

int det__tls_lib_write(det__stream *st, const void *data, size_t len) {
    tls_state *t = state_of(st);
    int ret = mbedtls_ssl_write(&t->ssl, (const unsigned char *)data, len);
    for (int i = 0; i < TICKETS_MAX && is_ticket(t, ret); i++)
        ret = mbedtls_ssl_write(&t->ssl, (const unsigned char *)data, len);
    return ret > 0 ? ret : io_fail(st, ret);
}

int det__tls_lib_read(det__stream *st, void *data, size_t cap) {
    tls_state *t = state_of(st);
    int ret = mbedtls_ssl_read(&t->ssl, (unsigned char *)data, cap);
    for (int i = 0; i < TICKETS_MAX && is_ticket(t, ret); i++)
        ret = mbedtls_ssl_read(&t->ssl, (unsigned char *)data, cap);
    if (is_ticket(t, ret)) {
        st->wants_ = 0; /* more may lie ready: the caller's turn, without a wait */
        return DET_E_AGAIN;
    }
    return ret > 0 ? ret : io_fail(st, ret);
}

int det__tls_lib_pending(const det__stream *st) {
    const tls_state *t = (const tls_state *)(const void *)st->tls;
    return mbedtls_ssl_check_pending(&t->ssl);
}

#else
typedef int det__no_tls; /* ISO C wants something here */
#endif
