/* SPDX-License-Identifier: Apache-2.0
 * What an image pays that reports training metrics with a token that was given to it. Never run. */
#include "det.h"

extern const det_port board_port;
static det_core core;
static unsigned char mem[4096];

int main(void);
int main(void) {
    det_options o;
    det_metric loss = det_metric_double("loss", 0.5);
    det_options_init(&o, &board_port, mem, sizeof mem);
    o.master = "master";
    o.token = "token";
    int rc = det_open(&core, &o);
    rc += det_report_training_metrics(&core, 1, &loss, 1);
    rc += det_run(&core, 0);
    return rc + det_close(&core, DET_COMPLETED, 1000);
}
