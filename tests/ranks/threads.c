// SPDX-License-Identifier: Apache-2.0
#include "threads.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sum: all lay down where their numbers are; each adds those of all into a place of its own; when all have read,
 * each overwrites its own. */
typedef struct world {
    int ranks;
    pthread_barrier_t barrier;
    void **data; /* (ranks) */
    void (*body)(void *, const gd_comm *);
    void *argument;
} world;

typedef struct member {
    world *world;
    int rank;
    pthread_t thread;
} member;

static gd_status all_reduce(const gd_comm *comm, void *data, int64_t count, gd_type type, void *stream)
{
    world *w = comm->state;
    size_t bytes = (size_t)count * gd_type_bytes(type);
    void *sum = calloc(1, bytes + 1);
    (void)stream;
    if (!sum)
        abort();
    w->data[comm->rank] = data;
    pthread_barrier_wait(&w->barrier);
    for (int64_t i = 0; i < count; i++) {
        double total = 0;
        for (int r = 0; r < w->ranks; r++)
            total += gd_load(w->data[r], type, i);
        gd_store(sum, type, i, total);
    }
    pthread_barrier_wait(&w->barrier);
    memcpy(data, sum, bytes);
    free(sum);
    return GD_OK;
}

static gd_status broadcast(const gd_comm *comm, void *data, size_t bytes, int root, void *stream)
{
    world *w = comm->state;
    (void)stream;
    w->data[comm->rank] = data;
    pthread_barrier_wait(&w->barrier);
    if (comm->rank != root)
        memcpy(data, w->data[root], bytes);
    pthread_barrier_wait(&w->barrier);
    return GD_OK;
}

static gd_status sum(const gd_comm *comm, double *values, int n, gd_error *error)
{
    (void)error;
    return all_reduce(comm, values, n, GD_F64, NULL);
}

static gd_status barrier(const gd_comm *comm)
{
    pthread_barrier_wait(&((world *)comm->state)->barrier);
    return GD_OK;
}

/* The others wait for ever: the test has failed. */
static void end_all(const gd_comm *comm, const char *reason)
{
    fprintf(stderr, "rank %d: %s\n", comm->rank, reason);
    abort();
}

static void *run(void *argument)
{
    const member *m = argument;
    const gd_comm comm = {.name = "threads",
                          .rank = m->rank,
                          .ranks = m->world->ranks,
                          .state = m->world,
                          .all_reduce = all_reduce,
                          .broadcast = broadcast,
                          .sum = sum,
                          .barrier = barrier,
                          .abort = end_all};
    m->world->body(m->world->argument, &comm);
    return NULL;
}

void ranks_run(int ranks, void (*body)(void *argument, const gd_comm *comm), void *argument)
{
    world w = {.ranks = ranks, .data = calloc((size_t)ranks, sizeof(void *)), .body = body, .argument = argument};
    member *members = calloc((size_t)ranks, sizeof *members);
    if (!w.data || !members || pthread_barrier_init(&w.barrier, NULL, (unsigned)ranks) != 0)
        abort();
    for (int r = 0; r < ranks; r++) {
        members[r] = (member){.world = &w, .rank = r};
        if (pthread_create(&members[r].thread, NULL, run, &members[r]) != 0)
            abort();
    }
    for (int r = 0; r < ranks; r++)
        pthread_join(members[r].thread, NULL);
    pthread_barrier_destroy(&w.barrier);
    free(members);
    free(w.data);
}
