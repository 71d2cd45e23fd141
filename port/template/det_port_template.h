/* SPDX-License-Identifier: Apache-2.0
 * What a port's user includes: the function that gives the port. */
#ifndef DET_PORT_TEMPLATE_H
#define DET_PORT_TEMPLATE_H

#include "det_port.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The port; static, constant, never NULL. */
DET_API const det_port *det_template_port(void);

#ifdef __cplusplus
}
#endif
#endif
