/* SPDX-License-Identifier: Apache-2.0
 * The conformance test's side of the FreeRTOS port, on FreeRTOS's simulator for hosts, with lwIP on a tap interface. */
#include <stdio.h>
#include <time.h>

#include "conformance.h"
#include "det_freertos.h"
#include "det_posix.h"
#include "freertos/main.h"
#include "lwip/net.h"

int freertos_main(int argc, char **argv) {
    return conformance_main(argc, argv);
}

const det_port *conformance_port(void) {
    static det_freertos rtos;
    if (net_start() != 0) {
        perror("tap0");
        return NULL;
    }
    if (det_freertos_init(&rtos) != DET_OK) return NULL;
    rtos.net.port.entropy = det_posix_port()->entropy;
    rtos.net.port.roots = det_posix_port()->roots;
    det_lwip_set_utc(&rtos.net, (int64_t)time(NULL));
    return &rtos.net.port;
}

/* ---- tasks ------------------------------------------------------------------------------------------------------- */

static struct {
    void (*run)(void *);
    void *arg;
    unsigned after_ms;
} job; /* one at a time */

static void start(void *arg) {
    (void)arg;
    if (job.after_ms) vTaskDelay(pdMS_TO_TICKS(job.after_ms));
    job.run(job.arg);
    vTaskDelete(NULL);
}

int conformance_spawn(void (*run)(void *), void *arg, unsigned after_ms) {
    job.run = run;
    job.arg = arg;
    job.after_ms = after_ms;
    return xTaskCreate(start, "beside", 4096, NULL, 2, NULL) == pdPASS ? 0 : -1; /* as high as the caller: they take turns */
}
