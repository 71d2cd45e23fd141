/* SPDX-License-Identifier: Apache-2.0
 * In the first checkpoint the metrics may come before the configuration that says which of them counts: all are kept
 * until its end. Of later ones only that metric is. */
#include "checkpoint.h"

#include <stdlib.h>
#include <string.h>

void det__checkpoint_free(det__checkpoint *c) {
    det__buf_free(&c->text);
    det__buf_free(&c->files);
    det__buf_free(&c->metrics);
    det__buf_free(&c->metric);
}

void det__checkpoint_begin(det__checkpoint *c) {
    c->text.len = c->files.len = c->metrics.len = 0;
    c->size = 0;
    if (!c->known) c->metric.len = 0;
}

static void add(det__checkpoint *c, det__buf *list, det__str name, det__str value) {
    det__pair p;
    p.name = c->text.len;
    p.name_len = name.n;
    p.value_len = value.n;
    det__buf_str(&c->text, name);
    det__buf_str(&c->text, value);
    det__buf_add(list, &p, sizeof p);
}

void det__checkpoint_file(det__checkpoint *c, det__str name, double size) {
    const det__str none = {"", 0};
    add(c, &c->files, name, none);
    c->size += size;
}

static int same(det__str a, det__str b) {
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

void det__checkpoint_metric(det__checkpoint *c, det__str name, det__str value) {
    if (!c->known || same(name, det__str_buf(&c->metric))) add(c, &c->metrics, name, value);
}

static det__pair pair_at(const det__buf *list, size_t i) {
    det__pair p;
    memcpy(&p, list->p + i * sizeof p, sizeof p);
    return p;
}

static det__str name_of(const det__checkpoint *c, det__pair p) {
    det__str s;
    s.p = det__str_buf(&c->text).p + p.name;
    s.n = p.name_len;
    return s;
}

/* UTF-8 sorts as its code points do. */
static int by_name(const void *a, const void *b) {
    const det__str *x = (const det__str *)a, *y = (const det__str *)b;
    int d = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    return d ? d : (x->n > y->n) - (x->n < y->n);
}

static int put_names(const det__checkpoint *c, det__buf *out) {
    size_t n = c->files.len / sizeof(det__pair);
    det__str *names = n ? (det__str *)malloc(n * sizeof *names) : NULL;
    if (n && !names) return 0;
    for (size_t i = 0; i < n; i++) names[i] = name_of(c, pair_at(&c->files, i));
    if (n) qsort(names, n, sizeof *names, by_name);
    for (size_t i = 0; i < n; i++) {
        if (i && same(names[i], names[i - 1])) continue;
        if (i) det__buf_add(out, "\n", 1);
        det__buf_str(out, names[i]);
    }
    free(names);
    return 1;
}

/* The last of that name, as a repeated key overwrites. */
static void put_metric(const det__checkpoint *c, det__buf *out) {
    for (size_t i = c->metrics.len / sizeof(det__pair); i-- > 0;) {
        det__pair p = pair_at(&c->metrics, i);
        det__str name = name_of(c, p);
        if (!same(name, det__str_buf(&c->metric))) continue;
        det__buf_add(out, name.p + name.n, p.value_len);
        return;
    }
}

int det__checkpoint_end(det__checkpoint *c, det__buf *names, det__buf *value) {
    c->known = 1;
    if (c->text.failed || c->files.failed || c->metrics.failed || c->metric.failed) return 0;
    put_metric(c, value);
    return put_names(c, names);
}
