/* SPDX-License-Identifier: Apache-2.0
 * Replays recordings of a real master against the test master: same request bytes (tokens and ids replaced), same
 * status, headers and body (rules: replay_json.c).
 *
 *   replay [--verbose] [MASTER [DIRECTORY]]        default: the det-master beside this program, tests/recordings
 *
 * A request leaves when its first answer's turn comes in the recording, so what the answer depends on has happened and
 * no more; requests sent in one block leave in one write. Each exchange is a test; the last line is the count. */
#include "replay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CONNS = 64, TIMEOUT_MS = 10000 };

/* The password that the recordings' user had. */
static const char USER[] =
    "determined:65f95252be327f793d2b8a4b0b8bc54b56c21c2850c312927efdd67e210490cf7079f415767d910e333a2500b08a0b67321c8745996a9ec2f28cf37401d49346";

typedef struct side {
    int fd;       /* -1: not connected */
    bytes unsent; /* recorded request bytes whose answer has not come yet */
    bytes rec;    /* recorded answer bytes not yet compared */
    bytes live;   /* live answer bytes not yet compared */
    bool eof, reset;
} side;

typedef struct play {
    const char *name;
    int port;
    pid_t master;
    char token[1024];
    id_map ids;
    side conn[CONNS];
    int passed, failed;
} play;

static bool verbose;

/* ---- small things ---- */

static void check(play *p, bool good, const char *what, const char *why) {
    if (good) p->passed++;
    else p->failed++;
    if (!good) printf("FAIL %s: %s: %s\n", p->name, what, why);
    else if (verbose) printf("ok   %s: %s\n", p->name, what);
}

/* ---- the live side ---- */

static bool open_conn(play *p, side *s) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)p->port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (s->fd >= 0) return true;
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    s->eof = s->reset = false;
    return s->fd >= 0 && connect(s->fd, (struct sockaddr *)&a, sizeof a) == 0;
}

static bool receive(side *s) {
    char piece[65536];
    struct pollfd f = {.fd = s->fd, .events = POLLIN};
    if (poll(&f, 1, TIMEOUT_MS) != 1) return false;
    ssize_t n = recv(s->fd, piece, sizeof piece, 0);
    if (n < 0) s->reset = errno == ECONNRESET;
    if (n <= 0) s->eof = true;
    if (n > 0) bytes_add(&s->live, piece, (size_t)n);
    return true;
}

static void send_all(side *s, const char *data, size_t n) {
    while (n) {
        ssize_t k = send(s->fd, data, n, MSG_NOSIGNAL);
        if (k <= 0) return;
        data += k;
        n -= (size_t)k;
    }
}

/* Nothing may be left over on either side when a connection ends. */
static void close_conn(play *p, side *s) {
    if (s->unsent.n || s->rec.n || s->live.n) check(p, false, "end of a connection", "bytes left that were not compared");
    if (s->fd >= 0) close(s->fd);
    s->fd = -1;
    bytes_free(&s->unsent);
    bytes_free(&s->rec);
    bytes_free(&s->live);
}

/* ---- requests: tokens and ids replaced ---- */

typedef struct place {
    const char *before;
    id_kind kind;
} place;

static const place PLACES[] = {
    {"/trials/", ID_TRIAL}, {"/runs/", ID_TRIAL}, {"/experiments/", ID_EXPERIMENT}, {"trialIds=", ID_TRIAL},
    {"\"trialId\": ", ID_TRIAL}, {"\"trialId\":", ID_TRIAL}, {"\"runId\": ", ID_TRIAL}, {"\"experimentId\": ", ID_EXPERIMENT},
    {"\"storageId\": ", ID_STORAGE}, {"\"taskId\": \"", ID_EXPERIMENT}, {"\"task_id\": \"", ID_EXPERIMENT},
};

static size_t known_id(const play *p, const char *at, const char *from, const char *end, const char **live) {
    char id[32];
    size_t n = 0;
    while (at + n < end && n < 20 && at[n] >= '0' && at[n] <= '9') n++;
    snprintf(id, sizeof id, "%.*s", (int)n, at);
    for (size_t i = 0; n && i < sizeof PLACES / sizeof *PLACES; i++) {
        size_t k = strlen(PLACES[i].before);
        if ((size_t)(at - from) < k || memcmp(at - k, PLACES[i].before, k)) continue;
        *live = map_find(&p->ids, PLACES[i].kind, id);
        return *live ? n : 0;
    }
    return 0;
}

