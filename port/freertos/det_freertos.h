/* SPDX-License-Identifier: Apache-2.0
 * FreeRTOS above lwIP: the port of ../lwip with the kernel's ticks as its clock, and a task that owns a core, so that any task may
 * report while it sends, receives and beats.
 *
 *     static det_freertos rtos;               in a task, with lwIP up and the network interface too:
 *     det_freertos_init(&rtos);
 *     rtos.net.port.entropy = board_entropy;  as ../lwip/det_lwip.h says
 *     det_options_init(&options, &rtos.net.port, mem, sizeof mem);  …
 *     det_freertos_start(&rtos, &task) → det_freertos_report_… from any task → det_freertos_stop(&rtos, DET_COMPLETED, 30000)
 *
 * A program with a task of its own for that needs only the first two: det_run() in that task, det_report_…() in one other, and
 * rtos.net.port.wake() behind a report. FreeRTOS 10 or later; configSUPPORT_STATIC_ALLOCATION, INCLUDE_vTaskSuspend,
 * INCLUDE_vTaskDelete, configUSE_MUTEXES. Takes no memory of FreeRTOS's heap but lwIP's for its mutex. */
#ifndef DET_FREERTOS_H
#define DET_FREERTOS_H

#include <FreeRTOS.h>
#include <semphr.h>
#include <task.h>

#include "det.h"
#include "det_lwip.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What det_freertos_start() needs. All of it stays the caller's and in place until det_freertos_stop() has returned. */
typedef struct det_freertos_task {
    det_core *core;
    const det_options *options; /* options->port is &rtos.net.port */
    StackType_t *stack;
    uint32_t stack_words; /* 1 KB beside what mbedTLS wants, which is 4 to 6 KB with TLS */
    UBaseType_t priority; /* below lwIP's thread's; reports of higher ones are sent when these rest */
} det_freertos_task;

/* Caller-owned; not to be moved between init and free. */
typedef struct det_freertos {
    det_lwip net; /* hand &net.port to the library */
    det_freertos_task task;
    TaskHandle_t handle; /* of the task, NULL while there is none */
    StaticTask_t tcb;
    StaticSemaphore_t reporters_mem, done_mem;
    SemaphoreHandle_t reporters, done;
    volatile int stop;
    int rc, state;
    uint32_t deadline_ms;
} det_freertos;

/* As det_lwip_init() and det_lwip_free(). */
DET_API int det_freertos_init(det_freertos *rtos);
DET_API void det_freertos_free(det_freertos *rtos);

/* Start the task and let it det_open() the core. Blocks as det_open(), and returns what that does; after a failure there is no task
 * and det_errmsg(core) says more. DET_E_STATE: there is one already. */
DET_API int det_freertos_start(det_freertos *rtos, const det_freertos_task *task);

/* Queue one report, as det_report_metrics(). Any task; waits for other tasks' reports, never for the network. */
DET_API int det_freertos_report(det_freertos *rtos, const char *group, int64_t steps, const det_metric *m, size_t n);

/* det_close() the core and end the task. Blocks up to deadline_ms, then for a name lookup that is under way. As det_close();
 * DET_E_STATE: there is no task. One task alone calls this. */
DET_API int det_freertos_stop(det_freertos *rtos, int state, uint32_t deadline_ms);

/* port.wake() for interrupts. Not zero: end the interrupt with portYIELD_FROM_ISR(). */
DET_API BaseType_t det_freertos_wake_from_isr(det_freertos *rtos);

#ifdef __cplusplus
}
#endif
#endif
