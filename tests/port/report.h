/* SPDX-License-Identifier: Apache-2.0
 * What the programs that report over a port share. */
#ifndef PORT_REPORT_H
#define PORT_REPORT_H

#include "det.h"

/* Options from the command line. 0, or -1: it is wrong. */
int report_options(det_options *o, const det_port *port, int argc, char **argv);

/* Print what the core says of itself, and of rc if it is no DET_OK. The exit status. */
int report_end(const det_core *core, int rc);

#endif
