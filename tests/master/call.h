/* SPDX-License-Identifier: Apache-2.0
 * One API call: its request, its answer in the making, and the fields of its body and query read by the gateway's rules
 * (contract 0.3, 0.4). A reader that fails has already written the 400 and returns false. */
#ifndef MASTER_CALL_H
#define MASTER_CALL_H

#include "reply.h"
#include "store.h"

typedef struct call {
    const request *q;
    reply *r;
    arena *a;
    jval *body;        /* object; empty for an empty body */
    int64_t id, id2;   /* integer path parameters, in order */
    char name[1024];   /* the string path parameter */
    user *who;         /* after call_auth() */
    const char *token; /* the bearer token given, or NULL */
} call;

typedef void handler(call *c);

/* The interceptor: runs after the body was decoded, before the handler proper. False: 401 written. */
bool call_auth(call *c);

/* A field by its two names (camelCase wins); null counts as unset: NULL. */
const jval *field(const jval *obj, const char *camel, const char *snake);
bool get_int32(call *c, const jval *v, int *out); /* v NULL: unchanged */
bool get_bool(call *c, const jval *v, bool *out);
bool get_str(call *c, const jval *v, const char **out);
bool get_double(call *c, const jval *v, double *out);
bool get_object(call *c, const jval *v);          /* a message */
bool get_struct(call *c, jval *v);                /* google.protobuf.Struct: numbers fit; sorts it */
bool get_time(call *c, const jval *v, usec *out);
/* Enum by symbolic name or number; names[i] belongs to number i. */
bool get_enum(call *c, const jval *v, const char *const *names, int n, const char *type, int *out);

/* The n-th value of a query key (decoded, in the arena), or NULL. */
const char *query(call *c, const char *camel, const char *snake, int n);
bool query_int32(call *c, const char *camel, const char *snake, int *out);

char *text_of(const jval *v); /* canonical JSON, malloc'ed */
void ok(call *c);             /* 200, body as built */

#endif
