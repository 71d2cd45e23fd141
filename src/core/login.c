/* SPDX-License-Identifier: Apache-2.0
 * The password as it travels: never in clear, always salted and hashed as Determined's own clients do. */
#include "login.h"

#include <stdint.h>
#include <string.h>

#include "../base/sha512.h"
#include "../base/wipe.h"

void det__login_password(det_json_writer *w, const char *password) {
    static const char salt[] = "GubPEmmotfiK9TMD6Zdw"; /* public, the same everywhere */
    char hex[128];
    uint8_t *hash = (uint8_t *)hex + 64; /* read from here no later than it is written over */
    size_t len = 0;
    if (password && *password) {
        det__sha512(salt, sizeof salt - 1, password, strlen(password), hash);
        while (len < sizeof hex) {
            unsigned byte = *hash++;
            hex[len++] = det__hex(byte >> 4, 'a');
            hex[len++] = det__hex(byte & 15, 'a');
        }
    }
    det_json_string_n(w, hex, len);
    det__wipe(hex, sizeof hex);
}
