/* SPDX-License-Identifier: Apache-2.0
 * The one declaration that det_esp_idf.c takes of ESP-IDF, as its manual has it. */
#include <stddef.h>

void esp_fill_random(void *buf, size_t len);
