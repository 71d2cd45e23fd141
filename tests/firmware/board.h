/* SPDX-License-Identifier: Apache-2.0
 * The board: console, time, sleep, randomness and the end of the run. */
#ifndef FIRMWARE_BOARD_H
#define FIRMWARE_BOARD_H

#include <stddef.h>
#include <stdint.h>

void board_init(void);

/* Ends QEMU, by semihosting. 0 is success. */
void board_exit(int status) __attribute__((noreturn));

/* ---- console ---- */
void put_text(const char *s);
void put_chars(const char *s, size_t n);
void put_number(int64_t v);
void put_line(const char *what, int64_t v); /* "WHAT: V" is put_line("WHAT: ", v) */

/* ---- time ---- */
uint32_t board_ms(void);       /* since reset, wraps at 2^32 */
uint32_t board_ticks(void);    /* of 40 ns, wraps at 2^32; under `-icount shift=0` one is 40 instructions */
uint32_t board_busy(void);     /* the same without what was slept */
void board_idle(void *ctx, uint32_t max_ms); /* until the next tick or frame */

/* ---- randomness ---- */
int board_entropy(void *ctx, void *data, size_t len);

/* ---- stack ---- */
void stack_paint(void);
size_t stack_used(void); /* most since it was painted, bytes */

/* ---- interrupts ---- */
void on_tick(void);
void on_ethernet(void);

#endif
