/* SPDX-License-Identifier: Apache-2.0
 * The TLS stream: mbedTLS 2.28, 3.x or 4.x over the plain stream, verified or refused. The only file that includes
 * mbedtls/ and psa/.
 *
 * Invariants: configuration and trusted roots are made once per stream, at its first open, and outlive connections;
 * the record buffers too (mbedtls_ssl_session_reset), so reconnecting leaves the heap flat. The port's clock decides
 * certificate times, never libc's. Below mbedTLS lies a receive buffer, empty whenever mbedTLS has asked for more, so
 * wants() can tell by it. Must not know HTTP, nor when a connection is to be opened or given up. */
#include "stream.h"

#if DET_TLS

#include <mbedtls/version.h>

#include <mbedtls/net_sockets.h>
#include <mbedtls/platform.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#if MBEDTLS_VERSION_NUMBER < 0x04000000
#include <mbedtls/ctr_drbg.h>
#define TLS_OWN_DRBG 1
#else
#define TLS_OWN_DRBG 0 /* 4.x draws from PSA alone */
#endif
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#define TLS_PSA 1
#else
#define TLS_PSA 0
#endif
#if MBEDTLS_VERSION_NUMBER >= 0x03060000 && defined(MBEDTLS_SSL_PROTO_TLS1_3) && defined(MBEDTLS_SSL_PROTO_TLS1_2)
#define TLS_SIG_ORDER 1
#else
#define TLS_SIG_ORDER 0
#endif
#define TLS_IP_NAMES (MBEDTLS_VERSION_NUMBER >= 0x03050000) /* checks iPAddress subject alternative names */

#include <string.h>

#include "pem.h"

#define DER_MAX 8192    /* longest certificate in PEM that is read; a passing piece of mbedTLS's heap */
#define TICKETS_MAX 16  /* tickets taken in one call; a peer that only sends tickets must not hold us */

enum { CONF_MADE = 1, SSL_MADE = 2, STARTED = 4, SHOOK = 8, BROKEN = 16, SAVED = 32, OFFERED = 64, IN_RECV = 128 };

typedef struct tls_state {
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config conf;
    mbedtls_x509_crt roots;
    mbedtls_ssl_session saved;
#if TLS_OWN_DRBG
    mbedtls_ctr_drbg_context drbg;
#endif
    uint32_t faults;     /* of the peer's chain: MBEDTLS_X509_BADCERT_… */
    uint32_t rx_at, rx_len;
    uint8_t flags;
    uint8_t no_clock;    /* a date could not be checked */
    uint8_t write_again; /* mbedTLS holds a record that was not sent completely */
    int8_t io_code;      /* what the plain stream said last, if it was an error */
    uint8_t own_name;    /* the name is checked by us: an override, or an address, which never goes into SNI */
    uint8_t rx[DET_TLS_RX_SIZE];
} tls_state;

/* If this fails, raise DET_TLS_STATE_SIZE: this mbedTLS is configured with larger structures. */
typedef char det__tls_state_fits[sizeof(tls_state) <= sizeof(((det__stream *)0)->tls) ? 1 : -1];

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

/* Why the peer was not accepted: trust before name before dates, for what is wrong first makes the rest idle. */
static int verify_fail(det__stream *st) {
    const tls_state *t = state_of(st);
    const uint32_t dates = MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE;
    const uint32_t name = MBEDTLS_X509_BADCERT_CN_MISMATCH;
    int code = DET_E_EXPIRED;
    if (t->faults & ~(dates | name)) code = DET_E_TRUST;
    else if (t->faults & name) code = DET_E_NAME;
    else if (t->no_clock) code = DET_E_CLOCK;
    return det__stream_fail(st, code, DET_STAGE_TLS, (long)t->faults);
}

/* ---- what the peer shows ----------------------------------------------------------------------------------------- */

/* Seconds since 1970 of a date after 1583 (days from the civil calendar, counted from 1 March). */
static int64_t seconds_of(const mbedtls_x509_time *d) {
    int y = d->mon <= 2 ? d->year - 1 : d->year;
    int m = d->mon <= 2 ? d->mon + 9 : d->mon - 3;
    int32_t days = y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + d->day - 1 - 719468;
    return (int64_t)days * 86400 + d->hour * 3600 + d->min * 60 + d->sec;
}

