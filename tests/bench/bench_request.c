/* SPDX-License-Identifier: Apache-2.0
 * CPU per request of a prepared POST on a kept connection: libdet beside bare loops that move the same bytes, plain and
 * TLS, taking turns, client and server on one CPU. Medians over the rounds; ratios are medians of the rounds' ratios.
 *
 *   bench_request [CERT KEY CA-FILE]                   the tables; without a certificate plain only
 *   bench_request --count NAME N [CERT KEY CA-FILE]    N requests of one client within measured(), for callgrind
 *   bench_request --serve [CERT KEY]                   the server, started by the others */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bare.h"
#include "bench.h"
#include "det_posix.h"
#include "det_session.h"

enum { ROUNDS = 51, REQUESTS = 200, WARM_UP = 50 };

static const char path[] = "/api/v1/trials/16/metrics";
static const char body[] = "{\"group\":\"training\",\"metrics\":{\"trialId\":16,\"trialRunId\":1,\"stepsCompleted\":99,"
                           "\"metrics\":{\"avgMetrics\":{\"loss\":0.5}}}}";

/* ---- clients ----------------------------------------------------------------------------------------------------- */

typedef struct client {
    const char *name;
    int (*one)(struct client *c); /* one request and its answer: 0 if good */
    int tls, how, io;
    int against[2];    /* compared with: bare with the same system calls, the simplest bare loop; by index, 0 for none */
    int fd;
    bare_tls *bare;
    det_session session;
    bench_port port;
    double cpu[ROUNDS], wall[ROUNDS];
} client;

static char request[1024]; /* the bytes that the library sends, taken from the wire */
static size_t request_len;
static char buffer[1024];

static int one_bare(client *c) {
    return bare_exchange(c->fd, c->how, request, request_len);
}

static int one_session(client *c) {
    det_request q = {0};
    q.method = "POST";
    q.path = path;
    q.body = body;
    q.body_len = sizeof body - 1;
    return det_session_call(&c->session, &q, NULL);
}

#if DET_TLS
static int one_bare_tls(client *c) {
    return bare_tls_exchange(c->bare, request, request_len);
}
#else
#define one_bare_tls one_bare
#endif

enum { NO, P_READ, P_POLL, P_LIB_READ, P_LIB, T_NET, T_READ, T_POLL, T_LIB_READ, T_LIB, CLIENTS };

static client clients[CLIENTS] = {
    [P_READ] = {.name = "bare-read", .one = one_bare, .how = BARE_READ},
    [P_POLL] = {.name = "bare-poll", .one = one_bare, .how = BARE_POLL},
    [P_LIB_READ] = {.name = "det-read", .one = one_session, .how = BARE_READ, .against = {P_READ, P_READ}},
    [P_LIB] = {.name = "det-poll", .one = one_session, .how = BARE_POLL, .against = {P_POLL, P_READ}},
    [T_NET] = {.name = "tls-bare-net", .one = one_bare_tls, .tls = 1, .how = BARE_READ, .io = BARE_NET},
    [T_READ] = {.name = "tls-bare-read", .one = one_bare_tls, .tls = 1, .how = BARE_READ, .io = BARE_BUFFERED},
    [T_POLL] = {.name = "tls-bare-poll", .one = one_bare_tls, .tls = 1, .how = BARE_POLL, .io = BARE_BUFFERED},
    [T_LIB_READ] = {.name = "tls-det-read", .one = one_session, .tls = 1, .how = BARE_READ, .against = {T_READ, T_NET}},
    [T_LIB] = {.name = "tls-det-poll", .one = one_session, .tls = 1, .how = BARE_POLL, .against = {T_POLL, T_NET}},
};

static const char *const titles[CLIENTS] = {
    [P_READ] = "bare write, read",
    [P_POLL] = "bare write, poll, read",
    [P_LIB_READ] = "libdet, recv waits",
    [P_LIB] = "libdet (det_session_call)",
    [T_NET] = "bare ssl_write, ssl_read; mbedtls_net",
    [T_READ] = "bare ssl_write, ssl_read; buffered",
    [T_POLL] = "bare ssl_write, poll, ssl_read; buffered",
    [T_LIB_READ] = "libdet, recv waits",
    [T_LIB] = "libdet (det_session_call)",
};

