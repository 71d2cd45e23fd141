/* SPDX-License-Identifier: Apache-2.0
 * src/cli/chain.c against real `openssl s_server`s on loopback; what it learns is compared with what openssl says of the
 * same files. Needs the openssl command. */
#define _DEFAULT_SOURCE 1
#define _DARWIN_C_SOURCE 1
#include "cli/chain.h"

#include "unit.h"

#if DET_TLS
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certs.h"

static char dir[128];
static det__err err;
static pid_t server;

/* What a shell command prints, without its last line end when asked for. */
static const char *shell(const char *format, const char *name) {
    static char text[4][16384];
    static unsigned turn;
    char cmd[1024], rest[512], *t = text[turn++ % 4];
    snprintf(rest, sizeof rest, format, name);
    snprintf(cmd, sizeof cmd, "cd '%s' && %s", dir, rest);
    FILE *p = popen(cmd, "r");
    if (!p) abort();
    t[fread(t, 1, sizeof text[0] - 1, p)] = 0;
    pclose(p);
    return t;
}

/* A server with options of s_server; its port. It takes TLS 1.3 where this mbedTLS speaks it, unless told otherwise. */
static uint16_t serve(const char *cert, const char *more) {
    int out[2];
    char line[256] = "", script[1024];
    if (pipe(out) != 0) abort();
    snprintf(script, sizeof script,
             "cd '%s' && exec openssl s_server -accept 127.0.0.1:0 -cert %s.pem -key %s.key %s -www 2>/dev/null",
             dir, cert, cert, more);
    server = fork();
    if (server == 0) {
        dup2(out[1], 1);
        close(out[0]);
        close(out[1]);
        execl("/bin/sh", "sh", "-c", script, (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    for (size_t n = 0; n + 1 < sizeof line && read(out[0], line + n, 1) == 1; n++)
        if (line[n] == '\n' && strstr(line, "ACCEPT")) break;
    /* out[0] stays open: it must not die of a broken pipe */
    const char *at = strstr(line, "ACCEPT");
    at = at ? strchr(at, ':') : NULL;
    CHECK(at != NULL);
    return at ? (uint16_t)strtoul(at + 1, NULL, 10) : 1;
}

static void end(void) {
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
}

static int fetch(det__chain *c, const char *host, uint16_t port) {
    char text[64];
    det__url url;
    snprintf(text, sizeof text, "https://%s:%u", host, (unsigned)port);
    CHECK_INT(det__url_parse(&url, text), DET_OK);
    err.text[0] = 0;
    return det__chain_fetch(c, &url, 5000, &err);
}

static void check_chain(const char *cert, const char *more, const char *host) {
    det__chain c;
    uint16_t port = serve(cert, more);
    CHECK_INT(fetch(&c, host, port), DET_OK);
    end();
    CHECK_STR(err.text, "");
    CHECK_STR(c.pem, shell("cat %s.pem", cert));
    CHECK_STR(c.fingerprint, shell("openssl x509 -in %s.pem -noout -fingerprint -sha256 | sed 's/.*=//' | tr 'A-F\\n' 'a-f ' "
                                   "| tr -d ' '", cert));
    CHECK_INT(strlen(c.fingerprint), 95);
    free(c.pem);
}

static void a_chain_comes_whole_and_in_its_order(void) {
    CHECK(strstr(strstr(shell("cat %s.pem", "under"), "-----END"), "-----BEGIN") != NULL); /* two of them */
    check_chain("under", "-cert_chain mid.pem -tls1_2", "localhost");
    check_chain("under", "-cert_chain mid.pem", "localhost");
}

static void whatever_would_be_refused_is_shown(void) {
    check_chain("self", "", "localhost");
    check_chain("expired", "", "localhost");
    check_chain("wrong", "", "127.0.0.1");
    check_chain("rsa", "-tls1_2", "127.0.0.1");
}

/* A socket that listens; its port. */
static int listen_on(uint16_t *port) {
    struct sockaddr_in a;
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(fd, (struct sockaddr *)&a, sizeof a) == 0 && listen(fd, 4) == 0);
    getsockname(fd, (struct sockaddr *)&a, &n);
    *port = ntohs(a.sin_port);
    return fd;
}

static void a_server_without_tls_is_told_in_dets_words(void) {
    static const char bad[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
    det__chain c;
    uint16_t port;
    int fd = listen_on(&port);
    pid_t pid = fork();
    if (pid == 0) {
        char head[512];
        int conn = accept(fd, NULL, NULL);
        if (read(conn, head, sizeof head) < 0 || write(conn, bad, sizeof bad - 1) < 0) _exit(1);
        _exit(0);
    }
    CHECK_INT(fetch(&c, "127.0.0.1", port), DET_E_TLS);
    CHECK_STR(err.text, "Tried to connect over HTTPS but couldn't get a certificate from the master; consider using HTTP");
    CHECK(c.pem == NULL);
    waitpid(pid, NULL, 0);
    close(fd);
}

static void a_server_that_is_not_there_is_told(void) {
    det__chain c;
    uint16_t port;
    close(listen_on(&port));
    CHECK_INT(fetch(&c, "127.0.0.1", port), DET_E_CONNECT);
    CHECK(strstr(err.text, "127.0.0.1 port ") && strstr(err.text, "cannot connect"));
}

static void a_silent_server_takes_no_longer_than_the_budget(void) {
    det__chain c;
    det__url url;
    char text[64];
    uint16_t port;
    int fd = listen_on(&port);
    snprintf(text, sizeof text, "https://127.0.0.1:%u", (unsigned)port);
    CHECK_INT(det__url_parse(&url, text), DET_OK);
    CHECK_INT(det__chain_fetch(&c, &url, 120, &err), DET_E_TIMEOUT);
    CHECK(strstr(err.text, "no answer in time") != NULL);
    close(fd);
}

static const unit_test TESTS[] = {
    TEST(a_chain_comes_whole_and_in_its_order),
    TEST(whatever_would_be_refused_is_shown),
    TEST(a_server_without_tls_is_told_in_dets_words),
    TEST(a_server_that_is_not_there_is_told),
    TEST(a_silent_server_takes_no_longer_than_the_budget),
};

int main(void) {
    alarm(120); /* whatever hangs */
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/det_chain_XXXXXX", tmp && strlen(tmp) < 64 ? tmp : P_tmpdir);
    if (!mkdtemp(dir) || certs_make(dir) != 0) {
        fprintf(stderr, "cannot make certificates in %s: is openssl installed?\n", dir);
        return 1;
    }
    int bad = unit_main(TESTS, sizeof TESTS / sizeof TESTS[0]);
    (void)shell("rm -rf '%s'", dir);
    return bad;
}

#else

static void a_build_without_tls_says_so(void) {
    det__chain c;
    det__err e;
    det__url url;
    CHECK_INT(det__url_parse(&url, "https://h"), DET_OK);
    CHECK_INT(det__chain_fetch(&c, &url, 10, &e), DET_E_NO_TLS);
    CHECK(strstr(e.text, "no TLS") != NULL);
    CHECK(c.pem == NULL);
}

static const unit_test TESTS[] = {TEST(a_build_without_tls_says_so)};

UNIT_MAIN(TESTS)
#endif
