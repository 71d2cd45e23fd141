/* SPDX-License-Identifier: Apache-2.0
 * Records in a spool: see spool.h. Bytes that are no whole record, wherever they come from, are passed over one at a
 * time until a head, its check and at last the CRC hold: a record torn by a power cut has whole ones right behind it. */
#include "spool.h"

#include "../base/crc32.h"

#include <string.h>

enum {
    HEAD = DET__SPOOL_HEAD,
    MAGIC_0 = 0xFE,
    MAGIC_1 = 0xD7,
    VERSION = 1,
    AT_CHECK = 6, /* 2 bytes */
    AT_CRC = 20,  /* 4 bytes */
    WINDOW = 64,  /* read at once, at least HEAD */
    SCAN = 512    /* skipped by one call */
};

static void put_le(uint8_t *p, uint32_t v, int bytes) {
    for (; bytes--; v >>= 8) *p++ = (uint8_t)v;
}

static uint32_t get_le(const uint8_t *p, int bytes) {
    uint32_t v = 0;
    while (bytes--) v = v << 8 | p[bytes];
    return v;
}

/* The CRC of a head without its check and crc. */
static uint32_t head_crc(uint8_t *head) {
    put_le(head + AT_CHECK, 0, 2);
    put_le(head + AT_CRC, 0, 4);
    return det__crc32(0, head, HEAD);
}

static uint32_t fold(uint32_t crc) {
    return (crc ^ crc >> 16) & 0xFFFF;
}

static void render(uint8_t *head, const det__spooled *h, const void *payload) {
    head[0] = MAGIC_0;
    head[1] = MAGIC_1;
    head[2] = VERSION;
    head[3] = h->kind;
    put_le(head + 4, h->group_len, 2);
    put_le(head + 8, (uint32_t)h->steps, 4);
    put_le(head + 12, h->utc, 4);
    put_le(head + 16, h->run, 4);
    put_le(head + 24, h->len, 4);
    uint32_t crc = head_crc(head);
    put_le(head + AT_CHECK, fold(crc), 2);
    put_le(head + AT_CRC, det__crc32(crc, payload, h->len), 4);
}

int det__spool_put(const det_spool *sp, const det__spooled *h, const void *payload) {
    uint8_t head[HEAD];
    if (h->len > DET__SPOOL_MAX) return DET_E_SIZE;
    if (h->group_len > h->len || (h->len && ((const uint8_t *)payload)[h->len - 1] == 0xFF)) return DET_E_ARG;
    render(head, h, payload);
    return sp->append(sp->ctx, head, HEAD, payload, h->len);
}

/* Is this a head? Then *crc is that of its bytes, and *sum what the payload's have to make of it. */
static int parse(const uint8_t *from, det__spooled *h, uint32_t *crc, uint32_t *sum) {
    uint8_t head[HEAD];
    memcpy(head, from, HEAD);
    uint32_t check = get_le(head + AT_CHECK, 2);
    *sum = get_le(head + AT_CRC, 4);
    *crc = head_crc(head);
    h->kind = head[3];
    h->group_len = (uint16_t)get_le(head + 4, 2);
    h->steps = (int32_t)get_le(head + 8, 4);
    h->utc = get_le(head + 12, 4);
    h->run = get_le(head + 16, 4);
    h->len = get_le(head + 24, 4);
    return head[0] == MAGIC_0 && head[1] == MAGIC_1 && head[2] == VERSION && check == fold(*crc) &&
           h->len <= DET__SPOOL_MAX && h->group_len <= h->len;
}

/* Read the payload to where there is room for it, or through a window to see whether it is whole. 1 it is, 0 not. */
static int body(const det_spool *sp, uint64_t pos, void *payload, uint32_t len, uint32_t *crc) {
    uint8_t window[WINDOW];
    while (len) {
        uint8_t *to = payload ? (uint8_t *)payload : window;
        int n = sp->read(sp->ctx, pos, to, payload || len < WINDOW ? len : WINDOW);
        if (n <= 0) return n;
        *crc = det__crc32(*crc, to, (size_t)n);
        if (payload) payload = to + n;
        pos += (uint32_t)n;
        len -= (uint32_t)n;
    }
    return 1;
}

/* Bytes from pos on: as many as a head has, unless the log ends before, and more when they come along. */
static int look(const det_spool *sp, uint64_t pos, uint8_t *window) {
    int have = 0;
    while (have < HEAD) {
        int n = sp->read(sp->ctx, pos + (uint32_t)have, window + have, (size_t)(WINDOW - have));
        if (n < 0) return n;
        if (n == 0) break;
        have += n;
    }
    return have;
}

/* Bytes at the window's start that cannot be a head, the first known not to be: as far as the next magic. */
static int skip(const uint8_t *window, int have, uint32_t *damaged) {
    int i = 0;
    do *damaged += window[i++] != 0xFF;
    while (i < have && (have < HEAD || window[i] != MAGIC_0 || (i + 1 < have && window[i + 1] != MAGIC_1)));
    return i;
}

int det__spool_get(const det_spool *sp, uint64_t *pos, det__spooled *h, void *payload, size_t cap, uint32_t *damaged) {
    uint8_t window[WINDOW];
    uint32_t crc, sum;
    for (int skipped = 0; skipped < SCAN;) {
        int have = look(sp, *pos, window);
        if (have <= 0) return have ? have : DET_E_AGAIN;
        if (have >= HEAD && parse(window, h, &crc, &sum)) {
            int fits = h->len <= cap;
            int whole = body(sp, *pos + HEAD, fits ? payload : NULL, h->len, &crc);
            if (whole < 0) return whole;
            if (whole && crc == sum) {
                *pos += HEAD + h->len;
                return fits ? DET_OK : DET_E_SIZE;
            }
            skipped = SCAN; /* a record's worth of work is done */
        }
        int n = skip(window, have, damaged);
        *pos += (uint32_t)n;
        skipped += n;
    }
    return DET_E_AGAIN;
}
