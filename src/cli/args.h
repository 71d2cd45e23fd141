/* SPDX-License-Identifier: Apache-2.0
 * The command line, parsed as argparse parses det's: options and arguments in any order, "--limit=2", "--lim 2", "-ucarl",
 * "--". The options of every command (-m, -u, -v, -h) may also stand behind the command. No I/O but help and usage. */
#ifndef DET_CLI_ARGS_H
#define DET_CLI_ARGS_H

#include <stddef.h>
#include <stdint.h>

enum { DET__ARG_UNSET = INT32_MIN }; /* an INT that was not given and has no default */

/* What was said. Texts are argv's own. Fields of options that the command lacks keep their default. */
typedef struct det__args {
    const char *master, *user; /* -m, -u, or NULL */
    int verbose;
    int all, show_project, csv, json; /* lists */
    int64_t limit, offset, best, experiment_id;
    const char *pages;
    const char *username; /* user login */
    int password_stdin;
    const char *method, *path, *data; /* api */
    int all_pages;
    char **query; /* NULL-terminated, the caller's to free() */
} det__args;

enum det__option_kind {
    DET__OPTION_FLAG, /* int */
    DET__OPTION_TEXT, /* const char * */
    DET__OPTION_INT,  /* int64_t */
    DET__OPTION_WORDS /* char **: one more each time */
};

typedef struct det__option {
    const char *names;   /* "--all -a"; an argument without dashes, in brackets if it may be left out: "[username]" */
    const char *metavar; /* of a value, or NULL */
    const char *choices; /* of a TEXT: "1 all", or NULL for any */
    const char *help;
    size_t at; /* in det__args */
    uint8_t kind;
    uint8_t rival;         /* of options with the same number but 0 only one may be given */
} det__option;

struct det__command;

enum { DET__ARGS_RUN = -1 };

/* Fill *a and find the command. DET__ARGS_RUN, or the exit status: 0 help or version was printed, 2 a usage error was
 * told, 1 memory is out. */
int det__args_parse(det__args *a, const struct det__command **command, int argc, char **argv);

#endif
