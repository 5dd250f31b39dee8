// SPDX-License-Identifier: Apache-2.0
/* The environment, and the cards there are to emulate. Limits: CUDA C++ Programming Guide, "Technical specifications
 * per compute capability" (shared memory per block is what a kernel may ask for, 1 KiB below the multiprocessor's
 * from 8.0 on).
 */
#include "settings.h"

#include <cstdio>
#include <cstdlib>

namespace emulator
{
static const Card cards[] = {
    {70, "emulated V100", 96, 96, 80},     {75, "emulated T4", 64, 64, 40},
    {80, "emulated A100", 163, 164, 108},  {86, "emulated A10", 99, 100, 72},
    {89, "emulated L40", 99, 100, 142},    {90, "emulated H100", 227, 228, 132},
    {100, "emulated B200", 227, 228, 148}, {120, "emulated RTX 5090", 99, 100, 170},
};

static uint64_t number(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    if (!text || !*text)
        return otherwise;
    char *end;
    uint64_t value = strtoull(text, &end, 0);
    if (*end) {
        fprintf(stderr, "cuda on cpu: %s='%s' is not a number\n", name, text);
        _Exit(2);
    }
    return value;
}

static Card card_of(uint64_t sm)
{
    for (Card card : cards) {
        if ((uint64_t)card.sm == sm) {
            card.multiprocessors = (int)number("GRIDDLE_EMULATED_MULTIPROCESSORS", (uint64_t)card.multiprocessors);
            return card;
        }
    }
    fprintf(stderr, "cuda on cpu: no card has GRIDDLE_EMULATED_SM=%llu: 70, 75, 80, 86, 89, 90, 100 or 120\n",
            (unsigned long long)sm);
    _Exit(2);
}

Settings read_settings()
{
    return {
        card_of(number("GRIDDLE_EMULATED_SM", 80)),
        number("GRIDDLE_EMULATED_SEED", 0),
        (unsigned)number("GRIDDLE_EMULATED_PREEMPT", 0),
        number("GRIDDLE_EMULATED_PROFILE", 0) != 0,
        (int)number("GRIDDLE_EMULATED_TRUNCATE", 0),
        (int)number("GRIDDLE_EMULATED_DEVICES", 1),
        number("GRIDDLE_EMULATED_MEMORY", (size_t)4 << 30),
        getenv("GRIDDLE_EMULATED_FAIL"),
        getenv("GRIDDLE_EMULATED_TIME"),
        getenv("GRIDDLE_EMULATED_RANGES"),
    };
}
} // namespace emulator
