/* SPDX-License-Identifier: Apache-2.0
 * From reset to main(): vectors, .data and .bss, and a painted stack, so that its highest use can be told later. A fault ends
 * the run with its address. Must not need libc. */
#include "board.h"

#define PAINT 0xA5A5A5A5u

extern uint32_t __stack_limit[], __stack_top[], __data_start[], __data_end[], __bss_start[], __bss_end[];
extern const uint32_t __data_load[];

void reset(void);
int main(void);

/* Everything below the present frame. */
void stack_paint(void) {
    uint32_t *end;
    __asm volatile("mov %0, sp" : "=r"(end));
    for (volatile uint32_t *p = __stack_limit; p < end - 16; p++) *p = PAINT;
}

size_t stack_used(void) {
    const uint32_t *p = __stack_limit;
    while (p < __stack_top && *p == PAINT) p++;
    return (size_t)((const char *)__stack_top - (const char *)p);
}

void reset(void) {
    const uint32_t *from = __data_load;
    for (uint32_t *p = __data_start; p < __data_end;) *p++ = *from++;
    for (uint32_t *p = __bss_start; p < __bss_end;) *p++ = 0;
    stack_paint();
    board_init();
    board_exit(main());
}

static void fault(void) {
    const uint32_t *frame;
    __asm volatile("mov %0, sp" : "=r"(frame));
    put_text("fault, stack as it is:\n");
    for (int i = 0; i < 32 && frame + i < __stack_top; i++) put_line("  word: ", frame[i]);
    board_exit(1);
}

/* System exceptions, then the board's interrupts: 13 is the Ethernet controller. */
typedef void (*handler)(void);
typedef struct vector_table {
    uint32_t *stack;
    handler system[15], irq[14];
} vector_table;
extern const vector_table vectors;
__attribute__((section(".vectors"), used)) const vector_table vectors = {
    __stack_top,
    {reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, on_tick},
    {fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, on_ethernet},
};
