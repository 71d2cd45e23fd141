/* SPDX-License-Identifier: Apache-2.0
 * Pick a few values out of a JSON text of any length and nesting as it streams by, in constant memory. Knows JSON, not
 * what the values are for. */
#ifndef DET_JSON_PICK_H
#define DET_JSON_PICK_H

#include "det_json.h"

enum det__pick_kind {
    DET__PICK_INT64, /* dst: int64_t. A number or, as the master writes int64 (contract 0.2), a string of digits */
    DET__PICK_TEXT   /* dst: char[cap], NUL-terminated always ("" until found), cut before a UTF-8 sequence */
};

enum det__pick_found {
    DET__PICK_ABSENT,
    DET__PICK_STORED,
    DET__PICK_OTHER  /* there, but of another type (null too; dst unchanged or ""), or cut to fit (TEXT) */
};

typedef struct det__pick {
    const char *path; /* keys joined by dots, e.g. "trial.id"; each under 64 bytes. Objects only: arrays match nothing */
    void *dst;
    size_t cap;       /* of TEXT, at least 1 */
    uint8_t kind;
    uint8_t found;    /* of the last value at this path: repeated keys overwrite, as in the master */
    uint16_t level;   /* private: leading keys of the path that the present position matches */
} det__pick;

typedef struct det__picker {
    det_json_reader reader;
    det__pick *picks;
    size_t n;
    size_t before;    /* bytes of the key or string being read that came with earlier tokens */
    char scratch[64];
} det__picker;

/* Begin; picks (n of them, path, dst, cap and kind set; not NULL even with n 0) must stay until the end. */
void det__picker_init(det__picker *p, det__pick *picks, size_t n);

/* The next piece of the text. DET_OK, or the reader's error (sticky): DET_E_JSON or DET_E_DEPTH. */
int det__picker_feed(det__picker *p, const void *data, size_t len);

/* The text has ended. DET_OK when it was one complete JSON value, or an error as above. */
int det__picker_end(det__picker *p);

#endif
