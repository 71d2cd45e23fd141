/* SPDX-License-Identifier: Apache-2.0
 * Parsing the command line by the table of commands. Nothing is read but argv. */
#include "args.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "det_version.h"

typedef struct parse {
    det__args *a;
    char **argv;
    int argc, i;
    const det__group *group;
    const det__command *command;
    size_t positional; /* arguments of the command seen so far */
    size_t words;
    const det__option *rival; /* the one given of those that exclude each other */
} parse;

static int told(const parse *p, const char *what, const char *which, const char *rest) {
    char title[80];
    det__help_title(p->group, p->command, title, sizeof title);
    det__usage(p->group, p->command, stderr);
    fprintf(stderr, "%s: error: %s%s%s\n", title, what, which, rest);
    return 2;
}

/* "argument --all/-a: WHAT'VALUE' (choose from 1 all)" */
static int told_option(const parse *p, const det__option *o, const char *what, const char *value) {
    char text[96], rest[64] = "'", *space;
    snprintf(text, sizeof text, "argument %s", o->names);
    while ((space = strchr(text + sizeof "argument", ' ')) != NULL) *space = '/';
    snprintf(text + strlen(text), sizeof text - strlen(text), ": %s", what);
    if (o->choices) snprintf(rest, sizeof rest, "' (choose from %s)", o->choices);
    return told(p, text, value ? value : "", value ? rest : "");
}

static int told_rival(const parse *p, const det__option *o) {
    char text[64];
    snprintf(text, sizeof text, "not allowed with argument %s", p->rival->names);
    return told_option(p, o, text, NULL);
}

/* ---- values -------------------------------------------------------------------------------------------------------- */

static int to_int(const char *s, int64_t *v) {
    int negative = *s == '-';
    int64_t n = 0;
    if (*s == '-' || *s == '+') s++;
    if (!*s) return 0;
    for (; *s; s++) {
        if (*s < '0' || *s > '9' || n > INT64_MAX / 10 - 1) return 0;
        n = n * 10 + (*s - '0');
    }
    *v = negative ? -n : n;
    return 1;
}

/* As argparse has it: "-1", "-1.5" and "-.5" are values, no options. */
static int is_negative(const char *s) {
    size_t digits = 0, dots = 0;
    for (s++; *s; s++) {
        if (*s == '.' && !dots) dots++, digits = 0;
        else if (*s >= '0' && *s <= '9') digits++;
        else return 0;
    }
    return digits > 0;
}

static int is_option(const char *s) {
    return s[0] == '-' && s[1] && !is_negative(s) && !strchr(s, ' ');
}

static int one_of(const char *choices, const char *word) {
    return !choices || det__command_named(choices, word);
}

/* Room for every word there is. */
static int add_word(parse *p, char ***list, char *word) {
    if (!*list) *list = calloc((size_t)p->argc + 1, sizeof **list);
    if (!*list) {
        fputs("detc: out of memory\n", stderr);
        return 1;
    }
    (*list)[p->words++] = word;
    return DET__ARGS_RUN;
}

static int store(parse *p, const det__option *o, char *value) {
    char *at = (char *)p->a + o->at;
    if (o->rival && p->rival && p->rival != o) return told_rival(p, o);
    if (o->rival) p->rival = o;
    switch (o->kind) {
    case DET__OPTION_FLAG: *(int *)(void *)at = 1; break;
    case DET__OPTION_INT:
        if (!to_int(value, (int64_t *)(void *)at)) return told_option(p, o, "invalid int value: '", value);
        break;
    case DET__OPTION_TEXT:
        if (!one_of(o->choices, value)) return told_option(p, o, "invalid choice: '", value);
        *(const char **)(void *)at = value;
        break;
    default: return add_word(p, (char ***)(void *)at, value);
    }
    return DET__ARGS_RUN;
}

/* ---- options ------------------------------------------------------------------------------------------------------- */

static const det__option help_option = {"-h --help", NULL, NULL, NULL, 0, DET__OPTION_FLAG, 0};
static const det__option version_option = {"--version", NULL, NULL, NULL, 0, DET__OPTION_FLAG, 0};

enum { NO_MATCH, PREFIX, EXACT };

static int match(const char *names, const char *word, size_t n) {
    int best = NO_MATCH;
    for (const char *p = names; *p;) {
        size_t len = strcspn(p, " ");
        if (n <= len && strncmp(p, word, n) == 0) {
            if (n == len) return EXACT;
            if (p[1] == '-' && n > 2) best = PREFIX;
        }
        p += len + (p[len] == ' ');
    }
    return best;
}

typedef struct candidate {
    const det__option *option;
    int how, many;
} candidate;

