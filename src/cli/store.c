/* SPDX-License-Identifier: Apache-2.0
 * The configuration directory and its files. Invariants: a file is only ever replaced whole, by rename() within its
 * directory, and only while NAME.lock is held, by the same flock() as Python's filelock takes; so reading needs no lock.
 * Lock files stay: others may be waiting on them. */
#define _DEFAULT_SOURCE 1
#define _DARWIN_C_SOURCE 1
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOCK_TRIES = 1500, LOCK_PAUSE_MS = 20, BACKUPS_MAX = 1000 };
#define FILE_MAX ((size_t)16 << 20)

/* ---- where ------------------------------------------------------------------------------------------------------- */

static char *join(const char *a, const char *b) {
    size_t n = strlen(a) + strlen(b) + 1;
    char *s = (char *)malloc(n);
    if (s) snprintf(s, n, "%s%s", a, b);
    return s;
}

static const char *home(void) {
    const char *h = getenv("HOME");
    const struct passwd *pw = h ? NULL : getpwuid(getuid());
    return h ? h : pw && pw->pw_dir ? pw->pw_dir : "";
}

/* Where det looks: an XDG_CONFIG_HOME that is set but empty stands for the working directory there, too. */
char *det__store_dir(void) {
    const char *debug = getenv("DET_DEBUG_CONFIG_PATH");
    if (debug && *debug) return join(debug, "");
#if defined(__APPLE__)
    return join(home(), "/Library/Application Support/determined");
#else
    const char *xdg = getenv("XDG_CONFIG_HOME");
    if (xdg) return join(xdg, *xdg ? "/determined" : "determined");
    return join(home(), "/.config/determined");
#endif
}

int det__store_init(det__store *s, const char *name, det__err *e) {
    char *dir = det__store_dir(), *slash = dir ? join(dir, "/") : NULL;
    s->lock = -1;
    s->path = slash ? join(slash, name) : NULL;
    free(dir);
    free(slash);
    return s->path ? DET_OK : det__cli_fail_memory(e);
}

void det__store_free(det__store *s) {
    if (s->lock >= 0) close(s->lock);
    s->lock = -1;
    free(s->path);
    s->path = NULL;
}

/* ---- locking ----------------------------------------------------------------------------------------------------- */

/* The file's directory with those above it, as `mkdir -p -m 700` makes them. What fails shows when the lock is opened. */
static void make_directory(const char *file) {
    char *dir = join(file, ""), *end = dir ? strrchr(dir, '/') : NULL;
    if (end) *end = 0;
    if (end && mkdir(dir, 0700) < 0 && errno == ENOENT) {
        for (char *p = dir + 1; *p; p++) {
            if (*p != '/') continue;
            *p = 0;
            mkdir(dir, 0777);
            *p = '/';
        }
        mkdir(dir, 0700);
    }
    free(dir);
}

/* Taken, unless somebody else holds it (EWOULDBLOCK) or has just removed the file, which some versions of filelock do. */
static int try_lock(int fd) {
    struct stat st;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) return -1;
    if (fstat(fd, &st) < 0) return -1;
    errno = EWOULDBLOCK;
    return st.st_nlink ? 0 : -1;
}

static int take_lock(const char *path) {
    struct timespec pause = {0, LOCK_PAUSE_MS * 1000000L};
    for (int i = 0; i < LOCK_TRIES; i++) {
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644), err;
        if (fd < 0) return -1;
        if (try_lock(fd) == 0) return fd;
        err = errno;
        close(fd);
        errno = err;
        if (err != EWOULDBLOCK && err != EINTR) return -1;
        if (nanosleep(&pause, NULL) < 0) return -1;
    }
    return -1;
}

