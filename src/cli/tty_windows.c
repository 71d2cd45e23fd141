/* SPDX-License-Identifier: Apache-2.0
 * The terminal below detc where it is Windows's console (host.h). A password is read key by key, so that no setting of the
 * console is changed that would have to be put back. */
#if defined(_WIN32)
#define _WIN32_WINNT 0x0600
#define WIN32_LEAN_AND_MEAN 1
#endif
#include "host.h"

#if defined(_WIN32)

#include <windows.h>

#include <conio.h>
#include <io.h>
#include <signal.h>
#include <string.h>

#include "../base/wipe.h"
#include "tty.h"

#ifndef ENABLE_VIRTUAL_TERMINAL_PROCESSING
#define ENABLE_VIRTUAL_TERMINAL_PROCESSING 0x0004
#endif

enum { CTRL_C = 3, CTRL_Z = 26, HANDLER_MS = 200 };

static HANDLE handle_of(int fd) {
    return (HANDLE)_get_osfhandle(fd);
}

int det__host_is_terminal(int fd) {
    DWORD mode;
    return GetConsoleMode(handle_of(fd), &mode) != 0;
}

int det__host_colors(int fd) {
    DWORD mode;
    HANDLE h = handle_of(fd);
    return GetConsoleMode(h, &mode) && SetConsoleMode(h, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
}

/* ---- a password ---------------------------------------------------------------------------------------------------- */

static HANDLE open_console(const wchar_t *which) {
    return CreateFileW(which, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
}

static void put(HANDLE out, const char *s) {
    wchar_t wide[512];
    DWORD done;
    int n = MultiByteToWideChar(CP_UTF8, 0, s, -1, wide, 512);
    if (n > 1) WriteConsoleW(out, wide, (DWORD)n - 1, &done, NULL);
}

static void rub_out(det__line *l) {
    while (l->len && ((unsigned char)l->text[--l->len] & 0xc0) == 0x80) {}
}

/* A character, of one or two units; one that does not fit is DET_E_SIZE. */
static int add(det__line *l, wchar_t first, wchar_t second) {
    wchar_t wide[2];
    char text[8];
    wide[0] = first;
    wide[1] = second;
    int n = WideCharToMultiByte(CP_UTF8, 0, wide, second ? 2 : 1, text, sizeof text, NULL, NULL), code = DET_OK;
    if (n > 0 && (size_t)n <= l->cap - l->len) {
        memcpy(l->text + l->len, text, (size_t)n);
        l->len += (size_t)n;
    } else {
        code = DET_E_SIZE;
    }
    det__wipe(text, sizeof text);
    return code;
}

static int keys(det__line *l) {
    int code = DET_OK;
    for (;;) {
        wint_t c = _getwch();
        if (c == '\r' || c == '\n') return code;
        if (c == WEOF) return DET_E_CLOSED;
        if (c == CTRL_C) return DET__TTY_INTERRUPTED;
        if (c == CTRL_Z && !l->len) return DET_E_CLOSED;
        if (c == '\b') rub_out(l);
        else if (c == 0 || c == 0xe0) (void)_getwch(); /* an arrow, a function key */
        else if (add(l, c, c >= 0xd800 && c < 0xdc00 ? _getwch() : 0) != DET_OK) code = DET_E_SIZE;
    }
}

int det__host_ask(const char *prompt, det__line *l) {
    HANDLE in = open_console(L"CONIN$"), out = open_console(L"CONOUT$");
    int code = DET_E_STATE;
    if (in != INVALID_HANDLE_VALUE && out != INVALID_HANDLE_VALUE) {
        l->len = 0;
        put(out, prompt);
        code = keys(l);
        put(out, "\r\n");
    }
    if (in != INVALID_HANDLE_VALUE) CloseHandle(in);
    if (out != INVALID_HANDLE_VALUE) CloseHandle(out);
    return code;
}

/* ---- an answer ----------------------------------------------------------------------------------------------------- */

static volatile sig_atomic_t interrupted;

static void note(int number) {
    (void)number;
    interrupted = 1;
}

static int read_line(det__line *l) {
    int code = DET_OK;
    char c = 0;
    for (;;) {
        int n = _read(0, &c, 1);
        if (n < 0) return DET_E_IO;
        if (n == 0) return l->len || code ? code : DET_E_CLOSED;
        if (c == '\n') return code;
        if (l->len < l->cap) l->text[l->len++] = c;
        else code = DET_E_SIZE;
    }
}

/* Ctrl-C ends the reading at once, and is told by another thread a little later. */
int det__host_answer(const char *prompt, FILE *to, det__line *l) {
    void (*before)(int);
    int code;
    interrupted = 0;
    before = signal(SIGINT, note);
    fprintf(to, "%s [y/n]: ", prompt);
    fflush(to);
    l->len = 0;
    code = read_line(l);
    if ((code == DET_E_CLOSED || code == DET_E_IO) && det__host_is_terminal(0)) Sleep(HANDLER_MS);
    signal(SIGINT, before);
    return interrupted ? DET__TTY_INTERRUPTED : code;
}

#endif
