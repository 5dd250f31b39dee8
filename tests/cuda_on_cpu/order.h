// SPDX-License-Identifier: Apache-2.0
/* When an access was: a stamp of 64 bits, and which stamps are known to be before now.
 *
 *     era 35 | thread 10 | warp's sync 14 | bytes of the cell 2 | atomic 1 | others 2
 *
 * An era is what one block does between two barriers; eras are numbered through the whole run, so that those of one
 * block, and of one piece of work in a stream, are neighbours. Two accesses of an era are in order if one thread made
 * them, or two lanes of a warp with a __syncwarp between; eras of one block are in order; those of two blocks of one
 * launch are not; those of two pieces of work are if the streams' clocks say so.
 */
#ifndef CUDA_ON_CPU_ORDER_H
#define CUDA_ON_CPU_ORDER_H

#include <cstdint>

namespace emulator
{
/* Who else has read since: a single stamp is kept for all readers, which says so at least. */
enum Others : unsigned { NOBODY, LANES, WARPS, BLOCKS };

struct Stamp {
    uint64_t bits;
    uint64_t era() const { return bits >> 29; }
    unsigned thread() const { return (unsigned)(bits >> 19) & 1023; }
    unsigned sync() const { return (unsigned)(bits >> 5) & 0x3fff; }
    unsigned bytes() const { return (unsigned)(bits >> 3) & 3; }
    bool is_atomic() const { return bits >> 2 & 1; }
    Others others() const { return (Others)(bits & 3); }

    static Stamp make(uint64_t era, unsigned thread, unsigned sync, unsigned bytes, bool is_atomic)
    {
        return {era << 29 | (uint64_t)thread << 19 | (uint64_t)(sync & 0x3fff) << 5 | bytes << 3 |
                (uint64_t)is_atomic << 2};
    }
    Stamp with(unsigned more_bytes, Others others) const
    {
        return {(bits & ~(uint64_t)3) | (uint64_t)more_bytes << 3 | others};
    }
};

struct Now {
    uint64_t era = 1, block_first = 1, work_first = 1; // eras: this one, the block's first, the work's first
    uint64_t ordered_until = 1;                        // all eras below are known to be before
};
extern Now now;
extern unsigned warp_syncs[32];

bool is_work_before(uint64_t era); // as far as clocks say

/* Are this old access and one that `mine` stamps unordered, when at least one of them writes? */
inline bool is_race(Stamp old, Stamp mine, bool is_in_shared)
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

inline Stamp add_reader(Stamp old, Stamp mine, bool is_in_shared)
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

#endif
