/* SPDX-License-Identifier: Apache-2.0
 * MPS2 AN386 as QEMU emulates it: UART 0 as console, SysTick as clock, timer 0 to measure, WFI as sleep, semihosting for the exit. */
#include "board.h"

#include <string.h>

#include <mbedtls/sha256.h>

#include "det_error.h"
#include "lan9118.h"
#include "settings.h"

#define REG(address) (*(volatile uint32_t *)(address))
#define UART_DATA REG(0x40004000)
#define UART_STATE REG(0x40004004)
#define UART_CTRL REG(0x40004008)
#define UART_BAUDDIV REG(0x40004010)
#define TIMER_CTRL REG(0x40000000)
#define TIMER_VALUE REG(0x40000004)
#define TIMER_RELOAD REG(0x40000008)
#define SYST_CSR REG(0xE000E010)
#define SYST_RVR REG(0xE000E014)
#define SYST_CVR REG(0xE000E018)
#define NVIC_ISER REG(0xE000E100)
#define NVIC_ICER REG(0xE000E180)
#define CPACR REG(0xE000ED88)

enum { TICKS_PER_MS = 25000, IRQ_ETHERNET = 1 << 13 };

static volatile uint32_t ms;
static uint32_t slept; /* ticks */

void board_init(void) {
    CPACR |= 0xF00000; /* the floating point unit */
    UART_BAUDDIV = 16;
    UART_CTRL = 1;
    TIMER_RELOAD = UINT32_MAX;
    TIMER_VALUE = UINT32_MAX;
    TIMER_CTRL = 1;
    SYST_RVR = TICKS_PER_MS - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
}

void board_exit(int status) {
    register uint32_t op __asm("r0") = 0x18; /* SYS_EXIT */
    register uint32_t reason __asm("r1") = status ? 0x20023 : 0x20026; /* run-time error, or the application's exit */
    __asm volatile("bkpt 0xAB" : "+r"(op) : "r"(reason) : "memory");
    for (;;) __asm volatile("wfi");
}

/* ---- console ----------------------------------------------------------------------------------------------------- */

void put_chars(const char *s, size_t n) {
    while (n--) {
        while (UART_STATE & 1) {
        }
        UART_DATA = (uint8_t)*s++;
    }
}

void put_text(const char *s) {
    put_chars(s, strlen(s));
}

void put_number(int64_t v) {
    char b[21];
    size_t i = sizeof b;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do b[--i] = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0) b[--i] = '-';
    put_chars(b + i, sizeof b - i);
}

void put_line(const char *what, int64_t v) {
    put_text(what);
    put_number(v);
    put_text("\n");
}

/* ---- time -------------------------------------------------------------------------------------------------------- */

void on_tick(void) {
    ms++;
}

uint32_t board_ms(void) {
    return ms;
}

/* A timer of its own counts down: SysTick's count and the milliseconds of its interrupt do not step together. */
uint32_t board_ticks(void) {
    return UINT32_MAX - TIMER_VALUE;
}

uint32_t board_busy(void) {
    return board_ticks() - slept;
}

/* The driver empties the controller from the main loop; here it only has to wake. */
void on_ethernet(void) {
    NVIC_ICER = IRQ_ETHERNET;
}

/* With interrupts masked, one that comes between the look and WFI still ends it. */
void board_idle(void *ctx, uint32_t max_ms) {
    (void)ctx;
    if (max_ms == 0) return;
    uint32_t from = board_ticks();
    __asm volatile("cpsid i" ::: "memory");
    if (lan9118_arm()) {
        NVIC_ISER = IRQ_ETHERNET;
        __asm volatile("wfi" ::: "memory");
    }
    __asm volatile("cpsie i\n\tisb" ::: "memory");
    slept += board_ticks() - from;
}

/* ---- randomness -------------------------------------------------------------------------------------------------- */

/* The board has no generator. QEMU's loader gives each run 32 fresh bytes of the host's, which are stretched by hashing them
 * with a counter. On hardware the generator's registers are read here. */
int board_entropy(void *ctx, void *data, size_t len) {
    static struct {
        uint8_t seed[32];
        uint32_t counter;
    } in;
    uint8_t *out = (uint8_t *)data, block[32];
    (void)ctx;
    if (!settings.has_seed) return DET_E_ENTROPY;
    memcpy(in.seed, settings.seed, sizeof in.seed);
    while (len) {
        size_t n = len < sizeof block ? len : sizeof block;
        in.counter++;
        if (mbedtls_sha256((const uint8_t *)&in, sizeof in, block, 0) != 0) return DET_E_ENTROPY;
        memcpy(out, block, n);
        out += n;
        len -= n;
    }
    return DET_OK;
}
