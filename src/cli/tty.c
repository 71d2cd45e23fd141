/* SPDX-License-Identifier: Apache-2.0
 * Questions at the terminal. While echo is off, the signals that would end or stop the program are blocked and looked for
 * every 50 ms; one that has come is let through when the terminal is as it was before. Invariant: no path leaves a
 * function with the terminal or the signal mask changed, and no copy of a password in memory that is not wiped. */
#define _DEFAULT_SOURCE 1
#define _DARWIN_C_SOURCE 1
#include "tty.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

#include "../base/wipe.h"

enum { LOOK_MS = 50, PASSWORD_MAX = 65536, ANSWER_MAX = 256, SIGNAL_CAME = -1000, STOPPED = -1001 };

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

typedef struct line {
    char *text; /* malloc'd, cap bytes */
    size_t len, cap;
} line;

static int line_new(line *l, size_t cap, det__err *e) {
    l->text = (char *)malloc(cap);
    l->cap = cap;
    l->len = 0;
    return l->text ? DET_OK : det__cli_fail_memory(e);
}

static void line_free(line *l) {
    if (l->text) det__wipe(l->text, l->cap);
    free(l->text);
    l->text = NULL;
}

void det__tty_wipe(char *password) {
    if (password) det__wipe(password, strlen(password));
    free(password);
}

static int too_long(det__err *e) {
    return det__cli_fail(e, DET_E_SIZE, "the answer is longer than %d bytes", PASSWORD_MAX);
}

/* The line as a string of its own; the line is freed. */
static int line_take(line *l, char **out, det__err *e) {
    *out = NULL;
    if (memchr(l->text, 0, l->len)) {
        line_free(l);
        return det__cli_fail(e, DET_E_VALUE, "a password cannot contain a NUL byte");
    }
    *out = (char *)malloc(l->len + 1);
    if (*out && l->len) memcpy(*out, l->text, l->len);
    if (*out) (*out)[l->len] = 0;
    line_free(l);
    return *out ? DET_OK : det__cli_fail_memory(e);
}

/* ---- signals ----------------------------------------------------------------------------------------------------- */

static void signals_held(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGQUIT);
    sigaddset(set, SIGALRM);
    sigaddset(set, SIGTSTP);
}

/* One that waits to be delivered, what ends the program before what stops it. 0 if none does. */
static int signal_waiting(void) {
    static const int held[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM, SIGTSTP};
    sigset_t waiting;
    if (sigpending(&waiting) < 0) return 0;
    for (size_t i = 0; i < sizeof held / sizeof held[0]; i++)
        if (sigismember(&waiting, held[i]) == 1) return held[i];
    return 0;
}

/* May it be read without waiting, after LOOK_MS at most? select(), for poll() knows no terminals on macOS. */
static int readable(int fd) {
    struct timeval look = {0, LOOK_MS * 1000};
    fd_set set;
    if (fd >= FD_SETSIZE) return 1;
    FD_ZERO(&set);
    FD_SET((unsigned)fd, &set);
    return select(fd + 1, &set, NULL, NULL, &look) != 0; /* what is wrong shows in read() */
}

/* One byte while the signals are held: 1, 0 at the end of input, SIGNAL_CAME or STOPPED, DET_E_IO. */
static int next_byte(int fd, char *c) {
    for (;;) {
        int came = signal_waiting();
        if (came) return came == SIGTSTP ? STOPPED : SIGNAL_CAME;
        if (!readable(fd)) continue;
        ssize_t n = read(fd, c, 1);
        if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        return n < 0 ? DET_E_IO : (int)n;
    }
}

/* Up to a line feed, which is not kept: DET_OK, DET_E_CLOSED when the input ends before any byte, or as next_byte(). What is
 * longer is read to its end, DET_E_SIZE. */
static int read_line(int fd, line *l) {
    int code = DET_OK;
    char c = 0;
    for (;;) {
        int n = next_byte(fd, &c);
        if (n < 0) return n;
        if (n == 0) return l->len || code ? code : DET_E_CLOSED;
        if (c == '\n') return code;
        if (l->len < l->cap) l->text[l->len++] = c;
        else code = DET_E_SIZE;
        c = 0;
    }
}

/* ---- the password ------------------------------------------------------------------------------------------------ */

static void put(int fd, const char *s) {
    size_t n = strlen(s);
    while (n) {
        ssize_t w = write(fd, s, n);
        if (w < 0 && errno == EINTR) continue;
        if (w <= 0) return;
        s += w;
        n -= (size_t)w;
    }
}

/* Once, with signals held and echo off from before the prompt until the line has come. */
static int ask_once(int fd, const char *prompt, line *l) {
    struct termios before, silent;
    int code;
    l->len = 0;
    if (tcgetattr(fd, &before) < 0) return DET_E_IO;
    silent = before;
    silent.c_lflag = (silent.c_lflag & ~(tcflag_t)(ECHO | ECHONL)) | ICANON | ISIG;
    if (tcsetattr(fd, TCSAFLUSH, &silent) < 0) return DET_E_IO;
    put(fd, prompt);
    code = read_line(fd, l);
    tcsetattr(fd, TCSAFLUSH, &before);
    put(fd, "\n");
    return code;
}

