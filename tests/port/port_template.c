/* SPDX-License-Identifier: Apache-2.0
 * The conformance test's side of the template: all its promises but those of no duty are broken, and nothing hangs. */
#include "conformance.h"
#include "det_port_template.h"

const det_port *conformance_port(void) {
    return det_template_port();
}

int conformance_spawn(void (*run)(void *), void *arg, unsigned after_ms) {
    (void)run, (void)arg, (void)after_ms;
    return -1;
}
