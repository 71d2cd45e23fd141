/* SPDX-License-Identifier: Apache-2.0
 * mbedTLS 3.6 for a client of TLS 1.3 alone: AES-128-GCM, SHA-256, P-256 for keys and certificates. TLS 1.3 is built on PSA.
 * -DMBEDTLS_CONFIG_FILE='"tls13-min.h"'. */
#ifndef DET_MBEDTLS_TLS13_MIN_H
#define DET_MBEDTLS_TLS13_MIN_H

#include "common.h"
#include "psa.h"

#define MBEDTLS_SSL_CIPHERSUITES MBEDTLS_TLS1_3_AES_128_GCM_SHA256

#endif
