// SPDX-License-Identifier: Apache-2.0
/* Three questions of every access: is the memory there, has it been written, and is everybody else's access to it
 * either before or after. Cells are of two bytes, so that neighbours of half precision are told apart; bytes within a
 * cell share one stamp, which tells them apart as long as no third thread comes in between.
 */
#include "check.h"

#include "block.h"
#include "finding.h"
#include "launch.h"
#include "memory.h"
#include "order.h"
#include "profile.h"
#include "settings.h"

#include <cstring>
#include <link.h>

namespace emulator
{
bool is_checked;

static std::string name_of(const void *p) { return is_shared(p) ? describe_shared(p) : describe(p); }

static const char *verb(Access access)
{
    return access == Access::READ ? "read" : access == Access::WRITE ? "write" : "atomic";
}

// ---- addresses that are not the card's ----
static bool is_in_our_image(const void *p)
{
    static uintptr_t from, to;
    if (!to)
        dl_iterate_phdr(
            [](dl_phdr_info *image, size_t, void *) {
                uintptr_t low = UINTPTR_MAX, high = 0, us = (uintptr_t)&now;
                for (int i = 0; i < image->dlpi_phnum; i++)
                    if (image->dlpi_phdr[i].p_type == PT_LOAD) {
                        uintptr_t begin = image->dlpi_addr + image->dlpi_phdr[i].p_vaddr;
                        low = begin < low ? begin : low;
                        high = begin + image->dlpi_phdr[i].p_memsz > high ? begin + image->dlpi_phdr[i].p_memsz : high;
                    }
                if (us < low || us >= high)
                    return 0;
                from = low;
                to = high;
                return 1;
            },
            nullptr);
    return (uintptr_t)p >= from && (uintptr_t)p < to;
}

/* A kernel may touch its own locals, its arguments, constants, and page-locked host memory. */
static void check_foreign(const void *p, size_t bytes, Access access, const void *pc)
{
    auto *arguments = static_cast<const char *>(running.kernel->arguments.get());
    if (is_stack(p) || (size_t)((const char *)p - arguments) < running.kernel->argument_bytes || is_in_our_image(p) ||
        is_pinned(p))
        return;
    finding("illegal address", pc, "%s of %zu bytes at %p, which is the host's or nobody's", verb(access), bytes, p);
    give_up_launch();
}

// ---- is it there, is it written ----
static bool is_all_written(const uint8_t *state, size_t bytes)
{
    uint32_t word;
    if (bytes == sizeof word) { // most are
        memcpy(&word, state, sizeof word);
        return word == WRITTEN * 0x01010101u;
    }
    for (size_t i = 0; i < bytes; i++)
        if (state[i] != WRITTEN)
            return false;
    return true;
}

static bool has(const uint8_t *state, size_t bytes, uint8_t value) { return memchr(state, value, bytes) != nullptr; }

static void judge_state(const void *p, size_t bytes, Access access, const void *pc)
{
    const uint8_t *state = arena.state + offset_of(p);
    if (has(state, bytes, NOT_THERE))
        finding("out of bounds", pc, "%s of %zu bytes at %s", verb(access), bytes, name_of(p).c_str());
    else if (has(state, bytes, ON_ITS_WAY))
        finding("copy not waited for", pc, "%s of %zu bytes at %s, to which an asynchronous copy is on its way",
                verb(access), bytes, name_of(p).c_str());
    else if (access != Access::WRITE && has(state, bytes, UNWRITTEN))
        finding("uninitialised", pc, "%s of %zu bytes at %s, which nobody has written", verb(access), bytes,
                name_of(p).c_str());
}

static void set_state(const void *p, size_t bytes, State value)
{
    uint8_t *state = arena.state + offset_of(p);
    for (size_t i = 0; i < bytes; i++)
        if (state[i] != NOT_THERE) // what lies between allocations stays there
            state[i] = value;
}

// ---- who else ----
static void tell_race(Stamp old, bool was_write, const void *p, size_t bytes, Access access, const void *pc)
{
    const char *other = old.era() >= now.block_first  ? "of this block"
                        : old.era() >= now.work_first ? "of another block"
                                                      : "of earlier work in another stream";
    finding("race", pc, "%s of %zu bytes at %s, not ordered after a %s by thread %u %s", verb(access), bytes,
            name_of(p).c_str(), was_write ? "write" : "read", old.thread(), other);
}

static void check_order(const void *p, size_t bytes, Access access, const void *pc)
{
    bool is_in_shared = is_shared(p), is_told = false;
    size_t at = offset_of(p), end = at + bytes;
    for (size_t cell = at / 2; cell * 2 < end; cell++) {
        unsigned covered = (cell * 2 >= at ? 1u : 0) | (cell * 2 + 1 < end ? 2u : 0);
        Cell &was = arena.cells[cell];
        Stamp written = {was.written}, read = {was.read};
        Stamp mine =
            Stamp::make(now.era, (unsigned)here->number, warp_syncs[here->warp()], covered, access == Access::ATOMIC);
        bool is_behind_write = is_race(written, mine, is_in_shared);
        if (!is_told && (is_behind_write || (access != Access::READ && is_race(read, mine, is_in_shared)))) {
            tell_race(is_behind_write ? written : read, is_behind_write, p, bytes, access, pc);
            is_told = true;
        }
        if (access == Access::READ)
            was.read = add_reader(read, mine, is_in_shared).bits;
        else if (written.era() == mine.era() && written.thread() == mine.thread() &&
                 written.is_atomic() == mine.is_atomic())
            was.written = mine.with(written.bytes(), NOBODY).bits;
        else
            was.written = mine.bits;
    }
}

void check_access(const void *p, size_t bytes, Access access, const void *pc)
{
    if (!is_checked)
        return;
    if (!is_device(p)) {
        if (!is_stack(p))
            check_foreign(p, bytes, access, pc);
        return;
    }
    if (!is_all_written(arena.state + offset_of(p), bytes)) {
        judge_state(p, bytes, access, pc);
        if (access != Access::READ)
            set_state(p, bytes, WRITTEN);
    }
    check_order(p, bytes, access, pc);
    if (settings().profile && running.block_number == 0)
        profile_access(p, bytes, access != Access::READ, pc);
}

void check_copy_begin(void *to, const void *from, const void *pc)
{
    if (from)
        check_access(from, 16, Access::READ, pc);
    check_access(to, 16, Access::WRITE, pc);
    if (is_checked)
        set_state(to, 16, ON_ITS_WAY);
}

void check_copy_end(void *to, const void *pc)
{
    if (!is_checked)
        return;
    set_state(to, 16, WRITTEN);
    check_order(to, 16, Access::WRITE, pc);
}

// ---- copies between host and card ----
static bool check_range(const void *p, size_t bytes, bool is_write)
{
    const uint8_t *state = arena.state + offset_of(p);
    if (bytes > arena_bytes - offset_of(p) || has(state, bytes, NOT_THERE)) {
        finding("out of bounds", nullptr, "copy %s %zu bytes at %s", is_write ? "of" : "from", bytes,
                describe(p).c_str());
        return false;
    }
    if (!is_checked)
        return true;
    Stamp mine = Stamp::make(now.era, 0, 0, 3, false);
    size_t first = offset_of(p) / 2, last = (offset_of(p) + bytes + 1) / 2;
    bool is_told = false;
    for (size_t cell = first; cell < last; cell++) {
        Cell &was = arena.cells[cell];
        if (!is_told && (is_race({was.written}, mine, false) || (is_write && is_race({was.read}, mine, false)))) {
            finding(
                "race", nullptr,
                "copy or memset of %zu bytes at %s, not ordered after a kernel or copy that %s it in another stream",
                bytes, describe(p).c_str(), is_write ? "touches" : "writes");
            is_told = true;
        }
        (is_write ? was.written : was.read) = mine.bits;
    }
    return true;
}

bool check_copy(const void *to, const void *from, size_t bytes)
{
    if (!bytes)
        return true;
    if (from && is_device(from) && !check_range(from, bytes, false))
        return false;
    if (is_device(to)) {
        if (!check_range(to, bytes, true))
            return false;
        uint8_t *state = arena.state + offset_of(to);
        if (from && is_device(from))
            memmove(state, arena.state + offset_of(from), bytes);
        else
            memset(state, WRITTEN, bytes);
    }
    return true;
}
} // namespace emulator
