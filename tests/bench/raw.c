/* SPDX-License-Identifier: Apache-2.0
 * See raw.h: requests are printed into one buffer, written at once, and as many answers read as were asked for. */
#include "raw.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bare.h"
#include "bench.h"

enum { OUT_CAP = 256 * 1024, IN_CAP = 64 * 1024 };

struct raw {
    enum raw_mode mode;
    int port, fd, owed; /* answers to come */
    bare_tls *tls;
    long experiment, trial;
    char token[640], body[1024];
    size_t out_len, in_len, body_len;
    char out[OUT_CAP], in[IN_CAP];
};

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

#if DET_TLS
static void secure(raw *r, const char *ca_file) {
    r->tls = bare_tls_connect(r->port, ca_file, BARE_NET, BARE_READ);
    if (!r->tls) bench_die("no TLS to port %d", r->port);
}

const char *raw_version(const raw *r) {
    return r->tls ? bare_tls_version(r->tls) : "";
}
#else
static void secure(raw *r, const char *ca_file) {
    bench_die("%s: built without TLS (port %d)", ca_file, r->port);
}

const char *raw_version(const raw *r) {
    (void)r;
    return "";
}
#define bare_tls_write(t, data, len) -1
#define bare_tls_read(t, data, cap) -1
#define bare_tls_close(t) ((void)0)
#endif

static void send_all(raw *r) {
    size_t off = 0;
    if (r->tls && bare_tls_write(r->tls, r->out, r->out_len) != 0) bench_die("raw: TLS write");
    while (!r->tls && off < r->out_len) {
        ssize_t n = write(r->fd, r->out + off, r->out_len - off);
        if (n <= 0) bench_die("raw: write");
        off += (size_t)n;
    }
    r->out_len = 0;
}

static void receive(raw *r) {
    char *at = r->in + r->in_len;
    size_t room = sizeof r->in - 1 - r->in_len;
    long n = r->tls ? bare_tls_read(r->tls, at, room) : (long)read(r->fd, at, room);
    if (n <= 0) bench_die("raw: connection lost");
    r->in_len += (size_t)n;
    r->in[r->in_len] = 0;
}

/* ---- answers ----------------------------------------------------------------------------------------------------- */

/* Bytes of the answer at `at` if it is complete, else 0; its body is set. */
static size_t whole(const char *at, size_t len, const char **body) {
    const char *end = strstr(at, "\r\n\r\n"), *length = strstr(at, "Content-Length: ");
    if (!end) return 0;
    if (strncmp(at, "HTTP/1.1 200", 12) != 0) bench_die("raw: %.*s", (int)(end - at), at);
    *body = end + 4;
    if (length && length < end) {
        size_t n = (size_t)(*body - at) + (size_t)atol(length + 16);
        return n <= len ? n : 0;
    }
    const char *last = strstr(end, "\r\n0\r\n\r\n"); /* chunked; no body here has that in it */
    return last ? (size_t)(last + 7 - at) : 0;
}

/* Keep the last body's start: what ids and token stand in. */
static void exchange(raw *r) {
    size_t off = 0;
    if (r->out_len) send_all(r);
    r->in_len = 0;
    while (r->owed) {
        const char *body;
        size_t n = off < r->in_len ? whole(r->in + off, r->in_len - off, &body) : 0;
        if (n) {
            snprintf(r->body, sizeof r->body, "%s", body);
            off += n;
            r->owed--;
            continue;
        }
        memmove(r->in, r->in + off, r->in_len - off);
        r->in_len -= off;
        off = 0;
        receive(r);
    }
}

static const char *member(const raw *r, const char *key) {
    const char *at = strstr(r->body, key);
    if (!at) bench_die("raw: no %s in the answer", key);
    return at + strlen(key);
}

