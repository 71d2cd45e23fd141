/* SPDX-License-Identifier: Apache-2.0
 * Versions in Python's order (PEP 440) as far as Determined has them: numbers, "rc1" and ".dev0" before, "+local" after. */
#include "version.h"

#include <string.h>

typedef struct version {
    long number[5]; /* epoch first */
    long rank;      /* dev < a < b < rc < release < post */
    long of;        /* rc's, dev's or post's number */
    int local;
} version;

static long digits(const char **s) {
    long n = 0;
    for (; **s >= '0' && **s <= '9'; ++*s)
        if (n < 100000000) n = n * 10 + (**s - '0');
    return n;
}

static void suffix(version *v, const char **s) {
    static const struct { const char *name; long rank; } known[] = {
        {"dev", -4}, {"alpha", -3}, {"beta", -2}, {"a", -3}, {"b", -2}, {"rc", -1}, {"c", -1}, {"post", 1},
    };
    const char *p = *s;
    while (*p == '.' || *p == '-' || *p == '_') p++;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        size_t n = strlen(known[i].name);
        if (strncmp(p, known[i].name, n) != 0) continue;
        p += n;
        p += *p == '.' || *p == '-';
        v->rank = known[i].rank;
        v->of = digits(&p);
        *s = p;
        return;
    }
}

static int parse(version *v, const char *s) {
    size_t n = 1;
    memset(v, 0, sizeof *v);
    if (*s == 'v') s++;
    if (*s < '0' || *s > '9') return 0;
    v->number[1] = digits(&s);
    if (*s == '!') {
        v->number[0] = v->number[1];
        s++;
        v->number[1] = digits(&s);
    }
    while (*s == '.' && s[1] >= '0' && s[1] <= '9') {
        s++;
        long part = digits(&s);
        if (++n < 5) v->number[n] = part;
    }
    suffix(v, &s);
    v->local = *s == '+';
    return *s == 0 || v->local;
}

static int order(long a, long b) {
    return (a > b) - (a < b);
}

int det__version_order(const char *a, const char *b) {
    version x, y;
    if (!parse(&x, a) || !parse(&y, b)) return 0;
    for (size_t i = 0; i < 5; i++)
        if (x.number[i] != y.number[i]) return order(x.number[i], y.number[i]);
    if (x.rank != y.rank) return order(x.rank, y.rank);
    return x.of != y.of ? order(x.of, y.of) : order(x.local, y.local);
}
