/* SPDX-License-Identifier: Apache-2.0
 * Runs a command beside a master that answers from a recording.
 *
 *   cli_replay [--piece N] [--auth FILE] [--report FILE] RECORDING COMMAND [ARGUMENT…]
 *
 * The command gets DET_MASTER; --auth writes an auth.json for it in which user determined holds the token TOKEN. A request
 * is answered by the first unused exchange of its method, path and query (pairs in any order), or by one used before; a
 * recorded token has to be there, and the body has to be the recorded one (JSON by value, any password). Anything else is answered 501 and
 * counted. Connections are kept, whatever the recorded client did; answers leave N bytes at a time.
 *
 * The report: "connections N requests N unexpected N", then a line for each request. Ends with the command's status. */
#include "replay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONNS = 64, EXCHANGES = 512, TROUBLE = 125 };

typedef struct exchange {
    char *line; /* "METHOD path?sorted&query" */
    bool bearer, used;
    bytes body, answer;
} exchange;

typedef struct stage {
    exchange at[EXCHANGES];
    size_t n;
    int listener, conn[CONNS];
    bytes in[CONNS];
    size_t piece, connections, requests, unexpected;
    bytes told;
} stage;

static void trouble(const char *what, const char *why) {
    fprintf(stderr, "cli_replay: %s: %s\n", what, why);
    exit(TROUBLE);
}

static char *copy(const char *s, size_t n) {
    char *d = strndup(s, n);
    if (!d) abort();
    return d;
}

/* ---- a request: its line, its body ---- */

