/* SPDX-License-Identifier: Apache-2.0
 * The password as it travels: never in clear, always salted and hashed as Determined's own clients do. */
#include "login.h"

#include <stdint.h>
#include <string.h>

#include "../base/sha512.h"
#include "../base/wipe.h"

void det__login_hash(const char *password, char hex[129]) {
    static const char salt[] = "GubPEmmotfiK9TMD6Zdw"; /* public, the same everywhere */
    static const char digits[] = "0123456789abcdef";
    uint8_t hash[64];
    hex[0] = 0;
    if (!*password) return;
    det__sha512(salt, sizeof salt - 1, password, strlen(password), hash);
    for (unsigned i = 0; i < 64; i++) {
        hex[2 * i] = digits[hash[i] >> 4];
        hex[2 * i + 1] = digits[hash[i] & 15];
    }
    hex[128] = 0;
    det__wipe(hash, sizeof hash);
}
