/* SPDX-License-Identifier: Apache-2.0
 * A long run over real sockets: det-master, the relay with its random faults before it, a reporting process; in the end the
 * master's rows and summaries must be what was reported, and the reporter's memory must not have grown.
 *
 *     soak [--reports N] [--seed N] [--plain] [--bytes N] [--stalls N] [--pipeline N] [--mem BYTES] [--spool] [--kills N]
 *
 * Run it where det-master lies beside it. --bytes: between faults on average, 0 none. --stalls: one fault in so many is a
 * stall of 30 s. --kills: the reporter has a spool, is killed so many times and started again, and goes on with the step
 * whose reports were not all spooled, as from a checkpoint. The seed is printed; the last line says whether it passed. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "certs.h"
#include "det_posix.h"
#include "relay.h"
#include "series.h"

enum { LIFE_S = 1800, CLOSE_MS = 600000, RUN_MS = 50, STEP_EVERY = 32, GROWTH_KB = 512, KILL_MS = 1500, DUMP_MAX = 256 << 20 };

static struct {
    unsigned long reports;
    uint64_t seed, bytes;
    int plain, stalls, pipeline, spool, kills;
    size_t mem;
} opt = {100000, 1, 500000, 0, 0, 0, 0, 0, 65536};

/* What the reporter tells, in memory it shares with us. */
static struct shared {
    unsigned long done;     /* reports accepted */
    unsigned long safe;     /* of them in the spool */
    unsigned long doubtful; /* of the processes before this one */
    int open_rc, report_rc, close_rc;
    long rss_early_kb, rss_end_kb;
    unsigned long lost;
    double seconds;
    det_stats stats;
    char msg[512];
} *told;

static char dir[] = "/tmp/soakXXXXXX";
static char master_path[4096];

static const char *file(const char *name) {
    static char text[4][64];
    static int n;
    n = (n + 1) % 4;
    snprintf(text[n], sizeof text[n], "%s/%s", dir, name);
    return text[n];
}

static double seconds(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- processes ---- */

static pid_t branch(void) {
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) abort();
    if (!pid) alarm(LIFE_S);
    return pid;
}

static int listen_on(int *port) {
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&a, n) || listen(fd, 64) || getsockname(fd, (struct sockaddr *)&a, &n)) abort();
    *port = ntohs(a.sin_port);
    return fd;
}

static pid_t start_master(int *port) {
    const char *port_file = file("port");
    pid_t pid = branch();
    if (!pid) {
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 1);
        if (opt.plain) execl(master_path, "det-master", "--port", "0", "--port-file", port_file, (char *)NULL);
        else execl(master_path, "det-master", "--port", "0", "--port-file", port_file, "--tls", file("good.pem"), file("good.key"), (char *)NULL);
        perror(master_path);
        _exit(127);
    }
    for (int i = 0; i < 500; i++) {
        FILE *f = fopen(port_file, "r");
        int good = f && fscanf(f, "%d", port) == 1;
        if (f) fclose(f);
        if (good) return pid;
        struct timespec nap = {0, 10000000};
        nanosleep(&nap, NULL);
    }
    fprintf(stderr, "soak: det-master does not start: is it built beside this program?\n");
    exit(2);
}

static pid_t start_relay(int master, int *port) {
    int fd = listen_on(port);
    pid_t pid = branch();
    if (!pid) {
        relay_options o = {master, opt.seed, opt.bytes, opt.stalls};
        relay_run(fd, &o);
    }
    close(fd);
    return pid;
}

static void end(pid_t pid) {
    if (pid <= 0) return;
    kill(pid, SIGTERM);
    waitpid(pid, NULL, 0);
}

/* ---- the reporter ---- */

