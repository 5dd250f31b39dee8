// SPDX-License-Identifier: Apache-2.0
/* What whoever is alerted gets to know.
 *
 *     as JSON, a webhook's body and a command's standard input:
 *         {"text":"…","event":"violation","state":"violated","title":"…","from":"…","to":"…","pictures":1000,
 *          "violations":2,"summary":"…","report":"/…/report.html","constraint_violations":{"violations":[…]}}
 *     as environment:
 *         GRIDDLE_TEXT, _EVENT, _STATE, _TITLE, _FROM, _TO, _PICTURES, _VIOLATIONS, _SUMMARY, _REPORT
 *
 * "text" is a sentence, where chats look for one; the last is the window's constraint_violations.json, while that is
 * there.
 */
#ifndef GD_WATCH_ALERT_H
#define GD_WATCH_ALERT_H

#include "base/arena.h"
#include "watch/watched.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_alert {
    const char *body;
    const char *const *environment; /* ends with NULL */
} gd_alert;

/* Of a window of the watch in `folder`. `more`: environment behind it; ends with NULL. In the arena. NOMEM. */
gd_status gd_alert_make(const char *folder, const char *title, const gd_watched *window, const char *const *more,
                        gd_arena *arena, gd_alert *alert, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
