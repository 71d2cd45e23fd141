/* SPDX-License-Identifier: Apache-2.0
 * What bench_request and bench_link measure against: bare clients that write the same request and read the same answer, and
 * bench_request's server, which answers each request with the same bytes. Knows nothing of libdet. */
#ifndef BENCH_BARE_H
#define BENCH_BARE_H

#include <stddef.h>
#include <sys/types.h>

/* The answer of a real master to a report (tests/recordings), 297 bytes; and the last byte of every request. */
extern const char bench_answer[];
#define BENCH_REQUEST_END '}'

/* How a bare client waits for an answer. */
enum { BARE_READ, BARE_POLL };

int bare_connect(int port);

/* One request and its answer over a connected socket: BARE_READ write() and read(), BARE_POLL with a poll() between and
 * MSG_DONTWAIT reads, as the library does when it blocks. 0, or -1. */
int bare_exchange(int fd, int how, const char *request, size_t len);

/* ---- the same over TLS (mbedTLS as the library configures it; verified) ------------------------------------------- */

typedef struct bare_tls bare_tls;

/* NET: mbedTLS's own net functions, two reads an answer. BUFFERED: through a buffer, one read an answer. */
enum { BARE_NET, BARE_BUFFERED };

bare_tls *bare_tls_connect(int port, const char *ca_file, int io, int how);
int bare_tls_exchange(bare_tls *t, const char *request, size_t len);
/* Bytes of one's own, waiting: all of them written; as many as are there read. 0 or the count; negative on a failure. */
int bare_tls_write(bare_tls *t, const char *data, size_t len);
int bare_tls_read(bare_tls *t, char *data, size_t cap);

const char *bare_tls_suite(const bare_tls *t);
const char *bare_tls_version(const bare_tls *t);
void bare_tls_close(bare_tls *t);

/* ---- the server --------------------------------------------------------------------------------------------------- */

/* Runs on its own: prints two ports, plain and TLS (0 without cert), then serves one process per connection until its
 * standard input ends. */
int serve(const char *cert, const char *key);

/* Serves one TLS connection; tls_server_init() before, once. */
int tls_server_init(const char *cert, const char *key);
void tls_server_run(int fd);

#endif
