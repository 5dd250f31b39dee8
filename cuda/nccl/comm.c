// SPDX-License-Identifier: Apache-2.0
/* The entry `nccl` of gd_comm: a non-blocking communicator, so that no call of NCCL's can hang. One that is under way
 * says so, and is asked again until it is done; a thread of the communicator's own asks meanwhile whether it still
 * holds. Where it does not, or somebody aborts, that thread lets NCCL end the kernels that wait for other ranks: then
 * the host's waits come back, and `check` says why.
 *
 *     all_reduce, broadcast ──► ncclAllReduce … ──► InProgress? ask again          all under `lock`, which is let go
 *     watch  ── every 100 ms ─► ncclCommGetAsyncError                              of between two questions
 *                 │ an error, or abort()
 *                 └──► is_broken ──► ncclCommAbort ──► kernels end ──► waits return ──► check fails
 *
 * What the host adds up goes through a small buffer on the card and a stream of its own, so that no other communicator
 * is needed for it.
 */
#include "base/clock.h"
#include "card.h"
#include "nccl/nccl.h"

#include <cuda_runtime_api.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BUFFER_BYTES = 64 << 10, WATCH_MS = 100, SECONDS = 300, END_SECONDS = 5 };

typedef struct nccl_comm {
    gd_comm comm; /* what the caller has */
    char host[65];
    double seconds;    /* that NCCL may take for what it has begun */
    ncclComm_t handle; /* NULL: aborted */
    cudaStream_t stream;
    void *buffer, *staging; /* BUFFER_BYTES each, on the card and on the host */
    pthread_mutex_t lock;   /* of all below, and of the handle */
    pthread_cond_t changed;
    pthread_t watcher;
    bool is_closing, is_broken;
    char why[sizeof((gd_error *)0)->message]; /* it is broken */
} nccl_comm;

/* The instant on the clock. */
static struct timespec instant(double seconds)
{
    return (struct timespec){(time_t)seconds, (long)(1e9 * (seconds - (double)(time_t)seconds))};
}

static void rest(void) { nanosleep(&(struct timespec){0, 50000}, NULL); }

/* ---- what is wrong; the lock is held ---- */

GD_PRINTF(2, 3) static gd_status break_off(nccl_comm *n, const char *format, ...)
{
    char what[sizeof n->why];
    va_list arguments;
    if (n->is_broken) /* the first reason is the one */
        return GD_DEVICE;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    snprintf(n->why, sizeof n->why, "rank %d on %s: %s", n->comm.rank, n->host, what);
    n->is_broken = true;
    pthread_cond_broadcast(&n->changed);
    return GD_DEVICE;
}

/* NCCL's own words on its last failure, a line of them. */
static gd_status refuse(nccl_comm *n, const char *what, ncclResult_t result)
{
    const char *said = gd_nccl.ncclGetLastError(NULL);
    char line[256];
    snprintf(line, sizeof line, "%s", said ? said : "");
    line[strcspn(line, "\n")] = '\0';
    return break_off(n, "NCCL: %s: %s%s%s%s", what, gd_nccl.ncclGetErrorString(result), *line ? " (" : "", line,
                     *line ? ")" : "");
}

/* Waits until what was begun has been done, with the lock given away in between. */
static gd_status settle(nccl_comm *n, const char *what, ncclResult_t result)
{
    const double end = gd_seconds() + n->seconds;
    while (result == ncclInProgress && !n->is_broken) {
        if (gd_seconds() > end)
            return break_off(n,
                             "NCCL: %s is not done after %g s: do all ranks take part? (GRIDDLE_NCCL_TIMEOUT: seconds)",
                             what, n->seconds);
        pthread_mutex_unlock(&n->lock);
        rest();
        pthread_mutex_lock(&n->lock);
        if (!n->is_broken) {
            ncclResult_t asked = gd_nccl.ncclCommGetAsyncError(n->handle, &result);
            result = asked == ncclSuccess ? result : asked;
        }
    }
    if (n->is_broken)
        return GD_DEVICE;
    return result == ncclSuccess ? GD_OK : refuse(n, what, result);
}

