/* SPDX-License-Identifier: Apache-2.0
 * A spool in a directory. Segment files lie end to end in positions, the last one grows; "first" holds the lock and, as
 * a hint that may be old, what was discarded of the oldest. Invariants: start[] ascends, is never empty while open, its
 * last is the file of write_fd, whose offset is where it ends. Must not know what is stored.
 *
 * After a power cut a segment may be shorter than its successor's name says: the gap reads as zeros. */
#define _DEFAULT_SOURCE 1
#define _DARWIN_C_SOURCE 1
#define _FILE_OFFSET_BITS 64
#include "det_posix_int.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { NAME_LEN = 20, NAME_SIZE, SEGMENTS = sizeof ((det_posix_spool *)0)->start / sizeof(uint64_t) };

#define MAX_DEFAULT (UINT64_C(64) << 20)
#define MAX_LEAST UINT64_C(65536)
#define MAX_MOST (UINT64_C(1) << 62)

/* errno as a code of ours. */
static int failed(det_posix_spool *s) {
    s->os_error = errno;
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? DET_E_SPACE : DET_E_IO;
}

static int sync_fd(int fd) {
#ifdef F_FULLFSYNC
    if (fcntl(fd, F_FULLFSYNC) == 0) return 0; /* fsync() alone stops at the drive's cache */
#endif
#ifdef __APPLE__
    return fsync(fd);
#else
    return fdatasync(fd);
#endif
}

