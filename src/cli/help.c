/* SPDX-License-Identifier: Apache-2.0
 * Help and usage lines, made from the table of commands. */
#include <string.h>

#include "command.h"

enum { COLUMN = 24 };

void det__help_title(const det__group *g, const det__command *c, char *buf, size_t cap) {
    char group[32] = "", command[32] = "";
    if (c) g = c->group;
    if (g) det__command_name(g->name, group, sizeof group);
    if (c) det__command_name(c->name, command, sizeof command);
    snprintf(buf, cap, "detc%s%s%s%s", g ? " " : "", group, c ? " " : "", command);
}

static void usage_option(const det__option *o, FILE *to) {
    int n = (int)strcspn(o->names, " ");
    if (o->names[0] != '-')
        fprintf(to, " %s", o->names);
    else
        fprintf(to, " [%.*s%s%s]", n, o->names, o->metavar ? " " : "", o->metavar ? o->metavar : "");
}

void det__usage(const det__group *g, const det__command *c, FILE *to) {
    char title[80];
    det__help_title(g, c, title, sizeof title);
    fprintf(to, "usage: %s [-h]", title);
    for (int arguments = 0; arguments < 2; arguments++)
        for (const det__option *o = c ? c->options : det__common_options; o->names; o++)
            if ((o->names[0] != '-') == arguments) usage_option(o, to);
    fprintf(to, "%s\n", c ? "" : g ? " subcommand ..." : " command ...");
}

/* "  name, alias    what it is", the second column on a line of its own if the first is long. */
static void row(const char *first, const char *second, FILE *to) {
    if (strlen(first) + 4 > COLUMN)
        fprintf(to, "  %s\n%*s%s\n", first, COLUMN, "", second);
    else
        fprintf(to, "  %-*s%s\n", COLUMN - 2, first, second);
}

static void option_row(const det__option *o, FILE *to) {
    char text[80];
    size_t n = 0;
    for (const char *p = o->names; *p && n + 3 < sizeof text; p++) {
        if (*p == ' ') text[n++] = ',';
        if (*p != '[' && *p != ']') text[n++] = *p;
    }
    text[n] = 0;
    if (o->metavar) snprintf(text + n, sizeof text - n, " %s", o->metavar);
    row(text, o->help, to);
}

static void options(const det__option *o, int arguments, FILE *to) {
    for (; o->names; o++)
        if ((o->names[0] != '-') == arguments) option_row(o, to);
}

/* "experiment (e)", "list (ls)" */
static void name_row(const char *name, const char *help, FILE *to) {
    char text[80];
    int n = det__command_name(name, text, sizeof text), first = 1;
    size_t at = (size_t)n, len = 0;
    char word[40];
    for (const char *p = name;; p++) {
        if (*p == '|' || *p == ' ' || !*p) {
            word[len] = 0;
            if (strncmp(word, text, (size_t)n) != 0 || len != (size_t)n) {
                at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", first ? " (" : ", ", word);
                first = 0;
            }
            if (*p == ' ') len = 0;
            if (!*p) break;
        } else if (len + 1 < sizeof word) {
            word[len++] = *p;
        }
    }
    if (!first) snprintf(text + at, sizeof text - at, ")");
    row(text, help, to);
}

static void commands(const det__group *g, FILE *to) {
    const det__group *last = NULL;
    for (const det__command *c = det__commands; c->name; c++) {
        if (c->group == g) name_row(c->name, c->help, to);
        else if (!g && c->group != last) name_row(c->group->name, c->group->help, to);
        last = c->group;
    }
    row("help", "show help for this command", to);
}

void det__help(const det__group *g, const det__command *c, FILE *to) {
    det__usage(g, c, to);
    fprintf(to, "\n%s\n", c ? c->help : g ? g->help : "Determined command-line client on one connection");
    if (c && c->options->names && c->options->names[0] != '-') {
        fputs("\narguments:\n", to);
        options(c->options, 1, to);
    }
    if (!c) {
        fputs("\ncommands:\n", to);
        commands(g, to);
    }
    fputs("\noptions:\n", to);
    row("-h, --help", "show this help message and exit", to);
    if (!c && !g) row("--version", "print the version and exit", to);
    if (c) options(c->options, 0, to);
    options(det__common_options, 0, to);
}
