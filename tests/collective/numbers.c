// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"
#include "collective.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 300001, REPLAYS = 3 };

static const gd_type types[] = {GD_F32, GD_F16, GD_BF16, GD_F64};
static const int64_t counts[] = {1, 7, 1000, 65536, MOST};

/* One case: this rank's numbers, what is to come of them, and what came. */
typedef struct trial {
    const collective *c;
    gd_stream *stream;
    void *memory; /* on the card */
    void *own, *want, *got;
    gd_type type;
    int64_t count;
    bool is_broadcast;
} trial;

/* Whole numbers whose sums every type holds; of one rank any numbers, as nothing is added. */
static double element(const trial *t, int rank, int64_t i)
{
    if (t->c->comm->ranks == 1)
        return (double)gd_rng(7, GD_RNG_TEST, (uint32_t)t->type, (uint64_t)i).at[0] / 4294967296.0 - 0.5;
    return (double)((i * 7 + rank * 5) % 13) - 6;
}

static void pose(trial *t)
{
    for (int64_t i = 0; i < t->count; i++) {
        double sum = 0;
        for (int rank = 0; rank < t->c->comm->ranks; rank++)
            sum += element(t, rank, i);
        gd_store(t->own, t->type, i, element(t, t->c->comm->rank, i));
        gd_store(t->want, t->type, i, t->is_broadcast ? element(t, t->c->comm->ranks - 1, i) : sum);
    }
}

static gd_status collect(const trial *t)
{
    const gd_comm *comm = t->c->comm;
    size_t bytes = (size_t)t->count * gd_type_bytes(t->type);
    return t->is_broadcast ? comm->broadcast(comm, t->memory, bytes, comm->ranks - 1, t->stream)
                           : comm->all_reduce(comm, t->memory, t->count, t->type, t->stream);
}

static gd_status judge(const trial *t, const char *how, gd_error *error)
{
    size_t bytes = (size_t)t->count * gd_type_bytes(t->type);
    GD_TRY(t->c->device->copy_out(t->stream, t->got, t->memory, bytes));
    GD_TRY(t->c->device->synchronize(t->stream, error));
    GD_TRY(t->c->comm->check(t->c->comm, error));
    for (int64_t i = 0; i < t->count; i++) {
        size_t element_bytes = gd_type_bytes(t->type), at = (size_t)i * element_bytes;
        if (memcmp((char *)t->got + at, (char *)t->want + at, element_bytes) != 0)
            return gd_fail(error, GD_NUMERIC, "%s of %lld %s, %s: element %lld is %g, not %g",
                           t->is_broadcast ? "broadcast" : "all_reduce", (long long)t->count, gd_type_name(t->type),
                           how, (long long)i, gd_load(t->got, t->type, i), gd_load(t->want, t->type, i));
    }
    return GD_OK;
}

static gd_status lay_down(const trial *t)
{
    return t->c->device->copy_in(t->stream, t->memory, t->own, (size_t)t->count * gd_type_bytes(t->type));
}

/* At once; then the same as a graph, whose replays must each do it. */
static gd_status attempt(trial *t, gd_error *error)
{
    const gd_device *device = t->c->device;
    gd_graph *graph = NULL;
    gd_status status;
    pose(t);
    GD_TRY(lay_down(t));
    GD_TRY(collect(t));
    GD_TRY(judge(t, "at once", error));
    GD_TRY(device->capture_begin(t->stream, error));
    status = collect(t);
    GD_TRY(device->capture_end(t->stream, &graph, error));
    for (int i = 0; status == GD_OK && i < REPLAYS; i++) {
        GD_TRY_TO(done, lay_down(t));
        GD_TRY_TO(done, device->replay(graph, t->stream));
        GD_TRY_TO(done, judge(t, "out of a graph", error));
    }
done:
    device->graph_free(graph);
    return status;
}

