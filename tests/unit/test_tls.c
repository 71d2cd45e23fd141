/* SPDX-License-Identifier: Apache-2.0
 * The TLS stream against real `openssl s_server`s on loopback, TLS 1.2 and 1.3, with certificates made on the spot; over
 * the POSIX port with a clock, counters, small pieces and faults put between. Needs the openssl command. */
#define _GNU_SOURCE 1
#include "det_config.h"
#include "unit.h"

#if DET_TLS
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <mbedtls/version.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "certs.h"
#include "det_posix.h"
#include "transport/stream.h"

#define HAS_13 (MBEDTLS_VERSION_NUMBER >= 0x03060000)
#define HAS_IP (MBEDTLS_VERSION_NUMBER >= 0x03050000)

static char dir[96];

/* ---- a port with things put between ------------------------------------------------------------------------------ */

static struct {
    det_port port;
    const det_port *real;
    int64_t utc_s;    /* 0: the real one */
    unsigned sends, recvs, opens, roots_reads;
    size_t piece;     /* most bytes a call moves; 0 any */
    unsigned again;   /* every n-th send or recv would block */
    unsigned calls, fail_at;
    int fail_code;
    int send_stuck;   /* sends move nothing */
    const char *roots;
} w;

static uint32_t w_now(void *c) {
    (void)c;
    return w.real->now_ms(w.real->ctx);
}
static int64_t w_utc(void *c) {
    (void)c;
    return w.utc_s ? w.utc_s : w.real->utc_s(w.real->ctx);
}
static int w_fault(void) {
    w.calls++;
    if (w.calls == w.fail_at) return w.fail_code;
    return w.again && w.calls % w.again == 0 ? DET_E_AGAIN : 0;
}
static int w_open(void *c, det_conn *conn, const char *host, uint16_t port, uint32_t ms) {
    (void)c;
    w.opens += conn->mem[0] == 0;
    return w.real->open(w.real->ctx, conn, host, port, ms);
}
static int w_send(void *c, det_conn *conn, const void *data, size_t len) {
    (void)c;
    int fault = w_fault();
    if (fault || w.send_stuck) return fault ? fault : DET_E_AGAIN;
    int n = w.real->send(w.real->ctx, conn, data, w.piece && len > w.piece ? w.piece : len);
    w.sends += n > 0;
    return n;
}
static int w_recv(void *c, det_conn *conn, void *data, size_t cap) {
    (void)c;
    int fault = w_fault();
    if (fault) return fault;
    int n = w.real->recv(w.real->ctx, conn, data, w.piece && cap > w.piece ? w.piece : cap);
    w.recvs += n > 0;
    return n;
}
static void w_close(void *c, det_conn *conn) {
    (void)c;
    w.real->close(w.real->ctx, conn);
}
static int w_entropy(void *c, void *data, size_t len) {
    (void)c;
    int fault = w_fault();
    return fault && fault != DET_E_AGAIN ? DET_E_ENTROPY : w.real->entropy(w.real->ctx, data, len);
}
static int w_roots(void *c, size_t at, void *data, size_t cap) {
    (void)c;
    w.roots_reads++;
    size_t len = strlen(w.roots), n = at < len ? len - at : 0;
    if (n > cap) n = cap;
    memcpy(data, w.roots + at, n);
    return (int)n;
}
static int w_no_roots(void *c, size_t at, void *data, size_t cap) {
    (void)c, (void)at, (void)data, (void)cap;
    return DET_E_IO;
}

static void w_reset(void) {
    memset(&w, 0, sizeof w);
    w.real = det_posix_port();
    w.roots = "";
    w.port = *w.real;
    w.port.now_ms = w_now;
    w.port.utc_s = w_utc;
    w.port.open = w_open;
    w.port.send = w_send;
    w.port.recv = w_recv;
    w.port.close = w_close;
    w.port.entropy = w_entropy;
    w.port.roots = w_roots;
}

/* mbedTLS's heap: calloc, taken over where the system allows it, fails at the n-th call. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define OWN_CALLOC 0
#endif
#endif
#if !defined(OWN_CALLOC) && defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__)
#define OWN_CALLOC 1
static unsigned callocs, calloc_fails_at;
extern void *__libc_calloc(size_t n, size_t size);
void *calloc(size_t n, size_t size) {
    if (++callocs == calloc_fails_at) return NULL;
    return __libc_calloc(n, size);
}
#else
#undef OWN_CALLOC
#define OWN_CALLOC 0
#endif

/* ---- servers ----------------------------------------------------------------------------------------------------- */

