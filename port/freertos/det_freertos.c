/* SPDX-License-Identifier: Apache-2.0
 * FreeRTOS above the lwIP port: the clock, and the task that owns a core. Must not know sockets, HTTP or TLS. */
#include "det_freertos.h"

#include <string.h>

/* ---- the port ---------------------------------------------------------------------------------------------------- */

/* Right at any tick rate and across the tick's wrap, of 16-bit ticks too: lwIP's own sys_now() is neither where a tick is no
 * whole number of milliseconds. */
static uint32_t freertos_now_ms(void *ctx) {
    TimeOut_t t;
    (void)ctx;
    vTaskSetTimeOutState(&t); /* the one call that gives the wraps too, and both of one moment; ticks of 64 bits have none */
    uint64_t ticks = ((uint64_t)t.xOverflowCount << (sizeof(TickType_t) * 8 % 64)) + t.xTimeOnEntering;
    return (uint32_t)(ticks * 1000 / (uint64_t)configTICK_RATE_HZ);
}

int det_freertos_init(det_freertos *rtos) {
    memset(rtos, 0, sizeof *rtos);
    int rc = det_lwip_init(&rtos->net);
    rtos->net.port.now_ms = freertos_now_ms;
    rtos->reporters = xSemaphoreCreateMutexStatic(&rtos->reporters_mem);
    rtos->done = xSemaphoreCreateBinaryStatic(&rtos->done_mem);
    return rc;
}

void det_freertos_free(det_freertos *rtos) {
    det_lwip_free(&rtos->net);
}

BaseType_t det_freertos_wake_from_isr(det_freertos *rtos) {
    return det_lwip_wake_from_isr(&rtos->net) > 0 ? pdTRUE : pdFALSE; /* ERR_NEED_SCHED, where lwIP's sys_arch says so */
}

/* ---- the task ---------------------------------------------------------------------------------------------------- */

/* A report that comes between the look and the sleep has rung the bell, and the sleep ends at once. */
static void turn(det_freertos *rtos) {
    const det_port *port = &rtos->net.port;
    det_wait on[2];
    uint32_t ms;
    (void)det_step(rtos->task.core);
    int n = det_wants(rtos->task.core, on, &ms);
    if (ms) (void)port->wait(port->ctx, on, (size_t)n, ms);
}

static void serve(void *arg) {
    det_freertos *rtos = (det_freertos *)arg;
    rtos->rc = det_open(rtos->task.core, rtos->task.options);
    if (rtos->rc == DET_OK) {
        (void)xSemaphoreGive(rtos->done);
        while (!rtos->stop) turn(rtos);
        rtos->rc = det_close(rtos->task.core, rtos->state, rtos->deadline_ms);
    }
    (void)xSemaphoreGive(rtos->done);
    vTaskSuspend(NULL); /* until end() deletes it */
}

/* From another task: the memory is the caller's again when this returns, which a task that deletes itself could not say. */
static int end(det_freertos *rtos) {
    while (eTaskGetState(rtos->handle) != eSuspended) vTaskDelay(1);
    vTaskDelete(rtos->handle);
    rtos->handle = NULL;
    return rtos->rc;
}

int det_freertos_start(det_freertos *rtos, const det_freertos_task *task) {
    if (rtos->handle) return DET_E_STATE;
    rtos->task = *task;
    rtos->stop = 0;
    rtos->handle = xTaskCreateStatic(serve, "det", task->stack_words, rtos, task->priority, task->stack, &rtos->tcb);
    if (!rtos->handle) return DET_E_ARG;
    (void)xSemaphoreTake(rtos->done, portMAX_DELAY);
    return rtos->rc == DET_OK ? DET_OK : end(rtos);
}

int det_freertos_report(det_freertos *rtos, const char *group, int64_t steps, const det_metric *m, size_t n) {
    (void)xSemaphoreTake(rtos->reporters, portMAX_DELAY);
    int rc = rtos->handle && !rtos->stop ? det_report_metrics(rtos->task.core, group, steps, m, n) : DET_E_STATE;
    (void)xSemaphoreGive(rtos->reporters);
    if (rc == DET_OK || rc == DET_E_SPACE) rtos->net.port.wake(rtos->net.port.ctx);
    return rc;
}

int det_freertos_stop(det_freertos *rtos, int state, uint32_t deadline_ms) {
    if (!rtos->handle) return DET_E_STATE;
    (void)xSemaphoreTake(rtos->reporters, portMAX_DELAY); /* no report is half way in */
    rtos->state = state;
    rtos->deadline_ms = deadline_ms;
    rtos->stop = 1;
    (void)xSemaphoreGive(rtos->reporters);
    rtos->net.port.wake(rtos->net.port.ctx);
    (void)xSemaphoreTake(rtos->done, portMAX_DELAY);
    return end(rtos);
}