/* After a stop (Ctrl-Z) it asks again. */
static int ask(int fd, const char *prompt, line *l) {
    sigset_t held, before;
    int code;
    signals_held(&held);
    do {
        sigprocmask(SIG_BLOCK, &held, &before);
        code = ask_once(fd, prompt, l);
        sigprocmask(SIG_SETMASK, &before, NULL); /* what has come is delivered here */
    } while (code == STOPPED);
    return code;
}

static int told(int code, det__err *e) {
    switch (code) {
    case SIGNAL_CAME: return DET__TTY_INTERRUPTED;
    case DET_E_SIZE: return too_long(e);
    case DET_E_CLOSED: return det__cli_fail(e, code, "no password was given");
    case DET_E_IO: return det__cli_fail_errno(e, "cannot ask for a password on", "the terminal");
    default: return code;
    }
}

int det__tty_password(const char *prompt, char **password, det__err *e) {
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC), code;
    line l;
    *password = NULL;
    if (fd < 0)
        return det__cli_fail(e, DET_E_IO, "there is no terminal to ask for a password: log in with 'detc user login NAME --password-stdin', or set DET_USER and DET_PASS");
    code = line_new(&l, PASSWORD_MAX, e);
    if (code == DET_OK) {
        code = told(ask(fd, prompt, &l), e);
        if (code == DET_OK) code = line_take(&l, password, e);
        line_free(&l);
    }
    close(fd);
    return code;
}

/* ---- standard input ---------------------------------------------------------------------------------------------- */

/* To the end of the input: one byte more than the most is too long. */
static int read_all(int fd, line *l, det__err *e) {
    while (l->len < l->cap) {
        ssize_t n = read(fd, l->text + l->len, l->cap - l->len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return det__cli_fail_errno(e, "cannot read", "standard input");
        if (n == 0) return DET_OK;
        l->len += (size_t)n;
    }
    return too_long(e);
}

int det__tty_password_stdin(const char *prompt, char **password, det__err *e) {
    line l;
    int code;
    *password = NULL;
    if (isatty(STDIN_FILENO)) return det__tty_password(prompt, password, e);
    code = line_new(&l, PASSWORD_MAX + 3, e);
    if (code != DET_OK) return code;
    code = read_all(STDIN_FILENO, &l, e);
    if (code == DET_OK) {
        if (l.len && l.text[l.len - 1] == '\n') l.len--;
        if (l.len && l.text[l.len - 1] == '\r') l.len--;
        code = l.len > PASSWORD_MAX ? too_long(e) : line_take(&l, password, e);
    }
    line_free(&l);
    return code;
}

/* ---- yes or no --------------------------------------------------------------------------------------------------- */

/* 1 yes, 0 no, -1 neither: white space around it and capitals do not matter. */
static int judge(const line *l) {
    char word[8] = "";
    size_t from = 0, end = l->len, n = 0;
    while (from < end && strchr(" \t\r\n\v\f", l->text[from])) from++;
    while (end > from && strchr(" \t\r\n\v\f", l->text[end - 1])) end--;
    for (; from < end && n < sizeof word - 1; from++) {
        char c = l->text[from];
        word[n++] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
    }
    if (from < end) return -1;
    if (strcmp(word, "y") == 0 || strcmp(word, "yes") == 0) return 1;
    return strcmp(word, "n") == 0 || strcmp(word, "no") == 0 ? 0 : -1;
}

/* Take back a Ctrl-C, so that it does not end the program. */
static void swallow_interrupt(void) {
    sigset_t one;
    int sig;
    sigemptyset(&one);
    sigaddset(&one, SIGINT);
    if (signal_waiting() == SIGINT) sigwait(&one, &sig);
}

/* The prompt goes where Python's input() writes it. */
static int question(const char *prompt, line *l, FILE *to) {
    sigset_t held, before;
    int code;
    signals_held(&held);
    sigdelset(&held, SIGTSTP); /* the terminal's settings are not touched: a stop needs no care */
    sigprocmask(SIG_BLOCK, &held, &before); /* before the prompt: who sees it may press Ctrl-C */
    fprintf(to, "%s [y/n]: ", prompt);
    fflush(to);
    l->len = 0;
    code = read_line(STDIN_FILENO, l);
    if (code == SIGNAL_CAME && signal_waiting() == SIGINT) {
        swallow_interrupt();
        code = DET__TTY_INTERRUPTED;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return code;
}

static int ask_until_clear(const char *prompt, line *l, det__err *e) {
    FILE *to = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) ? stderr : stdout;
    for (;;) {
        int code = question(prompt, l, to), answer = code == DET_OK ? judge(l) : -1;
        if (answer >= 0) return answer;
        if (code == DET__TTY_INTERRUPTED || code == SIGNAL_CAME) {
            puts("");
            return 0;
        }
        if (code == DET_E_CLOSED) return det__cli_fail(e, code, "no answer: standard input has ended");
        if (code == DET_E_IO) return det__cli_fail_errno(e, "cannot read", "standard input");
        puts("Please respond with 'y'/'yes' or 'n'/'no'");
    }
}

int det__tty_yes_or_no(const char *prompt, det__err *e) {
    line l;
    int code = line_new(&l, ANSWER_MAX, e);
    if (code != DET_OK) return code;
    fflush(stdout);
    code = ask_until_clear(prompt, &l, e);
    line_free(&l);
    return code;
}

/* ---- colours ----------------------------------------------------------------------------------------------------- */

int det__tty_colors(int fd) {
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    if (no && *no) return 0;
    return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}