/* Two of different lengths on their way at once: no rank may have them in another order. */
static gd_status try_two(trial *t, gd_error *error)
{
    enum { FIRST = 1000, SECOND = 700 };
    *t = (trial){t->c, t->stream, t->memory, t->own, t->want, t->got, GD_F32, FIRST, false};
    trial next = {t->c, t->stream, (float *)t->memory + FIRST, t->own, t->want, t->got, GD_F32, SECOND, false};
    pose(t);
    GD_TRY(lay_down(t));
    GD_TRY(lay_down(&next)); /* the same numbers, fewer of them */
    GD_TRY(collect(t));
    GD_TRY(collect(&next));
    GD_TRY(judge(t, "one of two", error));
    GD_TRY(judge(&next, "the second of two", error));
    printf("ok two\n");
    return GD_OK;
}

static gd_status try_all(trial *t, gd_error *error)
{
    for (int kind = 0; kind < 2; kind++) {
        for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
            for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
                t->is_broadcast = kind;
                t->type = types[i];
                t->count = counts[k];
                GD_TRY(attempt(t, error));
            }
            printf("ok %s %s\n", kind ? "broadcast" : "all_reduce", gd_type_name(types[i]));
        }
    }
    return GD_OK;
}

/* What lies on the host: more than the small buffer holds, too. */
static gd_status try_host(trial *t, gd_error *error)
{
    const gd_comm *comm = t->c->comm;
    t->type = GD_F64;
    t->count = 20000;
    t->is_broadcast = false;
    pose(t);
    GD_TRY(comm->sum(comm, t->own, (int)t->count, error));
    if (memcmp(t->own, t->want, (size_t)t->count * sizeof(double)) != 0)
        return gd_fail(error, GD_NUMERIC, "a sum of the host's numbers is wrong");
    t->is_broadcast = true;
    pose(t);
    GD_TRY(comm->broadcast(comm, t->own, (size_t)t->count * sizeof(double), comm->ranks - 1, NULL));
    if (memcmp(t->own, t->want, (size_t)t->count * sizeof(double)) != 0)
        return gd_fail(error, GD_NUMERIC, "a broadcast of the host's numbers is wrong");
    GD_TRY(comm->barrier(comm));
    printf("ok host\n");
    return GD_OK;
}

static gd_status prepare(trial *t, gd_error *error)
{
    t->own = malloc(MOST * sizeof(double));
    t->want = malloc(MOST * sizeof(double));
    t->got = malloc(MOST * sizeof(double));
    if (!t->own || !t->want || !t->got)
        return gd_fail(error, GD_NOMEM, "out of memory");
    GD_TRY(t->c->device->stream_new(&t->stream, error));
    return t->c->device->alloc(MOST * sizeof(double), &t->memory, error);
}

static void release(trial *t)
{
    t->c->device->free(t->memory);
    t->c->device->stream_free(t->stream);
    free(t->own);
    free(t->want);
    free(t->got);
}

gd_status collective_check(gd_command *command, gd_error *error)
{
    collective c;
    trial t = {.c = &c};
    gd_error absent = {0};
    gd_status status = collective_open(&c, &absent);
    if (status == GD_UNSUPPORTED) {
        printf("skipped: %s\n", absent.message);
        command->exit_code = 77;
        return GD_OK;
    }
    if (status != GD_OK)
        return gd_fail(error, status, "%s", absent.message);
    printf("nccl %s: rank %d of %d\n", gd_nccl_version(), c.comm->rank, c.comm->ranks);
    status = prepare(&t, error);
    if (status == GD_OK)
        status = try_two(&t, error);
    if (status == GD_OK)
        status = try_all(&t, error);
    if (status == GD_OK)
        status = try_host(&t, error);
    if (status != GD_OK) { /* where a call says no more than that, the communicator knows */
        c.comm->check(c.comm, error);
        gd_fail(error, status, "a call failed: %s", gd_status_text(status));
    }
    release(&t);
    collective_close(&c, status == GD_OK ? NULL : error);
    return status;
}