static void rewrite(const play *p, const char *from, const char *end, bytes *out) {
    for (const char *at = from; at < end;) {
        const char *live = NULL;
        size_t n = known_id(p, at, from, end, &live);
        if (n) {
            bytes_add(out, live, strlen(live));
            at += n;
        } else if (end - at >= 5 && !memcmp(at, "TOKEN", 5)) {
            bytes_add(out, p->token, strlen(p->token));
            at += 5;
        } else {
            bytes_add(out, at++, 1);
        }
    }
}

/* The first request in b, rewritten into out; the bytes it took. */
static size_t rewrite_request(const play *p, const bytes *b, bytes *out) {
    const char *end = memmem(b->p, b->n, "\r\n\r\n", 4);
    if (!end) {
        rewrite(p, b->p, b->p + b->n, out);
        return b->n;
    }
    size_t head = (size_t)(end - b->p) + 4;
    const char *len = find_header(b->p, head, "Content-Length");
    size_t n = len ? strtoul(len, NULL, 10) : 0;
    bytes body = {0};
    if (n > b->n - head) n = b->n - head;
    rewrite(p, b->p + head, b->p + head + n, &body);
    if (len) {
        char number[32];
        rewrite(p, b->p, len, out);
        snprintf(number, sizeof number, "%zu", body.n);
        bytes_add(out, number, strlen(number));
        rewrite(p, len + strspn(len, "0123456789"), b->p + head, out);
    } else {
        rewrite(p, b->p, b->p + head, out);
    }
    bytes_add(out, body.p, body.n);
    bytes_free(&body);
    return head + n;
}

/* ---- one exchange after another ---- */

static void send_unsent(play *p, side *s) {
    bytes out = {0};
    if (!s->unsent.n) return;
    if (!open_conn(p, s)) check(p, false, "connect", strerror(errno));
    while (s->unsent.n) bytes_drop(&s->unsent, rewrite_request(p, &s->unsent, &out));
    send_all(s, out.p, out.n);
    bytes_free(&out);
}

static void learn_token(play *p, const answer *a) {
    const char *t = a->body.n ? strstr(a->body.p, "{\"token\":\"") : NULL;
    if (t) snprintf(p->token, sizeof p->token, "%.*s", (int)strcspn(t + 10, "\""), t + 10);
}

static bool live_answer(side *s, answer *a) {
    size_t n;
    while (!(n = take_answer(a, &s->live, s->eof)))
        if (s->eof || !receive(s)) return false;
    bytes_drop(&s->live, n);
    return true;
}

static void compare_answers(play *p, side *s) {
    answer rec, live;
    size_t n;
    char why[4096], what[160];
    while ((n = take_answer(&rec, &s->rec, true))) {
        bytes_drop(&s->rec, n);
        snprintf(what, sizeof what, "answer %.60s %.90s", rec.status, rec.body.p);
        if (!live_answer(s, &live)) {
            check(p, false, what, "no answer");
            bytes_free(&rec.body);
            return;
        }
        if (!strncmp(live.status, "200", 3)) learn_token(p, &live);
        check(p, answers_equal(&p->ids, &rec, &live, why, sizeof why), what, why);
        bytes_free(&rec.body);
        bytes_free(&live.body);
    }
}

/* "=== conn N closed by server", "=== conn N server side reset": so does the live one, saying nothing before. */
static void ended(play *p, side *s, const char *how) {
    if (strstr(how, "server side reset")) {
        send_unsent(p, s);
        while (s->fd >= 0 && !s->eof && receive(s)) continue;
        check(p, s->reset && !s->live.n, "reset without an answer", s->eof ? "closed" : "silent");
    }
    if (strstr(how, "closed by client") || strstr(how, "closed by server") || strstr(how, "reset")) close_conn(p, s);
}

static void block(play *p, bool client, int id, const char *data, size_t n) {
    side *s = &p->conn[id];
    if (client) {
        bytes_add(&s->unsent, data, n);
        return;
    }
    send_unsent(p, s);
    bytes_add(&s->rec, data, n);
    compare_answers(p, s);
}

