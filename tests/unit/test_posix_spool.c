/* SPDX-License-Identifier: Apache-2.0
 * The spool in a directory: segments, cap, lock, a full disk, a killed process, and what a power cut leaves: a last
 * segment cut or zeroed at every byte, files that never reached the disk. */
#define _DEFAULT_SOURCE 1
#define _DARWIN_C_SOURCE 1
#include "core/spool.h"
#include "det_posix.h"
#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char base[200], dir[220];
static det_posix_spool s;
static unsigned long scenarios;

static det_posix_spool_options options(uint64_t max_bytes) {
    det_posix_spool_options o;
    memset(&o, 0, sizeof o);
    o.size = sizeof o;
    o.dir = dir;
    o.max_bytes = max_bytes;
    o.sync_ms = DET_POSIX_SPOOL_NO_SYNC;
    return o;
}

static int open_spool(void) {
    det_posix_spool_options o = options(65536);
    return det_posix_spool_open(&s, &o);
}

/* Names of the segments, sorted; their number. */
static int segments(char name[][32], int cap) {
    DIR *d = opendir(dir);
    const struct dirent *e;
    int n = 0;
    while (d && (e = readdir(d)) != NULL) {
        if (!strstr(e->d_name, ".det") || n == cap) continue;
        int i = n++;
        for (; i && strcmp(name[i - 1], e->d_name) > 0; i--) memcpy(name[i], name[i - 1], 32);
        snprintf(name[i], 32, "%.31s", e->d_name);
    }
    if (d) closedir(d);
    return n;
}

static int count_segments(void) {
    char name[80][32];
    return segments(name, 80);
}

static void path_of(char *path, const char *name) {
    snprintf(path, 300, "%s/%.40s", dir, name);
}

static void fresh(void) {
    char name[80][32], path[300];
    int n = segments(name, 80);
    for (int i = 0; i < n; i++) {
        path_of(path, name[i]);
        unlink(path);
    }
    path_of(path, "first");
    unlink(path);
    rmdir(dir);
}

/* Record i, its payload all the same letter. */
static int put(int i, uint32_t len) {
    static char payload[1 << 18];
    det__spooled h;
    memset(&h, 0, sizeof h);
    h.kind = DET__SPOOL_METRICS;
    h.steps = i;
    h.len = len;
    memset(payload, 'a' + i % 26, len);
    return det__spool_put(&s.spool, &h, payload);
}

static uint64_t edge(int want_end, uint64_t discard) {
    uint64_t first = 0, end = 0;
    CHECK_INT(s.spool.discard(s.spool.ctx, discard, &first, &end), DET_OK);
    CHECK(first <= end);
    return want_end ? end : first;
}

/* Takes what there is; the numbers ascend by one from *from on, but for gaps if they are allowed. Number of the next. */
static int take_all(int from, int gaps) {
    static char got[1 << 18];
    uint64_t pos = edge(0, 0), before;
    uint32_t damaged = 0;
    det__spooled h;
    int code, altered = 0;
    do {
        before = pos;
        code = det__spool_get(&s.spool, &pos, &h, got, sizeof got, &damaged);
        if (code) continue;
        CHECK(gaps ? h.steps >= from : h.steps == from);
        for (uint32_t i = 0; i < h.len; i++) altered += got[i] != 'a' + h.steps % 26;
        from = h.steps + 1;
    } while (code == DET_OK || (code == DET_E_AGAIN && pos != before));
    CHECK_INT(code, DET_E_AGAIN);
    CHECK_INT(altered, 0);
    CHECK(pos == edge(1, 0));
    CHECK(gaps || damaged == 0);
    return from;
}

static void reports_outlive_the_program(void) {
    fresh();
    CHECK_INT(open_spool(), DET_OK);
    for (int i = 0; i < 40; i++) CHECK_INT(put(i, 700), DET_OK);
    CHECK_INT(take_all(0, 0), 40);
    det_posix_spool_close(&s);
    CHECK(count_segments() > 10 && count_segments() <= 32);
    CHECK_INT(open_spool(), DET_OK);
    CHECK_INT(take_all(0, 0), 40);
    for (int i = 40; i < 60; i++) CHECK_INT(put(i, 700), DET_OK);
    CHECK_INT(take_all(0, 0), 60);
    det_posix_spool_close(&s);
    det_posix_spool_close(&s);
    CHECK_INT(det_posix_spool_sync(&s), DET_E_STATE);
}

