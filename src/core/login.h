/* SPDX-License-Identifier: Apache-2.0
 * The password as it travels (contract 2.1). Knows no session. */
#ifndef DET_CORE_LOGIN_H
#define DET_CORE_LOGIN_H

/* Lower-case hex SHA-512 over the master's salt and the password; "" for an empty one or NULL. */
void det__login_hash(const char *password, char hex[129]);

/* One hexadecimal digit; ten: 'a' or 'A'. */
static inline char det__hex(unsigned nibble, char ten) {
    return (char)(nibble < 10 ? nibble + '0' : nibble - 10 + (unsigned char)ten);
}

#endif
