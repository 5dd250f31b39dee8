// SPDX-License-Identifier: Apache-2.0
/* index.html of a watch's folder: its state, and its windows with the way to their reports, newest first. */
#ifndef GD_WATCH_PAGE_H
#define GD_WATCH_PAGE_H

#include "watch/history.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_WATCH_PAGE_WINDOWS = 1000 /* that are listed */ };

/* The history, and the window that is about to be appended to it. `title`: of the captures. NOMEM. */
gd_status gd_watch_page_print(const gd_history *history, const gd_watched *last, const char *title, gd_text *out,
                              gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
