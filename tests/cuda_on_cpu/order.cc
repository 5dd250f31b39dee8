// SPDX-License-Identifier: Apache-2.0
#include "order.h"

#include "check.h"
#include "settings.h"

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
static auto &pasts = forever<std::vector<Past>>(); // work since all streams were last waited for
static auto &known = forever<Clock>();             // to the work that runs

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

bool is_work_before(uint64_t era)
{
    auto after = std::upper_bound(pasts.begin(), pasts.end(), era,
                                  [](uint64_t value, const Past &past) { return value < past.first_era; });
    return after == pasts.begin() || is_before(*(after - 1));
}
} // namespace emulator
