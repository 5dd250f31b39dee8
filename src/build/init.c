// SPDX-License-Identifier: Apache-2.0
/* Initial values. Source of He normal: He et al., "Delving deep into rectifiers", 2015. */
#include "base/rng.h"
#include "build/build.h"

#include <math.h>

/* Element e takes word e%4 of block e/4. */
static void fill_uniform(uint64_t seed, int param, double bound, float *to, int64_t n)
{
    for (int64_t e = 0; e < n; e++) {
        gd_philox words = gd_rng(seed, GD_RNG_INIT, (uint32_t)param, (uint64_t)e / 4);
        to[e] = (float)(bound * (2.0 * (double)gd_rng_unit(words.at[e % 4]) - 1.0));
    }
}

/* Box, Muller, "A note on the generation of random normal deviates", 1958: two words make two of them. */
static void fill_normal(uint64_t seed, int param, double deviation, float *to, int64_t n)
{
    const double turn = 6.283185307179586;
    for (int64_t e = 0; e < n; e += 2) {
        gd_philox words = gd_rng(seed, GD_RNG_INIT, (uint32_t)param, (uint64_t)e / 4);
        const uint32_t *pair = words.at + e % 4;
        double radius = deviation * sqrt(-2.0 * log((pair[0] + 0.5) / 4294967296.0));
        double angle = turn * (pair[1] / 4294967296.0);
        to[e] = (float)(radius * cos(angle));
        if (e + 1 < n)
            to[e + 1] = (float)(radius * sin(angle));
    }
}

void gd_init_param(const gd_net *net, int i, uint64_t seed, float *to)
{
    const gd_desc desc = net->param[i].desc;
    int64_t n = gd_desc_count(desc), fan_in = n / desc.dim[0];
    switch (net->param[i].role) {
    case GD_ROLE_WEIGHT:
        fill_normal(seed, i, sqrt(2.0 / (double)fan_in), to, n);
        return;
    case GD_ROLE_FINAL_WEIGHT:
        fill_uniform(seed, i, 1.0 / sqrt((double)fan_in), to, n);
        return;
    case GD_ROLE_SCALE:
        for (int64_t e = 0; e < n; e++)
            to[e] = 1;
        return;
    case GD_ROLE_RUNNING: /* (2,C): means, variances */
        for (int64_t e = 0; e < n; e++)
            to[e] = e < n / 2 ? 0 : 1;
        return;
    case GD_ROLE_NONE:
    case GD_ROLE_BIAS:
    case GD_ROLE_SHIFT:
        break;
    }
    for (int64_t e = 0; e < n; e++)
        to[e] = 0;
}
