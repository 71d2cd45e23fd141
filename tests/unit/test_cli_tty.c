/* SPDX-License-Identifier: Apache-2.0
 * src/cli/tty.c on a pseudo-terminal: a session leader, and below it the process that asks, in the foreground. What the
 * person types is written to the other side; what the terminal showed is read there. */
#define _XOPEN_SOURCE 700
#define _DEFAULT_SOURCE 1
#define _DARWIN_C_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cli/tty.h"
#include "unit.h"

enum { WAIT_MS = 5000, DIED = 100, MISMATCH = 99 };

static char shown[4096]; /* by the terminal, so far */
static int master = -1;
static pid_t leader;

static void see(int ms) {
    size_t n = strlen(shown);
    struct pollfd p = {master, POLLIN, 0};
    if (poll(&p, 1, ms) <= 0) return;
    ssize_t r = read(master, shown + n, sizeof shown - 1 - n);
    if (r > 0) shown[n + (size_t)r] = 0;
}

static size_t count(const char *what) {
    size_t n = 0;
    for (const char *p = shown; (p = strstr(p, what)) != NULL; p++) n++;
    return n;
}

/* Until it has been shown so many times. */
static void expect(const char *what, size_t times) {
    for (int i = 0; i < WAIT_MS / 10 && count(what) < times; i++) see(10);
    CHECK_INT(count(what), times);
}

static void type(const char *s) {
    CHECK_INT(write(master, s, strlen(s)), strlen(s));
}

static int echoes(void) {
    struct termios t;
    return tcgetattr(master, &t) == 0 && (t.c_lflag & ECHO) != 0;
}

/* In the leader: give the terminal to the child; whenever it is stopped, tell and let it go on. Its exit status, DIED and
 * the signal if it died of one. */
static void lead(int (*run)(void)) {
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        while (tcgetpgrp(0) != getpid()) usleep(1000);
        _exit(run());
    }
    setpgid(pid, pid);
    signal(SIGTTOU, SIG_IGN);
    tcsetpgrp(0, pid);
    while (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status)) {
        struct termios t;
        tcgetattr(0, &t);
        if (write(1, t.c_lflag & ECHO ? "[stopped, echo]" : "[stopped, silent]", 15) < 0) break;
        kill(pid, SIGCONT);
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : DIED + WTERMSIG(status));
}

