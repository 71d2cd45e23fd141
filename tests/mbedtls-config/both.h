/* SPDX-License-Identifier: Apache-2.0
 * mbedTLS 3.6 for a client of TLS 1.3 that also speaks 1.2: what tls13-min.h and tls12-min.h have.
 * -DMBEDTLS_CONFIG_FILE='"both.h"'. */
#ifndef DET_MBEDTLS_BOTH_H
#define DET_MBEDTLS_BOTH_H

#include "common.h"
#include "psa.h"

#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_SSL_CIPHERSUITES MBEDTLS_TLS1_3_AES_128_GCM_SHA256, MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256

#endif
