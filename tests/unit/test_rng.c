// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"
#include "unit.h"

/* Known answers of Random123 (kat_vectors, philox4x32 10 rounds). Our counter is {b low, b high, a, use}. */
TEST(philox_gives_the_known_answers)
{
    gd_philox zero = gd_rng(0, (gd_rng_use)0, 0, 0);
    const uint32_t want_zero[] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    gd_philox ones = gd_rng(UINT64_MAX, (gd_rng_use)UINT32_MAX, UINT32_MAX, UINT64_MAX);
    const uint32_t want_ones[] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
    gd_philox pi = gd_rng(0x299f31d0a4093822u, (gd_rng_use)0x03707344, 0x13198a2e, 0x85a308d3243f6a88u);
    const uint32_t want_pi[] = {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1};
    for (int i = 0; i < 4; i++) {
        CHECK_EQ_INT(zero.at[i], want_zero[i]);
        CHECK_EQ_INT(ones.at[i], want_ones[i]);
        CHECK_EQ_INT(pi.at[i], want_pi[i]);
    }
}

TEST(each_part_of_the_key_matters)
{
    uint32_t base = gd_rng(1, GD_RNG_TEST, 2, 3).at[0];
    CHECK(gd_rng(2, GD_RNG_TEST, 2, 3).at[0] != base);
    CHECK(gd_rng((uint64_t)1 << 32 | 1, GD_RNG_TEST, 2, 3).at[0] != base);
    CHECK(gd_rng(1, GD_RNG_INIT, 2, 3).at[0] != base);
    CHECK(gd_rng(1, GD_RNG_TEST, 3, 3).at[0] != base);
    CHECK(gd_rng(1, GD_RNG_TEST, 2, (uint64_t)1 << 32 | 3).at[0] != base);
    CHECK_EQ_INT(gd_rng(1, GD_RNG_TEST, 2, 3).at[0], base);
}

TEST(unit_numbers_are_below_one)
{
    CHECK_NEAR(gd_rng_unit(0), 0, 0);
    CHECK(gd_rng_unit(UINT32_MAX) < 1);
    CHECK_NEAR(gd_rng_unit(0x80000000u), 0.5, 0);
}

TEST(numbers_below_n_are_even)
{
    enum { N = 7, DRAWS = 70000 };
    int count[N] = {0};
    double sum = 0;
    for (uint64_t i = 0; i < DRAWS; i++) {
        gd_philox word = gd_rng(1, GD_RNG_TEST, 0, i);
        uint32_t below = gd_rng_below(word.at[0], N);
        CHECK(below < N);
        count[below]++;
        sum += (double)gd_rng_unit(word.at[1]);
    }
    for (int i = 0; i < N; i++)
        CHECK_NEAR(count[i], DRAWS / N, 500); /* five deviations */
    CHECK_NEAR(sum / DRAWS, 0.5, 0.006);
    CHECK_EQ_INT(gd_rng_below(UINT32_MAX, N), N - 1);
    CHECK_EQ_INT(gd_rng_below(UINT32_MAX, 1), 0);
}
