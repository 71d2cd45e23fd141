/* SPDX-License-Identifier: Apache-2.0
 * HTTP answers out of a stream, recorded or live, for the replay: complete ones only, framing taken off. */
#include "replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void bytes_add(bytes *b, const void *p, size_t n) {
    b->p = realloc(b->p, b->n + n + 1);
    if (!b->p) abort();
    if (n) memcpy(b->p + b->n, p, n);
    b->n += n;
    b->p[b->n] = 0;
}

void bytes_free(bytes *b) {
    free(b->p);
    b->p = NULL;
    b->n = 0;
}

void bytes_drop(bytes *b, size_t n) {
    memmove(b->p, b->p + n, b->n - n);
    b->n -= n;
    b->p[b->n] = 0;
}

/* Header lines as they are, but for those that may differ: Date goes, values of Content-Length and Set-Cookie go. */
static void take_headers(answer *a, const char *head, size_t n) {
    size_t used = 0;
    for (const char *p = head, *end = head + n; p < end;) {
        const char *eol = memmem(p, (size_t)(end - p), "\r\n", 2);
        size_t len = (size_t)((eol ? eol : end) - p), keep = len;
        if (!strncasecmp(p, "content-length:", 15)) keep = 15;
        if (!strncasecmp(p, "set-cookie:", 11)) keep = 16; /* "Set-Cookie: auth" */
        if (strncasecmp(p, "date:", 5) && used + keep + 2 < sizeof a->headers) {
            memcpy(a->headers + used, p, keep);
            used += keep;
            a->headers[used++] = '\n';
        }
        p += len + 2;
    }
    a->headers[used] = 0;
}

const char *find_header(const char *head, size_t n, const char *name) {
    char line[64];
    int k = snprintf(line, sizeof line, "\r\n%s: ", name);
    const char *p = memmem(head, n, line, (size_t)k);
    return p ? p + k : NULL;
}

/* Chunked bytes into a->body; the length consumed, 0 if incomplete. */
static size_t dechunk(answer *a, const char *p, size_t n) {
    size_t at = 0;
    for (;;) {
        const char *eol = memmem(p + at, n - at, "\r\n", 2);
        if (!eol) return 0;
        size_t size = strtoul(p + at, NULL, 16), data = (size_t)(eol - p) + 2;
        if (data + size + 2 > n) return 0;
        bytes_add(&a->body, p + data, size);
        at = data + size + 2;
        if (!size) return at;
    }
}

/* The login answers of a recording are shorter than their Content-Length says: the object's own end counts. */
static size_t shortened(const char *body, size_t n, size_t length) {
    static const char START[] = "{\"token\":\"TOKEN\"";
    if (n < sizeof START || memcmp(body, START, sizeof START - 1)) return length;
    int depth = 0;
    for (size_t i = 0; i < n; i++) {
        depth += (body[i] == '{') - (body[i] == '}');
        if (!depth) return i + 1;
    }
    return length;
}

size_t take_answer(answer *a, const bytes *b, bool ended) {
    memset(a, 0, sizeof *a);
    const char *end = b->n ? memmem(b->p, b->n, "\r\n\r\n", 4) : NULL;
    if (!end || b->n < 12) return 0;
    size_t head = (size_t)(end - b->p), used;
    const char *eol = memmem(b->p, b->n, "\r\n", 2), *len = find_header(b->p, head + 2, "Content-Length");
    snprintf(a->status, sizeof a->status, "%.*s", (int)(eol - b->p - 9), b->p + 9);
    if (head > (size_t)(eol - b->p)) take_headers(a, eol + 2, head - (size_t)(eol - b->p) - 2);
    head += 4;
    bytes_add(&a->body, "", 0);
    if (find_header(b->p, head, "Transfer-Encoding")) {
        used = dechunk(a, b->p + head, b->n - head);
        if (used) return head + used;
    } else if (len) {
        size_t n = shortened(b->p + head, b->n - head, strtoul(len, NULL, 10));
        if (b->n - head >= n) {
            bytes_add(&a->body, b->p + head, n);
            return head + n;
        }
    } else if (ended) {
        a->until_close = true;
        bytes_add(&a->body, b->p + head, b->n - head);
        return b->n;
    }
    bytes_free(&a->body);
    return 0;
}
