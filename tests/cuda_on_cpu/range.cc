// SPDX-License-Identifier: Apache-2.0
/* NVTX: ranges of the calling thread, and what is launched in them, told in the file of GRIDDLE_EMULATED_RANGES:
 *
 *     train(16)
 *       conv1.fwd
 *         > conv2d_fwd_tile
 */
#include "range.h"

#include "nvtx3/nvToolsExt.h"
#include "settings.h"

#include <cstdio>

using namespace emulator;

static thread_local int depth;

static FILE *log_file()
{
    static FILE *file = settings().ranges ? fopen(settings().ranges, "a") : nullptr;
    return file;
}

static void tell(const char *mark, const char *text)
{
    if (!log_file())
        return;
    fprintf(log_file(), "%*s%s%s\n", 2 * depth, "", mark, text);
    fflush(log_file());
}

int nvtxRangePushA(const char *message)
{
    tell("", message);
    return depth++;
}

int nvtxRangePop(void)
{
    if (depth == 0) {
        tell("", "a range ends that never began");
        return -1;
    }
    return --depth;
}

void emulator::range_launch(const char *what) { tell("> ", what); }
