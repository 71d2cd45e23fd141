/* SPDX-License-Identifier: Apache-2.0
 * A program for FreeRTOS on a host: freertos_main() runs in a task, what it returns is the exit status. */
#define _DEFAULT_SOURCE 1
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <FreeRTOS.h>
#include <task.h>

#include "main.h"

enum { STACK_WORDS = 16384 };

static struct {
    int argc;
    char **argv;
} given;

void assert_failed(const char *file, int line); /* FreeRTOSConfig.h */
void assert_failed(const char *file, int line) {
    fprintf(stderr, "%s:%d: assertion failed\n", file, line);
    abort();
}

unsigned int lwip_port_rand(void); /* lwIP's cc.h */
unsigned int lwip_port_rand(void) {
    return (unsigned)rand();
}

/* The simulator's ticks are late by what the host's sleep is, and some get lost: on a busy host its clock loses a quarter. */
static void make_up(void *arg) {
    struct timespec t;
    (void)arg;
    clock_gettime(CLOCK_MONOTONIC, &t);
    const int64_t began_us = t.tv_sec * 1000000LL + t.tv_nsec / 1000;
    const TickType_t first = xTaskGetTickCount();
    for (;;) {
        vTaskDelay(1);
        clock_gettime(CLOCK_MONOTONIC, &t);
        int64_t us = t.tv_sec * 1000000LL + t.tv_nsec / 1000 - began_us;
        TickType_t due = first + (TickType_t)(us * configTICK_RATE_HZ / 1000000), late = due - xTaskGetTickCount();
        if (late > 0 && late < configTICK_RATE_HZ * 60) (void)xTaskCatchUpTicks(late);
    }
}

static void run(void *arg) {
    (void)arg;
    int rc = freertos_main(given.argc, given.argv);
    fflush(stdout);
    _exit(rc);
}

int main(int argc, char **argv) {
    given.argc = argc;
    given.argv = argv;
    srand((unsigned)getpid());
    if (xTaskCreate(run, "main", STACK_WORDS, NULL, 2, NULL) != pdPASS) return 2;
    if (xTaskCreate(make_up, "ticks", configMINIMAL_STACK_SIZE, NULL, configMAX_PRIORITIES - 1, NULL) != pdPASS) return 2;
    vTaskStartScheduler();
    return 2;
}
