/* SPDX-License-Identifier: Apache-2.0
 * What the master would refuse, or take and choke on later, found when it is reported (contract 5.2, 5.5). */
#include <string.h>

#include "internal.h"

static int equal(const char *a, const char *b) {
    size_t n = strlen(a);
    return n == strlen(b) && memcmp(a, b, n) == 0;
}

int det__value_group(const char *group) {
    size_t n = strlen(group);
    if (!n || n > 255) return DET_E_GROUP;
    for (size_t i = 0; i < n; i++)
        if (group[i] == '.') return DET_E_GROUP;
    return equal(group, "avg_metrics") || equal(group, "validation_metrics") ? DET_E_GROUP : DET_OK;
}

/* A token the master's database cannot hold: U+0000 in text, a number beyond a double. */
static int token_refused(int type, const det_json_token *t) {
    double d;
    if (type == DET_JSON_NUMBER) return det_json_to_double(t, &d) != DET_OK;
    if (type != DET_JSON_KEY && type != DET_JSON_STRING) return 0;
    for (size_t i = 0; i < t->len; i++)
        if (!t->text[i]) return 1;
    return 0;
}

int det__value_json(const char *json, int *is_number) {
    char scratch[64];
    det_json_reader r;
    det_json_token t;
    int first = -1, type;
    det_json_read_init(&r, scratch, sizeof scratch);
    det_json_feed(&r, json, strlen(json), 1);
    while ((type = det_json_next(&r, &t)) > 0) {
        if (first < 0) first = type;
        if (token_refused(type, &t)) return DET_E_VALUE;
    }
    *is_number = first == DET_JSON_NUMBER;
    return type == DET_JSON_END ? DET_OK : DET_E_VALUE;
}

/* epoch and epochs must be finite JSON numbers: the master takes neither text nor "NaN" for them. */
static int is_epoch(const char *name) {
    return equal(name, "epoch") || equal(name, "epochs");
}

/* By its bits: no floating-point arithmetic, which is software on most microcontrollers. */
static int is_finite(double d) {
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return (bits >> 52 & 0x7FF) != 0x7FF;
}

int det__value_progress(double d) {
    const uint64_t one = UINT64_C(0x3FF0000000000000), minus_zero = UINT64_C(1) << 63;
    uint64_t bits;
    memcpy(&bits, &d, sizeof bits);
    return bits <= one || bits == minus_zero ? DET_OK : DET_E_VALUE;
}

int det__value_metric(const det_metric *m, int needs_number) {
    int number = m->type == DET_METRIC_DOUBLE || m->type == DET_METRIC_INT;
    if (!m->name) return DET_E_ARG;
    if (m->type == DET_METRIC_STRING || m->type == DET_METRIC_JSON) {
        if (!m->value.s) return DET_E_ARG;
        if (m->type == DET_METRIC_JSON && det__value_json(m->value.s, &number) != DET_OK) return DET_E_VALUE;
    } else if (m->type != DET_METRIC_BOOL && !number) {
        return DET_E_ARG;
    }
    if (is_epoch(m->name) && (!number || (m->type == DET_METRIC_DOUBLE && !is_finite(m->value.d)))) return DET_E_VALUE;
    return needs_number && !number ? DET_E_VALUE : DET_OK;
}
