/* SPDX-License-Identifier: Apache-2.0
 * Civil dates as days, against counting them one by one. */
#include "base/utc.h"
#include "unit.h"

static void known_dates_have_their_number(void) {
    static const struct {
        int year, mon, day;
        int32_t days;
    } date[] = {
        {1970, 1, 1, 0},      {1969, 12, 31, -1},   {1970, 3, 1, 59},      {2000, 2, 29, 11016}, {2000, 3, 1, 11017},
        {2020, 1, 1, 18262},  {2038, 1, 19, 24855}, {2090, 1, 1, 43830},   {2100, 2, 28, 47540}, {2100, 3, 1, 47541},
        {1583, 1, 1, -141349}, {1900, 1, 1, -25567}, {9999, 12, 31, 2932896},
    };
    for (size_t i = 0; i < sizeof date / sizeof date[0]; i++)
        CHECK_INT(det__utc_days(date[i].year, date[i].mon, date[i].day), date[i].days);
}

static void every_day_is_one_more_than_the_day_before(void) {
    static const int month[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int32_t days = -719162; /* 0001-01-01 */
    for (int y = 1; y <= 9999; y++) {
        int leap = y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
        for (int m = 1; m <= 12; m++)
            for (int d = 1; d <= month[m - 1] + (m == 2 && leap); d++) CHECK_INT(det__utc_days(y, m, d), days++);
    }
    CHECK_INT(days, 2932897);
}

static void a_day_too_many_is_the_next_month_s(void) {
    CHECK_INT(det__utc_days(2021, 2, 29), det__utc_days(2021, 3, 1));
    CHECK_INT(det__utc_days(2021, 4, 31), det__utc_days(2021, 5, 1));
}

static const unit_test tests[] = {
    TEST(known_dates_have_their_number),
    TEST(every_day_is_one_more_than_the_day_before),
    TEST(a_day_too_many_is_the_next_month_s),
};

UNIT_MAIN(tests)
