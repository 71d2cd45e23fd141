/* SPDX-License-Identifier: Apache-2.0
 * A handshake that verifies nothing, for the sake of the certificates in it: mbedTLS (2.28, 3.x, 4.x) over the library's
 * plain stream and the port. What it learns is shown to a person and trusted only on his word. No request, no
 * credential goes over this connection. */
#include "chain.h"

#include <stdlib.h>
#include <string.h>

#if DET_TLS

#include <mbedtls/version.h>

#define CHAIN_OWN_DRBG (MBEDTLS_VERSION_NUMBER < 0x04000000) /* 4.x draws from PSA alone */
#define CHAIN_PSA (MBEDTLS_VERSION_NUMBER >= 0x03000000)

#include <mbedtls/md.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#if CHAIN_OWN_DRBG
#include <mbedtls/ctr_drbg.h>
#endif
#if CHAIN_PSA
#include <psa/crypto.h>
#endif

#include "../transport/tls.h"
#include "host.h"

enum { SHA256_LEN = 32, PEM_LINE = 64 };

typedef struct chain_link {
    det__stream st;
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config conf;
#if CHAIN_OWN_DRBG
    mbedtls_ctr_drbg_context drbg;
#endif
    uint32_t begun_ms, budget_ms;
} chain_link;

/* ---- the connection ---------------------------------------------------------------------------------------------- */

static uint32_t left_ms(const chain_link *k) {
    const det_port *p = k->st.port;
    uint32_t gone = p->now_ms(p->ctx) - k->begun_ms;
    return gone < k->budget_ms ? k->budget_ms - gone : 0;
}

/* Wait until the connection is ready for what it wants, again_ms at most if that is not 0. */
static void wait_ready(const chain_link *k) {
    const det_port *p = k->st.port;
    det_wait w = {k->st.conn.handle, k->st.ops->wants(&k->st)};
    uint32_t ms = left_ms(k);
    if (k->st.conn.again_ms && k->st.conn.again_ms < ms) ms = k->st.conn.again_ms;
    p->wait(p->ctx, &w, 1, ms);
}

static int connect_tcp(chain_link *k) {
    int code;
    while ((code = k->st.ops->open(&k->st, left_ms(k))) == DET_E_AGAIN) wait_ready(k);
    return code;
}

static int below_send(void *ctx, const unsigned char *data, size_t len) {
    det__stream *st = (det__stream *)ctx;
    int n = st->ops->send(st, data, len);
    return n == DET_E_AGAIN ? MBEDTLS_ERR_SSL_WANT_WRITE : n < 0 ? MBEDTLS_ERR_NET_SEND_FAILED : n;
}

static int below_recv(void *ctx, unsigned char *data, size_t cap) {
    det__stream *st = (det__stream *)ctx;
    int n = st->ops->recv(st, data, cap);
    return n == DET_E_AGAIN ? MBEDTLS_ERR_SSL_WANT_READ : n < 0 ? MBEDTLS_ERR_NET_RECV_FAILED : n;
}

/* ---- the handshake ----------------------------------------------------------------------------------------------- */

#if CHAIN_OWN_DRBG
static int port_entropy(void *ctx, unsigned char *out, size_t len) {
    const det_port *p = ((const det__stream *)ctx)->port;
    return p->entropy(p->ctx, out, len) == DET_OK ? 0 : MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
}
#endif

static int random_init(chain_link *k) {
    int ret = 0;
#if CHAIN_PSA
    ret = (int)psa_crypto_init();
#endif
#if CHAIN_OWN_DRBG
    if (ret == 0) ret = mbedtls_ctr_drbg_seed(&k->drbg, port_entropy, &k->st, (const unsigned char *)"detc", 4);
#else
    (void)k;
#endif
    return ret;
}

static void link_init(chain_link *k) {
    mbedtls_ssl_init(&k->ssl);
    mbedtls_ssl_config_init(&k->conf);
#if CHAIN_OWN_DRBG
    mbedtls_ctr_drbg_init(&k->drbg);
#endif
}

static void link_free(chain_link *k) {
    mbedtls_ssl_free(&k->ssl);
    mbedtls_ssl_config_free(&k->conf);
#if CHAIN_OWN_DRBG
    mbedtls_ctr_drbg_free(&k->drbg);
#endif
    det__stream_free(&k->st);
    free(k);
}

static int configure(chain_link *k, const char *host) {
    int ret = random_init(k);
    if (ret == 0)
        ret = mbedtls_ssl_config_defaults(&k->conf, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                          MBEDTLS_SSL_PRESET_DEFAULT);
    if (ret != 0) return ret;
    mbedtls_ssl_conf_authmode(&k->conf, MBEDTLS_SSL_VERIFY_NONE);
#if CHAIN_OWN_DRBG
    mbedtls_ssl_conf_rng(&k->conf, mbedtls_ctr_drbg_random, &k->drbg);
#endif
    det__tls_lib_protocol(&k->conf);
    ret = mbedtls_ssl_setup(&k->ssl, &k->conf);
    /* for SNI, where addresses have no place; without any the name is not checked either */
    if (ret == 0) ret = mbedtls_ssl_set_hostname(&k->ssl, det__tls_is_address(host) ? NULL : host);
    mbedtls_ssl_set_bio(&k->ssl, &k->st, below_send, below_recv, NULL);
    return ret;
}

