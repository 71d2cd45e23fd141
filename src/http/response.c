/* SPDX-License-Identifier: Apache-2.0
 * Response parser. A state machine that takes one byte at a time decides everything, so that a split cannot
 * matter; skim() only jumps over bytes on which it would not have changed state. Stricter than RFC 9112 where that
 * leaves recipients a choice: a second Content-Length is refused even when equal, a list of codings even when it ends
 * in chunked. Knows no connection, no clock and no meaning of a status.
 *
 * Names and values of interest are not stored but matched as they come: `words` holds one bit for each word below that
 * the characters so far may still become, `pos` their number. */
#include "response.h"

#include <string.h>

#include "scan.h"
#include "token.h"

enum {
    S_START,    /* the status line as far as the status */
    S_LINE,     /* at the beginning of a header line */
    S_NAME,
    S_VALUE,    /* of a header; a reason; a chunk's size and extensions */
    S_DATA_END, /* behind a chunk's data */
    S_LF,       /* a line feed must come, then `next` */
    S_HEAD_END, /* only as `next` */
    S_BODY,     /* no lines any more: `left` bytes, */
    S_CLOSE     /* or all that comes */
};

/* The words, a bit each in the order of WORDS, where the way to the next stands before each. A name's bit is also the
 * `field` of its value. */
enum { W_CHUNKED = 1, W_CLOSE = 2, W_KEEP = 4, W_RETRY = 8, W_CONNECTION = 16, W_LENGTH = 32, W_CODING = 64 };
static const char WORDS[] = "\11chunked\0" "\7close\0" "\14keep-alive\0"
                            "\15retry-after\0" "\14connection\0" "\20content-length\0" "\23transfer-encoding";

/* Sets of them, and one more field: the size of a chunk. */
enum { W_VALUES = 7, W_NAMES = 120, W_FRAMING = W_LENGTH | W_CODING };
enum { W_SIZE = W_CHUNKED, W_NUMBERS = W_SIZE | W_RETRY | W_LENGTH };

/* In flags, together with the words of framing and Connection that have come. */
enum { F_NO_BODY = 8, F_CHUNKS = 16 /* the head is over, lines are chunk sizes and trailers */ };

/* "HTTP/1.0 100" to "HTTP/1.1 599", then a space or CR: first and last of what may stand there. */
static const char FORM[] = "HHTTTTPP//11..01  150909\r ";
enum { FORM_MINOR = 7, FORM_STATUS = 9, FORM_LEN = 12 };

static DET__NOINLINE void begin(det__response *r, unsigned flags) {
    memset(r, 0, sizeof *r);
    r->flags = (uint8_t)flags;
    r->head_left = DET_HEAD_LIMIT;
}

/* ---- words and numbers ------------------------------------------------------------------------------------------- */

static DET__NOINLINE int value_begin(det__response *r, unsigned field) {
    r->state = S_VALUE;
    r->field = (uint8_t)field;
    r->words = W_VALUES;
    r->pos = 0;
    r->gap = 0;
    r->left = 0;
    return 1;
}

/* Those of `words` that go on with c; NUL is behind the last character. */
static unsigned words_with(const det__response *r, unsigned c) {
    const char *word = WORDS;
    unsigned found = 0;
    for (unsigned bit = 1; bit <= r->words; bit <<= 1) {
        if ((uint8_t)word[1 + r->pos] == c) found |= bit & r->words;
        word += *word;
    }
    return found;
}

/* Bit 5 makes a capital small and is set in '-' already. What it makes of others is in no word, but for CR as '-'. */
static DET__NOINLINE int word_add(det__response *r, unsigned c) {
    unsigned words = words_with(r, c | 0x20);
    r->words = (uint8_t)words;
    if (words) r->pos++;
    return 1;
}

/* A number stands for the word "chunked", complete as soon as there is a digit: one test then serves both. r->left
 * stays below 2^64: chunk sizes exactly so, decimal lengths end at 1.15e19. */
static DET__NOINLINE int number_add(det__response *r, unsigned c) {
    unsigned base = r->field == W_SIZE ? 16 : 10, digit = c - '0';
    r->pos = sizeof "chunked" - 1;
    if (digit > 9) {
        digit = (c | 0x20) - 'a' + 10;
        if (digit < 10) digit = base; /* '@', '`' */
    }
    if (digit >= base || r->left >> 60) r->words = 0;
    r->left = r->left * base + digit;
    return 1;
}

/* ---- the end of a head ------------------------------------------------------------------------------------------- */

/* 1xx: another head follows (RFC 9110 section 15.2), within the same limit. 101 was not asked for. */
static int interim_end(det__response *r) {
    uint32_t head_left = r->head_left;
    if (r->status == 101) return 0;
    begin(r, r->flags & F_NO_BODY);
    r->head_left = head_left;
    return 1;
}

