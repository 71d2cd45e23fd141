/* SPDX-License-Identifier: Apache-2.0
 * The certificates that an untrusted server shows, for a person to judge. Nothing but a TLS handshake is sent. */
#ifndef DET_CLI_CHAIN_H
#define DET_CLI_CHAIN_H

#include <stdint.h>

#include "../http/url.h"
#include "err.h"

typedef struct det__chain {
    char *pem;            /* all of them in the server's order, as OpenSSL writes them; the caller's to free() */
    char fingerprint[96]; /* of the first: SHA-256, lower-case hexadecimal, "aa:bb:…" */
} det__chain;

/* Connect to an https URL and fetch its chain within budget_ms. DET_OK; DET_E_NO_TLS; DET_E_DNS, DET_E_CONNECT and the
 * like; DET_E_TLS when no certificate came; with a sentence. Blocks. */
int det__chain_fetch(det__chain *c, const det__url *url, uint32_t budget_ms, det__err *e);

#endif