static int shake(chain_link *k) {
    int ret;
    while ((ret = mbedtls_ssl_handshake(&k->ssl)) == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_WANT_WRITE) {
        if (left_ms(k) == 0) break;
        wait_ready(k);
    }
    return ret;
}

/* ---- what came --------------------------------------------------------------------------------------------------- */

static void put_base64(det__out *o, const unsigned char *p, size_t n) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0, column = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) | (i + 2 < n ? p[i + 2] : 0);
        det__out_ch(o, digits[v >> 18]);
        det__out_ch(o, digits[v >> 12 & 63]);
        det__out_ch(o, i + 1 < n ? digits[v >> 6 & 63] : '=');
        det__out_ch(o, i + 2 < n ? digits[v & 63] : '=');
        column += 4;
        if (column % PEM_LINE == 0 && i + 3 < n) det__out_ch(o, '\n');
    }
}

static void put_chain(det__out *o, const mbedtls_x509_crt *crt) {
    for (; crt && crt->raw.p; crt = crt->next) {
        det__out_str(o, "-----BEGIN CERTIFICATE-----\n");
        put_base64(o, crt->raw.p, crt->raw.len);
        det__out_str(o, "\n-----END CERTIFICATE-----\n");
    }
}

static int put_fingerprint(char out[96], const mbedtls_x509_crt *crt) {
    static const char hex[] = "0123456789abcdef";
    unsigned char hash[SHA256_LEN];
    const mbedtls_md_info_t *sha256 = mbedtls_md_info_from_type(MBEDTLS_MD_SHA256);
    det__out o;
    if (!sha256 || mbedtls_md(sha256, crt->raw.p, crt->raw.len, hash) != 0) return DET_E_TLS;
    det__out_init(&o, out, 95);
    for (size_t i = 0; i < sizeof hash; i++) {
        if (i) det__out_ch(&o, ':');
        det__out_ch(&o, hex[hash[i] >> 4]);
        det__out_ch(&o, hex[hash[i] & 15]);
    }
    out[o.len] = 0;
    return DET_OK;
}

static int take(det__chain *c, const mbedtls_x509_crt *crt) {
    det__out o;
    if (!crt || put_fingerprint(c->fingerprint, crt) != DET_OK) return DET_E_TLS;
    det__out_init(&o, NULL, 0);
    put_chain(&o, crt);
    c->pem = (char *)malloc(o.len + 1);
    if (!c->pem) return DET_E_SPACE;
    det__out_init(&o, c->pem, o.len);
    put_chain(&o, crt);
    c->pem[o.len] = 0;
    return DET_OK;
}

/* ---- all of it --------------------------------------------------------------------------------------------------- */

static int handshake(chain_link *k, det__chain *c, const char *host) {
    int ret = configure(k, host), code;
    if (ret == 0) ret = shake(k);
    if (ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_WANT_WRITE) return DET_E_TIMEOUT;
    if (ret != 0) return DET_E_TLS;
    code = take(c, mbedtls_ssl_get_peer_cert(&k->ssl));
    mbedtls_ssl_close_notify(&k->ssl);
    return code;
}

static int fetch(chain_link *k, det__chain *c, const det__url *url) {
    det__peer peer = {url->host, url->port, 1, NULL, NULL, 0};
    const det_port *port = det__host_port();
    int code = det__stream_init(&k->st, port, &peer, 0);
    if (code != DET_OK) return code;
    k->begun_ms = port->now_ms(port->ctx);
    code = connect_tcp(k);
    return code == DET_OK ? handshake(k, c, url->host) : code;
}

/* In det's words where it has some. */
static int told(int code, const det__url *url, det__err *e) {
    if (code == DET_OK) return code;
    if (code == DET_E_SPACE) return det__cli_fail_memory(e);
    if (code == DET_E_TLS)
        return det__cli_fail(e, code, "Tried to connect over HTTPS but couldn't get a certificate from the master; consider "
                                      "using HTTP");
    return det__cli_fail(e, code, "%s port %u: %s", url->host, (unsigned)url->port, det_strerror(code));
}

int det__chain_fetch(det__chain *c, const det__url *url, uint32_t budget_ms, det__err *e) {
    chain_link *k = (chain_link *)calloc(1, sizeof *k);
    int code;
    memset(c, 0, sizeof *c);
    if (!k) return det__cli_fail_memory(e);
    link_init(k);
    k->budget_ms = budget_ms;
    code = fetch(k, c, url);
    link_free(k);
    return told(code, url, e);
}

#else /* DET_TLS */

int det__chain_fetch(det__chain *c, const det__url *url, uint32_t budget_ms, det__err *e) {
    (void)url;
    (void)budget_ms;
    memset(c, 0, sizeof *c);
    return det__cli_fail(e, DET_E_NO_TLS, "%s", det_strerror(DET_E_NO_TLS));
}

#endif
