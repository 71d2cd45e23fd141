/* SPDX-License-Identifier: Apache-2.0
 * Three tasks report together, each a group of its own, while the port's own task sends: det_freertos_start(), _report(), _stop().
 *     tasks URL [CA_FILE [REPORTS]]     REPORTS of each task */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "../lwip/net.h"
#include "../report.h"
#include "det_freertos.h"
#include "det_posix.h"
#include "main.h"

enum { TASKS = 3, STACK = 16384 };

static det_freertos rtos;
static det_core core;
static long reports = 100;
static volatile int running, wrong;

static void report(void *arg) {
    static const char *const group[TASKS] = {"training", "validation", "third"};
    const char *const mine = group[(size_t)arg];
    for (long i = 0; i < reports;) {
        det_metric m = det_metric_int("i", i);
        int rc = det_freertos_report(&rtos, mine, i, &m, 1);
        if (rc == DET_OK) i++;
        else if (rc == DET_E_SPACE) vTaskDelay(2);
        else wrong = rc, i = reports;
    }
    taskENTER_CRITICAL();
    running--;
    taskEXIT_CRITICAL();
    vTaskDelete(NULL);
}

/* Before the start and after the stop nothing may be reported; a second task may not be started. */
static int states(const det_freertos_task *task, int started) {
    det_metric m = det_metric_int("i", 1);
    if (started) return det_freertos_start(&rtos, task) == DET_E_STATE;
    return det_freertos_report(&rtos, "training", 0, &m, 1) == DET_E_STATE && det_freertos_stop(&rtos, DET_COMPLETED, 1) == DET_E_STATE;
}

static int run(const det_freertos_task *task) {
    if (!states(task, 0)) printf("a core without a task is used\n"), wrong = 1;
    int rc = det_freertos_start(&rtos, task);
    if (rc != DET_OK) return rc;
    if (!states(task, 1)) printf("a second task is started\n"), wrong = 1;
    running = TASKS;
    for (size_t i = 0; i < TASKS; i++)
        if (xTaskCreate(report, "report", 4096, (void *)i, (UBaseType_t)(1 + i), NULL) != pdPASS) running--;
    while (running) vTaskDelay(5);
    rc = det_freertos_stop(&rtos, DET_COMPLETED, 60000);
    if (!states(task, 0)) printf("a core without a task is used\n"), wrong = 1;
    return wrong ? wrong : rc;
}

int freertos_main(int argc, char **argv) {
    static StackType_t stack[STACK];
    det_options o;
    det_freertos_task task = {&core, &o, stack, STACK, 2};
    if (net_start() != 0 || det_freertos_init(&rtos) != DET_OK) return 2;
    rtos.net.port.entropy = det_posix_port()->entropy;
    det_lwip_set_utc(&rtos.net, (int64_t)time(NULL));
    if (report_options(&o, &rtos.net.port, argc, argv) != 0) return 2;
    if (argc > 3) reports = atol(argv[3]);
    int rc = run(&task);
    int status = report_end(&core, rc);
    det_freertos_free(&rtos);
    return status;
}
