/* SPDX-License-Identifier: Apache-2.0
 * What a person is told on standard error: in colour on a terminal, and never with a control character that came from
 * elsewhere. */
#ifndef DET_CLI_SAY_H
#define DET_CLI_SAY_H

/* A line in red; a line in yellow; a line without colour. */
void det__say_error(const char *before, const char *text);
void det__say_warning(const char *text);
void det__say(const char *text);

#endif
