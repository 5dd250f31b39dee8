// SPDX-License-Identifier: Apache-2.0
/* NCCL, as far as Griddle calls it, with its ABI, between processes that have an emulated card each. README.md says
 * what it does and what it finds.
 *
 *     world.cc        what the ranks share: who is there, and what each has laid down
 *     comm.cc         the library, communicators and their states, groups
 *     collective.cc   a collective's two halves in a stream, and its numbers
 */
#ifndef NCCL_DOUBLE_H
#define NCCL_DOUBLE_H

#include "doubles/device.h"
#include "nccl/abi.h"
#include "tensor/tensor.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

#define GD_NCCL_DECLARE(type, name, parameters) extern "C" __attribute__((visibility("default"))) type name parameters;
GD_NCCL_FUNCTIONS(GD_NCCL_DECLARE)
GD_NCCL_DECLARE(ncclResult_t, ncclGroupStart, (void))
GD_NCCL_DECLARE(ncclResult_t, ncclGroupEnd, (void))
#undef GD_NCCL_DECLARE

namespace nccl_double
{
constexpr int ranks_max = 16;
constexpr size_t turn_bytes = 256 << 20; // of one collective; the file is sparse

std::string setting(const char *name); // of the environment; "" where it is not set

/* What every rank must call alike. */
struct Call {
    int root; // of a broadcast; -1: a sum
    ncclDataType_t type;
    uint64_t count;
    bool operator==(const Call &other) const
    {
        return root == other.root && type == other.type && count == other.count;
    }
};
std::string text(const Call &);
size_t bytes_of(const Call &);

/* ---- what the ranks share ---- */

enum class Presence : uint32_t { ABSENT, HERE, DONE, ABORTED };
struct Member {
    std::atomic<Presence> presence;
    pid_t pid;
    uint32_t card;
    std::atomic<uint64_t> laid; // collectives, so far
    Call call[2];               // of the last two
};
struct World {
    std::atomic<uint32_t> is_made;
    std::atomic<uint32_t> ranks;
    Member member[ranks_max];
};

/* NULL: rank 0 has not made it yet. */
World *world_find(const ncclUniqueId &, int rank, int ranks);
void world_forget(const ncclUniqueId &); // its name; those who have it keep it
unsigned char *world_data(World *, int rank, uint64_t turn);
bool is_dead(const Member &); // its process ended without a word

/* ---- a communicator ---- */

struct Operation {
    ncclComm_t comm;
    Call call;
    void *data;
    cudaStream_t stream;
};
ncclResult_t launch(const Operation &); // collective.cc: puts both halves into the stream

ncclResult_t fail(ncclResult_t, const std::string &why); // for ncclGetLastError
} // namespace nccl_double

struct ncclComm {
    enum State { MEETING, READY, ENDING, ENDED, DEAD } state = MEETING;
    ncclUniqueId id;
    int rank, ranks;
    bool blocks;
    nccl_double::World *world = nullptr;
    std::vector<nccl_double::Operation> queued; // begun, and not in their streams yet
    int asked = 0;                              // since something was begun
    bool is_swapped = false;                    // GRIDDLE_DOUBLE_PLANT=order
    ncclResult_t failure = ncclSuccess;
    std::atomic<bool> is_aborted{false};
    std::atomic<uint64_t> sent{0}, received{0}; // halves that have run
};

#endif
