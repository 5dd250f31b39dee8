// SPDX-License-Identifier: Apache-2.0
/* What the lanes of a warp do together. A meeting is over when every lane of its mask that has not ended is in the same
 * one with the same mask, which is what CUDA demands of them.
 */
#include "block.h"
#include "check.h"
#include "finding.h"

namespace emulator
{
int lane() { return here->lane(); }

static unsigned lanes_of(const Thread &thread)
{
    int n = running.n_threads - (thread.number & ~31);
    return n >= 32 ? 0xffffffff : (1u << n) - 1;
}

static bool is_complete(const Thread *warp, unsigned mask, Meeting meeting)
{
    for (int i = 0; i < 32; i++)
        if (mask >> i & 1 && warp[i].doing != Doing::HAS_ENDED &&
            (warp[i].doing != Doing::IN_WARP || warp[i].mask != mask || warp[i].meeting != meeting))
            return false;
    return true;
}

static void complete(Thread *warp, unsigned mask, Meeting meeting)
{
    meeting(warp, mask);
    for (int i = 0; i < 32; i++)
        if (mask >> i & 1 && warp[i].doing == Doing::IN_WARP)
            warp[i].doing = Doing::RUNS;
}

void meet(unsigned mask, Meeting meeting, void *payload)
{
    if (!(mask >> here->lane() & 1)) {
        finding("lane not in its mask", __builtin_return_address(0), "lane %d calls a warp function with mask %08x",
                here->lane(), mask);
        give_up_launch();
    }
    Thread *warp = here - here->lane();
    here->mask = mask & lanes_of(*here);
    here->meeting = meeting;
    here->payload = payload;
    here->doing = Doing::IN_WARP;
    if (is_complete(warp, here->mask, meeting))
        complete(warp, here->mask, meeting);
    else
        let_others_run();
}

void meet_whole_warp(Meeting meeting, void *payload, const char *what)
{
    Thread *warp = here - here->lane();
    bool is_whole = lanes_of(*here) == 0xffffffff;
    for (int i = 0; i < 32 && is_whole; i++)
        is_whole = warp[i].doing != Doing::HAS_ENDED;
    if (!is_whole) {
        finding("part of a warp", nullptr, "%s needs all 32 lanes", what);
        give_up_launch();
    }
    meet(0xffffffff, meeting, payload);
}

/* Others may have waited for this lane only. */
void warp_lane_ended(Thread &ended)
{
    Thread *warp = &ended - ended.lane();
    for (int i = 0; i < 32; i++)
        if (lanes_of(ended) >> i & 1 && warp[i].doing == Doing::IN_WARP && warp[i].mask >> ended.lane() & 1 &&
            is_complete(warp, warp[i].mask, warp[i].meeting))
            complete(warp, warp[i].mask, warp[i].meeting);
}

// ---- the meetings ----
void warp_sync(unsigned mask)
{
    meet(
        mask, [](Thread *warp, unsigned) { check_warp_sync(warp->warp()); }, nullptr);
}

struct Shuffle {
    uint64_t give, get;
    int source;
    bool is_there;
};

static void exchange(Thread *warp, unsigned together)
{
    for (int i = 0; i < 32; i++) {
        if (!(together >> i & 1) || warp[i].doing == Doing::HAS_ENDED)
            continue;
        auto *mine = static_cast<Shuffle *>(warp[i].payload);
        Thread &source = warp[mine->source & 31];
        mine->is_there = together >> source.lane() & 1 && source.doing == Doing::IN_WARP;
        mine->get = mine->is_there ? static_cast<Shuffle *>(source.payload)->give : ~(uint64_t)0;
    }
}

uint64_t warp_shuffle(unsigned mask, uint64_t value, int source)
{
    Shuffle mine = {value, 0, source, false};
    meet(mask, exchange, &mine);
    if (!mine.is_there)
        finding("shuffle from an inactive lane", __builtin_return_address(0), "lane %d reads lane %d, mask %08x",
                here->lane(), source, mask);
    return mine.get;
}

struct Vote {
    unsigned value, together;
};

struct Ballot {
    static unsigned of(unsigned sum, int lane, unsigned value) { return sum | value << lane; }
};
struct Add {
    static unsigned of(unsigned sum, int, unsigned value) { return sum + value; }
};

template <typename Combine> static void count(Thread *warp, unsigned lanes)
{
    unsigned together = 0;
    for (int i = 0; i < 32; i++)
        if (lanes >> i & 1 && warp[i].doing == Doing::IN_WARP)
            together = Combine::of(together, i, static_cast<Vote *>(warp[i].payload)->value);
    for (int i = 0; i < 32; i++)
        if (lanes >> i & 1 && warp[i].doing == Doing::IN_WARP)
            static_cast<Vote *>(warp[i].payload)->together = together;
}

template <typename Combine> static unsigned vote(unsigned mask, unsigned value)
{
    Vote mine = {value, 0};
    meet(mask, count<Combine>, &mine);
    return mine.together;
}

unsigned warp_ballot(unsigned mask, bool predicate) { return vote<Ballot>(mask, predicate); }
unsigned warp_reduce_add(unsigned mask, unsigned value) { return vote<Add>(mask, value); }
} // namespace emulator
