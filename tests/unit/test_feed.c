/* SPDX-License-Identifier: Apache-2.0
 * The core with a spool: offline runs, crashes, power cuts, runs behind runs. Behind the fake port stands a small master
 * that models run ids and archiving for one group (contract 5.6), so that a report lost or doubled is seen. */
#define _POSIX_C_SOURCE 200809L
#include <dirent.h>
#include <unistd.h>

#include "det.h"
#include "det_posix.h"

#include "unit/fake_port.h"
#include "unit/fake_spool.h"
#include "unit/unit.h"

enum { TRIALS = 8, ROWS = 3000 };

typedef struct row {
    int step, run, live;
} row;

static struct {
    char ext[TRIALS][64]; /* external trial ids */
    int run_id[TRIALS];
    char state[TRIALS][16];
    row rows[TRIALS][ROWS];
    int count[TRIALS];
    int trials;
    int seen;             /* reports */
    int cut_at;           /* the connection is reset instead of answering this one; 0 none */
    int calls;
    const char *probe;    /* the answer to one, NULL: 404 */
    int probes;
    int times;            /* reports with a time of their own */
    char last_time[24];   /* of them the last, and whether they came in order */
    int times_fall;
    char order[4096];     /* a letter for each call: Experiment Trial Start Metrics, Ok of a state */
} master;

static fake_port fp;
static fake_spool sp;
static det_core core;
static uint64_t mem[1024];
static det_options opt;

static void reply(fake_port *p, int conn, const char *status, const char *body) {
    char text[512];
    snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n%s", status, strlen(body), body);
    fake_puts(p, conn, 5, text);
}

static int trial_of(const char *body) {
    const char *at = strstr(body, "\"externalTrialId\":\"");
    char id[64];
    sscanf(at + 19, "%63[^\"]", id);
    for (int i = 0; i < master.trials; i++)
        if (strcmp(master.ext[i], id) == 0) return i;
    strcpy(master.ext[master.trials], id);
    return master.trials++;
}

static int number(const char *text, const char *name) {
    const char *at = strstr(text, name);
    return at ? atoi(at + strlen(name)) : -1;
}

static int store(int t, const char *body) {
    int step = number(body, "\"stepsCompleted\":"), run = number(body, "\"trialRunId\":");
    if (run != master.run_id[t]) return 0;
    for (int i = 0; i < master.count[t]; i++) {
        row *r = &master.rows[t][i];
        if (r->run < run && r->step >= step) r->live = 0;
    }
    row *r = &master.rows[t][master.count[t]++];
    r->step = step;
    r->run = run;
    r->live = 1;
    const char *at = strstr(body, "\"reportTime\":\"20");
    if (at) {
        char time[24];
        snprintf(time, sizeof time, "%.20s", at + 14);
        master.times++;
        master.times_fall += strcmp(time, master.last_time) <= 0;
        strcpy(master.last_time, time);
    }
    return 1;
}

static void note(char what) {
    size_t n = strlen(master.order);
    if (n + 1 < sizeof master.order && !(what == 'M' && n && master.order[n - 1] == 'M')) master.order[n] = what;
}

static void answer(fake_port *p, int conn, const char *line, const char *body) {
    char text[200];
    int t = number(line, "/trials/");
    master.calls++;
    if (strstr(line, "/time-series")) {
        master.probes++;
        reply(p, conn, master.probe ? "200 OK" : "404 N", master.probe ? master.probe : "{\"message\":\"no\"}");
    } else if (strstr(line, "/auth/login")) {
        reply(p, conn, "200 OK", "{\"token\":\"tok\"}");
    } else if (strstr(line, "/experiments")) {
        note('E');
        reply(p, conn, "200 OK", "{\"experiment\":{\"id\":7}}");
    } else if (strstr(line, "/runs/start")) {
        reply(p, conn, "200 OK", "{}");
    } else if (strstr(line, "/master")) {
        reply(p, conn, "200 OK", "{\"clusterId\":\"c\"}");
    } else if (strstr(line, "PUT /api/v1/trials")) {
        note('T');
        snprintf(text, sizeof text, "{\"trial\":{\"id\":%d,\"taskId\":\"7.x\"}}", trial_of(body) + 1);
        reply(p, conn, "200 OK", text);
    } else if (strstr(line, "/start")) {
        note('S');
        snprintf(text, sizeof text, "{\"trialRunId\":%d,\"stepsCompleted\":0}", ++master.run_id[t - 1]);
        reply(p, conn, "200 OK", text);
    } else if (strstr(line, "/metrics")) {
        note('M');
        int cut = ++master.seen == master.cut_at;
        int stored = store(t - 1, body);
        if (cut) fake_end(p, conn, 0, FAKE_RESET);
        else reply(p, conn, stored ? "200 OK" : "500 E", stored ? "{}" : "{\"message\":\"invalid run id, 1\"}");
    } else {
        const char *state = strstr(body, "STATE_");
        if (state) sscanf(state + 6, "%15[A-Z]", master.state[t - 1]);
        if (state && strncmp(state + 6, "RUNNING", 7) != 0) note('O');
        reply(p, conn, "200 OK", "{\"trial\":{\"id\":1}}");
    }
}

