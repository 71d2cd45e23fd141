/* SPDX-License-Identifier: Apache-2.0
 * FreeRTOS on a host, for the tests: the milliseconds wrap after five seconds. Ticks of 4 ms, as a host is late now and then. */
#ifndef FREERTOS_CONFIG_H
#define FREERTOS_CONFIG_H

#define configUSE_PREEMPTION 1
#define configUSE_IDLE_HOOK 0
#define configUSE_TICK_HOOK 0
#define configTICK_RATE_HZ 250
#define configTICK_TYPE_WIDTH_IN_BITS TICK_TYPE_WIDTH_64_BITS /* which the simulator has on 64-bit hosts */
#define configINITIAL_TICK_COUNT (0xffffffffu - 5u * configTICK_RATE_HZ)
#define configMAX_PRIORITIES 7
#define configMINIMAL_STACK_SIZE 4096
#define configMAX_TASK_NAME_LEN 12
#define configTOTAL_HEAP_SIZE (1024 * 1024)
#define configSUPPORT_STATIC_ALLOCATION 1
#define configSUPPORT_DYNAMIC_ALLOCATION 1
#define configKERNEL_PROVIDED_STATIC_MEMORY 1
#define configUSE_MUTEXES 1
#define configUSE_RECURSIVE_MUTEXES 1
#define configUSE_COUNTING_SEMAPHORES 1
#define configUSE_TIMERS 0
#define configCHECK_FOR_STACK_OVERFLOW 0
#define configUSE_TRACE_FACILITY 0

#define INCLUDE_vTaskDelay 1
#define INCLUDE_vTaskDelete 1
#define INCLUDE_vTaskSuspend 1
#define INCLUDE_eTaskGetState 1
#define INCLUDE_xTaskGetCurrentTaskHandle 1

extern void assert_failed(const char *file, int line);
#define configASSERT(x) \
    do { \
        if (!(x)) assert_failed(__FILE__, __LINE__); \
    } while (0)

#endif
