/* SPDX-License-Identifier: Apache-2.0
 * What an image pays for the detached Core API with password login on top of session.c's. Never run. */
#include "det.h"

extern const det_port board_port;
static det_core core;
static unsigned char mem[4096];

int main(void);
int main(void) {
    det_options o;
    det_stats st;
    det_options_init(&o, &board_port, mem, sizeof mem);
    o.user = "u";
    o.password = "p";
    int rc = det_open(&core, &o);
    det_metric m[] = {det_metric_double("a", 1), det_metric_int("b", 1), det_metric_bool("c", 1), det_metric_string("d", ""),
                      det_metric_json("e", "[]")};
    rc += det_report_training_metrics(&core, 1, m, 5);
    rc += det_report_validation_metrics(&core, 1, m, 5);
    rc += det_report_metrics(&core, "g", 1, m, 5);
    rc += det_report_progress(&core, 0.5);
    rc += det_run(&core, 0);
    det_get_stats(&core, &st);
    rc += (int)det_get_run(&core)->trial_id + *det_errmsg(&core) + (int)st.unsure;
    return rc + det_close(&core, DET_COMPLETED, 1000);
}
