// SPDX-License-Identifier: Apache-2.0
/* Checks again and again. Time is cut into windows (watch/period.h), and each is checked once it is over:
 *
 *     check ──► DIR/2026-11-27T0100/   statistics, violations, verdict, report
 *        └────► metrics, CloudWatch lines, index.html
 *                  └──► history.jsonl  the line that makes the window count
 *                           └──► alerts, where the state has changed (watch/outbox.h)
 *
 * What comes of a window is written before its line, and follows from nothing but the captures, the baseline and the
 * line before. So a watch that is killed, at whatever instant, does the window again and writes the same; no window is
 * counted twice or left out. Reports, metrics and index.html appear whole or not at all.
 *
 * A window whose captures, or some of them, the system does not give (EACCES, EIO, a folder that is not there) is tried
 * again in every turn, and those behind it wait, until it is read, or its time is over: then what can be read of it
 * counts, and "unreadable" where that is nothing.
 */
#ifndef GD_WATCH_WATCH_H
#define GD_WATCH_WATCH_H

#include "check/check.h"
#include "watch/endpoint.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_watch_options {
    gd_check_options check;    /* its window, folder and checks_per_month are the watch's */
    const char *folder;        /* DIR */
    int64_t window_ms, lag_ms; /* watch/period.h */
    int64_t every_ms;          /* how often it is looked whether a window is over */
    int64_t from_ms;           /* where a new history begins; 0: with the last window that is over */
    int64_t keep_ms;           /* how long reports and history are kept */
    int64_t patience_ms;       /* how long behind its end a window is tried again whose captures cannot be read */
    int catch_up;              /* windows that are over and are still checked; those before are left out */
    int violate_after, recover_after;
    bool once;                     /* what is over now, and no more */
    const char *metrics;           /* file for Prometheus; NULL: none, as below */
    gd_endpoint *endpoint;         /* likewise over HTTP; borrowed */
    const char *cloudwatch;        /* file that lines are appended to */
    const char *const *webhook;    /* the program that posts, and its arguments; ends with NULL */
    const char *const *secrets;    /* of the webhook: its environment; likewise */
    const char *const *command;    /* likewise */
    double command_seconds;        /* that it may take */
    volatile int *turn;            /* not 0: look at once, and what the baseline is; set to 0 then */
    void (*say)(const char *line); /* what happens, a line each; on any thread */
} gd_watch_options;

/* Until check.stop, or `once`. `violated`: the state at the end. STOPPED, soon, with nothing half-written; what is
 * wrong with options, folder or baseline, at once; with `once` what went wrong. Without it, what may pass (a disk that
 * is full, captures that cannot be read) is said, and tried again every time. */
gd_status gd_watch_captures(const gd_watch_options *options, bool *violated, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
