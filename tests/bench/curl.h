/* SPDX-License-Identifier: Apache-2.0
 * Reports by libcurl, one at a time over its kept connection: what bench_rate measures libdet against. Dies when anything
 * fails. */
#ifndef BENCH_CURL_H
#define BENCH_CURL_H

/* Log in, create experiment and trial, start it; ca_file NULL: plain. */
void curl_begin(const char *url, const char *ca_file);
void curl_report(long step, const char *metrics_json); /* training metrics: {"loss":0.5} */
void curl_end(void);
const char *curl_kind(void); /* its version and TLS library */

#endif
