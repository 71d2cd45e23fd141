/* SPDX-License-Identifier: Apache-2.0
 * Dates as days: see utc.h. Years are counted from 1 March, so that a leap day is the last of its year; the months
 * from then on have 153 days in each five. */
#include "utc.h"

int32_t det__utc_days(int year, int mon, int day) {
    uint32_t y = (uint32_t)(mon <= 2 ? year - 1 : year); /* unsigned: cheaper to divide */
    uint32_t m = (uint32_t)(mon <= 2 ? mon + 9 : mon - 3);
    return (int32_t)(y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5) + day - 719469;
}
