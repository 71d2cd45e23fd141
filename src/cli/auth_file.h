/* SPDX-License-Identifier: Apache-2.0
 * The text of auth.json in its three versions (contract 2.7) and the one tree they become:
 *     {"version": 2, "masters": {"<canonical URL>": {"active_user": "u", "tokens": {"u": "TOKEN"}}}} */
#ifndef DET_CLI_AUTH_FILE_H
#define DET_CLI_AUTH_FILE_H

#include "tree.h"

/* Text to tree; no text is an empty store. A version 0 file, which names no master, is taken to be this one's. DET_OK,
 * DET_E_STATE (damaged, or of a version or shape that is not known) or DET_E_SPACE. */
int det__auth_parse(det__tree **store, const char *text, size_t len, const char *master_url);

/* Tree to text, as det writes it; sets the version. malloc'd, NULL when memory is out. Wipe and free() it. */
char *det__auth_print(det__tree *store, size_t *len);

#endif
