/* SPDX-License-Identifier: Apache-2.0
 * What TLS 1.3 adds: PSA with the program's own generator (mbedtls_psa_external_get_random), HKDF, ephemeral keys, no tickets. */
#ifndef DET_MBEDTLS_PSA_H
#define DET_MBEDTLS_PSA_H

#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG
#define MBEDTLS_PSA_KEY_SLOT_COUNT 8
#define MBEDTLS_HKDF_C
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE /* TLS 1.3 of mbedTLS 3.6 wants it */

#endif
