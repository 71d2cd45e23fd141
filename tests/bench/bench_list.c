/* SPDX-License-Identifier: Apache-2.0
 * detc as a program: a list over pages beside curl, which fetches the same pages in one process over one connection; what
 * starting costs; how much memory a long list takes. Programs are timed from fork to end, their CPU time is the kernel's
 * account. Asserts connections and memory, no times.
 *
 *   bench_list DETC PORT [TLS-PORT CA-FILE]     of det-masters that nobody else uses and that know ada, Secret-123;
 *                                              XDG_CONFIG_HOME is ours */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "delay.h"
#include "det_posix.h"
#include "det_session.h"

enum { EXPERIMENTS = 200, PAGE = 20, MANY = 10000, RTT_MS = 60, NEAR_ROUNDS = 41, FAR_ROUNDS = 7, MEMORY_KB = 4096 };

typedef struct cost {
    double wall_ms, cpu_ms;
    long rss_kb;
} cost;

typedef struct costs {
    double wall[NEAR_ROUNDS], cpu[NEAR_ROUNDS];
    long rss_kb;
} costs;

static const char *detc, *ca_file;
static char token[1024];

/* ---- programs ---------------------------------------------------------------------------------------------------- */

/* stdin: a text, or NULL. */
static cost run(const char *input, const char *const *argv) {
    struct rusage used;
    int status, in[2];
    double start = bench_wall_ns();
    cost c;
    if (pipe(in) != 0) bench_die("no pipe");
    pid_t pid = fork();
    if (pid < 0) bench_die("no process");
    if (pid == 0) {
        int null = open("/dev/null", O_WRONLY);
        if (dup2(in[0], 0) < 0 || dup2(null, 1) < 0) _exit(126);
        close(in[1]);
        execvp(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(in[0]);
    if (input && write(in[1], input, strlen(input)) < 0) bench_die("no input");
    close(in[1]);
    if (wait4(pid, &status, 0, &used) != pid || status != 0) bench_die("%s %s: status %d", argv[0], argv[1], status);
    c.wall_ms = (bench_wall_ns() - start) / 1e6;
    c.cpu_ms = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 + (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
    c.rss_kb = used.ru_maxrss;
    return c;
}

static void keep(costs *all, int i, cost c) {
    all->wall[i] = c.wall_ms;
    all->cpu[i] = c.cpu_ms;
    if (c.rss_kb > all->rss_kb) all->rss_kb = c.rss_kb;
}

static double median_of(const double *v, const double *beside, size_t n) {
    double copy[NEAR_ROUNDS];
    for (size_t i = 0; i < n; i++) copy[i] = beside ? v[i] / beside[i] : v[i];
    return bench_median(copy, n);
}

/* ---- a master with experiments ----------------------------------------------------------------------------------- */

static void read_token(const char *url) {
    char path[512];
    size_t len;
    snprintf(path, sizeof path, "%s/determined/auth.json", getenv("XDG_CONFIG_HOME"));
    char *text = bench_read_file(path, &len), *at = strstr(text, url);
    if (at) at = strstr(at, "\"ada\": \"");
    if (!at) bench_die("no token in %s", path);
    snprintf(token, sizeof token, "%.*s", (int)strcspn(at + 8, "\""), at + 8);
    free(text);
}

static void log_in(const char *url) {
    const char *argv[] = {detc, "-m", url, "user", "login", "ada", "--password-stdin", NULL};
    (void)run("Secret-123\n", argv);
    read_token(url);
}

typedef struct filling {
    int left, failed;
} filling;

static int next(void *ctx, det_request *q) {
    static const char body[] =
        "{\"config\":\"{\\\"name\\\":\\\"a list's row\\\",\\\"searcher\\\":{\\\"metric\\\":\\\"loss\\\",\\\"name\\\":\\\"single\\\"}}\",\"unmanaged\":true}";
    filling *f = (filling *)ctx;
    if (f->left == 0) return DET_E_AGAIN;
    f->left--;
    q->method = "POST";
    q->path = "/api/v1/experiments";
    q->body = body;
    q->body_len = sizeof body - 1;
    return DET_OK;
}

static void done(void *ctx, int rc, const det_response *r) {
    (void)r;
    ((filling *)ctx)->failed |= rc;
}

static void about(void *ctx, det_request *q) {
    (void)ctx;
    q->method = "POST";
    q->path = "/api/v1/experiments";
}

static void fill(const char *url, int n) {
    static det_session s;
    static char buffer[4096];
    filling f = {n, 0};
    det_session_options o;
    det_pipe pipe = {next, done, about, NULL, &f, 16, 0};
    det_wait w;
    uint32_t ms;
    memset(&o, 0, sizeof o);
    o.port = det_posix_port();
    o.url = url;
    o.buffer = buffer;
    o.buffer_len = sizeof buffer;
    o.token = token;
    o.noverify = 1;
    int rc = det_session_init(&s, &o);
    if (rc == DET_OK) rc = det_session_begin(&s);
    if (rc == DET_OK) rc = det_session_pipe(&s, &pipe);
    if (rc != DET_OK) bench_die("%s: %s", url, det_strerror(rc));
    while ((rc = det_session_step(&s)) == DET_E_AGAIN)
        if (det_session_wants(&s, &w, &ms)) o.port->wait(o.port->ctx, &w, 1, ms);
    if (rc != DET_OK || f.failed || f.left) bench_die("%s: %s", url, det_session_errmsg(&s));
    det_session_free(&s);
}

/* ---- beside curl -------------------------------------------------------------------------------------------------- */

enum { CURL_ARGUMENTS = 8, PAGES = EXPERIMENTS / PAGE };

/* As detc asks for them. */
static cost run_curl(const char *url) {
    static char urls[PAGES][256], header[1100];
    const char *argv[CURL_ARGUMENTS + PAGES] = {"curl", "-sf", "-H", header};
    int n = 4;
    snprintf(header, sizeof header, "Authorization: Bearer %s", token);
    if (ca_file) argv[n++] = "--cacert", argv[n++] = ca_file;
    for (int i = 0; i < PAGES; i++) {
        snprintf(urls[i], sizeof urls[i], "%s/api/v1/experiments?archived=false&limit=%d&offset=%d&users=ada", url, PAGE, i * PAGE);
        argv[n++] = urls[i];
    }
    argv[n] = NULL;
    return run(NULL, argv);
}

static cost run_list(const char *url, const char *form, int limit) {
    char text[16];
    const char *argv[] = {detc, "-m", url, "e", "list", "--limit", text, form, NULL};
    snprintf(text, sizeof text, "%d", limit);
    return run(NULL, argv);
}

static void print_beside(const char *what, int rounds, const costs *c, const costs *beside) {
    size_t n = (size_t)rounds;
    printf("  %-34s %8.2f %8.2f %8.2f %8.2f %8.3f %8.3f\n", what, median_of(c->wall, NULL, n), median_of(beside->wall, NULL, n),
           median_of(c->cpu, NULL, n), median_of(beside->cpu, NULL, n), median_of(c->wall, beside->wall, n),
           median_of(c->cpu, beside->cpu, n));
}

static void compare(const char *what, const char *url, int rounds) {
    static costs ours, theirs;
    read_token(url);
    (void)run_curl(url);
    for (int i = 0; i < rounds; i++) {
        keep(&ours, i, run_list(url, "--csv", PAGE));
        keep(&theirs, i, run_curl(url));
    }
    print_beside(what, rounds, &ours, &theirs);
}

/* Over a line; then what it took. */
static int compare_far(const char *scheme, const char *what, int port) {
    delay d;
    char url[64];
    if (delay_start(&d, port, RTT_MS * 1000) != 0) bench_die("no relay");
    snprintf(url, sizeof url, "%s://localhost:%d", scheme, d.port);
    log_in(url);
    compare(what, url, FAR_ROUNDS);
    delay_counts before = {d.n->connections, d.n->exchanges};
    (void)run_list(url, "--csv", PAGE);
    unsigned connections = d.n->connections - before.connections, exchanges = d.n->exchanges - before.exchanges;
    before.exchanges = d.n->exchanges;
    (void)run_curl(url);
    printf("    %u connection, %u exchanges one after another; curl %u: %s\n", connections, exchanges,
           d.n->exchanges - before.exchanges, connections == 1 ? "ok" : "TOO MANY");
    delay_stop(&d);
    return connections == 1;
}

/* ---- starting ------------------------------------------------------------------------------------------------------ */

static void print_start(const char *what, const char *const *argv) {
    static costs c;
    for (int i = 0; i < NEAR_ROUNDS; i++) keep(&c, i, run(NULL, argv));
    printf("  %-34s %8.2f %8.2f %8ld\n", what, median_of(c.wall, NULL, NEAR_ROUNDS), median_of(c.cpu, NULL, NEAR_ROUNDS), c.rss_kb);
    memset(&c, 0, sizeof c);
}

static void start(const char *plain, const char *tls) {
    const char *version[] = {detc, "version", NULL}, *whoami[] = {detc, "-m", plain, "user", "whoami", NULL};
    const char *curl_version[] = {"curl", "--version", NULL};
    printf("Starting, medians of %d\n  %-34s %8s %8s %8s\n", NEAR_ROUNDS, "", "wall ms", "CPU ms", "KB");
    print_start("curl --version", curl_version);
    print_start("detc version (offline)", version);
    print_start("detc user whoami, http", whoami);
    whoami[2] = tls;
    if (tls) print_start("detc user whoami, https", whoami);
    printf("\n");
}

/* ---- memory -------------------------------------------------------------------------------------------------------- */

static int memory(const char *url, const char *what, const char *form, int limit) {
    cost c = run_list(url, form, limit);
    int good = c.rss_kb <= MEMORY_KB;
    printf("  %-34s %8.0f %8.0f %8ld  %s\n", what, c.wall_ms, c.cpu_ms, c.rss_kb, good ? "ok" : "TOO MUCH");
    return good;
}

static int long_list(const char *url) {
    read_token(url);
    fill(url, MANY - EXPERIMENTS);
    printf("A list of %d experiments, limit %d KB\n  %-34s %8s %8s %8s\n", MANY, MEMORY_KB, "", "wall ms", "CPU ms", "KB");
    int good = memory(url, "table, pages of 200", "--show_project", 200);
    good &= memory(url, "table, one page", "--show_project", MANY);
    good &= memory(url, "--csv, pages of 200", "--csv", 200);
    good &= memory(url, "--json, pages of 200", "--json", 200);
    return good;
}

/* -------------------------------------------------------------------------------------------------------------------- */

static char *url_of(char *text, size_t cap, const char *scheme, const char *port) {
    if (!port) return NULL;
    snprintf(text, cap, "%s://localhost:%s", scheme, port);
    log_in(text);
    fill(text, EXPERIMENTS);
    return text;
}

int main(int argc, char **argv) {
    char plain[64], tls[64], *secure;
    int good = 1;
    if ((argc != 3 && argc != 5) || !getenv("XDG_CONFIG_HOME")) bench_die("usage: bench_list DETC PORT [TLS-PORT CA-FILE]");
    detc = argv[1];
    if (argc == 5) setenv("DET_MASTER_CERT_FILE", argv[4], 1);
    (void)url_of(plain, sizeof plain, "http", argv[2]);
    secure = argc == 5 ? url_of(tls, sizeof tls, "https", argv[3]) : NULL;
    start(plain, secure);
    printf("detc e list, %d experiments in pages of %d, beside curl and the same pages; medians\n", EXPERIMENTS, PAGE);
    printf("  %-34s %8s %8s %8s %8s %8s %8s\n", "", "wall ms", "curl's", "CPU ms", "curl's", "wall x", "CPU x");
    compare("loopback, http", plain, NEAR_ROUNDS);
    good &= compare_far("http", "60 ms, http", atoi(argv[2]));
    if (secure) {
        ca_file = argv[4];
        compare("loopback, https", tls, NEAR_ROUNDS);
        good &= compare_far("https", "60 ms, https", atoi(argv[3]));
    }
    printf("\n");
    good &= long_list(plain);
    return good ? 0 : 1;
}
