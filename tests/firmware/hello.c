/* SPDX-License-Identifier: Apache-2.0
 * The smallest client: opens a trial with a token, reports ten losses over verified TLS, closes. What an image costs that only
 * wants its curve at the master. */
#include <string.h>

#include "board.h"
#include "clock.h"
#include "det.h"
#include "figures.h"
#include "network.h"
#include "settings.h"

static const double losses[] = {2.3, 1.9, 1.55, 1.3, 1.1, 0.95, 0.85, 0.8, 0.76, 0.75}; /* a sensor's, or a model's */
static det_core core;
static unsigned char mem[4096];

int main(void);
int main(void) {
    det_options o;
    figures_init();
    if (!settings_read() || !network_start()) return 1;
    if (settings.time) (void)clock_from_date(settings.time);
    det_options_init(&o, &net.port, mem, sizeof mem);
    o.master = settings.url;
    o.token = settings.token;
    o.ca_pem = settings.ca;
    o.ca_pem_len = settings.ca ? strlen(settings.ca) : 0;
    int rc = det_open(&core, &o);
    for (int i = 0; i < 10 && rc == DET_OK; i++) {
        det_metric loss = det_metric_double("loss", losses[i]);
        rc = det_report_training_metrics(&core, i + 1, &loss, 1);
        (void)det_step(&core);
    }
    if (rc == DET_OK) rc = det_close(&core, DET_COMPLETED, 30000);
    if (rc != DET_OK) return tell_error("hello", rc, det_last_failure(&core));
    tell_memory("all");
    tell_delivery(&core);
    put_text("done\n");
    return 0;
}
