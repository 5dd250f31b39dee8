// SPDX-License-Identifier: Apache-2.0
/* One block of threads at a time: a fiber for each, run in turn until each waits for others or has ended. */
#ifndef CUDA_ON_CPU_BLOCK_H
#define CUDA_ON_CPU_BLOCK_H

#include "emulator.h"
#include "fiber.h"

#include <vector>

namespace emulator
{
enum class Doing { RUNS, AT_BARRIER, IN_WARP, HAS_ENDED };

struct Thread;
/* What lanes do together once all of `mask` are there; called once, by the last to come. */
using Meeting = void (*)(Thread *warp, unsigned mask);

struct AsyncCopy {
    void *to;
    const void *from; // NULL: zeros
    int group;
};

struct Thread {
    Fiber fiber;
    uint3 index;
    int number;
    Doing doing;
    const char *file; // of the barrier it waits at
    int line, predicate;
    unsigned mask; // of the meeting it waits in
    Meeting meeting;
    void *payload;
    std::vector<AsyncCopy> copies;
    int groups;
    int lane() const { return number & 31; }
    int warp() const { return number >> 5; }
};

struct Running {
    const Kernel *kernel;
    uint3 block;
    uint64_t block_number;
    int n_threads;
};
extern Running running;
extern Thread *here; // NULL: the host's code runs

void run_kernel(const Kernel &);
void let_others_run();              // the thread goes on later
[[noreturn]] void give_up_launch(); // after a finding that no thread can go on from
bool is_stack(const void *);
void shared_begin_block(size_t dynamic_bytes);
void meet(unsigned mask, Meeting, void *payload);
void meet_whole_warp(Meeting, void *payload, const char *what);
void warp_lane_ended(Thread &);
} // namespace emulator

#endif
