/* SPDX-License-Identifier: Apache-2.0
 * det-master: a small Determined master to test against. Options, start, end; all else is elsewhere.
 *
 *   det-master [--port N] [--port-file FILE] [--ipv6] [--any] [--tls CERT KEY] [--tls12] [--user NAME:PASSWORD]
 *              [--user-hash NAME:HEX] [--login-delay MS] [--report-delay MS] [--idle-close MS] [--token-life MS]
 *              [--fault JSON] [--log FILE]
 *
 * Prints "listening on http://127.0.0.1:PORT" (https with --tls), serves until SIGTERM or SIGINT, then prints one line
 * of JSON: its counters. Users admin and determined exist with a blank password. Port 0, the default, is a free one. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "conn.h"
#include "fault.h"
#include "net.h"
#include "sha512.h"
#include "stats.h"

typedef struct options {
    int port;
    const char *port_file, *cert, *key;
    bool ipv6, tls12;
} options;

static bool add_user(const char *arg, bool hashed) {
    char name[64], hash[129];
    const char *colon = strchr(arg, ':');
    if (!colon || (size_t)(colon - arg) >= sizeof name) return false;
    snprintf(name, sizeof name, "%.*s", (int)(colon - arg), arg);
    if (hashed) snprintf(hash, sizeof hash, "%s", colon + 1);
    else password_hash(colon + 1, hash);
    return store_user(name, hash, false) != NULL;
}

static bool add_fault(const char *json) {
    buf why = {0};
    bool good = fault_add_text(json, &why);
    if (!good) fprintf(stderr, "det-master: --fault: %s\n", buf_cstr(&why));
    buf_free(&why);
    return good;
}

static bool number(const char *s, int *out) {
    char *end;
    long v = strtol(s, &end, 10);
    *out = (int)v;
    return *s && !*end && v >= 0 && v < 100000000;
}

/* An option with one value. */
static bool valued(options *o, const char *name, const char *v) {
    int ms = 0;
    if (!strcmp(name, "--port")) return number(v, &o->port);
    if (!strcmp(name, "--port-file")) return (o->port_file = v) != NULL;
    if (!strcmp(name, "--user")) return add_user(v, false);
    if (!strcmp(name, "--user-hash")) return add_user(v, true);
    if (!strcmp(name, "--login-delay")) return number(v, &conn_opt.login_ms);
    if (!strcmp(name, "--report-delay")) return number(v, &conn_opt.report_ms);
    if (!strcmp(name, "--idle-close")) return number(v, &conn_opt.idle_ms);
    if (!strcmp(name, "--fault")) return add_fault(v);
    if (!strcmp(name, "--log")) return stats_log_open(v);
    if (strcmp(name, "--token-life") || !number(v, &ms)) return false;
    db.token_ms = ms;
    return true;
}

static bool parse(options *o, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--ipv6")) o->ipv6 = true;
        else if (!strcmp(argv[i], "--any")) net_any = true; /* a test's own network: else loopback alone */
        else if (!strcmp(argv[i], "--tls12")) o->tls12 = true;
        else if (!strcmp(argv[i], "--tls") && i + 2 < argc) {
            o->cert = argv[++i];
            o->key = argv[++i];
        } else if (i + 1 < argc && valued(o, argv[i], argv[i + 1])) {
            i++;
        } else {
            fprintf(stderr, "det-master: bad option: %s\n", argv[i]);
            return false;
        }
    }
    return true;
}

/* Written beside and renamed, so that a reader never sees half of it. */
static bool write_port(const options *o) {
    char tmp[4096];
    if (!o->port_file) return true;
    snprintf(tmp, sizeof tmp, "%s.tmp", o->port_file);
    FILE *f = fopen(tmp, "w");
    if (!f) return false;
    fprintf(f, "%d\n", o->port);
    return fclose(f) == 0 && rename(tmp, o->port_file) == 0;
}

static void farewell(const options *o) {
    buf b = {0};
    stats_show(&b);
    fputs(buf_cstr(&b), stdout);
    buf_free(&b);
    stats_log_close();
    fault_free();
    api_free();
    store_free();
    if (o->cert) tls_teardown();
}

int main(int argc, char **argv) {
    options o = {0};
    signal(SIGPIPE, SIG_IGN); /* who started us may not read to the end */
    store_init();
    if (!parse(&o, argc, argv)) return 2;
    if (o.cert && !tls_setup(o.cert, o.key, o.tls12 ? 12 : 0)) return 2;
    if (!net_listen(&o.port, o.ipv6) || !write_port(&o)) {
        fprintf(stderr, "det-master: cannot listen on port %d: %s\n", o.port, strerror(errno));
        return 1;
    }
    printf("listening on %s://127.0.0.1:%d\n", o.cert ? "https" : "http", o.port);
    fflush(stdout);
    net_run(o.cert != NULL);
    farewell(&o);
    return 0;
}
