// SPDX-License-Identifier: Apache-2.0
/* A bounded queue of requests in front of a model's workers.
 *
 * Who finds no worker busy is not made to wait for company; who has to wait anyhow may go together: a worker takes its
 * share of those waiting, up to what its model computes best at once, and leaves the rest to workers that are idle.
 * Where nobody waits, a worker may call idle ones to help it. */
#ifndef GD_SERVE_QUEUE_H
#define GD_SERVE_QUEUE_H

#include "base/status.h"

#include <pthread.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gd_queued {
    struct gd_queued *next;
} gd_queued; /* the first member of what is queued; the queue borrows it from put to take */

typedef struct gd_queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    gd_queued *first, **last;
    int n, waiting, limit; /* admitted; put: written under the lock, read without */
    int idle, called;      /* workers that wait in take; those of them that are to help */
    bool closed;
} gd_queue;

gd_status gd_queue_init(gd_queue *queue, int limit, gd_error *error);
void gd_queue_release(gd_queue *queue); /* nobody may be in it */

/* False where `limit` wait already or the queue is closed. Else an item is to be put. */
bool gd_queue_admit(gd_queue *queue);
void gd_queue_put(gd_queue *queue, gd_queued *item);

/* Waits for items; returns 1 to `most` of them as a list, oldest first, and their number as n. NULL: with n = 1 the
 * worker is called to help, with n = 0 the queue is closed and none is left. */
gd_queued *gd_queue_take(gd_queue *queue, int most, int *n);

/* Calls up to `most` of the workers that are idle, unless items wait; returns how many. */
int gd_queue_call(gd_queue *queue, int most);

/* Whether items wait, without a lock: at the next moment it may be otherwise. */
bool gd_queue_waits(const gd_queue *queue);

/* Admits no more; what waits is still given out. */
void gd_queue_close(gd_queue *queue);

#ifdef __cplusplus
}
#endif
#endif
