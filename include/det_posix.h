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

#ifdef __cplusplus
}
#endif
#endif
