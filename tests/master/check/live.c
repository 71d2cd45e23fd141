/* SPDX-License-Identifier: Apache-2.0
 * The test master as a process: does it misbehave exactly as told, keep order, count right. Usage: master-check MASTER.
 * Each test starts its own master on a free loopback port and ends it. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "unit/unit.h"

static const char *program;
static pid_t master;
static int port;
static char token[1024];

typedef struct text {
    char p[1 << 20];
    size_t n;
    bool eof, reset;
} text;
static text got;

static long now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int dial(void) {
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0);
    return fd;
}

static void say(int fd, const char *s) {
    CHECK(send(fd, s, strlen(s), MSG_NOSIGNAL) == (ssize_t)strlen(s));
}

/* Reads until EOF, until `want` bytes, or until ms of silence; got holds what came. */
static void hear(int fd, size_t want, int ms) {
    struct pollfd f = {.fd = fd, .events = POLLIN};
    memset(&got, 0, sizeof got);
    while (got.n < want && poll(&f, 1, ms) == 1) {
        ssize_t k = recv(fd, got.p + got.n, sizeof got.p - 1 - got.n, 0);
        if (k <= 0) {
            got.eof = true;
            got.reset = k < 0 && errno == ECONNRESET;
            return;
        }
        got.n += (size_t)k;
    }
}

/* One whole exchange on a connection of its own; the answer is in got. */
static void ask(const char *method, const char *path, const char *body) {
    char head[2048];
    int fd = dial();
    snprintf(head, sizeof head, "%s %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\nAuthorization: Bearer %s\r\nContent-Length: %zu\r\n\r\n", method, path,
             *token ? token : "none", strlen(body));
    say(fd, head);
    say(fd, body);
    hear(fd, sizeof got.p - 1, 5000);
    close(fd);
}

static void fault(const char *rules) {
    char body[1024];
    snprintf(body, sizeof body, "{\"clear\":true,\"rules\":[%s]}", rules);
    ask("POST", "/test/faults", body);
    CHECK(strstr(got.p, "200 OK") != NULL);
}

static bool start(const char *a, const char *b) {
    int p[2];
    char line[256] = "";
    size_t n = 0;
    if (pipe(p)) return false;
    master = fork();
    if (master == 0) {
        dup2(p[1], 1);
        close(p[0]);
        close(p[1]);
        execl(program, program, "--user", "u:pw", a, b, (char *)NULL);
        _exit(127);
    }
    close(p[1]);
    while (n < sizeof line - 1 && read(p[0], line + n, 1) == 1 && line[n] != '\n') n++;
    close(p[0]);
    port = strrchr(line, ':') ? atoi(strrchr(line, ':') + 1) : 0;
    *token = 0;
    CHECK(port > 0);
    return port > 0;
}

