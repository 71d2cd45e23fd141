/* SPDX-License-Identifier: Apache-2.0
 * See tls.h. One configuration for the process: certificate, key, tickets; no ALPN, as the real master has none. */
#include "tls.h"

#if DET_TLS

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/version.h>
#if MBEDTLS_VERSION_MAJOR >= 3
#include <psa/crypto.h>
#endif

#include "buf.h"

struct tls {
    mbedtls_ssl_context ssl;
    int fd;
    uint64_t *wire_in, *wire_out;
    size_t retry_n; /* a write that could not go out must be repeated with the same length */
};

static struct {
    mbedtls_ssl_config conf;
    mbedtls_x509_crt cert;
    mbedtls_pk_context key;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context rng;
    mbedtls_ssl_ticket_context tickets;
    unsigned long resumed;
} g;

static bool failed(const char *what, int code) {
    char text[128];
    mbedtls_strerror(code, text, sizeof text);
    fprintf(stderr, "det-master: %s: %s (-0x%04x)\n", what, text, (unsigned)-code);
    return false;
}

static int load_key(const char *path) {
#if MBEDTLS_VERSION_MAJOR >= 3
    return mbedtls_pk_parse_keyfile(&g.key, path, NULL, mbedtls_ctr_drbg_random, &g.rng);
#else
    return mbedtls_pk_parse_keyfile(&g.key, path, NULL);
#endif
}

