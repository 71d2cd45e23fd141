/* SPDX-License-Identifier: Apache-2.0
 * What a test over real sockets looks at: the log, failures and their sentences, descriptors, what programs print. And the
 * frame of a test program. See real.h. */
#include "real.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "certs.h"
#include "det_posix.h"
#include "real_int.h"

char real_dir[64];
static char bin_dir[1024];
real_log real_lines;

/* ---- where ------------------------------------------------------------------------------------------------------- */

/* Room for a text that stays until the fourth call after. */
static char *slot(size_t *cap) {
    static char rooms[4][1200];
    static unsigned next;
    *cap = sizeof rooms[0];
    return rooms[next++ % 4];
}

const char *real_file(const char *name) {
    size_t cap;
    char *room = slot(&cap);
    snprintf(room, cap, "%s/%s", real_dir, name);
    return room;
}

const char *real_bin(const char *name) {
    size_t cap;
    char *room = slot(&cap);
    snprintf(room, cap, "%s/%s", bin_dir, name);
    return room;
}

const char *real_url(const char *scheme, const char *host, int port) {
    size_t cap;
    char *room = slot(&cap);
    snprintf(room, cap, "%s://%s:%d", scheme, host, port);
    return room;
}

int real_certs(void) {
    return certs_make(real_dir);
}

static void set_bin_dir(const char *self) {
    const char *slash = strrchr(self, '/');
    if (slash) snprintf(bin_dir, sizeof bin_dir, "%.*s", (int)(slash - self), self);
    else snprintf(bin_dir, sizeof bin_dir, ".");
}

static void remove_dir(void) {
    DIR *d = opendir(real_dir);
    const struct dirent *e;
    while (d && (e = readdir(d)) != NULL)
        if (e->d_name[0] != '.') unlink(real_file(e->d_name));
    if (d) closedir(d);
    rmdir(real_dir);
}

/* ---- asking det-master ------------------------------------------------------------------------------------------- */

typedef struct text {
    char *p;
    size_t len, cap;
} text;

static int keep(void *ctx, const det_response *r, const void *data, size_t len) {
    text *t = (text *)ctx;
    (void)r;
    size_t n = t->cap - t->len - 1 < len ? t->cap - t->len - 1 : len;
    memcpy(t->p + t->len, data, n);
    t->len += n;
    t->p[t->len] = 0;
    return DET_OK;
}

int real_ask(int port, const char *method, const char *path, const char *body, char *out, size_t cap) {
    static det_session session;
    static char buffer[4096];
    char none[1];
    text t = {out ? out : none, 0, out ? cap : sizeof none};
    det_session_options o;
    det_request q;
    det_response r;
    memset(&o, 0, sizeof o);
    memset(&q, 0, sizeof q);
    memset(&r, 0, sizeof r);
    t.p[0] = 0;
    o.port = det_posix_port();
    o.url = real_url("http", "127.0.0.1", port);
    o.buffer = buffer;
    o.buffer_len = sizeof buffer;
    q.method = method;
    q.path = path;
    q.body = body;
    q.body_len = body ? strlen(body) : 0;
    q.sink = keep;
    q.sink_ctx = &t;
    if (det_session_init(&session, &o) == DET_OK) (void)det_session_call(&session, &q, &r);
    det_session_free(&session);
    return r.status;
}

void real_fault(int port, const char *rules) {
    char body[1024];
    snprintf(body, sizeof body, "{\"clear\":true,\"rules\":%s}", rules);
    CHECK_INT(real_ask(port, "POST", "/test/faults", body, NULL, 0), 200);
}

/* ---- what a session tells ---------------------------------------------------------------------------------------- */

void real_log_fn(void *ctx, int level, const char *line) {
    real_log *l = &real_lines;
    (void)ctx;
    CHECK(level >= DET_LOG_ERROR && level <= DET_LOG_DEBUG);
    for (const char *p = line; *p; p++) CHECK((unsigned char)*p >= 0x20 && "a log line is one line");
    l->connections += strncmp(line, "connection opened: ", 19) == 0;
    int n = snprintf(l->text + l->len, sizeof l->text - l->len, "%s\n", line);
    if (n > 0 && (size_t)n < sizeof l->text - l->len) l->len += (size_t)n;
}

void real_no_secret(const char *msg, const char *const *secrets) {
    for (; *secrets; secrets++) {
        CHECK(!strstr(msg, *secrets) && "no secret in the sentence");
        CHECK(!strstr(real_lines.text, *secrets) && "no secret in the log");
    }
}

/* One sentence: no line end or other control character, no gap, no loose end. */
static void check_sentence(const char *msg) {
    size_t n = strlen(msg);
    CHECK(n >= 20 && n < DET_MSG_SIZE);
    for (size_t i = 0; i < n; i++) CHECK((unsigned char)msg[i] >= 0x20 && msg[i] != 0x7F);
    CHECK(!strstr(msg, "  ") && !strstr(msg, ": :") && !strstr(msg, "(null)"));
    CHECK(n && msg[n - 1] != ' ' && msg[n - 1] != ':' && msg[n - 1] != '\n');
}

