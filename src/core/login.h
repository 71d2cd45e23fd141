/* SPDX-License-Identifier: Apache-2.0
 * The password as it travels (contract 2.1). Knows no session. */
#ifndef DET_CORE_LOGIN_H
#define DET_CORE_LOGIN_H

#include "det_json.h"

/* A JSON string: the lower-case hex SHA-512 over the master's salt and the password; empty for an empty one or NULL. */
void det__login_password(det_json_writer *w, const char *password);

static inline char det__hex(unsigned nibble, char ten) {
    return (char)(nibble < 10 ? nibble + '0' : nibble - 10 + (unsigned char)ten);
}

#endif
