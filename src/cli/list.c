/* SPDX-License-Identifier: Apache-2.0
 * A list of the master: the values of the JSON that the table of fields names become the cells of rows. Invariant:
 * bit f of mask[d] is set when field f's first d path elements are the keys (or "[]" for an array) that lead to the
 * value at hand inside d open containers; so most of an answer, the experiments' configurations, is passed over with
 * a glance. */
#include "list.h"

#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"
#include "columns.h"
#include "csv.h"
#include "det_json.h"
#include "format.h"
#include "number.h"
#include "spill.h"
#include "table.h"

enum {
    LEVELS = 8,        /* above the longest path */
    ITEM = 2,          /* path elements that lead to an item: "experiments.[]" */
    KEEP = 256 * 1024, /* bytes of rows kept in memory */
    SCRATCH = 1024
};

struct det__list {
    const det__field *fields;
    size_t n;
    unsigned flags;
    uint8_t column[DET__TABLE_COLUMNS]; /* its field */
    size_t columns;
    uint32_t items;                     /* fields below an item; the others are the page's */
    uint32_t mask[LEVELS];
    uint32_t found;                     /* fields seen in this item or page, of a type that does */
    det__buf text[DET__FIELDS];         /* of the item's fields */
    int kind[DET__FIELDS];
    det__buf key, value;                /* the key of the value at hand, and a string put together */
    int partial;                        /* a key or string is being put together */
    det__checkpoint checkpoint;
    int sized;                          /* it has resources, be it none */
    det__page page;
    det__spill rows;
    uint64_t mark;                      /* where the rows of this page begin */
    int knew;                           /* checkpoint.known at that time */
    int open, err;
    const char *msg;
    det_json_reader reader;
    char scratch[SCRATCH];
};

/* ---- paths ------------------------------------------------------------------------------------------------------- */

/* The path from its element d on; NULL: there are no more. */
static const char *element(const char *path, unsigned d) {
    for (; d; d--) {
        path = strchr(path, '.');
        if (!path) return NULL;
        path++;
    }
    return path;
}

/* key.p NULL: the element of an array. */
static int matches(const char *path, det__str key) {
    size_t n = strcspn(path, ".");
    if (!key.p) return n == 2 && memcmp(path, "[]", 2) == 0;
    return (n == 1 && *path == '*') || (n == key.n && *path != '[' && memcmp(path, key.p, n) == 0);
}

