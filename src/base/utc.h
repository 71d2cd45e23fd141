/* SPDX-License-Identifier: Apache-2.0
 * Dates of the civil calendar as days since 1970. Pure: knows no clock. */
#ifndef DET_BASE_UTC_H
#define DET_BASE_UTC_H

#include <stdint.h>

/* Days from 1970-01-01 to a date of the Gregorian calendar: year 1 … 9999, mon 1 … 12, day 1 … 31. A day that its month
 * does not have is counted on into the next month. */
int32_t det__utc_days(int year, int mon, int day);

/* RFC 3339 text of a time from 1970 on, "2026-01-02T03:04:05Z" and a NUL. */
void det__utc_text(int64_t seconds, char out[21]);

#endif