static void what_was_discarded_is_gone_from_disk_and_after_a_restart(void) {
    fresh();
    CHECK_INT(open_spool(), DET_OK);
    for (int i = 0; i < 30; i++) CHECK_INT(put(i, 700), DET_OK);
    CHECK(edge(0, 728 * 11 + 0) == 728 * 11);
    CHECK_INT(take_all(11, 0), 30);
    CHECK(count_segments() <= 11);
    det_posix_spool_close(&s);
    CHECK_INT(open_spool(), DET_OK);
    CHECK_INT(take_all(11, 0), 30);
    char c;
    CHECK_INT(s.spool.read(s.spool.ctx, 5, &c, 1), DET_E_ARG);
    CHECK_INT(s.spool.read(s.spool.ctx, edge(1, 0) + 1, &c, 1), DET_E_ARG);
    CHECK_INT(s.spool.read(s.spool.ctx, edge(1, 0), &c, 1), 0);
    CHECK_INT(s.spool.read(s.spool.ctx, edge(0, 0), &c, 1), 1);
    CHECK(s.read_fd >= 0);
    CHECK(edge(0, UINT64_MAX) == 30 * 728);
    CHECK_INT(count_segments(), 1);
    CHECK_INT(s.read_fd, -1); /* it would hold the blocks of a file that is gone */
    det_posix_spool_close(&s);
}

static void a_lost_hint_keeps_more(void) {
    char path[300];
    fresh();
    CHECK_INT(open_spool(), DET_OK);
    for (int i = 0; i < 30; i++) CHECK_INT(put(i, 300), DET_OK); /* six to a segment */
    edge(0, 328 * 9);
    det_posix_spool_close(&s);
    path_of(path, "first");
    int fd = open(path, O_WRONLY);
    CHECK(fd >= 0 && pwrite(fd, "x", 1, 3) == 1);
    close(fd);
    CHECK_INT(open_spool(), DET_OK);
    CHECK_INT(take_all(6, 0), 30);
    det_posix_spool_close(&s);
}

static void positions_go_on_when_files_are_lost(void) {
    char name[80][32], path[300];
    fresh();
    CHECK_INT(open_spool(), DET_OK);
    for (int i = 0; i < 30; i++) CHECK_INT(put(i, 700), DET_OK);
    edge(0, 728 * 30);
    CHECK_INT(put(30, 700), DET_OK);
    edge(0, 728 * 31);
    det_posix_spool_close(&s);
    int n = segments(name, 80);
    for (int i = 0; i < n; i++) {
        path_of(path, name[i]);
        CHECK_INT(i & 1 ? unlink(path) : truncate(path, 10), 0);
    }
    CHECK_INT(open_spool(), DET_OK);
    CHECK(edge(1, 0) == 728 * 31 && edge(0, 0) == 728 * 31);
    CHECK_INT(put(31, 700), DET_OK);
    CHECK_INT(take_all(31, 0), 32);
    det_posix_spool_close(&s);
}

static void the_cap_is_told_and_holds(void) {
    int i = 0, code;
    fresh();
    CHECK_INT(open_spool(), DET_OK);
    CHECK_INT(put(0, 65536), DET_E_SIZE);
    while ((code = put(i, 300)) == DET_OK) i++;
    CHECK_INT(code, DET_E_SPACE);
    CHECK_INT(i, 65536 / 328);
    CHECK_INT(take_all(0, 0), i);
    edge(0, 328 * 10);
    for (int k = 0; k < 6; k++) CHECK_INT(put(i++, 300), DET_OK);
    CHECK_INT(put(i, 300), DET_E_SPACE);
    edge(0, UINT64_MAX);
    CHECK_INT(put(i, 65536 * 31 / 32 - 28 - 400), DET_OK);
    edge(0, UINT64_MAX);
    CHECK_INT(put(i + 1, 65536 * 31 / 32 - 28), DET_OK); /* as large as can be, again */
    edge(0, UINT64_MAX);
    CHECK_INT(put(i + 2, 65536 * 31 / 32 - 28), DET_OK);
    CHECK_INT(take_all(i + 2, 0), i + 3);
    det_posix_spool_close(&s);
}

