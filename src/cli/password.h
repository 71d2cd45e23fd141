/* SPDX-License-Identifier: Apache-2.0
 * What det holds of a password: eight characters, an upper-case letter, a lower-case one and a digit. */
#ifndef DET_CLI_PASSWORD_H
#define DET_CLI_PASSWORD_H

#include <stdio.h>

/* Warn on `to` in det's words if the password is weaker; the login goes on. 1 if it warned. */
int det__password_warn(const char *password, FILE *to);

#endif
