/* SPDX-License-Identifier: Apache-2.0
 * For the test of port/zephyr where Zephyr cannot be had: the few calls that the port makes, by the host's. */
#include <pthread.h>
#include <stdint.h>
#include <time.h>

struct k_mutex {
    pthread_mutex_t host;
};
#define K_FOREVER 0
#define k_mutex_init(m) pthread_mutex_init(&(m)->host, NULL)
#define k_mutex_lock(m, timeout) pthread_mutex_lock(&(m)->host)
#define k_mutex_unlock(m) pthread_mutex_unlock(&(m)->host)

static inline int64_t k_uptime_get(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