static void consider(candidate *c, const det__option *o, const char *word, size_t n) {
    int how = o->names[0] == '-' ? match(o->names, word, n) : NO_MATCH;
    if (how == NO_MATCH || how < c->how) return;
    c->many = how > c->how ? 1 : c->many + 1;
    c->how = how;
    c->option = o;
}

/* The option of this name, or of the only name that begins so. NULL after telling; *status says what was told. */
static const det__option *find(parse *p, const char *word, size_t n, int *status) {
    candidate c = {NULL, NO_MATCH, 0};
    if (p->command)
        for (const det__option *o = p->command->options; o->names; o++) consider(&c, o, word, n);
    for (const det__option *o = det__common_options; o->names; o++) consider(&c, o, word, n);
    consider(&c, &help_option, word, n);
    if (!p->command && !p->group) consider(&c, &version_option, word, n);
    if (c.many == 1 || c.how == EXACT) return c.option;
    *status = told(p, c.many ? "ambiguous option: " : "unrecognized arguments: ", word, "");
    return NULL;
}

/* Help and version end the program; the others take a value or none. `inside` is what stands in the same word. */
static int take(parse *p, const det__option *o, char *inside) {
    if (o == &help_option) {
        det__help(p->group, p->command, stdout);
        return 0;
    }
    if (o == &version_option) {
        puts("detc " DET_VERSION);
        return 0;
    }
    if (o->kind == DET__OPTION_FLAG) return inside ? told_option(p, o, "ignored explicit argument '", inside) : store(p, o, NULL);
    if (inside) return store(p, o, inside);
    if (p->i + 1 >= p->argc || is_option(p->argv[p->i + 1])) return told_option(p, o, "expected one argument", NULL);
    return store(p, o, p->argv[++p->i]);
}

static int long_option(parse *p, char *word) {
    char *equals = strchr(word, '=');
    int status = 2;
    const det__option *o = find(p, word, equals ? (size_t)(equals - word) : strlen(word), &status);
    return o ? take(p, o, equals ? equals + 1 : NULL) : status;
}

/* "-a", "-av", "-ucarl" */
static int short_options(parse *p, char *word) {
    for (char *at = word + 1; *at; at++) {
        char name[3] = {'-', *at, 0};
        int status = 2;
        const det__option *o = find(p, name, 2, &status);
        if (!o) return status;
        if (o->metavar) return take(p, o, at[1] ? at + 1 : NULL);
        status = take(p, o, NULL);
        if (status != DET__ARGS_RUN) return status;
    }
    return DET__ARGS_RUN;
}

/* ---- commands and their arguments ------------------------------------------------------------------------------------ */

static int choose(parse *p, const char *word) {
    if (strcmp(word, "help") == 0) {
        det__help(p->group, NULL, stdout);
        return 0;
    }
    if (!p->group && (p->group = det__group_find(word)) != NULL) return DET__ARGS_RUN;
    p->command = det__command_find(p->group, word);
    if (p->command) return DET__ARGS_RUN;
    return told(p, p->group ? "argument subcommand: invalid choice: '" : "argument command: invalid choice: '", word,
                "': see 'help'");
}

/* The n-th argument of the command, or NULL. */
static const det__option *argument(const det__command *c, size_t n) {
    for (const det__option *o = c->options; o->names; o++)
        if (o->names[0] != '-' && n-- == 0) return o;
    return NULL;
}

static int positional(parse *p, char *word) {
    if (!p->command) return choose(p, word);
    const det__option *o = argument(p->command, p->positional++);
    return o ? store(p, o, word) : told(p, "unrecognized arguments: ", word, "");
}

static int finish(parse *p) {
    if (!p->command && p->group) p->command = det__group_default(p->group);
    if (!p->command) {
        det__help(p->group, NULL, stdout);
        return 0;
    }
    const det__option *o = argument(p->command, p->positional);
    if (o && o->names[0] != '[') return told(p, "the following arguments are required: ", o->names, "");
    return DET__ARGS_RUN;
}

static void defaults(det__args *a) {
    memset(a, 0, sizeof *a);
    a->limit = 200;
    a->best = DET__ARG_UNSET;
    a->pages = "all";
}

int det__args_parse(det__args *a, const det__command **command, int argc, char **argv) {
    parse p = {a, argv, argc, 1, NULL, NULL, 0, 0, NULL};
    int status = DET__ARGS_RUN, only_arguments = 0;
    defaults(a);
    for (; p.i < argc && status == DET__ARGS_RUN; p.i++) {
        char *word = argv[p.i];
        if (only_arguments || !is_option(word)) status = positional(&p, word);
        else if (strcmp(word, "--") == 0) only_arguments = 1;
        else status = word[1] == '-' ? long_option(&p, word) : short_options(&p, word);
    }
    if (status == DET__ARGS_RUN) status = finish(&p);
    *command = p.command;
    return status;
}
