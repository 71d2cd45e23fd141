/* SPDX-License-Identifier: Apache-2.0
 * Tables and CSV against what tabulate and csv.writer made of the same rows: tests/data/cli/tables.jsonl, or the file
 * that TEST_TABLES names (tests/data/cli/tables.py makes more of them). */
#define _POSIX_C_SOURCE 200809L
#include "cli/csv.h"
#include "cli/format.h"
#include "cli/table.h"
#include "det_json.h"
#include "unit.h"

static const char *const headers[] = {"ID", "Name", "# of Batches", "X"};

typedef struct vector {
    det__buf text;                  /* of all cells, one behind the other */
    det__spill rows;
    size_t columns;
    det__buf table, csv;            /* as expected */
} vector;

/* ---- reading a vector: {"columns":2,"rows":[[1,"a"]],"table":"…","csv":"…"} -------------------------------------- */

static void read_cell(det__buf *text, det__cell *cell, size_t *from, int type, const det_json_token *t) {
    det__str s;
    s.p = t->text;
    s.n = t->len;
    *from = text->len;
    cell->kind = det__format_scalar(type, t, s, text);
    cell->text.n = text->len - *from;
}

static void read_row(vector *v, det_json_reader *r) {
    det__cell cells[4];
    size_t from[4], n = 0;
    det_json_token t;
    int type;
    v->text.len = 0;
    while ((type = det_json_next(r, &t)) > 0 && type != DET_JSON_ARRAY_END) {
        read_cell(&v->text, &cells[n], &from[n], type, &t);
        n++;
    }
    for (size_t i = 0; i < n; i++) cells[i].text.p = det__str_buf(&v->text).p + from[i];
    CHECK_INT(n, v->columns);
    CHECK_INT(det__spill_put(&v->rows, cells, n), DET_OK);
}

static void read_vector(vector *v, char *line, size_t len) {
    static char scratch[1 << 20];
    det_json_reader r;
    det_json_token t;
    det__buf *to = NULL;
    int type;
    int64_t n;
    det_json_read_init(&r, scratch, sizeof scratch);
    det_json_feed(&r, line, len, 1);
    while ((type = det_json_next(&r, &t)) > 0) {
        if (type == DET_JSON_KEY) to = t.text[0] == 't' ? &v->table : &v->csv;
        if (type == DET_JSON_STRING) det__buf_add(to, t.text, t.len);
        if (type == DET_JSON_NUMBER && det_json_to_int(&t, &n) == DET_OK) v->columns = (size_t)n;
        if (type == DET_JSON_ARRAY && r.depth == 3) read_row(v, &r);
    }
    CHECK_INT(type, DET_JSON_END);
}

/* ---- comparing --------------------------------------------------------------------------------------------------- */

typedef int (*print_fn)(det__spill *, const char *const *, size_t, FILE *);

static int check(vector *v, print_fn print, const det__buf *want) {
    char *got = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&got, &len);
    int good;
    if (!out) abort();
    good = print(&v->rows, headers, v->columns, out) == DET_OK;
    fclose(out);
    good = good && len == want->len && memcmp(got, want->p, len) == 0;
    free(got);
    return good;
}

static void run_vector(char *line, size_t len, size_t bound) {
    vector v;
    int good;
    memset(&v, 0, sizeof v);
    det__spill_init(&v.rows, bound);
    read_vector(&v, line, len);
    good = check(&v, det__table_print, &v.table) && check(&v, det__csv_print, &v.csv);
    CHECK(good);
    if (!good) fprintf(stderr, "%.*s\n", len < 1000 ? (int)len : 1000, line);
    det__buf_free(&v.text);
    det__buf_free(&v.table);
    det__buf_free(&v.csv);
    det__spill_free(&v.rows);
}

static void run_all(size_t bound) {
    const char *path = getenv("TEST_TABLES");
    FILE *f = fopen(path && *path ? path : "tests/data/cli/tables.jsonl", "r");
    char *line = NULL;
    size_t cap = 0, n = 0;
    ssize_t len;
    CHECK(f != NULL);
    if (!f) return;
    while ((len = getline(&line, &cap, f)) > 0) {
        run_vector(line, (size_t)len, bound);
        n++;
    }
    CHECK(n > 0);
    free(line);
    fclose(f);
}

static void tables_and_csv_are_those_of_tabulate_and_csv_writer(void) {
    run_all(1 << 16);
}

static void so_they_are_when_rows_are_in_a_file(void) {
    run_all(16);
}

static void columns_out_of_range_are_refused(void) {
    det__spill rows;
    det__spill_init(&rows, 16);
    CHECK_INT(det__table_print(&rows, headers, 0, stderr), DET_E_ARG);
    CHECK_INT(det__csv_print(&rows, headers, DET__CSV_COLUMNS + 1, stderr), DET_E_ARG);
}

static const unit_test tests[] = {
    TEST(tables_and_csv_are_those_of_tabulate_and_csv_writer),
    TEST(so_they_are_when_rows_are_in_a_file),
    TEST(columns_out_of_range_are_refused),
};

UNIT_MAIN(tests)
