// SPDX-License-Identifier: Apache-2.0
#include "serve/queue.h"

gd_status gd_queue_init(gd_queue *queue, int limit, gd_error *error)
{
    *queue = (gd_queue){.limit = limit};
    queue->last = &queue->first;
    if (pthread_mutex_init(&queue->lock, NULL) != 0 || pthread_cond_init(&queue->filled, NULL) != 0)
        return gd_fail(error, GD_NOMEM, "out of memory for a queue");
    return GD_OK;
}

void gd_queue_release(gd_queue *queue)
{
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->lock);
}

bool gd_queue_admit(gd_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    const bool fits = !queue->closed && queue->n < queue->limit;
    queue->n += fits;
    pthread_mutex_unlock(&queue->lock);
    return fits;
}

void gd_queue_put(gd_queue *queue, gd_queued *item)
{
    pthread_mutex_lock(&queue->lock);
    item->next = NULL;
    *queue->last = item;
    queue->last = &item->next;
    __atomic_add_fetch(&queue->waiting, 1, __ATOMIC_RELAXED);
    if (queue->idle > 0)
        pthread_cond_signal(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}

/* This worker's part of what waits, when others are idle too. */
static int share(const gd_queue *queue, int most)
{
    const int part = (queue->waiting + queue->idle) / (queue->idle + 1);
    return part < most ? part : most;
}

gd_queued *gd_queue_take(gd_queue *queue, int most, int *n)
{
    pthread_mutex_lock(&queue->lock);
    queue->idle++;
    while (!queue->first && queue->called == 0 && !(queue->closed && queue->n == 0))
        pthread_cond_wait(&queue->filled, &queue->lock);
    queue->idle--;
    gd_queued *first = queue->first, *end = first;
    *n = first ? share(queue, most) : queue->called > 0;
    if (!first) {
        queue->called -= *n;
    } else {
        for (int i = 1; i < *n; i++)
            end = end->next;
        queue->first = end->next;
        if (!queue->first)
            queue->last = &queue->first;
        end->next = NULL;
        queue->n -= *n;
        __atomic_sub_fetch(&queue->waiting, *n, __ATOMIC_RELAXED);
        if (queue->closed && queue->n == 0)
            pthread_cond_broadcast(&queue->filled);
    }
    pthread_mutex_unlock(&queue->lock);
    return first;
}

int gd_queue_call(gd_queue *queue, int most)
{
    pthread_mutex_lock(&queue->lock);
    queue->called = queue->waiting > 0 ? 0 : queue->idle < most ? queue->idle : most;
    const int called = queue->called;
    if (called > 0)
        pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
    return called;
}

bool gd_queue_waits(const gd_queue *queue) { return __atomic_load_n(&queue->waiting, __ATOMIC_RELAXED) > 0; }

void gd_queue_close(gd_queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}