typedef struct server {
    pid_t pid;
    int out, in;
    uint16_t port;
} server;

static const char *file(const char *name, const char *suffix) {
    static char path[16][128];
    static int k;
    char *p = path[k++ & 15];
    snprintf(p, sizeof path[0], "%s/%s%s", dir, name, suffix);
    return p;
}

static const char *slurp(const char *name) {
    static char text[3][16384];
    static int k;
    char *t = text[k++ % 3];
    FILE *f = fopen(file(name, ".pem"), "r");
    CHECK(f != NULL);
    size_t n = f ? fread(t, 1, sizeof text[0] - 1, f) : 0;
    if (f) fclose(f);
    t[n] = 0;
    return t;
}

/* Start s_server with a certificate; mode "-www" (status page, then close) or "-rev" (reversed lines). It ends with us. */
static server serve_with(const char *cert, const char *version, const char *mode, const char *const *more) {
    server s = {-1, -1, -1, 0};
    int out[2], in[2];
    if (pipe(out) != 0 || pipe(in) != 0) return s;
    s.pid = fork();
    if (s.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        int null = open("/dev/null", O_WRONLY);
        dup2(null, 2);
        for (int fd = 3; fd < 64; fd++) close(fd);
        const char *arg[32] = {"openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", file(cert, ".pem"), "-key",
                               file(cert, ".key"), "-cert_chain", file(cert, ".pem")};
        int n = 10;
        if (version) arg[n++] = version;
        if (mode) arg[n++] = mode;
        while (more && *more) arg[n++] = *more++;
        execvp("openssl", (char *const *)(uintptr_t)arg);
        _exit(127);
    }
    close(out[1]);
    close(in[0]);
    s.out = out[0];
    s.in = in[1];
    char line[256];
    size_t n = 0;
    while (n + 1 < sizeof line && read(s.out, line + n, 1) == 1) {
        line[++n] = 0;
        if (line[n - 1] != '\n' || !strstr(line, "ACCEPT")) continue;
        const char *at = strchr(strstr(line, "ACCEPT"), ':'); /* told only when the port was left to the system */
        s.port = at ? (uint16_t)strtoul(at + 1, NULL, 10) : 1;
        break;
    }
    CHECK(s.port != 0);
    return s;
}

static server serve(const char *cert, const char *version, const char *mode) {
    return serve_with(cert, version, mode, NULL);
}

static void end(server *s) {
    if (s->pid > 0) {
        kill(s->pid, SIGKILL);
        waitpid(s->pid, NULL, 0);
    }
    if (s->out >= 0) close(s->out);
    if (s->in >= 0) close(s->in);
    s->pid = -1;
    s->out = s->in = -1;
}

/* A listening socket; with a reply, a child answers one connection's first bytes with it and closes. */
static server listen_plain(const char *reply) {
    server s = {-1, -1, -1, 0};
    struct sockaddr_in a;
    socklen_t len = sizeof a;
    memset(&a, 0, sizeof a);
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    s.in = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_INT(bind(s.in, (struct sockaddr *)(void *)&a, sizeof a), 0);
    CHECK_INT(listen(s.in, 8), 0);
    CHECK_INT(getsockname(s.in, (struct sockaddr *)(void *)&a, &len), 0);
    s.port = ntohs(a.sin_port);
    if (!reply) return s;
    s.pid = fork();
    if (s.pid == 0) {
        char b[2048];
        int fd = accept(s.in, NULL, NULL);
        if (read(fd, b, sizeof b) > 0 && *reply && write(fd, reply, strlen(reply)) < 0) _exit(1);
        close(fd);
        _exit(0);
    }
    return s;
}

/* ---- a client ---------------------------------------------------------------------------------------------------- */

static det__stream st;
static det__peer peer;
static char page[65536];

static void want(const char *host, const server *s, const char *ca) {
    memset(&peer, 0, sizeof peer);
    peer.host = host;
    peer.port = s->port;
    peer.ca_pem = ca;
    peer.ca_pem_len = ca ? strlen(ca) : 0;
}

static void client(void) {
    CHECK_INT(det__stream_init(&st, &w.port, &peer, 1), DET_OK);
}

static void pause_for(uint32_t ms) {
    det_wait dw = {st.conn.handle, st.ops->wants(&st)};
    if (dw.events == 0) return;
    if (w.again) ms = 1;
    CHECK_INT(w.real->wait(w.real->ctx, &dw, 1, ms), DET_OK);
}