int det__store_lock(det__store *s, det__err *e) {
    char *path = join(s->path, ".lock");
    int code = DET_OK;
    if (!path) return det__cli_fail_memory(e);
    make_directory(s->path);
    s->lock = take_lock(path);
    if (s->lock < 0 && errno == EWOULDBLOCK)
        code = det__cli_fail(e, DET_E_IO, "another process holds %s; try again when it has ended", path);
    else if (s->lock < 0)
        code = det__cli_fail_errno(e, "cannot lock", path);
    free(path);
    return code;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* Up to n bytes: the number, or -1. */
static ssize_t read_all(int fd, char *text, size_t n) {
    size_t have = 0;
    while (have < n) {
        ssize_t r = read(fd, text + have, n - have);
        if (r < 0 && errno == EINTR) continue;
        if (r < 0) return -1;
        if (r == 0) break;
        have += (size_t)r;
    }
    return (ssize_t)have;
}

static int read_open(int fd, const det__store *s, char **text, size_t *len, det__err *e) {
    struct stat st;
    ssize_t n;
    if (fstat(fd, &st) < 0) return det__cli_fail_errno(e, "cannot read", s->path);
    if (!S_ISREG(st.st_mode)) return det__cli_fail(e, DET_E_IO, "%s is not a regular file", s->path);
    if (st.st_size > (off_t)FILE_MAX) return DET_E_STATE;
    *text = (char *)malloc((size_t)st.st_size + 1);
    if (!*text) return det__cli_fail_memory(e);
    n = read_all(fd, *text, (size_t)st.st_size);
    if (n < 0) {
        free(*text);
        *text = NULL;
        return det__cli_fail_errno(e, "cannot read", s->path);
    }
    (*text)[n] = 0;
    *len = (size_t)n;
    return DET_OK;
}

int det__store_read(const det__store *s, char **text, size_t *len, det__err *e) {
    int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), code;
    *text = NULL;
    *len = 0;
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return DET_OK;
    if (fd < 0) return det__cli_fail_errno(e, "cannot read", s->path);
    code = read_open(fd, s, text, len, e);
    close(fd);
    return code;
}

/* ---- replacing --------------------------------------------------------------------------------------------------- */

static int write_all(int fd, const char *text, size_t len) {
    while (len) {
        ssize_t n = write(fd, text, len);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        text += n;
        len -= (size_t)n;
    }
    return 0;
}

/* A new file of the old one's mode. What a crash left under its name is of no use, nor is a link put there followed. */
static int write_temp(const det__store *s, const char *temp, const char *text, size_t len) {
    struct stat st;
    mode_t mode = stat(s->path, &st) == 0 ? st.st_mode & 0777 : 0600;
    int fd, bad;
    unlink(temp);
    fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return -1;
    bad = fchmod(fd, mode) < 0 || write_all(fd, text, len) < 0 || fsync(fd) < 0;
    if (!bad) return close(fd); /* some file systems tell of a full disk only here */
    bad = errno;
    close(fd);
    errno = bad;
    return -1;
}

/* So that the new name survives a power cut as well; not every file system can. */
static void sync_directory(const char *file) {
    char *dir = join(file, ""), *end = dir ? strrchr(dir, '/') : NULL;
    int fd = -1;
    if (end) *end = 0;
    if (end) fd = open(dir, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(dir);
}

int det__store_write(const det__store *s, const char *text, size_t len, det__err *e) {
    char *temp = join(s->path, ".temp");
    int code = DET_OK;
    if (!temp) return det__cli_fail_memory(e);
    if (write_temp(s, temp, text, len) < 0) code = det__cli_fail_errno(e, "cannot write", temp);
    else if (rename(temp, s->path) < 0) code = det__cli_fail_errno(e, "cannot replace", s->path);
    if (code != DET_OK) unlink(temp);
    else sync_directory(s->path);
    free(temp);
    return code;
}

/* ---- what is no good --------------------------------------------------------------------------------------------- */

/* A name that nothing has; malloc'd. */
static char *backup_name(const char *path) {
    char suffix[24] = ".bad";
    for (int i = 2; i < BACKUPS_MAX; i++) {
        struct stat st;
        char *name = join(path, suffix);
        if (!name || lstat(name, &st) < 0) return name;
        free(name);
        snprintf(suffix, sizeof suffix, ".bad-%d", i);
    }
    return NULL;
}

int det__store_put_aside(const det__store *s, const char *why, det__err *e) {
    char *backup = backup_name(s->path);
    int code;
    if (!backup) return det__cli_fail(e, DET_E_IO, "%s %s; move it out of the way", s->path, why);
    if (rename(s->path, backup) < 0)
        code = det__cli_fail(e, DET_E_IO, "%s %s, and cannot be moved out of the way: %s", s->path, why, strerror(errno));
    else
        code = det__cli_fail(e, DET_E_STATE, "%s %s; it has been moved to %s, please try again", s->path, why, backup);
    free(backup);
    return code;
}
