/* SPDX-License-Identifier: Apache-2.0
 * Lines on standard error. */
#include "say.h"

#include <stdio.h>
#include <string.h>

#include "tty.h"

/* What could steer a terminal becomes "?": control characters but line breaks and tabs, C1 ones in UTF-8 too. */
static void clean(const char *text) {
    for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
        int c1 = s[0] == 0xc2 && s[1] >= 0x80 && s[1] < 0xa0;
        putc((*s < 32 && *s != '\n' && *s != '\t') || *s == 127 || c1 ? '?' : *s, stderr);
        s += c1;
    }
}

static void line(const char *color, const char *before, const char *text) {
    int colored = *color && det__tty_colors(2);
    size_t n = strlen(text);
    if (colored) fprintf(stderr, "\033[%sm", color);
    clean(before);
    clean(text);
    if (colored) fputs("\033[0m", stderr);
    if (!n || text[n - 1] != '\n') putc('\n', stderr);
    fflush(stderr);
}

void det__say_error(const char *before, const char *text) {
    line("31", before, text);
}

void det__say_warning(const char *text) {
    line("33", "", text);
}

void det__say(const char *text) {
    line("", "", text);
}
