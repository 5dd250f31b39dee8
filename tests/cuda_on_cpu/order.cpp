// SPDX-License-Identifier: Apache-2.0
#include "order.h"

#include "check.h"

#include <algorithm>

namespace emulator
{
Now now;
unsigned warp_syncs[32];

struct Past {
    uint64_t first_era;
    unsigned stream;
    uint64_t item;
};
static std::vector<Past> pasts; // work since all streams were last waited for
static Clock known;             // to the work that runs

static bool is_before(const Past &past) { return known.at(past.stream) > past.item; }

void check_begin_work(unsigned stream, uint64_t item, const Clock &now_known)
{
    known = now_known;
    now.era++;
    now.work_first = now.block_first = now.ordered_until = now.era;
    for (const Past &past : pasts)
        if (!is_before(past)) {
            now.ordered_until = past.first_era;
            break;
        }
    pasts.push_back({now.era, stream, item});
}

void check_begin_block()
{
    now.era++;
    now.block_first = now.era;
}

void check_barrier() { now.era++; }
void check_warp_sync(int warp) { warp_syncs[warp]++; }

void check_settle()
{
    pasts.clear();
    now.ordered_until = ++now.era;
}

static bool is_work_before(uint64_t era)
{
    auto after = std::upper_bound(pasts.begin(), pasts.end(), era,
                                  [](uint64_t value, const Past &past) { return value < past.first_era; });
    return after == pasts.begin() || is_before(*(after - 1));
}

bool is_race(Stamp old, Stamp mine, bool is_in_shared)
{
    uint64_t era = old.era();
    if (era < (is_in_shared ? now.block_first : now.ordered_until) || !(old.bytes() & mine.bytes()) ||
        (old.is_atomic() && mine.is_atomic()))
        return false;
    if (era < now.work_first)
        return !is_work_before(era);
    if (era < now.block_first || old.others() == BLOCKS)
        return true;
    if (era != mine.era())
        return false;
    if (old.others() == WARPS || old.thread() >> 5 != mine.thread() >> 5)
        return true;
    return old.sync() == mine.sync() && (old.thread() != mine.thread() || old.others() == LANES);
}

Stamp add_reader(Stamp old, Stamp mine, bool is_in_shared)
{
    uint64_t era = old.era();
    if (era < (is_in_shared ? now.block_first : now.work_first))
        return mine;
    if (era < now.block_first || old.others() == BLOCKS)
        return mine.with(old.bytes(), BLOCKS);
    if (era != mine.era())
        return mine;
    if (old.others() == WARPS || old.thread() >> 5 != mine.thread() >> 5)
        return mine.with(old.bytes(), WARPS);
    bool is_alone = old.sync() != mine.sync() || (old.thread() == mine.thread() && old.others() == NOBODY);
    return is_alone ? mine.with(old.sync() == mine.sync() ? old.bytes() : 0, NOBODY) : mine.with(old.bytes(), LANES);
}
} // namespace emulator
