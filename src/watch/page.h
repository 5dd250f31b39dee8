// SPDX-License-Identifier: Apache-2.0
/* index.html of a watch's folder: its state, and its windows with the way to their reports, newest first. */
#ifndef GD_WATCH_PAGE_H
#define GD_WATCH_PAGE_H

#include "watch/history.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_WATCH_PAGE_WINDOWS = 1000 /* that are listed */ };

typedef struct gd_watch_page {
    const gd_history *history;
    const gd_watched *last; /* the window that is about to be appended to it */
    const char *title;      /* of the captures */
    int64_t kept_ms;        /* reports of windows that began before are no more */
} gd_watch_page;

/* Appends it. NOMEM. */
gd_status gd_watch_page_print(const gd_watch_page *of, gd_text *out, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
