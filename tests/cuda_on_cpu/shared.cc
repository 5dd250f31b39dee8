// SPDX-License-Identifier: Apache-2.0
/* Shared memory: a block's arrays, each behind a red zone, filled with NaN when first asked for. Limits are those of
 * the card: 48 KiB, and what the kernel has been allowed beyond that for its dynamic array.
 */
#include "block.h"
#include "check.h"
#include "finding.h"
#include "launch.h"
#include "memory.h"
#include "settings.h"

#include <cstring>
#include <map>

namespace emulator
{
constexpr size_t red_zone = 128;

struct Array {
    const void *key;
    size_t offset, bytes;
    const char *name;
};
static auto &arrays = forever<std::vector<Array>>();
static size_t next_offset, static_bytes;
static auto &allowed = forever<std::map<const void *, size_t>>(); // by kernel, beyond 48 KiB
constexpr size_t without_asking = 48 << 10;

static void *lay_out(const void *key, size_t bytes, const char *name)
{
    size_t offset = next_offset + red_zone;
    next_offset = offset + (bytes + 127) / 128 * 128;
    if (next_offset + red_zone > shared_bytes_max) {
        finding("too much shared memory", nullptr, "%zu bytes", next_offset);
        give_up_launch();
    }
    arrays.push_back({key, offset, bytes, name});
    memset(arena.data + offset, 0xff, bytes);
    memset(arena.state + offset, UNWRITTEN, bytes);
    return arena.data + offset;
}

void shared_begin_block(size_t dynamic_bytes)
{
    memset(arena.state, NOT_THERE, next_offset + red_zone);
    arrays.clear();
    next_offset = static_bytes = 0;
    lay_out(nullptr, dynamic_bytes, "dynamic");
}

void *dynamic_shared() { return arena.data + red_zone; }

void *shared_array(const void *key, size_t bytes, const char *name)
{
    for (const Array &array : arrays)
        if (array.key == key)
            return arena.data + array.offset;
    static_bytes += bytes;
    size_t most =
        running.kernel->shared_bytes > without_asking ? settings().card.shared_optin_kib << 10 : without_asking;
    if (static_bytes > without_asking || static_bytes + running.kernel->shared_bytes > most) {
        finding("too much shared memory", __builtin_return_address(0), "%zu bytes static, %zu dynamic, %zu allowed",
                static_bytes, running.kernel->shared_bytes, most);
        give_up_launch();
    }
    return lay_out(key, bytes, name);
}

std::string describe_shared(const void *p)
{
    size_t offset = offset_of(p);
    const Array *nearest = nullptr;
    for (const Array &array : arrays)
        if (array.bytes && array.offset <= offset && (!nearest || array.offset > nearest->offset))
            nearest = &array;
    char text[128];
    if (nearest)
        snprintf(text, sizeof text, "shared array '%s' (%zu bytes) + %zu", nearest->name, nearest->bytes,
                 offset - nearest->offset);
    else
        snprintf(text, sizeof text, "shared memory + %zu, before any array", offset);
    return text;
}

static bool is_shape_right(const Kernel &kernel)
{
    dim3 grid = kernel.grid, block = kernel.block;
    return grid.x && grid.y && grid.z && grid.x <= 0x7fffffff && grid.y <= 65535 && grid.z <= 65535 && block.x &&
           block.y && block.z && block.x <= 1024 && block.y <= 1024 && block.z <= 64 &&
           block.x * block.y * block.z <= 1024;
}

cudaError_t judge_launch(const Kernel &kernel)
{
    if (kernel.path > settings().card.sm)
        return cudaErrorNoKernelImageForDevice;
    if (!is_shape_right(kernel))
        return cudaErrorInvalidConfiguration;
    if (kernel.shared_bytes > without_asking) {
        auto found = allowed.find(kernel.function);
        if (found == allowed.end() || kernel.shared_bytes > found->second)
            return cudaErrorInvalidValue;
    }
    return cudaSuccess;
}

cudaError_t allow_shared(const void *function, size_t bytes)
{
    if (bytes > settings().card.shared_optin_kib << 10)
        return cudaErrorInvalidValue;
    allowed[function] = bytes;
    return cudaSuccess;
}
} // namespace emulator
