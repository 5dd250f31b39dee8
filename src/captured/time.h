// SPDX-License-Identifier: Apache-2.0
/* Times as capture writes them, and as its folders are named. */
#ifndef GD_CAPTURED_TIME_H
#define GD_CAPTURED_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_HOUR_MS = 3600 * 1000, GD_TIME_TEXT = 32 /* bytes */ };

/* A time of RFC 3339 ("2026-11-27T01:02:03Z", with a fraction or a zone "+01:00" too) as ms since 1970, rounded down;
 * a leap second is the one before it. False: it is none. */
bool gd_time_read(const char *text, size_t length, int64_t *ms);

/* The hour that a year, a month (from 1), a day (from 1) and an hour begin, in ms since 1970, UTC. False: there is no
 * such hour. */
bool gd_time_hour(int year, int month, int day, int hour, int64_t *ms);

/* "2026-11-27T01:02:03Z", without what is less than a second. Returns `text`; "" for a year of other than four digits.
 */
const char *gd_time_text(int64_t ms, char text[GD_TIME_TEXT]);

#ifdef __cplusplus
}
#endif
#endif
