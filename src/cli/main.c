/* SPDX-License-Identifier: Apache-2.0
 * detc: the command line, one command, and how it ends: 0 done; 1 told why not; 2 usage; 3 Ctrl-C (contract 6.8).
 *
 * SIGPIPE keeps its meaning: whoever reads our output may stop, and we end without a word. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "host.h"
#include "say.h"
#include "tty.h"

enum { DONE = 0, FAILED = 1, INTERRUPTED = 3 };

static const char *farewell = "Interrupting...\n"; /* set before any signal comes */

/* At once, whatever is going on: the stores are replaced by renaming, locks and temporary files go with the process, and
 * the terminal is in order when a signal gets here (tty.h). */
static void interrupt(int number) {
    (void)number;
    if (write(2, farewell, (unsigned)strlen(farewell)) < 0) _exit(INTERRUPTED);
    _exit(INTERRUPTED);
}

static void catch_interrupt(void) {
    if (det__tty_colors(2)) farewell = "\033[31mInterrupting...\033[0m\n";
    det__host_on_interrupt(interrupt);
}

/* What was printed has to have arrived; a pipe that nobody reads any more is no news. */
static int flush(det__err *e) {
    int failed = ferror(stdout), because = errno;
    if (fflush(stdout) != 0) failed = 1, because = errno;
    if (!failed) return DET_OK;
    if (det__host_reader_gone(because)) e->text[0] = 0;
    else det__cli_fail(e, DET_E_IO, "cannot write to standard output: %s", strerror(because));
    return DET_E_IO;
}

static int run(det__client *c, const det__command *command, const det__args *a) {
    char before[80];
    int rc = command->offline ? DET_OK : det__client_open(c, a);
    if (rc == DET_OK) rc = command->run(c);
    if (rc == DET_OK || rc == DET_E_IO) {
        int flushed = flush(&c->err);
        if (flushed != DET_OK) rc = flushed;
    }
    det__client_close(c);
    if (rc == DET__TTY_INTERRUPTED) interrupt(SIGINT);
    snprintf(before, sizeof before, "Failed to %s: ", command->help);
    if (rc != DET_OK && *c->err.text) det__say_error(before, c->err.text);
    return rc == DET_OK ? DONE : FAILED;
}

int main(int argc, char **argv) {
    static det__client client;
    const det__command *command;
    det__args args;
    det__host_begin(&argc, &argv);
    catch_interrupt();
    int status = det__args_parse(&args, &command, argc, argv);
    if (status == DET__ARGS_RUN) {
        status = run(&client, command, &args);
    } else if (status == DONE && flush(&client.err) != DET_OK) {
        if (*client.err.text) det__say_error("detc: ", client.err.text);
        status = FAILED;
    }
    free(args.query);
    return status;
}
