/* SPDX-License-Identifier: Apache-2.0
 * mbedTLS's arena, and what a run tells of itself. */
#ifndef FIRMWARE_FIGURES_H
#define FIRMWARE_FIGURES_H

#include <stdint.h>

#include "det.h"

/* Give mbedTLS its memory. Call it first. */
void figures_init(void);

/* "error in WHAT: DET_E_CLOCK" with stage and detail. Returns 1. */
int tell_error(const char *what, int code, const det_failure *f);

/* "WHAT: V": instructions, from ticks of the board under -icount shift=0. */
void tell_instructions(const char *what, uint64_t ticks, uint32_t per);

/* mbedTLS's heap, and the stack since the phase before; the stack is painted anew. */
void tell_memory(const char *phase);

void tell_delivery(const det_core *core);

#endif
