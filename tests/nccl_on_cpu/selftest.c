// SPDX-License-Identifier: Apache-2.0
/* The double itself, by NCCL's own calls: what must be right, and what a faulty caller does that must be found (a
 * finding ends the process with exit code 4). One rank: what hangs on several is tried by griddle-collective.
 *
 *     nccl-selftest CASE        GRIDDLE_CUDA_LIBRARY: the emulated card; GRIDDLE_NCCL_LIBRARY: the double
 */
#include "device/device.h"
#include "nccl/abi.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COUNT = 1000 };

static struct {
#define MEMBER(type, name, parameters) type(*name) parameters;
    GD_NCCL_FUNCTIONS(MEMBER)
    MEMBER(ncclResult_t, ncclGroupStart, (void))
    MEMBER(ncclResult_t, ncclGroupEnd, (void))
#undef MEMBER
} nccl;

static const gd_device *device;
static ncclComm_t comm;
static gd_stream *stream, *other;
static float *memory, *second; /* on the card */
static float host[COUNT], back[COUNT];

static void fail(const char *what)
{
    fprintf(stderr, "nccl-selftest: %s\n", what);
    exit(1);
}

#define EXPECT(condition)                                                                                              \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            fail(#condition);                                                                                          \
    } while (0)

static void load(void)
{
    void *library = dlopen(getenv("GRIDDLE_NCCL_LIBRARY"), RTLD_NOW | RTLD_LOCAL);
    EXPECT(library);
#define SYMBOL(type, name, parameters)                                                                                 \
    *(void **)&nccl.name = dlsym(library, #name);                                                                      \
    EXPECT(nccl.name);
    GD_NCCL_FUNCTIONS(SYMBOL)
    SYMBOL(ncclResult_t, ncclGroupStart, (void))
    SYMBOL(ncclResult_t, ncclGroupEnd, (void))
#undef SYMBOL
}

static ncclResult_t state_of(void)
{
    ncclResult_t state = ncclSuccess;
    EXPECT(nccl.ncclCommGetAsyncError(comm, &state) == ncclSuccess);
    return state;
}

static void settle(void)
{
    while (state_of() == ncclInProgress)
        ;
    EXPECT(state_of() == ncclSuccess);
}

static void begin(int blocking)
{
    ncclUniqueId id;
    gd_nccl_config config = {sizeof config,     (unsigned)GD_NCCL_MAGIC, GD_NCCL_CONFIG_VERSION, blocking,
                             GD_NCCL_UNDEFINED, GD_NCCL_UNDEFINED,       GD_NCCL_UNDEFINED,      NULL,
                             GD_NCCL_UNDEFINED};
    EXPECT(nccl.ncclGetUniqueId(&id) == ncclSuccess);
    EXPECT(nccl.ncclCommInitRankConfig(&comm, 1, id, 0, &config) == (blocking ? ncclSuccess : ncclInProgress));
}

static void lay_down(void)
{
    for (int i = 0; i < COUNT; i++)
        host[i] = (float)i;
    EXPECT(device->copy_in(stream, memory, host, sizeof host) == GD_OK);
    EXPECT(device->copy_in(stream, second, host, sizeof host) == GD_OK);
}

static ncclResult_t reduce(float *at, gd_stream *where)
{
    return nccl.ncclAllReduce(at, at, COUNT, ncclFloat32, ncclSum, comm, (cudaStream_t)where);
}

static bool has_arrived(const float *at)
{
    EXPECT(device->copy_out(stream, back, at, sizeof back) == GD_OK);
    EXPECT(device->synchronize(stream, NULL) == GD_OK);
    for (int i = 0; i < COUNT; i++) {
        if (back[i] != host[i])
            return false;
    }
    return true;
}

static void end(void)
{
    EXPECT(nccl.ncclCommFinalize(comm) == ncclInProgress);
    settle();
    EXPECT(nccl.ncclCommDestroy(comm) == ncclSuccess);
}

/* ---- right ---- */

static void right(void)
{
    begin(0);
    EXPECT(state_of() == ncclInProgress);
    settle();
    lay_down();
    EXPECT(reduce(memory, stream) == ncclInProgress);
    settle();
    EXPECT(has_arrived(memory));
    end();
}

static void blocking(void)
{
    begin(1);
    lay_down();
    EXPECT(reduce(memory, stream) == ncclSuccess && has_arrived(memory));
}

/* Nothing of a group happens before its end. */
static void group(void)
{
    begin(0);
    settle();
    lay_down();
    EXPECT(nccl.ncclGroupStart() == ncclSuccess);
    EXPECT(reduce(memory, stream) == ncclSuccess && reduce(second, stream) == ncclSuccess);
    EXPECT(state_of() == ncclSuccess);
    EXPECT(nccl.ncclGroupEnd() == ncclInProgress);
    settle();
    EXPECT(has_arrived(memory) && has_arrived(second));
    end();
}

/* ---- faults that must be found ---- */

static void before_it_is_ready(void)
{
    begin(0);
    reduce(memory, stream);
}

static void not_asked_again(void)
{
    begin(0);
    settle();
    lay_down();
    reduce(memory, stream);
    reduce(second, stream);
}

static void group_not_ended(void)
{
    begin(0);
    settle();
    lay_down();
    nccl.ncclGroupStart();
    reduce(memory, stream);
    settle();
    nccl.ncclCommFinalize(comm);
}

static void after_abort(void)
{
    begin(0);
    settle();
    EXPECT(nccl.ncclCommAbort(comm) == ncclSuccess);
    reduce(memory, stream);
}

static void after_end(void)
{
    right();
    reduce(memory, stream);
}

static void destroyed_under_way(void)
{
    begin(0);
    settle();
    nccl.ncclCommDestroy(comm);
}

/* A sum is under way of what was laid down. */
static void begin_sum(void)
{
    begin(0);
    settle();
    lay_down();
    EXPECT(device->synchronize(stream, NULL) == GD_OK);
    reduce(memory, stream);
    settle();
}

/* What another stream does to the buffer meanwhile: it may come before, between or behind the halves. */
static void buffer_reused(void)
{
    begin_sum();
    device->fill(other, memory, 0, sizeof host);
    device->synchronize(stream, NULL);
    device->synchronize(other, NULL);
}

static void buffer_read_too_early(void)
{
    begin_sum();
    device->copy_out(other, back, memory, sizeof back);
    device->synchronize(other, NULL);
    device->synchronize(stream, NULL);
}

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
#define CASE(name)                                                                                                     \
    {                                                                                                                  \
#name, name                                                                                                    \
    }
    CASE(right),
    CASE(blocking),
    CASE(group),
    CASE(before_it_is_ready),
    CASE(not_asked_again),
    CASE(group_not_ended),
    CASE(after_abort),
    CASE(after_end),
    CASE(destroyed_under_way),
    CASE(buffer_reused),
    CASE(buffer_read_too_early),
};

int main(int n, char **words)
{
    void *at[2];
    EXPECT(n == 2 && gd_device_open_cuda(&device, NULL) == GD_OK);
    load();
    EXPECT(device->stream_new(&stream, NULL) == GD_OK && device->stream_new(&other, NULL) == GD_OK);
    EXPECT(device->alloc(sizeof host, &at[0], NULL) == GD_OK && device->alloc(sizeof host, &at[1], NULL) == GD_OK);
    memory = at[0], second = at[1];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (strcmp(cases[i].name, words[1]) == 0) {
            cases[i].run();
            return 0;
        }
    }
    fail("there is no such case");
    return 1;
}