/* Enter a value inside d open containers. */
static void enter(det__list *l, unsigned d, det__str key) {
    uint32_t m = l->mask[d - 1], bit = 1;
    l->mask[d] = 0;
    for (size_t f = 0; m >= bit && f < l->n; f++, bit <<= 1) {
        const char *rest = m & bit ? element(l->fields[f].path, d - 1) : NULL;
        if (rest && matches(rest, key)) l->mask[d] |= bit;
    }
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

static double to_number(int type, const det_json_token *t, det__str text) {
    double v = 0;
    if (type == DET_JSON_STRING) {
        det__num_float(text, &v);
    } else if (type == DET_JSON_NUMBER) {
        det_json_to_double(t, &v);
    } else {
        v = type == DET_JSON_TRUE;
    }
    return v;
}

static void set_page(det__list *l, size_t f, const det_json_token *t) {
    int64_t v;
    if (det_json_to_int(t, &v) == DET_OK) memcpy((char *)&l->page + l->fields[f].at, &v, sizeof v);
}

/* A metric is shown by str(), null as None. */
static void set_metric(det__list *l, int type, const det_json_token *t, det__str text) {
    det__buf b = {0};
    det__format_scalar(type, t, text, &b);
    if (type == DET_JSON_NULL) det__buf_str(&b, det__str_of("None"));
    if (type == DET_JSON_OBJECT || type == DET_JSON_ARRAY) {
        det__buf_str(&b, det__str_of(type == DET_JSON_OBJECT ? "{...}" : "[...]"));
    }
    det__checkpoint_metric(&l->checkpoint, det__str_buf(&l->key), det__str_buf(&b));
    l->checkpoint.text.failed |= b.failed;
    det__buf_free(&b);
}

static void set_metric_name(det__list *l, int type, const det_json_token *t, det__str text) {
    if (l->checkpoint.known) return;
    l->checkpoint.metric.len = 0;
    det__format_scalar(type, t, text, &l->checkpoint.metric);
    if (type == DET_JSON_NULL) det__buf_str(&l->checkpoint.metric, det__str_of("None"));
}

/* A scalar (or a container, which is as good as null) for a cell of its own. */
static void set_cell(det__list *l, size_t f, int type, const det_json_token *t, det__str text) {
    det__buf *out = &l->text[f];
    int show = l->fields[f].show;
    out->len = 0;
    l->kind[f] = type == DET_JSON_NULL ? DET__CELL_NONE : DET__CELL_TEXT;
    if (show == DET__SHOW_PERCENT && type != DET_JSON_NULL) {
        det__format_percent(to_number(type, t, text), out);
    } else if (show == DET__SHOW_TIME && type == DET_JSON_STRING) {
        det__format_time(text, out);
    } else if (show == DET__SHOW_STATE && type == DET_JSON_STRING) {
        det__format_state(text, out);
    } else {
        l->kind[f] = det__format_scalar(type, t, text, out);
    }
}

static void set(det__list *l, size_t f, int type, const det_json_token *t, det__str text) {
    const det__field *x = &l->fields[f];
    if (x->needed == DET__NEED_KEY || x->needed == type) l->found |= 1u << f;
    switch (x->show) {
    case DET__SHOW_PAGE: set_page(l, f, t); break;
    case DET__SHOW_METRIC: set_metric(l, type, t, text); break;
    case DET__SHOW_METRIC_NAME: set_metric_name(l, type, t, text); break;
    case DET__SHOW_FILES: det__checkpoint_file(&l->checkpoint, det__str_buf(&l->key), to_number(type, t, text)); break;
    case DET__SHOW_RESOURCES: l->sized = type == DET_JSON_OBJECT; break;
    case DET__SHOW_THERE:
    case DET__SHOW_SIZE: break;
    default: set_cell(l, f, type, t, text); break;
    }
}

/* A value inside d open containers: of the fields that its path leads to, it is that whose path ends here. */
static void on_value(det__list *l, unsigned d, int type, const det_json_token *t) {
    uint32_t m = d < LEVELS ? l->mask[d] : 0, bit = 1;
    det__str text = {"", 0};
    if (type == DET_JSON_STRING) {
        text.p = t->text;
        text.n = t->len;
    }
    for (size_t f = 0; m >= bit && f < l->n; f++, bit <<= 1) {
        if (m & bit && !element(l->fields[f].path, d)) set(l, f, type, t, text);
    }
}

/* ---- items ------------------------------------------------------------------------------------------------------- */

static int fail(det__list *l, int rc, const char *msg) {
    l->err = rc;
    l->msg = msg;
    return rc;
}

static void begin_item(det__list *l) {
    l->found &= ~l->items;
    for (size_t f = 0; f < l->n; f++) {
        l->text[f].len = 0;
        l->kind[f] = DET__CELL_NONE;
    }
    l->sized = 0;
    det__checkpoint_begin(&l->checkpoint);
}

/* Is there all of the fields `of` that det needs? */
static int complete(const det__list *l, uint32_t of) {
    for (size_t f = 0; f < l->n; f++) {
        if (of >> f & 1 && l->fields[f].needed != DET__NEED_NOTHING && !(l->found >> f & 1)) return 0;
    }
    return 1;
}

static size_t field_of(const det__list *l, int show) {
    size_t f = 0;
    while (f < l->n && l->fields[f].show != show) f++;
    return f;
}

static int gather(det__list *l) {
    size_t files = field_of(l, DET__SHOW_FILES), metric = field_of(l, DET__SHOW_METRIC), size = field_of(l, DET__SHOW_SIZE);
    if (files == l->n) return 1;
    l->text[files].len = l->text[metric].len = 0;
    l->kind[files] = l->kind[metric] = l->kind[size] = DET__CELL_TEXT;
    if (!det__checkpoint_end(&l->checkpoint, &l->text[files], &l->text[metric])) return 0;
    if (l->sized) det__format_size(l->checkpoint.size, &l->text[size]);
    return 1;
}

static int end_item(det__list *l) {
    det__cell cells[DET__TABLE_COLUMNS];
    int failed = !gather(l) || l->key.failed || l->value.failed;
    if (!complete(l, l->items)) return fail(l, DET_E_MASTER, "the answer lacks a value that every item of the list has");
    for (size_t i = 0; i < l->columns; i++) {
        size_t f = l->column[i];
        cells[i].text = det__str_buf(&l->text[f]);
        cells[i].kind = l->kind[f];
        failed |= l->text[f].failed;
    }
    if (failed) return fail(l, DET_E_SIZE, "out of memory");
    return det__spill_put(&l->rows, cells, l->columns) == DET_OK ? DET_OK : fail(l, DET_E_SIZE, l->rows.msg);
}

/* ---- tokens ------------------------------------------------------------------------------------------------------ */

/* Put a key or string together that comes in pieces. 1: it is whole now. */
static int whole(det__list *l, det_json_token *t) {
    if (!t->more && !l->partial) return 1;
    if (!l->partial) l->value.len = 0;
    det__buf_add(&l->value, t->text, t->len);
    l->partial = t->more;
    if (t->more) return 0;
    t->text = det__str_buf(&l->value).p;
    t->len = l->value.len;
    return 1;
}

static void on_key(det__list *l, unsigned d, const det_json_token *t) {
    det__str key;
    key.p = t->len ? t->text : "";
    key.n = t->len;
    enter(l, d, key);
    if (!l->mask[d]) return;
    l->key.len = 0;
    det__buf_str(&l->key, key);
}

static void on_open(det__list *l, unsigned d, int type, const det_json_token *t) {
    static const det__str in_array = {NULL, 0};
    on_value(l, d - 1, type, t);
    if (d >= LEVELS) return;
    l->mask[d] = 0;
    if (type == DET_JSON_ARRAY) enter(l, d, in_array);
    if (type == DET_JSON_OBJECT && d == ITEM + 1 && l->mask[ITEM] & l->items) begin_item(l);
}

static int on_token(det__list *l, int type, det_json_token *t) {
    unsigned d = l->reader.depth;
    switch (type) {
    case DET_JSON_OBJECT:
    case DET_JSON_ARRAY: on_open(l, d, type, t); break;
    case DET_JSON_OBJECT_END:
        if (d == ITEM && l->mask[ITEM] & l->items) return end_item(l);
        break;
    case DET_JSON_ARRAY_END: break;
    case DET_JSON_KEY:
        if (d < LEVELS && l->mask[d - 1] && whole(l, t)) on_key(l, d, t);
        if (d < LEVELS && !l->mask[d - 1]) l->mask[d] = 0;
        break;
    case DET_JSON_STRING:
        if (d < LEVELS && l->mask[d] && whole(l, t)) on_value(l, d, type, t);
        break;
    default: on_value(l, d, type, t); break;
    }
    return DET_OK;
}

static int run(det__list *l, const void *data, size_t n, int last) {
    det_json_token t;
    int type;
    det_json_feed(&l->reader, (const char *)data, n, last);
    while ((type = det_json_next(&l->reader, &t)) > 0) {
        int rc = on_token(l, type, &t);
        if (rc != DET_OK) return rc;
    }
    if (type == DET_E_AGAIN && !last) return DET_OK;
    if (type == DET_JSON_END) return DET_OK;
    return fail(l, type == DET_E_AGAIN ? DET_E_JSON : type, det_strerror(type));
}

/* ---- the interface ----------------------------------------------------------------------------------------------- */

det__list *det__list_new(int kind, unsigned flags) {
    det__list *l = (det__list *)calloc(1, sizeof *l);
    if (!l) return NULL;
    l->fields = det__fields(kind, &l->n);
    l->flags = flags;
    l->msg = "";
    for (size_t f = 0; f < l->n; f++) {
        const det__field *x = &l->fields[f];
        if (strstr(x->path, ".[].")) l->items |= 1u << f;
        if (x->header && (flags & x->flags) == x->flags) l->column[l->columns++] = (uint8_t)f;
    }
    det__spill_init(&l->rows, KEEP);
    return l;
}

int det__list_begin_page(det__list *l) {
    if (l->open) return DET_E_STATE;
    det_json_read_init(&l->reader, l->scratch, sizeof l->scratch);
    memset(l->mask, 0, sizeof l->mask);
    memset(&l->page, 0, sizeof l->page);
    l->mask[0] = (uint32_t)((1ull << l->n) - 1);
    l->found = 0;
    l->partial = 0;
    l->mark = det__spill_end(&l->rows);
    l->knew = l->checkpoint.known;
    l->open = 1;
    l->err = DET_OK;
    return DET_OK;
}

int det__list_feed(det__list *l, const void *data, size_t n) {
    if (!l->open) return DET_E_STATE;
    return l->err != DET_OK ? l->err : run(l, data, n, 0);
}

int det__list_end_page(det__list *l, det__page *p) {
    if (!l->open) return DET_E_STATE;
    if (l->err == DET_OK) run(l, "", 0, 1);
    if (l->err == DET_OK && !complete(l, ~l->items)) {
        fail(l, DET_E_MASTER, "the answer is not such a list: is this the address of a Determined master?");
    }
    if (l->err != DET_OK) return l->err;
    l->open = 0;
    if (p) *p = l->page;
    return DET_OK;
}

void det__list_drop_page(det__list *l) {
    if (!l->open) return;
    det__spill_cut(&l->rows, l->mark);
    l->checkpoint.known = l->knew;
    l->open = 0;
    l->err = DET_OK;
}

int det__list_print(det__list *l, FILE *out) {
    const char *headers[DET__TABLE_COLUMNS];
    int rc;
    for (size_t i = 0; i < l->columns; i++) headers[i] = l->fields[l->column[i]].header;
    rc = (l->flags & DET__LIST_CSV ? det__csv_print : det__table_print)(&l->rows, headers, l->columns, out);
    if (rc != DET_OK) return fail(l, rc, l->rows.msg[0] ? l->rows.msg : "out of memory");
    if (fflush(out) != 0 || ferror(out)) return fail(l, DET_E_IO, "cannot write the output");
    return DET_OK;
}

const char *det__list_errmsg(const det__list *l) {
    return l->msg;
}

void det__list_free(det__list *l) {
    if (!l) return;
    for (size_t f = 0; f < DET__FIELDS; f++) det__buf_free(&l->text[f]);
    det__buf_free(&l->key);
    det__buf_free(&l->value);
    det__checkpoint_free(&l->checkpoint);
    det__spill_free(&l->rows);
    free(l);
}