/* Open within ms. */
static int dial(uint32_t ms) {
    uint32_t t0 = w_now(NULL);
    for (int i = 0; i < 200000; i++) {
        uint32_t took = w_now(NULL) - t0, left = took < ms ? ms - took : 0;
        int code = st.ops->open(&st, left);
        if (code != DET_E_AGAIN) return code;
        uint32_t most = st.conn.again_ms && st.conn.again_ms < left ? st.conn.again_ms : left;
        pause_for(most);
    }
    return DET_E_AGAIN;
}

static int send_all(const char *text) {
    size_t at = 0, len = strlen(text);
    for (int i = 0; at < len && i < 100000; i++) {
        int n = st.ops->send(&st, text + at, len - at);
        if (n > 0) at += (size_t)n;
        else if (n != DET_E_AGAIN) return n;
        else pause_for(2000);
    }
    return at == len ? DET_OK : DET_E_AGAIN;
}

/* Receive until text is in page, or an error; a total of about 5 s at most. */
static int recv_until(const char *text) {
    size_t at = 0;
    page[0] = 0;
    for (int i = 0; i < 100000; i++) {
        int n = st.ops->recv(&st, page + at, sizeof page - 1 - at);
        if (n > 0) at += (size_t)n;
        page[at] = 0;
        if (text && strstr(page, text)) return DET_OK;
        if (n == DET_E_AGAIN) {
            unsigned before = w.recvs;
            pause_for(2000);
            if (i > 50000 && before == w.recvs) return n;
        } else if (n < 0) {
            return n;
        }
    }
    return DET_E_AGAIN;
}

/* The status page of a -www server: DET_OK and the page, or the first error. */
static int fetch(void) {
    int code = dial(5000);
    if (code == DET_OK) code = send_all("GET / HTTP/1.0\r\n\r\n");
    if (code == DET_OK) code = recv_until(NULL);
    return code == DET_E_CLOSED && strstr(page, "</HTML>") ? DET_OK : code == DET_OK ? DET_E_IO : code;
}

static int fetch_once(void) {
    client();
    int code = fetch();
    det__stream_free(&st);
    return code;
}

static const char *const versions[] = {"-tls1_2", "-tls1_3"};
#define VERSIONS (HAS_13 ? 2 : 1)

/* ---- accepted ---------------------------------------------------------------------------------------------------- */

static void the_right_certificate_is_accepted_by_each_kind_of_anchor(void) {
    for (int v = 0; v < VERSIONS; v++) {
        server s = serve("good", versions[v], "-www");
        w_reset();
        want("localhost", &s, slurp("ca"));
        CHECK_INT(fetch_once(), DET_OK);
        CHECK(strstr(page, v ? "TLSv1.3" : "TLSv1.2") != NULL);
        want("localhost", &s, slurp("good")); /* the leaf itself, issued by an authority that is not trusted */
        CHECK_INT(fetch_once(), DET_OK);
        want("localhost", &s, NULL);
        w.roots = slurp("ca"); /* among the system's */
        CHECK_INT(fetch_once(), DET_OK);
        CHECK(w.roots_reads > 0);
        want("localhost", &s, slurp("stray")); /* added to the system's, not instead of them */
        CHECK_INT(fetch_once(), DET_OK);
        end(&s);
        static const char *const more[] = {"self", "rsa", "under"};
        for (int i = 0; i < 3; i++) {
            s = serve(more[i], versions[v], "-www");
            w_reset();
            want("localhost", &s, slurp(i ? "ca" : "self"));
            CHECK_INT(fetch_once(), DET_OK);
            end(&s);
        }
        s = serve("under", versions[v], "-www");
        want("localhost", &s, slurp("mid")); /* an authority that is no root */
        CHECK_INT(fetch_once(), DET_OK);
        want("localhost", &s, slurp("under_only"));
        CHECK_INT(fetch_once(), DET_OK);
        end(&s);
    }
}

