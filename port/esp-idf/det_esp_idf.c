/* SPDX-License-Identifier: Apache-2.0
 * What the lwIP port leaves to the board, for ESP-IDF. */
#include "det_esp_idf.h"

#include <esp_random.h>

#include <time.h>

/* The system's clock counts from 1970 until somebody sets it. */
#define SET_SINCE_S 1600000000

static int esp_entropy(void *ctx, void *data, size_t len) {
    (void)ctx;
    esp_fill_random(data, len);
    return DET_OK;
}

static int64_t esp_utc_s(void *ctx) {
    (void)ctx;
    int64_t now = (int64_t)time(NULL);
    return now > SET_SINCE_S ? now : DET_UTC_UNKNOWN;
}

int det_esp_idf_init(det_lwip *net) {
    int rc = det_lwip_init(net);
    net->port.entropy = esp_entropy;
    net->port.utc_s = esp_utc_s;
    return rc;
}
