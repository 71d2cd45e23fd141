/* SPDX-License-Identifier: Apache-2.0
 * The conformance test of a port: which of the promises of det_port.h does it keep? Plain C99, the port's own functions and
 * printf(), so that it runs where the port runs, against tests/port/peer.c on a host. A port joins in with a file that
 * defines the two functions below, as those named port_*.c here do. */
#ifndef CONFORMANCE_H
#define CONFORMANCE_H

#include <stddef.h>
#include <stdint.h>

#include "det_port.h"

/* ---- what a port's file defines ---------------------------------------------------------------------------------- */

/* The port, ready for use: network up, clock running. NULL: it could not be set up. Called once. */
const det_port *conformance_port(void);

/* Let run(arg) run once beside the caller, in after_ms or soon after: in another thread or task, or, if what the port locks
 * out is an interrupt, in one. 0, or -1 where there is nothing of the kind: then wake(), lock() and unlock() are tried from
 * one thread only. Called again when the last one has ended. */
int conformance_spawn(void (*run)(void *), void *arg, unsigned after_ms);

/* ---- what it calls: conformance.c -------------------------------------------------------------------------------- */

/* Test it: arguments as usage() in conformance.c says. 0 all promises kept, 1 some broken, 2 not run. The last line printed
 * is `N passed, N failed`. */
int conformance_main(int argc, char **argv);

/* ---- for the files of the test ----------------------------------------------------------------------------------- */

/* What all checks share. */
typedef struct world {
    const det_port *port;
    const char *host;  /* of the peer, numeric */
    const char *name;  /* that is the peer's, or NULL */
    const char *only;  /* promises to try, or NULL: all */
    const char *twin;  /* whose first address is silent and whose second one is the peer's, or NULL */
    uint16_t at;       /* the peer's ports: this one answers, */
    uint16_t refused;  /* this one refuses, */
    uint16_t silent;   /* this one does not answer */
    unsigned many;     /* connections to open and close */
    int clock_runs;    /* now_ms() was seen to move */
    unsigned calls;    /* of send and recv */
    int unfit;         /* functions are missing that all else calls */
    char why[160];     /* how the promise under test was broken */
    char zero[160], code[160], error[160], handle[160], block[160]; /* broken by the way, in any check: link.c */
} world;

/* A check ends with NULL, kept; ABSENT, the port has no such function and need not; UNTRIED, this run cannot tell; or how the
 * promise was broken, mostly w->why. */
extern const char ABSENT[], UNTRIED[];

typedef struct promise {
    const char *id, *text;
    const char *(*check)(world *w);
    int tries; /* those that measure time are broken only if they are so each time: a busy machine is late */
} promise;

/* The promises by subject, each list ends with id NULL. */
extern const promise promises_table[], promises_clock[], promises_open[], promises_bytes[], promises_end[], promises_wait[],
    promises_supply[];

/* w->why = printf(…). Returns it. */
const char *broken(world *w, const char *format, ...)
#ifdef __GNUC__
    __attribute__((format(printf, 2, 3)))
#endif
    ;

/* ---- link.c: the port's functions under watch, and a connection to the peer over them ------------------------------ */

uint32_t now(world *w);
uint32_t since(world *w, uint32_t then);
void nap(world *w, uint32_t ms);                 /* by wait() on nothing */
void stand_by(world *w, det_conn *c, int events, uint32_t ms); /* wait() on one connection; returns when it likes */

void conn_zero(det_conn *c);
int port_open(world *w, det_conn *c, const char *host, uint16_t port, uint32_t budget_ms); /* one call */
int port_send(world *w, det_conn *c, const void *data, size_t len);
int port_recv(world *w, det_conn *c, void *data, size_t cap);
void port_close(world *w, det_conn *c);

/* Open to the end: as the session does it. The port's last word, or DET_E_AGAIN if it is none after twice the budget. */
int reach(world *w, det_conn *c, const char *host, uint16_t port, uint32_t budget_ms);

/* Connect to the peer and tell it what to do: a word of peer.c and a number. DET_OK or what failed. */
int peer_do(world *w, det_conn *c, const char *word, unsigned long number);

/* Within 5 s (SOON_MS): all of len bytes; or up to len of them and how it ended. */
enum { SOON_MS = 5000 };
int send_all(world *w, det_conn *c, const void *data, size_t len);
int recv_some(world *w, det_conn *c, void *data, size_t cap);
int recv_all(world *w, det_conn *c, void *data, size_t len, size_t *got);

/* Ask the peer for a number over a connection of its own. Negative: not to be had (w->why says why). */
long peer_ask(world *w, const char *word, unsigned long number);

/* Byte i of what peer and test send each other. */
uint8_t pattern(size_t i);

#endif