static void begin(int (*run)(void)) {
    shown[0] = 0;
    fflush(stdout);
    master = posix_openpt(O_RDWR | O_NOCTTY);
    CHECK(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    leader = fork();
    if (leader != 0) return;
    setsid();
    int fd = open(ptsname(master), O_RDWR);
    ioctl(fd, TIOCSCTTY, 0);
    close(master);
    dup2(fd, 0);
    dup2(fd, 1);
    dup2(fd, 2);
    lead(run);
}

static int end(void) {
    int status = -1;
    for (int i = 0; i < WAIT_MS && waitpid(leader, &status, WNOHANG) == 0; i++) {
        see(0);
        usleep(1000);
    }
    see(0);
    CHECK(echoes()); /* as it was before */
    close(master);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- passwords --------------------------------------------------------------------------------------------------- */

static const char *wanted;
static int (*ask)(const char *, char **, det__err *);

static int ask_password(void) {
    det__err e = {""};
    char *got;
    int code = ask("Password for user 'u': ", &got, &e);
    int status = code == DET_OK ? (strcmp(got, wanted) == 0 ? 0 : MISMATCH) : code > 0 ? 50 + code : -code;
    if ((code != DET_OK) != (got == NULL) || (code < 0) != (e.text[0] != 0)) status = MISMATCH;
    det__tty_wipe(got);
    return status;
}

static void begin_password(const char *want) {
    wanted = want;
    ask = det__tty_password;
    begin(ask_password);
    expect("Password for user 'u': ", 1);
    CHECK(!echoes());
}

static void a_password_is_not_shown(void) {
    begin_password("s3cret \xc3\xa9");
    type("s3cret \xc3\xa9\n");
    CHECK_INT(end(), 0);
    CHECK_STR(shown, "Password for user 'u': \r\n");
}

static void an_empty_password_is_one(void) {
    begin_password("");
    type("\n");
    CHECK_INT(end(), 0);
}

static void mistakes_can_be_mended(void) {
    begin_password("abc");
    type("abx\x7f"
         "c\n");
    CHECK_INT(end(), 0);
}

static void the_end_of_input_is_no_password(void) {
    begin_password("");
    type("\x04");
    CHECK_INT(end(), -DET_E_CLOSED);
}

static void ctrl_c_ends_the_program_with_the_terminal_restored(void) {
    begin_password("");
    type("half\x03");
    CHECK_INT(end(), DIED + SIGINT);
    CHECK(strstr(shown, "half") == NULL);
}

static volatile sig_atomic_t caught;
static void catch_it(int sig) {
    caught = sig;
}
static int ask_with_handler(void) {
    signal(SIGINT, catch_it);
    int status = ask_password();
    return caught == SIGINT ? status : MISMATCH;
}

static void a_handler_of_the_program_sees_ctrl_c(void) {
    ask = det__tty_password;
    begin(ask_with_handler);
    expect("user 'u': ", 1);
    type("\x03");
    CHECK_INT(end(), 50 + DET__TTY_INTERRUPTED);
}

static void a_stopped_program_asks_again(void) {
    begin_password("right");
    type("wrong\x1a");
    expect("[stopped, echo]", 1);
    expect("user 'u': ", 2);
    CHECK(!echoes());
    type("right\n");
    CHECK_INT(end(), 0);
    CHECK(strstr(shown, "right") == NULL && strstr(shown, "wrong") == NULL);
}

static void a_termination_restores_the_terminal(void) {
    begin_password("");
    kill(-tcgetpgrp(master), SIGTERM);
    CHECK_INT(end(), DIED + SIGTERM);
}

static void standard_input_that_is_a_terminal_is_asked_silently(void) {
    wanted = "pw";
    ask = det__tty_password_stdin;
    begin(ask_password);
    expect("user 'u': ", 1);
    CHECK(!echoes());
    type("pw\n");
    CHECK_INT(end(), 0);
}

static void without_a_terminal_there_is_no_question(void) {
    int status = -1;
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        ask = det__tty_password;
        _exit(ask_password());
    }
    waitpid(pid, &status, 0);
    CHECK_INT(WIFEXITED(status) ? WEXITSTATUS(status) : -1, -DET_E_IO);
}

/* ---- standard input ---------------------------------------------------------------------------------------------- */

/* run() with this on standard input; its status, and in shown its standard output. */
static int with_input(const char *text, size_t len, int (*run)(void)) {
    FILE *in = tmpfile(), *out = tmpfile();
    int status = -1;
    fwrite(text, 1, len, in);
    fflush(in);
    rewind(in);
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fileno(in), 0);
        dup2(fileno(out), 1);
        int r = run();
        fflush(stdout);
        _exit(r);
    }
    waitpid(pid, &status, 0);
    rewind(out);
    shown[fread(shown, 1, sizeof shown - 1, out)] = 0;
    fclose(in);
    fclose(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int stdin_password(const char *text, size_t len, const char *want) {
    wanted = want;
    ask = det__tty_password_stdin;
    int status = with_input(text, len, ask_password);
    CHECK_STR(shown, "");
    return status;
}

static void a_piped_password_loses_one_line_end(void) {
    CHECK_INT(stdin_password("pw", 2, "pw"), 0);
    CHECK_INT(stdin_password("pw\n", 3, "pw"), 0);
    CHECK_INT(stdin_password("pw\r\n", 4, "pw"), 0);
    CHECK_INT(stdin_password("pw\n\n", 4, "pw\n"), 0);
    CHECK_INT(stdin_password("", 0, ""), 0);
    CHECK_INT(stdin_password("p\0w", 3, ""), -DET_E_VALUE);
}

static void a_piped_password_has_a_most(void) {
    char *big = (char *)malloc(65538);
    memset(big, 'x', 65538);
    CHECK_INT(stdin_password(big, 65537, ""), -DET_E_SIZE);
    CHECK_INT(stdin_password(big, 65538, ""), -DET_E_SIZE);
    big[65536] = '\n';
    big[65537] = 0;
    char *want = (char *)malloc(65537);
    memcpy(want, big, 65536);
    want[65536] = 0;
    CHECK_INT(stdin_password(big, 65537, want), 0);
    CHECK_INT(stdin_password(big, 65536, want), 0);
    free(big);
    free(want);
}

/* ---- yes or no --------------------------------------------------------------------------------------------------- */

static int ask_yes_no(void) {
    det__err e = {""};
    int code = det__tty_yes_or_no("Trust?", &e);
    return code < 0 ? (e.text[0] ? -code : MISMATCH) : code;
}

static int answered(const char *text) {
    return with_input(text, strlen(text), ask_yes_no);
}

static void answers_are_taken_as_det_takes_them(void) {
    CHECK_INT(answered("y\n"), 1);
    CHECK_STR(shown, "Trust? [y/n]: ");
    CHECK_INT(answered(" YES \r\n"), 1);
    CHECK_INT(answered("no"), 0);
    CHECK_INT(answered("N\n"), 0);
    CHECK_INT(answered("\nyess\nyes please\ny\nn\n"), 1);
    CHECK_STR(shown, "Trust? [y/n]: Please respond with 'y'/'yes' or 'n'/'no'\n"
                     "Trust? [y/n]: Please respond with 'y'/'yes' or 'n'/'no'\n"
                     "Trust? [y/n]: Please respond with 'y'/'yes' or 'n'/'no'\nTrust? [y/n]: ");
    CHECK_INT(answered(""), -DET_E_CLOSED);
    CHECK_INT(answered("maybe"), -DET_E_CLOSED);
}

static void ctrl_c_is_a_no(void) {
    begin(ask_yes_no);
    expect("Trust? [y/n]: ", 1);
    type("\x03");
    CHECK_INT(end(), 0);
}

static void a_person_is_asked_at_the_terminal(void) {
    begin(ask_yes_no);
    expect("Trust? [y/n]: ", 1);
    type("yes\n");
    CHECK_INT(end(), 1);
}

/* ---- colours ----------------------------------------------------------------------------------------------------- */

static int colors(void) {
    return det__tty_colors(1);
}

static int colors_on_terminal(const char *term, const char *no_color) {
    setenv("TERM", term, 1);
    setenv("NO_COLOR", no_color, 1);
    begin(colors);
    return end();
}

static void colours_are_for_terminals_that_want_them(void) {
    CHECK_INT(colors_on_terminal("xterm", ""), 1);
    CHECK_INT(colors_on_terminal("xterm", "1"), 0);
    CHECK_INT(colors_on_terminal("dumb", ""), 0);
    setenv("TERM", "xterm", 1);
    setenv("NO_COLOR", "", 1);
    CHECK_INT(with_input("", 0, colors), 0);
}

static const unit_test TESTS[] = {
    TEST(a_password_is_not_shown),
    TEST(an_empty_password_is_one),
    TEST(mistakes_can_be_mended),
    TEST(the_end_of_input_is_no_password),
    TEST(ctrl_c_ends_the_program_with_the_terminal_restored),
    TEST(a_handler_of_the_program_sees_ctrl_c),
    TEST(a_stopped_program_asks_again),
    TEST(a_termination_restores_the_terminal),
    TEST(standard_input_that_is_a_terminal_is_asked_silently),
    TEST(without_a_terminal_there_is_no_question),
    TEST(a_piped_password_loses_one_line_end),
    TEST(a_piped_password_has_a_most),
    TEST(answers_are_taken_as_det_takes_them),
    TEST(ctrl_c_is_a_no),
    TEST(a_person_is_asked_at_the_terminal),
    TEST(colours_are_for_terminals_that_want_them),
};
UNIT_MAIN(TESTS)
