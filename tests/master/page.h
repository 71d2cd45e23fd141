/* SPDX-License-Identifier: Apache-2.0
 * Lists: their order, their page, their filters' query fields (contract 0.4, 6.1). A reader that fails has already
 * written the 400 and returns false. */
#ifndef MASTER_PAGE_H
#define MASTER_PAGE_H

#include "call.h"

/* Rows start … end - 1 of total answer what was asked for as {offset, limit}. */
typedef struct page {
    int offset, limit, start, end;
} page;

bool page_read(call *c, page *p);                  /* offset and limit, as asked for */
void page_sql(page *p, int total);                 /* 0 is a hundred, -1 all, -2 none; out of range is empty */
bool page_memory(call *c, page *p, int total);     /* 0 is all; out of range is a 400 */
void page_show(buf *b, const page *p, int total);  /* ,"pagination":{...} */

/* One row to be put in order: by text if there is one, else by number; equal ones by id. */
typedef struct listed {
    const void *of;
    bool null;
    double number;
    const char *text;
    int64_t id;
} listed;

/* PostgreSQL's order: NaN is the greatest number, null greater still (but last in any order with nulls_last). */
void list_sort(listed *v, size_t n, bool desc, bool nulls_last);

/* The n-th value of a query field that is an enum: its number, or -1 if there is none. names[i] belongs to number i and
 * may lack its common prefix; NULL is a hole. */
typedef struct choice {
    const char *prefix, *type;
    const char *const *names;
    int n;
} choice;
bool query_enum(call *c, const char *camel, const char *snake, int n, const choice *k, int *out);
bool query_desc(call *c, bool *desc); /* orderBy */
bool query_flag(call *c, const char *camel, const char *snake, int *out); /* BoolValue: 0, 1; -1 if not given */
bool query_bool(call *c, const char *camel, const char *snake, int *out); /* bool, in any of Go's spellings; likewise */
/* Is text asked for by the repeated field? So is any if the field is not given. */
bool query_has(call *c, const char *camel, const char *snake, const char *text);
bool query_has_state(call *c, const choice *states, const char *state);
bool like(const char *text, const char *part); /* ILIKE '%part%' */

#endif
