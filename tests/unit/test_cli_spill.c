/* SPDX-License-Identifier: Apache-2.0
 * Rows in memory and in a file: read back whole for every bound, cut, and told when there is no room. */
#define _POSIX_C_SOURCE 200809L
#include "cli/spill.h"

#include <signal.h>
#include <sys/resource.h>

#include "unit.h"

enum { COLUMNS = 3 };

static void fill_text(char *text, size_t n, unsigned row) {
    for (size_t i = 0; i < n; i++) text[i] = (char)(row * 31 + i * 7);
}

/* Cells whose lengths differ from row to row, none included. */
static int put_row(det__spill *s, unsigned row) {
    static char text[COLUMNS][64];
    det__cell cells[COLUMNS];
    for (unsigned i = 0; i < COLUMNS; i++) {
        cells[i].text.p = text[i];
        cells[i].text.n = (row * 13 + i * 29) % 64;
        cells[i].kind = (int)((row + i) % 5);
        fill_text(text[i], cells[i].text.n, row + i);
    }
    return det__spill_put(s, cells, COLUMNS);
}

static void check_row(const det__cell *cells, unsigned row) {
    char text[64];
    for (unsigned i = 0; i < COLUMNS; i++) {
        CHECK_INT(cells[i].text.n, (row * 13 + i * 29) % 64);
        CHECK_INT(cells[i].kind, (row + i) % 5);
        fill_text(text, cells[i].text.n, row + i);
        CHECK(memcmp(text, cells[i].text.p, cells[i].text.n) == 0);
    }
}

static void check_rows(det__spill *s, unsigned n) {
    det__cell cells[COLUMNS];
    det__spill_rewind(s);
    for (unsigned row = 0; row < n; row++) {
        CHECK_INT(det__spill_get(s, cells, COLUMNS), 1);
        check_row(cells, row);
    }
    CHECK_INT(det__spill_get(s, cells, COLUMNS), 0);
}

static void rows_come_back_for_every_bound(void) {
    for (size_t bound = 1; bound < 40000; bound += bound < 200 ? 1 : 1711) {
        det__spill s;
        det__spill_init(&s, bound);
        for (unsigned row = 0; row < 300; row++) CHECK_INT(put_row(&s, row), DET_OK);
        check_rows(&s, 300);
        check_rows(&s, 300);
        det__spill_free(&s);
    }
}

static void a_cut_forgets_rows_in_memory_and_in_the_file(void) {
    for (size_t bound = 50; bound < 8000; bound += 397) {
        det__spill s;
        uint64_t end = 0;
        det__spill_init(&s, bound);
        for (unsigned row = 0; row < 100; row++) {
            if (row == 40) end = det__spill_end(&s);
            CHECK_INT(put_row(&s, row), DET_OK);
        }
        check_rows(&s, 100);
        det__spill_cut(&s, end);
        check_rows(&s, 40);
        for (unsigned row = 40; row < 70; row++) CHECK_INT(put_row(&s, row), DET_OK);
        check_rows(&s, 70);
        det__spill_free(&s);
    }
}

static int fill(det__spill *s) {
    int rc = DET_OK;
    for (unsigned row = 0; row < 1000 && rc == DET_OK; row++) rc = put_row(s, row);
    return rc;
}

static void a_directory_that_is_not_there_is_told(void) {
    det__spill s;
    const char *old = getenv("TMPDIR");
    char *keep = old ? strdup(old) : NULL;
    setenv("TMPDIR", "/nonexistent", 1);
    det__spill_init(&s, 100);
    CHECK_INT(fill(&s), DET_E_SIZE);
    CHECK(strstr(s.msg, "cannot make a temporary file in /nonexistent: ") != NULL);
    det__spill_free(&s);
    if (keep) {
        setenv("TMPDIR", keep, 1);
    } else {
        unsetenv("TMPDIR");
    }
    free(keep);
}

/* A limit on the size of files stands for a full disk. */
static void a_full_disk_is_told_and_the_rows_before_stay(void) {
    det__spill s;
    struct rlimit old, few;
    uint64_t end;
    CHECK_INT(getrlimit(RLIMIT_FSIZE, &old), 0);
    few = old;
    few.rlim_cur = 5000;
    signal(SIGXFSZ, SIG_IGN);
    CHECK_INT(setrlimit(RLIMIT_FSIZE, &few), 0);
    det__spill_init(&s, 100);
    for (unsigned row = 0; row < 20; row++) CHECK_INT(put_row(&s, row), DET_OK);
    end = det__spill_end(&s);
    CHECK_INT(fill(&s), DET_E_SIZE);
    CHECK(strstr(s.msg, "cannot write a temporary file") != NULL);
    det__spill_cut(&s, end);
    CHECK_STR(s.msg, "");
    check_rows(&s, 20);
    det__spill_free(&s);
    setrlimit(RLIMIT_FSIZE, &old);
}

static const unit_test tests[] = {
    TEST(rows_come_back_for_every_bound),
    TEST(a_cut_forgets_rows_in_memory_and_in_the_file),
    TEST(a_directory_that_is_not_there_is_told),
    TEST(a_full_disk_is_told_and_the_rows_before_stay),
};

UNIT_MAIN(tests)
