/* SPDX-License-Identifier: Apache-2.0
 * An answer that is no success: what the master said (contract 0.5 to 0.7), and det's words for it (contract 1.6). */
#ifndef DET_CLI_REFUSAL_H
#define DET_CLI_REFUSAL_H

#include "../json/pick.h"
#include "err.h"

typedef struct det__refusal {
    det__picker picker;
    det__pick picks[3];
    char message[700], inner[700], error[700]; /* "message", "error.message", "error.error" */
    char raw[400];                             /* the body's beginning, if it is none of these */
    size_t raw_len;
    int bad; /* it is no JSON */
} det__refusal;

void det__refusal_begin(det__refusal *r);
void det__refusal_feed(det__refusal *r, const void *data, size_t len);

/* The sentence, and code again. */
int det__refusal_end(det__refusal *r, int code, int status, det__err *e);

#endif
