/* SPDX-License-Identifier: Apache-2.0
 * See figures.h. */
#include "figures.h"

#include <mbedtls/memory_buffer_alloc.h>
#if defined(MBEDTLS_PSA_CRYPTO_C)
#include <psa/crypto.h>
#endif

#include "board.h"

enum { HEAP = 32 * 1024, HEADER = 32 /* of mbedTLS's allocator, for each block */ };
#define PAINT 0xA5A5A5A5A5A5A5A5u

static uint64_t arena[HEAP / 8];

/* The arena's highest use is where its paint begins; its first header is behind it already. */
void figures_init(void) {
    mbedtls_memory_buffer_alloc_init((unsigned char *)arena, sizeof arena);
    for (size_t i = HEADER / 8; i < HEAP / 8; i++) arena[i] = PAINT;
}

#if defined(MBEDTLS_PSA_CRYPTO_C)
/* PSA's generator under MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG. */
psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context, uint8_t *output, size_t size,
                                             size_t *length) {
    (void)context;
    *length = size;
    return board_entropy(NULL, output, size) == DET_OK ? PSA_SUCCESS : PSA_ERROR_INSUFFICIENT_ENTROPY;
}
#endif

static const char *name_of(int code) {
    switch (code) {
#define NAME(name, number, cls, text)                                                                                  \
    case number: return #name;
        DET_ERROR_LIST(NAME)
#undef NAME
    default: return "?";
    }
}

static const char *const stages[] = {"none", "dns", "tcp", "tls", "http", "server"};

int tell_error(const char *what, int code, const det_failure *f) {
    put_text("error in ");
    put_text(what);
    put_text(": ");
    put_text(name_of(code));
    if (f) {
        put_text(", stage ");
        put_text(stages[f->stage]); /* det_stage_name() has no texts here: DET_ERROR_TEXTS 0 */
        put_text(", detail ");
        put_number(f->detail);
    }
    put_text("\n");
    return 1;
}

void tell_instructions(const char *what, uint64_t ticks, uint32_t per) {
    put_line(what, (int64_t)(ticks * 40 / (per ? per : 1)));
}

static size_t heap_peak(void) {
    size_t n = HEAP / 8;
    while (n && arena[n - 1] == PAINT) n--;
    return 8 * n;
}

void tell_memory(const char *phase) {
    size_t used = 0, blocks = 0;
    mbedtls_memory_buffer_alloc_cur_get(&used, &blocks);
    put_text(phase);
    put_line(", heap now: ", (int64_t)(used + HEADER * blocks));
    put_text(phase);
    put_line(", heap peak: ", (int64_t)heap_peak());
    put_text(phase);
    put_line(", stack peak: ", (int64_t)stack_used());
    stack_paint();
}

void tell_delivery(const det_core *core) {
    det_stats s;
    det_get_stats(core, &s);
    put_line("reports queued: ", s.queued);
    put_line("reports acknowledged: ", s.acknowledged);
    put_line("reports pending: ", s.pending);
    put_line("reports sent again: ", s.resent);
    put_line("fenced: ", s.fenced);
    put_line("connections: ", s.session.connections);
    put_line("requests: ", s.session.requests);
    put_line("bytes sent: ", (int64_t)s.session.sent);
    put_line("bytes received: ", (int64_t)s.session.received);
    put_line("outbox peak: ", (int64_t)s.outbox_peak);
}
