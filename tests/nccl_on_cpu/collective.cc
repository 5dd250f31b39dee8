// SPDX-License-Identifier: Apache-2.0
/* A collective is two works in its stream: the first lays down what this rank has and puts NaN in its place, the second
 * waits for all ranks and writes what comes of it. What other streams do meanwhile to the same bytes is a race, and
 * what they read there is NaN. */
#include "double.h"

#include <cstring>
#include <ctime>

namespace nccl_double
{
constexpr int poison = 0xff;

static gd_type type_of(const Call &call)
{
    switch (call.type) {
    case ncclFloat16:
        return GD_F16;
    case ncclBfloat16:
        return GD_BF16;
    case ncclFloat64:
        return GD_F64;
    case ncclFloat32:
        return GD_F32;
    default:
        return GD_U8;
    }
}

size_t bytes_of(const Call &call) { return call.count * gd_type_bytes(type_of(call)); }

std::string text(const Call &call)
{
    const char *kind = call.root < 0 ? "all_reduce" : "broadcast";
    return std::string(kind) + " of " + std::to_string(call.count) + " " + gd_type_name(type_of(call)) +
           (call.root < 0 ? "" : " from rank " + std::to_string(call.root));
}

static void send(const Operation &op)
{
    ncclComm &comm = *op.comm;
    const uint64_t turn = comm.sent++;
    const size_t bytes = bytes_of(op.call);
    Member &own = comm.world->member[comm.rank];
    if (turn != comm.received)
        gd_double::wrong_call("ncclAllReduce", "two collectives of one communicator, in streams that no event orders");
    if (comm.is_aborted)
        return;
    if (op.call.root < 0 || op.call.root == comm.rank)
        memcpy(world_data(comm.world, comm.rank, turn), op.data, bytes);
    memset(op.data, poison, bytes);
    own.call[turn % 2] = op.call;
    own.laid = turn + 1;
}

/* False: the communicator was aborted meanwhile. */
static bool wait_for_all(const ncclComm &comm, uint64_t turn)
{
    for (int rank = 0; rank < comm.ranks; rank++) {
        while (comm.world->member[rank].laid <= turn) {
            if (comm.is_aborted)
                return false;
            const timespec moment = {0, 20000};
            nanosleep(&moment, nullptr);
        }
    }
    return !comm.is_aborted;
}

static bool are_alike(const ncclComm &comm, uint64_t turn)
{
    const Call &own = comm.world->member[comm.rank].call[turn % 2];
    for (int rank = 0; rank < comm.ranks; rank++) {
        const Call &other = comm.world->member[rank].call[turn % 2];
        if (other == own)
            continue;
        const std::string why = "collective " + std::to_string(turn) + " is " + text(own) + " on rank " +
                                std::to_string(comm.rank) + " and " + text(other) + " on rank " + std::to_string(rank);
        gd_double::wrong_call(own.root < 0 ? "ncclAllReduce" : "ncclBroadcast", why.c_str());
        return false;
    }
    return true;
}

/* In the order of the ranks, rounded to the type after each, as where a sum goes from card to card. */
static void add(const ncclComm &comm, uint64_t turn, const Operation &op)
{
    const gd_type type = type_of(op.call);
    memcpy(op.data, world_data(comm.world, 0, turn), bytes_of(op.call));
    for (int rank = 1; rank < comm.ranks; rank++) {
        const void *other = world_data(comm.world, rank, turn);
        for (int64_t i = 0; i < (int64_t)op.call.count; i++)
            gd_store(op.data, type, i, gd_load(op.data, type, i) + gd_load(other, type, i));
    }
}

static void receive(const Operation &op)
{
    ncclComm &comm = *op.comm;
    const uint64_t turn = comm.received;
    if (wait_for_all(comm, turn) && are_alike(comm, turn)) {
        if (op.call.root < 0)
            add(comm, turn, op);
        else
            memcpy(op.data, world_data(comm.world, op.call.root, turn), bytes_of(op.call));
    }
    comm.received++;
}

template <void (*work)(const Operation &)> static void run(const void *argument)
{
    work(*static_cast<const Operation *>(argument));
}

ncclResult_t launch(const Operation &op)
{
    const gd_emulated_span span = {op.data, bytes_of(op.call), true}; // both halves write
    const char *name = op.call.root < 0 ? "nccl all_reduce" : "nccl broadcast";
    auto put = gd_double::library_call();
    cudaError_t error = put(op.stream, name, &span, 1, run<send>, &op, sizeof op);
    if (error == cudaSuccess)
        error = put(op.stream, name, &span, 1, run<receive>, &op, sizeof op);
    return error == cudaSuccess ? ncclSuccess : fail(ncclUnhandledCudaError, "Cuda failure: a launch");
}
} // namespace nccl_double
