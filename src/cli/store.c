/* SPDX-License-Identifier: Apache-2.0
 * The configuration directory and its files. Invariants: a file is only ever replaced whole, by rename() within its
 * directory, and only while NAME.lock is held, by the lock that Python's filelock takes; so reading needs no lock. */
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

enum { LOCK_TRIES = 1500, LOCK_PAUSE_MS = 20, BACKUPS_MAX = 1000 };
#define FILE_MAX ((int64_t)16 << 20)

/* ---- where ------------------------------------------------------------------------------------------------------- */

static char *join(const char *a, const char *b) {
    size_t n = strlen(a) + strlen(b) + 1;
    char *s = (char *)malloc(n);
    if (s) snprintf(s, n, "%s%s", a, b);
    return s;
}

char *det__store_dir(void) {
    const char *debug = getenv("DET_DEBUG_CONFIG_PATH");
    return debug && *debug ? join(debug, "") : det__host_config_dir();
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
    if (s->lock >= 0) det__host_close(s->lock);
    s->lock = -1;
    free(s->path);
    s->path = NULL;
}

/* ---- locking ----------------------------------------------------------------------------------------------------- */

static int take_lock(const char *path) {
    for (int i = 0; i < LOCK_TRIES; i++) {
        int fd = det__host_lock(path);
        if (fd >= 0) return fd;
        if (errno != EWOULDBLOCK && errno != EINTR) return -1;
        if (det__host_sleep_ms(LOCK_PAUSE_MS) < 0) return -1;
    }
    errno = EWOULDBLOCK;
    return -1;
}

int det__store_lock(det__store *s, det__err *e) {
    char *path = join(s->path, ".lock");
    int code = DET_OK;
    if (!path) return det__cli_fail_memory(e);
    det__host_make_directory(s->path);
    s->lock = take_lock(path);
    if (s->lock < 0 && errno == EWOULDBLOCK)
        code = det__cli_fail(e, DET_E_IO, "another process holds %s; try again when it has ended", path);
    else if (s->lock < 0)
        code = det__cli_fail_errno(e, "cannot lock", path);
    free(path);
    return code;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static int read_open(int fd, int64_t size, const det__store *s, char **text, size_t *len, det__err *e) {
    ptrdiff_t n;
    if (size < 0) return det__cli_fail(e, DET_E_IO, "%s is not a regular file", s->path);
    if (size > FILE_MAX) return DET_E_STATE;
    *text = (char *)malloc((size_t)size + 1);
    if (!*text) return det__cli_fail_memory(e);
    n = det__host_read(fd, *text, (size_t)size);
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
    int64_t size = -1;
    int fd = det__host_open(s->path, &size), code;
    *text = NULL;
    *len = 0;
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR)) return DET_OK;
    if (fd < 0) return det__cli_fail_errno(e, "cannot read", s->path);
    code = read_open(fd, size, s, text, len, e);
    det__host_close(fd);
    return code;
}

/* ---- replacing --------------------------------------------------------------------------------------------------- */

int det__store_write(const det__store *s, const char *text, size_t len, det__err *e) {
    char *temp = join(s->path, ".temp");
    int code = DET_OK;
    if (!temp) return det__cli_fail_memory(e);
    if (det__host_write_file(temp, s->path, text, len) < 0) code = det__cli_fail_errno(e, "cannot write", temp);
    else if (det__host_replace(temp, s->path) < 0) code = det__cli_fail_errno(e, "cannot replace", s->path);
    if (code != DET_OK) (void)det__host_remove(temp);
    free(temp);
    return code;
}

/* ---- what is no good --------------------------------------------------------------------------------------------- */

/* A name that nothing has; malloc'd. */
static char *backup_name(const char *path) {
    char suffix[24] = ".bad";
    for (int i = 2; i < BACKUPS_MAX; i++) {
        char *name = join(path, suffix);
        if (!name || !det__host_is_taken(name)) return name;
        free(name);
        snprintf(suffix, sizeof suffix, ".bad-%d", i);
    }
    return NULL;
}

int det__store_put_aside(const det__store *s, const char *why, det__err *e) {
    char *backup = backup_name(s->path);
    int code;
    if (!backup) return det__cli_fail(e, DET_E_IO, "%s %s; move it out of the way", s->path, why);
    if (det__host_rename(s->path, backup) < 0)
        code = det__cli_fail(e, DET_E_IO, "%s %s, and cannot be moved out of the way: %s", s->path, why, strerror(errno));
    else
        code = det__cli_fail(e, DET_E_STATE, "%s %s; it has been moved to %s, please try again", s->path, why, backup);
    free(backup);
    return code;
}