static int calls_of(const client *c) {
    return c->how == BARE_POLL || (c->one != one_session && c->tls && c->io == BARE_NET) ? 3 : 2;
}

static void open_session(client *c, int port, const char *ca_file) {
    char url[64];
    det_session_options o = {0};
    size_t ca_len = 0;
    if (c->how == BARE_READ) bench_waiting_port(&c->port);
    snprintf(url, sizeof url, "%s://localhost:%d", c->tls ? "https" : "http", port);
    o.port = c->how == BARE_READ ? &c->port.port : det_posix_port();
    o.url = url;
    o.buffer = buffer;
    o.buffer_len = sizeof buffer;
    if (c->tls) o.ca_pem = bench_read_file(ca_file, &ca_len);
    o.ca_pem_len = ca_len;
    int rc = det_session_init(&c->session, &o);
    if (rc == DET_OK) rc = det_session_begin(&c->session);
    if (rc != DET_OK) bench_die("%s: %s", c->name, det_session_errmsg(&c->session));
}

static void open_client(client *c, const int *ports, const char *ca_file) {
    int port = ports[c->tls];
    if (c->one == one_session) open_session(c, port, ca_file);
    else if (!c->tls) c->fd = bare_connect(port);
#if DET_TLS
    else c->bare = bare_tls_connect(port, ca_file, c->io, c->how);
    if (c->tls && c->one != one_session && !c->bare) bench_die("%s: cannot connect", c->name);
#endif
    for (int i = 0; i < WARM_UP; i++)
        if (c->one(c) != 0) bench_die("%s: a request failed", c->name);
}

/* What the library writes for the request: the bare loops write the same. */
static void take_request(int port) {
    static client c = {.name = "first", .how = BARE_POLL};
    char url[64];
    det_session_options o = {0};
    bench_counting_port(&c.port);
    c.port.keep = request;
    c.port.keep_cap = sizeof request;
    snprintf(url, sizeof url, "http://localhost:%d", port);
    o.port = &c.port.port;
    o.url = url;
    o.buffer = buffer;
    o.buffer_len = sizeof buffer;
    if (det_session_init(&c.session, &o) != DET_OK || det_session_begin(&c.session) != DET_OK || one_session(&c) != DET_OK)
        bench_die("first request: %s", det_session_errmsg(&c.session));
    request_len = c.port.keep_len;
    if (!request_len) bench_die("the request was not one write");
    det_session_free(&c.session);
}

/* ---- the server's process ---------------------------------------------------------------------------------------- */

static pid_t server_pid;
static int server_in = -1;