/* ---- requests ---------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static void ask(raw *r, const char *method_path, const char *fmt, ...) {
    char body[1024];
    va_list ap;
    va_start(ap, fmt);
    int len = vsnprintf(body, sizeof body, fmt, ap);
    va_end(ap);
    int n = snprintf(r->out + r->out_len, sizeof r->out - r->out_len,
                     "%s HTTP/1.1\r\nHost: localhost:%d\r\nUser-Agent: raw\r\n%s%s%sContent-Type: application/json\r\n"
                     "Content-Length: %d\r\n\r\n%s",
                     method_path, r->port, *r->token ? "Authorization: Bearer " : "", r->token, *r->token ? "\r\n" : "", len, body);
    r->out_len += (size_t)n;
    if (r->out_len >= sizeof r->out) bench_die("raw: buffer");
    r->owed++;
}

/* Behind each request; a barrier is one whose answer the next one needs. */
static void next(raw *r, int barrier) {
    if (barrier || r->mode == RAW_ONE_BY_ONE) exchange(r);
}

/* A line "METHOD /api/v1/trials/ID…". */
static const char *on_trial(const raw *r, const char *method, const char *rest) {
    static char line[128];
    snprintf(line, sizeof line, "%s /api/v1/trials/%ld%s", method, r->trial, rest);
    return line;
}

static void login(raw *r) {
    ask(r, "POST /api/v1/auth/login", "{\"username\":\"determined\",\"password\":\"\",\"isHashed\":true}");
    next(r, 1);
    const char *at = member(r, "\"token\":\"");
    snprintf(r->token, sizeof r->token, "%.*s", (int)strcspn(at, "\""), at);
}

void raw_begin(raw *r) {
    int barrier = r->mode != RAW_ALL;
    login(r);
    ask(r, "POST /api/v1/experiments",
        "{\"config\":\"{\\\"name\\\":\\\"raw\\\",\\\"searcher\\\":{\\\"metric\\\":\\\"unmanaged\\\",\\\"name\\\":\\\"single\\\"}}\",\"unmanaged\":true}");
    next(r, 1);
    r->experiment = atol(member(r, "{\"experiment\":{\"id\":") - 0);
    ask(r, "POST /api/v1/trials", "{\"experimentId\":%ld,\"hparams\":null,\"unmanaged\":true}", r->experiment);
    next(r, 1);
    r->trial = atol(member(r, "{\"trial\":{\"id\":"));
    ask(r, "GET /api/v1/master", "%s", "");
    next(r, barrier);
    ask(r, on_trial(r, "POST", "/start"), "{\"trialId\":%ld,\"resume\":true}", r->trial);
    next(r, barrier);
    ask(r, "POST /api/v1/runs/start", "{\"runId\":%ld,\"checkpointStorage\":null}", r->trial);
    next(r, barrier);
    ask(r, on_trial(r, "PATCH", ""), "{\"trialId\":%ld,\"state\":\"STATE_RUNNING\"}", r->trial);
    next(r, barrier);
    ask(r, on_trial(r, "PATCH", ""), "{\"trialId\":%ld}", r->trial);
    next(r, 1);
}

static void report(raw *r, const char *group, int step) {
    ask(r, on_trial(r, "POST", "/metrics"),
        "{\"group\":\"%s\",\"metrics\":{\"stepsCompleted\":%d,\"trialId\":%ld,\"trialRunId\":1,\"metrics\":{\"avgMetrics\":{\"loss\":%.17g}}}}",
        group, step, r->trial, rand() / (double)RAND_MAX);
    next(r, 0);
}

void raw_report(raw *r) {
    for (int i = 0; i < RAW_TRAINING; i++) {
        report(r, "training", i);
        if ((i + 1) % RAW_VALIDATION_EVERY == 0) report(r, "validation", i);
    }
    if (r->mode == RAW_REPORTS) exchange(r);
}

void raw_flush(raw *r) {
    exchange(r);
}

void raw_finish(raw *r) {
    ask(r, on_trial(r, "PATCH", ""), "{\"trialId\":%ld,\"state\":\"STATE_COMPLETED\"}", r->trial);
    exchange(r);
}

/* ---- the connection ---------------------------------------------------------------------------------------------- */

raw *raw_connect(int port, const char *ca_file, enum raw_mode mode) {
    raw *r = (raw *)calloc(1, sizeof *r);
    if (!r) bench_die("no memory");
    r->mode = mode;
    r->port = port;
    if (ca_file) secure(r, ca_file);
    else if ((r->fd = bare_connect(port)) < 0) bench_die("no connection to port %d", port);
    return r;
}

void raw_close(raw *r) {
    if (r->tls) bare_tls_close(r->tls);
    else close(r->fd);
    free(r);
}
