/* SPDX-License-Identifier: Apache-2.0
 * The unit-test harness: a table of functions whose names are sentences, checks that go on after a failure, guard
 * bytes around buffers. The last line printed is `N passed, N failed`; the exit status says the same. */
#ifndef UNIT_H
#define UNIT_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct unit_test {
    const char *name;
    void (*run)(void);
} unit_test;

#define TEST(f) {#f, f}

static int unit_failures; /* in the test that runs */

#define CHECK(c)                                                                                                       \
    do {                                                                                                               \
        if (!(c)) {                                                                                                    \
            unit_failures++;                                                                                           \
            if (unit_failures < 20) fprintf(stderr, "%s:%d: failed: %s\n", __FILE__, __LINE__, #c);                    \
        }                                                                                                              \
    } while (0)

#define CHECK_INT(got, want)                                                                                           \
    do {                                                                                                               \
        long long unit_g = (long long)(got), unit_w = (long long)(want);                                               \
        if (unit_g != unit_w) {                                                                                        \
            unit_failures++;                                                                                           \
            if (unit_failures < 20)                                                                                    \
                fprintf(stderr, "%s:%d: %s is %lld, not %lld\n", __FILE__, __LINE__, #got, unit_g, unit_w);            \
        }                                                                                                              \
    } while (0)

#define CHECK_STR(got, want)                                                                                           \
    do {                                                                                                               \
        const char *unit_g = (got), *unit_w = (want);                                                                  \
        if (!unit_g || strcmp(unit_g, unit_w) != 0) {                                                                  \
            unit_failures++;                                                                                           \
            if (unit_failures < 20)                                                                                    \
                fprintf(stderr, "%s:%d: %s is \"%s\", not \"%s\"\n", __FILE__, __LINE__, #got,                         \
                        unit_g ? unit_g : "(null)", unit_w);                                                           \
        }                                                                                                              \
    } while (0)

/* A buffer of exactly n usable bytes with guard bytes on both sides; unit_guard_free() checks them. */
#define UNIT_GUARD 32
static inline unsigned char *unit_guard(size_t n) {
    unsigned char *p = (unsigned char *)malloc(n + 2 * UNIT_GUARD);
    if (!p) abort();
    memset(p, 0xA5, n + 2 * UNIT_GUARD);
    return p + UNIT_GUARD;
}
static inline void unit_guard_free(unsigned char *q, size_t n) {
    unsigned char *p = q - UNIT_GUARD;
    int bad = 0;
    for (size_t i = 0; i < UNIT_GUARD; i++) bad |= p[i] != 0xA5 || p[UNIT_GUARD + n + i] != 0xA5;
    CHECK(!bad && "guard bytes intact");
    free(p);
}

static inline int unit_main(const unit_test *t, size_t n) {
    size_t passed = 0;
    for (size_t i = 0; i < n; i++) {
        unit_failures = 0;
        t[i].run();
        if (unit_failures) fprintf(stderr, "FAIL %s\n", t[i].name);
        passed += unit_failures == 0;
    }
    printf("%zu passed, %zu failed\n", passed, n - passed);
    return passed == n ? 0 : 1;
}

#define UNIT_MAIN(table)                                                                                               \
    int main(void) {                                                                                                   \
        return unit_main(table, sizeof(table) / sizeof((table)[0]));                                                   \
    }

#endif
