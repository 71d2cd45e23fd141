/* SPDX-License-Identifier: Apache-2.0
 * tabulate's way from cells to lines, as passes over the rows: what is there at all (types, lines, terminal sequences),
 * the decimals of columns of floats, the widths, and the printing. A cell's text is made anew in each pass. */
#include "table.h"

#include <string.h>

#include "number.h"

enum { MIN_PADDING = 2 };

typedef struct column {
    det__str header;
    int kind;       /* of all cells: bool at least */
    int decimals;   /* most characters behind the point, -1 none */
    size_t width;   /* cells are padded to it */
    size_t outer;   /* the header, the rule and missing lines are: wider only where tabulate errs about sequences */
    det__buf text;  /* the cell of the present row, formatted */
    det__str cell;  /* … of which this is shown */
    det__str parts; /* what is left of its lines, cut as re.split() does */
} column;

typedef struct table {
    det__spill *rows;
    size_t n;
    column col[DET__TABLE_COLUMNS];
    det__cell cell[DET__TABLE_COLUMNS];
    det__buf plain; /* a cell without terminal sequences */
    det__buf line;
    int ansi;       /* some cell has a terminal sequence: widths count without them */
    int lines;      /* some cell has several lines */
    FILE *out;
} table;

static int numeric(const column *c) {
    return c->kind == DET__CELL_INT || c->kind == DET__CELL_FLOAT;
}

static size_t width_of(const table *t, det__str s) {
    return t->ansi ? det__str_visible(s) : det__str_len(s);
}

static det__str plain(table *t, det__str s) {
    if (!memchr(s.p, 0x1b, s.n)) return s;
    t->plain.len = 0;
    det__str_plain(s, &t->plain);
    return det__str_buf(&t->plain);
}

/* ---- rows -------------------------------------------------------------------------------------------------------- */

/* A row that has SEPARATING_LINE in one of its first two cells is a rule and takes no part in anything else. */
static int is_rule(const table *t) {
    for (size_t i = 0; i < t->n && i < 2; i++) {
        if (t->cell[i].kind == DET__CELL_TEXT && det__str_eq(det__str_strip(t->cell[i].text), "\001")) return 1;
    }
    return 0;
}

/* Call row() for every row. */
static int each_row(table *t, void (*row)(table *)) {
    int rc;
    det__spill_rewind(t->rows);
    while ((rc = det__spill_get(t->rows, t->cell, t->n)) > 0) row(t);
    return rc;
}

/* ---- first pass: kinds ------------------------------------------------------------------------------------------- */

static void kinds_row(table *t) {
    if (is_rule(t)) return;
    for (size_t i = 0; i < t->n; i++) {
        det__cell *c = &t->cell[i];
        int kind = c->kind;
        if (kind == DET__CELL_TEXT) {
            t->ansi |= memchr(c->text.p, 0x1b, c->text.n) && det__str_has_ansi(c->text);
            t->lines |= memchr(c->text.p, '\n', c->text.n) || memchr(c->text.p, '\r', c->text.n);
            if (t->col[i].kind == DET__CELL_TEXT) continue;
            kind = det__num_kind(plain(t, c->text));
        }
        if (kind > t->col[i].kind) t->col[i].kind = kind;
    }
}

/* ---- a cell's text ----------------------------------------------------------------------------------------------- */

static int escaped(char c) {
    return c < 0x20 || c == 0x7f || c == '\\'; /* above 0x7f too, where char is signed or not */
}

/* A whole number between a colour and something that Python has to escape loses leading zeros and what stands before
 * the colour: tabulate's expression finds it in the escaped text. */
static int coloured_int(det__str s, column *c) {
    const char *end = s.p + s.n, *q, *digits;
    for (const char *esc = s.p; (esc = (const char *)memchr(esc, 0x1b, (size_t)(end - esc))) != NULL; esc++) {
        if (end - esc < 2 || esc[1] != '[') continue;
        for (q = esc + 2; q < end && *q >= '0' && *q <= '9'; q++) {}
        if (q == esc + 2 || q == end || (*q != 'm' && *q != 'M')) continue;
        while (q < end && (*q == 'm' || *q == 'M')) q++;
        for (digits = q; q < end && *q >= '0' && *q <= '9'; q++) {}
        if (q == digits || q == end || !(escaped(*q) || (*q & 0x80))) continue;
        det__buf_add(&c->text, esc, (size_t)(digits - esc));
        while (*digits == '0' && q - digits > 1) digits++;
        det__buf_add(&c->text, digits, (size_t)(end - digits));
        return 1;
    }
    return 0;
}