/* A long life: the directory stays small, the table of segments holds, whatever the sizes. */
static void a_hundred_times_the_cap_goes_through(void) {
    uint64_t behind[64];
    fresh();
    CHECK_INT(open_spool(), DET_OK);
    for (int i = 0; i < 20000; i++) {
        uint32_t len = (uint32_t)(i * 7919 % 613) + (i % 500 == 0 ? 9000 : 0);
        CHECK_INT(put(i, len), DET_OK);
        behind[i % 64] = edge(1, 0);
        if (i >= 40) edge(0, behind[(i - 40) % 64]);
        if (i % 1000 != 999) continue;
        CHECK_INT(take_all(i - 39, 0), i + 1);
        CHECK(count_segments() < 33);
        det_posix_spool_close(&s);
        CHECK_INT(open_spool(), DET_OK);
        CHECK_INT(take_all(i - 39, 0), i + 1);
    }
    CHECK(edge(1, 0) > 6000000);
    det_posix_spool_close(&s);
}

static void other_caps_than_last_time(void) {
    det_posix_spool_options small = options(65536), large = options(1 << 24);
    fresh();
    CHECK_INT(det_posix_spool_open(&s, &small), DET_OK);
    int i = 0;
    while (put(i, 1500) == DET_OK) i++;
    det_posix_spool_close(&s);
    CHECK_INT(det_posix_spool_open(&s, &large), DET_OK);
    for (int k = 0; k < 9000; k++) CHECK_INT(put(i++, 1500), DET_OK);
    CHECK_INT(take_all(0, 0), i);
    det_posix_spool_close(&s);
    CHECK_INT(det_posix_spool_open(&s, &small), DET_OK);
    CHECK_INT(put(i, 10), DET_E_SPACE);
    CHECK_INT(take_all(0, 0), i);
    edge(0, UINT64_MAX);
    CHECK_INT(put(i, 10), DET_OK);
    CHECK_INT(take_all(i, 0), i + 1);
    det_posix_spool_close(&s);
}

static void one_program_at_a_time(void) {
    det_posix_spool other;
    det_posix_spool_options o = options(0);
    fresh();
    CHECK_INT(open_spool(), DET_OK);
    CHECK_INT(det_posix_spool_open(&other, &o), DET_E_STATE);
    pid_t child = fork();
    if (child == 0) _exit(det_posix_spool_open(&other, &o) == DET_E_STATE ? 0 : 1);
    int status = 1;
    waitpid(child, &status, 0);
    CHECK_INT(status, 0);
    CHECK_INT(put(0, 10), DET_OK);
    det_posix_spool_close(&s);
    CHECK_INT(det_posix_spool_open(&other, &o), DET_OK);
    det_posix_spool_close(&other);
}

static void what_cannot_be_opened_is_told(void) {
    char path[300];
    det_posix_spool_options o = options(0);
    int lowest = open("/dev/null", O_RDONLY);
    close(lowest);
    fresh();
    CHECK_INT(det_posix_spool_open(NULL, &o), DET_E_ARG);
    CHECK_INT(det_posix_spool_open(&s, NULL), DET_E_ARG);
    o.max_bytes = 65535;
    CHECK_INT(det_posix_spool_open(&s, &o), DET_E_ARG);
    o = options(0);
    snprintf(path, sizeof path, "%s/missing/dir", base);
    o.dir = path;
    CHECK_INT(det_posix_spool_open(&s, &o), DET_E_IO);
    CHECK_INT(s.os_error, ENOENT);
    int fd = open(dir, O_CREAT | O_WRONLY, 0600);
    close(fd);
    o.dir = dir;
    CHECK_INT(det_posix_spool_open(&s, &o), DET_E_IO);
    CHECK_INT(s.os_error, ENOTDIR);
    unlink(dir);
    int was = fcntl(0, F_GETFD);
    memset(&s, 0, sizeof s);
    det_posix_spool_close(&s);
    CHECK_INT(fcntl(0, F_GETFD), was);
    fd = open("/dev/null", O_RDONLY);
    CHECK_INT(fd, lowest); /* nothing leaked, nothing of others closed */
    close(fd);
}

