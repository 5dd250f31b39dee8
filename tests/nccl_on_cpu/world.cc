// SPDX-License-Identifier: Apache-2.0
/* One file in memory for all ranks of a communicator: rank 0 makes it, the others find it by the id; when all are there
 * its name goes, so that nothing stays when they are killed. */
#include "double.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace nccl_double
{
constexpr size_t head_bytes = 1 << 16;
static_assert(sizeof(World) <= head_bytes);

std::string setting(const char *name)
{
    const char *text = getenv(name);
    return text ? text : "";
}

static std::string path_of(const ncclUniqueId &id) { return std::string("/dev/shm/") + id.internal; }

static size_t size_of(int ranks) { return head_bytes + 2 * turn_bytes * (size_t)ranks; }

static World *map(int file, int ranks)
{
    void *memory = mmap(nullptr, size_of(ranks), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
    close(file);
    return memory == MAP_FAILED ? nullptr : static_cast<World *>(memory);
}

static World *make(const ncclUniqueId &id, int ranks)
{
    unlink(path_of(id).c_str()); // of ranks that never met
    int file = open(path_of(id).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (file < 0 || ftruncate(file, (off_t)size_of(ranks)) != 0)
        return nullptr;
    World *world = map(file, ranks);
    if (world) {
        world->ranks = (uint32_t)ranks;
        world->member[0].pid = getpid();
        world->is_made = 1;
    }
    return world;
}

World *world_find(const ncclUniqueId &id, int rank, int ranks)
{
    if (rank == 0)
        return make(id, ranks);
    struct stat is;
    int file = open(path_of(id).c_str(), O_RDWR | O_CLOEXEC);
    if (file < 0)
        return nullptr;
    if (fstat(file, &is) != 0 || (size_t)is.st_size < size_of(ranks)) {
        close(file);
        return nullptr;
    }
    World *world = map(file, ranks);
    if (world && (!world->is_made || is_dead(world->member[0]))) { // half made, or of another time
        munmap(world, size_of(ranks));
        return nullptr;
    }
    return world;
}

void world_forget(const ncclUniqueId &id) { unlink(path_of(id).c_str()); }

unsigned char *world_data(World *world, int rank, uint64_t turn)
{
    return reinterpret_cast<unsigned char *>(world) + head_bytes + (2 * (size_t)rank + turn % 2) * turn_bytes;
}

/* Also one that nobody has taken note of yet: a zombie. */
bool is_dead(const Member &member)
{
    char path[64], state = 'Z';
    snprintf(path, sizeof path, "/proc/%d/stat", (int)member.pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return true;
    if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
        state = 'Z';
    fclose(file);
    return state == 'Z' || state == 'X';
}
} // namespace nccl_double