/* The certificate's dates by the port's clock. */
static uint32_t check_dates(det__stream *st, const mbedtls_x509_crt *crt) {
    const det_port *p = st->port;
    int64_t now = DET_PORT_HAS(p, utc_s) ? p->utc_s(p->ctx) : DET_UTC_UNKNOWN;
    if (now == DET_UTC_UNKNOWN) {
        state_of(st)->no_clock = 1;
        return MBEDTLS_X509_BADCERT_FUTURE;
    }
    if (now > seconds_of(&crt->valid_to)) return MBEDTLS_X509_BADCERT_EXPIRED;
    return now < seconds_of(&crt->valid_from) ? MBEDTLS_X509_BADCERT_FUTURE : 0;
}

/* Does the certificate name the peer? mbedTLS compares only within a verification: one of this certificate alone,
 * against no roots, costs no signature and tells the name among its faults. */
static uint32_t check_name(const det__stream *st, mbedtls_x509_crt *crt) {
    const char *name = st->peer.name ? st->peer.name : st->peer.host;
    mbedtls_x509_crt *next = crt->next;
    uint32_t faults = 0;
    crt->next = NULL;
    int ret = mbedtls_x509_crt_verify(crt, NULL, NULL, name, &faults, NULL, NULL);
    crt->next = next;
    if (ret != 0 && ret != MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) return MBEDTLS_X509_BADCERT_CN_MISMATCH;
    return faults & MBEDTLS_X509_BADCERT_CN_MISMATCH;
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
    tls_state *t = state_of(st);
    uint32_t own = *flags & ~(uint32_t)(MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE);
    *flags = 0;
    if (depth == 0 && (t->faults | own) & MBEDTLS_X509_BADCERT_NOT_TRUSTED && is_pinned(t, crt)) {
        own &= ~(uint32_t)MBEDTLS_X509_BADCERT_NOT_TRUSTED;
        t->faults = 0; /* the chain ends here: what is above does not matter */
        t->no_clock = 0;
    }
    own |= check_dates(st, crt);
    if (depth == 0 && t->own_name) own = (own & ~(uint32_t)MBEDTLS_X509_BADCERT_CN_MISMATCH) | check_name(st, crt);
    t->faults |= own;
    if (depth == 0) *flags = t->faults;
    return 0;
}

/* ---- configuration and roots ------------------------------------------------------------------------------------- */

static int is_address(const char *host) {
    int digits_only = 1;
    for (; *host; host++) {
        if (*host == ':') return 1;
        if (*host != '.' && (*host < '0' || *host > '9')) digits_only = 0;
    }
    return digits_only;
}

#if TLS_OWN_DRBG
static int port_entropy(void *ctx, unsigned char *out, size_t len) {
    const det_port *p = ((det__stream *)ctx)->port;
    return p->entropy(p->ctx, out, len) == DET_OK ? 0 : MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
}
#endif

/* Add the certificates in a piece of PEM. strict: the first that cannot be read is an error; else it is passed over. */
static int add_roots(det__stream *st, det__pem *pem, const void *data, size_t len, int strict) {
    tls_state *t = state_of(st);
    const uint8_t *in = (const uint8_t *)data;
    for (size_t used; len; in += used, len -= used) {
        int r = det__pem_feed(pem, in, len, &used);
        int ret = r == DET__PEM_CERT ? mbedtls_x509_crt_parse_der(&t->roots, pem->der, pem->len) : 0;
        if (is_heap(ret)) return tls_fail(st, ret);
        if (strict && (r == DET_E_CERT || ret != 0)) return det__stream_fail(st, DET_E_CERT, DET_STAGE_TLS, ret);
    }
    return DET_OK;
}

/* The certificates given by the caller: all of them must be good, and there must be one. */
static int add_given(det__stream *st, det__pem *pem, void *der) {
    det__pem_init(pem, der, DER_MAX);
    int code = add_roots(st, pem, st->peer.ca_pem, st->peer.ca_pem_len, 1);
    if (code != DET_OK) return code;
    if (det__pem_eof(pem) == DET_OK && state_of(st)->roots.raw.p) return DET_OK;
    return det__stream_fail(st, DET_E_CERT, DET_STAGE_TLS, 0);
}

/* The port's roots, read like a file. What cannot be read or parsed is not trusted, which is no error here. */
static int add_system(det__stream *st, det__pem *pem, void *der) {
    tls_state *t = state_of(st);
    det__pem_init(pem, der, DER_MAX);
    for (size_t at = 0;;) {
        int n = st->port->roots(st->port->ctx, at, t->rx, sizeof t->rx);
        if (n <= 0) return DET_OK;
        int code = add_roots(st, pem, t->rx, (size_t)n, 0);
        if (code != DET_OK) return code;
        at += (size_t)n;
    }
}

