/* SPDX-License-Identifier: Apache-2.0
 * Asking the person at the terminal. No handlers, no statics: signals are held back while the terminal's settings are
 * changed, and let through when they have been put back. */
#ifndef DET_CLI_TTY_H
#define DET_CLI_TTY_H

#include <stddef.h>

#include "err.h"

enum { DET__TTY_INTERRUPTED = 1 };

/* Ask on /dev/tty without echo. *password: NUL-terminated UTF-8, free with det__tty_wipe(); NULL unless DET_OK.
 * DET_OK; DET__TTY_INTERRUPTED when a signal came (Ctrl-C) and the program's own handler has let it go on; DET_E_CLOSED at
 * the end of input (Ctrl-D); DET_E_IO without a terminal; DET_E_SPACE. */
int det__tty_password(const char *prompt, char **password, det__err *e);

/* --password-stdin: all of standard input but for one line end; from a terminal as det__tty_password(). Also DET_E_SIZE,
 * over 64 KiB, and DET_E_VALUE: a NUL byte in it. */
int det__tty_password_stdin(const char *prompt, char **password, det__err *e);

/* Overwrite and free. NULL is allowed. */
void det__tty_wipe(char *password);

/* "PROMPT [y/n]: " on standard output until the answer from standard input is one. 1 yes; 0 no, or Ctrl-C;
 * DET_E_CLOSED at the end of input, DET_E_IO, with a sentence. */
int det__tty_yes_or_no(const char *prompt, det__err *e);

/* May what goes to this descriptor be coloured? A terminal that is not dumb, and no NO_COLOR (no-color.org). */
int det__tty_colors(int fd);

#endif
