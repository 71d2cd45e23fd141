/* SPDX-License-Identifier: Apache-2.0
 * The password as it travels (contract 2.1). Knows no session. */
#ifndef DET_CORE_LOGIN_H
#define DET_CORE_LOGIN_H

/* Lower-case hex SHA-512 over the master's salt and the password; "" for an empty one. */
void det__login_hash(const char *password, char hex[129]);

/* One hexadecimal digit; ten: 'a' or 'A'. */
char det__hex(unsigned nibble, int ten);

#endif
