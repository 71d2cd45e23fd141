/* SPDX-License-Identifier: Apache-2.0
 * The lwIP port as ESP-IDF has it: randomness from esp_random, the wall clock from the system's, which SNTP sets.
 *
 *     static det_lwip net;                    with the network up (esp_netif, Wi-Fi or Ethernet)
 *     det_esp_idf_init(&net);
 *     det_options_init(&options, &net.port, mem, sizeof mem);
 *     …  det_lwip_free(&net);
 *
 * On the target `linux` the component has the POSIX port instead (det_posix.h). */
#ifndef DET_ESP_IDF_H
#define DET_ESP_IDF_H

#include "det_lwip.h"

#ifdef __cplusplus
extern "C" {
#endif

/* As det_lwip_init(), with entropy and clock. esp_fill_random() is true randomness only while Wi-Fi or Bluetooth is on, or
 * bootloader_random_enable() was called: see ESP-IDF's page on it. */
DET_API int det_esp_idf_init(det_lwip *net);

#ifdef __cplusplus
}
#endif
#endif
