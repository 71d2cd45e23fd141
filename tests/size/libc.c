/* SPDX-License-Identifier: Apache-2.0
 * What src/ takes of a libc, for targets that are linked without one. Not counted, never run. */
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t n) {
    char *t = (char *)to;
    const char *f = (const char *)from;
    while (n--) *t++ = *f++;
    return to;
}

void *memmove(void *to, const void *from, size_t n) {
    return memcpy(to, from, n);
}

void *memset(void *to, int c, size_t n) {
    char *t = (char *)to;
    while (n--) *t++ = (char)c;
    return to;
}

int memcmp(const void *a, const void *b, size_t n) {
    const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;
    for (; n--; x++, y++)
        if (*x != *y) return *x - *y;
    return 0;
}

size_t strlen(const char *s) {
    const char *end = s;
    while (*end) end++;
    return (size_t)(end - s);
}
