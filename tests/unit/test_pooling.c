// SPDX-License-Identifier: Apache-2.0
/* Which value of a window is its maximum where values are equal or no numbers: the same for every entry. Drawn inputs,
 * which the harness checks, hardly ever ask. */
#include "entry.h"
#include "kernel/global_pool.h"
#include "kernel/pool2d.h"
#include "unit.h"

#include <math.h>

enum { SIDE = 4, CHANNELS = 35, PIXELS = SIDE * SIDE };

/* Runs every forward entry of `op` that this machine has on one image, of which all channels are `image`, and checks
 * output `i`: value and position. */
static void check_maxima(const char *op, const void *params, const double image[PIXELS], int64_t i, double value,
                         int64_t position)
{
    for (gd_type type = GD_F32; type <= GD_F16; type++) {
        gd_error error = {0};
        gd_problem problem = {.params = params, .type = type, .training = true};
        problem.desc[GD_IN(0)] = gd_desc_4(type, 1, SIDE, SIDE, CHANNELS);
        CHECK_OK(gd_op_infer(gd_op_find(op), &problem, &error), &error);
        float x[PIXELS * CHANNELS], y[PIXELS * CHANNELS];
        int32_t argmax[PIXELS * CHANNELS];
        for (int64_t k = 0; k < PIXELS * CHANNELS; k++)
            gd_store(x, type, k, image[k / CHANNELS]);
        void *at[GD_OPERANDS] = {[GD_IN(0)] = x, [GD_OUT(0)] = y, [GD_SAVED(0)] = argmax};
        for (const gd_impl *impl = entry_list(gd_op_find(op), GD_FWD); impl->run; impl++) {
            if (!entry_runs_here(impl, &problem))
                continue;
            entry_run(impl, &problem, at, NULL, NULL, NULL);
            for (int64_t c = 0; c < CHANNELS; c++) {
                double got = gd_load(y, type, i * CHANNELS + c);
                CHECK(isnan(value) ? isnan(got) : got == value);
                CHECK_EQ_INT(gd_load(argmax, problem.desc[GD_SAVED(0)].type, i * CHANNELS + c), position);
            }
        }
    }
}

static const gd_pool2d_params two = {.kind = GD_POOL_MAX, .kernel = 2, .stride = 2},
                              three = {.kind = GD_POOL_MAX, .kernel = 3, .stride = 2, .pad = 1};
static const gd_global_pool_params whole = {.kind = GD_POOL_MAX};

TEST(first_of_equal_values)
{
    const double equal[PIXELS] = {0};
    check_maxima("pool2d", &two, equal, 3, 0, 0);
    check_maxima("pool2d", &three, equal, 0, 0, 4); /* the window's row 0 and column 0 are outside */
    check_maxima("pool2d", &three, equal, 1, 0, 3);
    check_maxima("global_pool", &whole, equal, 0, 0, 0);
    const double rising[PIXELS] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 1, 1, 2, 2};
    check_maxima("pool2d", &two, rising, 3, 2, 1);
    check_maxima("global_pool", &whole, rising, 0, 2, 11);
}

TEST(minus_infinity_is_a_value)
{
    double image[PIXELS];
    for (int i = 0; i < PIXELS; i++)
        image[i] = -(double)INFINITY;
    check_maxima("pool2d", &two, image, 0, -(double)INFINITY, 0);
    check_maxima("pool2d", &three, image, 0, -(double)INFINITY, 4);
    check_maxima("global_pool", &whole, image, 0, -(double)INFINITY, 0);
}

TEST(the_last_nan_is_the_maximum)
{
    double image[PIXELS] = {0};
    image[0] = (double)NAN;
    image[1] = (double)INFINITY;
    check_maxima("pool2d", &two, image, 0, (double)NAN, 0);
    check_maxima("global_pool", &whole, image, 0, (double)NAN, 0);
    image[4] = (double)NAN;
    check_maxima("pool2d", &two, image, 0, (double)NAN, 2);
    check_maxima("pool2d", &three, image, 0, (double)NAN, 7);
    check_maxima("global_pool", &whole, image, 0, (double)NAN, 4);
}