static int hex(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static void decode(char *s) {
    char *d = s;
    for (; *s; s++) {
        bool escaped = *s == '%' && hex(s[1]) >= 0 && hex(s[2]) >= 0;
        *d++ = escaped ? (char)(hex(s[1]) * 16 + hex(s[2])) : *s == '+' ? ' ' : *s;
        if (escaped) s += 2;
    }
    *d = 0;
}

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Pairs decoded and sorted, so that equal queries are equal texts. */
static void add_query(bytes *out, char *query) {
    char *pair[64], *next = query;
    size_t n = 0;
    while (next && *next && n < 64) {
        pair[n++] = next;
        next = strchr(next, '&');
        if (next) *next++ = 0;
    }
    for (size_t i = 0; i < n; i++) decode(pair[i]);
    qsort(pair, n, sizeof *pair, by_text);
    for (size_t i = 0; i < n; i++) {
        bytes_add(out, i ? "&" : "?", 1);
        bytes_add(out, pair[i], strlen(pair[i]));
    }
}

static char *request_line(const char *head) {
    bytes out = {0};
    char *line = copy(head, strcspn(head, "\r\n")), *end = strrchr(line, ' '), *query;
    if (end) *end = 0;
    query = strchr(line, '?');
    if (query) *query++ = 0;
    bytes_add(&out, line, strlen(line));
    if (query) add_query(&out, query);
    free(line);
    return out.p;
}

/* The length of the first request in b, 0 if it is not all there; its body's place. */
static size_t request_length(const bytes *b, size_t *body_at) {
    const char *end = b->n ? memmem(b->p, b->n, "\r\n\r\n", 4) : NULL;
    if (!end) return 0;
    *body_at = (size_t)(end - b->p) + 4;
    const char *len = find_header(b->p, *body_at, "Content-Length");
    size_t n = *body_at + (len ? strtoul(len, NULL, 10) : 0);
    return n <= b->n ? n : 0;
}

static bool has_token(const char *head, size_t n) {
    const char *t = find_header(head, n, "Authorization");
    return t && !strncmp(t, "Bearer TOKEN\r\n", 14);
}

static bool same_body(const bytes *want, const char *p, size_t n) {
    json_t *a = want->n ? json_loadb(want->p, want->n, 0, NULL) : NULL, *b = n ? json_loadb(p, n, 0, NULL) : NULL;
    bool same = !want->n && !n;
    if (a && b) {
        const char *hashed = json_string_value(json_object_get(b, "password"));
        bool good = !json_object_get(a, "password") || (hashed && strlen(hashed) == 128);
        json_object_del(a, "password");
        json_object_del(b, "password");
        same = good && json_equal(a, b);
    }
    json_decref(a);
    json_decref(b);
    return same;
}

/* ---- the recording ---- */

/* As recorded; a Content-Length that covered a real token is made right. */
static void keep_answer(exchange *x, const answer *a, const char *raw, size_t n) {
    const char *len = find_header(raw, n, "Content-Length");
    char number[32];
    if (!len || (size_t)(len - raw) > n - a->body.n) {
        bytes_add(&x->answer, raw, n);
        return;
    }
    snprintf(number, sizeof number, "%zu", a->body.n);
    bytes_add(&x->answer, raw, (size_t)(len - raw));
    bytes_add(&x->answer, number, strlen(number));
    len += strspn(len, "0123456789");
    bytes_add(&x->answer, len, n - (size_t)(len - raw));
}

/* One connection's two streams: the i-th request belongs to the i-th answer. */
static void pair_up(stage *s, bytes *sent, bytes *got) {
    size_t body_at, n;
    while ((n = request_length(sent, &body_at)) && s->n < EXCHANGES) {
        exchange *x = &s->at[s->n++];
        answer a;
        x->line = request_line(sent->p);
        x->bearer = has_token(sent->p, body_at);
        bytes_add(&x->body, sent->p + body_at, n - body_at);
        bytes_drop(sent, n);
        n = take_answer(&a, got, true);
        if (!n) trouble("a request without an answer", x->line);
        keep_answer(x, &a, got->p, n);
        bytes_drop(got, n);
        bytes_free(&a.body);
    }
    bytes_free(sent);
    bytes_free(got);
}

static bool is_marker(const char *p, const char *end) {
    return end - p > 9 && (!memcmp(p, "=== ", 4) || !memcmp(p, ">>> conn ", 9) || !memcmp(p, "<<< conn ", 9));
}

static void read_recording(stage *s, const char *path) {
    static bytes file, sent[CONNS], got[CONNS];
    char piece[65536];
    size_t n;
    FILE *in = fopen(path, "rb");
    if (!in) trouble(path, strerror(errno));
    while ((n = fread(piece, 1, sizeof piece, in))) bytes_add(&file, piece, n);
    fclose(in);
    for (const char *at = file.p, *end = at + file.n, *next; at && at < end; at = next) {
        const char *data = memchr(at, '\n', (size_t)(end - at));
        int id = atoi(at + 9);
        data = data ? data + 1 : end;
        for (next = data; next < end && !(next[-1] == '\n' && is_marker(next, end)); next++) continue;
        if (*at == '=' || id < 1 || id >= CONNS || next == data) continue;
        bytes_add(*at == '>' ? &sent[id] : &got[id], data, (size_t)(next - data) - 1); /* the last newline is the recorder's */
    }
    for (int i = 0; i < CONNS; i++) pair_up(s, &sent[i], &got[i]);
    bytes_free(&file);
}

/* ---- answering ---- */

static exchange *find(stage *s, const char *line, const char *head, size_t head_n, size_t n) {
    exchange *again = NULL;
    for (size_t i = 0; i < s->n; i++) {
        exchange *x = &s->at[i];
        if (strcmp(x->line, line) || (x->bearer && !has_token(head, head_n)) || !same_body(&x->body, head + head_n, n - head_n)) continue;
        if (!x->used) return x;
        again = x;
    }
    return again;
}

static bool send_out(stage *s, int fd, const char *p, size_t n) {
    while (n) {
        ssize_t k = send(fd, p, s->piece && s->piece < n ? s->piece : n, MSG_NOSIGNAL);
        if (k <= 0) return false;
        p += k;
        n -= (size_t)k;
    }
    return true;
}

static bool respond(stage *s, int i, size_t body_at, size_t n) {
    static const char NO[] = "HTTP/1.1 501 Not Implemented\r\nContent-Type: application/json\r\nContent-Length: 77\r\n\r\n"
                             "{\"error\":{\"code\":12,\"reason\":\"Unimplemented\",\"error\":\"not in the recording\"}}\n";
    char *line = request_line(s->in[i].p);
    exchange *x = find(s, line, s->in[i].p, body_at, n);
    s->requests++;
    s->unexpected += !x;
    bytes_add(&s->told, x ? "" : "? ", x ? 0 : 2);
    bytes_add(&s->told, line, strlen(line));
    bytes_add(&s->told, "\n", 1);
    free(line);
    if (!x) return send_out(s, s->conn[i], NO, sizeof NO - 1);
    x->used = true;
    return send_out(s, s->conn[i], x->answer.p, x->answer.n);
}

static void serve(stage *s, int i) {
    char piece[65536];
    size_t n, body_at;
    ssize_t k = recv(s->conn[i], piece, sizeof piece, 0);
    bool good = k > 0;
    if (good) bytes_add(&s->in[i], piece, (size_t)k);
    while (good && (n = request_length(&s->in[i], &body_at))) {
        good = respond(s, i, body_at, n);
        bytes_drop(&s->in[i], n);
    }
    if (good) return;
    close(s->conn[i]);
    bytes_free(&s->in[i]);
    s->conn[i] = -1;
}

static void welcome(stage *s) {
    int on = 1, fd = accept(s->listener, NULL, NULL);
    for (int i = 0; fd >= 0 && i < CONNS; i++) {
        if (s->conn[i] >= 0) continue;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        s->conn[i] = fd;
        s->connections++;
        return;
    }
    if (fd >= 0) close(fd);
}

static void play(stage *s, int timeout_ms) {
    struct pollfd f[CONNS + 1] = {{.fd = s->listener, .events = POLLIN}};
    for (int i = 0; i < CONNS; i++) f[i + 1] = (struct pollfd){.fd = s->conn[i], .events = POLLIN};
    if (poll(f, CONNS + 1, timeout_ms) <= 0) return;
    if (f[0].revents) welcome(s);
    for (int i = 0; i < CONNS; i++)
        if (f[i + 1].revents) serve(s, i);
}

/* ---- around it ---- */

static int listen_somewhere(char *url, size_t cap) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 16) || getsockname(fd, (struct sockaddr *)&a, &len))
        trouble("cannot listen", strerror(errno));
    snprintf(url, cap, "http://127.0.0.1:%d", ntohs(a.sin_port));
    return fd;
}

