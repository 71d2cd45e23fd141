/* SPDX-License-Identifier: Apache-2.0
 * The system below detc where it is POSIX: process, clocks and files (host.h). Locks are flock(), as Python's filelock takes
 * them; lock files stay, since others may be waiting on them. */
#define _FILE_OFFSET_BITS 64 /* large files and inodes where long has 32 bits */
#define _DEFAULT_SOURCE 1
#define _DARWIN_C_SOURCE 1
#include "host.h"

#if !defined(_WIN32)

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "det_posix.h"

/* ---- the process --------------------------------------------------------------------------------------------------- */

/* A standard descriptor that is closed would be the next thing opened: the master's connection. */
void det__host_begin(int *argc, char ***argv) {
    int fd;
    (void)argc, (void)argv;
    do fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= 2);
    if (fd > 2) close(fd);
}

void det__host_on_interrupt(void (*handler)(int)) {
    struct sigaction a, before;
    memset(&a, 0, sizeof a);
    a.sa_handler = handler;
    if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(SIGINT, &a, NULL);
}

int det__host_reader_gone(int because) {
    return because == EPIPE;
}

const det_port *det__host_port(void) {
    return det_posix_port();
}

int64_t det__host_now_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int det__host_sleep_ms(int64_t ms) {
    struct timespec t;
    t.tv_sec = (time_t)(ms / 1000);
    t.tv_nsec = (long)(ms % 1000) * 1000000;
    return nanosleep(&t, NULL);
}

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

/* An XDG_CONFIG_HOME that is set but empty stands for the working directory, as for det. */
char *det__host_config_dir(void) {
#if defined(__APPLE__)
    return join(home(), "/Library/Application Support/determined");
#else
    const char *xdg = getenv("XDG_CONFIG_HOME");
    if (xdg) return join(xdg, *xdg ? "/determined" : "determined");
    return join(home(), "/.config/determined");
#endif
}

const char *det__host_temp_dir(void) {
    const char *d = getenv("TMPDIR");
    return d && *d ? d : "/tmp";
}

const char *det__host_temp_variable(void) {
    return "TMPDIR";
}

/* As `mkdir -p -m 700` makes it. */
void det__host_make_directory(const char *file) {
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

/* ---- reading ------------------------------------------------------------------------------------------------------- */

int det__host_read_pem(const char *path, char **pem) {
    const char *text = NULL;
    size_t len = 0;
    int rc = det_posix_read_pem(path, &text, &len);
    *pem = NULL;
    if (rc != DET_OK) return rc;
    *pem = join(text, "");
    det_posix_free_pem(text, len);
    return *pem ? DET_OK : DET_E_SPACE;
}

FILE *det__host_fopen(const char *path) {
    return fopen(path, "rb");
}

/* With the errno of what has failed before. */
static int close_failed(int fd) {
    int because = errno;
    close(fd);
    errno = because;
    return -1;
}

int det__host_open(const char *path, int64_t *size) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat st;
    if (fd < 0) return -1;
    if (fstat(fd, &st) < 0) return close_failed(fd);
    *size = S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1;
    return fd;
}

ptrdiff_t det__host_read(int fd, void *data, size_t n) {
    size_t have = 0;
    while (have < n) {
        ssize_t r = read(fd, (char *)data + have, n - have);
        if (r < 0 && errno == EINTR) continue;
        if (r < 0) return -1;
        if (r == 0) break;
        have += (size_t)r;
    }
    return (ptrdiff_t)have;
}

void det__host_close(int fd) {
    close(fd);
}

int det__host_exists(const char *path) {
    return access(path, F_OK) == 0;
}

int det__host_is_taken(const char *path) {
    struct stat st;
    return lstat(path, &st) == 0;
}

/* ---- locking ----------------------------------------------------------------------------------------------------- */

/* Taken, unless somebody else holds it (EWOULDBLOCK) or has just removed the file, which some versions of filelock do. */
static int try_lock(int fd) {
    struct stat st;
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) return -1;
    if (fstat(fd, &st) < 0) return -1;
    errno = EWOULDBLOCK;
    return st.st_nlink ? 0 : -1;
}

int det__host_lock(const char *path) {
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0 || try_lock(fd) == 0) return fd;
    return close_failed(fd);
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

/* What a crash left under its name is of no use, nor is a link put there followed. */
int det__host_write_file(const char *path, const char *like, const char *text, size_t len) {
    struct stat st;
    mode_t mode = stat(like, &st) == 0 ? st.st_mode & 0777 : 0600;
    int fd;
    unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return -1;
    if (fchmod(fd, mode) < 0 || write_all(fd, text, len) < 0 || fsync(fd) < 0) return close_failed(fd);
    return close(fd); /* some file systems tell of a full disk only here */
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

int det__host_replace(const char *from, const char *path) {
    if (rename(from, path) < 0) return -1;
    sync_directory(path);
    return 0;
}

int det__host_rename(const char *from, const char *path) {
    return rename(from, path);
}

int det__host_remove(const char *path) {
    return unlink(path);
}

/* ---- temporary files ----------------------------------------------------------------------------------------------- */

int det__host_temp_file(void) {
    char name[1024];
    int n = snprintf(name, sizeof name, "%s/detc.XXXXXX", det__host_temp_dir()), fd;
    if (n < 0 || (size_t)n >= sizeof name) {
        errno = ENAMETOOLONG;
        return -1;
    }
    fd = mkstemp(name);
    if (fd >= 0) unlink(name);
    return fd;
}

ptrdiff_t det__host_read_at(int fd, void *data, size_t n, uint64_t at) {
    ssize_t r;
    do r = pread(fd, data, n, (off_t)at);
    while (r < 0 && errno == EINTR);
    return r;
}

ptrdiff_t det__host_write_at(int fd, const void *data, size_t n, uint64_t at) {
    ssize_t r;
    do r = pwrite(fd, data, n, (off_t)at);
    while (r < 0 && errno == EINTR);
    return r;
}

#endif
