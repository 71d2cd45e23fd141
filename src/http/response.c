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
    S_VERSION, /* lines, a byte at a time: the head, */
    S_STATUS_END,
    S_LF,
    S_LINE,
    S_NAME,
    S_VALUE,
    S_FIELD, /* a value of interest, */
    S_LAST_LF,
    S_SIZE, /* the size line of a chunk, */
    S_SIZE_SPACE,
    S_DATA_CR, /* and the end of its data */
    S_DATA_LF,
    S_DATA, /* bodies, as much as there is */
    S_LENGTH,
    S_CLOSE,
    S_DONE,
    S_BAD,
    S_TOO_LONG
};

enum {
    F_NO_BODY = 1, /* answers a HEAD */
    F_OLD = 2,     /* HTTP/1.0 */
    F_CLOSE = 4,
    F_KEEP = 8,
    F_LENGTH = 16,
    F_CODING = 32,
    F_CHUNKS = 64, /* the head is over, lines are chunk sizes and trailers */
    F_GAP = 128    /* white space followed the word being read */
};

enum { W_LENGTH = 1, W_CODING = 2, W_CONNECTION = 4, W_RETRY = 8, W_CHUNKED = 16, W_CLOSE = 32, W_KEEP = 64 };
enum { W_NAMES = 15, W_VALUES = 112 };

static const char VERSION[] = "HTTP/1.1 ";
static const char WORDS[7][18] = {"content-length", "transfer-encoding", "connection", "retry-after",
                                  "chunked",        "close",             "keep-alive"};

/* ---- words and numbers ------------------------------------------------------------------------------------------- */

static void word_begin(det__response *r, unsigned words) {
    r->words = (uint8_t)words;
    r->pos = 0;
    r->flags &= (uint8_t)~F_GAP;
}

