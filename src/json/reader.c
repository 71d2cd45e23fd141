/* SPDX-License-Identifier: Apache-2.0
 * Pull reader for JSON (RFC 8259). Invariants: every byte is looked at once and in order, so any division of the text
 * into pieces gives the same values; what a token needs beyond its piece is in scratch or carry, never in the old piece;
 * scratch is free again whenever a token has been returned. Knows nothing of what the text means. */
#include <string.h>

#include "det_json.h"
#include "text.h"

enum state {
    VALUE,        /* a value must follow */
    FIRST_VALUE,  /* after [ */
    KEY,          /* after , in an object; the two of objects are those above with OBJECT added */
    FIRST_KEY,    /* after {; the two first ones are odd */
    COLON,
    AFTER,        /* a comma or the container's end; outside all containers nothing but white space */
    IN_STRING,    /* from here on: within a token */
    IN_NUMBER,
    IN_WORD
};

enum { OBJECT = 2 }; /* what an object adds to a state, and takes from the token types of arrays */

/* What a number has had so far (section 6); it may end in the even ones. A digit leads from an odd one to the next. */
enum number {
    N_START = 1, N_ZERO = 0, N_INT = 2, N_POINT = 3, N_FRACTION = 4, N_E = 5, N_EXP = 6,
    N_SIGNED = 8, /* added to N_START and N_E by a sign */
    N_ENDED = 16  /* no state: the number ended before this character */
};

enum step { STEP_ON = 98, NO_ROOM = 99 }; /* no token yet; a part of a string, as scratch is full */

/* Words from their second letter on, each ended by its type. */
static const char words[] = "rue\10alse\11ull\12";
enum { WORD_TRUE = 0, WORD_FALSE = 4, WORD_NULL = 9 };

void det_json_read_init(det_json_reader *r, char *scratch, size_t cap) {
    memset(r, 0, sizeof *r);
    r->scratch = scratch;
    r->scratch_cap = cap;
    if (!scratch || cap < 32) r->err = DET_E_ARG;
}

void det_json_feed(det_json_reader *r, const char *data, size_t len, int last) {
    r->in = data ? data : r->carry;
    r->end = r->in + (data ? len : 0);
    r->last = last != 0;
}

static unsigned in_object(const det_json_reader *r) {
    unsigned level = r->depth - 1u;
    return r->stack[level / 32] >> level % 32 & 1;
}

static int push(det_json_reader *r, unsigned object) {
    unsigned level = r->depth;
    uint32_t *word = &r->stack[level / 32];
    if (level >= DET_JSON_DEPTH) return DET_E_DEPTH;
    *word = (*word & ~((uint32_t)1 << level % 32)) | (uint32_t)object << level % 32;
    r->depth++;
    r->state = (uint8_t)(FIRST_VALUE + OBJECT * object);
    return DET_JSON_ARRAY - OBJECT * (int)object;
}

/* c is behind a value, or the first one in an empty container. */
static int pop(det_json_reader *r, char c) {
    unsigned object = in_object(r);
    if (c == ',') {
        r->state = (uint8_t)(VALUE + OBJECT * object);
        return STEP_ON;
    }
    if (c != (char)(']' | object << 5)) return DET_E_JSON; /* '}' is 32 more */
    r->depth--;
    r->state = AFTER;
    return DET_JSON_ARRAY_END - OBJECT * (int)object;
}

static void give(det_json_token *t, const char *text, size_t len, int more) {
    t->text = text;
    t->len = len;
    t->more = (uint8_t)more;
}

/* ---- strings ---- */

static int keep(det_json_reader *r, const char *p, size_t n) {
    if (n > r->scratch_cap - r->scratch_len) return 0;
    memcpy(r->scratch + r->scratch_len, p, n);
    r->scratch_len += n;
    return 1;
}

static int32_t hex4(const char *p) {
    int32_t code = 0;
    for (int i = 0; i < 4; i++) {
        unsigned c = (unsigned char)p[i], d = c - '0';
        if (d > 9) {
            d = (c | 0x20) - 'a';
            if (d > 5) return -1;
            d += 10;
        }
        code = code << 4 | (int32_t)d;
    }
    return code;
}

