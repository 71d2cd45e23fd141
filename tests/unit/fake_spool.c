/* SPDX-License-Identifier: Apache-2.0
 * See fake_spool.h. NOR: a block begins with the position of its first byte, once as it is and once inverted; blocks in
 * use follow each other in position, and in memory as a ring. The log ends behind the last word that is not all ones. */
#include "fake_spool.h"

#include <string.h>

enum { HEAD = 16, DATA = FAKE_SPOOL_BLOCK - HEAD, WORD = 4, NOR_CAP = FAKE_SPOOL_BLOCKS * DATA };

static int noise(fake_spool *f) {
    f->noise ^= f->noise << 13;
    f->noise ^= f->noise >> 17;
    f->noise ^= f->noise << 5;
    return (int)(f->noise & 0xFF);
}

/* Is there power for one byte more? The one under way when it goes is torn. */
static int powered(fake_spool *f) {
    if (f->power == 0) return 0;
    if (f->power > 0) f->power--;
    f->written++;
    return 1;
}

/* ---- NOR flash --------------------------------------------------------------------------------------------------- */

static uint8_t *block_of(fake_spool *f, uint64_t pos) {
    return f->mem + pos / DATA % FAKE_SPOOL_BLOCKS * FAKE_SPOOL_BLOCK;
}

static int nor_erase(fake_spool *f, uint8_t *block) {
    for (int i = 0; i < FAKE_SPOOL_BLOCK; i++) {
        if (!powered(f)) {
            for (; i < FAKE_SPOOL_BLOCK; i++) block[i] = (uint8_t)(block[i] | noise(f));
            return DET_E_IO;
        }
        block[i] = 0xFF;
    }
    return DET_OK;
}

static int nor_write(fake_spool *f, uint8_t *to, const void *data, size_t n) {
    const uint8_t *from = (const uint8_t *)data;
    for (size_t i = 0; i < n; i++) {
        if (!powered(f)) {
            to[i] = (uint8_t)(to[i] & (from[i] | noise(f)));
            return DET_E_IO;
        }
        to[i] &= from[i];
    }
    return DET_OK;
}

static void head_of(uint8_t *head, uint64_t pos) {
    for (int i = 0; i < 8; i++) {
        head[i] = (uint8_t)(pos >> 8 * i);
        head[8 + i] = (uint8_t)~head[i];
    }
}

static int in_use(fake_spool *f, uint64_t start) {
    uint8_t head[HEAD];
    head_of(head, start);
    return memcmp(block_of(f, start), head, HEAD) == 0;
}

/* A block has its head only when it is erased. */
static int begin_block(fake_spool *f, uint64_t pos) {
    uint8_t head[HEAD], *block = block_of(f, pos);
    if (in_use(f, pos)) return DET_OK;
    head_of(head, pos);
    int code = nor_erase(f, block);
    return code ? code : nor_write(f, block, head, HEAD);
}

static int nor_put(fake_spool *f, const void *data, size_t n) {
    const uint8_t *from = (const uint8_t *)data;
    while (n) {
        size_t at = (size_t)(f->end % DATA), some = DATA - at < n ? DATA - at : n;
        int code = at ? DET_OK : begin_block(f, f->end);
        if (!code) code = nor_write(f, block_of(f, f->end) + HEAD + at, from, some);
        if (code) return code;
        f->end += some;
        from += some;
        n -= some;
    }
    return DET_OK;
}

static void nor_boot(fake_spool *f) {
    uint64_t last = 0;
    int found = 0;
    for (int b = 0; b < FAKE_SPOOL_BLOCKS; b++) {
        uint64_t start = 0;
        for (int i = 7; i >= 0; i--) start = start << 8 | f->mem[b * FAKE_SPOOL_BLOCK + i];
        if (start % DATA || block_of(f, start) != f->mem + b * FAKE_SPOOL_BLOCK || !in_use(f, start)) continue;
        if (!found || start > last) last = start;
        found = 1;
    }
    f->first = f->end = last;
    if (!found) return;
    while (f->first >= DATA && last - f->first < NOR_CAP - DATA && in_use(f, f->first - DATA)) f->first -= DATA;
    const uint8_t *data = block_of(f, last) + HEAD;
    size_t n = DATA;
    while (n && data[n - 1] == 0xFF) n--;
    f->end = last + (n + WORD - 1) / WORD * WORD;
}

