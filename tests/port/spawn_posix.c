/* SPDX-License-Identifier: Apache-2.0
 * What runs beside the conformance test where there are POSIX threads. */
#include <pthread.h>
#include <time.h>

#include "conformance.h"

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
