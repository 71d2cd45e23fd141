/* SPDX-License-Identifier: Apache-2.0
 * The conformance test's side of the POSIX port, with wake() and, as the worker does it, a mutex for lock() and unlock(). */
#include <pthread.h>

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
