/* SPDX-License-Identifier: Apache-2.0
 * The server side of TLS over a non-blocking socket, mbedTLS 2.28 and 3.6 (and none at all with DET_TLS=0). The only
 * file of the master that includes mbedtls/. Knows no HTTP. */
#ifndef MASTER_TLS_H
#define MASTER_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct tls tls;

enum { TLS_AGAIN = -1, TLS_CLOSED = -2, TLS_FAILED = -3 };

/* Loads the certificate chain and its key; false with a sentence on stderr. max_version: 0 or 12. */
bool tls_setup(const char *cert, const char *key, int max_version);
void tls_teardown(void);
unsigned long tls_resumptions(void); /* handshakes that began from a valid ticket */

tls *tls_new(int fd, uint64_t *wire_in, uint64_t *wire_out);
void tls_delete(tls *t);
int tls_handshake(tls *t);        /* 0 done, TLS_AGAIN, TLS_FAILED */
long tls_read(tls *t, void *p, size_t n);        /* > 0, or one of the codes */
long tls_write(tls *t, const void *p, size_t n); /* > 0, or one of the codes */
void tls_bye(tls *t);             /* close_notify, best effort */

#endif