static void a_pem_need_not_end_in_nul_and_system_roots_may_be_broken(void) {
    server s = serve("good", "-tls1_2", "-www");
    const char *ca = slurp("ca");
    size_t len = strlen(ca);
    unsigned char *exact = unit_guard(len);
    memcpy(exact, ca, len);
    static char mess[40000];
    snprintf(mess, sizeof mess, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\n%%%%"
             "\n%s\n%s-----BEGIN CERTIFICATE-----\n", slurp("stray"), ca);
    w_reset();
    want("localhost", &s, ca);
    peer.ca_pem = (char *)exact;
    CHECK_INT(fetch_once(), DET_OK);
    want("localhost", &s, NULL);
    w.roots = mess;
    CHECK_INT(fetch_once(), DET_OK);
    unit_guard_free(exact, len);
    w.port.roots = w_no_roots;
    want("localhost", &s, ca);
    CHECK_INT(fetch_once(), DET_OK);
    w.port.roots = NULL;
    CHECK_INT(fetch_once(), DET_OK);
    end(&s);
}

static void an_address_is_checked_or_refused_with_its_reason(void) {
    server s = serve("ip", NULL, "-www");
    w_reset();
    want("127.0.0.1", &s, slurp("ca"));
    int code = fetch_once();
    CHECK_INT(code, HAS_IP ? DET_OK : DET_E_NAME);
    if (!HAS_IP) {
        CHECK_INT(st.detail, DET__DETAIL_IP_NAME);
        CHECK_INT(w.opens, 0); /* before any connection */
    }
    end(&s);
    s = serve("good", NULL, "-www");
    want("127.0.0.1", &s, slurp("ca"));
    CHECK_INT(fetch_once(), DET_E_NAME);
    peer.name = "master.example";
    CHECK_INT(fetch_once(), DET_OK);
    peer.name = "127.0.0.2";
    CHECK_INT(fetch_once(), DET_E_NAME);
    peer.name = NULL;
    peer.noverify = 1;
    CHECK_INT(fetch_once(), DET_OK);
    end(&s);
}

static void a_name_override_is_checked_instead_while_sni_stays_the_host(void) {
    for (int v = 0; v < VERSIONS; v++) {
        /* the certificate for other.example is shown only to those who ask for localhost */
        const char *const sni[] = {"-servername", "localhost",           "-cert2", file("wrong", ".pem"),
                                   "-key2",       file("wrong", ".key"), NULL};
        server s = serve_with("self", versions[v], "-www", sni);
        w_reset();
        want("localhost", &s, slurp("ca"));
        CHECK_INT(fetch_once(), DET_E_NAME);
        peer.name = "other.example";
        CHECK_INT(fetch_once(), DET_OK);
        peer.name = "another.example";
        CHECK_INT(fetch_once(), DET_E_NAME);
        CHECK_INT(st.stage, DET_STAGE_TLS);
        end(&s);
    }
}

static void noverify_accepts_anything_and_reads_no_roots(void) {
    for (int v = 0; v < VERSIONS; v++) {
        server s = serve("bad", versions[v], "-www");
        w_reset();
        want("localhost", &s, NULL);
        peer.noverify = 1;
        w.utc_s = DET_UTC_UNKNOWN;
        CHECK_INT(fetch_once(), DET_OK);
        CHECK_INT(w.roots_reads, 0);
        end(&s);
    }
}

/* ---- refused ----------------------------------------------------------------------------------------------------- */

static int refused(const char *cert, const char *version, const char *ca, int64_t utc_s) {
    server s = serve(cert, version, "-www");
    w_reset();
    w.utc_s = utc_s;
    want("localhost", &s, slurp(ca));
    int code = fetch_once();
    CHECK_INT(st.stage, DET_STAGE_TLS);
    if (code != DET_OK) CHECK(st.detail > 0);
    end(&s);
    return code;
}

static void each_reason_to_refuse_has_its_code_and_their_order_holds(void) {
    const int64_t y2020 = 1590000000, y2090 = 3790000000;
    for (int v = 0; v < VERSIONS; v++) {
        const char *t = versions[v];
        CHECK_INT(refused("good", t, "stray", 0), DET_E_TRUST);
        CHECK_INT(refused("self", t, "ca", 0), DET_E_TRUST);
        CHECK_INT(refused("wrong", t, "ca", 0), DET_E_NAME);
        CHECK_INT(refused("expired", t, "ca", 0), DET_E_EXPIRED);
        CHECK_INT(refused("future", t, "ca", 0), DET_E_EXPIRED);
        CHECK_INT(refused("good", t, "ca", DET_UTC_UNKNOWN), DET_E_CLOCK);
        CHECK_INT(refused("good", t, "ca", y2020), DET_E_EXPIRED);
        CHECK_INT(refused("good", t, "ca", y2090), DET_E_EXPIRED);
        CHECK_INT(refused("bad", t, "stray", 0), DET_E_TRUST);  /* all three wrong */
        CHECK_INT(refused("bad", t, "ca", 0), DET_E_NAME);      /* name and date */
        CHECK_INT(refused("bad", t, "stray", DET_UTC_UNKNOWN), DET_E_TRUST);
        CHECK_INT(refused("wrong", t, "ca", DET_UTC_UNKNOWN), DET_E_NAME);
        CHECK_INT(refused("expired", t, "expired", 0), DET_E_EXPIRED); /* pinned, but still out of date */
        CHECK_INT(refused("wrong", t, "wrong", 0), DET_E_NAME);
    }
}

