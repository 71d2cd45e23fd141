/* SPDX-License-Identifier: Apache-2.0
 * Reports over a port to a master: what a user's program does, on the ports that have a file for the conformance test.
 *     report URL [CA_FILE [REPORTS [EVERY_MS]]]     prints what the core says of itself; 0, or 1 and why not
 * With CA_FILE "-" none is trusted but what the port's roots say. */
#include "report.h"

#include <stdio.h>
#include <stdlib.h>

#include "conformance.h"

/* A report when it is due; one that finds no room comes again. */
static int feed(det_core *core, const det_port *port, long n, uint32_t every_ms) {
    int rc = DET_OK;
    for (long i = 0; i < n && rc == DET_OK;) {
        uint32_t began = port->now_ms(port->ctx), gone = 0;
        det_metric m = det_metric_double("loss", 1.0 / (double)(i + 1));
        rc = det_report_training_metrics(core, i, &m, 1);
        if (rc == DET_OK) i++;
        if (rc == DET_E_SPACE) rc = DET_OK, (void)det_run(core, 50);
        for (; gone < every_ms; gone = port->now_ms(port->ctx) - began) { /* det_run() ends when nothing is left to do */
            det_wait on[2];
            uint32_t ms;
            (void)det_step(core);
            int k = det_wants(core, on, &ms);
            (void)port->wait(port->ctx, on, (size_t)k, ms < every_ms - gone ? ms : every_ms - gone);
        }
        (void)det_step(core);
    }
    return rc;
}

int main(int argc, char **argv) {
    static det_core core;
    det_options o;
    const det_port *port = conformance_port();
    if (!port || report_options(&o, port, argc, argv) != 0) {
        printf("usage: report URL [CA_FILE [REPORTS [EVERY_MS]]]\n");
        return 2;
    }
    int rc = det_open(&core, &o);
    if (rc == DET_OK) rc = feed(&core, port, argc > 3 ? atol(argv[3]) : 100, argc > 4 ? (uint32_t)atol(argv[4]) : 0);
    if (rc == DET_OK) rc = det_close(&core, DET_COMPLETED, 60000);
    return report_end(&core, rc);
}
