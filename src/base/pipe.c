// SPDX-License-Identifier: Apache-2.0
/* Items are numbered as they are taken ("tickets"); a thread with ticket t puts its result into slot t % window, alone,
 * once the slot's last result has been given:
 *
 *     tickets    given │ ready or in work … (at most `window`) │ to be taken
 */
#include "base/pipe.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { TICK_NS = 100000000 };

typedef struct run {
    const gd_pipe *pipe;
    int64_t window;
    unsigned char *result; /* (window, result_bytes) */
    bool *ready;           /* (window) guarded by lock */

    pthread_mutex_t taking; /* held while an item is taken; guards `next` */
    int64_t next;           /* the next ticket */

    pthread_mutex_t lock; /* guards what follows, and `ready`; may be taken with `taking` held, not before it */
    pthread_cond_t filled, emptied; /* the next slot to give may be ready, or a thread has ended; one was given */
    int64_t given;
    int live, workers; /* threads that run; that have a number */
    bool closed;       /* no more is taken */
    gd_error error;    /* the first failure */
} run;

static void *result_at(const run *r, int64_t ticket)
{
    return r->result + (size_t)(ticket % r->window) * r->pipe->result_bytes;
}

static void close_run(run *r, const gd_error *error)
{
    pthread_mutex_lock(&r->lock);
    r->closed = true;
    if (error && r->error.status == GD_OK)
        r->error = *error;
    pthread_cond_broadcast(&r->emptied);
    pthread_mutex_unlock(&r->lock);
}

static bool wait_for_room(run *r)
{
    pthread_mutex_lock(&r->lock);
    while (!r->closed && r->next >= r->given + r->window)
        pthread_cond_wait(&r->emptied, &r->lock);
    const bool room = !r->closed;
    pthread_mutex_unlock(&r->lock);
    return room;
}

static bool take(run *r, int worker, int64_t *ticket)
{
    bool more = false;
    pthread_mutex_lock(&r->taking);
    if (wait_for_room(r)) {
        gd_error error = {0};
        const bool ok = r->pipe->take(r->pipe->context, worker, &more, &error) == GD_OK;
        more = more && ok;
        if (more)
            *ticket = r->next++;
        else
            close_run(r, ok ? NULL : &error);
    }
    pthread_mutex_unlock(&r->taking);
    return more;
}

static void put(run *r, int64_t ticket)
{
    pthread_mutex_lock(&r->lock);
    r->ready[ticket % r->window] = true;
    if (ticket == r->given)
        pthread_cond_signal(&r->filled);
    pthread_mutex_unlock(&r->lock);
}

static void *run_worker(void *argument)
{
    run *r = argument;
    int64_t ticket = 0;
    pthread_mutex_lock(&r->lock);
    const int worker = r->workers++;
    pthread_mutex_unlock(&r->lock);
    while (take(r, worker, &ticket)) {
        gd_error error = {0};
        if (r->pipe->work(r->pipe->context, worker, result_at(r, ticket), &error) != GD_OK) {
            close_run(r, &error);
            break;
        }
        put(r, ticket);
    }
    pthread_mutex_lock(&r->lock);
    r->live--;
    pthread_cond_signal(&r->filled);
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* Until the slot that is given next is ready; false: it never will be. Wakes up for a tick. */
static bool wait_for_result(run *r, bool *ready)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += TICK_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&r->lock);
    const bool *next = &r->ready[r->given % r->window];
    int timed_out = 0;
    while (!*next && r->live > 0 && !timed_out)
        timed_out = pthread_cond_timedwait(&r->filled, &r->lock, &until) != 0;
    *ready = *next;
    const bool ended = !*next && r->live == 0;
    pthread_mutex_unlock(&r->lock);
    return !ended;
}

static void empty_slot(run *r)
{
    pthread_mutex_lock(&r->lock);
    r->ready[r->given % r->window] = false;
    r->given++;
    pthread_cond_signal(&r->emptied);
    pthread_mutex_unlock(&r->lock);
}

/* The calling thread's part. */
static void give_results(run *r)
{
    gd_status status = GD_OK;
    bool ready, closed = false;
    while (wait_for_result(r, &ready)) {
        if (ready) {
            gd_error error = {0};
            if (status == GD_OK)
                status = r->pipe->give(r->pipe->context, result_at(r, r->given), &error);
            if (status != GD_OK && !closed)
                close_run(r, &error);
            closed = closed || status != GD_OK;
            empty_slot(r);
        }
        if (!closed && !r->pipe->tick(r->pipe->context)) {
            closed = true;
            close_run(r, NULL);
        }
    }
}

int gd_pipe_cores(void)
{
    cpu_set_t set;
    const int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : (int)sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > GD_PIPE_THREADS ? GD_PIPE_THREADS : n;
}

gd_status gd_pipe_run(const gd_pipe *pipe, gd_error *error)
{
    run r = {.pipe = pipe, .window = (int64_t)pipe->threads * pipe->ahead};
    pthread_condattr_t attributes;
    pthread_t thread[GD_PIPE_THREADS];
    int started = 0;
    r.result = calloc((size_t)r.window, pipe->result_bytes);
    r.ready = calloc((size_t)r.window, sizeof *r.ready);
    if (!r.result || !r.ready) {
        free(r.result);
        free(r.ready);
        return gd_fail(error, GD_NOMEM, "out of memory for %lld results", (long long)r.window);
    }
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&r.taking, NULL);
    pthread_mutex_init(&r.lock, NULL);
    pthread_cond_init(&r.filled, &attributes);
    pthread_cond_init(&r.emptied, NULL);
    pthread_condattr_destroy(&attributes);

    r.live = pipe->threads;
    while (started < pipe->threads && pthread_create(&thread[started], NULL, run_worker, &r) == 0)
        started++;
    if (started < pipe->threads) {
        gd_error failure = {0};
        gd_fail(&failure, GD_NOMEM, "cannot start thread %d of %d", started + 1, pipe->threads);
        close_run(&r, &failure);
        pthread_mutex_lock(&r.lock);
        r.live -= pipe->threads - started;
        pthread_mutex_unlock(&r.lock);
    }
    give_results(&r);

    for (int i = 0; i < started; i++)
        pthread_join(thread[i], NULL);
    for (int64_t i = 0; i < r.window; i++)
        pipe->release(result_at(&r, i));
    pthread_cond_destroy(&r.emptied);
    pthread_cond_destroy(&r.filled);
    pthread_mutex_destroy(&r.lock);
    pthread_mutex_destroy(&r.taking);
    free(r.result);
    free(r.ready);
    if (error && error->status == GD_OK)
        *error = r.error;
    return r.error.status;
}
