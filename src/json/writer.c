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

static void open(det_json_writer *w, char c) {
    begin_value(w);
    put_byte(w, c);
    w->comma = 0;
}

static void close(det_json_writer *w, char c) {
    put_byte(w, c);
    w->comma = 1;
}

void det_json_object(det_json_writer *w) {
    open(w, '{');
}

void det_json_object_end(det_json_writer *w) {
    close(w, '}');
}

void det_json_array(det_json_writer *w) {
    open(w, '[');
}

void det_json_array_end(det_json_writer *w) {
    close(w, ']');
}

/* RFC 8259 section 7: quote, backslash and control characters, nothing else. */
static void put_escape(det_json_writer *w, unsigned char c) {
    static const char names[] = "\"\"\\\\\bb\ff\nn\rr\tt", hex[] = "0123456789abcdef";
    char text[6] = {'\\', 'u', '0', '0', 0, 0};
    for (size_t i = 0; i < sizeof names - 1; i += 2) {
        if (names[i] != (char)c) continue;
        text[1] = names[i + 1];
        put(w, text, 2);
        return;
    }
    text[4] = hex[c >> 4];
    text[5] = hex[c & 15];
    put(w, text, sizeof text);
}

/* What det__json_plain() stopped at; returns the bytes used. */
static size_t put_special(det_json_writer *w, const char *p, size_t n) {
    size_t need;
    if ((unsigned char)*p < 0x80) {
        put_escape(w, (unsigned char)*p);
        return 1;
    }
    if (w->flags & DET_JSON_STRICT_UTF8) fail(w, DET_E_UTF8);
    put(w, "\xef\xbf\xbd", 3);
    return det__utf8_check(p, n, &need);
}

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

static void put_quoted(det_json_writer *w, const char *p, size_t n) {
    const char *end = p + n;
    if (put_plain(w, p, n)) return;
    put_byte(w, '"');
    while (p < end) {
        const char *stop = det__json_plain(p, end);
        put(w, p, (size_t)(stop - p));
        p = stop < end ? stop + put_special(w, stop, (size_t)(end - stop)) : end;
    }
    put_byte(w, '"');
}

void det_json_key(det_json_writer *w, const char *name) {
    begin_value(w);
    w->comma = 0;
    if (!name) fail(w, DET_E_ARG);
    put_quoted(w, name ? name : "", name ? strlen(name) : 0);
    put_byte(w, ':');
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
    char text[DET__UTOA_SIZE];
    begin_value(w);
    if (v < 0) put_byte(w, '-');
    put(w, text, det__utoa(text, v < 0 ? (uint64_t)0 - (uint64_t)v : (uint64_t)v));
}

/* NaN and infinities have no JSON number; the master knows them by these strings. */
static void put_not_finite(det_json_writer *w, uint64_t bits) {
    if (bits << 12) put(w, "\"NaN\"", 5);
    else if (bits >> 63) put(w, "\"-Infinity\"", 11);
    else put(w, "\"Infinity\"", 10);
}

void det_json_double(det_json_writer *w, double v) {
    char text[DET__DTOA_SIZE];
    uint64_t bits;
    begin_value(w);
    memcpy(&bits, &v, sizeof bits);
    if ((bits >> 52 & 0x7ff) == 0x7ff) {
        put_not_finite(w, bits);
    } else if (w->cap > w->len && w->cap - w->len >= DET__DTOA_SIZE) {
        w->len += det__dtoa(w->buf + w->len, v);
    } else {
        put(w, text, det__dtoa(text, v));
    }
}

void det_json_bool(det_json_writer *w, int v) {
    begin_value(w);
    put(w, v ? "true" : "false", v ? 4 : 5);
}

void det_json_null(det_json_writer *w) {
    begin_value(w);
    put(w, "null", 4);
}

void det_json_raw(det_json_writer *w, const char *json, size_t len) {
    begin_value(w);
    if (!json || !len) {
        fail(w, DET_E_ARG);
        return;
    }
    put(w, json, len);
}

int det_json_finish(const det_json_writer *w) {
    if (w->err) return w->err;
    return w->len > w->cap ? DET_E_SIZE : DET_OK;
}
