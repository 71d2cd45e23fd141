/* SPDX-License-Identifier: Apache-2.0
 * Lists of the master as JSON, as det's render.print_json() prints an array of resources: one resource at a time is held,
 * the printed ones beyond a bound in a temporary file. Used as list.h. */
#ifndef DET_CLI_JSON_LIST_H
#define DET_CLI_JSON_LIST_H

#include "list.h"

typedef struct det__json_list det__json_list;

/* name: the member of an answer that is the list, "experiments". NULL: out of memory. */
det__json_list *det__json_list_new(const char *name);

/* As det__list_begin_page() and so on. A page given up ends the list. */
int det__json_list_begin_page(det__json_list *l);
int det__json_list_feed(det__json_list *l, const void *data, size_t n);
int det__json_list_end_page(det__json_list *l, det__page *p);
int det__json_list_print(det__json_list *l, FILE *out);
const char *det__json_list_errmsg(const det__json_list *l);
void det__json_list_free(det__json_list *l);

#endif