/* format(float(text), "g") with the sequences around it kept: val.replace(raw, formatted). */
static void float_among_sequences(table *t, det__str s, column *c) {
    det__str raw = plain(t, s);
    size_t at = 0;
    double v;
    if (!det__num_float(raw, &v)) {
        det__buf_str(&c->text, s);
        return;
    }
    while (at < s.n) {
        if (s.n - at >= raw.n && memcmp(s.p + at, raw.p, raw.n) == 0) {
            det__num_g(v, &c->text);
            at += raw.n;
        } else {
            det__buf_add(&c->text, s.p + at++, 1);
        }
    }
}

static void float_text(table *t, det__str s, column *c) {
    double v;
    t->plain.len = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] != ',') det__buf_add(&t->plain, s.p + i, 1);
    }
    s = det__str_buf(&t->plain);
    if (det__num_float(s, &v)) {
        det__num_g(v, &c->text);
    } else {
        det__buf_str(&c->text, s);
    }
}

/* tabulate's _format(). */
static void format_cell(table *t, const det__cell *cell, column *c) {
    det__str s = cell->text;
    c->text.len = 0;
    if (c->kind == DET__CELL_FLOAT && cell->kind == DET__CELL_BOOL) {
        det__buf_str(&c->text, det__str_of(det__str_eq(s, "True") ? "1" : "0"));
    } else if (c->kind == DET__CELL_FLOAT && s.n && (cell->kind != DET__CELL_TEXT || !t->ansi)) {
        float_text(t, s, c);
    } else if (c->kind == DET__CELL_FLOAT && s.n) {
        float_among_sequences(t, s, c);
    } else if (c->kind != DET__CELL_INT || cell->kind != DET__CELL_TEXT || !coloured_int(s, c)) {
        det__buf_str(&c->text, s);
    }
}

static int decimals_of(table *t, const column *c) {
    return det__num_after_point(plain(t, det__str_buf(&c->text)));
}

/* Format the cells of the row, and align numbers at their points. */
static void show_cells(table *t) {
    for (size_t i = 0; i < t->n; i++) {
        column *c = &t->col[i];
        format_cell(t, &t->cell[i], c);
        if (c->kind == DET__CELL_FLOAT && c->decimals >= 0) {
            det__buf_fill(&c->text, ' ', (size_t)(c->decimals - decimals_of(t, c)));
        }
        c->cell = det__str_buf(&c->text);
        if (!numeric(c)) c->cell = det__str_strip(c->cell);
    }
}

/* ---- further passes: decimals and widths ------------------------------------------------------------------------- */

static void decimals_row(table *t) {
    if (is_rule(t)) return;
    for (size_t i = 0; i < t->n; i++) {
        column *c = &t->col[i];
        int n;
        if (c->kind != DET__CELL_FLOAT) continue;
        format_cell(t, &t->cell[i], c);
        n = decimals_of(t, c);
        if (n > c->decimals) c->decimals = n;
    }
}

static void widths_row(table *t) {
    if (is_rule(t)) return;
    show_cells(t);
    for (size_t i = 0; i < t->n; i++) {
        column *c = &t->col[i];
        det__str rest = c->cell, part = rest;
        if (t->lines) det__str_part(&rest, &part);
        do {
            size_t w = width_of(t, part);
            if (w > c->width) c->width = w;
        } while (t->lines && det__str_part(&rest, &part));
    }
}

/* The next line of a column's cell and the room to the left or right of it. 0: no more. With sequences tabulate pairs
 * the lines of splitlines() with the widths of re.split(): there may be more of the one than of the other. */
static int next_line(table *t, column *c, det__str *line, size_t *room) {
    det__str part;
    size_t len, width = c->width;
    if (!det__str_line(&c->cell, line)) return 0;
    len = det__str_len(*line);
    if (t->ansi) {
        if (!det__str_part(&c->parts, &part)) return 0;
        width += det__str_len(part) - det__str_visible(part);
    }
    *room = width > len ? width - len : 0;
    return 1;
}

