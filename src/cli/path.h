/* SPDX-License-Identifier: Apache-2.0
 * A request's path and query, put together piece by piece. Zero it first; one that ran out of memory stays empty. */
#ifndef DET_CLI_PATH_H
#define DET_CLI_PATH_H

#include <stddef.h>
#include <stdint.h>

typedef struct det__path {
    char *text; /* NUL-terminated, or NULL */
    size_t len, cap;
    int failed;
} det__path;

void det__path_free(det__path *p);
void det__path_clear(det__path *p);
void det__path_add(det__path *p, const char *s);
void det__path_add_n(det__path *p, const char *s, size_t n);
void det__path_int(det__path *p, int64_t v);

/* Encoded as a form's value is (a space becomes "+"), as det sends it. */
void det__path_quote(det__path *p, const char *s, size_t n);

/* DET_OK, or DET_E_SPACE when memory ran out. */
int det__path_end(const det__path *p);

#endif
