/* SPDX-License-Identifier: Apache-2.0
 * See call.h. The error sentences are encoding/json's, jsonpb's and strconv's. */
#include "call.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "summary.h"

/* ---- who is calling (contract 1.3, 2.5) ---- */

static const char *bearer(const char *h) {
    return strncmp(h, "Bearer ", 7) ? NULL : h + 7;
}

/* The cookie `auth` among others, copied. */
static const char *cookie_token(call *c) {
    const char *h = c->q->header[H_COOKIE];
    for (const char *at = h; at && *at; at += strcspn(at, ";"), at += *at == ';') {
        while (*at == ' ') at++;
        if (strncmp(at, "auth=", 5)) continue;
        return json_str(c->a, at + 5, strcspn(at + 5, ";"))->s;
    }
    return NULL;
}

bool call_auth(call *c) {
    const char *h = c->q->header[H_USER_TOKEN] ? c->q->header[H_USER_TOKEN] : c->q->header[H_AUTH];
    bool any = h || c->q->header[H_ALLOC_TOKEN];
    if (h) c->token = bearer(h);
    else if ((c->token = cookie_token(c))) any = true;
    c->who = c->token ? store_auth(c->token) : NULL;
    if (c->who) return true;
    reply_error(c->r, G_UNAUTHENTICATED, "%s", any ? "invalid credentials" : "token missing");
    return false;
}

/* ---- fields ---- */

static bool invalid(call *c, const char *before, const char *arg, const char *after) {
    reply_error(c->r, G_INVALID, "%s%s%s", before, arg, after);
    return false;
}

static const char *kind(const jval *v) {
    static const char *const K[] = {"null", "bool", "number", "string", "array", "object"};
    return K[v->type];
}

static bool mismatch(call *c, const jval *v, const char *go, bool literal) {
    if (literal && v->type == J_NUM) reply_error(c->r, G_INVALID, "json: cannot unmarshal number %s into Go value of type %s", v->s, go);
    else reply_error(c->r, G_INVALID, "json: cannot unmarshal %s into Go value of type %s", kind(v), go);
    return false;
}

const jval *field(const jval *obj, const char *camel, const char *snake) {
    const jval *v = json_get(obj, camel);
    if (!v && snake) v = json_get(obj, snake);
    return v && v->type != J_NULL ? v : NULL;
}

static bool is_integer(const char *s) {
    s += *s == '-';
    return *s && strspn(s, "0123456789") == strlen(s);
}

bool get_int32(call *c, const jval *v, int *out) {
    if (!v) return true;
    if (v->type != J_NUM && v->type != J_STR) return mismatch(c, v, "int32", false);
    if (v->type == J_STR && !is_integer(v->s)) { /* the quotes are taken off, then it is read as JSON */
        buf err = {0};
        jval *inner = json_parse(c->a, v->s, v->n, &err);
        if (inner) mismatch(c, inner, "int32", true);
        else reply_error(c->r, G_INVALID, "%s", strcmp(buf_cstr(&err), "EOF") ? buf_cstr(&err) : "unexpected end of JSON input");
        buf_free(&err);
        return false;
    }
    errno = 0;
    long long n = strtoll(v->s, NULL, 10);
    if (!is_integer(v->s) || errno || n > INT32_MAX || n < INT32_MIN) {
        reply_error(c->r, G_INVALID, "json: cannot unmarshal number %s into Go value of type int32", v->s);
        return false;
    }
    *out = (int)n;
    return true;
}

bool get_bool(call *c, const jval *v, bool *out) {
    if (!v) return true;
    if (v->type != J_BOOL) return mismatch(c, v, "bool", false);
    *out = v->b;
    return true;
}

bool get_str(call *c, const jval *v, const char **out) {
    if (!v) return true;
    if (v->type != J_STR) return mismatch(c, v, "string", false);
    *out = v->s;
    return true;
}

bool get_double(call *c, const jval *v, double *out) {
    char *end;
    if (!v) return true;
    if (v->type == J_STR && string_number(v->s, out)) return true;
    if (v->type != J_NUM && v->type != J_STR) return mismatch(c, v, "float64", false);
    *out = strtod(v->s, &end);
    if (*end || !*v->s || isinf(*out)) return mismatch(c, v, "float64", true);
    return true;
}