static size_t serve(void *ctx, fake_port *p, int conn, const uint8_t *in, size_t n) {
    static char text[16384];
    (void)ctx;
    size_t len = fake_request_len(in, n);
    if (!len || len >= sizeof text) return 0;
    memcpy(text, in, len);
    text[len] = 0;
    char *body = strstr(text, "\r\n\r\n") + 4;
    *strstr(text, " HTTP/1.1\r\n") = 0;
    answer(p, conn, text, body);
    return len;
}

static void prepare(int kind) {
    memset(&master, 0, sizeof master);
    fake_spool_init(&sp, kind);
    fake_init(&fp, NULL, 0);
    fp.server = serve;
    fp.max_calls = 1000000;
    det_options_init(&opt, &fp.port, mem, sizeof mem);
    opt.master = "m";
    opt.user = "ann";
    opt.name = "exp";
    opt.spool = &sp.spool;
}

static void end(void) {
    det_session_free(&core.session);
    CHECK_INT(fake_free(&fp), 0);
}

static int report(int64_t steps) {
    det_metric m = det_metric_double("loss", (double)steps);
    return det_report_training_metrics(&core, steps, &m, 1);
}

static det_stats stats(void) {
    det_stats st;
    det_get_stats(&core, &st);
    return st;
}

/* Steps from … below to are there once each, nothing else. */
static int holds(int t, int from, int to) {
    int seen[ROWS] = {0}, live = 0;
    for (int i = 0; i < master.count[t]; i++) {
        const row *r = &master.rows[t][i];
        if (!r->live) continue;
        live++;
        if (r->step < from || r->step >= to || seen[r->step]++) return 0;
    }
    return live == to - from;
}

/* Nothing is left but the word that all is settled. */
static int spool_is_empty(void) {
    uint64_t first, last;
    sp.spool.discard(sp.spool.ctx, 0, &first, &last);
    return last - first < 64;
}

static void online_everything_goes_through_the_spool_and_leaves_it(void) {
    prepare(FAKE_DISK);
    CHECK_INT(det_open(&core, &opt), DET_OK);
    for (int i = 0; i < 20; i++) {
        CHECK_INT(report(i), DET_OK);
        if (i % 3 == 0) (void)det_step(&core);
    }
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
    CHECK(holds(0, 0, 20));
    CHECK_STR(master.state[0], "COMPLETED");
    CHECK_INT(stats().acknowledged, 20);
    CHECK_INT(stats().pending, 0);
    CHECK_INT(stats().spooled, 20);
    CHECK(spool_is_empty());
    CHECK_INT(fp.conns, 1);
    end();
}

static void a_step_with_nothing_to_do_leaves_the_storage_alone(void) {
    prepare(FAKE_DISK);
    CHECK_INT(det_open(&core, &opt), DET_OK);
    for (int round = 0; round < 3; round++) {
        CHECK_INT(report(round), DET_OK);
        CHECK_INT(det_run(&core, 1000), DET_OK);
        unsigned reads = sp.reads, appends = sp.appends;
        for (int i = 0; i < 50; i++) CHECK_INT(det_step(&core), DET_OK);
        CHECK_INT(sp.reads, reads);
        CHECK_INT(sp.appends, appends);
    }
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
    CHECK(holds(0, 0, 3));
    end();
}

static void offline_not_one_network_call_is_made(void) {
    prepare(FAKE_DISK);
    opt.offline = 1;
    CHECK_INT(det_open(&core, &opt), DET_OK);
    for (int i = 0; i < 10; i++) {
        CHECK_INT(report(i), DET_OK);
        CHECK_INT(det_step(&core), DET_OK);
    }
    CHECK_INT(det_close(&core, DET_COMPLETED, 1000), DET_OK);
    CHECK_INT(fp.calls[FAKE_OPEN] + fp.calls[FAKE_SEND] + fp.calls[FAKE_RECV], 0);
    CHECK_INT(stats().pending, 10);
    CHECK(!spool_is_empty());
    end();
}