static void others_files_are_left_alone(void) {
    static const char *const alien[] = {"0000000000000000.det~", "000000000000000G.det", "notes.det",
                                        "ffffffffffffffff.det"};
    char path[300];
    fresh();
    CHECK_INT(open_spool(), DET_OK);
    CHECK_INT(put(0, 10), DET_OK);
    det_posix_spool_close(&s);
    for (int i = 0; i < 4; i++) {
        path_of(path, alien[i]);
        close(open(path, O_CREAT | O_WRONLY, 0600));
    }
    CHECK_INT(open_spool(), DET_OK);
    CHECK_INT(take_all(0, 0), 1);
    edge(0, UINT64_MAX);
    det_posix_spool_close(&s);
    for (int i = 0; i < 4; i++) {
        path_of(path, alien[i]);
        CHECK_INT(unlink(path), 0);
    }
}

static void a_full_disk_is_told_and_nothing_is_torn(void) {
    struct rlimit old, limit;
    int i = 0, code;
    fresh();
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    det_posix_spool_options o = options(1 << 20);
    CHECK_INT(det_posix_spool_open(&s, &o), DET_OK);
    limit = old;
    limit.rlim_cur = 5000;
    setrlimit(RLIMIT_FSIZE, &limit);
    while ((code = put(i, 300)) == DET_OK) i++;
    CHECK_INT(code, DET_E_SPACE);
    CHECK_INT(s.os_error, EFBIG);
    CHECK_INT(i, 5000 / 328);
    CHECK_INT(take_all(0, 0), i); /* no damage: what was begun is taken back */
    setrlimit(RLIMIT_FSIZE, &old);
    CHECK_INT(put(i, 300), DET_OK);
    CHECK_INT(take_all(0, 0), i + 1);
    det_posix_spool_close(&s);
}

static void every_policy_stores(void) {
    for (int32_t ms = -1; ms < 40; ms = ms < 1 ? ms + 1 : ms * 3) {
        det_posix_spool_options o = options(65536);
        o.sync_ms = ms;
        fresh();
        CHECK_INT(det_posix_spool_open(&s, &o), DET_OK);
        for (int i = 0; i < 20; i++) CHECK_INT(put(i, 700), DET_OK);
        CHECK_INT(det_posix_spool_sync(&s), DET_OK);
        det_posix_spool_close(&s);
        CHECK_INT(det_posix_spool_open(&s, &o), DET_OK);
        CHECK_INT(take_all(0, 0), 20);
        det_posix_spool_close(&s);
    }
}

/* ---- after a power cut --------------------------------------------------------------------------------------------- */

/* The last segment, five records of 128 bytes behind those of the one before it, ends at each of its bytes, by being
 * shorter or by zeros. Those before are there, those after are new. */
static void the_last_segment_torn_at_every_byte(void) {
    char name[80][32], path[300];
    static const char zeros[700];
    for (int zeroed = 0; zeroed < 2; zeroed++)
        for (off_t at = 0; at <= 640; at++, scenarios++) {
            fresh();
            CHECK_INT(open_spool(), DET_OK);
            for (int i = 0; i < 16 + 5; i++) CHECK_INT(put(i, 100), DET_OK);
            det_posix_spool_close(&s);
            int n = segments(name, 80);
            CHECK_INT(n, 2);
            path_of(path, name[1]);
            CHECK_INT(truncate(path, at), 0);
            int fd = open(path, O_WRONLY);
            if (zeroed) CHECK(pwrite(fd, zeros, (size_t)(640 - at), at) == 640 - at);
            close(fd);
            CHECK_INT(open_spool(), DET_OK);
            int whole = 16 + (int)(at / 128);
            CHECK_INT(take_all(0, 1), whole);
            CHECK_INT(put(50, 100), DET_OK);
            CHECK_INT(put(51, 5000), DET_OK);
            CHECK_INT(take_all(0, 1), 52);
            det_posix_spool_close(&s);
            CHECK_INT(open_spool(), DET_OK);
            CHECK_INT(take_all(0, 1), 52);
            det_posix_spool_close(&s);
        }
}

