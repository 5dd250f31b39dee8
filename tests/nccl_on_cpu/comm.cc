// SPDX-License-Identifier: Apache-2.0
/* The library, communicators and their states, groups. A communicator that was asked for without blocking does nothing
 * at once: what was begun is under way until it has been asked for twice. */
#include "double.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <random>
#include <set>
#include <unistd.h>

using namespace nccl_double;

static std::recursive_mutex lock; // of all communicators
static std::string last_error;
static std::set<ncclComm_t> alive;
static thread_local int depth; // of groups
static thread_local std::vector<Operation> group;

namespace nccl_double
{
ncclResult_t fail(ncclResult_t result, const std::string &why)
{
    last_error = why;
    return result;
}
} // namespace nccl_double

#define OPEN std::lock_guard<std::recursive_mutex> held(lock);
#define refuse(why) (gd_double::wrong_call(__func__, why), fail(ncclInvalidUsage, why))

/* Whether calls may be made on it; what is wrong with it is a finding. */
static bool is_usable(const char *function, ncclComm_t comm)
{
    if (alive.count(comm))
        return true;
    gd_double::wrong_call(function, "a communicator that has been ended or aborted, or was never there");
    return false;
}

// ---- the library ----

ncclResult_t ncclGetVersion(int *version)
{
    const std::string given = setting("GRIDDLE_DOUBLE_NCCL_VERSION");
    *version = given.empty() ? 22809 : atoi(given.c_str());
    return ncclSuccess;
}

const char *ncclGetErrorString(ncclResult_t result)
{
    static const char *const texts[] = {"no error",
                                        "unhandled cuda error",
                                        "unhandled system error",
                                        "internal error",
                                        "invalid argument",
                                        "invalid usage",
                                        "remote process exited or there was a network error",
                                        "NCCL operation in progress"};
    return (size_t)result < sizeof texts / sizeof *texts ? texts[result] : "unknown result code";
}

const char *ncclGetLastError(ncclComm_t) { return last_error.c_str(); }

ncclResult_t ncclGetUniqueId(ncclUniqueId *id)
{
    const std::string address = setting("NCCL_COMM_ID");
    if (!address.empty() && address.find(':') == std::string::npos)
        return fail(ncclInvalidArgument, "Invalid NCCL_COMM_ID, please use format: <hostname>:<port>");
    const std::string name =
        address.empty() ? std::to_string(std::random_device{}()) + "." + std::to_string(getpid()) : address;
    *id = {};
    snprintf(id->internal, sizeof id->internal, "nccl-double-%s", name.c_str());
    return ncclSuccess;
}

// ---- the life of a communicator ----

/* Two ranks on one card: NCCL refuses on both. */
static ncclResult_t judge_cards(const ncclComm &comm)
{
    for (int a = 0; a < comm.ranks; a++)
        for (int b = a + 1; b < comm.ranks; b++)
            if (comm.world->member[a].card == comm.world->member[b].card)
                return fail(ncclInvalidUsage, "Duplicate GPU detected : rank " + std::to_string(a) + " and rank " +
                                                  std::to_string(b) + " both on CUDA device " +
                                                  std::to_string(comm.world->member[a].card));
    return ncclSuccess;
}