static int load_roots(det__stream *st) {
    det__pem pem;
    int code = DET_OK;
    uint8_t *der = (uint8_t *)mbedtls_calloc(1, DER_MAX);
    if (!der) return tls_fail(st, MBEDTLS_ERR_X509_ALLOC_FAILED);
    if (st->peer.ca_pem) code = add_given(st, &pem, der);
    if (code == DET_OK && DET_PORT_HAS(st->port, roots)) code = add_system(st, &pem, der);
    mbedtls_free(der);
    return code;
}

#if TLS_SIG_ORDER
/* PKCS #1 before PSS: 3.6.6 and 4.1.0 offer PSS to TLS 1.2 servers and then refuse it (Mbed-TLS/mbedtls#10668). Servers
 * take the first they can; TLS 1.3 has no use for PKCS #1 and passes over it. */
static const uint16_t sig_algs[] = {
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256, MBEDTLS_TLS1_3_SIG_ECDSA_SECP384R1_SHA384,
    MBEDTLS_TLS1_3_SIG_ECDSA_SECP521R1_SHA512, MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA256,
    MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA384,       MBEDTLS_TLS1_3_SIG_RSA_PKCS1_SHA512,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256,    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA384,
    MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA512,    MBEDTLS_TLS1_3_SIG_NONE,
};
#endif

