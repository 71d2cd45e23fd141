/* SPDX-License-Identifier: Apache-2.0
 * The master's words out of a body of any length, in constant memory. */
#include "refusal.h"

#include <string.h>

static void pick_text(det__pick *p, const char *path, char *dst, size_t cap) {
    memset(p, 0, sizeof *p);
    p->path = path;
    p->dst = dst;
    p->cap = cap;
    p->kind = DET__PICK_TEXT;
}

void det__refusal_begin(det__refusal *r) {
    pick_text(&r->picks[0], "message", r->message, sizeof r->message);
    pick_text(&r->picks[1], "error.message", r->inner, sizeof r->inner);
    pick_text(&r->picks[2], "error.error", r->error, sizeof r->error);
    det__picker_init(&r->picker, r->picks, 3);
    r->raw_len = 0;
    r->bad = 0;
}

void det__refusal_feed(det__refusal *r, const void *data, size_t len) {
    size_t room = sizeof r->raw - 1 - r->raw_len, n = len < room ? len : room;
    memcpy(r->raw + r->raw_len, data, n);
    r->raw_len += n;
    if (!r->bad) r->bad = det__picker_feed(&r->picker, data, len) != DET_OK;
}

/* In det's order; the raw text up to its first line break, if there is no message. */
static const char *words(det__refusal *r) {
    if (*r->message) return r->message;
    if (*r->inner) return r->inner;
    if (*r->error) return r->error;
    r->raw[r->raw_len] = 0;
    r->raw[strcspn(r->raw, "\r\n")] = 0;
    return r->raw;
}

static int forbidden(const char *said, det__err *e) {
    int known = strcmp(said, "invalid credentials") == 0 || strcmp(said, "user not found") == 0;
    return det__cli_fail(e, DET_E_FORBIDDEN, "Forbidden(%s)%s", said,
                         known ? "" : ": Please contact your administrator in order to access this resource.");
}

int det__refusal_end(det__refusal *r, int code, int status, det__err *e) {
    const char *said = words(r);
    if (code == DET_E_AUTH)
        return det__cli_fail(e, code, "Unauthenticated: Please use 'detc user login <username>' for password login.");
    if (code == DET_E_FORBIDDEN) return forbidden(said, e);
    if (said != r->raw) return det__cli_fail(e, code, "%s", said);
    return det__cli_fail(e, code, "the master answered %d%s%s; %s", status, *said ? ": " : "", said,
                         code == DET_E_BUSY ? "try again later" : "is this the right URL?");
}