/* Started anew rather than only forked, so that it does not run under callgrind. */
static void start_server(const char *self, char **tls, int *ports) {
    int in[2], out[2];
    if (pipe(in) != 0 || pipe(out) != 0) bench_die("no pipes");
    server_pid = fork();
    if (server_pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        for (int i = 0; i < 2; i++) close(in[i]), close(out[i]);
        execl(self, self, "--serve", tls ? tls[0] : NULL, tls ? tls[1] : NULL, NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    server_in = in[1];
    FILE *f = fdopen(out[0], "r");
    if (server_pid < 0 || !f || fscanf(f, "%d %d", &ports[0], &ports[1]) != 2) bench_die("the server does not start");
    fclose(f);
}

static void stop_server(void) {
    close(server_in);
    (void)waitpid(server_pid, NULL, 0);
}

/* ---- measuring --------------------------------------------------------------------------------------------------- */

/* callgrind collects in here. */
__attribute__((noinline)) static void measured(client *c, int n) {
    for (int i = 0; i < n; i++)
        if (c->one(c) != 0) bench_die("%s: a request failed", c->name);
}

static void round_of(client *c, int round) {
    double wall = bench_wall_ns(), cpu = bench_cpu_ns();
    measured(c, REQUESTS);
    c->cpu[round] = (bench_cpu_ns() - cpu) / REQUESTS / 1000;
    c->wall[round] = (bench_wall_ns() - wall) / REQUESTS / 1000;
}

static double ratio(const double *a, const double *b) {
    double r[ROUNDS];
    for (int i = 0; i < ROUNDS; i++) r[i] = a[i] / b[i];
    return bench_median(r, ROUNDS);
}

static double middle(const double *v) {
    double copy[ROUNDS];
    memcpy(copy, v, sizeof copy);
    return bench_median(copy, ROUNDS);
}

static void print_client(int i) {
    const client *c = &clients[i];
    printf("  %-5s %-42s %8d %9.2f %9.2f", c->tls ? "TLS" : "plain", titles[i], calls_of(c), middle(c->cpu), middle(c->wall));
    for (int k = 0; k < 2; k++) {
        if (c->against[k]) printf(" %10.3f", ratio(c->cpu, clients[c->against[k]].cpu));
        else printf(" %10s", "-");
    }
    printf("\n");
}

static void print_tables(int last, int pinned) {
    printf("CPU per request: a prepared POST of %zu bytes, an answer of %zu, kept connection, %s; medians of %d\n"
           "alternating rounds of %d requests",
           request_len, strlen(bench_answer), pinned ? "client and server on one CPU" : "CPU NOT PINNED", ROUNDS, REQUESTS);
#if DET_TLS
    if (last == T_LIB) printf("; TLS by %s", bare_tls_suite(clients[T_NET].bare));
#endif
    printf("\n  %-48s %8s %9s %9s %10s %10s\n", "", "system", "client", "both", "ratio to", "ratio to");
    printf("  %-48s %8s %9s %9s %10s %10s\n", "", "calls", "CPU us", "wall us", "same calls", "simplest");
    for (int i = P_READ; i <= last; i++) print_client(i);
    printf("  Client: user and system time. Both: on one CPU, wall time is both sides' work and the switches between; it counts\n"
           "  others' load too. SCHED_BATCH: no preemption at wake-up, so that equal work costs the same in every loop.\n"
           "  Same calls: to the bare loop with the same system calls (to reach: 1.10). Simplest: to \"%s\",\n"
           "  under TLS to \"%s\" (one recv more an answer).\n",
           titles[P_READ], titles[T_NET]);
}

static void tables(const int *ports, const char *ca_file, int pinned) {
    int last = ports[1] ? T_LIB : P_LIB;
    for (int i = P_READ; i <= last; i++) open_client(&clients[i], ports, ca_file);
    for (int r = 0; r < ROUNDS; r++)
        for (int i = P_READ; i <= last; i++) round_of(&clients[i], r);
    print_tables(last, pinned);
}

static int count(const char *name, int n, const int *ports, const char *ca_file) {
    for (int i = P_READ; i < CLIENTS; i++) {
        if (strcmp(clients[i].name, name) != 0 || (clients[i].tls && !ports[1])) continue;
        open_client(&clients[i], ports, ca_file);
        measured(&clients[i], n);
        return 0;
    }
    bench_die("no such client: %s", name);
    return 1;
}

int main(int argc, char **argv) {
    int ports[2], counting = argc > 3 && strcmp(argv[1], "--count") == 0;
    if (argc > 1 && strcmp(argv[1], "--serve") == 0) return serve(argc > 3 ? argv[2] : NULL, argc > 3 ? argv[3] : NULL);
    char **tls = argv + (counting ? 4 : 1);
    int rest = argc - (counting ? 4 : 1);
    if (rest != 0 && rest != 3) bench_die("usage: bench_request [--count NAME N] [CERT KEY CA-FILE]");
    int pinned = bench_pin(0) == 0;
    start_server(argv[0], rest ? tls : NULL, ports);
    take_request(ports[0]);
    if (counting) count(argv[2], atoi(argv[3]), ports, rest ? tls[2] : NULL);
    else tables(ports, rest ? tls[2] : NULL, pinned);
    stop_server();
    return 0;
}
