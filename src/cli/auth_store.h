/* SPDX-License-Identifier: Apache-2.0
 * auth.json (contract 2.7): the tokens that det and detc share. Master URLs are canonical texts (det__url_text). Reading
 * takes no lock and writes nothing; each change locks, reads, changes and replaces the file (store.h).
 *
 * Functions that return int: DET_OK, or with a sentence in *e
 *   DET_E_IO     the file or its directory cannot be read or written
 *   DET_E_STATE  the file is damaged or another program's; it has been moved aside, so that the next try starts afresh
 *   DET_E_SPACE  memory is out */
#ifndef DET_CLI_AUTH_STORE_H
#define DET_CLI_AUTH_STORE_H

#include <stddef.h>

#include "err.h"
#include "tree.h"

/* What is stored for one master. Zero it, or load it, before anything else. */
typedef struct det__auth {
    det__tree *store;        /* private: the whole file, version 2 */
    const det__tree *master; /* private: the entry in it, or NULL */
} det__auth;

/* Read the file; nothing stored is no error. Undo with det__auth_free(), also after an error. */
int det__auth_load(det__auth *a, const char *master_url, det__err *e);

/* Wipes the tokens. */
void det__auth_free(det__auth *a);

/* These belong to a and live until it is freed; NULL for "there is none". */
const char *det__auth_active_user(const det__auth *a);
const char *det__auth_token(const det__auth *a, const char *user);
const char *det__auth_user(const det__auth *a, size_t i); /* the i-th user with a token, in the file's order */

int det__auth_set_token(const char *master_url, const char *user, const char *token, det__err *e);
int det__auth_drop_token(const char *master_url, const char *user, det__err *e);

/* Also DET_E_AUTH: the user has no token. */
int det__auth_set_active(const char *master_url, const char *user, det__err *e);
int det__auth_clear_active(const char *master_url, det__err *e);

#endif
