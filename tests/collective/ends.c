// SPDX-License-Identifier: Apache-2.0
/* abort: rank 0 begins a sum that the others never join; after half a second a thread of its aborts. Alone there is
 * nothing to wait for, and the abort comes at its leisure. In both cases the wait ends, the reason is told, and nothing
 * more is done on that communicator.
 *
 * hang: sums without end, until one of the ranks is gone. */
#include "base/clock.h"
#include "collective.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define REASON "the launcher has lost rank 1"

enum { COUNT = 1 << 16 };
static const double LATEST = 5;

static void *abort_soon(void *argument)
{
    const collective *c = argument;
    usleep(500000);
    c->comm->abort(c->comm, REASON);
    return NULL;
}

/* The messages and refusals of a communicator that was aborted. */
static gd_status judge(const collective *c, void *memory, gd_stream *stream, double seconds, gd_error *error)
{
    gd_error why = {0};
    char host[65] = "", at[128];
    double one = 1;
    gethostname(host, sizeof host - 1);
    snprintf(at, sizeof at, "rank %d on %s: " REASON, c->comm->rank, host);
    if (seconds > LATEST)
        return gd_fail(error, GD_DEVICE, "the wait ended %g s after it began", seconds);
    if (c->comm->check(c->comm, &why) != GD_DEVICE || strcmp(why.message, at) != 0)
        return gd_fail(error, GD_DEVICE, "the communicator says '%s', not '%s'", why.message, at);
    if (c->comm->all_reduce(c->comm, memory, COUNT, GD_F32, stream) != GD_DEVICE ||
        c->comm->sum(c->comm, &one, 1, &why) != GD_DEVICE || c->comm->barrier(c->comm) != GD_DEVICE)
        return gd_fail(error, GD_DEVICE, "a communicator that was aborted still takes calls");
    return GD_OK;
}

static gd_status wait_and_abort(const collective *c, void *memory, gd_stream *stream, gd_error *error)
{
    pthread_t thread;
    double begin = gd_seconds();
    if (pthread_create(&thread, NULL, abort_soon, (void *)c) != 0)
        return gd_fail(error, GD_NOMEM, "cannot start a thread");
    gd_status status = c->comm->all_reduce(c->comm, memory, COUNT, GD_F32, stream);
    if (status == GD_OK)
        status = c->device->synchronize(stream, error);
    double seconds = gd_seconds() - begin;
    pthread_join(thread, NULL);
    GD_TRY(status);
    GD_TRY(judge(c, memory, stream, seconds, error));
    printf("ok abort: the wait ended after %.1f s\n", seconds);
    return GD_OK;
}

/* Does `work` with COUNT numbers on the card, and closes. */
static gd_status on_the_card(collective *c,
                             gd_status (*work)(const collective *, void *memory, gd_stream *, gd_error *),
                             gd_error *error)
{
    gd_stream *stream = NULL;
    void *memory = NULL;
    gd_status status;
    GD_TRY_TO(done, c->device->stream_new(&stream, error));
    GD_TRY_TO(done, c->device->alloc(COUNT * sizeof(float), &memory, error));
    status = work(c, memory, stream, error);
done:
    c->device->free(memory);
    c->device->stream_free(stream);
    collective_close(c, status == GD_OK ? NULL : error);
    return status;
}

gd_status collective_abort(gd_command *command, gd_error *error)
{
    collective c;
    (void)command;
    GD_TRY(collective_open(&c, error));
    if (c.comm->rank > 0) {
        usleep(1500000); /* the others are there, and do not join */
        collective_close(&c, &(gd_error){.message = "the end of a test"});
        return GD_OK;
    }
    return on_the_card(&c, wait_and_abort, error);
}

static gd_status add_for_ever(const collective *c, void *memory, gd_stream *stream, gd_error *error)
{
    printf("adding\n");
    fflush(stdout);
    for (;;) {
        gd_status status = c->comm->all_reduce(c->comm, memory, COUNT, GD_F32, stream);
        if (status == GD_OK)
            status = c->device->synchronize(stream, error);
        GD_TRY(c->comm->check(c->comm, error));
        GD_TRY(status);
    }
}

gd_status collective_hang(gd_command *command, gd_error *error)
{
    collective c;
    (void)command;
    GD_TRY(collective_open(&c, error));
    return on_the_card(&c, add_for_ever, error);
}
