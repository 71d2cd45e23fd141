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
    KEY,          /* after , in an object */
    FIRST_KEY,    /* after { */
    COLON,
    AFTER,        /* a comma or the container's end */
    DONE,         /* nothing but white space */
    IN_STRING,    /* from here on: within a token */
    IN_NUMBER,
    IN_WORD
};

/* What a number has had so far (section 6); it may end in the even ones. */
enum number { N_START = 1, N_MINUS = 3, N_ZERO = 0, N_INT = 2, N_POINT = 5, N_FRACTION = 4, N_E = 7, N_SIGN = 9, N_EXP = 6 };

void det_json_read_init(det_json_reader *r, char *scratch, size_t cap) {
    memset(r, 0, sizeof *r);
    r->scratch = scratch;
    r->scratch_cap = cap;
    if (!scratch || cap < 32) r->err = DET_E_ARG;
}

void det_json_feed(det_json_reader *r, const char *data, size_t len, int last) {
    r->in = data ? data : "";
    r->end = r->in + (data ? len : 0);
    r->last = last != 0;
}

static int fail(det_json_reader *r, int code) {
    r->err = (int8_t)code;
    return code;
}

/* The piece ended within the text. */
static int need_more(det_json_reader *r) {
    return r->last ? fail(r, DET_E_JSON) : DET_E_AGAIN;
}

static void value_done(det_json_reader *r) {
    r->state = r->depth ? AFTER : DONE;
}

static int in_object(const det_json_reader *r) {
    unsigned level = r->depth - 1u;
    return (int)(r->stack[level / 32] >> level % 32 & 1);
}

static int push(det_json_reader *r, int object) {
    unsigned level = r->depth;
    uint32_t bit = (uint32_t)1 << level % 32;
    if (level >= DET_JSON_DEPTH) return fail(r, DET_E_DEPTH);
    if (object) r->stack[level / 32] |= bit;
    else r->stack[level / 32] &= ~bit;
    r->depth++;
    r->state = object ? FIRST_KEY : FIRST_VALUE;
    return object ? DET_JSON_OBJECT : DET_JSON_ARRAY;
}

static int pop(det_json_reader *r, char c) {
    int object = in_object(r);
    if (c != (object ? '}' : ']')) return fail(r, DET_E_JSON);
    r->depth--;
    value_done(r);
    return object ? DET_JSON_OBJECT_END : DET_JSON_ARRAY_END;
}

static void give(det_json_token *t, const char *text, size_t len, int more) {
    t->text = text;
    t->len = len;
    t->more = (uint8_t)more;
}

/* ---- strings ---- */

static int string_end(det_json_reader *r) {
    r->in++;
    if (r->sub == DET_JSON_KEY) r->state = COLON;
    else value_done(r);
    return r->sub;
}

/* A part of a string that is longer than scratch. */
static int give_scratch(det_json_reader *r, det_json_token *t, int more) {
    give(t, r->scratch, r->scratch_len, more);
    r->scratch_len = 0;
    return r->sub;
}

static int keep(det_json_reader *r, const char *p, size_t n) {
    if (n > r->scratch_cap - r->scratch_len) return 0;
    memcpy(r->scratch + r->scratch_len, p, n);
    r->scratch_len += n;
    return 1;
}

static int hex4(const char *p, uint32_t *code) {
    *code = 0;
    for (int i = 0; i < 4; i++) {
        unsigned c = (unsigned char)p[i], d = c - '0';
        if (d > 9) {
            d = (c | 0x20) - 'a';
            if (d > 5) return 0;
            d += 10;
        }
        *code = *code << 4 | d;
    }
    return 1;
}

enum unit { UNIT_BAD = -1, UNIT_PART, UNIT_BYTES, UNIT_CODE };

