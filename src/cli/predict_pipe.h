// SPDX-License-Identifier: Apache-2.0
/* Items in order through several threads, and their results out in the same order.
 *
 *     take (one thread at a time, in order) ──► work (all threads at once) ──► give (the calling thread, in order)
 *
 * A thread has one item in hand; results wait in a ring until those before them are there, and who is a ring ahead
 * waits too. So memory does not grow with the number of items, and nobody can see from the results how many threads
 * there were.
 */
#ifndef GD_CLI_PREDICT_PIPE_H
#define GD_CLI_PREDICT_PIPE_H

#include "base/text.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { GD_PIPE_THREADS = 1024 };

typedef struct gd_pipe_result {
    gd_text line;  /* empty when work begins */
    bool is_error; /* for the caller: work sets, give reads */
    double part;   /* likewise: of the input that has been taken */
} gd_pipe_result;

/* A failure ends the run: what was taken before the item that failed is still given, nothing behind it. */
typedef struct gd_pipe {
    void *context;
    int threads; /* 1 to GD_PIPE_THREADS */
    /* The next item into the hands of thread `worker`, 0 to threads - 1; `*more` false: there is none, and no more is
     * asked for. */
    gd_status (*take)(void *context, int worker, bool *more, gd_error *error);
    /* That item's result. */
    gd_status (*work)(void *context, int worker, gd_pipe_result *result, gd_error *error);
    gd_status (*give)(void *context, const gd_pipe_result *result, gd_error *error);
    /* In the calling thread, after each result and some ten times a second: false: take no more, finish what was taken.
     */
    bool (*tick)(void *context);
} gd_pipe;

gd_status gd_pipe_run(const gd_pipe *pipe, gd_error *error);

#ifdef __cplusplus
}
#endif
#endif
