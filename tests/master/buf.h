/* SPDX-License-Identifier: Apache-2.0
 * A byte buffer that grows. Running out of memory ends this test program; nothing here knows HTTP or JSON structure
 * beyond escaping a string and printing a number the way Go's encoding/json does. */
#ifndef MASTER_BUF_H
#define MASTER_BUF_H

#include <stddef.h>

typedef struct buf {
    char *p;
    size_t len, cap;
} buf;

void *xmalloc(size_t n);
void *xrealloc(void *p, size_t n);
char *xstrndup(const char *s, size_t n);

void buf_reserve(buf *b, size_t more);
void buf_add(buf *b, const void *p, size_t n);
void buf_str(buf *b, const char *s);
void buf_fmt(buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3), nonnull(2)));
void buf_drop(buf *b, size_t n); /* forget the first n bytes */
void buf_free(buf *b);
const char *buf_cstr(buf *b); /* NUL-terminated view, valid until the next change */

/* A quoted JSON string. html: escape < > & U+2028 U+2029 as Go does; invalid UTF-8 becomes U+FFFD. */
void buf_json(buf *b, const char *s, size_t n);
/* The shortest text that reads back as v, in Go's JSON form; NaN and infinities as protojson's strings. */
void buf_num(buf *b, double v);

#endif
