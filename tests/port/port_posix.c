/* SPDX-License-Identifier: Apache-2.0
 * The conformance test's side of the POSIX port, with wake() and, as the worker does it, a mutex for lock() and unlock(). */
#include <pthread.h>
#include <time.h>

#include "conformance.h"
#include "det_posix.h"

static pthread_mutex_t outbox = PTHREAD_MUTEX_INITIALIZER;

static void lock(void *ctx) {
    (void)ctx;
    pthread_mutex_lock(&outbox);
}
static void unlock(void *ctx) {
    (void)ctx;
    pthread_mutex_unlock(&outbox);
}

const det_port *conformance_port(void) {
    static det_posix px;
    if (det_posix_init(&px) != DET_OK) return NULL;
    px.port.lock = lock;
    px.port.unlock = unlock;
    return &px.port;
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

static struct {
    void (*run)(void *);
    void *arg;
    unsigned after_ms;
} job; /* one at a time */

static void *start(void *arg) {
    (void)arg;
    struct timespec t = {(time_t)(job.after_ms / 1000), (long)(job.after_ms % 1000) * 1000000L};
    nanosleep(&t, NULL);
    job.run(job.arg);
    return NULL;
}

int conformance_spawn(void (*run)(void *), void *arg, unsigned after_ms) {
    static pthread_t t;
    static int before;
    if (before) pthread_join(t, NULL);
    job.run = run;
    job.arg = arg;
    job.after_ms = after_ms;
    before = pthread_create(&t, NULL, start, NULL) == 0;
    return before ? 0 : -1;
}
