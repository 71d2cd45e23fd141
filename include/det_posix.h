/* SPDX-License-Identifier: Apache-2.0
 * The port for Linux, macOS and the BSDs: sockets, poll, clocks, the system's randomness and trust roots.
 *
 *     det_session_… (…, det_posix_port(), …);     one line, nothing to free; wait() cannot be woken
 *
 *     det_posix px;                               with wake(), from any thread or signal handler
 *     det_posix_init(&px);  … &px.port …  det_posix_free(&px);
 *
 * It changes no signal disposition, raises no SIGPIPE, keeps no state outside what the caller owns, and works with any
 * number of open descriptors. Only the name lookup and wait() block; all else returns at once. */
#ifndef DET_POSIX_H
#define DET_POSIX_H

#include "det_port.h"
#include "det_spool.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The most things one wait() takes; more is DET_E_ARG. */
#define DET_POSIX_WAIT_MAX 32

/* A port of one's own, with a descriptor pair for wake(). Caller-owned; not to be moved while in use. */
typedef struct det_posix {
    det_port port; /* hand &px.port to the library */
    int wake_fd[2];
} det_posix;

/* The port without wake(): static, constant, for any number of sessions and threads. Never NULL. */
DET_API const det_port *det_posix_port(void);

/* Prepare p. DET_OK, or DET_E_IO (no descriptors left; errno says more). After a failure nothing is held open. */
DET_API int det_posix_init(det_posix *p);

/* Close p's descriptors; no session may use it any more. Safe on a p whose init failed. */
DET_API void det_posix_free(det_posix *p);

/* Read a certificate file (PEM) into memory of its own, as session options take it. *pem is NUL-terminated; *len is
 * without the NUL. DET_OK, or DET_E_CERT: not readable (errno says why), empty, or over 16 MiB. Blocks on the disk. */
DET_API int det_posix_read_pem(const char *path, const char **pem, size_t *len);

/* Give back what det_posix_read_pem() returned, when no session uses it any more. */
DET_API void det_posix_free_pem(const char *pem, size_t len);

/* ---- spool: reports kept in a directory -------------------------------------------------------------------------- */

/* For sync_ms: leave it to the system when written bytes reach the disk. */
#define DET_POSIX_SPOOL_NO_SYNC (-1)

typedef struct det_posix_spool_options {
    size_t size;        /* sizeof(det_posix_spool_options) */
    const char *dir;    /* made if it is missing, for its owner alone; nothing else belongs there */
    uint64_t max_bytes; /* on disk, 65536 … 2^62; 0: 64 MiB. Beyond is DET_E_SPACE, one record over 31/32 DET_E_SIZE */
    int32_t sync_ms;    /* 0: an append returns when it is on the disk, safe from a power cut. N: the disk is made to
                         * catch up by the first append after N ms. DET_POSIX_SPOOL_NO_SYNC. A program that is killed
                         * loses nothing in any of them. */
} det_posix_spool_options;

/* A spool in a directory: files of 1/32 of max_bytes, named by the position of their first byte in hexadecimal, which go
 * when all they hold was discarded. Caller-owned; not to be moved while open. Four descriptors, no heap but the
 * system's to read the directory once. A child of fork() must not use it, and keeps the
 * directory locked until it ends or calls exec(). */
typedef struct det_posix_spool {
    det_spool spool;   /* hand &s.spool to the library */
    int32_t os_error;  /* errno of the last failure */
    int32_t sync_ms;   /* the rest is the port's own */
    uint32_t synced_ms;
    uint32_t count;    /* of start[] */
    int dir_fd, lock_fd, write_fd, read_fd;
    uint64_t max_bytes, segment_bytes;
    uint64_t first, end, read_start, synced;
    uint64_t start[72];
} det_posix_spool;

/* Take the spool in o->dir for this program alone, as it was left: by a close, a kill or a power cut. DET_OK; DET_E_ARG;
 * DET_E_STATE: it is open already, here or in another process; DET_E_SPACE or DET_E_IO (s->os_error says why). Blocks
 * on the disk. After a failure nothing is held open. */
DET_API int det_posix_spool_open(det_posix_spool *s, const det_posix_spool_options *o);

/* Let the disk catch up, whatever sync_ms says. DET_OK, DET_E_STATE (not open) or DET_E_IO. Blocks on the disk. */
DET_API int det_posix_spool_sync(det_posix_spool *s);

/* The same, unless DET_POSIX_SPOOL_NO_SYNC, and give the directory free. Safe on one that is closed, zeroed or failed to open. */
DET_API void det_posix_spool_close(det_posix_spool *s);

#ifdef __cplusplus
}
#endif
#endif
