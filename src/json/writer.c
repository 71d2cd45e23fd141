/* SPDX-License-Identifier: Apache-2.0
 * JSON writer. Invariants: bytes below min(len, cap) are written and none at or above cap; len is what the text takes,
 * so counting and writing give the same len. Names and nesting are the caller's; only commas are kept track of. */
#include <string.h>

#include "../base/dtoa.h"
#include "det_json.h"
#include "text.h"

static void put(det_json_writer *w, const char *data, size_t n) {
    size_t room = w->len < w->cap ? w->cap - w->len : 0, fits = n < room ? n : room;
    if (fits) memcpy(w->buf + w->len, data, fits);
    w->len = n > SIZE_MAX - w->len ? SIZE_MAX : w->len + n;
}

static void put_byte(det_json_writer *w, char c) {
    if (w->len < w->cap) w->buf[w->len] = c;
    w->len += w->len < SIZE_MAX;
}

static void fail(det_json_writer *w, int code) {
    if (!w->err) w->err = code;
}

static void begin_value(det_json_writer *w) {
    if (w->comma) put_byte(w, ',');
    w->comma = 1;
}

void det_json_write_init(det_json_writer *w, char *buf, size_t cap, unsigned flags) {
    memset(w, 0, sizeof *w);
    w->buf = buf;
    w->cap = buf ? cap : 0;
    w->flags = (uint8_t)flags;
}

/* What cannot be a value's first byte, or must be its last. */
static void put_mark(det_json_writer *w, char c, int comma) {
    put_byte(w, c);
    w->comma = (uint8_t)comma;
}

static void open_with(det_json_writer *w, char c) {
    begin_value(w);
    put_mark(w, c, 0);
}

void det_json_object(det_json_writer *w) {
    open_with(w, '{');
}

void det_json_object_end(det_json_writer *w) {
    put_mark(w, '}', 1);
}

void det_json_array(det_json_writer *w) {
    open_with(w, '[');
}

void det_json_array_end(det_json_writer *w) {
    put_mark(w, ']', 1);
}

static void put_value(det_json_writer *w, const char *json, size_t len) {
    begin_value(w);
    put(w, json, len);
}

/* RFC 8259 section 7: quote, backslash and control characters, nothing else. */
static void put_escape(det_json_writer *w, char c) {
    int letter = det__json_escape(c, DET__LETTER);
    if (letter < 0) {
        put(w, "\\u00", 4);
        put_byte(w, (char)('0' + (c >> 4)));
        letter = (c & 15) < 10 ? '0' + (c & 15) : 'a' - 10 + (c & 15);
    } else {
        put_byte(w, '\\');
    }
    put_byte(w, (char)letter);
}

/* What det__json_plain() stopped at, of n bytes; returns the bytes used. */
static size_t put_special(det_json_writer *w, const char *p, size_t n) {
    int valid;
    if ((unsigned char)*p < 0x80) {
        put_escape(w, *p);
        return 1;
    }
    if (w->flags & DET_JSON_STRICT_UTF8) fail(w, DET_E_UTF8);
    put(w, "\xef\xbf\xbd", 3);
    valid = det__utf8_check(p, n);
    return valid ? (size_t)-valid : n;
}

#if DET__JSON_FAST
/* The usual case: nothing to escape, and room. */
static int put_plain(det_json_writer *w, const char *p, size_t n) {
    char *o;
    if (w->len >= w->cap || w->cap - w->len < 2 || w->cap - w->len - 2 < n) return 0;
    if (det__json_plain(p, p + n) != p + n) return 0;
    o = w->buf + w->len;
    *o++ = '"';
    memcpy(o, p, n);
    o[n] = '"';
    w->len += n + 2;
    return 1;
}
#endif

static void put_quoted(det_json_writer *w, const char *p, size_t n) {
    const char *end = p + n;
#if DET__JSON_FAST
    if (put_plain(w, p, n)) return;
#endif
    put_byte(w, '"');
    while (p < end) {
        const char *stop = det__json_plain(p, end);
        put(w, p, (size_t)(stop - p));
        p = stop < end ? stop + put_special(w, stop, (size_t)(end - stop)) : end;
    }
    put_byte(w, '"');
}

void det_json_key(det_json_writer *w, const char *name) {
    det_json_string_n(w, name, name ? strlen(name) : 1);
    put_mark(w, ':', 0);
}

void det_json_string(det_json_writer *w, const char *s) {
    if (s) det_json_string_n(w, s, strlen(s));
    else det_json_null(w);
}

void det_json_string_n(det_json_writer *w, const char *s, size_t len) {
    begin_value(w);
    if (!s && len) fail(w, DET_E_ARG);
    put_quoted(w, s ? s : "", s ? len : 0);
}

void det_json_int(det_json_writer *w, int64_t v) {
    char text[1 + DET__UTOA_SIZE], *p = text;
    uint64_t u = (uint64_t)v;
    if (v < 0) {
        *p++ = '-';
        u = 0 - u;
    }
    p += det__utoa(p, u);
    put_value(w, text, (size_t)(p - text));
}

/* NaN and infinities have no JSON number; the master knows them by these strings. */
static const char *not_finite(uint64_t bits) {
    const char *text = "-Infinity";
    if (bits << 12) return "NaN";
    return bits >> 63 ? text : text + 1;
}

void det_json_double(det_json_writer *w, double v) {
    char text[DET__DTOA_SIZE];
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    if ((bits >> 52 & 0x7ff) == 0x7ff) {
        det_json_string(w, not_finite(bits));
        return;
    }
#if DET__JSON_FAST
    if (w->cap > w->len && w->cap - w->len > DET__DTOA_SIZE) {
        begin_value(w);
        w->len += det__dtoa(w->buf + w->len, v);
        return;
    }
#endif
    put_value(w, text, det__dtoa(text, v));
}

void det_json_bool(det_json_writer *w, int v) {
    put_value(w, v ? "true" : "false", v ? 4 : 5);
}

void det_json_null(det_json_writer *w) {
    put_value(w, "null", 4);
}

void det_json_raw(det_json_writer *w, const char *json, size_t len) {
    if (!json || !len) {
        fail(w, DET_E_ARG);
        len = 0;
    }
    put_value(w, json, len);
}

int det_json_finish(const det_json_writer *w) {
    if (w->err) return w->err;
    return w->len > w->cap ? DET_E_SIZE : DET_OK;
}
