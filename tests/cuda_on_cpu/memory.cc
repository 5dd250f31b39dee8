// SPDX-License-Identifier: Apache-2.0
#include "memory.h"

#include "runtime.h"
#include "settings.h"
#include "stream.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <sys/mman.h>

namespace emulator
{
Arena arena;

struct Allocation {
    size_t bytes;
    int number;
    bool is_freed;
};
static auto &allocations = forever<std::map<size_t, Allocation>>(); // by offset
static auto &pinned = forever<std::map<const char *, size_t>>();
static size_t next_offset = shared_bytes_max, used_bytes;
constexpr size_t red_zone = 512, alignment = 512; // cudaMalloc aligns to 256 and more

static char *reserve(size_t bytes)
{
    void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
        perror("cuda on cpu: cannot reserve addresses");
        _Exit(2);
    }
    madvise(memory, bytes, MADV_DONTDUMP);
    return static_cast<char *>(memory);
}

void memory_open()
{
    if (arena.data)
        return;
    arena.state = reinterpret_cast<uint8_t *>(reserve(arena_bytes));
    arena.cells = reinterpret_cast<Cell *>(reserve(arena_bytes / 2 * sizeof(Cell)));
    arena.data = reserve(arena_bytes);
}

void *device_alloc(size_t bytes)
{
    size_t taken = (bytes + red_zone + alignment - 1) / alignment * alignment;
    if (bytes > settings().memory_bytes - used_bytes || next_offset + red_zone + taken > arena_bytes)
        return nullptr;
    size_t offset = next_offset + red_zone;
    next_offset = offset + taken;
    used_bytes += bytes;
    allocations[offset] = {bytes, (int)allocations.size() + 1, false};
    memset(arena.data + offset, 0xff, bytes); // NaN in every type
    memset(arena.state + offset, UNWRITTEN, bytes);
    return arena.data + offset;
}

static void give_back(void *memory, size_t bytes)
{
    uintptr_t page = 4096, from = ((uintptr_t)memory + page - 1) & -page, to = ((uintptr_t)memory + bytes) & -page;
    if (from < to)
        madvise(reinterpret_cast<void *>(from), to - from, MADV_DONTNEED);
}

bool device_free(void *memory)
{
    auto found = is_device(memory) ? allocations.find(offset_of(memory)) : allocations.end();
    if (found == allocations.end() || found->second.is_freed)
        return false;
    size_t offset = found->first, bytes = found->second.bytes;
    found->second.is_freed = true;
    used_bytes -= bytes;
    memset(arena.state + offset, NOT_THERE, bytes);
    give_back(arena.data + offset, bytes);
    give_back(arena.cells + offset / 2, bytes / 2 * sizeof(Cell));
    return true;
}

size_t device_used() { return used_bytes; }

bool is_pinned(const void *p)
{
    auto after = pinned.upper_bound(static_cast<const char *>(p));
    return after != pinned.begin() && (--after, static_cast<const char *>(p) < after->first + after->second);
}

std::string describe(const void *p)
{
    char text[128];
    if (!is_device(p)) {
        snprintf(text, sizeof text, "%p, which is not the card's", p);
        return text;
    }
    size_t offset = offset_of(p);
    auto after = allocations.upper_bound(offset);
    if (after == allocations.begin())
        snprintf(text, sizeof text, "device memory + %zu, before any allocation", offset);
    else {
        --after;
        snprintf(text, sizeof text, "allocation %d (%zu bytes%s) + %zu", after->second.number, after->second.bytes,
                 after->second.is_freed ? ", freed" : "", offset - after->first);
    }
    return text;
}
} // namespace emulator

using namespace emulator;

cudaError_t cudaMalloc(void **memory, size_t bytes)
{
    Call call("cudaMalloc", cudaErrorMemoryAllocation);
    if (call.failed())
        return call.failure();
    if (!memory)
        return call.fail(cudaErrorInvalidValue);
    if (is_capturing())
        return call.fail(cudaErrorStreamCaptureUnsupported);
    *memory = bytes ? device_alloc(bytes) : nullptr;
    return bytes && !*memory ? call.fail(cudaErrorMemoryAllocation) : cudaSuccess;
}

/* As CUDA's, waits for everything: memory is never freed under a kernel's feet. */
cudaError_t cudaFree(void *memory)
{
    Call call("cudaFree", cudaErrorLaunchFailure);
    if (call.failed() || !memory)
        return call.failure();
    if (is_capturing())
        return call.fail(cudaErrorStreamCaptureUnsupported);
    drain();
    return device_free(memory) ? call.finish() : call.fail(cudaErrorInvalidValue);
}

cudaError_t cudaMallocHost(void **memory, size_t bytes)
{
    Call call("cudaMallocHost", cudaErrorMemoryAllocation);
    if (call.failed())
        return call.failure();
    *memory = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    if (!*memory)
        return call.fail(cudaErrorMemoryAllocation);
    memset(*memory, 0xff, bytes);
    pinned[static_cast<char *>(*memory)] = bytes;
    return cudaSuccess;
}

cudaError_t cudaFreeHost(void *memory)
{
    Call call("cudaFreeHost", cudaErrorLaunchFailure);
    if (call.failed() || !memory)
        return call.failure();
    drain();
    if (!pinned.erase(static_cast<char *>(memory)))
        return call.fail(cudaErrorInvalidValue);
    free(memory);
    return call.finish();
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total_bytes)
{
    Call call("cudaMemGetInfo", cudaErrorUnknown);
    if (call.failed())
        return call.failure();
    *total_bytes = settings().memory_bytes;
    *free_bytes = settings().memory_bytes - device_used();
    return cudaSuccess;
}