/* The character of the escape in carry; -1 when it is none. The first half of a pair goes to scratch as U+FFFD, and to
 * *high: the second half takes it back from scratch's end (or finds scratch empty, when it is tried again for want of
 * room). */
static int32_t escape_code(det_json_reader *r, unsigned *high) {
    int32_t code = r->carry[1] == 'u' ? hex4(r->carry + 2) : det__json_escape(r->carry[1], DET__CHARACTER);
    if ((code & ~0x7ff) != 0xd800) return code;
    if (code < 0xdc00) *high = (unsigned)code;
    if (code < 0xdc00 || !r->high) return 0xfffd;
    if (r->scratch_len) r->scratch_len -= 3;
    return code - 0xdc00 + ((int32_t)(r->high - 0xd800) << 10) + 0x10000;
}

/* A sequence or escape that is not plain: one byte more to carry, or all of it to scratch. */
static int string_unit(det_json_reader *r) {
    char text[4];
    const char *p = r->carry;
    int n = r->carry_len;
    unsigned high = 0;
    if (n && *p != '\\') {
        n = det__utf8_check(p, (size_t)n);
    } else if (n == (p[1] == 'u' ? 6 : 2)) {
        int32_t code = escape_code(r, &high);
        p = text;
        n = code < 0 ? -1 : (int)det__utf8_put(text, (uint32_t)code);
    } else {
        n = 0;
    }
    if (n < 0) return DET_E_JSON;
    if (n == 0) {
        if (r->in == r->end) return DET_E_AGAIN;
        r->carry[r->carry_len++] = *r->in++;
        return STEP_ON;
    }
    if (!keep(r, p, (size_t)n)) return NO_ROOM;
    r->high = (uint16_t)high;
    r->carry_len = 0;
    return STEP_ON;
}

/* Plain bytes and what ends them. Given as they are if all of the string is here, or if they are too long for scratch. */
static int string_run(det_json_reader *r, det_json_token *t) {
    const char *text = r->in, *stop = det__json_plain(text, r->end);
    size_t n = (size_t)(stop - text);
    int ends = stop < r->end && *stop == '"';
    if (r->scratch_len || (!ends && n <= r->scratch_cap)) {
        if (n) r->high = 0;
        if (!keep(r, text, n)) return NO_ROOM;
        r->in = stop;
        if (stop == r->end) return DET_E_AGAIN;
        if (!ends) return (unsigned char)*stop < 0x20 ? DET_E_JSON : STEP_ON;
        text = r->scratch;
        n = r->scratch_len;
        r->scratch_len = 0;
    }
    give(t, text, n, !ends);
    r->in = stop;
    if (ends) {
        r->in++;
        r->state = r->sub == DET_JSON_KEY ? COLON : AFTER;
    }
    return r->sub;
}

static int string_next(det_json_reader *r, det_json_token *t) {
    int type = r->carry_len ? STEP_ON : string_run(r, t);
    if (type == STEP_ON) type = string_unit(r);
    if (type != NO_ROOM) return type;
    give(t, r->scratch, r->scratch_len, 1);
    r->scratch_len = 0;
    return r->sub;
}

/* ---- numbers and words ---- */

static unsigned number_state(unsigned state, char c) {
    unsigned next, from; /* from: the states c may follow, one bit each */
    if ((unsigned char)(c - '0') < 10) {
        if (!(state & 1)) return state == N_ZERO ? N_ENDED : state;
        state = (state & ~(unsigned)N_SIGNED) + 1;
        return state == N_INT && c == '0' ? N_ZERO : state;
    }
    if (c == '.') {
        next = N_POINT;
        from = 1 << N_ZERO | 1 << N_INT;
    } else if ((c | 0x20) == 'e') {
        next = N_E;
        from = 1 << N_ZERO | 1 << N_INT | 1 << N_FRACTION;
    } else {
        next = state | N_SIGNED;
        from = c == '-' ? 1 << N_START | 1 << N_E : c == '+' ? 1 << N_E : 0;
    }
    return from >> state & 1 ? next : N_ENDED;
}