/* libc's clock says 2020's certificate has expired; the port's says it is 2020: the port decides, also for the root. */
static void the_port_decides_what_time_it_is(void) {
    server s = serve("expired", NULL, "-www");
    w_reset();
    want("localhost", &s, slurp("expired")); /* as an anchor: ca is not valid before today */
    static const struct {
        int64_t utc_s;
        int code;
    } at[] = {{1577836799, DET_E_EXPIRED}, {1577836800, DET_OK}, {1590000000, DET_OK}, {1609459200, DET_OK},
              {1609459201, DET_E_EXPIRED}}; /* 2020-01-01 and 2021-01-01 00:00:00, both included */
    for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
        w.utc_s = at[i].utc_s;
        CHECK_INT(fetch_once(), at[i].code);
    }
    end(&s);
    s = serve("future", NULL, "-www");
    want("localhost", &s, slurp("future"));
    w.utc_s = 3786912000; /* 2090-01-01 */
    CHECK_INT(fetch_once(), DET_OK);
    w.utc_s = 3786911999;
    CHECK_INT(fetch_once(), DET_E_EXPIRED);
    w.port.utc_s = NULL; /* a port without a clock */
    CHECK_INT(fetch_once(), DET_E_CLOCK);
    end(&s);
}

static void a_given_pem_that_cannot_be_read_is_told_before_connecting(void) {
    server s = {-1, -1, -1, 1};
    static const char *const bad[] = {"", "no pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
                                      "-----BEGIN CERTIFICATE-----\nAA*A\n", "-----BEGIN CERTIFICATE-----\nAAAA\n"};
    static char cut[20000];
    for (int i = 0; i < 7; i++) {
        w_reset();
        if (i >= 5) snprintf(cut, sizeof cut, "%s", slurp("ca"));
        if (i == 5) cut[strlen(cut) - 10] = 0;
        if (i == 6) snprintf(cut + strlen(cut), 100, "%s", bad[2]); /* one good, one bad */
        want("localhost", &s, i < 5 ? bad[i] : cut);
        CHECK_INT(fetch_once(), DET_E_CERT);
        CHECK_INT(w.opens, 0);
    }
}

static void peers_that_speak_no_tls_are_told_apart(void) {
    w_reset();
    server s = listen_plain("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\nClient sent TLS to an HTTP port\n");
    want("localhost", &s, slurp("ca"));
    CHECK_INT(fetch_once(), DET_E_TLS);
    CHECK_INT(st.stage, DET_STAGE_TLS);
    CHECK(st.detail < 0);
    end(&s);
    s = listen_plain(""); /* hangs up */
    want("localhost", &s, slurp("ca"));
    CHECK_INT(fetch_once(), DET_E_RESET);
    CHECK_INT(st.stage, DET_STAGE_TLS);
    end(&s);
    s = listen_plain(NULL); /* says nothing */
    want("localhost", &s, slurp("ca"));
    client();
    uint32_t t0 = w_now(NULL);
    CHECK_INT(dial(300), DET_E_TIMEOUT);
    CHECK(w_now(NULL) - t0 < 2000);
    CHECK_INT(st.stage, DET_STAGE_TLS);
    CHECK_INT(st.conn.handle, -1);
    det__stream_free(&st);
    uint16_t port = s.port;
    end(&s);
    s.port = port; /* nobody there any more */
    want("localhost", &s, slurp("ca"));
    CHECK_INT(fetch_once(), DET_E_CONNECT);
    CHECK_INT(st.stage, DET_STAGE_TCP);
    CHECK_INT(st.detail, ECONNREFUSED);
}

static void plain_http_to_a_tls_port_gets_no_answer_of_http(void) {
    server s = serve("good", NULL, "-www");
    w_reset();
    want("localhost", &s, NULL);
    CHECK_INT(det__stream_init(&st, &w.port, &peer, 0), DET_OK);
    CHECK_INT(dial(2000), DET_OK);
    CHECK_INT(send_all("GET / HTTP/1.0\r\n\r\n"), DET_OK);
    int code = recv_until("HTTP/");
    CHECK(code == DET_E_CLOSED || code == DET_E_RESET);
    det__stream_free(&st);
    end(&s);
}