static bool marker(const char *p, const char *end) {
    return end - p > 9 && (!memcmp(p, "=== ", 4) || !memcmp(p, ">>> conn ", 9) || !memcmp(p, "<<< conn ", 9));
}

static void run_events(play *p, const bytes *f) {
    const char *at = f->p, *end = f->p + f->n;
    while (at < end) {
        const char *eol = memchr(at, '\n', (size_t)(end - at)), *data = eol + 1, *next = data;
        int id = 0;
        char line[256];
        snprintf(line, sizeof line, "%.*s", (int)(eol - at < 255 ? eol - at : 255), at);
        while (next < end && !(marker(next, end) && next[-1] == '\n')) next++;
        if (sscanf(line + 4, "conn %d", &id) == 1 && id > 0 && id < CONNS) {
            size_t n = next > data ? (size_t)(next - data) - 1 : 0; /* the last newline is the recorder's */
            if (*line == '=') ended(p, &p->conn[id], line);
            else block(p, *line == '>', id, data, n);
        }
        at = next;
    }
}

/* ---- before and after ---- */

static bool call(play *p, const char *method, const char *path, const char *body, answer *a) {
    side s = {.fd = -1};
    bytes out = {0};
    char head[2048];
    int n = snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\nContent-Length: %zu\r\n\r\n", method, path,
                     *p->token ? p->token : "none", strlen(body));
    bytes_add(&out, head, (size_t)n);
    bytes_add(&out, body, strlen(body));
    bool good = open_conn(p, &s);
    if (good) send_all(&s, out.p, out.n);
    good = good && live_answer(&s, a) && !strncmp(a->status, "200", 3);
    bytes_free(&out);
    close_conn(p, &s);
    return good;
}

static bool step(play *p, const char *method, const char *path, const char *body) {
    answer a = {0};
    bool good = call(p, method, path, body, &a);
    if (good) learn_token(p, &a);
    bytes_free(&a.body);
    return good;
}

static bool login(play *p) {
    char body[512];
    snprintf(body, sizeof body, "{\"username\":\"determined\",\"password\":\"%s\",\"isHashed\":true}", strchr(USER, ':') + 1);
    return step(p, "POST", "/api/v1/auth/login", body);
}

/* pipelined_110 begins with a started trial 9 of experiment 6; live they are the first of each. */
static bool started_trial(play *p) {
    map_pair(&p->ids, ID_EXPERIMENT, "6", "1");
    map_pair(&p->ids, ID_TRIAL, "9", "1");
    return step(p, "POST", "/api/v1/experiments", "{\"config\":\"{\\\"searcher\\\":{\\\"name\\\":\\\"single\\\",\\\"metric\\\":\\\"loss\\\"}}\",\"unmanaged\":true}") &&
           step(p, "POST", "/api/v1/trials", "{\"experimentId\":1,\"hparams\":{},\"unmanaged\":true}") &&
           step(p, "POST", "/api/v1/trials/1/start", "{\"trialId\":1,\"resume\":true}");
}

/* lists_paged begins with three experiments: 1 completed, 2 of no matter, 3 by an external id and running; each with a
 * trial. The test master numbers its own alike. */
static bool three_experiments(play *p) {
#define CONFIG(name) "\"config\":\"{\\\"name\\\":\\\"" name "\\\",\\\"searcher\\\":{\\\"name\\\":\\\"single\\\",\\\"metric\\\":\\\"loss\\\"}," \
    "\\\"checkpoint_storage\\\":{\\\"type\\\":\\\"directory\\\",\\\"container_path\\\":\\\"ckpt\\\"}}\",\"unmanaged\":true"
    return step(p, "POST", "/api/v1/experiments", "{" CONFIG("duplicates") "}") &&
           step(p, "POST", "/api/v1/trials", "{\"experimentId\":1,\"hparams\":{},\"unmanaged\":true}") &&
           step(p, "POST", "/api/v1/trials/1/start", "{\"trialId\":1,\"resume\":true}") &&
           step(p, "POST", "/api/v1/trials/1/progress", "{\"trialId\":1,\"progress\":1}") &&
           step(p, "PATCH", "/api/v1/trials/1", "{\"trialId\":1,\"state\":\"STATE_COMPLETED\"}") &&
           step(p, "POST", "/api/v1/experiments", "{" CONFIG("checkpoints") "}") &&
           step(p, "POST", "/api/v1/trials", "{\"experimentId\":2,\"hparams\":{},\"unmanaged\":true}") &&
           step(p, "PUT", "/api/v1/experiments/by-external-id/recording-logs", "{" CONFIG("logs") "}") &&
           step(p, "POST", "/api/v1/trials", "{\"experimentId\":3,\"hparams\":{},\"unmanaged\":true}") &&
           step(p, "POST", "/api/v1/trials/3/start", "{\"trialId\":3,\"resume\":true}");
#undef CONFIG
}

