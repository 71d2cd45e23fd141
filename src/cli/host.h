/* SPDX-License-Identifier: Apache-2.0
 * What detc asks of the system it runs on: host_posix.c and tty_posix.c answer on Linux, macOS and the BSDs, host_windows.c,
 * files_windows.c and tty_windows.c on Windows; each compiles to nothing elsewhere. Texts and paths are UTF-8. Functions that
 * fail leave errno. */
#ifndef DET_CLI_HOST_H
#define DET_CLI_HOST_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "det_port.h"

/* ---- the process -------------------------------------------------------------------------------------------------- */

/* Before all else: standard input, output and error are open and bytes go through as they are; arguments are UTF-8. */
void det__host_begin(int *argc, char ***argv);

/* Have this called on Ctrl-C, at any moment, unless the program is to ignore it. */
void det__host_on_interrupt(void (*handler)(int));

/* A write to standard output failed with this errno: because nobody reads it any more? */
int det__host_reader_gone(int because);

/* The port for everything. Never NULL. */
const det_port *det__host_port(void);

/* From any moment on. */
int64_t det__host_now_ms(void);

/* 0, or -1 when a signal came. */
int det__host_sleep_ms(int64_t ms);

/* ---- files -------------------------------------------------------------------------------------------------------- */

/* Where det keeps its files here, unless DET_DEBUG_CONFIG_PATH says; malloc'd, NULL when memory is out. */
char *det__host_config_dir(void);

/* A file of certificates, as det_posix_read_pem() reads it, malloc'd. DET_OK, DET_E_CERT or DET_E_SPACE. */
int det__host_read_pem(const char *path, char **pem);

/* To read from; NULL. */
FILE *det__host_fopen(const char *path);

/* The directory of this file with those above it, for the owner alone. What fails shows when something is put there. */
void det__host_make_directory(const char *file);

/* One try at the lock, made if need be: a descriptor that holds it until it is closed, or -1; EWOULDBLOCK: another has it.
 * It is the lock that Python's filelock takes. */
int det__host_lock(const char *path);

/* A descriptor and the size, which is -1 for what is no regular file; or -1. */
int det__host_open(const char *path, int64_t *size);

/* As many as there are, n at most; or -1. */
ptrdiff_t det__host_read(int fd, void *data, size_t n);

void det__host_close(int fd);

/* Write a new file, onto the disk, in place of one that a crash may have left: with the mode of the file `like`, or for the
 * owner alone. 0 or -1. */
int det__host_write_file(const char *path, const char *like, const char *text, size_t len);

/* Rename over the file of that name at once, so that a crash leaves one of them. 0 or -1. */
int det__host_replace(const char *from, const char *path);

/* 0 or -1. */
int det__host_rename(const char *from, const char *path);
int det__host_remove(const char *path);

/* Can it be opened? Is the name taken, be it by a link to nowhere? */
int det__host_exists(const char *path);
int det__host_is_taken(const char *path);

/* A temporary file without a name, or one that goes with the process; or -1. */
int det__host_temp_file(void);

/* Where those are, and the variable that says so. */
const char *det__host_temp_dir(void);
const char *det__host_temp_variable(void);

/* As pread() and pwrite(), with no word of interruptions. */
ptrdiff_t det__host_read_at(int fd, void *data, size_t n, uint64_t at);
ptrdiff_t det__host_write_at(int fd, const void *data, size_t n, uint64_t at);

/* ---- the terminal ------------------------------------------------------------------------------------------------- */

typedef struct det__line {
    char *text; /* cap bytes */
    size_t len, cap;
} det__line;

/* Ask at the terminal without echo, however the standard descriptors are redirected; a line without its end.
 * DET_OK; DET__TTY_INTERRUPTED; DET_E_CLOSED at the end of input; DET_E_SIZE; DET_E_IO; DET_E_STATE without a terminal. */
int det__host_ask(const char *prompt, det__line *l);

/* "PROMPT [y/n]: " to `to`, a line of standard input. As det__host_ask(), but for DET_E_STATE. */
int det__host_answer(const char *prompt, FILE *to, det__line *l);

int det__host_is_terminal(int fd);

/* A terminal that understands colours? */
int det__host_colors(int fd);

#endif
