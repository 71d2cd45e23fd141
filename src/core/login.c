/* SPDX-License-Identifier: Apache-2.0
 * The password as it travels: never in clear, always salted and hashed as Determined's own clients do. */
#include "login.h"

#include <stdint.h>
#include <string.h>

#include "../base/sha512.h"

void det__login_hash(const char *password, char hex[129]) {
    static const char salt[] = "GubPEmmotfiK9TMD6Zdw"; /* public, the same everywhere */
    uint8_t *hash = (uint8_t *)hex + 64;               /* read from here no later than it is written over */
    hex[0] = hex[128] = 0;
    if (!password || !*password) return;
    det__sha512(salt, sizeof salt - 1, password, strlen(password), hash);
    for (unsigned i = 0; i < 128; i++) hex[i] = det__hex(hash[i / 2] >> (i & 1 ? 0 : 4) & 15, 'a');
}
