/* SPDX-License-Identifier: Apache-2.0
 * The platform port: everything libdet needs from the world outside, as one struct of functions.
 *
 * The struct is append-only: new functions come at its end, `size` tells which of them a port has. libdet checks `size`
 * before it calls one. A function that is NULL or beyond `size` counts as absent. port/README.md is the porting guide,
 * port/template/ the file to copy, port/posix/ the port for Linux, macOS and BSD.
 *
 * Return codes: DET_OK or a count above zero; DET_E_AGAIN "would block, call again"; DET_E_CLOSED "peer closed in
 * order"; other negative codes as each entry says. 0 never means would-block nor closed.
 * Threads: libdet calls a port only from the thread that drives the session, but for wake(), which any thread may call,
 * and lock() and unlock(), which the one that reports calls too. */
#ifndef DET_PORT_H
#define DET_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "det_error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* utc_s() of a clock that has not been set. */
#define DET_UTC_UNKNOWN ((int64_t)-1)

/* One connection. Owned by the caller (inside det_session), zero but for handle -1 before open(), filled by the port. */
typedef struct det_conn {
    int32_t os_error;  /* the platform's number of the last failure (errno), 0 if none */
    uint32_t again_ms; /* after DET_E_AGAIN from open(): call again after so long at the latest; 0 no limit */
    intptr_t handle;   /* what an event loop waits on (POSIX: descriptor); -1 while there is none */
    uint64_t mem[DET_CONN_SIZE / 8]; /* the port's own: socket, address list, … */
} det_conn;

enum { DET_WANT_READ = 1, DET_WANT_WRITE = 2 };

/* One thing to wait for. */
typedef struct det_wait {
    intptr_t handle; /* of a det_conn; -1: nothing but the timeout and wake() */
    int events;      /* DET_WANT_READ | DET_WANT_WRITE */
} det_wait;

typedef struct det_port {
    size_t size; /* sizeof(det_port) of the port's build */
    void *ctx;   /* handed to every function */

    /* Milliseconds of a clock that never jumps; wraps at 2^32. Never blocks. */
    uint32_t (*now_ms)(void *ctx);

    /* Seconds since 1970-01-01 UTC, or DET_UTC_UNKNOWN if the clock has not been set. Never blocks. */
    int64_t (*utc_s)(void *ctx);

    /* Start, or go on with, a connection to host (name or numeric address, IPv6 without brackets) and TCP port.
     * conn is zero but for its handle at the first call; the same arguments come again, with what is left of the
     * budget, until the result is not DET_E_AGAIN. All addresses of the name are to be tried, each within its share of
     * budget_ms, the milliseconds left for all of it. After DET_E_AGAIN wait for DET_WANT_WRITE on conn->handle (it may
     * change with each call), conn->again_ms at most. Sets TCP_NODELAY. May block for the name lookup if the port's
     * table in port/README.md says so, for nothing else.
     * DET_OK, DET_E_AGAIN, DET_E_DNS, DET_E_CONNECT, DET_E_TIMEOUT or DET_E_IO. After a failure nothing is held open. */
    int (*open)(void *ctx, det_conn *conn, const char *host, uint16_t port, uint32_t budget_ms);

    /* Send up to len > 0 bytes. Number sent, DET_E_AGAIN, DET_E_CLOSED, DET_E_RESET or DET_E_IO. Never blocks, never
     * raises a signal. */
    int (*send)(void *ctx, det_conn *conn, const void *data, size_t len);

    /* Receive up to cap > 0 bytes. Number received, DET_E_AGAIN, DET_E_CLOSED (peer's end of stream), DET_E_RESET or
     * DET_E_IO. Never blocks. */
    int (*recv)(void *ctx, det_conn *conn, void *data, size_t cap);

    /* Close; free what the connection holds. Safe on a zeroed or closed one. Never a half-close (contract 5.6). */
    void (*close)(void *ctx, det_conn *conn);

    /* Wait until one of n things is ready, wake() is called or timeout_ms have passed. DET_OK or DET_E_IO; early
     * returns are harmless. The one function that is meant to block. */
    int (*wait)(void *ctx, const det_wait *w, size_t n, uint32_t timeout_ms);

    /* Make a wait() in progress, or the next one, return. Any thread or interrupt. Optional. */
    void (*wake)(void *ctx);

    /* Fill len bytes with cryptographic randomness. DET_OK or DET_E_ENTROPY. */
    int (*entropy)(void *ctx, void *data, size_t len);

    /* Read the trusted root certificates, PEM text, as a file: up to cap bytes from offset. Count, or 0 at the end, or
     * DET_E_IO. Optional: without it only certificates given to the session are trusted. */
    int (*roots)(void *ctx, size_t offset, void *data, size_t cap);

    /* Around the outbox's short critical sections, when one thread or interrupt reports while another steps: a mutex, or
     * interrupts off and on. Between them the records of the outbox are walked or one is copied, never I/O, a wait or another
     * port function; never nested. What was written before unlock() is seen behind the next lock(). Optional, both or neither:
     * without them one thread at a time uses a core. */
    void (*lock)(void *ctx);
    void (*unlock)(void *ctx);
} det_port;

/* Does port p have function f? (NULL and short structs say no.) */
#define DET_PORT_HAS(p, f) ((p)->size >= offsetof(det_port, f) + sizeof((p)->f) && (p)->f != NULL)

#ifdef __cplusplus
}
#endif
#endif
