/* SPDX-License-Identifier: Apache-2.0
 * The terminal where it is POSIX's. While echo is off, the signals that would end or stop the program are blocked and
 * looked for every 50 ms; one that has come is let through when the terminal is as it was before. Invariant: no path leaves
 * a function with the terminal or the signal mask changed. */
#define _DEFAULT_SOURCE 1
#define _DARWIN_C_SOURCE 1
#include "host.h"

#if !defined(_WIN32)

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

#include "tty.h"

enum { LOOK_MS = 50, SIGNAL_CAME = -1000, STOPPED = -1001 };

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
static int read_line(int fd, det__line *l) {
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

/* ---- asking ------------------------------------------------------------------------------------------------------ */

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
static int ask_once(int fd, const char *prompt, det__line *l) {
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
static int ask(int fd, const char *prompt, det__line *l) {
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

int det__host_ask(const char *prompt, det__line *l) {
    int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC), code, because;
    if (fd < 0) return DET_E_STATE;
    code = ask(fd, prompt, l);
    because = errno;
    close(fd);
    errno = because;
    return code == SIGNAL_CAME ? DET__TTY_INTERRUPTED : code;
}

/* Take back a Ctrl-C, so that it does not end the program. */
static void swallow_interrupt(void) {
    sigset_t one;
    int sig;
    sigemptyset(&one);
    sigaddset(&one, SIGINT);
    if (signal_waiting() == SIGINT) sigwait(&one, &sig);
}

int det__host_answer(const char *prompt, FILE *to, det__line *l) {
    sigset_t held, before;
    int code;
    signals_held(&held);
    sigdelset(&held, SIGTSTP); /* the terminal's settings are not touched: a stop needs no care */
    sigprocmask(SIG_BLOCK, &held, &before); /* before the prompt: who sees it may press Ctrl-C */
    fprintf(to, "%s [y/n]: ", prompt);
    fflush(to);
    l->len = 0;
    code = read_line(STDIN_FILENO, l);
    if (code == SIGNAL_CAME) swallow_interrupt();
    sigprocmask(SIG_SETMASK, &before, NULL);
    return code == SIGNAL_CAME ? DET__TTY_INTERRUPTED : code;
}

int det__host_is_terminal(int fd) {
    return isatty(fd);
}

int det__host_colors(int fd) {
    const char *term = getenv("TERM");
    return isatty(fd) && term && *term && strcmp(term, "dumb") != 0;
}

#endif
