/* SPDX-License-Identifier: Apache-2.0
 * A hundred training reports and ten validation reports to a Determined master. Build with DET_MASTER, DET_USER and DET_PASS in
 * the environment. */
#include <stdio.h>

#include "det.h"
#include "det_zephyr.h"

#ifndef HELLO_MASTER
#define HELLO_MASTER "http://192.0.2.1:8080"
#define HELLO_USER "determined"
#define HELLO_PASS ""
#endif

int main(void) {
    static det_zephyr z;
    static det_core core;
    static unsigned char mem[8192];
    det_options opt;
    det_zephyr_init(&z);
    det_options_init(&opt, &z.port, mem, sizeof mem);
    opt.master = HELLO_MASTER;
    opt.user = HELLO_USER;
    opt.password = HELLO_PASS;
    opt.name = "zephyr-hello";
    int rc = det_open(&core, &opt);
    for (int i = 0; i < 100 && rc == DET_OK; i++) {
        det_metric loss = det_metric_double("loss", 1.0 / (i + 1));
        rc = det_report_training_metrics(&core, i, &loss, 1);
        if (rc == DET_OK && (i + 1) % 10 == 0) rc = det_report_validation_metrics(&core, i, &loss, 1);
        if (rc == DET_OK) det_run(&core, 100);
    }
    if (rc == DET_OK) rc = det_close(&core, DET_COMPLETED, 30000);
    printf("%s\n", rc == DET_OK ? "reported" : *det_errmsg(&core) ? det_errmsg(&core) : det_strerror(rc));
    return rc == DET_OK ? 0 : 1;
}
