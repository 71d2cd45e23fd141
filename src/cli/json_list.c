/* SPDX-License-Identifier: Apache-2.0
 * A list of the master as JSON. The page's text is checked and its pagination read by a picker; beside it runs a scan by
 * bytes for where a resource begins and ends. Invariant: depth and quoted are those of the byte to come. */
#include "json_list.h"

#include <stdlib.h>
#include <string.h>

#include "../json/pick.h"
#include "det_json.h"
#include "format.h"
#include "spill.h"
#include "tree.h"

enum {
    KEEP = 256 * 1024, /* bytes of printed resources kept in memory */
    RESOURCE = 3,      /* containers open inside one: {"experiments":[{ */
    PAGINATION = 5,
    INDENT = 2
};

struct det__json_list {
    const char *name;
    det__spill rows;
    det__picker picker;
    det__pick picks[PAGINATION];
    det__page page;
    int depth, quoted, escaped;
    int inside;         /* the list itself */
    int seen;           /* there was one */
    char word[32];      /* the last string of the outermost object, cut */
    size_t word_len;
    det__buf resource;  /* its text so far */
    int err;
    const char *msg;
};

static int fail(det__json_list *l, int rc, const char *msg) {
    l->err = rc;
    l->msg = msg;
    return rc;
}

/* ---- a resource ---------------------------------------------------------------------------------------------------- */

/* Python reads numbers as ints and floats, and prints those; infinity as a string. */
static int as_python(det__tree *t) {
    for (det__tree *c = t->child; c; c = c->next)
        if (!as_python(c)) return 0;
    if (t->type != DET_JSON_NUMBER) return 1;
    det_json_token token = {t->text, t->len, 0};
    det__buf b = {0};
    det__format_scalar(DET_JSON_NUMBER, &token, det__str_of(""), &b);
    if (b.len && b.p[b.len - 1] == 'f') {
        det__buf_add(&b, "inity", 5);
        if (!b.failed) b.p[b.len - 8] = 'I';
        t->type = DET_JSON_STRING;
    }
    det__buf_add(&b, "", 1);
    if (b.failed) {
        det__buf_free(&b);
        return 0;
    }
    free(t->text);
    t->text = b.p;
    t->len = b.len - 1;
    return 1;
}

static int keep(det__json_list *l) {
    det__tree *t;
    det__cell cell;
    int rc = l->resource.failed ? DET_E_SPACE : det__tree_parse(&t, l->resource.p, l->resource.len);
    if (rc != DET_OK) return fail(l, rc, rc == DET_E_SPACE ? "out of memory" : det_strerror(rc));
    char *text = as_python(t) ? det__tree_print_inside(t, INDENT, 1, &cell.text.n) : NULL;
    det__tree_free(t);
    if (!text) return fail(l, DET_E_SPACE, "out of memory");
    cell.text.p = text;
    cell.kind = DET__CELL_TEXT;
    rc = det__spill_put(&l->rows, &cell, 1);
    free(text);
    return rc == DET_OK ? rc : fail(l, rc, l->rows.msg);
}

/* ---- bytes --------------------------------------------------------------------------------------------------------- */

static void in_string(det__json_list *l, char c) {
    if (l->escaped) l->escaped = 0;
    else if (c == '\\') l->escaped = 1;
    else if (c == '"') l->quoted = 0;
    if (l->quoted && l->depth == 1 && l->word_len < sizeof l->word) l->word[l->word_len++] = c;
}

static void opened(det__json_list *l, char c) {
    if (l->depth == 1) l->inside = c == '[' && l->word_len == strlen(l->name) && memcmp(l->word, l->name, l->word_len) == 0;
    l->seen |= l->inside;
    l->depth++;
    if (l->inside && l->depth == RESOURCE) l->resource.len = 0;
}

static int scan(det__json_list *l, const char *p, const char *end) {
    const char *from = p; /* what is the resource's and not yet kept */
    for (; p < end; p++) {
        if (l->quoted) {
            in_string(l, *p);
        } else if (*p == '"') {
            l->quoted = 1;
            if (l->depth == 1) l->word_len = 0;
        } else if (*p == '{' || *p == '[') {
            opened(l, *p);
            if (l->inside && l->depth == RESOURCE) from = p;
        } else if ((*p == '}' || *p == ']') && l->depth-- == RESOURCE && l->inside) {
            det__buf_add(&l->resource, from, (size_t)(p + 1 - from));
            if (keep(l) != DET_OK) return l->err;
        }
    }
    if (l->inside && l->depth >= RESOURCE) det__buf_add(&l->resource, from, (size_t)(end - from));
    return DET_OK;
}

/* ---- the interface ------------------------------------------------------------------------------------------------- */

det__json_list *det__json_list_new(const char *name) {
    det__json_list *l = (det__json_list *)calloc(1, sizeof *l);
    if (!l) return NULL;
    l->name = name;
    l->msg = "";
    det__spill_init(&l->rows, KEEP);
    return l;
}

int det__json_list_begin_page(det__json_list *l) {
    static const char *const paths[PAGINATION] = {"pagination.offset", "pagination.limit", "pagination.startIndex",
                                                  "pagination.endIndex", "pagination.total"};
    int64_t *at[PAGINATION] = {&l->page.offset, &l->page.limit, &l->page.start, &l->page.end, &l->page.total};
    memset(l->picks, 0, sizeof l->picks);
    memset(&l->page, 0, sizeof l->page);
    for (size_t i = 0; i < PAGINATION; i++) {
        l->picks[i].path = paths[i];
        l->picks[i].dst = at[i];
        l->picks[i].kind = DET__PICK_INT64;
    }
    det__picker_init(&l->picker, l->picks, PAGINATION);
    l->depth = l->quoted = l->escaped = l->inside = l->seen = 0;
    return DET_OK;
}

/* Only what the picker has found to be JSON is scanned. */
int det__json_list_feed(det__json_list *l, const void *data, size_t n) {
    if (l->err != DET_OK) return l->err;
    int rc = det__picker_feed(&l->picker, data, n);
    if (rc != DET_OK) return fail(l, rc, det_strerror(rc));
    return scan(l, (const char *)data, (const char *)data + n);
}

int det__json_list_end_page(det__json_list *l, det__page *p) {
    if (l->err != DET_OK) return l->err;
    int rc = det__picker_end(&l->picker), complete = l->seen;
    if (rc != DET_OK) return fail(l, rc, det_strerror(rc));
    for (size_t i = 0; i < PAGINATION; i++) complete &= l->picks[i].found == DET__PICK_STORED;
    if (!complete) return fail(l, DET_E_MASTER, "the answer is not such a list: is this the address of a Determined master?");
    *p = l->page;
    return DET_OK;
}

int det__json_list_print(det__json_list *l, FILE *out) {
    det__cell cell;
    int rc, n = 0;
    det__spill_rewind(&l->rows);
    fputc('[', out);
    for (; (rc = det__spill_get(&l->rows, &cell, 1)) > 0; n++) {
        fputs(n ? ",\n  " : "\n  ", out);
        fwrite(cell.text.p, 1, cell.text.n, out);
    }
    if (rc < 0) return fail(l, rc, l->rows.msg);
    fputs(n ? "\n]\n" : "]\n", out);
    return ferror(out) ? DET_E_IO : DET_OK;
}

const char *det__json_list_errmsg(const det__json_list *l) {
    return l->msg;
}

void det__json_list_free(det__json_list *l) {
    if (!l) return;
    det__spill_free(&l->rows);
    det__buf_free(&l->resource);
    free(l);
}
