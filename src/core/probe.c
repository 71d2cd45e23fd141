/* SPDX-License-Identifier: Apache-2.0
 * Asking whether a report is stored (contract 5.6): one metric of it, at its step, from the time series. Here: which
 * metric to ask for, and what the answer says. */
#include <string.h>

#include "internal.h"
#include "login.h"

#if DET_EXACT

enum { ASCII_MOST = 62 };

static int is_word(const det_json_token *key, const char *word) {
    return key->len == strlen(word) && memcmp(key->text, word, key->len) == 0;
}

/* Names that the master answers with 500. */
static int may_ask(const det_json_token *key) {
    int ascii = 1;
    for (size_t i = 0; i < key->len; i++)
        if ((unsigned char)key->text[i] >= 0x80) ascii = 0;
    return key->len && !key->more && (ascii || key->len <= ASCII_MOST) && !is_word(key, "batches") &&
           !is_word(key, "time") && !is_word(key, "trial_id");
}

static int encode(const det_json_token *key, char *buf, size_t cap) {
    size_t n = 0;
    for (size_t i = 0; i < key->len; i++) {
        unsigned ch = (unsigned char)key->text[i];
        if (n + 3 >= cap) return DET_E_SIZE;
        buf[n++] = '%';
        buf[n++] = det__hex(ch >> 4, 'A');
        buf[n++] = det__hex(ch & 15, 'A');
    }
    buf[n] = 0;
    return DET_OK;
}

static int same_row(const det__record *a, const det__record *b) {
    return a->part == b->part && a->steps == b->steps && a->group_len == b->group_len &&
           memcmp(det__record_text(a), det__record_text(b), a->group_len) == 0;
}

/* Does another report that makes the same row carry this name? */
static int is_shared(const det__core *c, const det__record *r, const det_json_token *key) {
    const det__record *other = det__outbox_first(&c->outbox);
    for (; other; other = det__outbox_after(&c->outbox, other))
        if (other != r && same_row(other, r) && det__join_has_name(other, key)) return 1;
    return 0;
}

/* The first metric whose value is not null, which reads as absent; of those that no other report carries, or of all. */
static int choose(const det__core *c, const det__record *r, int own, char *buf, size_t cap) {
    char scratch[64];
    det_json_reader reader;
    det_json_token t;
    int type, good = 0;
    det_json_read_init(&reader, scratch, sizeof scratch);
    det_json_feed(&reader, det__record_text(r) + r->group_len, r->len - r->group_len, 1);
    while ((type = det_json_next(&reader, &t)) > 0) {
        if (good && type != DET_JSON_NULL) return 1;
        good = type == DET_JSON_KEY && reader.depth == 1 && may_ask(&t) && (!own || !is_shared(c, r, &t)) &&
               encode(&t, buf, cap) == DET_OK;
    }
    return 0;
}

int det__probe_name(const det__core *c, const det__record *r, char *buf, size_t cap) {
    return choose(c, r, 1, buf, cap) || choose(c, r, 0, buf, cap) ? DET_OK : DET_E_NOT_FOUND;
}

/* ---- the answer ---------------------------------------------------------------------------------------------------- */

/* {"trials":[{…,"metrics":[{"data":[{"batches":5,"values":{"loss":1.5},…}],…}]}]}: the only value of the only "values". */
static void on_token(det__core *c, int type, const det_json_token *t) {
    unsigned depth = c->picker.reader.depth;
    if (type == DET_JSON_KEY && !c->values && is_word(t, "values")) {
        c->values = (uint8_t)(depth + 1);
        return;
    }
    if (!c->values || depth < c->values) {
        if (c->values && type == DET_JSON_OBJECT_END) c->values = 0;
        return;
    }
    if (type != DET_JSON_KEY && type != DET_JSON_NULL && !(type == DET_JSON_OBJECT && depth == c->values)) c->stored = 1;
}

void det__probe_read(det__core *c, const void *data, size_t len) {
    det_json_token t;
    int type;
    det_json_feed(&c->picker.reader, (const char *)data, len, 0);
    while ((type = det_json_next(&c->picker.reader, &t)) > 0) on_token(c, type, &t);
}

int det__probe_stored(det__core *c) {
    return c->stored;
}

#else
typedef int det__probe_nothing;
#endif
