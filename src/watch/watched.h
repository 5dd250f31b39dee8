// SPDX-License-Identifier: Apache-2.0
/* A window that was looked at, what was found, and what a watch knew after it. A line of history.jsonl each:
 *
 *     {"from":"2026-11-27T01:00:00Z","to":"2026-11-27T02:00:00Z","result":"violated","pictures":1000,"violations":2,
 *      "accuracy":[0.71,0.66,0.75],"summary":"1000 pictures: 2 violations (…)",
 *      "state":"violated","event":"violation","streak":0,"totals":{"fine":40,"violated":1,"few":0, …}}
 *
 * "accuracy" is the estimate and its 95% interval, null where there is none. The last line is all that a watch has to
 * know to go on, and a window's line follows from the window, the baseline and the line before: no clock, no chance,
 * but for captures that cannot be read, which are given up after some time.
 */
#ifndef GD_WATCH_WATCHED_H
#define GD_WATCH_WATCHED_H

#include "base/text.h"
#include "monitor/accuracy.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum gd_watched_result {
    GD_WATCHED_FINE,
    GD_WATCHED_VIOLATED,
    GD_WATCHED_FEW,        /* too few pictures to say anything */
    GD_WATCHED_EMPTY,      /* none */
    GD_WATCHED_FAILED,     /* captures that cannot be checked: answers of other classes, nothing but broken lines */
    GD_WATCHED_UNREADABLE, /* captures that the system did not give, until they were given up */
    GD_WATCHED_SKIPPED,    /* several windows at once, which nobody looked at */
    GD_WATCHED_RESULTS
} gd_watched_result;
extern const char *const gd_watched_result_names[GD_WATCHED_RESULTS]; /* "fine" … */

typedef enum gd_watched_event {
    GD_WATCHED_NOTHING,
    GD_WATCHED_VIOLATION,
    GD_WATCHED_RECOVERY,
    GD_WATCHED_EVENTS
} gd_watched_event;
extern const char *const gd_watched_event_names[GD_WATCHED_EVENTS]; /* "none", "violation", "recovery" */

enum { GD_WATCHED_SUMMARY = 256 /* bytes, with the 0 */ };

typedef struct gd_watched {
    int64_t from_ms, to_ms; /* [from, to), since 1970 */
    gd_watched_result result;
    int64_t pictures;
    int violations;
    gd_estimate accuracy; /* NaN: no estimate */
    char summary[GD_WATCHED_SUMMARY];

    /* after it */
    bool violated; /* the state */
    gd_watched_event event;
    int streak;                         /* windows in a row that speak against the state */
    int64_t totals[GD_WATCHED_RESULTS]; /* windows of each result, of all the history */
} gd_watched;                           /* a plain struct: copied by assignment */

/* Sets summary, cut to whole characters. */
void gd_watched_say(gd_watched *window, const char *summary);

/* What is known after `window`: `violate_after` violated ones in a row make the state violated, `recover_after` fine
 * ones in a row make it fine again; others neither count nor interrupt. `before`: the window before it, NULL for the
 * first. `windows`: how many it stands for. */
void gd_watched_follow(gd_watched *window, const gd_watched *before, int violate_after, int recover_after,
                       int64_t windows);

/* Its line, without a newline. */
void gd_watched_print(const gd_watched *window, gd_text *out);

/* From a line of `length` bytes, number `number` of `file`. FORMAT, with its place. */
gd_status gd_watched_read(const char *file, int number, const char *line, size_t length, gd_watched *window,
                          gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