static void write_file(const char *path, const char *text, mode_t mode) {
    FILE *out = fopen(path, "w");
    if (!out || fputs(text, out) < 0 || fclose(out) || chmod(path, mode)) trouble(path, strerror(errno));
}

static void write_auth(const char *path, const char *url) {
    char text[512];
    snprintf(text, sizeof text, "{\"version\":2,\"masters\":{\"%s\":{\"active_user\":\"determined\",\"tokens\":{\"determined\":\"TOKEN\"}}}}", url);
    write_file(path, text, 0600);
}

static void write_report(const stage *s, const char *path) {
    bytes all = {0};
    char line[128];
    snprintf(line, sizeof line, "connections %zu requests %zu unexpected %zu\n", s->connections, s->requests, s->unexpected);
    bytes_add(&all, line, strlen(line));
    bytes_add(&all, s->told.p, s->told.n);
    write_file(path, all.p, 0644);
    bytes_free(&all);
}

static pid_t start(char **command, const char *url) {
    pid_t child = fork();
    if (child != 0) return child;
    setenv("DET_MASTER", url, 1);
    execvp(command[0], command);
    trouble(command[0], strerror(errno));
    return -1;
}

int main(int argc, char **argv) {
    static stage s;
    char url[64];
    const char *auth = NULL, *report = NULL;
    int at = 1, status = 0;
    for (; at + 1 < argc && !strncmp(argv[at], "--", 2); at += 2) {
        if (!strcmp(argv[at], "--piece")) s.piece = strtoul(argv[at + 1], NULL, 10);
        if (!strcmp(argv[at], "--auth")) auth = argv[at + 1];
        if (!strcmp(argv[at], "--report")) report = argv[at + 1];
    }
    if (argc - at < 2) trouble("usage", "cli_replay [--piece N] [--auth FILE] [--report FILE] RECORDING COMMAND [ARGUMENT...]");
    for (int i = 0; i < CONNS; i++) s.conn[i] = -1;
    read_recording(&s, argv[at]);
    s.listener = listen_somewhere(url, sizeof url);
    if (auth) write_auth(auth, url);
    pid_t child = start(argv + at + 1, url);
    while (child > 0 && waitpid(child, &status, WNOHANG) == 0) play(&s, 5);
    if (report) write_report(&s, report);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