static void limit_version(int max_version) {
#if MBEDTLS_VERSION_MAJOR >= 3
    if (max_version == 12) mbedtls_ssl_conf_max_tls_version(&g.conf, MBEDTLS_SSL_VERSION_TLS1_2);
    mbedtls_ssl_conf_min_tls_version(&g.conf, MBEDTLS_SSL_VERSION_TLS1_2);
#else
    (void)max_version;
    mbedtls_ssl_conf_min_version(&g.conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
}

/* The order of Go's crypto/tls, which is that of mbedTLS 3 too; 2.28 prefers the slowest. */
static void prefer_curves(void) {
#if MBEDTLS_VERSION_MAJOR < 3
    static const mbedtls_ecp_group_id curves[] = {MBEDTLS_ECP_DP_CURVE25519, MBEDTLS_ECP_DP_SECP256R1, MBEDTLS_ECP_DP_SECP384R1,
                                                  MBEDTLS_ECP_DP_SECP521R1, MBEDTLS_ECP_DP_NONE};
    mbedtls_ssl_conf_curves(&g.conf, curves);
#endif
}

static int configure(const char *cert, const char *key) {
    int e = mbedtls_ctr_drbg_seed(&g.rng, mbedtls_entropy_func, &g.entropy, NULL, 0);
    if (!e) e = mbedtls_x509_crt_parse_file(&g.cert, cert);
    if (!e) e = load_key(key);
    if (!e) e = mbedtls_ssl_config_defaults(&g.conf, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
    if (e) return e;
    mbedtls_ssl_conf_rng(&g.conf, mbedtls_ctr_drbg_random, &g.rng);
    prefer_curves();
    return mbedtls_ssl_conf_own_cert(&g.conf, &g.cert, &g.key);
}

static int take_ticket(void *ctx, mbedtls_ssl_session *s, unsigned char *p, size_t n) {
    int e = mbedtls_ssl_ticket_parse(ctx, s, p, n);
    g.resumed += e == 0;
    return e;
}

unsigned long tls_resumptions(void) {
    return g.resumed;
}

bool tls_setup(const char *cert, const char *key, int max_version) {
    mbedtls_ssl_config_init(&g.conf);
    mbedtls_x509_crt_init(&g.cert);
    mbedtls_pk_init(&g.key);
    mbedtls_entropy_init(&g.entropy);
    mbedtls_ctr_drbg_init(&g.rng);
    mbedtls_ssl_ticket_init(&g.tickets);
#if MBEDTLS_VERSION_MAJOR >= 3
    if (psa_crypto_init() != PSA_SUCCESS) return failed("psa_crypto_init", 0);
#endif
    int e = configure(cert, key);
    if (e) return failed(cert, e);
    limit_version(max_version);
    e = mbedtls_ssl_ticket_setup(&g.tickets, mbedtls_ctr_drbg_random, &g.rng, MBEDTLS_CIPHER_AES_256_GCM, 86400);
    if (e) return failed("tickets", e);
    mbedtls_ssl_conf_session_tickets_cb(&g.conf, mbedtls_ssl_ticket_write, take_ticket, &g.tickets);
    return true;
}

void tls_teardown(void) {
    mbedtls_ssl_ticket_free(&g.tickets);
    mbedtls_ssl_config_free(&g.conf);
    mbedtls_x509_crt_free(&g.cert);
    mbedtls_pk_free(&g.key);
    mbedtls_ctr_drbg_free(&g.rng);
    mbedtls_entropy_free(&g.entropy);
}

static int bio_send(void *ctx, const unsigned char *p, size_t n) {
    tls *t = ctx;
    ssize_t k = send(t->fd, p, n, MSG_NOSIGNAL);
    if (k < 0) return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_WRITE : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    *t->wire_out += (uint64_t)k;
    return (int)k;
}

static int bio_recv(void *ctx, unsigned char *p, size_t n) {
    tls *t = ctx;
    ssize_t k = recv(t->fd, p, n, 0);
    if (k < 0) return errno == EAGAIN || errno == EINTR ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_SSL_INTERNAL_ERROR;
    *t->wire_in += (uint64_t)k;
    return (int)k; /* 0: mbedTLS reports MBEDTLS_ERR_SSL_CONN_EOF or a clean end */
}

tls *tls_new(int fd, uint64_t *wire_in, uint64_t *wire_out) {
    tls *t = xmalloc(sizeof *t);
    t->fd = fd;
    t->wire_in = wire_in;
    t->wire_out = wire_out;
    mbedtls_ssl_init(&t->ssl);
    if (mbedtls_ssl_setup(&t->ssl, &g.conf)) {
        tls_delete(t);
        return NULL;
    }
    mbedtls_ssl_set_bio(&t->ssl, t, bio_send, bio_recv, NULL);
    return t;
}

void tls_delete(tls *t) {
    if (!t) return;
    mbedtls_ssl_free(&t->ssl);
    free(t);
}

static long code(int e) {
    if (e == MBEDTLS_ERR_SSL_WANT_READ || e == MBEDTLS_ERR_SSL_WANT_WRITE) return TLS_AGAIN;
#ifdef MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
    if (e == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) return TLS_AGAIN;
#endif
    if (e == 0 || e == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || e == MBEDTLS_ERR_SSL_CONN_EOF) return TLS_CLOSED;
    return TLS_FAILED;
}

int tls_handshake(tls *t) {
    int e = mbedtls_ssl_handshake(&t->ssl);
    return e == 0 ? 0 : (int)code(e);
}

long tls_read(tls *t, void *p, size_t n) {
    int e = mbedtls_ssl_read(&t->ssl, p, n);
    return e > 0 ? e : code(e);
}

long tls_write(tls *t, const void *p, size_t n) {
    if (t->retry_n) n = t->retry_n;
    int e = mbedtls_ssl_write(&t->ssl, p, n);
    t->retry_n = e == MBEDTLS_ERR_SSL_WANT_WRITE || e == MBEDTLS_ERR_SSL_WANT_READ ? n : 0;
    return e > 0 ? e : code(e);
}

void tls_bye(tls *t) {
    (void)mbedtls_ssl_close_notify(&t->ssl);
}

#else

#include <stdio.h>

bool tls_setup(const char *cert, const char *key, int max_version) {
    (void)cert;
    (void)key;
    (void)max_version;
    fputs("det-master: built without TLS\n", stderr);
    return false;
}
void tls_teardown(void) {
}
unsigned long tls_resumptions(void) {
    return 0;
}
tls *tls_new(int fd, uint64_t *wire_in, uint64_t *wire_out) {
    (void)fd;
    (void)wire_in;
    (void)wire_out;
    return NULL;
}
void tls_delete(tls *t) {
    (void)t;
}
int tls_handshake(tls *t) {
    (void)t;
    return TLS_FAILED;
}
long tls_read(tls *t, void *p, size_t n) {
    (void)t;
    (void)p;
    (void)n;
    return TLS_FAILED;
}
long tls_write(tls *t, const void *p, size_t n) {
    return tls_read(t, (void *)(uintptr_t)p, n);
}
void tls_bye(tls *t) {
    (void)t;
}

#endif