static void meet(ncclComm &comm)
{
    int here = 0;
    if (!comm.world) {
        comm.world = world_find(comm.id, comm.rank, comm.ranks);
        if (!comm.world)
            return;
        const std::string card = setting("GRIDDLE_DOUBLE_CARD");
        Member &own = comm.world->member[comm.rank];
        own.pid = getpid();
        own.card = card.empty() ? (uint32_t)comm.rank : (uint32_t)atoi(card.c_str());
        own.presence = Presence::HERE;
    }
    for (int rank = 0; rank < comm.ranks; rank++)
        here += comm.world->member[rank].presence != Presence::ABSENT;
    if (here < comm.ranks)
        return;
    comm.failure = judge_cards(comm);
    comm.state = ncclComm::READY;
    world_forget(comm.id);
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t *to, int ranks, ncclUniqueId id, int rank, ncclConfig_t *config)
{
    OPEN *to = nullptr;
    if (ranks < 1 || ranks > ranks_max || rank < 0 || rank >= ranks)
        return refuse("a rank that is none of the ranks, or too many");
    if (config->size < sizeof(gd_nccl_config) || config->magic != (unsigned)GD_NCCL_MAGIC || config->version < 21400)
        return refuse("a configuration that was not initialised");
    if (config->blocking != 0 && config->blocking != 1 && config->blocking != GD_NCCL_UNDEFINED)
        return refuse("blocking is 0 or 1");
    if (!gd_double::library_call())
        return fail(ncclUnhandledCudaError, "Cuda failure: there is no card");
    if (const std::string record = setting("GRIDDLE_DOUBLE_RECORD"); !record.empty())
        std::ofstream(record) << "NCCL_ALGO=" << setting("NCCL_ALGO") << "\n";
    auto *comm = new ncclComm; // for ever: work in streams names it
    comm->id = id;
    comm->rank = rank;
    comm->ranks = ranks;
    comm->blocks = config->blocking != 0;
    alive.insert(comm);
    *to = comm;
    while (comm->blocks && comm->state == ncclComm::MEETING) {
        meet(*comm);
        usleep(1000);
    }
    return comm->blocks ? comm->failure : ncclInProgress;
}

/* Something was begun: it has happened when it is asked for the second time. */
static ncclResult_t begin(ncclComm &comm)
{
    comm.asked = 0;
    return ncclInProgress;
}

static bool is_alone(const ncclComm &comm)
{
    if (!setting("GRIDDLE_DOUBLE_SILENT").empty())
        return false;
    for (int rank = 0; comm.world && rank < comm.ranks; rank++) {
        const Member &member = comm.world->member[rank];
        if (member.presence == Presence::ABORTED || (member.presence == Presence::HERE && is_dead(member)))
            return true;
    }
    return false;
}

/* GRIDDLE_DOUBLE_PLANT: what a faulty program would do, on the last rank. */
static bool is_planted(const ncclComm &comm, const char *what)
{
    return setting("GRIDDLE_DOUBLE_PLANT") == what && comm.rank == comm.ranks - 1;
}

static ncclResult_t progress(ncclComm &comm)
{
    if (comm.failure != ncclSuccess)
        return comm.failure;
    if (comm.state == ncclComm::MEETING)
        meet(comm);
    if (++comm.asked < 2 || comm.state == ncclComm::MEETING)
        return ncclInProgress;
    if (is_planted(comm, "order") && !comm.is_swapped) {
        if (comm.queued.size() < 2)
            return ncclSuccess; // kept back until the next one has come
        std::swap(comm.queued[0], comm.queued[1]);
        comm.is_swapped = true;
    }
    while (!comm.queued.empty() && comm.failure == ncclSuccess) {
        comm.failure = launch(comm.queued.front());
        comm.queued.erase(comm.queued.begin());
    }
    if (comm.state == ncclComm::ENDING)
        comm.state = ncclComm::ENDED;
    if (comm.state == ncclComm::READY && comm.failure == ncclSuccess && is_alone(comm))
        comm.failure = fail(ncclRemoteError, "NET/Socket : peer has closed the connection");
    return comm.failure;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t *state)
{
    OPEN if (!is_usable(__func__, comm)) return ncclInvalidArgument;
    *state = progress(*comm);
    return ncclSuccess;
}

static void leave(ncclComm &comm, Presence how)
{
    comm.state = ncclComm::DEAD;
    if (comm.world)
        comm.world->member[comm.rank].presence = how;
    alive.erase(&comm);
}

