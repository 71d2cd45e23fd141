/* SPDX-License-Identifier: Apache-2.0
 * The conformance test of the FreeRTOS port on an emulated Cortex-M3, without a network: clock, wait, wake and lock, on ticks of
 * 32 bits that wrap on the way. What runs beside the test is an interrupt, the tick's, if it wakes; a task if it locks. Output and
 * exit by semihosting. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "conformance.h"
#include "det_freertos.h"

void reset(void);
void assert_failed(const char *file, int line);
void vApplicationTickHook(void);
void vApplicationStackOverflowHook(TaskHandle_t task, char *name);
extern void vPortSVCHandler(void);
extern void xPortPendSVHandler(void);
extern void xPortSysTickHandler(void);
extern void initialise_monitor_handles(void); /* newlib's semihosting */

extern uint32_t data_begin, data_end, data_in_code, bss_begin, bss_end, stack_top;

static det_freertos rtos;

void assert_failed(const char *file, int line) {
    printf("%s:%d: assertion failed\n", file, line);
    exit(2);
}

static void fault(void) {
    assert_failed("fault", 0);
}

typedef union vector {
    void *stack;
    void (*handler)(void);
} vector;
__attribute__((section(".vectors"), used)) static const vector vectors[16] = {
    {.stack = &stack_top},          {.handler = reset}, {.handler = fault}, {.handler = fault},
    {.handler = fault},             {.handler = fault}, {.handler = fault}, {.handler = NULL},
    {.handler = NULL},              {.handler = NULL},  {.handler = NULL},  {.handler = vPortSVCHandler},
    {.handler = fault},             {.handler = NULL},  {.handler = xPortPendSVHandler},
    {.handler = xPortSysTickHandler},
};

/* ---- beside the test ------------------------------------------------------------------------------------------------ */

static void (*volatile from_interrupt)(void);
static volatile uint32_t in_ticks;
static volatile unsigned interrupts;

static void wake(void) {
    interrupts++;
    portYIELD_FROM_ISR(det_freertos_wake_from_isr(&rtos));
}

void vApplicationTickHook(void) {
    if (!from_interrupt || --in_ticks) return;
    void (*run)(void) = from_interrupt;
    from_interrupt = NULL;
    run();
}

static struct {
    void (*run)(void *);
    void *arg;
} job;

static void beside(void *arg) {
    (void)arg;
    job.run(job.arg);
    vTaskDelete(NULL);
}

int conformance_spawn(void (*run)(void *), void *arg, unsigned after_ms) {
    if (after_ms) { /* a wake() is wanted */
        in_ticks = pdMS_TO_TICKS(after_ms);
        from_interrupt = wake;
        return 0;
    }
    job.run = run;
    job.arg = arg;
    return xTaskCreate(beside, "beside", 512, NULL, 2, NULL) == pdPASS ? 0 : -1;
}

const det_port *conformance_port(void) {
    return &rtos.net.port;
}

/* ---- the program ------------------------------------------------------------------------------------------------------ */

void vApplicationStackOverflowHook(TaskHandle_t task, char *name) {
    (void)task;
    assert_failed(name, 0);
}

/* The time of ten seconds by the port's clock is that of the ticks, though these wrap meanwhile. */
static int wraps(void) {
    const det_port *p = &rtos.net.port;
    uint32_t began = p->now_ms(p->ctx), last = began;
    TickType_t first = xTaskGetTickCount();
    int back = 0;
    for (int i = 0; i < 300; i++) {
        vTaskDelay(10);
        uint32_t now = p->now_ms(p->ctx);
        if ((int32_t)(now - last) < 33 || (int32_t)(now - last) > 40) back = 1;
        last = now;
    }
    uint32_t ms = last - began, ticks = xTaskGetTickCount() - first;
    printf("%lu ticks from %lu are %lu ms\n", (unsigned long)ticks, (unsigned long)first, (unsigned long)ms);
    return !back && ms >= ticks * 10 / 3 - 5 && ms <= ticks * 10 / 3 + 5 && xTaskGetTickCount() < first;
}

static void run(void *arg) {
    char *argv[] = {"conformance", "-o", "size,lock-both,clock-forward,wait-ends,wake-before,wake-often,wake-during,lock",
                    "none", "0", "0", "0"};
    (void)arg;
    tcpip_init(NULL, NULL);
    int good = det_freertos_init(&rtos) == DET_OK && wraps();
    printf("a wrap of the ticks: %s\n", good ? "kept" : "BROKEN");
    int rc = conformance_main(sizeof argv / sizeof *argv, argv);
    det_freertos_free(&rtos);
    exit(good && interrupts ? rc : 1);
}

void reset(void) {
    uint32_t *from = &data_in_code;
    for (uint32_t *to = &data_begin; to < &data_end;) *to++ = *from++;
    for (uint32_t *to = &bss_begin; to < &bss_end;) *to++ = 0;
    initialise_monitor_handles();
    if (xTaskCreate(run, "test", 2048, NULL, 2, NULL) != pdPASS) exit(2);
    vTaskStartScheduler();
    exit(2);
}
