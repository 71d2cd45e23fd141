/* SPDX-License-Identifier: Apache-2.0
 * The sentence about a failure, for a person at a terminal: what happened and what to do next. Caller-owned. */
#ifndef DET_CLI_ERR_H
#define DET_CLI_ERR_H

#include "det_error.h"

typedef struct det__err {
    char text[1024]; /* NUL-terminated, no line break at its end */
} det__err;

#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
/* Write the sentence (cut if it is too long) and give the code back. e may be NULL. */
int det__cli_fail(det__err *e, int code, const char *format, ...);

/* The same, followed by ": " and the system's words for errno. The code is DET_E_IO. */
int det__cli_fail_errno(det__err *e, const char *what, const char *path);

/* Memory is out: DET_E_SPACE. */
int det__cli_fail_memory(det__err *e);

#endif
