// SPDX-License-Identifier: Apache-2.0
#include "watch/period.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static int64_t floor_to(int64_t ms, int64_t length_ms)
{
    const int64_t rest = ms % length_ms;
    return ms - rest - (rest < 0 ? length_ms : 0);
}

gd_period gd_period_at(int64_t from_ms, int64_t length_ms)
{
    return (gd_period){from_ms, floor_to(from_ms, length_ms) + length_ms};
}

gd_period gd_period_last(int64_t length_ms, int64_t lag_ms, int64_t now_ms)
{
    const int64_t to = floor_to(now_ms - lag_ms, length_ms);
    return (gd_period){to - length_ms, to};
}

int64_t gd_periods_over(int64_t from_ms, int64_t length_ms, int64_t lag_ms, int64_t now_ms)
{
    const int64_t first = gd_period_at(from_ms, length_ms).to_ms;
    const int64_t last = gd_period_last(length_ms, lag_ms, now_ms).to_ms;
    return last < first ? 0 : (last - first) / length_ms + 1;
}

gd_period gd_period_left_out(int64_t from_ms, int64_t length_ms, int64_t lag_ms, int64_t now_ms, int64_t most)
{
    if (gd_periods_over(from_ms, length_ms, lag_ms, now_ms) <= most)
        return (gd_period){from_ms, from_ms};
    return (gd_period){from_ms, gd_period_last(length_ms, lag_ms, now_ms).to_ms - most * length_ms};
}

const char *gd_period_name(int64_t from_ms, char text[GD_TIME_TEXT])
{
    const time_t seconds = (time_t)(floor_to(from_ms, 1000) / 1000);
    struct tm parts;
    if (!gmtime_r(&seconds, &parts) ||
        strftime(text, GD_TIME_TEXT, from_ms % 60000 == 0 ? "%Y-%m-%dT%H%M" : "%Y-%m-%dT%H%M%S", &parts) == 0)
        text[0] = '\0';
    return text;
}

bool gd_period_read_name(const char *name, int64_t *from_ms)
{
    char whole[32], again[GD_TIME_TEXT];
    const size_t length = strlen(name);
    if (length != 15 && length != 17)
        return false;
    snprintf(whole, sizeof whole, "%.13s:%.2s:%.2sZ", name, name + 13, length == 17 ? name + 15 : "00");
    return gd_time_read(whole, strlen(whole), from_ms) && strcmp(gd_period_name(*from_ms, again), name) == 0;
}

bool gd_duration_read(const char *text, int64_t *ms)
{
    static const struct {
        char letter;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60 * 1000}, {'h', GD_HOUR_MS}, {'d', 24 * (int64_t)GD_HOUR_MS}};
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    errno = 0;
    const long n = strtol(text, &end, 10);
    if (errno != 0 || n < 1 || n > 1000000 || !*end || end[1])
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (*end == units[i].letter) {
            *ms = n * units[i].ms;
            return true;
        }
    }
    return false;
}
