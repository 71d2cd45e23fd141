/* SPDX-License-Identifier: Apache-2.0
 * JSON (RFC 8259): a writer that never overflows and a pull reader that never allocates or recurses. Usable on their
 * own. Neither blocks; every object is for one thread at a time. */
#ifndef DET_JSON_H
#define DET_JSON_H

#include <stddef.h>
#include <stdint.h>

#include "det_error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- writer ------------------------------------------------------------------------------------------------------ */

/* What invalid UTF-8 in names and strings becomes: U+FFFD (the default), or the error DET_E_UTF8. */
enum { DET_JSON_STRICT_UTF8 = 1 };

typedef struct det_json_writer {
    char *buf;     /* caller's; NULL with cap 0 counts only */
    size_t cap;
    size_t len;    /* bytes written, or that would have been: exact also when it did not fit */
    int err;       /* first error, sticky: DET_OK or DET_E_UTF8, DET_E_ARG; overflow is det_json_finish()'s */
    uint8_t flags;
    uint8_t comma; /* private: the next value is preceded by a comma */
} det_json_writer;

DET_API void det_json_write_init(det_json_writer *w, char *buf, size_t cap, unsigned flags);
DET_API void det_json_object(det_json_writer *w);
DET_API void det_json_object_end(det_json_writer *w);
DET_API void det_json_array(det_json_writer *w);
DET_API void det_json_array_end(det_json_writer *w);
DET_API void det_json_key(det_json_writer *w, const char *name);                   /* NUL-terminated UTF-8 */
DET_API void det_json_string(det_json_writer *w, const char *s);                   /* NUL-terminated; NULL writes null */
DET_API void det_json_string_n(det_json_writer *w, const char *s, size_t len);     /* may contain NUL bytes */
DET_API void det_json_int(det_json_writer *w, int64_t v);
DET_API void det_json_double(det_json_writer *w, double v); /* shortest that reads back the same; NaN and infinities as
                                                               "NaN", "Infinity", "-Infinity" (contract 1.8) */
DET_API void det_json_bool(det_json_writer *w, int v);
DET_API void det_json_null(det_json_writer *w);
DET_API void det_json_raw(det_json_writer *w, const char *json, size_t len);       /* one JSON value, written as it is */

/* DET_OK, DET_E_SIZE (len > cap: the buffer would have to be len bytes), or the first error. No NUL is written. */
DET_API int det_json_finish(const det_json_writer *w);

/* ---- reader ------------------------------------------------------------------------------------------------------ */

enum det_json_type {
    DET_JSON_END = 0, /* the text is complete and valid; nothing but white space follows so far */
    DET_JSON_OBJECT = 1, DET_JSON_OBJECT_END, DET_JSON_ARRAY, DET_JSON_ARRAY_END,
    DET_JSON_KEY, DET_JSON_STRING, DET_JSON_NUMBER, DET_JSON_TRUE, DET_JSON_FALSE, DET_JSON_NULL
};

typedef struct det_json_token {
    const char *text; /* KEY, STRING: decoded UTF-8; NUMBER: its text. Valid until the next call on the reader */
    size_t len;
    uint8_t more;     /* KEY, STRING: 1 when longer than the scratch buffer; the rest follows as further tokens of the
                         same type, the last of them (it may be empty) with 0. No UTF-8 sequence is ever divided.
                         NUMBER: 1 when longer than the scratch buffer; only its beginning is given, no more follows */
} det_json_token;

/* Strict RFC 8259: one value, no byte order mark, no invalid UTF-8 anywhere. \u0000 is decoded to a NUL byte. An escaped
 * surrogate without its other half is valid by the grammar and decoded to U+FFFD. */
typedef struct det_json_reader {
    const char *in;     /* what is left of the piece fed last, up to end */
    const char *end;
    char *scratch;      /* caller's: tokens that are escaped or cut by the end of a piece are put together here */
    size_t scratch_cap;
    size_t scratch_len;
    uint16_t depth;     /* containers open now; the only field to be read from outside */
    uint16_t high;      /* the escape just before was this first half of a surrogate pair, or 0 */
    uint8_t last;       /* the piece fed last is the final one */
    uint8_t state;
    uint8_t sub;        /* token being read: type of string, state of number, next letter of a word */
    int8_t err;
    uint8_t carry_len;
    char carry[6];      /* a UTF-8 sequence or escape that is not complete yet */
    uint32_t stack[DET_JSON_DEPTH / 32]; /* one bit a level: object or array */
} det_json_reader;

/* Begin. scratch: caller's, cap ≥ 32 bytes (else det_json_next() returns DET_E_ARG). */
DET_API void det_json_read_init(det_json_reader *r, char *scratch, size_t cap);

/* Give the next piece of the text, of any size, down to none; it must stay until det_json_next() returns DET_E_AGAIN.
 * last: 1 with the final piece. */
DET_API void det_json_feed(det_json_reader *r, const char *data, size_t len, int last);

/* The next token: a det_json_type ≥ 0, DET_E_AGAIN (feed more), DET_E_JSON (not valid), DET_E_DEPTH or DET_E_ARG.
 * Errors are sticky. After DET_JSON_END it returns DET_JSON_END again (DET_E_AGAIN before the last piece has been fed). */
DET_API int det_json_next(det_json_reader *r, det_json_token *t);

/* The number's value. DET_OK, DET_E_VALUE (not an integer, or outside int64) or DET_E_SIZE (t->more: not all of it is
 * there). "1.0" and "1e3" are no integers here. *v is left alone on failure. */
DET_API int det_json_to_int(const det_json_token *t, int64_t *v);

/* Correctly rounded (to nearest, ties to even) for any number of digits. DET_OK, DET_E_VALUE when it overflows, or
 * DET_E_SIZE as above; underflow gives 0. Uses up to 0.8 KB of stack, half of it
 * with DET_FAST_DOUBLES 0. */
DET_API int det_json_to_double(const det_json_token *t, double *v);

#ifdef __cplusplus
}
#endif
#endif