static const char *number_scan(det_json_reader *r) {
    const char *p = r->in;
    unsigned state = r->sub;
    for (; p < r->end; p++) {
        unsigned next = number_state(state, *p);
        if (next == N_ENDED) break;
        state = next;
    }
    r->sub = (uint8_t)state;
    return p;
}

/* carry_len says that a part did not fit: the number is still checked to its end, in constant memory. */
static int number_next(det_json_reader *r, det_json_token *t) {
    const char *text = r->in, *stop = number_scan(r);
    size_t n = (size_t)(stop - text), room = r->scratch_cap - r->scratch_len;
    int ends = stop < r->end || r->last;
    r->in = stop;
    if (n > room) {
        n = room;
        r->carry_len = 1;
    }
    if (!ends || r->scratch_len) {
        keep(r, text, n);
        text = r->scratch;
        n = r->scratch_len;
    }
    if (!ends) return DET_E_AGAIN;
    if (r->sub & 1) return DET_E_JSON;
    give(t, text, n, r->carry_len);
    r->scratch_len = 0;
    r->carry_len = 0;
    r->state = AFTER;
    return DET_JSON_NUMBER;
}

static int word_next(det_json_reader *r) {
    for (; words[r->sub] >= ' '; r->sub++) {
        if (r->in == r->end) return DET_E_AGAIN;
        if (*r->in++ != words[r->sub]) return DET_E_JSON;
    }
    r->state = AFTER;
    return words[r->sub];
}

/* ---- structure ---- */

static int begin(det_json_reader *r, int state, int sub) {
    r->state = (uint8_t)state;
    r->sub = (uint8_t)sub;
    r->high = 0;
    return STEP_ON;
}

/* c, which has been read, begins a value. */
static int value_begin(det_json_reader *r, char c) {
    if (c == '"') return begin(r, IN_STRING, DET_JSON_STRING);
    if (c == '{' || c == '[') return push(r, c == '{');
    if (c == 't') return begin(r, IN_WORD, WORD_TRUE);
    if (c == 'f') return begin(r, IN_WORD, WORD_FALSE);
    if (c == 'n') return begin(r, IN_WORD, WORD_NULL);
    r->in--;
    return begin(r, IN_NUMBER, N_START); /* which c is no state of if it begins nothing */
}

/* Between tokens: white space, then the byte behind it. */
static int step(det_json_reader *r) {
    char c;
    do {
        if (r->in == r->end) return DET_E_AGAIN;
        c = *r->in++;
    } while (c == ' ' || c == '\n' || c == '\r' || c == '\t');
    if (r->state == COLON) {
        r->state = VALUE;
        return c == ':' ? STEP_ON : DET_E_JSON;
    }
    if (r->state == AFTER) return r->depth ? pop(r, c) : DET_E_JSON;
    if ((r->state & 1) && (c == ']' || c == '}')) return pop(r, c);
    if (!(r->state & OBJECT)) return value_begin(r, c);
    return c == '"' ? begin(r, IN_STRING, DET_JSON_KEY) : DET_E_JSON;
}

static int go_on(det_json_reader *r, det_json_token *t) {
    if (r->state < IN_STRING) return step(r);
    if (r->state == IN_STRING) return string_next(r, t);
    return r->state == IN_NUMBER ? number_next(r, t) : word_next(r);
}

int det_json_next(det_json_reader *r, det_json_token *t) {
    int type;
    give(t, r->carry, 0, 0);
    if (r->err) return r->err;
    do type = go_on(r, t);
    while (type == STEP_ON);
    if (type == DET_E_AGAIN && r->last) type = r->state == AFTER && !r->depth ? DET_JSON_END : DET_E_JSON;
    if (type < DET_E_AGAIN) r->err = (int8_t)type;
    return type;
}
