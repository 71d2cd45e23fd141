/* SPDX-License-Identifier: Apache-2.0
 * Files in the configuration directory, shared with det (contract 1.4, 2.7): which directory, locks, reading, and
 * replacing a file so that a reader sees the old or the new one and a crash leaves one of them. What is in a file is not
 * this one's business. */
#ifndef DET_CLI_STORE_H
#define DET_CLI_STORE_H

#include <stddef.h>

#include "err.h"

typedef struct det__store {
    char *path; /* of the file */
    int lock;   /* descriptor while locked, or -1 */
} det__store;

/* The configuration directory as det finds it; malloc'd, NULL when memory is out. */
char *det__store_dir(void);

/* Prepare for the file of this name in that directory. DET_OK or DET_E_SPACE. No I/O. */
int det__store_init(det__store *s, const char *name, det__err *e);

/* Unlock and free. Safe on a zeroed one whose lock is -1. */
void det__store_free(det__store *s);

/* Make the directory if need be (0700) and take NAME.lock, waiting up to 30 s. DET_OK or DET_E_IO. */
int det__store_lock(det__store *s, det__err *e);

/* Read the whole file. *text: malloc'd, NUL-terminated, NULL when there is no such file. DET_OK, DET_E_IO, DET_E_SPACE,
 * or DET_E_STATE: over 16 MiB, no sentence. */
int det__store_read(const det__store *s, char **text, size_t *len, det__err *e);

/* Replace the file, locked: NAME.temp, fsync, rename. A new file is for its owner alone, another keeps its mode. DET_OK
 * or DET_E_IO; then the old file is as it was. */
int det__store_write(const det__store *s, const char *text, size_t len, det__err *e);

/* Move a file that is no good to NAME.bad, NAME.bad-2, …, locked. DET_E_STATE with a sentence that begins with the file's
 * path and `why`, or DET_E_IO. */
int det__store_put_aside(const det__store *s, const char *why, det__err *e);

#endif
