/* SPDX-License-Identifier: Apache-2.0
 * Text as Python sees it: strings of code points with Python's white space and line ends, and the terminal sequences
 * that take no room. Everything here is UTF-8 that a JSON reader has checked; it may contain NUL bytes. Uses no
 * locale. */
#ifndef DET__CLI_TEXT_H
#define DET__CLI_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* A piece of somebody's text. */
typedef struct det__str {
    const char *p;
    size_t n;
} det__str;

/* A growing text. {0} is an empty one; when memory is out, failed is set and the rest is not added. */
typedef struct det__buf {
    char *p;
    size_t len, cap;
    int failed;
} det__buf;

void det__buf_add(det__buf *b, const void *data, size_t n);
void det__buf_str(det__buf *b, det__str s);
void det__buf_fill(det__buf *b, char c, size_t n);
void det__buf_free(det__buf *b);

det__str det__str_of(const char *s);
det__str det__str_buf(const det__buf *b);
int det__str_eq(det__str s, const char *t);

/* The code point at *p (p < end), which moves behind it. */
uint32_t det__cp_next(const char **p, const char *end);

int det__cp_space(uint32_t c);          /* str.isspace() */
size_t det__str_len(det__str s);        /* len(): code points */
det__str det__str_rstrip(det__str s);
det__str det__str_strip(det__str s);

/* The next of str.splitlines(), taken off *rest. 0: no more. */
int det__str_line(det__str *rest, det__str *line);

/* The next of re.split("[\r\n]"), of which there is always one: *rest is {NULL, 0} behind the last. 0: no more. */
int det__str_part(det__str *rest, det__str *part);

/* Terminal sequences as tabulate knows them: CSI, and OSC 8 links, whose text counts. */
int det__str_has_ansi(det__str s);
void det__str_plain(det__str s, det__buf *out); /* append s without them */
size_t det__str_visible(det__str s);            /* code points without them */

#endif
