// SPDX-License-Identifier: Apache-2.0
/* 16-byte loads and stores, and asynchronous copies of 16 bytes. Those happen at the wait and not before, so that who
 * does not wait reads what was there.
 */
#include "block.h"
#include "check.h"
#include "finding.h"
#include "memory.h"

#include <cstring>

namespace emulator
{
static void check_aligned(const void *p, const void *pc)
{
    if ((uintptr_t)p % 16)
        finding("misaligned", pc, "16 bytes at %p + %zu", (const void *)((uintptr_t)p & ~(uintptr_t)15),
                (size_t)((uintptr_t)p % 16));
}

void load16(void *to, const void *from)
{
    check_aligned(from, __builtin_return_address(0));
    check_access(from, 16, Access::READ, __builtin_return_address(0));
    memcpy(to, from, 16);
}

void store16(void *to, const void *from)
{
    check_aligned(to, __builtin_return_address(0));
    check_access(to, 16, Access::WRITE, __builtin_return_address(0));
    memcpy(to, from, 16);
}

void copy_async16(void *to, const void *from, bool is_valid)
{
    const void *pc = __builtin_return_address(0);
    check_aligned(to, pc);
    if (is_valid)
        check_aligned(from, pc);
    if (!is_shared(to)) {
        finding("illegal address", pc, "an asynchronous copy goes to shared memory only");
        give_up_launch();
    }
    check_copy_begin(to, is_valid ? from : nullptr, pc);
    here->copies.push_back({to, is_valid ? from : nullptr, here->groups});
}

void copy_commit() { here->groups++; }

void copy_wait(int groups_left)
{
    const void *pc = __builtin_return_address(0);
    size_t n_left = 0;
    for (AsyncCopy &copy : here->copies)
        if (copy.group < here->groups - groups_left) {
            check_copy_end(copy.to, pc);
            if (copy.from)
                memcpy(copy.to, copy.from, 16);
            else
                memset(copy.to, 0, 16);
        } else
            here->copies[n_left++] = copy;
    here->copies.resize(n_left);
}
} // namespace emulator