static void word_add(det__response *r, uint8_t c) {
    uint8_t lower = (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
    for (unsigned i = 0; r->words >> i; i++)
        if ((uint8_t)WORDS[i][r->pos] != lower) r->words &= (uint8_t)~(1u << i);
    r->pos++;
}

/* The bit of the word that ends here, 0 if it is none of ours. */
static unsigned word_end(const det__response *r) {
    unsigned word = 0;
    for (unsigned i = 0; r->words >> i; i++)
        if (r->words >> i & 1 && !WORDS[i][r->pos]) word = 1u << i;
    return word;
}

/* r->left stays below 2^64: chunk sizes exactly so, decimal lengths end at 1.15e19. */
static int number_add(det__response *r, unsigned digit, unsigned base) {
    if (digit >= base || r->left >> 60) return DET_E_HTTP;
    r->left = r->left * base + digit;
    r->pos = 1;
    return 0;
}

/* ---- header lines ------------------------------------------------------------------------------------------------ */

/* The colon: is the line of interest, and may it come (again)? */
static int name_end(det__response *r) {
    unsigned name = word_end(r);
    unsigned flag = name == W_LENGTH ? F_LENGTH : name == W_CODING ? F_CODING : 0;
    if (r->flags & flag) return DET_E_HTTP;
    r->flags |= (uint8_t)flag;
    r->field = (uint8_t)name;
    r->state = name ? S_FIELD : S_VALUE;
    r->left = 0;
    word_begin(r, W_VALUES);
    return 0;
}

/* One element of Connection: a list of options in any case (RFC 9110 section 7.6.1); all but two are not for us. */
static void option_end(det__response *r) {
    unsigned word = word_end(r);
    if (word == W_CLOSE) r->flags |= F_CLOSE;
    if (word == W_KEEP) r->flags |= F_KEEP;
    word_begin(r, W_VALUES);
}

/* A character of a value of interest. What does not belong there clears `words`. */
static void field_add(det__response *r, uint8_t c) {
    if (c == ' ' || c == '\t') {
        if (r->pos) r->flags |= F_GAP;
    } else if (c == ',' && r->field == W_CONNECTION) {
        option_end(r);
    } else if (r->flags & F_GAP) {
        r->words = 0;
    } else if (r->field & (W_LENGTH | W_RETRY)) {
        if (number_add(r, (unsigned)c - '0', 10)) r->words = 0;
    } else {
        word_add(r, c);
    }
}

static int field_end(det__response *r) {
    int number = r->words && r->pos;
    switch (r->field) {
    case W_CONNECTION:
        option_end(r);
        return 0;
    case W_CODING:
        return word_end(r) == W_CHUNKED ? 0 : DET_E_HTTP;
    case W_LENGTH:
        r->content_length = r->left;
        return number ? 0 : DET_E_HTTP;
    default:
        r->retry_after_s = number && r->left < UINT32_MAX ? (uint32_t)r->left : UINT32_MAX;
        return 0;
    }
}

/* ---- the end of a head ------------------------------------------------------------------------------------------- */

/* 1xx: another head follows (RFC 9110 section 15.2), within the same limit. 101 was not asked for. */
static int interim_end(det__response *r) {
    if (r->status == 101) return DET_E_HTTP;
    r->state = S_VERSION;
    r->status = 0;
    r->content_length = 0;
    r->retry_after_s = 0;
    r->flags &= F_NO_BODY;
    r->pos = 0;
    return 0;
}

/* RFC 9112 section 6.3, in its order; sections 6.1 and 9.3 for what is refused and what is kept. */
static void body_begin(det__response *r) {
    int framed = r->flags & (F_LENGTH | F_CODING);
    int empty = r->flags & F_NO_BODY || r->status == 304;
    r->state = S_DONE;
    if (r->status == 204) {
        /* a body that is announced but cannot be may follow all the same: read it as none, and nothing after it */
        if (r->flags & F_CODING || r->content_length) r->keep_alive = 0;
    } else if (framed == F_CODING && !empty) {
        r->state = S_SIZE;
        r->flags |= F_CHUNKS;
        r->left = 0;
        word_begin(r, 0);
    } else if (framed == F_LENGTH && !empty) {
        r->left = r->content_length;
        if (r->left) r->state = S_LENGTH;
    } else if (!empty) {
        r->state = S_CLOSE;
        r->keep_alive = 0;
    }
}

static int head_end(det__response *r) {
    int old = r->flags & F_OLD;
    if (r->flags & F_CHUNKS) {
        r->state = S_DONE;
        return 0;
    }
    if (r->flags & F_CODING && (r->flags & F_LENGTH || old)) return DET_E_HTTP;
    if (r->status < 200) return interim_end(r);
    r->has_length = (r->flags & F_LENGTH) != 0;
    r->keep_alive = !(r->flags & F_CLOSE) && (!old || r->flags & F_KEEP);
    r->head_left = DET_HEAD_LIMIT;
    body_begin(r);
    return DET__RESPONSE_HEAD;
}

/* ---- one byte ---------------------------------------------------------------------------------------------------- */

/* The status line up to the status: "HTTP/1.0 200" or "HTTP/1.1 200". */
static int version_step(det__response *r, uint8_t c) {
    unsigned digit = (unsigned)c - '0';
    unsigned pos = r->pos++;
    if (pos == 7) {
        if (digit == 0) r->flags |= F_OLD;
        return digit <= 1 ? 0 : DET_E_HTTP;
    }
    if (pos < 9) return c == (uint8_t)VERSION[pos] ? 0 : DET_E_HTTP;
    if (digit > 9) return DET_E_HTTP;
    r->status = (uint16_t)(r->status * 10 + digit);
    if (pos < 11) return 0;
    r->state = S_STATUS_END;
    return r->status >= 100 && r->status <= 599 ? 0 : DET_E_HTTP;
}

/* RFC 9112 section 7.1: digits, then extensions, before which white space is bad but to be accepted. */
static int size_step(det__response *r, uint8_t c) {
    unsigned lower = c | 0x20;
    if (c == '\r' || c == ';' || c == ' ' || c == '\t') {
        r->state = c == '\r' ? S_LF : c == ';' ? S_VALUE : S_SIZE_SPACE;
        return r->pos ? 0 : DET_E_HTTP;
    }
    return number_add(r, lower >= 'a' ? lower - 'a' + 10 : c <= '9' ? (unsigned)c - '0' : 16, 16);
}

/* The first character of a line is never white space: obs-fold (RFC 9112 section 5.2) is refused. */
static int name_step(det__response *r, uint8_t c) {
    if (c == ':' && r->state == S_NAME) return name_end(r);
    if (!det__is_token(c)) return DET_E_HTTP;
    if (r->state == S_LINE) word_begin(r, r->flags & F_CHUNKS ? 0 : W_NAMES);
    r->state = S_NAME;
    if (r->words) word_add(r, c);
    return 0;
}

static int expect(det__response *r, int is, uint8_t next) {
    r->state = next;
    return is ? 0 : DET_E_HTTP;
}

static int step(det__response *r, uint8_t c) {
    switch (r->state) {
    case S_VERSION:
        return version_step(r, c);
    case S_STATUS_END:
        return expect(r, c == ' ' || c == '\r', c == ' ' ? S_VALUE : S_LF);
    case S_LF:
        return expect(r, c == '\n', r->flags & F_CHUNKS && r->left ? S_DATA : S_LINE);
    case S_LINE:
        if (c == '\r') return expect(r, 1, S_LAST_LF);
        return name_step(r, c);
    case S_NAME:
        return name_step(r, c);
    case S_VALUE:
        return c == '\r' ? expect(r, 1, S_LF) : det__is_text(c) ? 0 : DET_E_HTTP;
    case S_FIELD:
        if (c == '\r') return expect(r, !field_end(r), S_LF);
        if (!det__is_text(c)) return DET_E_HTTP;
        field_add(r, c);
        return 0;
    case S_LAST_LF:
        return c == '\n' ? head_end(r) : DET_E_HTTP;
    case S_SIZE:
        return size_step(r, c);
    case S_SIZE_SPACE:
        return c == ' ' || c == '\t' ? 0 : expect(r, c == ';', S_VALUE);
    case S_DATA_CR:
        return expect(r, c == '\r', S_DATA_LF);
    default: /* S_DATA_LF */
        r->left = 0;
        r->pos = 0;
        return expect(r, c == '\n', S_SIZE);
    }
}

/* ---- many bytes -------------------------------------------------------------------------------------------------- */

#if DET__FAST_SCAN
/* Could a name of n characters be one of ours? */
static int is_length_of_interest(size_t n) {
    return n < 18 && (1u << 10 | 1u << 11 | 1u << 14 | 1u << 17) >> n & 1;
}

static const uint8_t *skim_name(det__response *r, const uint8_t *p, const uint8_t *colon) {
    word_begin(r, W_NAMES);
    while (p < colon) word_add(r, *p++);
    r->state = S_NAME;
    return p;
}

/* Whole lines of no interest, or the rest of such a line. */
static const uint8_t *skim_lines(det__response *r, const uint8_t *p, const uint8_t *end) {
    for (;;) {
        if (r->state == S_LINE) {
            const uint8_t *colon = det__scan_name(p, end);
            if (colon == p) return p;
            if (is_length_of_interest((size_t)(colon - p))) return skim_name(r, p, colon);
            p = colon + 1;
            r->state = S_VALUE;
        }
        p = det__scan_text(p, end);
        if (end - p < 2 || p[0] != '\r' || p[1] != '\n') return p;
        p += 2;
        r->state = S_LINE;
    }
}

static const uint8_t *skim(det__response *r, const uint8_t *p, const uint8_t *end) {
    if (r->state == S_VERSION && !r->pos && end - p > 9 && !memcmp(p, VERSION, 9)) {
        r->pos = 9;
        return p + 9;
    }
    if (r->flags & F_CHUNKS || (r->state != S_LINE && r->state != S_VALUE)) return p;
    return skim_lines(r, p, end);
}
#else
#define skim(r, p, end) (p)
#endif

/* Bytes of lines, until they end, an event or an error. */
static int lines(det__response *r, const uint8_t **at, size_t n) {
    const uint8_t *p = *at;
    size_t room = r->head_left, used;
    const uint8_t *end = p + (n < room ? n : room);
    int rc = 0;
    while (r->state < S_DATA && !rc) {
        p = skim(r, p, end);
        if (p == end) break;
        rc = step(r, *p++);
    }
    used = (size_t)(p - *at);
    *at = p;
    if (rc == DET__RESPONSE_HEAD) return rc;
    r->head_left -= (uint32_t)used;
    if (rc) r->state = S_BAD;
    if (!rc && r->state < S_DATA && used == room && used < n) r->state = S_TOO_LONG;
    return 0;
}

/* What a response that is over returns to every call; 0 if it is not. */
static int verdict(const det__response *r) {
    return r->state == S_DONE       ? DET__RESPONSE_DONE
           : r->state == S_BAD      ? DET_E_HTTP
           : r->state == S_TOO_LONG ? DET_E_HEAD
                                    : 0;
}

static int body(det__response *r, const uint8_t **at, size_t n) {
    size_t take = r->state == S_CLOSE || n < r->left ? n : (size_t)r->left;
    r->body = *at;
    r->body_len = take;
    *at += take;
    if (r->state == S_CLOSE) return DET__RESPONSE_BODY;
    r->left -= take;
    if (!r->left && r->state == S_LENGTH) r->state = S_DONE;
    if (!r->left && r->state == S_DATA) {
        r->state = S_DATA_CR;
        r->head_left = DET_HEAD_LIMIT;
    }
    return DET__RESPONSE_BODY;
}

int det__response_feed(det__response *r, const void *data, size_t n, size_t *used) {
    const uint8_t *const start = (const uint8_t *)data;
    const uint8_t *p = start;
    int rc = r->state < S_DATA && n ? lines(r, &p, n) : 0;
    if (!rc) rc = verdict(r);
    *used = (size_t)(p - start);
    if (rc || r->state < S_DATA || *used == n) return rc;
    rc = body(r, &p, n - *used);
    *used = (size_t)(p - start);
    return rc;
}

void det__response_init(det__response *r, int head_request) {
    memset(r, 0, sizeof *r);
    r->flags = head_request ? F_NO_BODY : 0;
    r->head_left = DET_HEAD_LIMIT;
}

int det__response_eof(det__response *r) {
    int rc;
    if (r->state == S_CLOSE) r->state = S_DONE;
    rc = verdict(r);
    if (rc) return rc;
    return r->state == S_VERSION && r->head_left == DET_HEAD_LIMIT ? DET_E_CLOSED : DET_E_TRUNCATED;
}
