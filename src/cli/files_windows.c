/* SPDX-License-Identifier: Apache-2.0
 * Files below detc on Windows (host.h). What is here is opened so that others may read, replace and remove it meanwhile; the
 * owner's own directory is for its owner alone, and what is made in it inherits that. Locks are byte 0, as Python's filelock
 * takes them. */
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
#include <stdlib.h>
#include <string.h>
#include <sys/locking.h>

#include "host_windows.h"

enum { PATH_MOST = 4096, PIECE = 1 << 20, PEM_MOST = 16 << 20, REPLACE_TRIES = 50, REPLACE_PAUSE_MS = 20 };

/* ---- names and errors ---------------------------------------------------------------------------------------------- */

static int failed(DWORD why) {
    switch (why) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND: errno = ENOENT; break;
    case ERROR_ACCESS_DENIED:
    case ERROR_SHARING_VIOLATION:
    case ERROR_WRITE_PROTECT: errno = EACCES; break;
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS: errno = EEXIST; break;
    case ERROR_DISK_FULL: errno = ENOSPC; break;
    case ERROR_FILENAME_EXCED_RANGE: errno = ENAMETOOLONG; break;
    case ERROR_INVALID_NAME: errno = EINVAL; break;
    default: errno = EIO;
    }
    return -1;
}

typedef struct name {
    wchar_t text[PATH_MOST];
} name;

static int widen(name *to, const char *path) {
    if (MultiByteToWideChar(CP_UTF8, 0, path, -1, to->text, PATH_MOST) > 0) return 0;
    errno = ENAMETOOLONG;
    return -1;
}

/* A file of the system's as a descriptor. */
static int descriptor(HANDLE h, int flags) {
    int fd;
    if (h == INVALID_HANDLE_VALUE) return failed(GetLastError());
    fd = _open_osfhandle((intptr_t)h, flags | _O_BINARY | _O_NOINHERIT);
    if (fd < 0) CloseHandle(h);
    return fd;
}

/* ---- where ------------------------------------------------------------------------------------------------------- */

static char *joined(const wchar_t *dir, const char *more) {
    char *a = det__windows_utf8(dir), *s = a ? (char *)realloc(a, strlen(a) + strlen(more) + 1) : NULL;
    if (!s) free(a);
    return s ? strcat(s, more) : NULL;
}

/* As det has it: %LOCALAPPDATA%, and where that is not set %USERPROFILE%\.config. */
char *det__host_config_dir(void) {
    const wchar_t *local = _wgetenv(L"LOCALAPPDATA"), *home = _wgetenv(L"USERPROFILE");
    return local ? joined(local, "\\determined") : joined(home ? home : L"", "\\.config\\determined");
}

static int temp_dir(name *dir) {
    DWORD n = GetTempPathW(PATH_MOST, dir->text);
    if (n == 0 || n >= PATH_MOST) return failed(n ? ERROR_FILENAME_EXCED_RANGE : GetLastError());
    return 0;
}

const char *det__host_temp_dir(void) {
    static char text[PATH_MOST];
    name dir;
    if (temp_dir(&dir) < 0 || WideCharToMultiByte(CP_UTF8, 0, dir.text, -1, text, sizeof text, NULL, NULL) <= 0) return "";
    return text;
}

const char *det__host_temp_variable(void) {
    return "TMP";
}

void det__host_make_directory(const char *file) {
    name dir;
    if (widen(&dir, file) < 0) return;
    for (wchar_t *p = dir.text; *p; p++) {
        wchar_t was = *p;
        if ((was != '/' && was != '\\') || p == dir.text) continue;
        *p = 0;
        (void)CreateDirectoryW(dir.text, NULL);
        *p = was;
    }
}

/* ---- reading ------------------------------------------------------------------------------------------------------- */

static HANDLE open_to_read(const char *path) {
    name n;
    if (widen(&n, path) < 0) {
        SetLastError(ERROR_FILENAME_EXCED_RANGE);
        return INVALID_HANDLE_VALUE;
    }
    return CreateFileW(n.text, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                       FILE_ATTRIBUTE_NORMAL, NULL);
}

int det__host_open(const char *path, int64_t *size) {
    HANDLE h = open_to_read(path);
    LARGE_INTEGER n;
    int regular = h != INVALID_HANDLE_VALUE && GetFileType(h) == FILE_TYPE_DISK && GetFileSizeEx(h, &n);
    *size = regular ? (int64_t)n.QuadPart : -1;
    return descriptor(h, _O_RDONLY);
}

ptrdiff_t det__host_read(int fd, void *data, size_t n) {
    size_t have = 0;
    while (have < n) {
        int r = _read(fd, (char *)data + have, n - have < PIECE ? (unsigned)(n - have) : PIECE);
        if (r < 0 && errno == EPIPE) break; /* the writer has ended */
        if (r < 0) return -1;
        if (r == 0) break;
        have += (size_t)r;
    }
    return (ptrdiff_t)have;
}

