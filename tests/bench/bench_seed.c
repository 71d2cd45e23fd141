/* SPDX-License-Identifier: Apache-2.0
 * The seed's workload (init, 100 training and 10 validation reports, close) against a running det-master: plain and TLS,
 * pipelined and one request at a time, taking turns. Medians in one table; one connection is asserted, on both sides.
 *
 *   bench_seed [--syscalls A,B,C,D] PLAIN-URL PID [TLS-URL PID CA-FILE]     the table; A to D: counted by strace before
 *   bench_seed --once CASE …                                               one run of CASE (0 to 3), for strace; 4: none */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "det.h"

enum { ROUNDS = 15, CASES = 4, TRAINING = 100, NONE = CASES };

static const char *const names[CASES] = {"plain, pipelined", "plain, one at a time", "TLS, pipelined", "TLS, one at a time"};

typedef struct target {
    const char *url;
    pid_t pid;
    const char *ca;
    size_t ca_len;
} target;

/* What one run cost; the columns of the table. */
enum { WALL, CPU, SERVER, CONNECTIONS, REQUESTS, SENT, RECEIVED, WIRE_OUT, WIRE_IN, CALLS, COLUMNS };

typedef struct run {
    double v[COLUMNS];
} run;

/* ---- the master's own counters ----------------------------------------------------------------------------------- */

typedef struct text {
    char at[2048];
    size_t len;
} text;

static int collect(void *ctx, const det_response *r, const void *data, size_t len) {
    text *t = (text *)ctx;
    (void)r;
    if (len >= sizeof t->at - t->len) return DET_E_SPACE;
    memcpy(t->at + t->len, data, len);
    t->len += len;
    t->at[t->len] = 0;
    return DET_OK;
}

static void ask_master(const target *t, text *out) {
    static det_session s;
    static char buffer[1024];
    bench_port port;
    det_session_options o = {0};
    det_request q = {0};
    bench_counting_port(&port);
    o.port = &port.port;
    o.url = t->url;
    o.buffer = buffer;
    o.buffer_len = sizeof buffer;
    o.ca_pem = t->ca;
    o.ca_pem_len = t->ca_len;
    q.method = "GET";
    q.path = "/test/stats";
    q.sink = collect;
    q.sink_ctx = out;
    out->len = 0;
    int rc = det_session_init(&s, &o);
    if (rc == DET_OK) rc = det_session_call(&s, &q, NULL);
    if (rc != DET_OK) bench_die("%s: %s", t->url, det_session_errmsg(&s));
    det_session_free(&s);
}

static double counter(const text *t, const char *name) {
    char key[64];
    snprintf(key, sizeof key, "\"%s\":", name);
    const char *at = strstr(t->at, key);
    if (!at) bench_die("the master has no counter %s", name);
    return strtod(at + strlen(key), NULL);
}

/* ---- one run ----------------------------------------------------------------------------------------------------- */

static int report_all(det_core *core) {
    int rc = DET_OK;
    for (int i = 0; i < TRAINING && rc == DET_OK; i++) {
        det_metric loss = det_metric_double("loss", rand() / (double)RAND_MAX);
        rc = det_report_training_metrics(core, i, &loss, 1);
        if (rc == DET_OK && (i + 1) % 10 == 0) rc = det_report_validation_metrics(core, i, &loss, 1);
        if (rc == DET_OK) (void)det_step(core);
    }
    return rc;
}

static void seed(const target *t, int one_by_one, const det_port *port, det_stats *stats) {
    static det_core core;
    static unsigned char mem[16384];
    det_options o;
    det_options_init(&o, port, mem, sizeof mem);
    o.name = "unmanaged-1-singleton";
    o.master = t->url;
    o.ca_pem = t->ca;
    o.ca_pem_len = t->ca_len;
    o.pipeline = one_by_one ? 1 : 0;
    int rc = det_open(&core, &o);
    if (rc == DET_OK) rc = report_all(&core);
    if (rc == DET_OK) rc = det_close(&core, DET_COMPLETED, 60000);
    if (rc != DET_OK) bench_die("%s: %s: %s", t->url, det_strerror(rc), det_errmsg(&core));
    det_get_stats(&core, stats);
    if (stats->acknowledged != TRAINING + TRAINING / 10) bench_die("%s: a report is missing", t->url);
}

