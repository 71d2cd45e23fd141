/* SPDX-License-Identifier: Apache-2.0
 * Reports of one group and step that wait together become one request (contract 5.3: the master would merge them anyway),
 * if no name occurs twice. Also the body such a request has. Values are never changed, nothing else is merged. */
#include <string.h>

#include "internal.h"

static const char end[] = "}}}";

static const char *object_of(const det__record *r, size_t *len) {
    *len = r->len - r->group_len;
    return det__record_text(r) + r->group_len;
}

#if DET_JOIN > 1 || DET_EXACT

/* ---- names --------------------------------------------------------------------------------------------------------- */

typedef struct names {
    det_json_reader reader;
    det_json_token key;
    char scratch[64];
} names;

static void names_of(names *n, const det__record *r) {
    size_t len;
    const char *object = object_of(r, &len);
    det_json_read_init(&n->reader, n->scratch, sizeof n->scratch);
    det_json_feed(&n->reader, object, len, 1);
}

/* The next name: 1, 0 at the end, -1 for one that is too long to be compared. */
static int next_name(names *n) {
    int type;
    while ((type = det_json_next(&n->reader, &n->key)) > 0)
        if (type == DET_JSON_KEY && n->reader.depth == 1) return n->key.more ? -1 : 1;
    return 0;
}

int det__join_has_name(const det__record *r, const det_json_token *key) {
    names n;
    int found;
    names_of(&n, r);
    while ((found = next_name(&n)) > 0)
        if (n.key.len == key->len && memcmp(n.key.text, key->text, key->len) == 0) break;
    return found != 0;
}

#endif

#if DET_JOIN > 1

/* Do two reports share a name, or have one that cannot be compared? */
static int overlap(const det__record *a, const det__record *b) {
    names n;
    int found;
    names_of(&n, a);
    while ((found = next_name(&n)) > 0)
        if (det__join_has_name(b, &n.key)) break;
    return found != 0;
}

/* ---- joining ------------------------------------------------------------------------------------------------------- */

/* The leader, and those joined with it up to here, have all been marked with the request's number. */
static int taken(const det__core *c, const det__record *r) {
    return r->state == DET__FLIGHT && r->unit == c->unit;
}

static const det__record *next_taken(const det__core *c, const det__record *r) {
    if (!(c->leader->flags & DET__JOINED)) return NULL;
    do r = det__outbox_after(&c->outbox, r);
    while (r && r->steps == c->leader->steps && !taken(c, r));
    return r && r->steps == c->leader->steps ? r : NULL;
}

int det__join_fits(const det__core *c, const det__record *leader, const det__record *r) {
    if (r->state != DET__QUEUED || r->part != leader->part || r->part == DET__PROFILING) return 0;
    if ((r->flags | leader->flags) & DET__ALONE || r->group_len != leader->group_len) return 0;
    if (memcmp(det__record_text(r), det__record_text(leader), r->group_len) != 0) return 0;
    if (r->len - r->group_len < 3 || leader->len - leader->group_len < 3) return 0; /* {} */
    for (; leader; leader = next_taken(c, leader))
        if (overlap(leader, r)) return 0;
    return 1;
}

#elif !DET__PLAIN
#define next_taken(c, r) NULL
#endif

#if DET__PLAIN

/* What is stamped for the run that sends it, the report's object, and an end that is all braces. */
int det__join_copy(void *core, size_t at, void *buf, size_t len) {
    const det__core *c = (const det__core *)core;
    char *to = (char *)buf;
    size_t n;
    const char *object = object_of(c->leader, &n);
    for (; len--; at++) *to++ = at < c->stamp_len ? c->stamp[at] : at - c->stamp_len < n ? object[at - c->stamp_len] : '}';
    return DET_OK;
}

size_t det__join_len(const det__core *c) {
    size_t n;
    object_of(c->leader, &n);
    return c->stamp_len + n + sizeof end - 1;
}

#else

/* ---- the body ------------------------------------------------------------------------------------------------------ */

/* What is wanted of the body, and where to. */
typedef struct cut {
    size_t skip, len;
    char *to;
} cut;

static void put(cut *x, const char *text, size_t n) {
    if (x->skip >= n) {
        x->skip -= n;
        return;
    }
    n -= x->skip;
    if (n > x->len) n = x->len;
    memcpy(x->to, text + x->skip, n);
    x->skip = 0;
    x->to += n;
    x->len -= n;
}

/* One object: the first without its end, the others without both ends. */
int det__join_copy(void *core, size_t at, void *buf, size_t len) {
    const det__core *c = (const det__core *)core;
    cut x = {at, len, (char *)buf};
    det__lock(c);
    put(&x, c->stamp, c->stamp_len);
    for (const det__record *r = c->leader; r && x.len; r = next_taken(c, r)) {
        size_t n;
        const char *object = object_of(r, &n);
        if (r != c->leader) put(&x, ",", 1);
        put(&x, object + (r != c->leader), n - 1 - (r != c->leader));
    }
    put(&x, "}", 1);
    put(&x, end, sizeof end - 1);
    det__unlock(c);
    return DET_OK;
}

size_t det__join_len(const det__core *c) {
    size_t len = c->stamp_len + sizeof end, n;
    for (const det__record *r = c->leader; r; r = next_taken(c, r)) {
        object_of(r, &n);
        len += n - 1 - (r != c->leader) + (r != c->leader);
    }
    return len;
}
#endif