static void protocols_before_1_2_and_unknown_ones_are_refused(void) {
    w_reset();
    static const char *const weak[] = {"-cipher", "DEFAULT:@SECLEVEL=0", NULL};
    server s = serve_with("good", "-tls1_1", "-www", weak);
    want("localhost", &s, slurp("ca"));
    CHECK_INT(fetch_once(), DET_E_TLS);
    end(&s);
    s = serve("good", "-tls1_3", "-www");
    want("localhost", &s, slurp("ca"));
    CHECK_INT(fetch_once(), HAS_13 ? DET_OK : DET_E_TLS);
    end(&s);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static void a_small_reply_costs_one_recv_and_a_request_one_send(void) {
    for (int v = 0; v < VERSIONS; v++) {
        server s = serve("good", versions[v], "-rev");
        w_reset();
        want("localhost", &s, slurp("ca"));
        client();
        CHECK_INT(dial(5000), DET_OK);
        CHECK_INT(send_all("warm\n"), DET_OK);
        CHECK_INT(recv_until("mraw"), DET_OK); /* the tickets of 1.3 come before it */
        for (int i = 0; i < 5; i++) {
            unsigned sends = w.sends, recvs = w.recvs, calls = w.calls;
            CHECK_INT(send_all("hello\n"), DET_OK);
            st.wants_ = DET_WANT_READ;
            pause_for(2000);
            CHECK_INT(recv_until("olleh"), DET_OK);
            CHECK_INT(w.sends - sends, 1);
            CHECK_INT(w.recvs - recvs, 1);
            CHECK_INT(w.calls - calls, 2); /* not one more that would block */
        }
        det__stream_free(&st);
        end(&s);
    }
}

static void pieces_of_any_size_and_would_block_everywhere_work(void) {
    for (int v = 0; v < VERSIONS; v++) {
        server s = serve("good", versions[v], "-www");
        w_reset();
        want("localhost", &s, slurp("ca"));
        for (size_t piece = 1; piece <= 9; piece += 2)
            for (unsigned again = 0; again <= 3; again++) {
                if (again == 1) continue;
                w.piece = piece;
                w.again = again;
                CHECK_INT(fetch_once(), DET_OK);
            }
        end(&s);
    }
}

static void pending_bytes_are_not_waited_for(void) {
    server s = serve("good", "-tls1_2", "-rev");
    char b[8];
    w_reset();
    want("localhost", &s, slurp("ca"));
    client();
    CHECK_INT(dial(5000), DET_OK);
    CHECK_INT(st.ops->recv(&st, b, 1), DET_E_AGAIN);
    CHECK_INT(st.ops->wants(&st), DET_WANT_READ);
    CHECK_INT(send_all("abc\n"), DET_OK);
    pause_for(2000);
    for (int i = 0; i < 4; i++) {
        CHECK_INT(st.ops->recv(&st, b, 1), 1);
        CHECK_INT(b[0], "cba\n"[i]);
        if (i < 3) CHECK_INT(st.ops->wants(&st), 0);
    }
    CHECK_INT(st.ops->recv(&st, b, 1), DET_E_AGAIN);
    CHECK_INT(st.ops->wants(&st), DET_WANT_READ);
    det__stream_free(&st);
    end(&s);
}

static void a_cut_without_close_notify_is_no_orderly_end(void) {
    for (int v = 0; v < VERSIONS; v++) {
        server s = serve("good", versions[v], "-rev");
        w_reset();
        want("localhost", &s, slurp("ca"));
        client();
        CHECK_INT(dial(5000), DET_OK);
        CHECK_INT(send_all("x\n"), DET_OK);
        CHECK_INT(recv_until("x"), DET_OK);
        end(&s);
        CHECK_INT(recv_until(NULL), DET_E_RESET);
        det__stream_free(&st);
    }
}

/* The server asks for a renegotiation (TLS 1.2) while a record of ours is stuck half-way: the refusal must not flush
 * the record behind the next send()'s back, or its bytes would arrive twice. */
static void a_read_in_between_never_doubles_a_stuck_record(void) {
    server s = serve("good", "-tls1_2", NULL);
    w_reset();
    want("localhost", &s, slurp("ca"));
    client();
    CHECK_INT(dial(5000), DET_OK);
    w.send_stuck = 1;
    CHECK_INT(st.ops->send(&st, "onlyonce\n", 9), DET_E_AGAIN);
    CHECK_INT(st.ops->wants(&st), DET_WANT_WRITE);
    CHECK(write(s.in, "R\n", 2) == 2);
    CHECK(write(s.in, "after\n", 6) == 6);
    struct pollfd p = {(int)st.conn.handle, POLLIN, 0};
    CHECK(poll(&p, 1, 3000) == 1);
    w.send_stuck = 0;
    char b[64];
    for (int i = 0; i < 5; i++) {
        int n = st.ops->recv(&st, b, sizeof b);
        CHECK(n == DET_E_AGAIN || n > 0);
        usleep(20000);
    }
    CHECK_INT(send_all("onlyonce\n"), DET_OK);
    CHECK_INT(send_all("done\n"), DET_OK);
    char seen[8192];
    size_t n = 0;
    seen[0] = 0;
    struct pollfd o = {s.out, POLLIN, 0};
    while (!strstr(seen, "done") && n + 1 < sizeof seen && poll(&o, 1, 3000) == 1) {
        ssize_t r = read(s.out, seen + n, sizeof seen - 1 - n);
        if (r <= 0) break;
        n += (size_t)r;
        seen[n] = 0;
    }
    char *first = strstr(seen, "onlyonce");
    CHECK(first != NULL);
    CHECK(first && !strstr(first + 1, "onlyonce"));
    CHECK(strstr(seen, "done") != NULL);
    det__stream_free(&st);
    end(&s);
}

/* ---- reconnecting ------------------------------------------------------------------------------------------------ */

static void the_next_connection_resumes_and_reads_no_roots_again(void) {
    for (int v = 0; v < VERSIONS; v++) {
        server s = serve("good", versions[v], "-www");
        w_reset();
        want("localhost", &s, NULL);
        w.roots = slurp("ca");
        client();
        for (int i = 0; i < 4; i++) {
            CHECK_INT(fetch(), DET_OK);
            CHECK(strstr(page, i ? "Reused, " : "New, ") != NULL);
            st.ops->close(&st);
        }
        unsigned reads = w.roots_reads;
        CHECK_INT(fetch(), DET_OK);
        CHECK_INT(w.roots_reads, reads);
        st.ops->close(&st);
        uint16_t port = s.port;
        end(&s);
        CHECK_INT(fetch(), DET_E_CONNECT);
        char at[32];
        snprintf(at, sizeof at, "127.0.0.1:%u", port);
        const char *const same[] = {"-accept", at, NULL};
        s = serve_with("good", versions[v], "-www", same); /* another process: it does not know the session */
        CHECK_INT(fetch(), DET_OK);
        CHECK(strstr(page, "New, ") != NULL);
        det__stream_free(&st);
        end(&s);
    }
}

static void a_refused_peer_is_refused_again(void) {
    server s = serve("wrong", NULL, "-www");
    w_reset();
    want("localhost", &s, slurp("ca"));
    client();
    for (int i = 0; i < 3; i++) CHECK_INT(fetch(), DET_E_NAME);
    det__stream_free(&st);
    det__stream_free(&st);
    end(&s);
}

/* ---- faults ------------------------------------------------------------------------------------------------------ */

static void every_kth_port_call_may_fail(void) {
    static const int codes[] = {DET_E_RESET, DET_E_IO, DET_E_CLOSED};
    for (int v = 0; v < VERSIONS; v++) {
        server s = serve("good", versions[v], "-www");
        w_reset();
        for (int c = 0; c < 3; c++) {
            int done = 0;
            for (unsigned k = 1; !done && k < 60; k++) {
                want("localhost", &s, slurp("ca"));
                w.calls = 0;
                w.fail_at = k;
                w.fail_code = codes[c];
                client();
                int code = fetch();
                done = w.calls < k;
                if (done) CHECK_INT(code, DET_OK);
                else CHECK(code == DET_OK || code == DET_E_RESET || code == codes[c] || code == DET_E_ENTROPY);
                w.fail_at = 0;
                st.ops->close(&st);
                CHECK_INT(fetch(), DET_OK); /* and the same stream recovers */
                det__stream_free(&st);
            }
            CHECK(done);
        }
        end(&s);
    }
}

static void every_kth_allocation_may_fail(void) {
#if OWN_CALLOC
    for (int v = 0; v < VERSIONS; v++) {
        server s = serve("under", versions[v], "-www");
        unsigned heap = 0, k = 1;
        for (int done = 0; !done && k < 1000000; k += 1 + k / 5) {
            w_reset();
            want("localhost", &s, slurp("ca"));
            callocs = 0;
            calloc_fails_at = k;
            client();
            int code = fetch();
            done = callocs < k;
            calloc_fails_at = 0;
            heap += code == DET_E_HEAP;
            /* a signature that could not be checked for want of heap is not trusted, says mbedTLS */
            CHECK(code == DET_OK || code == DET_E_HEAP || code == DET_E_TRUST || code == DET_E_TLS);
            if (done) CHECK_INT(code, DET_OK);
            st.ops->close(&st);
            CHECK_INT(fetch(), DET_OK); /* the same stream recovers */
            det__stream_free(&st);
        }
        CHECK(k < 1000000);
        CHECK(heap > 10);
        end(&s);
    }
#endif
}

static void a_handshake_of_garbage_ends_in_an_error(void) {
    static char junk[600];
    for (unsigned k = 0; k < 40; k++) {
        for (size_t i = 0; i + 1 < sizeof junk; i++) junk[i] = (char)(1 + (i * 131 + k * 7919 + i * i * k) % 255);
        static const unsigned char head[] = {22, 3, 3, 1, 20, 2};
        if (k & 1) memcpy(junk, head, sizeof head); /* at least a record's head */
        server s = listen_plain(junk);
        w_reset();
        want("localhost", &s, slurp("ca"));
        client();
        int code = dial(3000);
        CHECK(code == DET_E_TLS || code == DET_E_RESET);
        det__stream_free(&st);
        end(&s);
    }
}

static const unit_test tests[] = {
    TEST(the_right_certificate_is_accepted_by_each_kind_of_anchor),
    TEST(a_pem_need_not_end_in_nul_and_system_roots_may_be_broken),
    TEST(an_address_is_checked_or_refused_with_its_reason),
    TEST(a_name_override_is_checked_instead_while_sni_stays_the_host),
    TEST(noverify_accepts_anything_and_reads_no_roots),
    TEST(each_reason_to_refuse_has_its_code_and_their_order_holds),
    TEST(the_port_decides_what_time_it_is),
    TEST(a_given_pem_that_cannot_be_read_is_told_before_connecting),
    TEST(peers_that_speak_no_tls_are_told_apart),
    TEST(plain_http_to_a_tls_port_gets_no_answer_of_http),
    TEST(protocols_before_1_2_and_unknown_ones_are_refused),
    TEST(a_small_reply_costs_one_recv_and_a_request_one_send),
    TEST(pieces_of_any_size_and_would_block_everywhere_work),
    TEST(pending_bytes_are_not_waited_for),
    TEST(a_cut_without_close_notify_is_no_orderly_end),
    TEST(a_read_in_between_never_doubles_a_stuck_record),
    TEST(the_next_connection_resumes_and_reads_no_roots_again),
    TEST(a_refused_peer_is_refused_again),
    TEST(every_kth_port_call_may_fail),
    TEST(every_kth_allocation_may_fail),
    TEST(a_handshake_of_garbage_ends_in_an_error),
};

int main(void) {
    alarm(300); /* whatever hangs */
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/det_tls_XXXXXX", tmp && strlen(tmp) < 64 ? tmp : P_tmpdir);
    if (!mkdtemp(dir) || certs_make(dir) != 0) {
        fprintf(stderr, "cannot make certificates in %s: is openssl installed?\n", dir);
        return 1;
    }
    int bad = unit_main(tests, sizeof tests / sizeof tests[0]);
    char cmd[128];
    snprintf(cmd, sizeof cmd, "rm -rf '%s'", dir);
    return system(cmd) != 0 || bad;
}

#else
#include "det_posix.h"
#include "transport/stream.h"

static void a_build_without_tls_refuses_https_and_nothing_else(void) {
    static det__stream st;
    static const det__peer peer = {.host = "localhost", .port = 8443};
    CHECK_INT(det__stream_init(&st, det_posix_port(), &peer, 1), DET_E_NO_TLS);
    det__stream_free(&st);
    CHECK_INT(det__stream_init(&st, det_posix_port(), &peer, 0), DET_OK);
    det__stream_free(&st);
}

static const unit_test tests[] = {TEST(a_build_without_tls_refuses_https_and_nothing_else)};

UNIT_MAIN(tests)
#endif
