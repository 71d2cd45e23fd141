/* SPDX-License-Identifier: Apache-2.0
 * Dates as days: see utc.h. Years are counted from 1 March, so that a leap day is the last of its year; the months
 * from then on have 153 days in each five. */
#include "utc.h"

int32_t det__utc_days(int year, int mon, int day) {
    uint32_t y = (uint32_t)(mon <= 2 ? year - 1 : year); /* unsigned: cheaper to divide */
    uint32_t m = (uint32_t)(mon <= 2 ? mon + 9 : mon - 3);
    return (int32_t)(y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5) + day - 719469;
}

static char *put(char *p, uint32_t v, unsigned digits, char then) {
    for (unsigned i = digits; i--; v /= 10) p[i] = (char)('0' + v % 10);
    p[digits] = then;
    return p + digits + 1;
}

/* The year by estimate and correction: no division by 146097 and what follows from it. */
void det__utc_text(int64_t seconds, char out[21]) {
    uint32_t day = (uint32_t)(seconds / 86400), s = (uint32_t)(seconds - (int64_t)day * 86400);
    int year = (int)(day / 366) + 1970, mon = 1;
    while (year < 9999 && det__utc_days(year + 1, 1, 1) <= (int32_t)day) year++;
    while (mon < 12 && det__utc_days(year, mon + 1, 1) <= (int32_t)day) mon++;
    char *p = put(out, (uint32_t)year, 4, '-');
    p = put(p, (uint32_t)mon, 2, '-');
    p = put(p, day - (uint32_t)det__utc_days(year, mon, 1) + 1, 2, 'T');
    p = put(p, s / 3600, 2, ':');
    p = put(p, s / 60 % 60, 2, ':');
    p = put(p, s % 60, 2, 'Z');
    *p = 0;
}
