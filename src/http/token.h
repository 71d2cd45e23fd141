/* SPDX-License-Identifier: Apache-2.0
 * The characters of HTTP: one notion of them for what is written and what is read. */
#ifndef DET_HTTP_TOKEN_H
#define DET_HTTP_TOKEN_H

#include <stdint.h>

#include "../base/noinline.h"

/* Sets of characters are strings: first and last of each run. */
#define DET__TOKEN "^zAZ--09#'*+..!!||~~" /* RFC 9110 section 5.6.2 */
#define DET__VISIBLE "!~"

/* Is byte c in the set? */
int det__is_in(unsigned c, const char *set);

/* The first character from s on that is not in the set: the NUL at the latest. */
const char *det__span(const char *s, const char *set);

#endif