/* Some block always tells the position: a full last one goes when its successor has begun. */
static int nor_discard(fake_spool *f, uint64_t pos) {
    int begun = pos % DATA ? DET_OK : begin_block(f, pos);
    if (begun) return begun;
    for (; f->first / DATA < pos / DATA; f->first = (f->first / DATA + 1) * DATA) {
        int code = nor_erase(f, block_of(f, f->first));
        if (code) return code;
    }
    return DET_OK;
}

/* ---- both -------------------------------------------------------------------------------------------------------- */

static int disk_put(fake_spool *f, const void *data, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (!powered(f)) return DET_E_IO;
        f->mem[f->end++ % sizeof f->mem] = ((const uint8_t *)data)[i];
        f->kept_end = f->end;
    }
    return DET_OK;
}

static int fake_append(void *ctx, const void *head, size_t head_len, const void *data, size_t data_len) {
    fake_spool *f = (fake_spool *)ctx;
    size_t n = head_len + data_len;
    f->appends++;
    if (f->kind == FAKE_DISK) {
        if (n > sizeof f->mem) return DET_E_SIZE;
        if (n > sizeof f->mem - (f->end - f->kept_first)) return DET_E_SPACE;
        int code = disk_put(f, head, head_len);
        return code ? code : disk_put(f, data, data_len);
    }
    if (n + WORD > NOR_CAP) return DET_E_SIZE;
    if (n + WORD > NOR_CAP - (f->end - f->first / DATA * DATA)) return DET_E_SPACE;
    int code = nor_put(f, head, head_len);
    if (!code) code = nor_put(f, data, data_len);
    f->end = (f->end + WORD - 1) / WORD * WORD;
    return code;
}

static int fake_read(void *ctx, uint64_t pos, void *data, size_t cap) {
    fake_spool *f = (fake_spool *)ctx;
    f->reads++;
    if (f->power == 0) return DET_E_IO;
    if (f->fail_read >= 0 && f->fail_read-- == 0) return DET_E_IO;
    if (pos < f->first || pos > f->end) return DET_E_ARG;
    if (f->read_max && cap > f->read_max) cap = f->read_max;
    size_t n = f->end - pos < cap ? (size_t)(f->end - pos) : cap;
    for (size_t i = 0; i < n; i++, pos++)
        ((uint8_t *)data)[i] = f->kind == FAKE_DISK ? f->mem[pos % sizeof f->mem] : block_of(f, pos)[HEAD + pos % DATA];
    return (int)n;
}

static int fake_discard(void *ctx, uint64_t pos, uint64_t *first, uint64_t *end) {
    fake_spool *f = (fake_spool *)ctx;
    if (f->power == 0) return DET_E_IO;
    if (pos > f->end) pos = f->end;
    int code = DET_OK;
    if (pos > f->first && f->kind == FAKE_NOR) code = nor_discard(f, pos);
    if (pos > f->first && f->kind == FAKE_DISK) {
        if (!powered(f)) return DET_E_IO;
        f->kept_first = f->first = pos;
    }
    *first = f->first;
    *end = f->end;
    return code;
}

void fake_spool_init(fake_spool *f, int kind) {
    memset(f, 0, sizeof *f);
    memset(f->mem, 0xFF, sizeof f->mem);
    f->kind = kind;
    f->spool.size = sizeof f->spool;
    f->spool.ctx = f;
    f->spool.append = fake_append;
    f->spool.read = fake_read;
    f->spool.discard = fake_discard;
    f->spool.cap = kind == FAKE_DISK ? sizeof f->mem : NOR_CAP - WORD;
    f->power = f->fail_read = -1;
    f->noise = 1;
}

void fake_spool_boot(fake_spool *f) {
    f->power = f->fail_read = -1;
    f->first = f->kept_first;
    f->end = f->kept_end;
    if (f->kind == FAKE_NOR) nor_boot(f);
}

void fake_spool_flip(fake_spool *f, uint64_t pos, unsigned bits) {
    uint8_t *at = f->kind == FAKE_DISK ? f->mem + pos % sizeof f->mem : block_of(f, pos) + HEAD + pos % DATA;
    *at = (uint8_t)(*at ^ bits);
}