static void measure(const target *t, int one_by_one, run *r) {
    text before, after;
    bench_port port;
    det_stats st;
    bench_counting_port(&port);
    ask_master(t, &before);
    double wall = bench_wall_ns(), cpu = bench_cpu_ns(), server = bench_cpu_of_ns(t->pid);
    seed(t, one_by_one, &port.port, &st);
    r->v[WALL] = (bench_wall_ns() - wall) / 1e6;
    r->v[CPU] = (bench_cpu_ns() - cpu) / 1e6;
    r->v[SERVER] = (bench_cpu_of_ns(t->pid) - server) / 1e6;
    ask_master(t, &after);
    r->v[CONNECTIONS] = st.session.connections;
    r->v[REQUESTS] = st.session.requests;
    r->v[SENT] = (double)st.session.sent;
    r->v[RECEIVED] = (double)st.session.received;
    r->v[WIRE_OUT] = (double)port.n.sent;
    r->v[WIRE_IN] = (double)port.n.received;
    r->v[CALLS] = (double)bench_port_calls(&port.n);
    double connections = counter(&after, "connections") - counter(&before, "connections");
    double requests = counter(&after, "requests") - counter(&before, "requests");
    if (connections != 1 || r->v[CONNECTIONS] != 1 || r->v[REQUESTS] != requests)
        bench_die("%s: %.0f connections by the library's count, %.0f by the master's, for %.0f requests", t->url,
                  r->v[CONNECTIONS], connections, requests);
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static const char *const heads[COLUMNS + 1][2] = {
    {"wall", "ms"},        {"CPU", "ms"},          {"server", "CPU ms"}, {"connec-", "tions"}, {"re-", "quests"}, {"HTTP out", "bytes"},
    {"HTTP in", "bytes"},  {"wire out", "bytes"},  {"wire in", "bytes"}, {"port", "calls"},    {"sys-", "calls"},
};

static void print_heads(void) {
    for (int line = 0; line < 2; line++) {
        printf("  %-25s", "");
        for (int c = 0; c <= COLUMNS; c++) printf(" %9s", heads[c][line]);
        printf("\n");
    }
}

static void print_row(const char *name, const run *r, long syscalls) {
    printf("  %-25s", name);
    for (int c = 0; c < COLUMNS; c++) printf(c <= SERVER ? " %9.2f" : " %9.0f", r->v[c]);
    if (syscalls > 0) printf(" %9ld\n", syscalls);
    else printf(" %9s\n", "-");
}

static void print_ratio(const run *one, const run *piped, long one_calls, long piped_calls) {
    printf("  %-25s", "  one at a time / pipelined");
    for (int c = 0; c < COLUMNS; c++) {
        if (piped->v[c] > 0) printf(" %8.2fx", one->v[c] / piped->v[c]);
        else printf(" %9s", "-");
    }
    if (piped_calls > 0) printf(" %8.2fx\n", (double)one_calls / (double)piped_calls);
    else printf(" %9s\n", "-");
}

static run median_of(const run *r) {
    run m;
    double v[ROUNDS];
    for (int c = 0; c < COLUMNS; c++) {
        for (int i = 0; i < ROUNDS; i++) v[i] = r[i].v[c];
        m.v[c] = bench_median(v, ROUNDS);
    }
    return m;
}

static void table(const target *t, int cases, const long *syscalls) {
    static run runs[CASES][ROUNDS];
    run m[CASES];
    for (int i = -1; i < ROUNDS; i++) /* the first round warms up */
        for (int c = 0; c < cases; c++) measure(&t[c / 2], c % 2, &runs[c][i < 0 ? 0 : i]);
    printf("Seed's workload: init, 100 training and 10 validation reports, close; medians of %d alternating rounds\n", ROUNDS);
    print_heads();
    for (int c = 0; c < cases; c++) {
        m[c] = median_of(runs[c]);
        print_row(names[c], &m[c], syscalls[c]);
        if (c % 2) print_ratio(&m[c], &m[c - 1], syscalls[c], syscalls[c - 1]);
    }
    printf("  CPU: the client's, user and system. Port calls: open send recv wait close entropy roots, no clocks. System calls: by\n"
           "  strace in a run of its own, whose slower client finds answers ready and waits less; of the workload alone.\n"
           "  Asserted in every round: 1 connection, by both sides' count.\n");
}

static target target_of(char **argv, int with_ca) {
    target t = {argv[0], (pid_t)atol(argv[1]), NULL, 0};
    if (with_ca) t.ca = bench_read_file(argv[2], &t.ca_len);
    return t;
}

int main(int argc, char **argv) {
    target t[2];
    long syscalls[CASES] = {0};
    int once = -1, at = 1;
    if (argc > 2 && strcmp(argv[1], "--once") == 0) once = atoi(argv[2]), at = 3;
    if (argc > 2 && strcmp(argv[1], "--syscalls") == 0) {
        at = 3;
        if (sscanf(argv[2], "%ld,%ld,%ld,%ld", &syscalls[0], &syscalls[1], &syscalls[2], &syscalls[3]) < 2) at = argc;
    }
    if (argc - at != 2 && argc - at != 5) bench_die("usage: bench_seed [--once CASE] PLAIN-URL PID [TLS-URL PID CA-FILE]");
    int cases = argc - at == 5 ? CASES : CASES / 2;
    t[0] = target_of(argv + at, 0);
    if (cases == CASES) t[1] = target_of(argv + at + 2, 1);
    if (once == NONE) return 0;
    if (once < 0) {
        table(t, cases, syscalls);
        return 0;
    }
    det_stats st;
    bench_port port;
    bench_counting_port(&port);
    if (once < cases) seed(&t[once / 2], once % 2, &port.port, &st);
    printf("%" PRIu64 "\n", bench_port_calls(&port.n));
    return 0;
}
