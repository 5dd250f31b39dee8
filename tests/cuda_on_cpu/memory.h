// SPDX-License-Identifier: Apache-2.0
/* The card's memory: one stretch of addresses, so that whether a pointer is the card's is one comparison.
 *
 *     data    | shared | allocation ░ allocation ░ … never used again, so that use after free is seen
 *     state   one byte for each: not there, there but not written, written, on its way by an asynchronous copy
 *     cells   two stamps for every two bytes: who wrote last, who read (check.cc)
 *
 * Pages are only there once touched; freed ones go back to the system.
 */
#ifndef CUDA_ON_CPU_MEMORY_H
#define CUDA_ON_CPU_MEMORY_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace emulator
{
constexpr size_t shared_bytes_max = 256 << 10, arena_bytes = (size_t)32 << 30;

enum State : uint8_t { NOT_THERE, UNWRITTEN, WRITTEN, ON_ITS_WAY };

struct Cell {
    uint64_t written, read; // stamps; 0: never
};

struct Arena {
    char *data;
    uint8_t *state;
    Cell *cells; // of two bytes each
};
extern Arena arena;

void memory_open();
inline size_t offset_of(const void *p) { return (size_t)((const char *)p - arena.data); }
inline bool is_device(const void *p) { return arena.data && offset_of(p) < arena_bytes; }
inline bool is_shared(const void *p) { return arena.data && offset_of(p) < shared_bytes_max; }

void *device_alloc(size_t bytes); // NULL: the card is full
bool device_free(void *);         // false: not the beginning of an allocation
size_t device_used();
bool is_pinned(const void *);
std::string describe(const void *); // "allocation 3 (1024 bytes) + 1028"
} // namespace emulator

#endif
