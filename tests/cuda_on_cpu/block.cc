// SPDX-License-Identifier: Apache-2.0
#include "block.h"

#include "check.h"
#include "finding.h"
#include "profile.h"
#include "settings.h"

#include <algorithm>
#include <cstring>
#include <sys/mman.h>

/* Threads see these as constants (cuda_runtime.h, which this file must not include). */
#define BUILT_IN __attribute__((visibility("hidden")))
BUILT_IN uint3 threadIdx, blockIdx;
BUILT_IN dim3 blockDim, gridDim;

namespace emulator
{
constexpr int threads_max = 1024;
constexpr size_t stack_bytes = 256 << 10;

Running running;
Thread *here;
static Thread *const threads = new Thread[threads_max];
static Fiber scheduler;
static char *stacks;
static bool is_given_up;
static int n_ended;

static void stacks_open()
{
    if (stacks)
        return;
    stacks = static_cast<char *>(mmap(nullptr, threads_max * stack_bytes, PROT_READ | PROT_WRITE,
                                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    for (int i = 0; i < threads_max; i++)
        mprotect(stacks + i * stack_bytes, 4096, PROT_NONE); // what runs over its stack faults
}

bool is_stack(const void *p) { return (size_t)((const char *)p - stacks) < threads_max * stack_bytes; }

static void body()
{
    running.kernel->call(running.kernel->arguments.get());
    if (!here->copies.empty())
        finding("copy never waited for", nullptr, "the thread ends with %zu asynchronous copies on their way",
                here->copies.size());
    here->doing = Doing::HAS_ENDED;
    n_ended++;
    warp_lane_ended(*here);
    fiber_switch(here->fiber, scheduler);
    __builtin_unreachable();
}

static void resume(Thread &thread)
{
    here = &thread;
    threadIdx = thread.index;
    fiber_switch(scheduler, thread.fiber);
    here = nullptr;
}

void let_others_run() { fiber_switch(here->fiber, scheduler); }

void give_up_launch()
{
    is_given_up = true;
    fiber_switch(here->fiber, scheduler);
    __builtin_unreachable();
}

static void wait_at_barrier(const char *file, int line, int predicate)
{
    here->doing = Doing::AT_BARRIER;
    here->file = file;
    here->line = line;
    here->predicate = predicate != 0;
    let_others_run();
}

void barrier(const char *file, int line) { wait_at_barrier(file, line, 0); }

int barrier_count(int predicate, const char *file, int line)
{
    wait_at_barrier(file, line, predicate);
    return here->predicate;
}

/* Nobody can run: either all are at one barrier, or they wait for what never comes. */
static void open_barrier()
{
    Thread *first = nullptr;
    int n_there = 0, n_true = 0;
    for (int i = 0; i < running.n_threads; i++)
        if (threads[i].doing == Doing::AT_BARRIER) {
            if (!first)
                first = &threads[i];
            n_there++;
            n_true += threads[i].predicate;
        }
    Thread *odd = nullptr;
    for (int i = 0; i < running.n_threads && !odd; i++) {
        Thread &thread = threads[i];
        bool is_elsewhere = first && thread.doing == Doing::AT_BARRIER &&
                            (thread.line != first->line || strcmp(thread.file, first->file) != 0);
        if (thread.doing == Doing::IN_WARP || is_elsewhere)
            odd = &thread;
    }
    here = odd ? odd : first; // whom the finding names
    if (odd && odd->doing == Doing::IN_WARP)
        finding("lanes wait for ever", nullptr,
                "a warp function with mask %08x waits for lanes that do not come, %d threads at a barrier", odd->mask,
                n_there);
    else if (odd)
        finding("divergent barrier", nullptr, "threads wait at different barriers, %s:%d and %s:%d", first->file,
                first->line, odd->file, odd->line);
    else if (n_there != running.n_threads)
        finding("divergent barrier", nullptr,
                "the barrier at %s:%d is reached by %d of %d threads, the others have ended", first->file, first->line,
                n_there, running.n_threads);
    here = nullptr;
    if (odd || n_there != running.n_threads) {
        is_given_up = true;
        return;
    }
    check_barrier();
    for (int i = 0; i < running.n_threads; i++) {
        threads[i].doing = Doing::RUNS;
        threads[i].predicate = n_true;
    }
}

static void begin_threads(const dim3 &block)
{
    for (int i = 0; i < running.n_threads; i++) {
        Thread &thread = threads[i];
        unsigned n = (unsigned)i;
        thread.index = {n % block.x, n / block.x % block.y, n / block.x / block.y};
        thread.number = i;
        thread.doing = Doing::RUNS;
        thread.copies.clear();
        thread.groups = 0;
        fiber_begin(thread.fiber, stacks + i * stack_bytes, stack_bytes, body);
    }
    n_ended = 0;
}

static void run_block(const Kernel &kernel, Random &random)
{
    static int order[threads_max];
    begin_threads(kernel.block);
    check_begin_block();
    shared_begin_block(kernel.shared_bytes);
    for (int i = 0; i < running.n_threads; i++)
        order[i] = i;
    while (n_ended < running.n_threads && !is_given_up) {
        if (settings().seed)
            for (int i = running.n_threads - 1; i > 0; i--)
                std::swap(order[i], order[random.below((unsigned)i + 1)]);
        bool is_any = false;
        for (int i = 0; i < running.n_threads && !is_given_up; i++)
            if (threads[order[i]].doing == Doing::RUNS) {
                resume(threads[order[i]]);
                is_any = true;
            }
        if (!is_any)
            open_barrier();
    }
    profile_end_block();
}

void run_kernel(const Kernel &kernel)
{
    static Random random(settings().seed);
    dim3 grid = kernel.grid;
    uint64_t n_blocks = (uint64_t)grid.x * grid.y * grid.z;
    stacks_open();
    is_given_up = false;
    running = {&kernel, {}, 0, (int)(kernel.block.x * kernel.block.y * kernel.block.z)};
    blockDim = kernel.block;
    gridDim = grid;
    for (uint64_t i = 0; i < n_blocks && !is_given_up; i++) {
        uint64_t n = settings().seed % 2 ? n_blocks - 1 - i : i; // odd seeds: the last block first
        running.block_number = n;
        running.block = {(unsigned)(n % grid.x), (unsigned)(n / grid.x % grid.y), (unsigned)(n / grid.x / grid.y)};
        blockIdx = running.block;
        run_block(kernel, random);
    }
    running.kernel = nullptr;
}
} // namespace emulator
