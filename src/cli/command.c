/* SPDX-License-Identifier: Apache-2.0
 * The table of commands and how names are looked up in it. What a command does is in its cmd_ file. */
#include "command.h"

#include <string.h>

#define AT(field) offsetof(det__args, field)
#define FLAG(names, help, field) {names, NULL, NULL, help, AT(field), DET__OPTION_FLAG, 0}
#define TEXT(names, metavar, help, field) {names, metavar, NULL, help, AT(field), DET__OPTION_TEXT, 0}
#define INT(names, metavar, help, field) {names, metavar, NULL, help, AT(field), DET__OPTION_INT, 0}
#define FORM(names, help, field) {names, NULL, NULL, help, AT(field), DET__OPTION_FLAG, 1} /* of output: one of them */
#define END {NULL, NULL, NULL, NULL, 0, 0, 0}

const det__option det__common_options[] = {
    TEXT("-u --user", "username", "run as the given user", user),
    TEXT("-m --master", "address", "master address (default: DET_MASTER, DET_MASTER_ADDR, localhost:8080)", master),
    FLAG("-v --verbose", "tell each request on standard error", verbose),
    END,
};

static const det__option none[] = {END};

static const det__option experiments[] = {
    FLAG("--all -a", "show all experiments (including archived and other users')", all),
    FLAG("--show_project", "include columns for workspace name and project name", show_project),
    INT("--limit", "LIMIT", "maximum items per page of results (default: 200)", limit),
    INT("--offset", "OFFSET", "number of items to skip before starting page of results (default: 0)", offset),
    {"--pages", "{1,all}", "1 all", "all available data, or a single page (default: all)", AT(pages), DET__OPTION_TEXT, 0},
    FORM("--csv", "print as CSV", csv),
    FORM("--json", "print as JSON", json),
    END,
};

static const det__option checkpoints[] = {
    INT("experiment_id", NULL, "experiment ID", experiment_id),
    INT("--best", "N", "the best N checkpoints; only those with a validation metric are considered", best),
    FORM("--csv", "print as CSV", csv),
    FORM("--json", "print as JSON", json),
    END,
};

static const det__option login[] = {
    TEXT("[username]", NULL, "name of user to log in as", username),
    FLAG("--password-stdin", "read the password from standard input", password_stdin),
    END,
};

static const det__option logout[] = {
    FLAG("--all -a", "log out of all cached sessions for the current master", all),
    END,
};

static const det__option api[] = {
    TEXT("method", NULL, "GET, POST, PATCH, PUT, DELETE", method),
    TEXT("path", NULL, "path below the master's URL, e.g. /api/v1/me", path),
    TEXT("-d --data", "JSON", "body of the request: a text, @file, or @- for standard input", data),
    {"-q --query", "key=value", NULL, "one more parameter of the query", AT(query), DET__OPTION_WORDS, 0},
    FLAG("--all-pages", "GET every page of a list, one line of JSON each", all_pages),
    END,
};

static const det__group experiment_group = {"e|xperiment", "manage experiments"};
static const det__group user_group = {"u|ser", "manage users"};

const det__command det__commands[] = {
    {NULL, "api", "call the API", det__cmd_api, api, 0, 0},
    {&experiment_group, "list ls", "list experiments", det__cmd_experiments, experiments, 1, 0},
    {&experiment_group, "list-checkpoints lc", "list checkpoints of experiment", det__cmd_checkpoints, checkpoints, 0, 0},
    {&user_group, "login", "log in user", det__cmd_login, login, 0, 0},
    {&user_group, "logout", "log out user", det__cmd_logout, logout, 0, 0},
    {&user_group, "whoami", "print the active user", det__cmd_whoami, none, 0, 0},
    {NULL, "version", "show version information", det__cmd_version, none, 0, 1},
    {NULL, NULL, NULL, NULL, NULL, 0, 0},
};

/* A bar ends a name that will do, and so does the word's end. *name is moved behind the word. */
static int one_word(const char **name, const char *word) {
    const char *p = *name, *w = word;
    int named = 0, same = 1;
    for (; *p && *p != ' '; p++) {
        if (*p == '|') {
            named |= same && !*w;
        } else if (same) {
            same = *w == *p;
            w += same;
        }
    }
    *name = *p ? p + 1 : p;
    return named || (same && !*w);
}

int det__command_named(const char *name, const char *word) {
    while (*name)
        if (one_word(&name, word)) return 1;
    return 0;
}

int det__command_name(const char *name, char *buf, size_t cap) {
    size_t n = 0;
    for (; *name && *name != ' ' && n + 1 < cap; name++)
        if (*name != '|') buf[n++] = *name;
    buf[n] = 0;
    return (int)n;
}

const det__command *det__command_find(const det__group *g, const char *word) {
    for (const det__command *c = det__commands; c->name; c++)
        if (c->group == g && det__command_named(c->name, word)) return c;
    return NULL;
}

const det__group *det__group_find(const char *word) {
    for (const det__command *c = det__commands; c->name; c++)
        if (c->group && det__command_named(c->group->name, word)) return c->group;
    return NULL;
}

const det__command *det__group_default(const det__group *g) {
    for (const det__command *c = det__commands; c->name; c++)
        if (c->group == g && c->is_default) return c;
    return NULL;
}
