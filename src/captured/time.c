// SPDX-License-Identifier: Apache-2.0
#include "captured/time.h"

#include <string.h>
#include <time.h>

static bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

/* Days from 1 January 1970. */
static int64_t days_before(int year, int month, int day)
{
    static const int before[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334};
    const int y = year - 1;
    const int64_t to_year = 365 * (int64_t)y + y / 4 - y / 100 + y / 400 - 719162;
    return to_year + before[month - 1] + (month > 2 && is_leap(year)) + day - 1;
}

bool gd_time_hour(int year, int month, int day, int hour, int64_t *ms)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (year < 1 || month < 1 || month > 12 || hour < 0 || hour > 23)
        return false;
    if (day < 1 || day > days[month - 1] + (month == 2 && is_leap(year)))
        return false;
    *ms = (24 * days_before(year, month, day) + hour) * GD_HOUR_MS;
    return true;
}

/* `n` digits at `at`; -1: others. */
static int digits(const char *at, int n)
{
    int value = 0;
    for (int i = 0; i < n; i++) {
        if (at[i] < '0' || at[i] > '9')
            return -1;
        value = 10 * value + (at[i] - '0');
    }
    return value;
}

/* "Z" or "+01:00", to the end of the text, in minutes. */
static bool read_zone(const char *at, size_t length, int *minutes)
{
    *minutes = 0;
    if (length == 1)
        return *at == 'Z' || *at == 'z';
    if (length != 6 || (*at != '+' && *at != '-') || at[3] != ':')
        return false;
    const int hours = digits(at + 1, 2), rest = digits(at + 4, 2);
    *minutes = (*at == '-' ? -1 : 1) * (60 * hours + rest);
    return hours >= 0 && hours < 24 && rest >= 0 && rest < 60;
}

bool gd_time_read(const char *text, size_t length, int64_t *ms)
{
    /*                           0123456789012345678 */
    static const char form[] = "dddd-dd-ddTdd:dd:dd";
    enum { FORM = sizeof form - 1 };
    if (length <= FORM)
        return false;
    for (int i = 0; i < FORM; i++) {
        const bool fits = form[i] == 'd'   ? text[i] >= '0' && text[i] <= '9'
                          : form[i] == 'T' ? strchr("Tt ", text[i]) && text[i]
                                           : text[i] == form[i];
        if (!fits)
            return false;
    }
    const int minute = digits(text + 14, 2), second = digits(text + 17, 2);
    if (minute > 59 || second > 60 ||
        !gd_time_hour(digits(text, 4), digits(text + 5, 2), digits(text + 8, 2), digits(text + 11, 2), ms))
        return false;
    *ms += minute * 60000 + (second < 60 ? second : 59) * 1000;

    size_t at = FORM;
    if (text[at] == '.') {
        const size_t first = ++at;
        for (int weight = 100; at < length && text[at] >= '0' && text[at] <= '9'; at++, weight /= 10)
            *ms += weight * (text[at] - '0');
        if (at == first)
            return false;
    }
    int zone;
    if (at == length || !read_zone(text + at, length - at, &zone))
        return false;
    *ms -= zone * INT64_C(60000);
    return true;
}

const char *gd_time_text(int64_t ms, char text[GD_TIME_TEXT])
{
    const time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
    struct tm utc;
    *text = '\0';
    if (gmtime_r(&seconds, &utc) && utc.tm_year >= -900 && utc.tm_year < 8100)
        strftime(text, GD_TIME_TEXT, "%Y-%m-%dT%H:%M:%SZ", &utc);
    return text;
}