static void close_fd(int *fd) {
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

static int open_at(int dir_fd, const char *name, int flags) {
    int fd;
    do fd = openat(dir_fd, name, flags | O_CLOEXEC, 0600);
    while (fd < 0 && errno == EINTR);
    return fd;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static void name_of(char *name, uint64_t start) {
    for (int i = 15; i >= 0; i--, start >>= 4) name[i] = "0123456789abcdef"[start & 15];
    memcpy(name + 16, ".det", 5);
}

static int start_of(const char *name, uint64_t *start) {
    char again[NAME_SIZE];
    *start = 0;
    if (strlen(name) != NAME_LEN) return 0;
    for (int i = 0; i < 16; i++) {
        const char *digits = "0123456789abcdef", *at = strchr(digits, name[i]);
        if (!at) return 0;
        *start = *start << 4 | (uint64_t)(at - digits);
    }
    name_of(again, *start);
    return strcmp(again, name) == 0 && *start <= MAX_MOST;
}

/* ---- segments ---------------------------------------------------------------------------------------------------- */

static uint64_t last_start(const det_posix_spool *s) {
    return s->start[s->count - 1];
}

/* After this, what was appended survives a power cut. */
static int catch_up(det_posix_spool *s) {
    if (s->synced != s->end && sync_fd(s->write_fd) != 0) return failed(s);
    s->synced = s->end;
    s->synced_ms = det__posix_now_ms(NULL);
    return DET_OK;
}

/* A new last segment from the end on. The old one is on the disk before it is left: later only the last needs syncing. */
static int begin_segment(det_posix_spool *s) {
    char name[NAME_SIZE];
    int durable = s->sync_ms >= 0;
    int code = durable && s->write_fd >= 0 ? catch_up(s) : DET_OK;
    if (code) return code;
    name_of(name, s->end);
    int fd = open_at(s->dir_fd, name, O_RDWR | O_CREAT | O_EXCL);
    if (fd < 0) return failed(s);
    if (durable && fsync(s->dir_fd) != 0) {
        code = failed(s);
        close(fd);
        unlinkat(s->dir_fd, name, 0);
        return code;
    }
    close_fd(&s->write_fd);
    s->write_fd = fd;
    s->start[s->count++] = s->end;
    return DET_OK;
}

static void drop_oldest(det_posix_spool *s) {
    char name[NAME_SIZE];
    name_of(name, s->start[0]);
    if (s->read_start == s->start[0]) close_fd(&s->read_fd); /* or its blocks stay taken */
    unlinkat(s->dir_fd, name, 0);
    s->count--;
    memmove(s->start, s->start + 1, s->count * sizeof s->start[0]);
}

/* ---- append ------------------------------------------------------------------------------------------------------ */

static int write_all(int fd, struct iovec *v) {
    while (v[0].iov_len + v[1].iov_len) {
        ssize_t n = writev(fd, v, 2);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return -1;
        for (int i = 0; i < 2; i++) {
            size_t part = (size_t)n < v[i].iov_len ? (size_t)n : v[i].iov_len;
            v[i].iov_base = (char *)v[i].iov_base + part;
            v[i].iov_len -= part;
            n -= (ssize_t)part;
        }
    }
    return 0;
}

/* Back to the end before an append that failed; where that fails too, its bytes stay, as after a power cut. */
static void take_back(det_posix_spool *s) {
    off_t at = (off_t)(s->end - last_start(s));
    if (ftruncate(s->write_fd, at) != 0) at = lseek(s->write_fd, 0, SEEK_END);
    else at = lseek(s->write_fd, at, SEEK_SET);
    if (at >= 0) s->end = last_start(s) + (uint64_t)at;
}

static int room_for(det_posix_spool *s, size_t n) {
    if (n > s->max_bytes - s->segment_bytes) return DET_E_SIZE;
    if (s->end - s->start[0] + n > s->max_bytes) {
        s->os_error = 0;
        return DET_E_SPACE;
    }
    uint64_t in_last = s->end - last_start(s);
    int full = in_last && in_last + n > s->segment_bytes && s->count < SEGMENTS;
    return full ? begin_segment(s) : DET_OK;
}

static int spool_append(void *ctx, const void *head, size_t head_len, const void *data, size_t data_len) {
    det_posix_spool *s = (det_posix_spool *)ctx;
    struct iovec v[2];
    int code = room_for(s, head_len + data_len);
    if (code) return code;
    v[0].iov_base = (void *)(uintptr_t)head;
    v[0].iov_len = head_len;
    v[1].iov_base = (void *)(uintptr_t)data;
    v[1].iov_len = data_len;
    uint64_t before = s->end;
    if (write_all(s->write_fd, v) != 0) code = failed(s);
    if (!code) s->end += head_len + data_len;
    if (!code && s->sync_ms >= 0 && det__posix_now_ms(NULL) - s->synced_ms >= (uint32_t)s->sync_ms) code = catch_up(s);
    if (!code) return DET_OK;
    s->end = before;
    take_back(s);
    return code;
}

/* ---- read -------------------------------------------------------------------------------------------------------- */

/* The descriptor of segment i; -1 and errno. One of those before the last is kept open. */
static int fd_of(det_posix_spool *s, uint32_t i) {
    char name[NAME_SIZE];
    if (i == s->count - 1) return s->write_fd;
    if (s->read_fd >= 0 && s->read_start == s->start[i]) return s->read_fd;
    close_fd(&s->read_fd);
    name_of(name, s->start[i]);
    s->read_start = s->start[i];
    return s->read_fd = open_at(s->dir_fd, name, O_RDONLY);
}

static int spool_read(void *ctx, uint64_t pos, void *data, size_t cap) {
    det_posix_spool *s = (det_posix_spool *)ctx;
    if (pos < s->first || pos > s->end) return DET_E_ARG;
    uint32_t i = s->count - 1;
    while (s->start[i] > pos) i--;
    uint64_t left = (i + 1 < s->count ? s->start[i + 1] : s->end) - pos;
    if (cap > INT32_MAX) cap = INT32_MAX;
    if (cap > left) cap = (size_t)left;
    if (cap == 0) return 0;
    int fd = fd_of(s, i);
    if (fd < 0) return failed(s), DET_E_IO;
    ssize_t n;
    do n = pread(fd, data, cap, (off_t)(pos - s->start[i]));
    while (n < 0 && errno == EINTR);
    if (n < 0) return failed(s), DET_E_IO;
    if (n == 0) memset(data, 0, cap), n = (ssize_t)cap; /* the gap a power cut left */
    return (int)n;
}

/* ---- discard ----------------------------------------------------------------------------------------------------- */

/* In "first": the position and its inverse, so that a torn one is found out. One that is lost keeps more: no sync. */
static void keep_first(det_posix_spool *s) {
    uint8_t b[16];
    for (int i = 0; i < 8; i++) {
        b[i] = (uint8_t)(s->first >> 8 * i);
        b[8 + i] = (uint8_t)~b[i];
    }
    if (pwrite(s->lock_fd, b, sizeof b, 0) < 0) s->os_error = errno;
}

static uint64_t kept_first(const det_posix_spool *s) {
    uint8_t b[16];
    uint64_t first = 0;
    if (pread(s->lock_fd, b, sizeof b, 0) != (ssize_t)sizeof b) return 0;
    for (int i = 7; i >= 0; i--) {
        if ((b[i] ^ b[8 + i]) != 0xFF) return 0;
        first = first << 8 | b[i];
    }
    return first <= MAX_MOST ? first : 0;
}

static int spool_discard(void *ctx, uint64_t pos, uint64_t *first, uint64_t *end) {
    det_posix_spool *s = (det_posix_spool *)ctx;
    if (pos > s->end) pos = s->end;
    if (pos > s->first) {
        s->first = pos;
        keep_first(s);
        /* A last segment that is full goes too. Where no new one can be made, it goes later. */
        if (pos == s->end && s->end - last_start(s) >= s->segment_bytes && s->count < SEGMENTS) (void)begin_segment(s);
        while (s->count > 1 && s->start[1] <= pos) drop_oldest(s);
    }
    *first = s->first;
    *end = s->end;
    return DET_OK;
}

/* ---- open and close ---------------------------------------------------------------------------------------------- */

static int take_lock(det_posix_spool *s) {
    int got;
    s->lock_fd = open_at(s->dir_fd, "first", O_RDWR | O_CREAT);
    if (s->lock_fd < 0) return failed(s);
    do got = flock(s->lock_fd, LOCK_EX | LOCK_NB);
    while (got != 0 && errno == EINTR);
    if (got == 0) return DET_OK;
    int code = failed(s);
    return errno == EWOULDBLOCK ? DET_E_STATE : code;
}

static int insert(det_posix_spool *s, uint64_t start) {
    if (s->count == SEGMENTS) {
        errno = E2BIG; /* not made by us */
        return failed(s);
    }
    uint32_t i = s->count++;
    for (; i > 0 && s->start[i - 1] > start; i--) s->start[i] = s->start[i - 1];
    s->start[i] = start;
    return DET_OK;
}

/* What the directory holds, into start[]. */
static int list_segments(det_posix_spool *s) {
    int fd = open_at(s->dir_fd, ".", O_RDONLY | O_DIRECTORY);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    int code = d ? DET_OK : failed(s);
    if (!d && fd >= 0) close(fd);
    while (!code) {
        uint64_t start;
        errno = 0;
        const struct dirent *e = readdir(d);
        if (!e && errno) code = failed(s);
        if (!e) break;
        if (start_of(e->d_name, &start)) code = insert(s, start);
    }
    if (d) closedir(d);
    return code;
}

/* Go on with the last segment, torn as it may be: what reads the log passes over that. */
static int open_last(det_posix_spool *s) {
    char name[NAME_SIZE];
    name_of(name, last_start(s));
    s->write_fd = open_at(s->dir_fd, name, O_RDWR);
    off_t size = s->write_fd < 0 ? -1 : lseek(s->write_fd, 0, SEEK_END);
    if (size < 0) return failed(s);
    s->end = last_start(s) + (uint64_t)size;
    return DET_OK;
}

/* Where it begins and ends. The end is never before what was once discarded: positions are not used twice. */
static int find_ends(det_posix_spool *s) {
    uint64_t first = kept_first(s);
    int code = s->count ? open_last(s) : DET_OK;
    if (code) return code;
    if (!s->count || s->end < first) {
        s->end = first;
        if (s->count == SEGMENTS) drop_oldest(s); /* of which nothing is needed */
        code = begin_segment(s);
        if (code) return code;
    }
    s->first = first > s->start[0] ? first : s->start[0];
    while (s->count > 1 && s->start[1] <= s->first) drop_oldest(s);
    s->synced = s->start[0] - 1; /* unknown: the first catch_up() has to sync */
    return DET_OK;
}

static int open_dir(det_posix_spool *s, const char *dir) {
    int made = mkdir(dir, 0700) == 0;
    if (!made && errno != EEXIST) return failed(s);
    s->dir_fd = open_at(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY);
    if (s->dir_fd < 0) return failed(s);
    int above = made && s->sync_ms >= 0 ? open_at(s->dir_fd, "..", O_RDONLY | O_DIRECTORY) : -1;
    if (above >= 0) (void)fsync(above); /* may not be ours to open */
    close_fd(&above);
    return DET_OK;
}

static void init(det_posix_spool *s, const det_posix_spool_options *o) {
    memset(s, 0, sizeof *s);
    s->dir_fd = s->lock_fd = s->write_fd = s->read_fd = -1;
    s->spool.size = sizeof s->spool;
    s->spool.ctx = s;
    s->spool.append = spool_append;
    s->spool.read = spool_read;
    s->spool.discard = spool_discard;
    s->max_bytes = o && o->max_bytes ? o->max_bytes : MAX_DEFAULT;
    s->segment_bytes = s->max_bytes / 32;
    s->sync_ms = o ? o->sync_ms : 0;
    s->synced_ms = det__posix_now_ms(NULL);
}

int det_posix_spool_open(det_posix_spool *s, const det_posix_spool_options *o) {
    if (!s) return DET_E_ARG;
    init(s, o);
    if (!o || o->size < sizeof *o || !o->dir || s->max_bytes < MAX_LEAST || s->max_bytes > MAX_MOST) return DET_E_ARG;
    int code = open_dir(s, o->dir);
    if (!code) code = take_lock(s);
    if (!code) code = list_segments(s);
    if (!code) code = find_ends(s);
    if (code) {
        s->sync_ms = DET_POSIX_SPOOL_NO_SYNC;
        det_posix_spool_close(s);
    }
    return code;
}

int det_posix_spool_sync(det_posix_spool *s) {
    if (!s || s->spool.ctx != s || s->write_fd < 0) return DET_E_STATE;
    if (catch_up(s) != DET_OK) return DET_E_IO;
    return fsync(s->dir_fd) == 0 ? DET_OK : (failed(s), DET_E_IO);
}

void det_posix_spool_close(det_posix_spool *s) {
    if (!s || s->spool.ctx != s) return; /* zeroed: descriptor 0 is not ours */
    if (s->write_fd >= 0 && s->sync_ms >= 0) (void)catch_up(s);
    close_fd(&s->write_fd);
    close_fd(&s->read_fd);
    close_fd(&s->lock_fd); /* which unlocks it */
    close_fd(&s->dir_fd);
}
