/* SPDX-License-Identifier: Apache-2.0
 * csv.writer's QUOTE_MINIMAL: a field is quoted for a comma, a quote or a line end in it, or when it is an empty one
 * that is its whole line. */
#include "csv.h"

#include <string.h>

static int needs_quotes(det__str s) {
    return memchr(s.p, ',', s.n) || memchr(s.p, '"', s.n) || memchr(s.p, '\r', s.n) || memchr(s.p, '\n', s.n);
}

static void put_field(det__str s, int alone, FILE *out) {
    if (!(alone && s.n == 0) && !needs_quotes(s)) {
        fwrite(s.p, 1, s.n, out);
        return;
    }
    putc('"', out);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"') putc('"', out);
        putc(s.p[i], out);
    }
    putc('"', out);
}

static void put_row(const det__cell *cells, size_t n, FILE *out) {
    for (size_t i = 0; i < n; i++) {
        if (i) putc(',', out);
        put_field(cells[i].text, n == 1, out);
    }
    fputs("\r\n", out);
}

int det__csv_print(det__spill *rows, const char *const *headers, size_t n, FILE *out) {
    det__cell cells[DET__CSV_COLUMNS];
    int rc;
    if (n == 0 || n > DET__CSV_COLUMNS) return DET_E_ARG;
    for (size_t i = 0; i < n; i++) cells[i].text = det__str_of(headers[i]);
    put_row(cells, n, out);
    det__spill_rewind(rows);
    while ((rc = det__spill_get(rows, cells, n)) > 0) put_row(cells, n, out);
    return rc;
}