/* What carry holds: a part of, or a whole UTF-8 sequence (BYTES) or escape (CODE, its value in *code). */
static int unit_check(const det_json_reader *r, uint32_t *code) {
    static const char names[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
    const char *p = r->carry;
    size_t n = r->carry_len, need;
    if (n == 0) return UNIT_PART;
    if (p[0] != '\\') {
        if (det__utf8_check(p, n, &need) == need) return UNIT_BYTES;
        return det__utf8_check(p, n, &need) == n && n < need ? UNIT_PART : UNIT_BAD;
    }
    if (n == 1) return UNIT_PART;
    if (p[1] == 'u') {
        if (n < 6) return UNIT_PART;
        return hex4(p + 2, code) ? UNIT_CODE : UNIT_BAD;
    }
    for (size_t i = 0; i < sizeof names - 1; i += 2) {
        if (p[1] != names[i]) continue;
        *code = (unsigned char)names[i + 1];
        return UNIT_CODE;
    }
    return UNIT_BAD;
}

static int keep_lone_surrogate(det_json_reader *r) {
    if (!keep(r, "\xef\xbf\xbd", 3)) return 0;
    r->high = 0;
    return 1;
}

/* Move the escape in carry to scratch; 0 when it does not fit. */
static int keep_code(det_json_reader *r, uint32_t code) {
    char text[4];
    int low = (code & 0xfc00) == 0xdc00;
    if (r->high && !low && !keep_lone_surrogate(r)) return 0;
    if ((code & 0xfc00) == 0xd800) {
        r->high = (uint16_t)code;
        return 1;
    }
    if (low) code = r->high ? 0x10000 + ((r->high & 0x3ffu) << 10) + (code & 0x3ff) : 0xfffd;
    if (!keep(r, text, det__utf8_put(text, code))) return 0;
    r->high = 0;
    return 1;
}

enum step { STEP_ON = 99 }; /* no token yet */

/* One byte more for carry, or what is complete there to scratch. */
static int string_unit(det_json_reader *r, det_json_token *t) {
    uint32_t code = 0;
    int kind = unit_check(r, &code);
    if (kind == UNIT_BAD) return fail(r, DET_E_JSON);
    if (kind == UNIT_PART) {
        if (r->in == r->end) return need_more(r);
        r->carry[r->carry_len++] = *r->in++;
        return STEP_ON;
    }
    if (!(kind == UNIT_CODE ? keep_code(r, code) : keep(r, r->carry, r->carry_len))) return give_scratch(r, t, 1);
    r->carry_len = 0;
    return STEP_ON;
}

/* Plain bytes and what ends them. */
static int string_run(det_json_reader *r, det_json_token *t) {
    const char *from = r->in, *stop = det__json_plain(from, r->end);
    size_t n = (size_t)(stop - from);
    int ends = stop < r->end && *stop == '"';
    if ((ends && !r->scratch_len) || n > r->scratch_cap) {
        if (r->scratch_len) return give_scratch(r, t, 1);
        give(t, from, n, !ends);
        r->in = stop;
        return ends ? string_end(r) : r->sub;
    }
    if (!keep(r, from, n)) return give_scratch(r, t, 1);
    r->in = stop;
    if (stop == r->end) return need_more(r);
    if (ends) {
        give_scratch(r, t, 0);
        return string_end(r);
    }
    if ((unsigned char)*stop < 0x20) return fail(r, DET_E_JSON);
    r->carry[r->carry_len++] = *r->in++;
    return STEP_ON;
}

static int string_next(det_json_reader *r, det_json_token *t) {
    int type;
    do {
        if (r->high && !r->carry_len && r->in < r->end && *r->in != '\\' && !keep_lone_surrogate(r)) {
            return give_scratch(r, t, 1);
        }
        type = r->high || r->carry_len ? string_unit(r, t) : string_run(r, t);
    } while (type == STEP_ON);
    return type;
}

/* ---- numbers and words ---- */

static unsigned number_digit(unsigned state, char c) {
    if (state == N_START || state == N_MINUS) return c == '0' ? N_ZERO : N_INT;
    if (state == N_POINT) return N_FRACTION;
    return state == N_E || state == N_SIGN ? N_EXP : state;
}

/* The state after c, or 255 when the number ends before it. */
static unsigned number_state(unsigned state, char c) {
    if ((unsigned char)(c - '0') < 10) return state == N_ZERO ? 255 : number_digit(state, c);
    if (c == '.' && (state == N_ZERO || state == N_INT)) return N_POINT;
    if ((c | 0x20) == 'e' && (state == N_ZERO || state == N_INT || state == N_FRACTION)) return N_E;
    if (c == '-' && state == N_START) return N_MINUS;
    return (c == '-' || c == '+') && state == N_E ? N_SIGN : 255;
}

static const char *number_scan(det_json_reader *r) {
    const char *p = r->in;
    for (; p < r->end; p++) {
        unsigned next = number_state(r->sub, *p);
        if (next == 255) break;
        r->sub = (uint8_t)next;
    }
    return p;
}

/* carry_len says that a part did not fit: the number is still checked to its end, in constant memory. */
static int number_next(det_json_reader *r, det_json_token *t) {
    const char *from = r->in, *stop = number_scan(r);
    size_t n = (size_t)(stop - from), room = r->scratch_cap - r->scratch_len, fits = n < room ? n : room;
    int ends = stop < r->end || r->last;
    r->in = stop;
    if (ends && (r->sub & 1)) return fail(r, DET_E_JSON);
    if (n > fits) r->carry_len = 1;
    give(t, from, fits, r->carry_len);
    if (!ends || r->scratch_len) keep(r, from, fits);
    if (!ends) return DET_E_AGAIN;
    if (r->scratch_len) give_scratch(r, t, r->carry_len);
    r->carry_len = 0;
    value_done(r);
    return DET_JSON_NUMBER;
}

static int word_next(det_json_reader *r) {
    static const char words[3][6] = {"true", "false", "null"};
    const char *word = words[r->sub - DET_JSON_TRUE];
    for (; word[r->carry_len]; r->carry_len++) {
        if (r->in == r->end) return need_more(r);
        if (*r->in++ != word[r->carry_len]) return fail(r, DET_E_JSON);
    }
    r->carry_len = 0;
    value_done(r);
    return r->sub;
}

/* ---- structure ---- */

static int go_on(det_json_reader *r, det_json_token *t) {
    if (r->state == IN_STRING) return string_next(r, t);
    return r->state == IN_NUMBER ? number_next(r, t) : word_next(r);
}

static int begin(det_json_reader *r, det_json_token *t, int state, int sub) {
    r->state = (uint8_t)state;
    r->sub = (uint8_t)sub;
    return go_on(r, t);
}

/* The byte at in begins a value. */
static int value_next(det_json_reader *r, det_json_token *t) {
    char c = *r->in;
    if (c == '"') {
        r->in++;
        return begin(r, t, IN_STRING, DET_JSON_STRING);
    }
    if (c == '{' || c == '[') {
        r->in++;
        return push(r, c == '{');
    }
    if (c == 't') return begin(r, t, IN_WORD, DET_JSON_TRUE);
    if (c == 'f') return begin(r, t, IN_WORD, DET_JSON_FALSE);
    if (c == 'n') return begin(r, t, IN_WORD, DET_JSON_NULL);
    if (c == '-' || (unsigned char)(c - '0') < 10) return begin(r, t, IN_NUMBER, N_START);
    return fail(r, DET_E_JSON);
}

/* The byte at in, which is no white space, in a state between tokens. */
static int step(det_json_reader *r, det_json_token *t) {
    char c = *r->in;
    if (r->state == VALUE || (r->state == FIRST_VALUE && c != ']')) return value_next(r, t);
    r->in++;
    switch (r->state) {
    case COLON:
        r->state = VALUE;
        return c == ':' ? STEP_ON : fail(r, DET_E_JSON);
    case AFTER:
        if (c != ',') return pop(r, c);
        r->state = in_object(r) ? KEY : VALUE;
        return STEP_ON;
    case FIRST_VALUE:
        return pop(r, c);
    case FIRST_KEY:
        if (c == '}') return pop(r, c);
        break;
    case KEY:
        break;
    default:
        return fail(r, DET_E_JSON);
    }
    return c == '"' ? begin(r, t, IN_STRING, DET_JSON_KEY) : fail(r, DET_E_JSON);
}

int det_json_next(det_json_reader *r, det_json_token *t) {
    int type;
    give(t, "", 0, 0);
    if (r->err) return r->err;
    if (r->state >= IN_STRING) return go_on(r, t);
    do {
        while (r->in < r->end && (*r->in == ' ' || *r->in == '\n' || *r->in == '\r' || *r->in == '\t')) r->in++;
        if (r->in == r->end) return r->state == DONE && r->last ? DET_JSON_END : need_more(r);
        type = step(r, t);
    } while (type == STEP_ON);
    return type;
}
