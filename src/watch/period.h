// SPDX-License-Identifier: Apache-2.0
/* Which time a watch looks at next. Periods lie end to end, so that each moment is in one of them and in no other:
 *
 *     history ends      multiples of the length since 1970
 *          |       :                :                :          now
 *          [ first )[    second     )[    third      )           |
 *                                                     <-- lag -->
 *
 * A period is over when `lag` has passed behind its end: captures are flushed some time after they are made. The one
 * that follows a history of another length, or a beginning in between, is shorter. Pure.
 */
#ifndef GD_WATCH_PERIOD_H
#define GD_WATCH_PERIOD_H

#include "captured/time.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GD_MONTH_MS (INT64_C(720) * GD_HOUR_MS) /* what checks_per_month means by a month */

typedef struct gd_period {
    int64_t from_ms, to_ms; /* [from, to), since 1970 */
} gd_period;

/* The period that begins at `from_ms`. */
gd_period gd_period_at(int64_t from_ms, int64_t length_ms);

/* The last one that is over. */
gd_period gd_period_last(int64_t length_ms, int64_t lag_ms, int64_t now_ms);

/* How many from `from_ms` on are over. */
int64_t gd_periods_over(int64_t from_ms, int64_t length_ms, int64_t lag_ms, int64_t now_ms);

/* What is left out of those that are over so that `most` of them are left; empty where there are no more. */
gd_period gd_period_left_out(int64_t from_ms, int64_t length_ms, int64_t lag_ms, int64_t now_ms, int64_t most);

/* What a period's folder is called, by its begin: "2026-11-27T0100", or with seconds "2026-11-27T010030". And back;
 * false: it is no such name. Returns `text`. */
const char *gd_period_name(int64_t from_ms, char text[GD_TIME_TEXT]);
bool gd_period_read_name(const char *name, int64_t *from_ms);

/* "90s", "5m", "1h", "30d": whole numbers above 0. False: it is none. */
bool gd_duration_read(const char *text, int64_t *ms);

#ifdef __cplusplus
}
#endif
#endif
