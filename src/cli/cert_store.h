/* SPDX-License-Identifier: Apache-2.0
 * certs.json (contract 1.4): certificates trusted for one master each, shared with det. Keys are canonical URLs. Locks,
 * results and sentences as in auth_store.h. */
#ifndef DET_CLI_CERT_STORE_H
#define DET_CLI_CERT_STORE_H

#include "err.h"

/* The certificates stored for a master: *pem is the caller's to free(), or NULL when there are none. The old single
 * file master.crt is taken over first, for this master, as det does. */
int det__certs_get(const char *master_url, char **pem, det__err *e);

int det__certs_set(const char *master_url, const char *pem, det__err *e);

#endif