static void an_offline_run_is_flushed_later_in_order_and_with_its_times(void) {
    prepare(FAKE_DISK);
    opt.offline = 1;
    CHECK_INT(det_open(&core, &opt), DET_OK);
    for (int i = 0; i < 10; i++) CHECK_INT(report(i), DET_OK);
    CHECK_INT(det_close(&core, DET_ERROR, 1000), DET_OK);
    fp.utc_s += 86400;
    fp.now_ms += 86400000;
    opt.offline = 0;
    opt.name = NULL;
    CHECK_INT(det_flush(&core, &opt, 60000), DET_OK);
    CHECK_STR(master.order, "ETSMO");
    CHECK(holds(0, 0, 10));
    CHECK_INT(master.times, 10);
    CHECK_STR(master.state[0], "ERROR");
    CHECK(spool_is_empty());
    CHECK_INT(stats().queued, 10);
    CHECK_INT(stats().acknowledged, 10);
    CHECK_INT(det_flush(&core, &opt, 60000), DET_OK); /* nothing is left */
    CHECK_STR(master.order, "ETSMO");
    end();
}

static void times_are_those_of_the_report_whatever_clock_the_flushing_machine_has(void) {
    static const int64_t clocks[] = {DET_UTC_UNKNOWN, 1000, 1767225600 - 86400, 1767225600 + 86400};
    for (size_t k = 0; k < sizeof clocks / sizeof *clocks; k++) {
        prepare(FAKE_DISK);
        fp.utc_s = 1767225600; /* 2026-01-01 */
        opt.offline = 1;
        CHECK_INT(det_open(&core, &opt), DET_OK);
        CHECK_INT(report(1), DET_OK);
        CHECK_INT(det_close(&core, DET_COMPLETED, 1000), DET_OK);
        fp.utc_s = clocks[k];
        opt.offline = 0;
        CHECK_INT(det_flush(&core, &opt, 60000), DET_OK);
        CHECK_STR(master.last_time, "2026-01-01T00:00:00Z");
        end();
    }
}