ncclResult_t ncclCommFinalize(ncclComm_t comm)
{
    OPEN if (!is_usable(__func__, comm)) return ncclInvalidArgument;
    if (depth > 0)
        return refuse("a group that was begun has not been ended");
    if (comm->state != ncclComm::READY || !comm->queued.empty())
        return refuse("the communicator is still under way");
    comm->state = ncclComm::ENDING;
    return begin(*comm);
}

ncclResult_t ncclCommDestroy(ncclComm_t comm)
{
    OPEN if (!is_usable(__func__, comm)) return ncclInvalidArgument;
    if (comm->state != ncclComm::ENDED)
        return refuse("a communicator that was not finalized, or is still under way");
    leave(*comm, Presence::DONE);
    return ncclSuccess;
}

/* What waits in a stream for other ranks ends, and leaves NaN. */
ncclResult_t ncclCommAbort(ncclComm_t comm)
{
    OPEN if (!is_usable(__func__, comm)) return ncclInvalidArgument;
    comm->is_aborted = true;
    if (comm->state == ncclComm::MEETING && comm->rank == 0)
        world_forget(comm->id);
    leave(*comm, Presence::ABORTED);
    return ncclSuccess;
}

// ---- collectives and groups ----

/* What the group has gathered is begun. */
static ncclResult_t begin_group(const char *function)
{
    std::vector<Operation> operations;
    operations.swap(group);
    ncclComm &comm = *operations.front().comm;
    if (comm.blocks) {
        for (const Operation &operation : operations)
            if (ncclResult_t result = launch(operation); result != ncclSuccess)
                return result;
        return ncclSuccess;
    }
    if (!comm.queued.empty() && !is_planted(comm, "order")) {
        gd_double::wrong_call(function,
                              "the call before is still under way: ncclCommGetAsyncError does not say that it is done");
        return fail(ncclInvalidUsage, "a call is still under way");
    }
    for (const Operation &operation : operations)
        comm.queued.push_back(operation);
    return begin(comm);
}

static ncclResult_t call(const char *function, ncclComm_t comm, const void *from, void *to, Call what,
                         cudaStream_t stream)
{
    if (!is_usable(function, comm))
        return ncclInvalidArgument;
    if (comm->state != ncclComm::READY || comm->failure != ncclSuccess) {
        gd_double::wrong_call(function, "the communicator is not ready");
        return fail(ncclInvalidUsage, "the communicator is not ready");
    }
    if (from != to || what.root >= comm->ranks || bytes_of(what) > turn_bytes) {
        gd_double::wrong_call(function,
                              "another place to write, a root that is no rank, or more than there is room for");
        return fail(ncclInvalidArgument, "an argument");
    }
    if (is_planted(*comm, "count") && what.count > 1)
        what.count--;
    if (is_planted(*comm, "type") && what.type == ncclFloat32)
        what.type = ncclFloat16;
    if (is_planted(*comm, "group") && depth == 0)
        depth++;
    group.push_back({comm, what, to, stream});
    if (depth > 0)
        return ncclSuccess;
    return begin_group(function);
}

ncclResult_t ncclAllReduce(const void *from, void *to, size_t count, ncclDataType_t type, ncclRedOp_t op,
                           ncclComm_t comm, cudaStream_t stream)
{
    OPEN if (op != ncclSum) return refuse("another operation than a sum");
    return call(__func__, comm, from, to, {-1, type, count}, stream);
}

ncclResult_t ncclBroadcast(const void *from, void *to, size_t count, ncclDataType_t type, int root, ncclComm_t comm,
                           cudaStream_t stream)
{
    OPEN return call(__func__, comm, from, to, {root, type, count}, stream);
}

ncclResult_t ncclGroupStart(void)
{
    OPEN depth++;
    return ncclSuccess;
}

ncclResult_t ncclGroupEnd(void)
{
    OPEN if (depth == 0) return refuse("no group has been begun");
    if (--depth > 0 || group.empty())
        return ncclSuccess;
    return begin_group(__func__);
}
