/* SPDX-License-Identifier: Apache-2.0
 * A hundred training reports and ten validation reports to a Determined master. On a chip bring the network up first, as
 * ESP-IDF's protocol_examples_common does. */
#include <stdio.h>
#include <stdlib.h>

#include "det.h"
#include "sdkconfig.h"
#if CONFIG_IDF_TARGET_LINUX
#include "det_posix.h"
#else
#include "det_esp_idf.h"
#endif

static int report(const det_port *port) {
    static det_core core;
    static unsigned char mem[8192];
    det_options opt;
    const char *master = getenv("DET_MASTER"); /* on linux: what the menu says need not do */
    det_options_init(&opt, port, mem, sizeof mem);
    opt.master = master ? master : CONFIG_HELLO_MASTER;
    opt.user = CONFIG_HELLO_USER;
    opt.password = CONFIG_HELLO_PASSWORD;
    opt.name = "esp-idf-hello";
    int rc = det_open(&core, &opt);
    for (int i = 0; i < 100 && rc == DET_OK; i++) {
        det_metric loss = det_metric_double("loss", 1.0 / (i + 1));
        rc = det_report_training_metrics(&core, i, &loss, 1);
        if (rc == DET_OK && (i + 1) % 10 == 0) rc = det_report_validation_metrics(&core, i, &loss, 1);
        if (rc == DET_OK) det_run(&core, 100);
    }
    if (rc == DET_OK) rc = det_close(&core, DET_COMPLETED, 30000);
    printf("%s\n", rc == DET_OK ? "reported" : *det_errmsg(&core) ? det_errmsg(&core) : det_strerror(rc));
    return rc;
}

void app_main(void) {
#if CONFIG_IDF_TARGET_LINUX
    exit(report(det_posix_port()) != DET_OK);
#else
    static det_lwip net;
    if (det_esp_idf_init(&net) == DET_OK) report(&net.port);
    det_lwip_free(&net);
#endif
}
