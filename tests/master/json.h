/* SPDX-License-Identifier: Apache-2.0
 * JSON as the master's Go code reads it: numbers keep their text (int fields refuse 3.0 and 1e3), strings are decoded,
 * a syntax error carries Go's own sentence, what follows the first value is ignored. Values live in an arena that is
 * reset as a whole; nothing here knows what a field means. */
#ifndef MASTER_JSON_H
#define MASTER_JSON_H

#include <stdbool.h>

#include "arena.h"
#include "buf.h"

typedef enum jtype { J_NULL, J_BOOL, J_NUM, J_STR, J_ARR, J_OBJ } jtype;

typedef struct jval {
    jtype type;
    bool b;
    const char *s; /* decoded string, or the number's text; NUL-terminated */
    size_t n;
    const char *key; /* name within the object it belongs to */
    size_t key_n;
    struct jval *child, *last, *next;
} jval;

/* The first value of p[0..n); NULL with err set to encoding/json's text. An empty or blank input gives NULL and "EOF". */
jval *json_parse(arena *a, const char *p, size_t n, buf *err);

jval *json_new(arena *a, jtype t);
jval *json_str(arena *a, const char *s, size_t n);
void json_put(jval *obj, jval *v, const char *key, size_t key_n); /* append to an object or (key NULL) an array */
jval *json_get(const jval *obj, const char *key);                 /* the last of that name (Go: last one wins), or NULL */
void json_sort(jval *v);                                          /* sort keys, drop all but the last of equal ones */
bool json_numeric(const jval *v, double *out);                    /* a number that fits float64 */

/* Print in Struct form: keys in the order held (see json_sort), numbers as float64. */
void json_print(buf *b, const jval *v);
bool json_has_nul(const jval *v); /* any string or key with U+0000, which PostgreSQL refuses */

#endif
