/* SPDX-License-Identifier: Apache-2.0
 * One metric's course: what was reported of it, step by step, and the figures a master keeps of that (contract 5.3). */
#ifndef DEMO_SERIES_H
#define DEMO_SERIES_H

#include <stddef.h>
#include <stdint.h>

enum { SERIES_MAX = 20000 };

typedef struct series {
    const char *group, *metric;
    size_t n;
    int64_t step[SERIES_MAX];
    double value[SERIES_MAX];
} series;

typedef struct summary {
    int64_t count;
    double last, min, max, mean;
} summary;

static inline void series_add(series *s, int64_t step, double value) {
    if (s->n == SERIES_MAX) return;
    s->step[s->n] = step;
    s->value[s->n++] = value;
}

static inline summary series_summary(const series *s) {
    summary r = {0, 0, 0, 0, 0};
    for (size_t i = 0; i < s->n; i++) {
        double v = s->value[i];
        r.min = i && r.min < v ? r.min : v;
        r.max = i && r.max > v ? r.max : v;
        r.mean += v;
        r.last = v;
    }
    r.count = (int64_t)s->n;
    if (s->n) r.mean /= (double)s->n;
    return r;
}

#endif