/* Without syncing, an older segment may be the one that is short, or missing. */
static void an_older_segment_torn_or_lost(void) {
    char name[80][32], path[300];
    for (int which = 0; which < 3; which++)
        for (off_t at = -1; at <= 2048; at += 41, scenarios++) {
            fresh();
            CHECK_INT(open_spool(), DET_OK);
            for (int i = 0; i < 16 * 3 + 5; i++) CHECK_INT(put(i, 100), DET_OK);
            det_posix_spool_close(&s);
            CHECK_INT(segments(name, 80), 4);
            path_of(path, name[which]);
            CHECK_INT(at < 0 ? unlink(path) : truncate(path, at), 0);
            CHECK_INT(open_spool(), DET_OK);
            CHECK_INT(take_all(0, 1), 16 * 3 + 5);
            CHECK_INT(put(60, 100), DET_OK);
            CHECK_INT(take_all(0, 1), 61);
            edge(0, UINT64_MAX);
            det_posix_spool_close(&s);
        }
}

/* A child appends and says so after each; it is killed at some moment. What it said is there. */
static void a_killed_process_loses_nothing_it_was_told_is_stored(void) {
    for (int round = 0; round < 30; round++, scenarios++) {
        int pipes[2], said = -1, status;
        unsigned char byte[4];
        fresh();
        if (pipe(pipes)) abort();
        pid_t child = fork();
        if (child == 0) {
            close(pipes[0]);
            if (open_spool()) _exit(1);
            for (int i = 0; i < 180; i++) {
                if (put(i, 300 + (uint32_t)(i % 7))) _exit(2);
                if (write(pipes[1], &i, sizeof i) != sizeof i) _exit(3);
            }
            pause();
        }
        close(pipes[1]);
        for (int i = 0; i < 1 + round * 6 && read(pipes[0], byte, sizeof byte) == sizeof byte; i++) memcpy(&said, byte, 4);
        kill(child, SIGKILL);
        waitpid(child, &status, 0);
        while (read(pipes[0], byte, sizeof byte) == sizeof byte) memcpy(&said, byte, 4);
        close(pipes[0]);
        CHECK(WIFSIGNALED(status));
        CHECK_INT(open_spool(), DET_OK);
        int next = take_all(0, 1);
        CHECK(next == said + 1 || next == said + 2);
        det_posix_spool_close(&s);
    }
}

static void print_scenarios(void) {
    fresh();
    rmdir(base);
    printf("%lu scenarios of torn files and killed processes\n", scenarios);
}

static const unit_test tests[] = {
    TEST(reports_outlive_the_program),
    TEST(what_was_discarded_is_gone_from_disk_and_after_a_restart),
    TEST(a_lost_hint_keeps_more),
    TEST(positions_go_on_when_files_are_lost),
    TEST(the_cap_is_told_and_holds),
    TEST(a_hundred_times_the_cap_goes_through),
    TEST(other_caps_than_last_time),
    TEST(one_program_at_a_time),
    TEST(what_cannot_be_opened_is_told),
    TEST(others_files_are_left_alone),
    TEST(a_full_disk_is_told_and_nothing_is_torn),
    TEST(every_policy_stores),
    TEST(the_last_segment_torn_at_every_byte),
    TEST(an_older_segment_torn_or_lost),
    TEST(a_killed_process_loses_nothing_it_was_told_is_stored),
    TEST(print_scenarios),
};

int main(void) {
    const char *tmp = getenv("TMPDIR");
    snprintf(base, sizeof base, "%.150s/det_spool.XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(base)) return 1;
    snprintf(dir, sizeof dir, "%s/spool", base);
    return unit_main(tests, sizeof tests / sizeof tests[0]);
}