bool get_object(call *c, const jval *v) {
    return !v || v->type == J_OBJ || mismatch(c, v, "map[string]json.RawMessage", false);
}

/* The first number in v that does not fit float64, with the path of keys to it in front. */
static const jval *unfit(const jval *v, buf *path) {
    double d;
    if (v->type == J_NUM && !json_numeric(v, &d)) return v;
    for (const jval *k = v->child; k; k = k->next) {
        size_t before = path->len;
        if (v->type == J_OBJ) {
            buf_str(path, "bad value in StructValue for key ");
            buf_json(path, k->key, k->key_n);
            buf_str(path, ": ");
        }
        const jval *bad = unfit(k, path);
        if (bad) return bad;
        path->len = before;
    }
    return NULL;
}

bool get_struct(call *c, jval *v) {
    buf path = {0};
    if (!v) return true;
    if (v->type != J_OBJ) {
        reply_error(c->r, G_INVALID, "bad StructValue: json: cannot unmarshal %s into Go value of type map[string]json.RawMessage", kind(v));
        return false;
    }
    const jval *bad = unfit(v, &path);
    if (bad) reply_error(c->r, G_INVALID, "%sunrecognized type for Value \"%s\"", buf_cstr(&path), bad->s);
    else json_sort(v);
    buf_free(&path);
    return !bad;
}

bool get_time(call *c, const jval *v, usec *out) {
    if (!v) return true;
    if (v->type != J_STR) return mismatch(c, v, "string", false);
    if (time_parse(v->s, out)) return true;
    const char *rest = strlen(v->s) > 10 ? v->s + 10 : "";
    reply_error(c->r, G_INVALID, "bad Timestamp: parsing time \"%s\" as \"2006-01-02T15:04:05.999999999Z07:00\": cannot parse \"%s\" as \"T\"", v->s, rest);
    return false;
}

bool get_enum(call *c, const jval *v, const char *const *names, int n, const char *type, int *out) {
    if (!v) return true;
    if (v->type == J_NUM) return get_int32(c, v, out);
    if (v->type != J_STR) return mismatch(c, v, "int32", false);
    for (int i = 0; i < n; i++)
        if (names[i] && !strcmp(names[i], v->s)) {
            *out = i;
            return true;
        }
    buf quoted = {0}, twice = {0};
    buf_json(&quoted, v->s, v->n);
    buf_json(&twice, quoted.p, quoted.len);
    reply_error(c->r, G_INVALID, "unknown value %s for enum %s", buf_cstr(&twice), type);
    buf_free(&quoted);
    buf_free(&twice);
    return false;
}

/* ---- query ---- */

static int hexval(char c) {
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static const char *unescape(call *c, const char *s, size_t n) {
    char *d = arena_get(c->a, n + 1), *at = d;
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '%' && i + 2 < n && hexval(s[i + 1]) >= 0 && hexval(s[i + 2]) >= 0) {
            *at++ = (char)(hexval(s[i + 1]) * 16 + hexval(s[i + 2]));
            i += 2;
        } else {
            *at++ = s[i] == '+' ? ' ' : s[i];
        }
    }
    return d;
}

const char *query(call *c, const char *camel, const char *snake, int n) {
    for (const char *at = c->q->query; *at; at += strcspn(at, "&"), at += *at == '&') {
        size_t len = strcspn(at, "&"), key = strcspn(at, "=&");
        const char *k = unescape(c, at, key);
        if (strcmp(k, camel) && (!snake || strcmp(k, snake))) continue;
        if (n-- == 0) return unescape(c, at + key + (key < len), len - key - (key < len));
    }
    return NULL;
}

bool query_int32(call *c, const char *camel, const char *snake, int *out) {
    const char *s = query(c, camel, snake, 0);
    char *end;
    if (!s) return true;
    errno = 0;
    long long n = strtoll(s, &end, 0);
    if (!*s || *end || *s == ' ') return invalid(c, "strconv.ParseInt: parsing \"", s, "\": invalid syntax");
    if (errno || n > INT32_MAX || n < INT32_MIN) return invalid(c, "strconv.ParseInt: parsing \"", s, "\": value out of range");
    *out = (int)n;
    return true;
}

char *text_of(const jval *v) {
    buf b = {0};
    json_print(&b, v);
    char *s = xstrndup(b.p, b.len);
    buf_free(&b);
    return s;
}

void ok(call *c) {
    c->r->status = 200;
}
