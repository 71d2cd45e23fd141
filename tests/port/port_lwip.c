/* SPDX-License-Identifier: Apache-2.0
 * The conformance test's side of the lwIP port, on a unix host with a tap interface: lwip/net.h. The clock is set and then goes
 * by lwIP's ticks; randomness and roots are the host's. */
#include <stdio.h>
#include <time.h>

#include "conformance.h"
#include "det_lwip.h"
#include "det_posix.h"
#include "lwip/net.h"

const det_port *conformance_port(void) {
    static det_lwip net;
    if (net_start() != 0) {
        perror("tap0");
        return NULL;
    }
    if (det_lwip_init(&net) != DET_OK) return NULL;
    net.port.entropy = det_posix_port()->entropy;
    net.port.roots = det_posix_port()->roots;
    det_lwip_set_utc(&net, (int64_t)time(NULL));
    return &net.port;
}

/* ---- threads ----------------------------------------------------------------------------------------------------- */

static struct {
    void (*run)(void *);
    void *arg;
    unsigned after_ms;
} job; /* one at a time */

static void start(void *arg) {
    (void)arg;
    sys_msleep(job.after_ms);
    job.run(job.arg);
}

int conformance_spawn(void (*run)(void *), void *arg, unsigned after_ms) {
    job.run = run;
    job.arg = arg;
    job.after_ms = after_ms;
    sys_thread_new("beside", start, NULL, 4096, TCPIP_THREAD_PRIO);
    return 0;
}
