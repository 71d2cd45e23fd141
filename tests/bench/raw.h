/* SPDX-License-Identifier: Apache-2.0
 * The seed's workload by hand, over a bare socket or bare mbedTLS: what bench_link measures libdet against. It asks the
 * same of a master as libdet does, with the same login. Knows nothing of libdet; dies when anything fails. */
#ifndef BENCH_RAW_H
#define BENCH_RAW_H

/* Which requests share a write: none; the reports; all that need not wait for an answer, which nothing can beat. */
enum raw_mode { RAW_ONE_BY_ONE, RAW_REPORTS, RAW_ALL };

enum { RAW_TRAINING = 100, RAW_VALIDATION_EVERY = 10 };

typedef struct raw raw;

raw *raw_connect(int port, const char *ca_file, enum raw_mode mode); /* plain without ca_file */
void raw_begin(raw *r);   /* log in, create experiment and trial, start the run, first heartbeat */
void raw_report(raw *r);  /* 100 training and 10 validation reports. RAW_ALL: they leave with raw_finish() */
void raw_flush(raw *r);   /* … or here */
void raw_finish(raw *r);  /* the terminal state */
void raw_close(raw *r);
const char *raw_version(const raw *r); /* of TLS, "" without */

#endif