static gd_status look(nccl_comm *n)
{
    ncclResult_t state = ncclSuccess;
    if (!n->is_broken) {
        ncclResult_t asked = gd_nccl.ncclCommGetAsyncError(n->handle, &state);
        state = asked == ncclSuccess ? state : asked;
    }
    if (!n->is_broken && state != ncclSuccess && state != ncclInProgress)
        refuse(n, "another rank or the way to it failed", state);
    return n->is_broken ? GD_DEVICE : GD_OK;
}

/* ---- the watcher ---- */

/* NCCL waits in ncclCommAbort for graphs that hold kernels of its, after it has let the running ones end; so that is
 * done here, where nobody waits for it. */
static void *watch(void *argument)
{
    nccl_comm *n = argument;
    pthread_mutex_lock(&n->lock);
    while (!n->is_closing && look(n) == GD_OK) {
        const struct timespec next = instant(gd_seconds() + 1e-3 * WATCH_MS);
        pthread_cond_timedwait(&n->changed, &n->lock, &next);
    }
    ncclComm_t broken = n->is_broken ? n->handle : NULL;
    if (broken)
        n->handle = NULL;
    pthread_mutex_unlock(&n->lock);
    if (broken)
        gd_nccl.ncclCommAbort(broken);
    return NULL;
}

static void abort_all(const gd_comm *comm, const char *reason)
{
    nccl_comm *n = comm->state;
    pthread_mutex_lock(&n->lock);
    if (!n->is_broken) {
        break_off(n, "%s", reason);
        fprintf(stderr, "griddle: %s\n", n->why);
    }
    pthread_mutex_unlock(&n->lock);
}

static gd_status check(const gd_comm *comm, gd_error *error)
{
    nccl_comm *n = comm->state;
    pthread_mutex_lock(&n->lock);
    gd_status status = look(n);
    if (status != GD_OK)
        gd_fail(error, status, "%s", n->why);
    pthread_mutex_unlock(&n->lock);
    return status;
}

/* ---- collectives ---- */

typedef struct collective {
    const char *name;
    ncclDataType_t type;
    size_t element;
    int root; /* of a broadcast; -1: a sum */
} collective;

static gd_status enqueue(nccl_comm *n, const collective *c, void *data, size_t count, cudaStream_t stream)
{
    gd_status status = GD_DEVICE;
    pthread_mutex_lock(&n->lock);
    if (!n->is_broken) {
        ncclResult_t result = c->root < 0
                                  ? gd_nccl.ncclAllReduce(data, data, count, c->type, ncclSum, n->handle, stream)
                                  : gd_nccl.ncclBroadcast(data, data, count, c->type, c->root, n->handle, stream);
        status = settle(n, c->name, result);
    }
    pthread_mutex_unlock(&n->lock);
    return status;
}

/* What hangs on other ranks is asked for, not waited for: it may never come. */
static gd_status arrive(nccl_comm *n)
{
    cudaError_t state;
    while ((state = cudaStreamQuery(n->stream)) == cudaErrorNotReady)
        rest();
    pthread_mutex_lock(&n->lock);
    if (state != cudaSuccess)
        break_off(n, "cuda: %s (%s)", cudaGetErrorString(state), cudaGetErrorName(state));
    gd_status status = look(n);
    pthread_mutex_unlock(&n->lock);
    return status;
}

static gd_status on_host(nccl_comm *n, const collective *c, char *data, size_t count)
{
    const size_t most = BUFFER_BYTES / c->element;
    for (size_t at = 0; at < count; at += most) {
        const size_t piece = count - at < most ? count - at : most, bytes = piece * c->element;
        memcpy(n->staging, data + at * c->element, bytes);
        cudaMemcpyAsync(n->buffer, n->staging, bytes, cudaMemcpyHostToDevice, n->stream);
        GD_TRY(enqueue(n, c, n->buffer, piece, n->stream));
        cudaMemcpyAsync(n->staging, n->buffer, bytes, cudaMemcpyDeviceToHost, n->stream);
        GD_TRY(arrive(n)); /* which hears of failed copies, too */
        memcpy(data + at * c->element, n->staging, bytes);
    }
    return GD_OK;
}

