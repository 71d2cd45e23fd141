/* SPDX-License-Identifier: Apache-2.0
 * Questions and what is made of their answers. Invariant: no copy of a password in memory that is not wiped. */
#include "tty.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../base/wipe.h"
#include "host.h"

enum { PASSWORD_MAX = 65536, ANSWER_MAX = 256, STDIN = 0, STDOUT = 1 };

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

static int line_new(det__line *l, size_t cap, det__err *e) {
    l->text = (char *)malloc(cap);
    l->cap = cap;
    l->len = 0;
    return l->text ? DET_OK : det__cli_fail_memory(e);
}

static void line_free(det__line *l) {
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
static int line_take(det__line *l, char **out, det__err *e) {
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

/* ---- the password ------------------------------------------------------------------------------------------------ */

static int told(int code, det__err *e) {
    switch (code) {
    case DET_E_SIZE: return too_long(e);
    case DET_E_CLOSED: return det__cli_fail(e, code, "no password was given");
    case DET_E_IO: return det__cli_fail_errno(e, "cannot ask for a password on", "the terminal");
    case DET_E_STATE:
        return det__cli_fail(e, DET_E_IO, "there is no terminal to ask for a password: log in with 'detc user login NAME --password-stdin', or set DET_USER and DET_PASS");
    default: return code;
    }
}

int det__tty_password(const char *prompt, char **password, det__err *e) {
    det__line l;
    int code = line_new(&l, PASSWORD_MAX, e);
    *password = NULL;
    if (code != DET_OK) return code;
    code = told(det__host_ask(prompt, &l), e);
    if (code == DET_OK) code = line_take(&l, password, e);
    line_free(&l);
    return code;
}

/* ---- standard input ---------------------------------------------------------------------------------------------- */

int det__tty_password_stdin(const char *prompt, char **password, det__err *e) {
    det__line l;
    ptrdiff_t n;
    int code;
    *password = NULL;
    if (det__host_is_terminal(STDIN)) return det__tty_password(prompt, password, e);
    code = line_new(&l, PASSWORD_MAX + 3, e);
    if (code != DET_OK) return code;
    n = det__host_read(STDIN, l.text, l.cap); /* one byte more than the most is too long */
    l.len = n > 0 ? (size_t)n : 0;
    if (n < 0) {
        code = det__cli_fail_errno(e, "cannot read", "standard input");
    } else {
        int full = l.len == l.cap;
        if (l.len && l.text[l.len - 1] == '\n') l.len--;
        if (l.len && l.text[l.len - 1] == '\r') l.len--;
        code = full || l.len > PASSWORD_MAX ? too_long(e) : line_take(&l, password, e);
    }
    line_free(&l);
    return code;
}

/* ---- yes or no --------------------------------------------------------------------------------------------------- */

/* 1 yes, 0 no, -1 neither: white space around it and capitals do not matter. */
static int judge(const det__line *l) {
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

/* The prompt goes where Python's input() writes it. */
static int ask_until_clear(const char *prompt, det__line *l, det__err *e) {
    FILE *to = det__host_is_terminal(STDIN) && det__host_is_terminal(STDOUT) ? stderr : stdout;
    for (;;) {
        int code = det__host_answer(prompt, to, l), answer = code == DET_OK ? judge(l) : -1;
        if (answer >= 0) return answer;
        if (code == DET__TTY_INTERRUPTED) {
            puts("");
            return 0;
        }
        if (code == DET_E_CLOSED) return det__cli_fail(e, code, "no answer: standard input has ended");
        if (code == DET_E_IO) return det__cli_fail_errno(e, "cannot read", "standard input");
        puts("Please respond with 'y'/'yes' or 'n'/'no'");
    }
}

int det__tty_yes_or_no(const char *prompt, det__err *e) {
    det__line l;
    int code = line_new(&l, ANSWER_MAX, e);
    if (code != DET_OK) return code;
    fflush(stdout);
    code = ask_until_clear(prompt, &l, e);
    line_free(&l);
    return code;
}

/* ---- colours ----------------------------------------------------------------------------------------------------- */

int det__tty_colors(int fd) {
    const char *no = getenv("NO_COLOR");
    return !(no && *no) && det__host_colors(fd);
}
