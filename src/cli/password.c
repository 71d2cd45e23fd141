/* SPDX-License-Identifier: Apache-2.0
 * Weak passwords, in the words of det. Of digits det counts those of all scripts, this only ASCII's. */
#include "password.h"

#include <string.h>

#define GOOD "\xe2\x9c\x93 "
#define BAD "\xe2\x9c\x97 "

enum { LENGTH_LEAST = 8, RULES = 5 };

static size_t characters(const char *s) {
    size_t n = 0;
    for (; *s; s++) n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

int det__password_warn(const char *password, FILE *to) {
    static const char *const rules[RULES] = {
        "password cannot be blank", "password must have at least 8 characters",
        "password must include an uppercase letter", "password must include a lowercase letter",
        "password must include a number",
    };
    int kept[RULES], all = 1;
    kept[0] = *password != 0;
    kept[1] = characters(password) >= LENGTH_LEAST;
    kept[2] = strpbrk(password, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL;
    kept[3] = strpbrk(password, "abcdefghijklmnopqrstuvwxyz") != NULL;
    kept[4] = strpbrk(password, "0123456789") != NULL;
    for (int i = 0; i < RULES; i++) all &= kept[i];
    if (all) return 0;
    fputs("Warning: your password does not appear to satisfy recommended complexity requirements:\n", to);
    for (int i = 0; i < RULES; i++) fprintf(to, "%s%s\n", kept[i] ? GOOD : BAD, rules[i]);
    fputs("Please change your password as soon as possible.\n", to);
    return 1;
}