/* RFC 9112 section 6.3, in its order; sections 6.1 and 9.3 for what is refused and what is kept. */
static int body_begin(det__response *r) {
    unsigned flags = r->flags, status = r->status;
    r->left = r->content_length;
    r->state = S_BODY;
    /* a body that is announced but cannot be may follow all the same: read it as none, and nothing after it */
    if (status == 204 && (flags & W_CODING || r->left)) r->keep_alive = 0;
    if (flags & F_NO_BODY || status == 204 || status == 304) {
        r->left = 0;
    } else if (flags & W_CODING) {
        r->flags = (uint8_t)(flags | F_CHUNKS);
        value_begin(r, W_SIZE);
    } else if (!(flags & W_LENGTH)) {
        r->keep_alive = 0;
        r->state = S_CLOSE;
    }
    return 1;
}

static int head_end(det__response *r) {
    unsigned flags = r->flags;
    if (flags & F_CHUNKS) {
        r->over = DET__RESPONSE_DONE;
        return 1;
    }
    if (flags & W_CODING && (flags & W_LENGTH || !r->keep_alive)) return 0;
    if (r->status < 200) return interim_end(r);
    r->over = DET__RESPONSE_HEAD;
    r->has_length = (flags & W_LENGTH) != 0;
    if (flags & W_KEEP) r->keep_alive = 1;
    if (flags & W_CLOSE) r->keep_alive = 0;
    return body_begin(r);
}

/* ---- lines, a byte at a time: each returns whether it may be ----------------------------------------------------- */

static int line_feed(det__response *r, unsigned c) {
    r->state = r->next;
    if (c != '\n') return 0;
    return r->state == S_HEAD_END ? head_end(r) : 1;
}

static DET__NOINLINE int next_line(det__response *r) {
    r->state = S_LF;
    r->next = r->flags & F_CHUNKS && r->left ? S_BODY : S_LINE;
    r->field = 0;
    r->words = W_NAMES;
    r->pos = 0;
    r->gap = 0;
    return 1;
}

/* The colon: is the line of interest, and may it come (again)? Nothing in a trailer is. */
static int name_end(det__response *r) {
    unsigned name, framing;
    if (r->flags & F_CHUNKS) return value_begin(r, 0);
    name = words_with(r, 0);
    framing = name & W_FRAMING;
    if (r->flags & framing) return 0;
    r->flags |= (uint8_t)framing;
    return value_begin(r, name);
}

/* The first character of a line is never white space: obs-fold (RFC 9112 section 5.2) is refused. */
static int name_add(det__response *r, unsigned c) {
    if (r->state == S_LINE) {
        if (c == '\r') {
            r->state = S_LF;
            r->next = S_HEAD_END;
            return 1;
        }
        r->state = S_NAME;
    } else if (c == ':') {
        return name_end(r);
    }
    word_add(r, c);
    return det__is_in(c, DET__TOKEN);
}

/* One element of Connection: a list of options in any case (RFC 9110 section 7.6.1); all but two are not for us. */
static int option_end(det__response *r) {
    r->flags |= (uint8_t)words_with(r, 0);
    return value_begin(r, W_CONNECTION);
}

static int value_end(det__response *r) {
    unsigned field = r->field, word = words_with(r, 0), good = word & W_CHUNKED;
    if (field == W_CONNECTION) r->flags |= (uint8_t)word;
    if (field == W_LENGTH) r->content_length = r->left;
    if (field == W_RETRY) r->retry_after_s = good && !(r->left >> 32) ? (uint32_t)r->left : UINT32_MAX;
    if (field & (W_FRAMING | W_SIZE) && !good) return 0;
    if (field == W_SIZE && r->gap) return 0;
    return next_line(r);
}

/* What does not belong in a value of interest clears `words`. RFC 9112 section 7.1: extensions follow a chunk's size,
 * before which white space is bad but to be accepted. */
static int value_add(det__response *r, unsigned c) {
    unsigned field = r->field;
    if (c == '\r') return value_end(r);
    if (!det__is_text(c)) return 0;
    if (c <= ' ') {
        if (r->pos || field == W_SIZE) r->gap = 1;
        return 1;
    }
    if (c == ',' && field == W_CONNECTION) return option_end(r);
    if (c == ';' && field == W_SIZE) {
        r->field = 0;
        return (int)words_with(r, 0);
    }
    if (r->gap) r->words = 0;
    return field & W_NUMBERS ? number_add(r, c) : word_add(r, c);
}

/* From the digits' places in FORM: no other digit may stand there, so that the status is in range. */
static int status_add(det__response *r, unsigned c) {
    unsigned pos = r->pos;
    const uint8_t *form = (const uint8_t *)FORM + 2 * pos;
    r->pos = (uint8_t)(pos + 1);
    if (c < form[0] || c > form[1]) return 0;
    if (pos == FORM_LEN) {
        r->state = S_VALUE;
        return value_add(r, c);
    }
    if (pos == FORM_MINOR) r->keep_alive = c & 1;
    if (pos >= FORM_STATUS) r->status = (uint16_t)(r->status * 10 + c - '0');
    return 1;
}

static int data_end(det__response *r, unsigned c) {
    if (c != '\r') return 0;
    value_begin(r, W_SIZE);
    r->state = S_LF;
    r->next = S_VALUE;
    return 1;
}

