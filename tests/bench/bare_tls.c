/* SPDX-License-Identifier: Apache-2.0
 * See bare.h: a bare mbedTLS client and the server's side of TLS. mbedTLS 2.28 and 3.x; both sides with its defaults and
 * TLS 1.2 at least, as the library has them. */
#include "bare.h"

#if DET_TLS

#include <errno.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/version.h>
#include <mbedtls/x509_crt.h>
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
#include <psa/crypto.h>
#endif
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

typedef struct common {
    mbedtls_ssl_config conf;
    mbedtls_x509_crt crt;
    mbedtls_pk_context key;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context drbg;
} common;

struct bare_tls {
    common c;
    mbedtls_ssl_context ssl;
    mbedtls_net_context net;
    int how;
    size_t at, len;
    unsigned char rx[512];
};

static common server;

static int common_init(common *c, int endpoint) {
    mbedtls_ssl_config_init(&c->conf);
    mbedtls_x509_crt_init(&c->crt);
    mbedtls_pk_init(&c->key);
    mbedtls_entropy_init(&c->entropy);
    mbedtls_ctr_drbg_init(&c->drbg);
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    if (psa_crypto_init() != PSA_SUCCESS) return -1;
#endif
    if (mbedtls_ctr_drbg_seed(&c->drbg, mbedtls_entropy_func, &c->entropy, NULL, 0) != 0) return -1;
    if (mbedtls_ssl_config_defaults(&c->conf, endpoint, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return -1;
#if MBEDTLS_VERSION_NUMBER < 0x03020000
    mbedtls_ssl_conf_min_version(&c->conf, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);
#endif
    mbedtls_ssl_conf_rng(&c->conf, mbedtls_ctr_drbg_random, &c->drbg);
    return 0;
}

static void common_free(common *c) {
    mbedtls_ssl_config_free(&c->conf);
    mbedtls_x509_crt_free(&c->crt);
    mbedtls_pk_free(&c->key);
    mbedtls_ctr_drbg_free(&c->drbg);
    mbedtls_entropy_free(&c->entropy);
}

static int is_again(int ret) {
#ifdef MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET
    if (ret == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) return 1;
#endif
    return ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_WANT_WRITE;
}

/* ---- the client -------------------------------------------------------------------------------------------------- */

/* One recv for a record's header and body. */
static int buffered_recv(void *ctx, unsigned char *out, size_t cap) {
    bare_tls *t = (bare_tls *)ctx;
    if (t->at == t->len) {
        ssize_t n = recv(t->net.fd, t->rx, sizeof t->rx, t->how == BARE_POLL ? MSG_DONTWAIT : 0);
        if (n <= 0) return n < 0 && errno == EAGAIN ? MBEDTLS_ERR_SSL_WANT_READ : MBEDTLS_ERR_NET_RECV_FAILED;
        t->at = 0;
        t->len = (size_t)n;
    }
    size_t n = t->len - t->at < cap ? t->len - t->at : cap;
    memcpy(out, t->rx + t->at, n);
    t->at += n;
    return (int)n;
}

static int plain_send(void *ctx, const unsigned char *data, size_t len) {
    ssize_t n = write(((bare_tls *)ctx)->net.fd, data, len);
    return n < 0 ? MBEDTLS_ERR_NET_SEND_FAILED : (int)n;
}

static int wait_for(bare_tls *t) {
    struct pollfd p = {t->net.fd, POLLIN, 0};
    return poll(&p, 1, 30000) == 1 ? 0 : -1;
}

static int shake(bare_tls *t, const char *ca_file, int io) {
    if (mbedtls_x509_crt_parse_file(&t->c.crt, ca_file) != 0) return -1;
    mbedtls_ssl_conf_authmode(&t->c.conf, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&t->c.conf, &t->c.crt, NULL);
    if (mbedtls_ssl_setup(&t->ssl, &t->c.conf) != 0 || mbedtls_ssl_set_hostname(&t->ssl, "localhost") != 0) return -1;
    if (io == BARE_NET) mbedtls_ssl_set_bio(&t->ssl, &t->net, mbedtls_net_send, mbedtls_net_recv, NULL);
    else mbedtls_ssl_set_bio(&t->ssl, t, plain_send, buffered_recv, NULL);
    int ret;
    do ret = mbedtls_ssl_handshake(&t->ssl);
    while (is_again(ret));
    return ret;
}

bare_tls *bare_tls_connect(int port, const char *ca_file, int io, int how) {
    bare_tls *t = (bare_tls *)calloc(1, sizeof *t);
    if (!t) return NULL;
    t->how = how;
    t->net.fd = bare_connect(port);
    mbedtls_ssl_init(&t->ssl);
    if (common_init(&t->c, MBEDTLS_SSL_IS_CLIENT) == 0 && t->net.fd >= 0 && shake(t, ca_file, io) == 0) return t;
    bare_tls_close(t);
    return NULL;
}

int bare_tls_exchange(bare_tls *t, const char *request, size_t len) {
    unsigned char answer[1024];
    size_t got = 0;
    int n;
    if (mbedtls_ssl_write(&t->ssl, (const unsigned char *)request, len) != (int)len) return -1;
    if (t->how == BARE_POLL && wait_for(t) != 0) return -1;
    while (got < strlen(bench_answer)) {
        n = mbedtls_ssl_read(&t->ssl, answer, sizeof answer);
        if (n > 0) got += (size_t)n;
        else if (!is_again(n) || (t->how == BARE_POLL && wait_for(t) != 0)) return -1;
    }
    return 0;
}

int bare_tls_write(bare_tls *t, const char *data, size_t len) {
    while (len) {
        int n = mbedtls_ssl_write(&t->ssl, (const unsigned char *)data, len);
        if (n < 0 && !is_again(n)) return n;
        if (n > 0) data += n, len -= (size_t)n;
    }
    return 0;
}

int bare_tls_read(bare_tls *t, char *data, size_t cap) {
    int n;
    do n = mbedtls_ssl_read(&t->ssl, (unsigned char *)data, cap);
    while (is_again(n));
    return n;
}

const char *bare_tls_suite(const bare_tls *t) {
    return mbedtls_ssl_get_ciphersuite(&t->ssl);
}

const char *bare_tls_version(const bare_tls *t) {
    return mbedtls_ssl_get_version(&t->ssl);
}

void bare_tls_close(bare_tls *t) {
    mbedtls_ssl_free(&t->ssl);
    common_free(&t->c);
    if (t->net.fd >= 0) close(t->net.fd);
    free(t);
}

/* ---- the server -------------------------------------------------------------------------------------------------- */

int tls_server_init(const char *cert, const char *key) {
    if (common_init(&server, MBEDTLS_SSL_IS_SERVER) != 0 || mbedtls_x509_crt_parse_file(&server.crt, cert) != 0) return -1;
#if MBEDTLS_VERSION_NUMBER >= 0x03000000
    if (mbedtls_pk_parse_keyfile(&server.key, key, NULL, mbedtls_ctr_drbg_random, &server.drbg) != 0) return -1;
#else
    if (mbedtls_pk_parse_keyfile(&server.key, key, NULL) != 0) return -1;
#endif
    return mbedtls_ssl_conf_own_cert(&server.conf, &server.crt, &server.key);
}

void tls_server_run(int fd) {
    mbedtls_net_context net;
    mbedtls_ssl_context ssl;
    unsigned char in[4096];
    int n;
    net.fd = fd;
    mbedtls_ssl_init(&ssl);
    if (mbedtls_ssl_setup(&ssl, &server.conf) != 0) return;
    mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, mbedtls_net_recv, NULL);
    do n = mbedtls_ssl_handshake(&ssl);
    while (is_again(n));
    while (n >= 0 || is_again(n)) {
        n = mbedtls_ssl_read(&ssl, in, sizeof in);
        if (n == 0) break;
        if (n > 0 && in[n - 1] == BENCH_REQUEST_END)
            n = mbedtls_ssl_write(&ssl, (const unsigned char *)bench_answer, strlen(bench_answer));
    }
    mbedtls_ssl_free(&ssl);
}

#else

int tls_server_init(const char *cert, const char *key) {
    (void)cert, (void)key;
    return -1;
}

void tls_server_run(int fd) {
    (void)fd;
}

#endif
