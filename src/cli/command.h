/* SPDX-License-Identifier: Apache-2.0
 * The one table of commands: it drives parsing, help and usage errors. Names are written as det writes them: "e|xperiment"
 * answers to e and experiment, "list ls" to list and ls. */
#ifndef DET_CLI_COMMAND_H
#define DET_CLI_COMMAND_H

#include <stdio.h>

#include "args.h"
#include "client.h"

typedef struct det__group {
    const char *name;
    const char *help;
} det__group;

typedef struct det__command {
    const det__group *group; /* or NULL */
    const char *name;
    const char *help; /* also behind "Failed to" */
    int (*run)(det__client *c);
    const det__option *options; /* its own, up to one without names */
    uint8_t is_default;         /* runs when the group is named alone */
    uint8_t offline;            /* needs no master: its client is not opened */
} det__command;

extern const det__command det__commands[]; /* grouped; up to one without a name */
extern const det__option det__common_options[];

/* Does the word name it? */
int det__command_named(const char *name, const char *word);

/* The full name: "experiment" of "e|xperiment". The length of what was written. */
int det__command_name(const char *name, char *buf, size_t cap);

/* The command of this name in the group (NULL: at the top), or NULL. */
const det__command *det__command_find(const det__group *g, const char *word);
const det__group *det__group_find(const char *word);
const det__command *det__group_default(const det__group *g);

/* Help, or the usage line alone, for a command, or a group, or (both NULL) everything. */
void det__help(const det__group *g, const det__command *c, FILE *to);
void det__usage(const det__group *g, const det__command *c, FILE *to);

/* "detc experiment list" */
void det__help_title(const det__group *g, const det__command *c, char *buf, size_t cap);

/* The commands. DET_OK, or an error whose sentence is in the client. */
int det__cmd_login(det__client *c);
int det__cmd_logout(det__client *c);
int det__cmd_whoami(det__client *c);
int det__cmd_experiments(det__client *c);
int det__cmd_checkpoints(det__client *c);
int det__cmd_api(det__client *c);
int det__cmd_version(det__client *c);

#endif
