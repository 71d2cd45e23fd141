/* SPDX-License-Identifier: Apache-2.0
 * det's own formats. The dates are those of the proleptic Gregorian calendar, years 1 to 9999, as Python's. */
#include "format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../base/utc.h"
#include "number.h"

/* ---- time -------------------------------------------------------------------------------------------------------- */

typedef struct scan {
    const char *p, *end;
    int bad;
} scan;

/* Exactly n digits. */
static int number(scan *s, int n) {
    int v = 0;
    for (; n; n--, s->p++) {
        if (s->p >= s->end || *s->p < '0' || *s->p > '9') return !(s->bad = 1);
        v = v * 10 + (*s->p - '0');
    }
    return v;
}

static void mark(scan *s, const char *any) {
    if (s->p >= s->end || !*s->p || !strchr(any, *s->p)) {
        s->bad = 1;
    } else {
        s->p++;
    }
}

static void skip_fraction(scan *s) {
    if (s->p >= s->end || *s->p != '.') return;
    s->p++;
    number(s, 1);
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9') s->p++;
}

/* Minutes east of Greenwich. */
static int offset(scan *s) {
    int sign, h, m;
    if (s->p < s->end && (*s->p == 'Z' || *s->p == 'z')) {
        s->p++;
        return 0;
    }
    sign = s->p < s->end && *s->p == '-' ? -1 : 1;
    mark(s, "+-");
    h = number(s, 2);
    mark(s, ":");
    m = number(s, 2);
    s->bad |= h > 23 || m > 59;
    return sign * (h * 60 + m);
}

/* The year, month and day of a number of days since 1970 (H. Hinnant, "chrono-compatible low-level date
 * algorithms"). */
static void civil(int32_t days, int *year, int *mon, int *day) {
    int32_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, doe = z - era * 146097;
    int32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *day = (int)(doy - (153 * mp + 2) / 5 + 1);
    *mon = (int)(mp < 10 ? mp + 3 : mp - 9);
    *year = (int)(yoe + era * 400) + (*mon <= 2);
}

static int month_days(int year, int mon) {
    return (int)((mon == 12 ? det__utc_days(year, 12, 31) + 1 : det__utc_days(year, mon + 1, 1)) -
                 det__utc_days(year, mon, 1));
}

/* Seconds since 1970; s->bad when it is no such time. */
static int64_t instant(scan *s) {
    int year = number(s, 4), mon, day, h, m, sec, east;
    mark(s, "-");
    mon = number(s, 2);
    mark(s, "-");
    day = number(s, 2);
    mark(s, "Tt ");
    h = number(s, 2);
    mark(s, ":");
    m = number(s, 2);
    mark(s, ":");
    sec = number(s, 2);
    skip_fraction(s);
    east = offset(s);
    s->bad |= s->p != s->end || year < 1 || mon < 1 || mon > 12 || day < 1 || h > 23 || m > 59 || sec > 59;
    if (s->bad || day > month_days(year, mon)) return !(s->bad = 1);
    return (int64_t)det__utc_days(year, mon, day) * 86400 + h * 3600 + m * 60 + sec - (int64_t)east * 60;
}

/* The year is not padded: so is %Y of glibc. */
void det__format_time(det__str text, det__buf *out) {
    scan s;
    int64_t at;
    int32_t days;
    int year, mon, day, left;
    char line[64];
    s.p = text.p;
    s.end = text.p + text.n;
    s.bad = 0;
    at = instant(&s);
    days = (int32_t)((at - (at < 0 ? 86399 : 0)) / 86400);
    left = (int)(at - (int64_t)days * 86400);
    civil(days, &year, &mon, &day);
    if (s.bad || year < 1 || year > 9999) {
        det__buf_str(out, text);
        return;
    }
    snprintf(line, sizeof line, "%d-%02d-%02d %02d:%02d:%02d+0000", year, mon, day, left / 3600, left / 60 % 60, left % 60);
    det__buf_str(out, det__str_of(line));
}

/* ---- the others -------------------------------------------------------------------------------------------------- */

void det__format_percent(double v, det__buf *out) {
    det__num_fixed1(v * 100, "%", out);
}

void det__format_size(double v, det__buf *out) {
    static const char *const units[] = {"B", "KB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"};
    size_t i = 0;
    for (; i < 8 && !(fabs(v) < 1024); i++) v /= 1024;
    det__num_fixed1(v, units[i], out);
}

void det__format_state(det__str s, det__buf *out) {
    static const char word[] = "STATE_";
    const size_t n = sizeof word - 1;
    while (s.n) {
        if (s.n >= n && memcmp(s.p, word, n) == 0) {
            s.p += n;
            s.n -= n;
        } else {
            det__buf_add(out, s.p++, 1);
            s.n--;
        }
    }
}

static int format_number(const det_json_token *t, det__buf *out) {
    double v;
    if (!memchr(t->text, '.', t->len) && !memchr(t->text, 'e', t->len) && !memchr(t->text, 'E', t->len)) {
        int minus_zero = t->len == 2 && memcmp(t->text, "-0", 2) == 0; /* an int has no sign at zero */
        det__buf_add(out, t->text + minus_zero, t->len - (size_t)minus_zero);
        return DET__CELL_INT;
    }
    if (det_json_to_double(t, &v) != DET_OK) v = t->text[0] == '-' ? -HUGE_VAL : HUGE_VAL;
    det__num_repr(v, out);
    return DET__CELL_FLOAT;
}

int det__format_scalar(int type, const det_json_token *t, det__str text, det__buf *out) {
    switch (type) {
    case DET_JSON_STRING: det__buf_str(out, text); return DET__CELL_TEXT;
    case DET_JSON_NUMBER: return format_number(t, out);
    case DET_JSON_TRUE:
    case DET_JSON_FALSE: det__buf_str(out, det__str_of(type == DET_JSON_TRUE ? "True" : "False")); return DET__CELL_BOOL;
    default: return DET__CELL_NONE;
    }
}