static void outer_row(table *t) {
    if (is_rule(t)) return;
    show_cells(t);
    for (size_t i = 0; i < t->n; i++) {
        column *c = &t->col[i];
        det__str line;
        size_t room;
        c->parts = c->cell;
        while (next_line(t, c, &line, &room)) {
            size_t w = det__str_visible(line) + room;
            if (w > c->outer) c->outer = w;
        }
    }
}

/* ---- printing ---------------------------------------------------------------------------------------------------- */

static void end_line(table *t) {
    det__str s = det__str_rstrip(det__str_buf(&t->line));
    fwrite(s.p, 1, s.n, t->out);
    putc('\n', t->out);
    t->line.len = 0;
}

static void put_cell(table *t, const column *c, det__str s, size_t room) {
    size_t left = numeric(c) ? room : 0;
    if (c != t->col) det__buf_add(&t->line, "|", 1);
    det__buf_fill(&t->line, ' ', 1 + left);
    det__buf_str(&t->line, s);
    det__buf_fill(&t->line, ' ', 1 + room - left);
}

static void print_header(table *t) {
    for (size_t i = 0; i < t->n; i++) put_cell(t, &t->col[i], t->col[i].header, t->col[i].outer - t->col[i].header.n);
    end_line(t);
}

static void print_rule(table *t) {
    for (size_t i = 0; i < t->n; i++) {
        if (i) det__buf_add(&t->line, "+", 1);
        det__buf_fill(&t->line, '-', t->col[i].outer + 2);
    }
    end_line(t);
}

static void print_lines(table *t) {
    const det__str none = {"", 0};
    for (;;) {
        int some = 0;
        for (size_t i = 0; i < t->n; i++) {
            column *c = &t->col[i];
            det__str line;
            size_t room;
            if (next_line(t, c, &line, &room)) {
                put_cell(t, c, line, room);
                some = 1;
            } else {
                c->cell = none;
                put_cell(t, c, none, c->outer);
            }
        }
        if (!some) break;
        end_line(t);
    }
    t->line.len = 0;
}

static void print_row(table *t) {
    if (is_rule(t)) {
        print_rule(t);
        return;
    }
    show_cells(t);
    for (size_t i = 0; i < t->n; i++) {
        column *c = &t->col[i];
        c->parts = c->cell;
        if (!t->lines) put_cell(t, c, c->cell, c->width - width_of(t, c->cell));
    }
    if (t->lines) {
        print_lines(t);
    } else {
        end_line(t);
    }
}

/* ---- the whole --------------------------------------------------------------------------------------------------- */

static void begin(table *t, det__spill *rows, const char *const *headers, size_t n) {
    memset(t, 0, sizeof *t);
    t->rows = rows;
    t->n = n;
    for (size_t i = 0; i < n; i++) {
        t->col[i].header = det__str_of(headers[i]);
        t->col[i].kind = DET__CELL_BOOL;
        t->col[i].decimals = -1;
        t->col[i].width = t->col[i].header.n + MIN_PADDING;
    }
}

static int measure(table *t) {
    int rc = each_row(t, kinds_row);
    if (rc == DET_OK) rc = each_row(t, decimals_row);
    if (rc == DET_OK) rc = each_row(t, widths_row);
    for (size_t i = 0; i < t->n; i++) t->col[i].outer = t->col[i].width;
    if (rc == DET_OK && t->ansi && t->lines) rc = each_row(t, outer_row);
    return rc;
}

static int out_of_memory(const table *t) {
    int failed = t->plain.failed | t->line.failed;
    for (size_t i = 0; i < t->n; i++) failed |= t->col[i].text.failed;
    return failed;
}

int det__table_print(det__spill *rows, const char *const *headers, size_t n, FILE *out) {
    table t;
    int rc;
    if (n == 0 || n > DET__TABLE_COLUMNS) return DET_E_ARG;
    begin(&t, rows, headers, n);
    t.out = out;
    rc = measure(&t);
    if (rc == DET_OK && !out_of_memory(&t)) {
        print_header(&t);
        print_rule(&t);
        rc = each_row(&t, print_row);
    }
    if (rc == DET_OK && out_of_memory(&t)) rc = DET_E_SIZE;
    for (size_t i = 0; i < n; i++) det__buf_free(&t.col[i].text);
    det__buf_free(&t.plain);
    det__buf_free(&t.line);
    return rc;
}