void det__host_close(int fd) {
    _close(fd);
}

FILE *det__host_fopen(const char *path) {
    name n;
    return widen(&n, path) < 0 ? NULL : _wfopen(n.text, L"rb");
}

/* The file's bytes behind a NUL that ends them; empty and too long are no certificates. */
static int read_text(int fd, int64_t size, char **text) {
    ptrdiff_t n;
    errno = EINVAL;
    if (size <= 0 || size > PEM_MOST) return DET_E_CERT;
    *text = (char *)malloc((size_t)size + 1);
    if (!*text) return DET_E_SPACE;
    n = det__host_read(fd, *text, (size_t)size);
    (*text)[n > 0 ? n : 0] = 0;
    return n > 0 ? DET_OK : DET_E_CERT;
}

int det__host_read_pem(const char *path, char **pem) {
    int64_t size = -1;
    int fd = det__host_open(path, &size), rc, because;
    *pem = NULL;
    if (fd < 0) return DET_E_CERT;
    rc = read_text(fd, size, pem);
    because = errno;
    _close(fd);
    if (rc != DET_OK) free(*pem), *pem = NULL;
    errno = because;
    return rc;
}

int det__host_is_taken(const char *path) {
    name n;
    return widen(&n, path) == 0 && GetFileAttributesW(n.text) != INVALID_FILE_ATTRIBUTES;
}

int det__host_exists(const char *path) {
    return det__host_is_taken(path);
}

/* ---- locking ----------------------------------------------------------------------------------------------------- */

int det__host_lock(const char *path) {
    name n;
    int fd = widen(&n, path) < 0 ? -1 : _wopen(n.text, _O_RDWR | _O_CREAT | _O_BINARY | _O_NOINHERIT, 0600);
    if (fd < 0) return -1;
    if (_locking(fd, _LK_NBLCK, 1) == 0) return fd;
    _close(fd);
    errno = EWOULDBLOCK;
    return -1;
}

/* ---- replacing --------------------------------------------------------------------------------------------------- */

static int write_all(int fd, const char *text, size_t len) {
    while (len) {
        int n = _write(fd, text, len < PIECE ? (unsigned)len : PIECE);
        if (n <= 0) return -1;
        text += n;
        len -= (size_t)n;
    }
    return 0;
}

int det__host_write_file(const char *path, const char *like, const char *text, size_t len) {
    name n;
    int fd, bad;
    (void)like; /* both inherit what their directory says */
    (void)det__host_remove(path);
    fd = widen(&n, path) < 0 ? -1 : _wopen(n.text, _O_WRONLY | _O_CREAT | _O_EXCL | _O_BINARY | _O_NOINHERIT, 0600);
    if (fd < 0) return -1;
    bad = write_all(fd, text, len) < 0 || _commit(fd) < 0 ? errno : 0;
    if (_close(fd) < 0 && !bad) bad = errno;
    errno = bad;
    return bad ? -1 : 0;
}

static int move(const char *from, const char *path, DWORD how) {
    name a, b;
    if (widen(&a, from) < 0 || widen(&b, path) < 0) return -1;
    return MoveFileExW(a.text, b.text, how) ? 0 : failed(GetLastError());
}

/* One who reads the old file at this moment may be in the way; that passes. */
int det__host_replace(const char *from, const char *path) {
    for (int i = 0; i < REPLACE_TRIES; i++) {
        if (move(from, path, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH) == 0) return 0;
        if (errno != EACCES) return -1;
        Sleep(REPLACE_PAUSE_MS);
    }
    return -1;
}

int det__host_rename(const char *from, const char *path) {
    return move(from, path, 0);
}

int det__host_remove(const char *path) {
    name n;
    if (widen(&n, path) < 0) return -1;
    return DeleteFileW(n.text) ? 0 : failed(GetLastError());
}

/* ---- temporary files ----------------------------------------------------------------------------------------------- */

int det__host_temp_file(void) {
    name dir, n;
    if (temp_dir(&dir) < 0) return -1;
    if (!GetTempFileNameW(dir.text, L"det", 0, n.text)) return failed(GetLastError());
    return descriptor(CreateFileW(n.text, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_DELETE, NULL, CREATE_ALWAYS,
                                  FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL), _O_RDWR);
}

static int go_to(int fd, uint64_t at) {
    return _lseeki64(fd, (int64_t)at, SEEK_SET) < 0 ? -1 : 0;
}

ptrdiff_t det__host_read_at(int fd, void *data, size_t n, uint64_t at) {
    return go_to(fd, at) < 0 ? -1 : _read(fd, data, n < PIECE ? (unsigned)n : PIECE);
}

ptrdiff_t det__host_write_at(int fd, const void *data, size_t n, uint64_t at) {
    return go_to(fd, at) < 0 ? -1 : _write(fd, data, n < PIECE ? (unsigned)n : PIECE);
}

#endif
