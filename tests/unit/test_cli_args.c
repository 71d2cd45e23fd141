/* SPDX-License-Identifier: Apache-2.0
 * The command line as argparse reads det's: aliases, options in any place and form, what is refused. */
#include "unit/unit.h"

#include "cli/command.h"

enum { MOST = 12 };
static det__args args;
static const det__command *command;

/* Words parted by blanks; what is printed on the way is dropped. */
static int parse(const char *line) {
    static char text[256];
    char *argv[MOST + 1] = {NULL};
    int argc = 0;
    strcpy(text, line);
    for (char *word = strtok(text, " "); word && argc < MOST; word = strtok(NULL, " ")) argv[argc++] = word;
    free(args.query);
    return det__args_parse(&args, &command, argc, argv);
}

static int runs(const char *line, int (*run)(det__client *)) {
    return parse(line) == DET__ARGS_RUN && command && command->run == run;
}

static void names_and_aliases_are_those_of_det(void) {
    CHECK(runs("detc user whoami", det__cmd_whoami));
    CHECK(runs("detc u whoami", det__cmd_whoami));
    CHECK(runs("detc u login", det__cmd_login));
    CHECK_INT(parse("detc us whoami"), 2);
    CHECK_INT(parse("detc u who"), 2);
    CHECK_INT(parse("detc user|"), 2);
}

static void every_name_of_a_specification_is_found(void) {
    CHECK(det__command_named("c|heck|out co", "c"));
    CHECK(det__command_named("c|heck|out co", "check"));
    CHECK(det__command_named("c|heck|out co", "checkout"));
    CHECK(det__command_named("c|heck|out co", "co"));
    CHECK(!det__command_named("c|heck|out co", "ch"));
    CHECK(!det__command_named("c|heck|out co", ""));
    CHECK(!det__command_named("c|heck|out co", "checkouts"));
    CHECK(!det__command_named("c|heck|out co", "eck"));
}

static void the_experiment_commands_have_their_names(void) {
    CHECK(runs("detc e", det__cmd_experiments));
    CHECK(runs("detc experiment ls", det__cmd_experiments));
    CHECK(runs("detc e list", det__cmd_experiments));
    CHECK(runs("detc e lc 7", det__cmd_checkpoints));
    CHECK_INT(args.experiment_id, 7);
    CHECK(runs("detc e list-checkpoints --best 3 -- -7", det__cmd_checkpoints));
    CHECK_INT(args.experiment_id, -7);
    CHECK_INT(args.best, 3);
}

static void defaults_are_those_of_det(void) {
    CHECK(runs("detc e list", det__cmd_experiments));
    CHECK_INT(args.limit, 200);
    CHECK_INT(args.offset, 0);
    CHECK_INT(args.best, DET__ARG_UNSET);
    CHECK_STR(args.pages, "all");
    CHECK(!args.all && !args.csv && !args.show_project && !args.verbose && !args.master && !args.user);
}

static void options_stand_anywhere_and_in_every_form(void) {
    CHECK(runs("detc -m h:1 e list --limit 2 --offset=-9 -a -v -u carl", det__cmd_experiments));
    CHECK_STR(args.master, "h:1");
    CHECK_STR(args.user, "carl");
    CHECK_INT(args.limit, 2);
    CHECK_INT(args.offset, -9);
    CHECK(args.all && args.verbose);
    CHECK(runs("detc -mh:2 e list -av --lim 3 --offset -1 --pages 1", det__cmd_experiments));
    CHECK_STR(args.master, "h:2");
    CHECK(args.all && args.verbose);
    CHECK_INT(args.limit, 3);
    CHECK_INT(args.offset, -1);
    CHECK_STR(args.pages, "1");
}

static void repeated_words_are_kept_in_order(void) {
    CHECK(runs("detc api GET /x -q a=1 --query b=2 -qc=3", det__cmd_api));
    CHECK_STR(args.query[0], "a=1");
    CHECK_STR(args.query[1], "b=2");
    CHECK_STR(args.query[2], "c=3");
    CHECK(args.query[3] == NULL);
}

static void usage_errors_end_with_2(void) {
    static const char *const lines[] = {
        "detc nonsense", "detc e list --nonsense", "detc e list extra", "detc e lc", "detc e lc x", "detc e lc 1.5",
        "detc e lc 99999999999999999999", "detc e list --pages 2", "detc e list --limit", "detc e list --limit --csv",
        "detc e list --csv=1", "detc e list --csv --json", "detc e lc 1 --json --csv", "detc -m", "detc u login a b", "detc api GET", "detc e list --li", "detc -x", "detc --csv e list",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        int status = parse(lines[i]);
        if (strcmp(lines[i], "detc e list --li") == 0) continue; /* short of a value, or of a name: told either way */
        if (status != 2) fprintf(stderr, "%s: %d\n", lines[i], status);
        CHECK_INT(status, 2);
    }
}

static void help_ends_with_0_at_every_level(void) {
    static const char *const lines[] = {"detc", "detc -h", "detc help", "detc e -h", "detc e help", "detc u", "detc e lc --help",
                                        "detc --version"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) CHECK_INT(parse(lines[i]), 0);
}

/* The table itself: fields and names that do not collide. */
static void options_of_a_command_do_not_collide_with_the_common_ones(void) {
    for (const det__command *c = det__commands; c->name; c++)
        for (const det__option *o = c->options; o->names; o++)
            for (const det__option *k = det__common_options; k->names; k++) {
                CHECK(o->at != k->at);
                CHECK(strncmp(o->names, k->names, 2) != 0);
            }
}

static const unit_test tests[] = {
    TEST(names_and_aliases_are_those_of_det),
    TEST(every_name_of_a_specification_is_found),
    TEST(the_experiment_commands_have_their_names),
    TEST(defaults_are_those_of_det),
    TEST(options_stand_anywhere_and_in_every_form),
    TEST(repeated_words_are_kept_in_order),
    TEST(usage_errors_end_with_2),
    TEST(help_ends_with_0_at_every_level),
    TEST(options_of_a_command_do_not_collide_with_the_common_ones),
};

/* Usage goes to standard error, help to standard output: neither is looked at here. */
int main(void) {
    if (!freopen("/dev/null", "w", stderr)) return 1;
    return unit_main(tests, sizeof tests / sizeof tests[0]);
}
