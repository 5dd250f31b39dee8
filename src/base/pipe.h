// SPDX-License-Identifier: Apache-2.0
/* Items in order through several threads, and their results out in the same order.
 *
 *     take (one thread at a time, in order) ──► work (all threads at once) ──► give (the calling thread, in order)
 *
 * A thread has one item in hand; results wait in a ring until those before them are there, and who is a ring ahead
 * waits too. So memory does not grow with the number of items, and nobody can see from the results how many threads
 * there were.
 */
#ifndef GD_BASE_PIPE_H
#define GD_BASE_PIPE_H

#include "base/status.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_PIPE_THREADS = 1024 };

/* How many threads this process may run at once: its affinity mask's, 1 to GD_PIPE_THREADS. */
int gd_pipe_cores(void);

/* A failure ends the run: what was taken before the item that failed is still given, nothing behind it. */
typedef struct gd_pipe {
    void *context;
    int threads;         /* 1 to GD_PIPE_THREADS */
    int ahead;           /* results of each thread that the ring holds, at least 1 */
    size_t result_bytes; /* of a result. All 0 at first; then as `give` left it, so that its memory serves again */
    /* The next item into the hands of thread `worker`, 0 to threads - 1; `*more` false: there is none, and no more is
     * asked for. */
    gd_status (*take)(void *context, int worker, bool *more, gd_error *error);
    /* That item's result. */
    gd_status (*work)(void *context, int worker, void *result, gd_error *error);
    gd_status (*give)(void *context, void *result, gd_error *error);
    /* In the calling thread, after each result and some ten times a second: false: take no more, finish what was taken.
     */
    bool (*tick)(void *context);
    void (*release)(void *result); /* in the end, of all results */
} gd_pipe;

gd_status gd_pipe_run(const gd_pipe *pipe, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
