// SPDX-License-Identifier: Apache-2.0
/* GRIDDLE_EMULATED_TRUNCATE=1: sums of tensor cores, bit by bit as MMA-Sim has them for the emulated card. */
#include "../sum.h"
#include "selftest.h"

#include <cstdlib>
#include <cstring>
#include <string>

static float float_of(const char *hex)
{
    uint32_t bits = (uint32_t)strtoul(hex, nullptr, 16);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static void halves_of(const char *hex, uint16_t to[16])
{
    for (int i = 0; i < 16; i++)
        to[i] = (uint16_t)strtoul(std::string(hex + 4 * i, 4).c_str(), nullptr, 16);
}

TEST(sums_as_published)
{
    const char *card = getenv("GRIDDLE_EMULATED_SM");
    char line[512], sm[4], type[8], a[65], b[65], c[9], want[9];
    uint16_t at_a[16], at_b[16];
    int compared = 0;
    FILE *file = fopen(GRIDDLE_SOURCE "/tests/golden/tensor-sums.txt", "r");
    REQUIRE(card && file);
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "%3s %7s %64s %64s %8s %8s", sm, type, a, b, c, want) != 6 || strcmp(sm, card) != 0)
            continue;
        halves_of(a, at_a);
        halves_of(b, at_b);
        float got = emulator::tensor_sum(float_of(c), at_a, at_b, 16,
                                         strcmp(type, "f16") == 0 ? emulator::element::f16 : emulator::element::bf16);
        if (got != float_of(want))
            fprintf(stderr, "%a where %a is wanted: %s", (double)got, (double)float_of(want), line);
        REQUIRE(got == float_of(want));
        compared++;
    }
    fclose(file);
    REQUIRE(compared >= 32);
    return true;
}
