#include <stdio.h>
#include <stdlib.h>
#include "det_env.h"
#include "det_posix.h"

int main(void) {
    static det_core core;
    static unsigned char mem[16384];
    det_options opt;
    det_options_init(&opt, det_posix_port(), mem, sizeof mem);
    opt.name = "unmanaged-1-singleton";
    int rc = det_options_from_env(&opt); /* DET_MASTER, DET_USER, DET_PASS, … */
    if (rc == DET_OK) rc = det_open(&core, &opt);
    for (int i = 0; i < 100 && rc == DET_OK; i++) {
        det_metric loss = det_metric_double("loss", rand() / (double)RAND_MAX);
        rc = det_report_training_metrics(&core, i, &loss, 1);
        if (rc == DET_OK && (i + 1) % 10 == 0) rc = det_report_validation_metrics(&core, i, &loss, 1);
        det_step(&core); /* sends what can be sent now; never waits */
    }
    if (rc == DET_OK) rc = det_close(&core, DET_COMPLETED, 30000);
    if (rc != DET_OK) fprintf(stderr, "seed: %s\n", *det_errmsg(&core) ? det_errmsg(&core) : det_strerror(rc));
    return rc != DET_OK;
}
