/* SPDX-License-Identifier: Apache-2.0
 * The process and the clock below detc on Windows (Vista and later). Files are in files_windows.c, the terminal in
 * tty_windows.c. Link with -lws2_32 -lbcrypt -lcrypt32 -lshell32. */
#if defined(_WIN32)
#define _WIN32_WINNT 0x0600
#define WIN32_LEAN_AND_MEAN 1
#endif
#include "host.h"

#if defined(_WIN32)

#include <windows.h>

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <shellapi.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "det_winsock.h"
#include "host_windows.h"

/* ---- texts --------------------------------------------------------------------------------------------------------- */

char *det__windows_utf8(const wchar_t *wide) {
    int n = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
    char *s = (char *)malloc(n > 0 ? (size_t)n : 1);
    if (!s) return NULL;
    s[0] = 0;
    if (n > 0) WideCharToMultiByte(CP_UTF8, 0, wide, -1, s, n, NULL, NULL);
    return s;
}

/* ---- the beginning ------------------------------------------------------------------------------------------------- */

/* The C library's own arguments are in the system's code page, and it expands * and ? in them, as no shell here does: what
 * it has is left alone only if there is no memory. */
static void take_arguments(int *argc, char ***argv) {
    int n = 0;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &n);
    char **args = wide && n > 0 ? (char **)calloc((size_t)n + 1, sizeof *args) : NULL;
    int good = args != NULL;
    for (int i = 0; good && i < n; i++) good = (args[i] = det__windows_utf8(wide[i])) != NULL;
    LocalFree(wide);
    if (!good) return;
    *argc = n;
    *argv = args;
}

/* Have getenv() give a variable in UTF-8. */
static void take_variable(const char *name) {
    char text[32770];
    wchar_t wide[64];
    const wchar_t *value;
    size_t n = strlen(name);
    for (size_t i = 0; i <= n; i++) wide[i] = (wchar_t)name[i];
    value = _wgetenv(wide);
    if (!value || !*value) return;
    memcpy(text, name, n);
    text[n] = '=';
    if (WideCharToMultiByte(CP_UTF8, 0, value, -1, text + n + 1, (int)(sizeof text - n - 1), NULL, NULL) > 0) (void)_putenv(text);
}

static void take_environment(void) {
    static const char *const names[] = {"DET_USER", "DET_PASS", "DET_MASTER_CERT_FILE", "DET_DEBUG_CONFIG_PATH"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) take_variable(names[i]);
}

static UINT code_page;

static void put_code_page_back(void) {
    SetConsoleOutputCP(code_page);
}

/* A console reads UTF-8 while this runs, and characters have to come in one piece: through a buffer. */
static void take_console(void) {
    if (!det__host_is_terminal(1) && !det__host_is_terminal(2)) return;
    code_page = GetConsoleOutputCP();
    if (code_page && code_page != CP_UTF8 && SetConsoleOutputCP(CP_UTF8)) atexit(put_code_page_back);
    if (det__host_is_terminal(1)) setvbuf(stdout, NULL, _IOFBF, 4096);
    if (det__host_is_terminal(2)) setvbuf(stderr, NULL, _IOFBF, 4096);
}

void det__host_begin(int *argc, char ***argv) {
    int fd;
    do fd = _open("NUL", _O_RDWR);
    while (fd >= 0 && fd <= 2);
    if (fd > 2) _close(fd);
    for (fd = 0; fd <= 2; fd++) (void)_setmode(fd, _O_BINARY);
    take_arguments(argc, argv);
    take_environment();
    take_console();
}

/* ---- on the way ---------------------------------------------------------------------------------------------------- */

void det__host_on_interrupt(void (*handler)(int)) {
    if (signal(SIGINT, handler) == SIG_IGN) signal(SIGINT, SIG_IGN);
}

/* The C library has no name for ERROR_NO_DATA. */
int det__host_reader_gone(int because) {
    HANDLE out = (HANDLE)_get_osfhandle(1);
    return because == EPIPE || (because == EINVAL && GetFileType(out) == FILE_TYPE_PIPE);
}

/* Where WinSock cannot start, each connection says so. */
const det_port *det__host_port(void) {
    static det_winsock wx;
    static int begun;
    if (!begun) (void)det_winsock_init(&wx);
    begun = 1;
    return &wx.port;
}

int64_t det__host_now_ms(void) {
    return (int64_t)GetTickCount64();
}

int det__host_sleep_ms(int64_t ms) {
    Sleep((DWORD)ms);
    return 0;
}

#endif
