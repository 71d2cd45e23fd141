/* SPDX-License-Identifier: Apache-2.0
 * A Windows program over the WinSock port: reports REPORTS steps of training to the master at URL and closes; with a
 * certificate file that is what it trusts, else the system's ROOT store; a third argument is the name to check.
 * Says how many were stored, or the failure; wait() is woken and times out on the way. */
#include <stdio.h>
#include <string.h>

#include "../../../port/winsock/det_winsock.h"
#include "det.h"

enum { REPORTS = 110, PEM_MAX = 65536 };

static det_winsock wx;
static det_core core;
static unsigned char mem[16384];
static char pem[PEM_MAX];

static int read_pem(const char *path, det_options *o) {
    FILE *f = fopen(path, "rb");
    if (!f) return DET_E_CERT;
    o->ca_pem_len = fread(pem, 1, sizeof pem - 1, f);
    o->ca_pem = pem;
    fclose(f);
    return o->ca_pem_len ? DET_OK : DET_E_CERT;
}

/* A wake before the wait makes it return at once; without one it lasts. */
static int waits_well(void) {
    uint32_t began = wx.port.now_ms(NULL), woken, slept;
    wx.port.wake(&wx);
    if (wx.port.wait(&wx, NULL, 0, 5000) != DET_OK) return 0;
    woken = wx.port.now_ms(NULL) - began;
    if (wx.port.wait(&wx, NULL, 0, 300) != DET_OK) return 0;
    slept = wx.port.now_ms(NULL) - began - woken;
    return woken < 2000 && slept >= 250 && slept < 5000;
}

static int report(void) {
    int rc = DET_OK;
    for (int i = 1; i <= REPORTS && rc == DET_OK; i++) {
        det_metric loss = det_metric_double("loss", 1.0 / i);
        rc = det_report_training_metrics(&core, i, &loss, 1);
        if (rc == DET_OK) rc = det_step(&core);
        if (rc == DET_E_AGAIN) rc = DET_OK;
    }
    return rc;
}

int main(int argc, char **argv) {
    det_options o;
    det_stats stats;
    int rc;
    if (argc < 2) return 2;
    if (det_winsock_init(&wx) != DET_OK || !waits_well()) return 3;
    det_options_init(&o, &wx.port, mem, sizeof mem);
    o.name = "winsock";
    o.master = argv[1];
    if (argc > 2 && *argv[2] && read_pem(argv[2], &o) != DET_OK) return 4;
    if (argc > 3) o.tls_name = argv[3];
    rc = det_open(&core, &o);
    if (rc == DET_OK) rc = report();
    if (rc == DET_OK) rc = det_close(&core, DET_COMPLETED, 30000);
    det_get_stats(&core, &stats);
    if (rc == DET_OK) printf("reported %u\n", (unsigned)stats.acknowledged);
    else printf("%s\n", *det_errmsg(&core) ? det_errmsg(&core) : det_strerror(rc));
    det_winsock_free(&wx);
    return rc != DET_OK;
}