static gd_status carry_out(const gd_comm *comm, const collective *c, void *data, size_t count, void *stream)
{
    nccl_comm *n = comm->state;
    if (count == 0)
        return GD_OK;
    return stream ? enqueue(n, c, data, count, (cudaStream_t)stream) : on_host(n, c, data, count);
}

static gd_status all_reduce(const gd_comm *comm, void *data, int64_t count, gd_type type, void *stream)
{
    collective c = {.name = "all_reduce", .element = gd_type_bytes(type), .root = -1};
    switch (type) {
    case GD_F32:
        c.type = ncclFloat32;
        break;
    case GD_F16:
        c.type = ncclFloat16;
        break;
    case GD_BF16:
        c.type = ncclBfloat16;
        break;
    case GD_F64:
        c.type = ncclFloat64;
        break;
    default:
        return GD_UNSUPPORTED;
    }
    return carry_out(comm, &c, data, (size_t)count, stream);
}

static gd_status broadcast(const gd_comm *comm, void *data, size_t bytes, int root, void *stream)
{
    return carry_out(comm, &(collective){"broadcast", ncclUint8, 1, root}, data, bytes, stream);
}

static gd_status sum(const gd_comm *comm, double *values, int n, gd_error *error)
{
    gd_status status = all_reduce(comm, values, n, GD_F64, NULL);
    return status == GD_OK ? GD_OK : check(comm, error);
}

static gd_status barrier(const gd_comm *comm)
{
    double nothing = 0;
    return all_reduce(comm, &nothing, 1, GD_F64, NULL);
}

/* ---- its life ---- */

/* All are waited for, as others may still have much to do; a communicator that breaks meanwhile is only taken down. */
static void end(nccl_comm *n)
{
    barrier(&n->comm);
    pthread_mutex_lock(&n->lock);
    n->seconds = END_SECONDS;
    if (!n->is_broken && settle(n, "the end", gd_nccl.ncclCommFinalize(n->handle)) == GD_OK) {
        gd_nccl.ncclCommDestroy(n->handle);
        n->handle = NULL;
    }
    n->is_closing = true;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
}

static void comm_free(nccl_comm *n)
{
    if (n->stream)
        cudaStreamDestroy(n->stream);
    cudaFree(n->buffer);
    cudaFreeHost(n->staging);
    pthread_cond_destroy(&n->changed);
    pthread_mutex_destroy(&n->lock);
    free(n);
}

static void comm_close(const gd_comm *comm)
{
    nccl_comm *n = comm->state;
    struct timespec last;
    end(n);
    clock_gettime(CLOCK_REALTIME, &last);
    last.tv_sec += END_SECONDS;
    if (pthread_timedjoin_np(n->watcher, NULL, &last) == 0)
        comm_free(n);
    /* else NCCL is still waiting for a graph, and uses it */
}

/* Rank 0 makes the id that the others join by. Where NCCL_COMM_ID names an address, it is that: then all have it. */
static gd_status find_id(nccl_comm *n, const gd_comm *over, ncclUniqueId *id, gd_error *error)
{
    struct {
        ncclUniqueId id;
        int result;
    } told = {.result = ncclSuccess};
    const char *address = getenv("NCCL_COMM_ID");
    if (n->comm.ranks > 1 && !over && !(address && *address))
        return gd_fail(
            error, GD_INVALID,
            "%d ranks cannot find one another: NCCL_COMM_ID is not set (the address of rank 0, as host:port)",
            n->comm.ranks);
    if (!over || n->comm.rank == 0)
        told.result = gd_nccl.ncclGetUniqueId(&told.id);
    if (over) /* also that there is none */
        GD_TRY(over->broadcast(over, &told, sizeof told, 0, NULL));
    if (told.result != ncclSuccess)
        refuse(n, "the ranks cannot be told where to meet", told.result);
    *id = told.id;
    return n->is_broken ? gd_fail(error, GD_DEVICE, "%s", n->why) : GD_OK;
}

