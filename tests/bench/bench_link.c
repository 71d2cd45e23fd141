/* SPDX-License-Identifier: Apache-2.0
 * The seed's workload over a long line: libdet beside bare clients, through the relay of delay.h to a running det-master,
 * in alternating rounds. At 60 ms from open to closed, with the number of dependent exchanges; at 20 ms the 110 reports
 * alone. Asserts exchanges and connections, no times.
 *
 *   bench_link PORT [CA-FILE]     a plain master's, or a TLS one's */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "delay.h"
#include "det.h"
#include "det_posix.h"
#include "raw.h"

enum { SLOW_ROUNDS = 3, FAST_ROUNDS = 9, WHOLE_MS = 60, REPORTS_MS = 20, EXCHANGES_TLS13 = 7 };

enum { BARE_ONE, DET_ONE, BARE_REPORTS, BARE_ALL, DET_PIPED, ROWS };

static const struct row {
    const char *name;
    int mode;  /* of a bare client, or -1 */
    int beside; /* row that it is a ratio to, or -1 */
    int rounds[2];
} rows[ROWS] = {
    {"bare, one request at a time", RAW_ONE_BY_ONE, -1, {1, SLOW_ROUNDS}},
    {"libdet, pipeline = 1", -1, BARE_ONE, {1, SLOW_ROUNDS}},
    {"bare, reports in one write", RAW_REPORTS, -1, {FAST_ROUNDS, FAST_ROUNDS}},
    {"bare, all in as few writes as can be", RAW_ALL, -1, {FAST_ROUNDS, FAST_ROUNDS}},
    {"libdet", -1, BARE_ALL, {FAST_ROUNDS, FAST_ROUNDS}},
};

typedef struct line {
    delay d;
    int whole; /* from open to closed, else the reports alone */
    char url[64];
    const char *ca_file, *ca;
    size_t ca_len;
} line;

typedef struct figure {
    double ms;
    uint32_t exchanges, connections;
} figure;

static char version[32] = "plain";

/* ---- one run ----------------------------------------------------------------------------------------------------- */

static double run_bare(const line *l, enum raw_mode mode) {
    double start = bench_wall_ns();
    raw *r = raw_connect(l->d.port, l->ca_file, mode);
    if (l->ca_file) snprintf(version, sizeof version, "%s", raw_version(r));
    raw_begin(r);
    if (!l->whole) start = bench_wall_ns();
    raw_report(r);
    if (!l->whole) raw_flush(r);
    double end = bench_wall_ns();
    raw_finish(r);
    if (l->whole) end = bench_wall_ns();
    raw_close(r);
    return (end - start) / 1e6;
}

static int report_all(det_core *core) {
    int rc = DET_OK;
    for (int i = 0; i < RAW_TRAINING && rc == DET_OK; i++) {
        det_metric loss = det_metric_double("loss", rand() / (double)RAND_MAX);
        rc = det_report_training_metrics(core, i, &loss, 1);
        if (rc == DET_OK && (i + 1) % RAW_VALIDATION_EVERY == 0) rc = det_report_validation_metrics(core, i, &loss, 1);
        if (rc == DET_OK) (void)det_step(core);
    }
    return rc;
}

static double run_det(const line *l, uint16_t pipeline) {
    static det_core core;
    static unsigned char mem[65536];
    det_options o;
    det_stats st;
    double start = bench_wall_ns(), end = start;
    det_options_init(&o, det_posix_port(), mem, sizeof mem);
    o.name = "link";
    o.master = l->url;
    o.ca_pem = l->ca;
    o.ca_pem_len = l->ca_len;
    o.pipeline = pipeline;
    int rc = det_open(&core, &o);
    if (!l->whole) start = bench_wall_ns();
    if (rc == DET_OK) rc = report_all(&core);
    if (rc == DET_OK && !l->whole) rc = det_run(&core, 60000);
    if (!l->whole) end = bench_wall_ns();
    if (rc == DET_OK) rc = det_close(&core, DET_COMPLETED, 60000);
    if (l->whole) end = bench_wall_ns();
    det_get_stats(&core, &st);
    if (rc != DET_OK || st.acknowledged != st.queued) bench_die("%s: %s: %s", l->url, det_strerror(rc), det_errmsg(&core));
    return (end - start) / 1e6;
}