static DET__NOINLINE int step(det__response *r, unsigned c) {
    switch (r->state) {
    case S_START:
        return status_add(r, c);
    case S_VALUE:
        return value_add(r, c);
    case S_DATA_END:
        return data_end(r, c);
    case S_LF:
        return line_feed(r, c);
    default: /* S_LINE, S_NAME */
        return name_add(r, c);
    }
}

/* ---- many bytes -------------------------------------------------------------------------------------------------- */

#if DET__FAST_SCAN
/* Of the names of interest no two are of one length: bit and place in WORDS, by length. */
static const struct {
    uint8_t bit, at;
} NAME_OF[18] = {[10] = {W_CONNECTION, 42}, [11] = {W_RETRY, 29}, [14] = {W_LENGTH, 54}, [17] = {W_CODING, 70}};

/* All of a name, to where word_add() would have come. */
static const uint8_t *skim_name(det__response *r, const uint8_t *p, const uint8_t *colon) {
    unsigned n = (unsigned)(colon - p), i = 0;
    const char *name = WORDS + NAME_OF[n].at;
    while (i < n && (p[i] | 0x20) == name[i]) i++;
    r->words = i == n ? NAME_OF[n].bit : 0;
    r->pos = (uint8_t)n;
    r->state = S_NAME;
    return colon;
}

/* Whole lines of no interest, or the rest of such a line. */
static const uint8_t *skim_lines(det__response *r, const uint8_t *p, const uint8_t *end) {
    int at_line = r->state == S_LINE;
    for (;;) {
        if (at_line) {
            const uint8_t *colon = det__scan_name(p, end);
            if (colon == p) break;
            if (colon - p < 18 && NAME_OF[colon - p].bit) return skim_name(r, p, colon);
            p = colon + 1;
        }
        p = det__scan_text(p, end);
        at_line = end - p >= 2 && p[0] == '\r' && p[1] == '\n';
        if (!at_line) break;
        p += 2;
    }
    if (at_line)
        next_line(r);
    else
        value_begin(r, 0);
    r->state = at_line ? S_LINE : S_VALUE;
    return p;
}

/* How many of n bytes can be jumped over: the usual status, lines. */
static size_t skim(det__response *r, const uint8_t *p, size_t n) {
    size_t skipped = 0;
    if (n > r->head_left) n = r->head_left;
    if (r->state == S_START) {
        if (r->pos || n < 13 || memcmp(p, "HTTP/1.1 200 ", 13) != 0) return 0;
        r->keep_alive = 1;
        r->status = 200;
        r->state = S_VALUE;
        skipped = 13;
    } else if (r->state == S_LINE || (r->state == S_VALUE && !r->field)) {
        if (r->flags & F_CHUNKS) return 0;
        skipped = (size_t)(skim_lines(r, p, p + n) - p);
    }
    r->head_left -= (uint32_t)skipped;
    return skipped;
}
#else
#define skim(r, p, n) (size_t)0
#endif

/* A body or chunk of which nothing is left ends before the next event. */
static DET__NOINLINE int verdict(det__response *r) {
    if (r->state == S_BODY && !r->left) {
        if (r->flags & F_CHUNKS)
            r->state = S_DATA_END;
        else
            r->over = DET__RESPONSE_DONE;
    }
    return r->over;
}

/* The next n bytes, as far as they are body. */
static size_t body_add(det__response *r, const uint8_t *p, size_t n) {
    if (r->state == S_BODY) {
        if (n > r->left) n = (size_t)r->left;
        r->left -= n;
    }
    r->body = p;
    r->body_len = n;
    return n;
}

int det__response_feed(det__response *r, const void *data, size_t n, size_t *used) {
    const uint8_t *p = (const uint8_t *)data;
    size_t at = 0;
    int rc = verdict(r);
    while (!rc && at < n && r->state < S_BODY) {
        at += skim(r, p + at, n - at);
        if (at == n) break;
        if (!r->head_left--)
            r->over = DET_E_HEAD;
        else if (!step(r, p[at++]))
            r->over = DET_E_HTTP;
        rc = r->over;
    }
    if (rc == DET__RESPONSE_HEAD) r->over = 0;
    if (!rc && at < n) {
        at += body_add(r, p + at, n - at);
        rc = DET__RESPONSE_BODY;
    }
    if (rc > 0) r->head_left = DET_HEAD_LIMIT;
    *used = at;
    return rc;
}

void det__response_init(det__response *r, int head_request) {
    begin(r, F_NO_BODY * (unsigned)head_request);
}

int det__response_eof(det__response *r) {
    int rc = verdict(r);
    if (rc) return rc;
    if (r->state == S_CLOSE) return DET__RESPONSE_DONE;
    return r->state | (r->head_left ^ DET_HEAD_LIMIT) ? DET_E_TRUNCATED : DET_E_CLOSED; /* S_START is 0 */
}

/* With both framings said already, each is refused as a second one, and so is the end of the head. */
int det__response_is_lines(const char *text) {
    det__response r;
    size_t used;
    begin(&r, W_FRAMING);
    next_line(&r);
    r.state = S_LINE;
    return det__response_feed(&r, text, strlen(text), &used) == 0 && r.state == S_LINE;
}
