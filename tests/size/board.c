/* SPDX-License-Identifier: Apache-2.0
 * The world a size program is linked against: a port that does nothing. Not counted. */
#include "det_port.h"

static uint32_t now_ms(void *ctx) { (void)ctx; return 0; }
static int64_t utc_s(void *ctx) { (void)ctx; return DET_UTC_UNKNOWN; }
static int open_(void *ctx, det_conn *c, const char *h, uint16_t p, uint32_t b) {
    (void)ctx, (void)c, (void)h, (void)p, (void)b;
    return DET_E_PORT;
}
static int send_(void *ctx, det_conn *c, const void *d, size_t n) { (void)ctx, (void)c, (void)d, (void)n; return DET_E_PORT; }
static int recv_(void *ctx, det_conn *c, void *d, size_t n) { (void)ctx, (void)c, (void)d, (void)n; return DET_E_PORT; }
static void close_(void *ctx, det_conn *c) { (void)ctx, (void)c; }
static int wait_(void *ctx, const det_wait *w, size_t n, uint32_t ms) { (void)ctx, (void)w, (void)n, (void)ms; return DET_OK; }
static int entropy(void *ctx, void *d, size_t n) { (void)ctx, (void)d, (void)n; return DET_E_PORT; }

extern const det_port board_port;
const det_port board_port = {sizeof(det_port), NULL, now_ms, utc_s, open_, send_, recv_, close_, wait_, NULL, entropy, NULL};