static gd_status meet(nccl_comm *n, ncclUniqueId id, gd_error *error)
{
    gd_nccl_config config = {.size = sizeof config,
                             .magic = (unsigned)GD_NCCL_MAGIC,
                             .version = GD_NCCL_CONFIG_VERSION,
                             .blocking = 0,
                             .cga_cluster_size = GD_NCCL_UNDEFINED,
                             .min_ctas = GD_NCCL_UNDEFINED,
                             .max_ctas = GD_NCCL_UNDEFINED,
                             .split_share = GD_NCCL_UNDEFINED};
    pthread_mutex_lock(&n->lock);
    gd_status status = settle(n, "the meeting of the ranks",
                              gd_nccl.ncclCommInitRankConfig(&n->handle, n->comm.ranks, id, n->comm.rank, &config));
    if (status != GD_OK && n->handle) {
        gd_nccl.ncclCommAbort(n->handle);
        n->handle = NULL;
    }
    pthread_mutex_unlock(&n->lock);
    if (status != GD_OK)
        gd_fail(error, status, "%s%s", n->why,
                strstr(n->why, "Duplicate GPU") ? "; each rank needs a GPU of its own (CUDA_VISIBLE_DEVICES)" : "");
    return status;
}

static gd_status prepare(nccl_comm *n, gd_error *error)
{
    cudaError_t reason = cudaStreamCreateWithFlags(&n->stream, cudaStreamNonBlocking);
    if (reason == cudaSuccess)
        reason = cudaMalloc(&n->buffer, BUFFER_BYTES);
    if (reason == cudaSuccess)
        reason = cudaMallocHost(&n->staging, BUFFER_BYTES);
    return reason == cudaSuccess ? GD_OK
                                 : gd_fail(error, GD_DEVICE, "cuda: cannot prepare NCCL's buffers: %s (%s)",
                                           cudaGetErrorString(reason), cudaGetErrorName(reason));
}

static nccl_comm *comm_new(int rank, int ranks)
{
    nccl_comm *n = calloc(1, sizeof *n);
    pthread_condattr_t clock;
    const char *given = getenv("GRIDDLE_NCCL_TIMEOUT");
    const double seconds = given ? strtod(given, NULL) : 0;
    if (!n)
        return NULL;
    n->comm = (gd_comm){"nccl", rank, ranks, n, all_reduce, broadcast, sum, barrier, abort_all, check, comm_close};
    n->seconds = seconds > 0 ? seconds : SECONDS;
    if (gethostname(n->host, sizeof n->host - 1) != 0)
        snprintf(n->host, sizeof n->host, "?");
    pthread_mutex_init(&n->lock, NULL);
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&n->changed, &clock);
    pthread_condattr_destroy(&clock);
    return n;
}

gd_status gd_nccl_comm_new(int rank, int ranks, const gd_comm *over, const gd_comm **comm, gd_error *error)
{
    ncclUniqueId id;
    gd_status status;
    *comm = NULL;
    GD_TRY(gd_card_open(error));
    GD_TRY(gd_nccl_load(error));
    nccl_comm *n = comm_new(rank, ranks);
    if (!n)
        return gd_fail(error, GD_NOMEM, "out of memory for a communicator");
    GD_TRY_TO(done, prepare(n, error));
    GD_TRY_TO(done, find_id(n, over, &id, error));
    GD_TRY_TO(done, meet(n, id, error));
    if (pthread_create(&n->watcher, NULL, watch, n) != 0) {
        gd_nccl.ncclCommAbort(n->handle);
        status = gd_fail(error, GD_NOMEM, "cannot start a thread that watches NCCL");
        goto done;
    }
    *comm = &n->comm;
    return GD_OK;
done:
    comm_free(n);
    return status;
}
