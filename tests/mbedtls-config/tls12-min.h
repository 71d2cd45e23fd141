/* SPDX-License-Identifier: Apache-2.0
 * mbedTLS 3.6 for a client of TLS 1.2 alone: ECDHE-ECDSA with AES-128-GCM and SHA-256 on P-256, certificates in DER (libdet reads
 * PEM itself), no PSA. -DMBEDTLS_CONFIG_FILE='"tls12-min.h"'. */
#ifndef DET_MBEDTLS_TLS12_MIN_H
#define DET_MBEDTLS_TLS12_MIN_H

#include "common.h"

#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_CIPHERSUITES MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256

#endif
