/* SPDX-License-Identifier: Apache-2.0
 * See stats.h. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "stats.h"
#include "tls.h"

counters stats;

static FILE *log_file;
static buf line;

void stats_show(buf *b) {
    const struct {
        const char *name;
        uint64_t value;
    } V[] = {{"accepted", stats.accepted}, {"connections", stats.connections}, {"open", stats.open}, {"requests", stats.requests},
             {"reports", stats.reports}, {"logins", stats.logins}, {"refused", stats.refused}, {"bytesIn", stats.bytes_in},
             {"bytesOut", stats.bytes_out}, {"wireIn", stats.wire_in}, {"wireOut", stats.wire_out}, {"tlsHandshakes", stats.handshakes},
             {"tlsFailures", stats.handshake_failures}, {"tlsResumed", tls_resumptions()}, {"reads", stats.reads}, {"writes", stats.writes},
             {"status2xx", stats.status[2]}, {"status4xx", stats.status[4]}, {"status5xx", stats.status[5]}, {"maxQueued", stats.max_queued}};
    for (size_t i = 0; i < sizeof V / sizeof *V; i++)
        buf_fmt(b, "%s\"%s\":%llu", i ? "," : "{", V[i].name, (unsigned long long)V[i].value);
    buf_str(b, "}\n");
}

bool stats_log_open(const char *path) {
    log_file = fopen(path, "we");
    return log_file != NULL;
}

static bool looks_json(const request *q) {
    return q->body_len && (*q->body == '{' || *q->body == '[') && !memchr(q->body, '\n', q->body_len);
}

void stats_log(const request *q, const reply *r, unsigned conn) {
    if (!log_file || r->status >= 300) return;
    line.len = 0;
    buf_fmt(&line, "{\"conn\":%u,\"method\":\"%s\",\"path\":", conn, q->method);
    buf_json(&line, q->path, strlen(q->path));
    buf_str(&line, ",\"query\":");
    buf_json(&line, q->query, strlen(q->query));
    buf_fmt(&line, ",\"status\":%d,\"body\":", r->status);
    if (looks_json(q)) buf_add(&line, q->body, q->body_len);
    else if (q->body_len) buf_json(&line, q->body, q->body_len);
    else buf_str(&line, "null");
    buf_str(&line, "}\n");
    fwrite(line.p, 1, line.len, log_file);
    fflush(log_file);
}

void stats_log_close(void) {
    if (log_file) fclose(log_file);
    buf_free(&line);
}