static long rss_kb(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

static void on_lost(void *ctx, int code, const char *group, int64_t steps) {
    (void)ctx;
    if (told->lost++ < 5) fprintf(stderr, "told lost: %s@%lld, %d\n", group, (long long)steps, code);
}

static const char *url_of(int port) {
    static char url[64];
    snprintf(url, sizeof url, "%s://localhost:%d", opt.plain ? "http" : "https", port);
    return url;
}

/* First contact fails fast by design; a program that wants it does it again. */
static int open_core(det_core *core, const det_options *o) {
    int rc = det_open(core, o);
    for (int i = 0; rc != DET_OK && i < 50; i++) {
        (void)det_close(core, DET_ERROR, 0);
        rc = det_open(core, o);
    }
    return rc;
}

static int report(det_core *core, const series_report *r) {
    int rc;
    while ((rc = det_report_metrics(core, series_groups[r->group], r->steps, r->m, r->n)) == DET_E_SPACE) (void)det_run(core, RUN_MS);
    return rc;
}

/* Where to go on: at the first report of the step that the next one not known to be in the spool belongs to. */
static void resume(series *s) {
    series at = {0, 0};
    unsigned long begin = 0;
    series_report r;
    memset(s, 0, sizeof *s);
    for (unsigned long i = 0; i <= told->safe; i++) {
        if (!at.slot) {
            *s = at;
            begin = i;
        }
        series_next(&at, &r);
    }
    told->done = told->safe = begin;
}

static void step(det_core *core, unsigned long begin) {
    (void)det_step(core);
    det_get_stats(core, &told->stats);
    told->safe = begin + told->stats.spooled;
}

static void report_all(det_core *core) {
    series s;
    series_report r;
    resume(&s);
    unsigned long begin = told->done;
    while (told->done < opt.reports) {
        series_next(&s, &r);
        told->report_rc = report(core, &r);
        if (told->report_rc != DET_OK) return;
        if (++told->done % STEP_EVERY == 0) step(core, begin);
        if (told->done == opt.reports / 10) told->rss_early_kb = rss_kb();
    }
}

static const det_spool *open_spool(void) {
    static det_posix_spool spool;
    det_posix_spool_options o;
    memset(&o, 0, sizeof o);
    o.size = sizeof o;
    o.dir = file("spool");
    o.sync_ms = DET_POSIX_SPOOL_NO_SYNC;
    int rc = det_posix_spool_open(&spool, &o);
    if (rc != DET_OK) printf("FAIL the spool opens: %d\n", rc);
    return rc == DET_OK ? &spool.spool : NULL;
}

static void reporter(int port, const char *pem, size_t pem_len) {
    static det_core core;
    det_options o;
    void *mem = malloc(opt.mem);
    det_options_init(&o, det_posix_port(), mem, opt.mem);
    o.master = url_of(port);
    o.ca_pem = pem;
    o.ca_pem_len = pem_len;
    o.external_experiment_id = "soak";
    o.external_trial_id = "one";
    o.pipeline = (uint16_t)opt.pipeline;
    o.lost = on_lost;
    if (opt.spool) o.spool = open_spool();
    double begun = seconds();
    told->open_rc = open_core(&core, &o);
    if (told->open_rc == DET_OK) report_all(&core);
    told->close_rc = det_close(&core, DET_COMPLETED, CLOSE_MS);
    told->seconds = seconds() - begun;
    told->rss_end_kb = rss_kb();
    det_get_stats(&core, &told->stats);
    snprintf(told->msg, sizeof told->msg, "%s", det_errmsg(&core));
    free(mem);
}

/* ---- asking ---- */

static buf dump;

static int take(void *ctx, const det_response *r, const void *data, size_t n) {
    (void)ctx, (void)r;
    if (dump.len + n > DUMP_MAX) return DET_E_SIZE;
    buf_add(&dump, data, n);
    return DET_OK;
}

static int ask(int port, const char *pem, size_t pem_len) {
    static det_session s;
    static char buffer[2048];
    det_session_options o;
    det_request q;
    memset(&o, 0, sizeof o);
    memset(&q, 0, sizeof q);
    o.port = det_posix_port();
    o.url = url_of(port);
    o.buffer = buffer;
    o.buffer_len = sizeof buffer;
    o.ca_pem = pem;
    o.ca_pem_len = pem_len;
    q.method = "GET";
    q.path = "/test/trials/1";
    q.sink = take;
    int rc = det_session_init(&s, &o);
    if (rc == DET_OK) rc = det_session_call(&s, &q, NULL);
    if (rc != DET_OK) printf("FAIL asking the master: %s\n", det_session_errmsg(&s));
    det_session_free(&s);
    return rc;
}

/* ---- the verdict ---- */

static unsigned long expect(int good, const char *what) {
    if (!good) printf("FAIL %s\n", what);
    return !good;
}

static unsigned long check(const jval *trial) {
    const det_stats *st = &told->stats;
    unsigned long bad = expect(told->open_rc == DET_OK, "opened") + expect(told->report_rc == DET_OK, "all reports were accepted") +
                        expect(told->close_rc == DET_OK, "closed with everything stored") + expect(!told->lost, "nothing is told lost") +
                        expect(told->done == opt.reports, "all was reported") + expect(!st->pending && !st->unsure, "nothing is pending or unsure") +
                        expect(opt.kills || told->rss_end_kb - told->rss_early_kb <= GROWTH_KB, "memory does not grow");
    if (bad) printf("     open %d, report %d, close %d: %s\n", told->open_rc, told->report_rc, told->close_rc, told->msg);
    if (!trial) return bad + 1;
    bad += expect(!strcmp(json_get(trial, "state")->s, "STATE_COMPLETED"), "the trial is completed");
    return bad + series_check(trial, told->done, told->doubtful + st->doubtful);
}

static void figures(void) {
    const det_stats *st = &told->stats;
    printf("%lu reports in %.1f s, %.0f a second; %lu connections, %lu requests, %lu joined, %lu resent, %lu fenced, %lu doubtful\n",
           told->done, told->seconds, (double)told->done / told->seconds, (unsigned long)st->session.connections, (unsigned long)st->requests,
           (unsigned long)st->joined, (unsigned long)st->resent, (unsigned long)st->fenced, (unsigned long)st->doubtful);
    printf("resident: %ld KB after a tenth, %ld KB in the end\n", told->rss_early_kb, told->rss_end_kb);
}

static void nap_ms(int ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* The reporter, killed as often as asked for. */
static void run_reporter(int port, const char *pem, size_t pem_len) {
    srand((unsigned)opt.seed);
    for (int kills = 0;; kills++) {
        pid_t pid = branch();
        if (!pid) {
            reporter(port, pem, pem_len);
            _exit(0);
        }
        if (kills < opt.kills) {
            nap_ms(20 + rand() % KILL_MS);
            kill(pid, SIGKILL);
        }
        int status;
        waitpid(pid, &status, 0);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
            if (opt.kills) printf("killed %d times\n", kills);
            return;
        }
        told->doubtful += told->stats.doubtful;
        memset(&told->stats, 0, sizeof told->stats);
    }
}

static int whole_run(void) {
    const char *pem = NULL;
    size_t pem_len = 0;
    int master_port, relay_port;
    if (!opt.plain && (certs_make(dir) != 0 || det_posix_read_pem(file("ca.pem"), &pem, &pem_len) != DET_OK)) return 2;
    pid_t master = start_master(&master_port), relay = start_relay(master_port, &relay_port);
    run_reporter(relay_port, pem, pem_len);
    end(relay);
    arena a = {0};
    buf err = {0};
    jval *trial = ask(master_port, pem, pem_len) == DET_OK ? json_parse(&a, dump.p, dump.len, &err) : NULL;
    end(master);
    figures();
    unsigned long bad = check(trial);
    arena_free(&a);
    buf_free(&err);
    buf_free(&dump);
    if (pem) det_posix_free_pem(pem, pem_len);
    return bad != 0;
}

static int option(const char *name, const char *v) {
    if (!strcmp(name, "--reports")) opt.reports = strtoul(v, NULL, 10);
    else if (!strcmp(name, "--seed")) opt.seed = strtoull(v, NULL, 10);
    else if (!strcmp(name, "--bytes")) opt.bytes = strtoull(v, NULL, 10);
    else if (!strcmp(name, "--stalls")) opt.stalls = atoi(v);
    else if (!strcmp(name, "--pipeline")) opt.pipeline = atoi(v);
    else if (!strcmp(name, "--kills")) opt.kills = opt.spool = atoi(v);
    else if (!strcmp(name, "--mem")) opt.mem = strtoul(v, NULL, 10);
    else return 0;
    return 1;
}

static void remove_dir(void) {
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    (void)!system(command);
}

int main(int argc, char **argv) {
    const char *slash = strrchr(argv[0], '/');
    snprintf(master_path, sizeof master_path, "%.*sdet-master", slash ? (int)(slash - argv[0]) + 1 : 0, argv[0]);
    opt.seed = (uint64_t)time(NULL);
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--plain")) opt.plain = 1;
        else if (!strcmp(argv[i], "--spool")) opt.spool = 1;
        else if (i + 1 < argc && option(argv[i], argv[i + 1])) i++;
        else {
            fprintf(stderr, "soak: bad option: %s\n", argv[i]);
            return 2;
        }
    }
    signal(SIGPIPE, SIG_IGN);
    told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED || !mkdtemp(dir)) return 2;
    printf("seed %llu\n", (unsigned long long)opt.seed);
    int rc = whole_run();
    remove_dir();
    printf("%d passed, %d failed\n", !rc, rc != 0);
    return rc;
}
