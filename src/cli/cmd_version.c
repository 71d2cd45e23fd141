/* SPDX-License-Identifier: Apache-2.0
 * detc version: its own, and det's whose answers it gives. The master is not asked. */
#include <stdio.h>

#include "command.h"
#include "det_version.h"

int det__cmd_version(det__client *c) {
    (void)c;
    puts("detc " DET_VERSION " (commands and wire of det " DET__SPOKEN_VERSION ")");
    return DET_OK;
}