void real_check(const det_failure *f, const char *msg, const char *host, int port, const real_want *w) {
    int before = unit_failures;
    char start[200];
    CHECK_INT(f->code, w->code);
    CHECK_INT(det_error_class(f->code), w->class_);
    CHECK_INT(f->stage, w->stage);
    if (w->detail == REAL_DETAIL_SOME) CHECK(f->detail != 0);
    else CHECK_INT(f->detail, w->detail);
    check_sentence(msg);
    if (w->stage != DET_STAGE_NONE) {
        snprintf(start, sizeof start, "%s: %s:%d: ", det_stage_name(w->stage), host, port);
        CHECK(strncmp(msg, start, strlen(start)) == 0 && "stage and address come first");
    }
    CHECK(strstr(msg, w->says) != NULL);
    if (unit_failures != before || getenv("SENTENCES")) fprintf(stderr, "  %s\n", msg); /* to be read */
}

/* ---- programs ---------------------------------------------------------------------------------------------------- */

static void set(const char *assignment) {
    if (assignment && putenv((char *)(uintptr_t)assignment) != 0) _exit(127);
}

static void exec_to(int out, const char *err, const char *const argv[4]) {
    int e = open(err, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dup2(out, 1);
    dup2(e, 2);
    signal(SIGPIPE, SIG_DFL);
    execv(real_bin(argv[0]), (char *const *)(uintptr_t)argv);
    _exit(127);
}

static void take_output(int fd, real_result *r) {
    char piece[65536];
    ssize_t n;
    while ((n = read(fd, piece, sizeof piece)) > 0) {
        size_t have = r->out_len < (long long)sizeof r->out - 1 ? (size_t)r->out_len : sizeof r->out - 1;
        size_t more = sizeof r->out - 1 - have < (size_t)n ? sizeof r->out - 1 - have : (size_t)n;
        memcpy(r->out + have, piece, more);
        r->out_len += n;
    }
}

static void take_file(const char *path, char *out, size_t cap) {
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(out, 1, cap - 1, f) : 0;
    out[n] = 0;
    if (f) fclose(f);
}

real_result real_run(const char *program, const char *arg1, const char *arg2, const char *env1, const char *env2) {
    const char *const argv[4] = {program, arg1, arg2, NULL};
    real_result r;
    struct rusage use;
    int out[2], status;
    const char *err = real_file("stderr");
    memset(&r, 0, sizeof r);
    if (pipe(out) != 0) abort();
    pid_t pid = real_fork();
    if (pid == 0) {
        set(env1);
        set(env2);
        exec_to(out[1], err, argv);
    }
    close(out[1]);
    take_output(out[0], &r);
    close(out[0]);
    if (wait4(pid, &status, 0, &use) != pid) abort();
    r.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    r.rss_kb = use.ru_maxrss;
    take_file(err, r.err, sizeof r.err);
    return r;
}

real_result real_get(const char *url, const char *path, const char *env1, const char *env2) {
    return real_run("get", url, path, env1, env2);
}

/* ---- running ----------------------------------------------------------------------------------------------------- */

uint32_t real_ms(void) {
    const det_port *p = det_posix_port();
    return p->now_ms(p->ctx);
}

int real_fds(void) {
    int n = 0;
    for (int fd = 0; fd < 256; fd++) n += fcntl(fd, F_GETFD) != -1;
    return n;
}

/* Of the machine's own settings nothing may matter. */
static void clear_environment(void) {
    static const char *const names[] = {"DET_MASTER", "DET_MASTER_ADDR", "DET_USER", "DET_PASS", "DET_USER_TOKEN",
                                        "DET_MASTER_CERT_FILE", "DET_MASTER_CERT_NAME"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) unsetenv(names[i]);
    setenv("SSL_CERT_FILE", "/dev/null", 1);
}

static int run_one(const unit_test *t, int *failures) {
    int fds = real_fds();
    unit_failures = *failures = 0;
    memset(&real_lines, 0, sizeof real_lines);
    t->run();
    CHECK_INT(real_fds(), fds);
    CHECK(waitpid(-1, NULL, WNOHANG) < 0 && "no process is left behind");
    int good = unit_failures == 0 && *failures == 0;
    if (!good) fprintf(stderr, "FAIL %s\n", t->name);
    return good;
}

int real_main(const char *self, const unit_test *t, size_t n, int *failures) {
    size_t passed = 0;
    const char *only = getenv("ONLY"); /* part of a test's name */
    const char *tmp = getenv("TMPDIR");
    snprintf(real_dir, sizeof real_dir, "%s/det-real-XXXXXX", tmp && strlen(tmp) < 32 ? tmp : "/tmp");
    if (!mkdtemp(real_dir)) return 2;
    set_bin_dir(self);
    clear_environment();
    for (size_t i = 0; i < n; i++) {
        if (only && !strstr(t[i].name, only)) passed++;
        else passed += (size_t)run_one(&t[i], failures);
    }
    remove_dir();
    printf("%zu passed, %zu failed\n", passed, n - passed);
    return passed == n ? 0 : 1;
}
