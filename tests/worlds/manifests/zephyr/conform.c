/* SPDX-License-Identifier: Apache-2.0
 * The conformance test's side of the Zephyr port, on the stand-ins beside this file. */
#include "conformance.h"
#include "det_zephyr.h"

const det_port *conformance_port(void) {
    static det_zephyr z;
    det_zephyr_init(&z);
    det_zephyr_set_utc(&z, (int64_t)time(NULL));
    return &z.port;
}