static void remove_folder(const char *dir) {
    char path[512];
    DIR *d = opendir(dir);
    for (const struct dirent *e; d && (e = readdir(d)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
        if (e->d_name[0] != '.') unlink(path);
    }
    if (d) closedir(d);
    rmdir(dir);
}

static void a_day_offline_then_a_flush_gives_order_times_and_counts(void) {
    enum { MINUTES = 24 * 60 };
    char dir[] = "/tmp/det-day-XXXXXX";
    det_posix_spool files;
    det_posix_spool_options o;
    prepare(FAKE_DISK);
    CHECK(mkdtemp(dir) != NULL);
    memset(&o, 0, sizeof o);
    o.size = sizeof o;
    o.dir = dir;
    o.sync_ms = DET_POSIX_SPOOL_NO_SYNC;
    CHECK_INT(det_posix_spool_open(&files, &o), DET_OK);
    opt.spool = &files.spool;
    opt.offline = 1;
    CHECK_INT(det_open(&core, &opt), DET_OK);
    for (int i = 0; i < MINUTES; i++) {
        CHECK_INT(report(i), DET_OK);
        CHECK_INT(det_step(&core), DET_OK);
        fp.now_ms += 60000;
        fp.utc_s += 60;
    }
    CHECK_INT(det_close(&core, DET_COMPLETED, 1000), DET_OK);
    CHECK_INT(fp.conns, 0);
    opt.offline = 0;
    CHECK_INT(det_flush(&core, &opt, 600000), DET_OK);
    CHECK(holds(0, 0, MINUTES));
    CHECK_INT(master.seen, MINUTES);
    CHECK_INT(master.times, MINUTES);
    CHECK_INT(master.times_fall, 0);
    CHECK_STR(master.last_time, "2026-01-01T23:59:00Z");
    CHECK_STR(master.state[0], "COMPLETED");
    CHECK_INT(stats().acknowledged, MINUTES);
    CHECK_INT(fp.conns, 1);
    det_session_free(&core.session);
    det_posix_spool_close(&files);
    remove_folder(dir);
    end();
}

static void coming_back_to_the_network_delivers_what_was_reported_meanwhile(void) {
    prepare(FAKE_DISK);
    opt.offline = 1;
    CHECK_INT(det_open(&core, &opt), DET_OK);
    for (int i = 0; i < 5; i++) CHECK_INT(report(i), DET_OK);
    CHECK_INT(det_run(&core, 1000), DET_OK);
    CHECK_INT(det_set_offline(&core, 0), DET_OK);
    CHECK_INT(det_run(&core, 10000), DET_OK);
    CHECK(holds(0, 0, 5));
    CHECK_INT(det_set_offline(&core, 1), DET_OK);
    CHECK_INT(fp.open_now, 0);
    int calls = master.calls;
    for (int i = 5; i < 9; i++) CHECK_INT(report(i), DET_OK);
    CHECK_INT(det_run(&core, 100000), DET_OK);
    CHECK_INT(master.calls, calls);
    CHECK_INT(det_set_offline(&core, 0), DET_OK);
    CHECK_INT(det_close(&core, DET_COMPLETED, 10000), DET_OK);
    CHECK(holds(0, 0, 9));
    end();
}

static void a_run_cut_off_by_a_crash_is_delivered_before_the_next_one_begins(void) {
    for (int cut = 0; cut < 14; cut++) {
        prepare(FAKE_DISK);
        opt.external_experiment_id = "e";
        opt.external_trial_id = "one";
        CHECK_INT(det_open(&core, &opt), DET_OK);
        master.cut_at = cut;
        for (int i = 0; i < 12; i++) {
            CHECK_INT(report(i), DET_OK);
            (void)det_run(&core, (uint32_t)(i % 3) * 4);
        }
        (void)det_step(&core);
        det_session_free(&core.session); /* the crash */
        fake_spool_boot(&sp);
        opt.external_trial_id = "two";
        CHECK_INT(det_open(&core, &opt), DET_OK);
        CHECK(holds(0, 0, 12));
        CHECK_INT(report(0), DET_OK);
        CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
        CHECK(holds(0, 0, 12));
        CHECK(holds(1, 0, 1));
        CHECK_STR(master.state[1], "COMPLETED");
        CHECK(spool_is_empty());
        end();
    }
}

static void a_lost_answer_is_made_good_with_a_spool_too(void) {
    for (int cut = 1; cut < 31; cut++) {
        prepare(FAKE_DISK);
        CHECK_INT(det_open(&core, &opt), DET_OK);
        master.cut_at = cut;
        for (int i = 0; i < 30; i++) {
            CHECK_INT(report(i), DET_OK);
            (void)det_run(&core, 3);
        }
        CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
        CHECK(holds(0, 0, 30));
        CHECK(spool_is_empty());
        end();
    }
}

static void whichever_byte_the_power_is_cut_at_what_was_stored_arrives(void) {
    for (int kind = FAKE_DISK; kind <= FAKE_NOR; kind++) {
        for (long at = 0; at < 1500; at += kind == FAKE_NOR ? 13 : 7) {
            int stored = 0;
            prepare(kind);
            opt.offline = 1;
            sp.power = at;
            int rc = det_open(&core, &opt);
            for (int i = 0; rc == DET_OK && i < 8; i++) {
                CHECK_INT(report(i), DET_OK);
                if (det_step(&core) != DET_OK) break;
                stored++;
            }
            det_session_free(&core.session);
            fake_spool_boot(&sp);
            opt.offline = 0;
            CHECK_INT(det_flush(&core, &opt, 60000), DET_OK);
            CHECK(holds(0, 0, stored) || holds(0, 0, stored + 1));
            int calls = master.calls;
            CHECK_INT(det_flush(&core, &opt, 60000), DET_OK); /* nothing is left but torn bytes */
            CHECK_INT(master.calls, calls);
            end();
        }
    }
}

static void a_long_run_does_not_fill_a_small_spool(void) {
    prepare(FAKE_NOR); /* 4 KB */
    CHECK_INT(det_open(&core, &opt), DET_OK);
    for (int i = 0; i < 350; i++) {
        CHECK_INT(report(i), DET_OK);
        CHECK_INT(det_run(&core, 1000), DET_OK);
    }
    CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
    CHECK(holds(0, 0, 350));
    end();
}

static int lost_code;

static void on_lost(void *ctx, int code, const char *group, int64_t steps) {
    ++*(int *)ctx;
    lost_code = code;
    CHECK_STR(group, "training");
    CHECK_INT(steps, 5);
}

/* Its step's rows have been let go of, as the storage was full, and sending it would archive them. */
static void what_may_no_longer_be_sent_is_asked_for(void) {
    static const struct {
        const char *probe;
        int code;
    } cases[] = {{"{\"trials\":[{\"metrics\":[{\"data\":[{\"values\":{\"loss\":5}}]}]}]}", DET_OK},
                 {"{\"trials\":[{\"metrics\":[]}]}", DET_E_ORDER},
                 {NULL, DET_E_UNSURE}};
    for (int i = 0; i < 3; i++) {
        int lost = 0, sent;
        prepare(FAKE_DISK);
        CHECK_INT(det_open(&core, &opt), DET_OK);
        for (int k = 0; k < 80; k++) {
            CHECK_INT(report(5), DET_OK);
            CHECK_INT(det_run(&core, 3000), DET_OK);
        }
        CHECK_INT(det_set_offline(&core, 1), DET_OK);
        CHECK_INT(report(5), DET_OK);
        (void)det_step(&core);
        det_session_free(&core.session); /* the crash */
        fake_spool_boot(&sp);
        sent = master.seen;
        master.probe = cases[i].probe;
        opt.lost = on_lost;
        opt.lost_ctx = &lost;
        CHECK_INT(det_flush(&core, &opt, 60000), cases[i].code);
        CHECK_INT(master.seen, sent);
        CHECK(master.probes > 0 && stats().queued == (uint32_t)master.probes);
        CHECK_INT(lost, cases[i].code ? master.probes : 0);
        CHECK_INT(stats().acknowledged, cases[i].code ? 0 : master.probes);
        CHECK_INT(stats().unsure, cases[i].code == DET_E_UNSURE ? master.probes : 0);
        if (lost) CHECK_INT(lost_code, cases[i].code);
        CHECK(spool_is_empty());
        end();
    }
}

static void room_is_kept_for_what_comes_before_letting_go(void) {
    static const char bytes[300];
    for (int known = 0; known < 2; known++) {
        prepare(FAKE_NOR);
        if (!known) sp.spool.cap = 0;
        opt.offline = 1;
        CHECK_INT(det_open(&core, &opt), DET_OK);
        for (int i = 0; i < 95; i++) {
            CHECK_INT(report(i), DET_OK);
            (void)det_step(&core);
        }
        CHECK_INT(det_step(&core), DET_E_AGAIN); /* it is full */
        fake_spool copy = sp;
        CHECK_INT(copy.spool.append(&copy, bytes, sizeof bytes, NULL, 0), known ? DET_OK : DET_E_SPACE);
        CHECK_INT(det_set_offline(&core, 0), DET_OK);
        CHECK_INT(det_close(&core, DET_COMPLETED, 60000), DET_OK);
        CHECK(holds(0, 0, 95));
        end();
    }
}

static void an_open_that_fails_leaves_no_run_behind(void) {
    static const fake_script gone[] = {{.open_error = DET_E_CONNECT}, {0}};
    prepare(FAKE_DISK);
    fp.script = gone;
    fp.scripts = 2;
    CHECK_INT(det_open(&core, &opt), DET_E_CONNECT);
    CHECK_INT(report(1), DET_E_STATE);
    CHECK_INT(det_flush(&core, &opt, 60000), DET_OK);
    CHECK_STR(master.order, "");
    end();
}

static const unit_test tests[] = {
    TEST(online_everything_goes_through_the_spool_and_leaves_it),
    TEST(a_step_with_nothing_to_do_leaves_the_storage_alone),
    TEST(offline_not_one_network_call_is_made),
    TEST(an_offline_run_is_flushed_later_in_order_and_with_its_times),
    TEST(times_are_those_of_the_report_whatever_clock_the_flushing_machine_has),
    TEST(a_day_offline_then_a_flush_gives_order_times_and_counts),
    TEST(coming_back_to_the_network_delivers_what_was_reported_meanwhile),
    TEST(a_run_cut_off_by_a_crash_is_delivered_before_the_next_one_begins),
    TEST(a_lost_answer_is_made_good_with_a_spool_too),
    TEST(whichever_byte_the_power_is_cut_at_what_was_stored_arrives),
    TEST(a_long_run_does_not_fill_a_small_spool),
    TEST(what_may_no_longer_be_sent_is_asked_for),
    TEST(room_is_kept_for_what_comes_before_letting_go),
    TEST(an_open_that_fails_leaves_no_run_behind),
};
UNIT_MAIN(tests)
