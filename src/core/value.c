/* SPDX-License-Identifier: Apache-2.0
 * What the master would refuse, or take and choke on later, found when it is reported (contract 5.2, 5.5). */
#include <string.h>

#include "internal.h"

int det__equal(const char *a, const char *b) {
    while (*a && *a == *b) a++, b++;
    return *a == *b;
}

int det__value_group(const char *group) {
    size_t n = 0;
    for (; group[n]; n++)
        if (group[n] == '.') return DET_E_GROUP;
    if (!n || n > 255 || det__equal(group, "avg_metrics") || det__equal(group, "validation_metrics")) return DET_E_GROUP;
    return (int)n;
}

uint8_t det__value_part(const char *group) {
    static const char profiling[][8] = {"gpu", "cpu", "memory", "disk", "network"};
    if (det__equal(group, "training")) return DET__TRAINING;
    if (det__equal(group, "validation")) return DET__VALIDATION;
    for (size_t i = 0; i < sizeof profiling / sizeof *profiling; i++)
        if (det__equal(group, profiling[i])) return DET__PROFILING;
    return DET__CUSTOM;
}

/* Does a JSON number round to infinity as a double? By its digits: reading it as one would cost four times as much code.
 * One within a few parts of 10^20 of the bound counts as beyond. */
static int is_beyond(const char *p, const char *end) {
    static const char bound[] = "17976931348623158079"; /* 2^1024 - 2^970, times 10^308 */
    const char *digit = bound;
    int order = -1, power = 0, more = 0, point = 0, negative;
    for (; p < end && (*p | 32) != 'e'; p++) {
        if (*p == '.') point = 1;
        if (*p < '0') continue; /* the sign */
        if (digit == bound && *p == '0') {
            order -= point;
            continue;
        }
        order += !point;
        if (!more && *digit) more = *p - *digit;
        digit += *digit != 0;
    }
    if (digit == bound) return 0;
    if (!more && *digit) more = -1;
    negative = end - p > 1 && p[1] == '-';
    for (; p < end; p++)
        if (*p >= '0' && *p <= '9' && power < 10000) power = power * 10 + *p - '0';
    order += negative ? -power : power;
    return order > 308 || (order == 308 && more >= 0);
}

/* A token the master's database cannot hold: U+0000 in text, a number beyond a double. */
static int token_refused(int type, const det_json_token *t) {
    if (type == DET_JSON_NUMBER) return t->more || is_beyond(t->text, t->text + t->len);
    if (type != DET_JSON_KEY && type != DET_JSON_STRING) return 0;
    for (size_t i = 0; i < t->len; i++)
        if (!t->text[i]) return 1;
    return 0;
}

int det__value_json(const char *json) {
    char scratch[64];
    det_json_reader r;
    det_json_token t;
    int first = 0, type;
    det_json_read_init(&r, scratch, sizeof scratch);
    det_json_feed(&r, json, strlen(json), 1);
    while ((type = det_json_next(&r, &t)) > 0) {
        if (!first) first = type;
        if (token_refused(type, &t)) return DET_E_VALUE;
    }
    return type == DET_JSON_END ? first : DET_E_VALUE;
}

/* By its bits: no floating-point arithmetic, which is software on most microcontrollers. */
static int is_finite(double d) {
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return (bits >> 52 & 0x7FF) != 0x7FF;
}

/* epoch and epochs must be finite JSON numbers: the master takes neither text nor "NaN" for them. */
static int is_epoch(const char *name) {
    return det__equal(name, "epoch") || det__equal(name, "epochs");
}

int det__value_metric(const det_metric *m, const char *searched) {
    int type = m->type, number = type == DET_METRIC_DOUBLE || type == DET_METRIC_INT;
    if (!m->name || type < 0 || type > DET_METRIC_JSON) return DET_E_ARG;
    if (type >= DET_METRIC_STRING && !m->value.s) return DET_E_ARG;
    if (!DET_CHECK_VALUES) return DET_OK;
    if (type == DET_METRIC_JSON) {
        int first = det__value_json(m->value.s);
        if (first < 0) return DET_E_VALUE;
        number = first == DET_JSON_NUMBER;
    }
    if (number && (type != DET_METRIC_DOUBLE || is_finite(m->value.d))) return DET_OK;
    if (!number && searched && det__equal(m->name, searched)) return DET_E_VALUE;
    return is_epoch(m->name) ? DET_E_VALUE : DET_OK;
}