static figure measure(const line *l, int row) {
    figure f;
    uint32_t exchanges = l->d.n->exchanges, connections = l->d.n->connections;
    f.ms = rows[row].mode >= 0 ? run_bare(l, (enum raw_mode)rows[row].mode) : run_det(l, row == DET_ONE ? 1 : 0);
    f.exchanges = l->d.n->exchanges - exchanges;
    f.connections = l->d.n->connections - connections;
    return f;
}

/* ---- the table --------------------------------------------------------------------------------------------------- */

static figure print_row(const line *l, int row, double ms[ROWS][FAST_ROUNDS], const figure *f) {
    int rounds = rows[row].rounds[!l->whole], beside = rows[row].beside;
    double ratio[FAST_ROUNDS];
    figure m = f[row];
    for (int i = 0; i < rounds && beside >= 0; i++) ratio[i] = ms[row][i] / ms[beside][i];
    m.ms = bench_median(ms[row], (size_t)rounds);
    printf("  %-38s %9.1f", rows[row].name, m.ms);
    if (l->whole) printf(" %10u %8u", m.exchanges, m.connections);
    if (beside >= 0) printf(" %9.3f x %s", bench_median(ratio, (size_t)rounds), rows[beside].name);
    printf("\n");
    return m;
}

static int table(line *l, int rtt_ms) {
    double ms[ROWS][FAST_ROUNDS];
    figure f[ROWS], piped;
    memset(f, 0, sizeof f);
    for (int i = 0; i < FAST_ROUNDS; i++) {
        for (int row = 0; row < ROWS; row++) {
            if (i >= rows[row].rounds[!l->whole]) continue;
            figure one = measure(l, row);
            ms[row][i] = one.ms;
            if (one.exchanges > f[row].exchanges) f[row] = one;
        }
    }
    printf("%s at %d ms round trip, %s; medians, the most exchanges\n",
           l->whole ? "Seed's workload from open to closed" : "110 reports on an open run", rtt_ms, version);
    printf("  %-38s %9s%s\n", "", "ms", l->whole ? "  exchanges  connect.     ratio" : "     ratio");
    for (int row = 0; row < ROWS; row++) {
        double copy[ROWS][FAST_ROUNDS]; /* a median sorts, but a ratio is one round's */
        memcpy(copy, ms, sizeof copy);
        figure m = print_row(l, row, copy, f);
        if (row == DET_PIPED) piped = m;
    }
    /* TLS 1.2 shakes hands one round trip longer, plain not at all. */
    unsigned most = EXCHANGES_TLS13;
    if (!l->ca_file) most--;
    else if (strcmp(version, "TLSv1.2") == 0) most++;
    int good = !l->whole || (piped.exchanges <= most && piped.connections == 1);
    if (l->whole)
        printf("  limit: %u exchanges (TCP%s included), 1 connection: %s\n", most, l->ca_file ? " and TLS" : "", good ? "ok" : "EXCEEDED");
    return good;
}

int main(int argc, char **argv) {
    line l;
    int good = 1;
    if (argc != 2 && argc != 3) bench_die("usage: bench_link PORT [CA-FILE]");
    memset(&l, 0, sizeof l);
    l.ca_file = argv[2];
    if (l.ca_file) l.ca = bench_read_file(l.ca_file, &l.ca_len);
    for (l.whole = 1; l.whole >= 0; l.whole--) {
        int rtt_ms = l.whole ? WHOLE_MS : REPORTS_MS;
        if (delay_start(&l.d, atoi(argv[1]), (uint32_t)rtt_ms * 1000) != 0) bench_die("no relay");
        snprintf(l.url, sizeof l.url, "%s://localhost:%d", l.ca_file ? "https" : "http", l.d.port);
        good &= table(&l, rtt_ms);
        delay_stop(&l.d);
    }
    return good ? 0 : 1;
}