static void stop(void) {
    int status = -1;
    kill(master, SIGTERM);
    waitpid(master, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void login(void) {
    ask("POST", "/api/v1/auth/login", "{\"username\":\"u\",\"password\":\"pw\"}");
    const char *t = strstr(got.p, "\"token\":\"");
    CHECK(t != NULL);
    if (t) snprintf(token, sizeof token, "%.*s", (int)strcspn(t + 9, "\""), t + 9);
}

static void with_trial(const char *a, const char *b) {
    start(a, b);
    login();
    ask("POST", "/api/v1/experiments", "{\"config\":\"{\\\"searcher\\\":{\\\"name\\\":\\\"single\\\",\\\"metric\\\":\\\"loss\\\"}}\",\"unmanaged\":true}");
    ask("POST", "/api/v1/trials", "{\"experimentId\":1,\"hparams\":{},\"unmanaged\":true}");
    ask("POST", "/api/v1/trials/1/start", "{\"trialId\":1,\"resume\":true}");
    CHECK(strstr(got.p, "{\"trialRunId\":1,") != NULL);
}

static char *report(int step) {
    static char s[2048];
    char body[256];
    int n = snprintf(body, sizeof body, "{\"group\":\"training\",\"metrics\":{\"trialRunId\":1,\"stepsCompleted\":%d,\"metrics\":{\"avgMetrics\":{\"loss\":%d}}}}", step, step);
    snprintf(s, sizeof s, "POST /api/v1/trials/1/metrics HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n%s", token, n, body);
    return s;
}

static int stored(void) {
    int n = -1;
    ask("GET", "/test/trials/1", "");
    const char *p = strstr(got.p, "\"reports\":");
    if (p) n = atoi(p + 10);
    return n;
}

static long count(const char *name) {
    ask("GET", "/test/stats", "");
    const char *p = strstr(got.p, name);
    return p ? atol(p + strlen(name) + 1) : -1;
}

static const char INFO[] = "GET /info HTTP/1.1\r\nHost: h\r\n\r\n";

static size_t info_len(void) {
    int fd = dial();
    say(fd, INFO);
    hear(fd, 400, 100);
    close(fd);
    return got.n;
}

static void closes_after_exactly_so_many_bytes(void) {
    char rule[128];
    start(NULL, NULL);
    size_t whole = info_len();
    for (size_t n = 0; n < whole; n += 7) {
        snprintf(rule, sizeof rule, "{\"path\":\"/info\",\"close_at\":%zu}", n);
        fault(rule);
        int fd = dial();
        say(fd, INFO);
        hear(fd, sizeof got.p, 3000);
        CHECK_INT(got.n, n);
        CHECK(got.eof && !got.reset);
        close(fd);
    }
    stop();
}

static void resets_and_stalls_where_told(void) {
    start(NULL, NULL);
    size_t whole = info_len();
    fault("{\"path\":\"/info\",\"reset_at\":10}");
    int fd = dial();
    say(fd, INFO);
    hear(fd, sizeof got.p, 3000);
    CHECK(got.reset);
    close(fd);
    fault("{\"path\":\"/info\",\"stall_at\":10}");
    fd = dial();
    say(fd, INFO);
    hear(fd, sizeof got.p, 150);
    CHECK(got.n == 10 && !got.eof);
    close(fd);
    fault("{\"path\":\"/info\",\"half\":true}");
    fd = dial();
    say(fd, INFO);
    hear(fd, sizeof got.p, 150);
    CHECK(got.n == whole / 2 && !got.eof);
    close(fd);
    stop();
}

static void can_stay_silent(void) {
    start("--fault", "{\"path\":\"/info\",\"never\":true}");
    int fd = dial();
    say(fd, INFO);
    hear(fd, 1, 150);
    CHECK(got.n == 0 && !got.eof);
    close(fd);
    stop();
}

static void every_second_report_is_a_503_and_undone(void) {
    with_trial(NULL, NULL);
    fault("{\"path\":\"/metrics\",\"every\":2,\"status\":503,\"retry_after\":7}");
    int fd = dial();
    for (int i = 0; i < 4; i++) {
        say(fd, report(i));
        hear(fd, 100, 3000);
        CHECK(strstr(got.p, i % 2 ? "503 Service Unavailable" : "200 OK") != NULL);
        CHECK((strstr(got.p, "Retry-After: 7\r\n") != NULL) == (i % 2 == 1));
    }
    close(fd);
    CHECK_INT(stored(), 2);
    stop();
}

static void a_commit_error_may_have_stored(void) {
    with_trial(NULL, NULL);
    fault("{\"path\":\"/metrics\",\"status\":500,\"text\":\"failed to commit transaction: x\",\"commit\":true}");
    int fd = dial();
    say(fd, report(1));
    hear(fd, 100, 3000);
    CHECK(strstr(got.p, "500 Internal Server Error") && strstr(got.p, "failed to commit transaction: x"));
    close(fd);
    CHECK_INT(stored(), 1);
    stop();
}

static void a_client_that_leaves_cancels_its_report(void) {
    with_trial(NULL, NULL);
    fault("{\"path\":\"/metrics\",\"delay_ms\":100}");
    int fd = dial();
    say(fd, report(1));
    usleep(20000);
    close(fd);
    usleep(200000);
    CHECK_INT(stored(), 0);
    fault("{\"path\":\"/metrics\",\"delay_ms\":100,\"late\":true}");
    fd = dial();
    say(fd, report(1));
    usleep(20000);
    struct linger l = {1, 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    close(fd);
    usleep(20000);
    CHECK_INT(stored(), 0);
    usleep(200000);
    CHECK_INT(stored(), 1);
    stop();
}

static void a_half_closed_queue_runs_on_and_a_reset_one_does_not(void) {
    with_trial("--report-delay", "20");
    for (int reset = 0; reset < 2; reset++) {
        int before = stored(), fd = dial();
        for (int i = 0; i < 10; i++) say(fd, report(100 * (reset + 1) + i));
        usleep(50000);
        if (reset) {
            struct linger l = {1, 0};
            setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
            close(fd);
            usleep(300000);
            int n = stored() - before;
            CHECK(n >= 1 && n <= 4);
        } else {
            shutdown(fd, SHUT_WR);
            hear(fd, sizeof got.p, 2000);
            CHECK(strstr(got.p, "408 Request Timeout") != NULL && got.eof);
            close(fd);
            CHECK_INT(stored() - before, 9);
        }
    }
    stop();
}

static void a_pipeline_keeps_its_order_around_a_delay(void) {
    char all[16384] = "";
    with_trial(NULL, NULL);
    fault("{\"path\":\"/info\",\"answer_ms\":60}");
    strcat(all, report(1));
    strcat(all, INFO);
    strcat(all, report(2));
    strcat(all, "GET /api/v1/nope HTTP/1.1\r\nHost: h\r\n\r\n");
    long t = now();
    int fd = dial();
    say(fd, all);
    hear(fd, sizeof got.p, 200);
    CHECK(now() - t >= 60);
    const char *a = strstr(got.p, "{}"), *b = strstr(got.p, "cluster_id"), *c = b ? strstr(b, "{}") : NULL, *d = strstr(got.p, "Not Implemented\"");
    CHECK(a && b && c && d && a < b && b < c && c < d);
    close(fd);
    stop();
}

static void a_slow_client_connection_holds_up_no_other(void) {
    start("--fault", "{\"path\":\"/info\",\"delay_ms\":400,\"count\":1}");
    int slow = dial(), fast = dial();
    say(slow, INFO);
    usleep(20000);
    long t = now();
    say(fast, INFO);
    hear(fast, 300, 2000);
    CHECK(got.n > 300 && now() - t < 300);
    hear(slow, 300, 2000);
    CHECK(got.n > 300);
    close(slow);
    close(fast);
    stop();
}

static void bytes_can_be_slow_and_garbage(void) {
    start("--fault", "[{\"path\":\"/info\",\"slow_bytes\":50,\"slow_ms\":20,\"count\":1},{\"path\":\"/info\",\"garbage\":33,\"count\":1},"
                     "{\"path\":\"/info\",\"raw\":\"HTTP/1.1 2x0\\r\\n\\r\\n\",\"count\":1}]");
    int fd = dial();
    long t = now();
    say(fd, INFO);
    hear(fd, sizeof got.p, 150);
    CHECK(now() - t >= 250 && strstr(got.p, "sso_providers"));
    say(fd, INFO);
    hear(fd, sizeof got.p, 1000);
    CHECK(got.n == 33 && got.eof);
    close(fd);
    fd = dial();
    say(fd, INFO);
    hear(fd, 16, 1000);
    CHECK_STR(got.p, "HTTP/1.1 2x0\r\n\r\n");
    say(fd, INFO);
    hear(fd, 300, 1000);
    CHECK(strstr(got.p, "200 OK") != NULL);
    close(fd);
    stop();
}

static void can_be_an_old_server_or_hang_up(void) {
    start("--fault", "[{\"path\":\"/info\",\"http10\":true,\"count\":1},{\"path\":\"/info\",\"hangup_ms\":30,\"count\":1},{\"path\":\"/info\",\"close\":true}]");
    static const char *const WANT[][2] = {{"HTTP/1.0 200", "Content-Length"}, {"HTTP/1.1 200", "Connection:"}, {"Connection: close\r\n", "HTTP/1.0"}};
    for (int i = 0; i < 3; i++) {
        int fd = dial();
        say(fd, INFO);
        hear(fd, sizeof got.p, 1000);
        CHECK(got.eof && strstr(got.p, WANT[i][0]) && !strstr(got.p, WANT[i][1]) && strstr(got.p, "sso_providers"));
        close(fd);
    }
    stop();
}

static void expect_continue_is_honoured(void) {
    start(NULL, NULL);
    int fd = dial();
    say(fd, "POST /task-logs HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    hear(fd, 25, 1000);
    CHECK_STR(got.p, "HTTP/1.1 100 Continue\r\n\r\n");
    say(fd, "[]");
    hear(fd, 100, 1000);
    CHECK(strstr(got.p, "200 OK") != NULL);
    close(fd);
    stop();
}

static void tokens_expire_and_idle_connections_end(void) {
    start("--token-life", "100");
    login();
    ask("GET", "/api/v1/me", "");
    CHECK(strstr(got.p, "200 OK") != NULL);
    usleep(130000);
    ask("GET", "/api/v1/me", "");
    CHECK(strstr(got.p, "401 Unauthorized") && strstr(got.p, "invalid credentials"));
    stop();
    start("--idle-close", "80");
    int fd = dial();
    say(fd, INFO);
    hear(fd, 300, 1000);
    long t = now();
    hear(fd, 1, 1000);
    CHECK(got.eof && now() - t >= 60 && now() - t < 900);
    close(fd);
    stop();
}

static void counts_what_was_asked_but_not_the_asking(void) {
    with_trial(NULL, NULL);
    CHECK_INT(count("\"requests\""), 4);
    CHECK_INT(count("\"connections\""), 4);
    int fd = dial();
    for (int i = 0; i < 3; i++) {
        say(fd, report(i));
        hear(fd, 100, 1000);
    }
    CHECK_INT(count("\"connections\""), 5);
    CHECK_INT(count("\"reports\""), 3);
    CHECK_INT(count("\"logins\""), 1);
    close(fd);
    stop();
}

static void refuses_what_go_refuses(void) {
    static const char *const S[][2] = {
        {"GET /info HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request: missing required Host header\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request: missing required Host header"},
        {"GET /info HTTP/1.1\r\nHost : h\r\n\r\n", "HTTP/1.1 400 Bad Request: invalid header name\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request: invalid header name"},
        {"nonsense\r\n\r\n", ""},
        {"\x16\x03\x01\x02\x01", ""}};
    start(NULL, NULL);
    for (size_t i = 0; i < 4; i++) {
        int fd = dial();
        say(fd, S[i][0]);
        hear(fd, sizeof got.p, 1000);
        CHECK(got.eof && !got.reset);
        CHECK_STR(got.p, S[i][1]);
        close(fd);
    }
    int fd = dial();
    say(fd, "OPTIONS /api/v1/me HTTP/1.1\r\nHost: h\r\n\r\nHEAD /api/v1/master HTTP/1.1\r\nHost: h\r\n\r\nGET //api/v1/me HTTP/1.1\r\nHost: h\r\n\r\nGET /api/v1/master/ HTTP/1.0\r\n\r\n");
    hear(fd, sizeof got.p, 1000);
    const char *a = strstr(got.p, "501 "), *b = a ? strstr(a + 4, "501 ") : NULL, *c = b ? strstr(b, "401 ") : NULL;
    CHECK(a && b && c && strstr(c, "HTTP/1.0 200 OK\r\n") && got.eof);
    close(fd);
    stop();
}

static bool file_has(const char *path, const char *s) {
    char all[4096] = "";
    FILE *f = fopen(path, "r");
    if (!f) return false;
    if (fread(all, 1, sizeof all - 1, f) == 0) *all = 0;
    fclose(f);
    return strstr(all, s) != NULL;
}

static void port_file_log_and_login_delay_do_what_they_say(void) {
    char dir[] = "/tmp/det-master-XXXXXX", path[64], number[16];
    CHECK(mkdtemp(dir) != NULL);
    snprintf(path, sizeof path, "%s/port", dir);
    start("--port-file", path);
    snprintf(number, sizeof number, "%d\n", port);
    CHECK(file_has(path, number));
    stop();
    unlink(path);
    snprintf(path, sizeof path, "%s/log", dir);
    with_trial("--log", path);
    CHECK(file_has(path, "\"method\":\"POST\",\"path\":\"/api/v1/trials/1/start\",\"query\":\"\",\"status\":200,\"body\":{\"trialId\":1,\"resume\":true}}\n"));
    stop();
    unlink(path);
    rmdir(dir);
    start("--login-delay", "120");
    long t = now();
    login();
    CHECK(now() - t >= 120);
    stop();
}

static void listens_on_ipv6_too_and_refuses_wrong_options(void) {
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    start("--ipv6", NULL);
    a.sin6_port = htons((unsigned short)port);
    int fd = socket(AF_INET6, SOCK_STREAM, 0), status = 0;
    if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) == 0) { /* a machine without ::1 has ended already */
        say(fd, INFO);
        hear(fd, 100, 1000);
        CHECK(strstr(got.p, "200 OK") != NULL);
    }
    if (fd >= 0) close(fd);
    stop();
    pid_t p = fork();
    if (p == 0) {
        close(2);
        execl(program, program, "--user-hash", "no-colon", (char *)NULL);
        _exit(127);
    }
    waitpid(p, &status, 0);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 2);
}

static const unit_test TESTS[] = {TEST(closes_after_exactly_so_many_bytes), TEST(resets_and_stalls_where_told), TEST(can_stay_silent),
                                  TEST(every_second_report_is_a_503_and_undone), TEST(a_commit_error_may_have_stored),
                                  TEST(a_client_that_leaves_cancels_its_report), TEST(a_half_closed_queue_runs_on_and_a_reset_one_does_not),
                                  TEST(a_pipeline_keeps_its_order_around_a_delay), TEST(a_slow_client_connection_holds_up_no_other),
                                  TEST(bytes_can_be_slow_and_garbage), TEST(can_be_an_old_server_or_hang_up),
                                  TEST(expect_continue_is_honoured), TEST(tokens_expire_and_idle_connections_end),
                                  TEST(counts_what_was_asked_but_not_the_asking), TEST(refuses_what_go_refuses), TEST(port_file_log_and_login_delay_do_what_they_say),
                                  TEST(listens_on_ipv6_too_and_refuses_wrong_options)};

int main(int argc, char **argv) {
    char beside[4096];
    const char *slash = strrchr(argv[0], '/');
    snprintf(beside, sizeof beside, "%.*sdet-master", slash ? (int)(slash - argv[0]) + 1 : 0, argv[0]);
    program = argc > 1 ? argv[1] : beside;
    return unit_main(TESTS, sizeof TESTS / sizeof *TESTS);
}