static bool start_master(play *p, const char *program) {
    int pipe_fd[2];
    char line[256] = "";
    size_t n = 0;
    if (pipe(pipe_fd)) return false;
    p->master = fork();
    if (p->master == 0) {
        dup2(pipe_fd[1], 1);
        close(pipe_fd[0]);
        close(pipe_fd[1]);
        execl(program, program, "--user-hash", USER, (char *)NULL);
        _exit(127);
    }
    close(pipe_fd[1]);
    while (n < sizeof line - 1 && read(pipe_fd[0], line + n, 1) == 1 && line[n] != '\n') n++;
    char *colon = strrchr(line, ':');
    p->port = colon ? atoi(colon + 1) : 0;
    close(pipe_fd[0]);
    return p->master > 0 && p->port > 0;
}

static void end_master(play *p) {
    int status = 0;
    if (p->master <= 0) return;
    kill(p->master, SIGTERM);
    waitpid(p->master, &status, 0);
    check(p, WIFEXITED(status) && WEXITSTATUS(status) == 0, "the master ends cleanly on SIGTERM", "it did not");
}

static bool load(const char *dir, const char *name, bytes *f) {
    char path[4096], piece[65536];
    size_t n;
    snprintf(path, sizeof path, "%s/%s.txt", dir, name);
    FILE *in = fopen(path, "rb");
    if (!in) return false;
    while ((n = fread(piece, 1, sizeof piece, in))) bytes_add(f, piece, n);
    fclose(in);
    return f->n > 0;
}

static void play_one(play *p, const char *program, const char *dir) {
    bytes f = {0};
    bool ready = load(dir, p->name, &f) && start_master(p, program);
    for (int i = 0; i < CONNS; i++) p->conn[i].fd = -1;
    check(p, ready, "recording and master are there", strerror(errno));
    if (ready && !strstr(f.p, "POST /api/v1/auth/login")) check(p, login(p), "login", "refused");
    if (ready && !strcmp(p->name, "pipelined_110")) check(p, started_trial(p), "a started trial", "refused");
    if (ready && !strcmp(p->name, "lists_paged")) check(p, three_experiments(p), "three experiments", "refused");
    if (ready) run_events(p, &f);
    for (int i = 0; i < CONNS; i++) close_conn(p, &p->conn[i]);
    end_master(p);
    map_free(&p->ids);
    bytes_free(&f);
}

int main(int argc, char **argv) {
    static const char *const NAMES[] = {"login_and_errors", "detached_external_ids", "detached_no_external_ids", "error_shapes",
                                        "pipelined_110", "duplicates_and_stale", "fence_and_rewind", "checkpoints", "lists_paged"};
    char beside[4096];
    int passed = 0, failed = 0;
    if (argc > 1 && !strcmp(argv[1], "--verbose")) {
        verbose = true;
        argv++;
        argc--;
    }
    const char *slash = strrchr(argv[0], '/');
    snprintf(beside, sizeof beside, "%.*sdet-master", slash ? (int)(slash - argv[0]) + 1 : 0, argv[0]);
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        play *p = calloc(1, sizeof *p);
        if (!p) abort();
        p->name = NAMES[i];
        play_one(p, argc > 1 ? argv[1] : beside, argc > 2 ? argv[2] : "tests/recordings");
        printf("%-26s %4d passed, %d failed\n", p->name, p->passed, p->failed);
        passed += p->passed;
        failed += p->failed;
        free(p);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed != 0;
}
