// SPDX-License-Identifier: Apache-2.0
/* The mask: how much it drops, and what it depends on. */
#include "kernel/dropout.h"
#include "op/op.h"
#include "unit.h"

enum { ROWS = 8, LENGTH = 1000 };

static const gd_record start = {.seed = 7, .step = 3, .first_sample = 16, .micros = 2};

/* y for x = 1 over `rows` rows, or dx for dy = 1, by the best entry. */
static void draw(gd_direction direction, gd_dropout_params params, gd_record record, int rows, float *to)
{
    float from[ROWS * LENGTH];
    gd_error error = {0};
    gd_problem problem = {.params = &params, .type = GD_F32, .training = true};
    problem.desc[DROPOUT_X] = gd_desc_2(GD_F32, rows, LENGTH);
    CHECK_OK(gd_op_infer(&gd_op_dropout, &problem, &error), &error);
    for (int i = 0; i < rows * LENGTH; i++)
        from[i] = 1;
    const gd_impl *impl = gd_op_dropout.direction[direction].entries;
    while (gd_impl_refuses(impl, &problem, GD_CPU, gd_cpu_features()))
        impl++;
    const gd_ctx ctx = {.threads = 1, .record = &record};
    gd_call call = {.problem = &problem};
    call.at[direction == GD_FWD ? DROPOUT_X : DROPOUT_DY] = from;
    call.at[direction == GD_FWD ? DROPOUT_Y : DROPOUT_DX] = to;
    CHECK_EQ_INT(impl->run(&call, &ctx), GD_OK);
}

static int count_equal(const float *a, const float *b, int n)
{
    int equal = 0;
    for (int i = 0; i < n; i++)
        equal += a[i] == b[i];
    return equal;
}

TEST(drops_at_the_rate_and_keeps_the_mean)
{
    float y[ROWS * LENGTH];
    int dropped = 0;
    draw(GD_FWD, (gd_dropout_params){.rate = 0.25}, start, ROWS, y);
    for (int i = 0; i < ROWS * LENGTH; i++) {
        dropped += y[i] == 0;
        CHECK(y[i] == 0 || y[i] == (float)(1 / 0.75));
    }
    CHECK_NEAR((double)dropped / (ROWS * LENGTH), 0.25, 0.02); /* four standard deviations */
}

TEST(backward_draws_the_same)
{
    float y[ROWS * LENGTH], dx[ROWS * LENGTH];
    draw(GD_FWD, (gd_dropout_params){.rate = 0.5, .key = 2}, start, ROWS, y);
    draw(GD_BWD_DATA, (gd_dropout_params){.rate = 0.5, .key = 2}, start, ROWS, dx);
    CHECK_EQ_INT(count_equal(y, dx, ROWS * LENGTH), ROWS * LENGTH);
}

/* Two ranks with half of the rows each. */
TEST(a_sample_has_its_mask_wherever_it_is)
{
    float whole[ROWS * LENGTH], half[ROWS * LENGTH];
    gd_record second = start;
    second.first_sample += ROWS / 2;
    draw(GD_FWD, (gd_dropout_params){.rate = 0.5}, start, ROWS, whole);
    draw(GD_FWD, (gd_dropout_params){.rate = 0.5}, start, ROWS / 2, half);
    draw(GD_FWD, (gd_dropout_params){.rate = 0.5}, second, ROWS / 2, half + ROWS / 2 * LENGTH);
    CHECK_EQ_INT(count_equal(whole, half, ROWS * LENGTH), ROWS * LENGTH);
}

TEST(masks_differ_by_seed_step_micro_layer_and_sample)
{
    const gd_dropout_params params = {.rate = 0.5};
    float first[ROWS * LENGTH], other[ROWS * LENGTH];
    gd_record records[4] = {start, start, start, start};
    records[0].seed++;
    records[1].step++;
    records[2].micro++;
    records[3].first_sample += ROWS;
    draw(GD_FWD, params, start, ROWS, first);
    for (int i = 0; i < 5; i++) {
        const gd_dropout_params other_layer = {.rate = 0.5, .key = 1};
        draw(GD_FWD, i < 4 ? params : other_layer, i < 4 ? records[i] : start, ROWS, other);
        CHECK_NEAR((double)count_equal(first, other, ROWS * LENGTH) / (ROWS * LENGTH), 0.5, 0.025);
    }
    CHECK_NEAR((double)count_equal(first, first + LENGTH, LENGTH) / LENGTH, 0.5, 0.07); /* two rows */
}