static void conf_set(det__stream *st) {
    tls_state *t = state_of(st);
#if TLS_SIG_ORDER
    mbedtls_ssl_conf_sig_algs(&t->conf, sig_algs);
#endif
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
    mbedtls_ssl_conf_min_tls_version(&t->conf, MBEDTLS_SSL_VERSION_TLS1_2);
#else
    mbedtls_ssl_conf_min_version(&t->conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
#if TLS_OWN_DRBG
    mbedtls_ssl_conf_rng(&t->conf, mbedtls_ctr_drbg_random, &t->drbg);
#endif
#if defined(MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED) && defined(MBEDTLS_SSL_SESSION_TICKETS) &&         \
    defined(MBEDTLS_SSL_PROTO_TLS1_3)
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(&t->conf,
                                                             MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
#endif
    mbedtls_ssl_conf_authmode(&t->conf, st->peer.noverify ? MBEDTLS_SSL_VERIFY_NONE : MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&t->conf, &t->roots, NULL);
    mbedtls_ssl_conf_verify(&t->conf, verify, st);
}

/* Everything that lasts as long as the stream. */
static int conf_make(det__stream *st) {
    tls_state *t = state_of(st);
    const char *name = st->peer.name ? st->peer.name : st->peer.host;
    if (!TLS_IP_NAMES && !st->peer.noverify && is_address(name))
        return det__stream_fail(st, DET_E_NAME, DET_STAGE_TLS, DET__DETAIL_IP_NAME);
    mbedtls_ssl_init(&t->ssl);
    mbedtls_ssl_config_init(&t->conf);
    mbedtls_x509_crt_init(&t->roots);
    mbedtls_ssl_session_init(&t->saved);
    t->flags = CONF_MADE;
    t->own_name = st->peer.name || is_address(st->peer.host);
    int ret = 0;
#if TLS_OWN_DRBG
    mbedtls_ctr_drbg_init(&t->drbg);
#endif
#if TLS_PSA
    ret = (int)psa_crypto_init();
#endif
#if TLS_OWN_DRBG
    if (ret == 0) ret = mbedtls_ctr_drbg_seed(&t->drbg, port_entropy, st, (const unsigned char *)"libdet", 6);
#endif
    if (ret == 0)
        ret = mbedtls_ssl_config_defaults(&t->conf, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                          MBEDTLS_SSL_PRESET_DEFAULT);
    if (ret != 0) return tls_fail(st, ret);
    int code = st->peer.noverify ? DET_OK : load_roots(st);
    if (code != DET_OK) return code;
    conf_set(st);
    ret = mbedtls_ssl_setup(&t->ssl, &t->conf);
    return ret == 0 ? DET_OK : tls_fail(st, ret);
}

void det__tls_free(det__stream *st) {
    tls_state *t = state_of(st);
    if (!(t->flags & CONF_MADE)) return;
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

static int bio_result(tls_state *t, int n, int again) {
    if (n > 0) return n;
    t->io_code = (int8_t)n;
    return n == DET_E_AGAIN ? again : n == DET_E_CLOSED ? 0 : MBEDTLS_ERR_NET_CONN_RESET;
}

static int bio_send(void *ctx, const unsigned char *data, size_t len) {
    det__stream *st = (det__stream *)ctx;
    tls_state *t = state_of(st);
    /* A read that answers something (an alert, say) would first flush the record a send() left behind; the next send()
     * would find nothing pending and send the same bytes once more. So such a read has to wait. */
    if ((t->flags & IN_RECV) && t->write_again) return MBEDTLS_ERR_SSL_WANT_WRITE;
    int n = bio_result(t, det__plain_ops.send(st, data, len), MBEDTLS_ERR_SSL_WANT_WRITE);
    return n == 0 ? MBEDTLS_ERR_NET_CONN_RESET : n;
}

/* mbedTLS asks for a record's header, then for its body. Small reads go through rx, so that both cost one recv. */
static int bio_recv(void *ctx, unsigned char *out, size_t cap) {
    det__stream *st = (det__stream *)ctx;
    tls_state *t = state_of(st);
    if (t->rx_at == t->rx_len) {
        int big = cap >= sizeof t->rx;
        int n = det__plain_ops.recv(st, big ? out : t->rx, big ? cap : sizeof t->rx);
        n = bio_result(t, n, MBEDTLS_ERR_SSL_WANT_READ);
        if (n <= 0 || big) return n;
        t->rx_at = 0;
        t->rx_len = (uint32_t)n;
    }
    size_t n = t->rx_len - t->rx_at;
    if (n > cap) n = cap;
    memcpy(out, t->rx + t->rx_at, n);
    t->rx_at += (uint32_t)n;
    return (int)n;
}

/* ---- the stream -------------------------------------------------------------------------------------------------- */

static void session_drop(tls_state *t) {
    mbedtls_ssl_session_free(&t->saved);
    mbedtls_ssl_session_init(&t->saved);
    t->flags &= (uint8_t)~SAVED;
}

/* Keep what the next handshake can resume. Failing to costs time later and nothing now. */
static void session_keep(tls_state *t) {
    session_drop(t);
    if (mbedtls_ssl_get_session(&t->ssl, &t->saved) == 0) t->flags |= SAVED;
    else session_drop(t);
}

/* Does mbedTLS only want to be called again? Its word, not the port's, says for what: it may have asked for nothing. */
static int is_again(det__stream *st, int ret) {
    if (ret != MBEDTLS_ERR_SSL_WANT_READ && ret != MBEDTLS_ERR_SSL_WANT_WRITE) return 0;
    st->wants_ = ret == MBEDTLS_ERR_SSL_WANT_READ ? DET_WANT_READ : DET_WANT_WRITE;
    return 1;
}

static int is_ticket(tls_state *t, int ret) {
#ifdef MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
    if (ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
        session_keep(t);
        return 1;
    }
#else
    (void)t, (void)ret;
#endif
    return 0;
}

static void tls_close(det__stream *st) {
    tls_state *t = state_of(st);
    if ((t->flags & (SHOOK | BROKEN)) == SHOOK) (void)mbedtls_ssl_close_notify(&t->ssl);
    t->flags &= CONF_MADE | SSL_MADE | SAVED;
    t->rx_at = t->rx_len = 0;
    t->write_again = 0;
    det__plain_ops.close(st);
}

static int start(det__stream *st) {
    tls_state *t = state_of(st);
    int ret = mbedtls_ssl_session_reset(&t->ssl);
    if (ret == 0) ret = mbedtls_ssl_set_hostname(&t->ssl, is_address(st->peer.host) ? NULL : st->peer.host);
    if (ret != 0) return tls_fail(st, ret);
    if ((t->flags & SAVED) && mbedtls_ssl_set_session(&t->ssl, &t->saved) == 0) t->flags |= OFFERED;
    mbedtls_ssl_set_bio(&t->ssl, st, bio_send, bio_recv, NULL);
    t->flags |= STARTED;
    t->faults = 0;
    t->no_clock = 0;
    return DET_OK;
}

/* The handshake ended badly: say why. */
static int shake_fail(det__stream *st, int ret) {
    const tls_state *t = state_of(st);
    if (t->faults && !st->peer.noverify) return verify_fail(st);
    if (ret == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) {
        uint32_t flags = mbedtls_ssl_get_verify_result(&t->ssl);
        return det__stream_fail(st, DET_E_TRUST, DET_STAGE_TLS, flags == UINT32_MAX ? ret : (long)flags);
    }
    if (ret == MBEDTLS_ERR_SSL_CONN_EOF || ret == MBEDTLS_ERR_NET_CONN_RESET)
        return det__stream_fail(st, t->io_code == DET_E_IO ? DET_E_IO : DET_E_RESET, DET_STAGE_TLS, ret);
    return tls_fail(st, ret);
}

static int shake(det__stream *st, uint32_t budget_ms) {
    tls_state *t = state_of(st);
    int ret = mbedtls_ssl_handshake(&t->ssl);
    for (int i = 0; i < TICKETS_MAX && is_ticket(t, ret); i++) ret = mbedtls_ssl_handshake(&t->ssl);
    if (is_again(st, ret))
        return budget_ms ? DET_E_AGAIN : det__stream_fail(st, DET_E_TIMEOUT, DET_STAGE_TLS, 0);
    if (ret != 0) return shake_fail(st, ret);
    t->flags |= SHOOK;
#if MBEDTLS_VERSION_NUMBER >= 0x03020000
    if (mbedtls_ssl_get_version_number(&t->ssl) != MBEDTLS_SSL_VERSION_TLS1_2) return DET_OK; /* tickets come later */
#endif
    session_keep(t);
    return DET_OK;
}

static int tls_open(det__stream *st, uint32_t budget_ms) {
    tls_state *t = state_of(st);
    int code;
    if (t->flags & SHOOK) return DET_OK;
    if (!(t->flags & SSL_MADE)) {
        code = conf_make(st);
        if (code != DET_OK) {
            det__tls_free(st);
            return code;
        }
        t->flags |= SSL_MADE;
    }
    code = det__plain_ops.open(st, budget_ms);
    if (code != DET_OK) return code;
    code = t->flags & STARTED ? DET_OK : start(st);
    if (code == DET_OK) code = shake(st, budget_ms);
    if (code == DET_OK || code == DET_E_AGAIN) return code;
    if (t->flags & OFFERED) session_drop(t); /* should the resumption be to blame, the next one is whole */
    tls_close(st);
    return code;
}

/* What mbedtls_ssl_read or _write returned, if it is not a count. */
static int io_fail(det__stream *st, int ret) {
    if (is_again(st, ret)) return DET_E_AGAIN;
    state_of(st)->flags |= BROKEN;
    if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) return det__stream_fail(st, DET_E_CLOSED, DET_STAGE_TLS, ret);
    if (ret == MBEDTLS_ERR_NET_CONN_RESET) return state_of(st)->io_code; /* plain has noted the rest */
    if (ret == 0 || ret == MBEDTLS_ERR_SSL_CONN_EOF)
        return det__stream_fail(st, DET_E_RESET, DET_STAGE_TLS, MBEDTLS_ERR_SSL_CONN_EOF);
    return tls_fail(st, ret);
}

static int tls_send(det__stream *st, const void *data, size_t len) {
    tls_state *t = state_of(st);
    int ret = mbedtls_ssl_write(&t->ssl, (const unsigned char *)data, len);
    for (int i = 0; i < TICKETS_MAX && is_ticket(t, ret); i++)
        ret = mbedtls_ssl_write(&t->ssl, (const unsigned char *)data, len);
    t->write_again = ret == MBEDTLS_ERR_SSL_WANT_WRITE;
    return ret > 0 ? ret : io_fail(st, ret);
}

static int tls_recv(det__stream *st, void *data, size_t cap) {
    tls_state *t = state_of(st);
    t->flags |= IN_RECV;
    int ret = mbedtls_ssl_read(&t->ssl, (unsigned char *)data, cap);
    for (int i = 0; i < TICKETS_MAX && is_ticket(t, ret); i++)
        ret = mbedtls_ssl_read(&t->ssl, (unsigned char *)data, cap);
    t->flags &= (uint8_t)~IN_RECV;
    if (is_ticket(t, ret)) {
        st->wants_ = 0; /* more may lie ready: the caller's turn, without a wait */
        return DET_E_AGAIN;
    }
    return ret > 0 ? ret : io_fail(st, ret);
}

static int tls_wants(const det__stream *st) {
    const tls_state *t = (const tls_state *)(const void *)st->tls;
    if (!(t->flags & SHOOK)) return st->wants_;
    return t->rx_at < t->rx_len || mbedtls_ssl_check_pending(&t->ssl) ? 0 : st->wants_;
}

const det__stream_ops det__tls_ops = {tls_open, tls_send, tls_recv, tls_wants, tls_close};

#else
typedef int det__no_tls; /* ISO C wants something here */
#endif
