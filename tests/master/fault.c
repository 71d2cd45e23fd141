/* SPDX-License-Identifier: Apache-2.0
 * Keeps and matches the rules of fault.h. */
#include "fault.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static fault **rules; /* each allocated by itself and kept to the end: a connection may hold on to one */
static size_t first, nrules; /* those from `first` on are in force */

typedef struct name {
    const char *key;
    size_t at;
    int kind; /* 0 int, 1 bool */
} name;

static const name NAMES[] = {
    {"conn", offsetof(fault, conn), 0}, {"skip", offsetof(fault, skip), 0}, {"every", offsetof(fault, every), 0},
    {"count", offsetof(fault, count), 0}, {"delay_ms", offsetof(fault, delay_ms), 0}, {"answer_ms", offsetof(fault, answer_ms), 0},
    {"status", offsetof(fault, status), 0}, {"retry_after", offsetof(fault, retry_after), 0}, {"hangup_ms", offsetof(fault, hangup_ms), 0},
    {"garbage", offsetof(fault, garbage), 0}, {"slow_bytes", offsetof(fault, slow_bytes), 0}, {"slow_ms", offsetof(fault, slow_ms), 0},
    {"close_at", offsetof(fault, close_at), 0}, {"reset_at", offsetof(fault, reset_at), 0}, {"stall_at", offsetof(fault, stall_at), 0},
    {"late", offsetof(fault, late), 1}, {"never", offsetof(fault, never), 1}, {"half", offsetof(fault, half), 1},
    {"close", offsetof(fault, close), 1}, {"http10", offsetof(fault, http10), 1}, {"commit", offsetof(fault, commit), 1},
};

static bool set_text(fault *f, const jval *v) {
    if (!strcmp(v->key, "path")) snprintf(f->path, sizeof f->path, "%s", v->s);
    else if (!strcmp(v->key, "method")) snprintf(f->method, sizeof f->method, "%s", v->s);
    else if (!strcmp(v->key, "text")) f->text = xstrndup(v->s, v->n);
    else if (!strcmp(v->key, "raw")) {
        f->raw = xstrndup(v->s, v->n);
        f->raw_len = v->n;
    } else {
        return false;
    }
    return true;
}

static bool set_field(fault *f, const jval *v) {
    if (v->type == J_STR) return set_text(f, v);
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (strcmp(NAMES[i].key, v->key)) continue;
        if (v->type != (NAMES[i].kind ? J_BOOL : J_NUM)) return false;
        void *at = (char *)f + NAMES[i].at;
        if (NAMES[i].kind) *(bool *)at = v->b;
        else *(int *)at = atoi(v->s);
        if (!strcmp(v->key, "commit")) f->has_commit = true;
        return true;
    }
    return false;
}

static void rule_free(fault *f) {
    free(f->raw);
    free(f->text);
    free(f);
}

bool fault_add(const jval *rule, buf *why) {
    fault *f = xmalloc(sizeof *f);
    f->close_at = f->reset_at = f->stall_at = -1;
    f->hangup_ms = -1;
    f->every = 1;
    for (const jval *v = rule->child; v; v = v->next) {
        if (rule->type == J_OBJ && set_field(f, v)) continue;
        buf_fmt(why, "unknown or mistyped field: %s", v->key ? v->key : "");
        rule_free(f);
        return false;
    }
    if (f->every < 1) f->every = 1;
    rules = xrealloc(rules, (nrules + 1) * sizeof *rules);
    rules[nrules++] = f;
    return true;
}

bool fault_add_text(const char *json, buf *why) {
    arena a = {0};
    jval *v = json_parse(&a, json, strlen(json), why);
    bool good = v != NULL;
    if (v && v->type == J_OBJ) good = fault_add(v, why);
    for (const jval *k = v && v->type == J_ARR ? v->child : NULL; k && good; k = k->next) good = fault_add(k, why);
    arena_free(&a);
    return good;
}

void fault_clear(void) {
    first = nrules;
}

void fault_free(void) {
    for (size_t i = 0; i < nrules; i++) rule_free(rules[i]);
    free(rules);
}

static bool fires(fault *f, const request *q, unsigned conn) {
    if (*f->method && strcmp(f->method, q->method)) return false;
    if (*f->path && !strstr(q->path, f->path)) return false;
    if (f->conn && (unsigned)f->conn != conn) return false;
    if (f->count && f->fired >= f->count) return false;
    int n = f->seen++ - f->skip;
    if (n < 0 || (n + 1) % f->every) return false;
    f->fired++;
    return true;
}

const fault *fault_next(const request *q, unsigned conn) {
    for (size_t i = first; i < nrules; i++)
        if (fires(rules[i], q, conn)) return rules[i];
    return NULL;
}

/* HTTP/1.0, body until close. A chunked body would have to be decoded, so this is for short ones. */
static void old_server(buf *a) {
    char *end = memmem(a->p, a->len, "\r\n\r\n", 4);
    char *cl = end ? memmem(a->p, (size_t)(end - a->p), "\r\nContent-Length:", 17) : NULL;
    if (!cl) return;
    memcpy(a->p, "HTTP/1.0", 8);
    char *eol = memmem(cl + 2, (size_t)(a->p + a->len - cl - 2), "\r\n", 2);
    memmove(cl, eol, (size_t)(a->p + a->len - eol));
    a->len -= (size_t)(eol - cl);
}

bool fault_spoil(const fault *f, buf *answer) {
    if (f->raw || f->garbage) answer->len = 0;
    if (f->raw) buf_add(answer, f->raw, f->raw_len);
    if (f->garbage) {
        buf_reserve(answer, (size_t)f->garbage);
        random_bytes(answer->p, (size_t)f->garbage);
        answer->len = (size_t)f->garbage;
    }
    if (f->http10) old_server(answer);
    return f->http10;
}

void fault_show(buf *b) {
    buf_str(b, "{\"rules\":[");
    for (size_t i = first; i < nrules; i++) {
        buf_fmt(b, "%s{\"path\":", i > first ? "," : "");
        buf_json(b, rules[i]->path, strlen(rules[i]->path));
        buf_fmt(b, ",\"seen\":%d,\"fired\":%d}", rules[i]->seen, rules[i]->fired);
    }
    buf_str(b, "]}\n");
}
