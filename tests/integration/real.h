/* SPDX-License-Identifier: Apache-2.0
 * What the tests over real sockets share: processes to talk to (det-master, servers that say what they are told, a relay
 * that cuts), a log that is kept and searched for secrets, descriptors counted, and get run as a user runs it.
 *
 * ONLY=part of a name runs some tests, SENTENCES=1 shows each failure's sentence. Ports are free ones of the loopback interface. What a test starts it stops; real_main() tells what it forgot. */
#ifndef INTEGRATION_REAL_H
#define INTEGRATION_REAL_H

#include <sys/types.h>

#include "det.h"
#include "unit/unit.h"

/* ---- where ------------------------------------------------------------------------------------------------------- */

/* A directory of this run, removed at its end; with certificates (tests/certs.h) after real_certs(). */
extern char real_dir[64];
int real_certs(void);                    /* 0 when they are there */
const char *real_file(const char *name); /* path in it; valid until the fourth call after */
const char *real_bin(const char *name);  /* path of a program built beside this one; likewise */
const char *real_url(const char *scheme, const char *host, int port); /* likewise */

/* ---- processes --------------------------------------------------------------------------------------------------- */

typedef struct real_proc {
    pid_t pid;
    int port;
} real_proc;

void real_stop(real_proc *p);

/* det-master with up to ten further arguments, the last NULL. */
real_proc real_master(const char *const *args);

/* Say the same to every connection, once its request head has come. */
enum real_end {
    REAL_FIN,   /* then close */
    REAL_RESET, /* then reset */
    REAL_STALL, /* then say nothing more */
    REAL_KEEP   /* then wait for the next request head and say it again */
};
typedef struct real_script {
    const char *bytes;
    size_t len;
    int end;        /* enum real_end */
    int growing;    /* the n-th connection gets the first n - 1 bytes */
    size_t repeat;  /* so often the bytes from `from` on are said once more */
    size_t from;
    const char *last; /* or NULL: what is said after that */
    int piece_ms;   /* not 0: one byte each so many milliseconds */
    int any;        /* whatever comes is answered, not just an HTTP head */
} real_script;
real_proc real_serve(const real_script *s);

/* A listening socket that never answers; its queue of waiting connections is full if `full`. */
real_proc real_silence(int full);

/* Hand on to `port` what comes; the n-th connection is cut, with a FIN, after (n - 1) * step bytes of answer. */
real_proc real_relay(int port, int step);

/* ---- asking det-master ------------------------------------------------------------------------------------------- */

/* One request, outside of what is tested; the status, and the body in out. */
int real_ask(int port, const char *method, const char *path, const char *body, char *out, size_t cap);

/* Make the next answers go wrong: a JSON array of rules as in tests/master/fault.h. */
void real_fault(int port, const char *rules);

/* ---- what a session tells ---------------------------------------------------------------------------------------- */

typedef struct real_log {
    char text[1 << 16];
    size_t len;
    int connections;
} real_log;

extern real_log real_lines; /* all lines of the running test, each ended by a newline */
void real_log_fn(void *ctx, int level, const char *line);

/* None of the strings (NULL ends them) is in the log or in msg. */
void real_no_secret(const char *msg, const char *const *secrets);

/* A failure: its code, class, stage, that the detail is known or not, and its one sentence, which names the stage and
 * "HOST:PORT" and says `says`. */
enum { REAL_DETAIL_NONE = 0, REAL_DETAIL_SOME = -99999 };
typedef struct real_want {
    int code, class_, stage;
    long detail; /* or one of the two above */
    const char *says;
} real_want;
void real_check(const det_failure *f, const char *msg, const char *host, int port, const real_want *w);

/* ---- programs ---------------------------------------------------------------------------------------------------- */

typedef struct real_result {
    int status; /* exit status, -1 if it did not exit by itself */
    long rss_kb;
    long long out_len;
    char out[512]; /* its beginning */
    char err[512];
} real_result;

/* Run a program built beside this one with up to two arguments and two variables ("NAME=VALUE"); NULL for none. */
real_result real_run(const char *program, const char *arg1, const char *arg2, const char *env1, const char *env2);

/* get URL PATH. */
real_result real_get(const char *url, const char *path, const char *env1, const char *env2);

/* ---- running ----------------------------------------------------------------------------------------------------- */

uint32_t real_ms(void);
int real_fds(void);
/* failures: the program's own count, which unit.h keeps in each file. */
int real_main(const char *self, const unit_test *t, size_t n, int *failures);

#define REAL_MAIN(table)                                                                                               \
    int main(int argc, char **argv) {                                                                                  \
        (void)argc;                                                                                                    \
        return real_main(argv[0], table, sizeof(table) / sizeof((table)[0]), &unit_failures);                          \
    }

#endif
