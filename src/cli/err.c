/* SPDX-License-Identifier: Apache-2.0
 * Sentences for a person, cut to their buffer. */
#include "err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int det__cli_fail(det__err *e, int code, const char *format, ...) {
    va_list args;
    if (!e) return code;
    va_start(args, format);
    vsnprintf(e->text, sizeof e->text, format, args);
    va_end(args);
    return code;
}

int det__cli_fail_errno(det__err *e, const char *what, const char *path) {
    return det__cli_fail(e, DET_E_IO, "%s %s: %s", what, path, strerror(errno));
}

int det__cli_fail_memory(det__err *e) {
    return det__cli_fail(e, DET_E_SPACE, "out of memory");
}
