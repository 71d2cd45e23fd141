/* SPDX-License-Identifier: Apache-2.0
 * What of an answer's JSON is shown, and how: the one table to be changed for another column. Knows nothing of
 * reading it. */
#ifndef DET__CLI_COLUMNS_H
#define DET__CLI_COLUMNS_H

#include <stddef.h>
#include <stdint.h>

enum {
    DET__SHOW_VALUE, /* as str() has it */
    DET__SHOW_STATE,
    DET__SHOW_PERCENT,
    DET__SHOW_TIME,
    DET__SHOW_METRIC,      /* of any name: gathered; that of the searcher's name is shown */
    DET__SHOW_METRIC_NAME, /* no column */
    DET__SHOW_FILES,       /* of any name: gathered, sorted */
    DET__SHOW_RESOURCES,   /* no column: the object of the files, or null */
    DET__SHOW_SIZE,        /* the sum of the files' */
    DET__SHOW_THERE,       /* no column */
    DET__SHOW_PAGE         /* no column: a number of det__page */
};

/* What det fails without; or a DET_JSON type, of which the value has to be. */
enum { DET__NEED_NOTHING = 0, DET__NEED_KEY = 0xff };

typedef struct det__field {
    const char *header; /* of its column; NULL: it is none */
    const char *path;   /* elements joined by dots; "[]" is in an array, "*" any key */
    uint8_t show;
    uint8_t flags;      /* those of the list that it needs */
    uint8_t needed;
    uint8_t at;         /* where in det__page */
} det__field;

enum { DET__FIELDS = 24 }; /* most of a list: less than 32 */

/* The *n fields of a list's kind. */
const det__field *det__fields(int kind, size_t *n);

#endif
