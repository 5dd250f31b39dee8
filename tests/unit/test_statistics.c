// SPDX-License-Identifier: Apache-2.0
/* Numbers that the harness does not draw: statistics far from 0, losses of enormous logits, answers that are tied.
 * Every entry that this machine can run. */
#include "entry.h"
#include "kernel/bn_stats.h"
#include "kernel/metrics.h"
#include "kernel/softmax_xent.h"
#include "unit.h"

#include <math.h>

static gd_problem pose(const gd_op *op, gd_problem problem)
{
    gd_error error = {0};
    CHECK_OK(gd_op_infer(op, &problem, &error), &error);
    return problem;
}

/* x is `middle` - 1 and + 1 by turns, but for row 0, which is `first`. */
static void check_statistics(float middle, float first, double mean, double variance)
{
    enum { ROWS = 4096, C = 5 };
    static float x[ROWS][C];
    const gd_bn_stats_params params = {.group = 0, .momentum = 0.1};
    gd_problem problem = {.params = &params, .type = GD_F32};
    problem.desc[BN_STATS_X] = gd_desc_2(GD_F32, ROWS, C);
    problem = pose(&gd_op_bn_stats, problem);
    for (int r = 0; r < ROWS; r++) {
        for (int c = 0; c < C; c++)
            x[r][c] = r == 0 ? first : middle + (r % 2 ? 1 : -1);
    }
    for (const gd_impl *impl = entry_list(&gd_op_bn_stats, GD_FWD); impl->run; impl++) {
        if (!entry_runs_here(impl, &problem))
            continue;
        float stats[2][C];
        void *at[GD_OPERANDS] = {[BN_STATS_X] = x, [BN_STATS_STATS] = stats};
        entry_run(impl, &problem, at, NULL, NULL, NULL);
        for (int c = 0; c < C; c++) {
            CHECK_NEAR((double)stats[0][c], mean, 1e-6 * fabs(mean));
            CHECK_NEAR((double)stats[1][c], variance, 1e-5 * variance);
        }
    }
}

TEST(variance_holds_far_from_zero) { check_statistics(1e4f, 1e4f - 1, 1e4, 1); }

/* A first value that tells nothing of the rest: 4095 values of variance 1 about 0, and one of 1e4. */
TEST(variance_holds_behind_an_outlier)
{
    const double n = 4096, mean = (1e4 + 1) / n;
    check_statistics(0, 1e4f, mean, (1e8 + n - 1) / n - mean * mean);
}

typedef struct loss_run {
    float loss[4], dlogits[4][3];
} loss_run;

static loss_run run_loss(const gd_impl *forward, const gd_impl *backward, const gd_problem *problem,
                         const float logits[4][3], const float targets[4][3])
{
    loss_run out;
    gd_tally tally = {.loss_scale = 1};
    const gd_record record = {.batch = 4};
    void *at[GD_OPERANDS] = {[SOFTMAX_XENT_LOGITS] = (void *)logits,
                             [SOFTMAX_XENT_TARGETS] = (void *)targets,
                             [SOFTMAX_XENT_LOSS] = out.loss,
                             [SOFTMAX_XENT_DLOGITS] = out.dlogits};
    entry_run(forward, problem, at, &record, NULL, &tally);
    entry_run(backward, problem, at, &record, NULL, &tally);
    return out;
}

TEST(loss_of_enormous_padded_and_broken_rows)
{
    const float logits[4][3] = {{1e30f, -1e30f, 0}, {1e30f, 1e30f, -1e30f}, {5, 6, 7}, {1, NAN, 2}};
    const float targets[4][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 0}, {1, 0, 0}};
    const gd_softmax_xent_params params = {0};
    gd_problem problem = {.params = &params, .type = GD_F32, .training = true};
    problem.desc[SOFTMAX_XENT_LOGITS] = problem.desc[SOFTMAX_XENT_TARGETS] = gd_desc_2(GD_F32, 4, 3);
    problem = pose(&gd_op_softmax_xent, problem);
    const gd_impl *forward = entry_list(&gd_op_softmax_xent, GD_FWD);
    const gd_impl *backward = entry_list(&gd_op_softmax_xent, GD_BWD_DATA);
    for (; forward->run && backward->run; forward++, backward++) {
        if (!entry_runs_here(forward, &problem))
            continue;
        const loss_run out = run_loss(forward, backward, &problem, logits, targets);
        CHECK(out.loss[0] == 0);
        CHECK_NEAR((double)out.loss[1], log(2), 1e-6);
        CHECK_NEAR((double)out.dlogits[1][1], -0.5 / 4, 1e-7);
        CHECK(out.loss[2] == 0);
        for (int k = 0; k < 3; k++)
            CHECK(out.dlogits[2][k] == 0);
        CHECK(isnan(out.loss[3]));
    }
}

/* A row says the same however far from 0 it lies. */
TEST(loss_of_rows_far_from_zero)
{
    const float logits[4][3] = {{0, 1, 2}, {4096, 4097, 4098}, {-8190, -8191, -8192}, {65536, 65537, 65538}};
    const float targets[4][3] = {{0, 1, 0}, {0, 1, 0}, {0, 1, 0}, {0, 1, 0}};
    const gd_softmax_xent_params params = {0};
    gd_problem problem = {.params = &params, .type = GD_F32, .training = true};
    problem.desc[SOFTMAX_XENT_LOGITS] = problem.desc[SOFTMAX_XENT_TARGETS] = gd_desc_2(GD_F32, 4, 3);
    problem = pose(&gd_op_softmax_xent, problem);
    const gd_impl *forward = entry_list(&gd_op_softmax_xent, GD_FWD);
    const gd_impl *backward = entry_list(&gd_op_softmax_xent, GD_BWD_DATA);
    for (; forward->run && backward->run; forward++, backward++) {
        if (!entry_runs_here(forward, &problem))
            continue;
        const loss_run out = run_loss(forward, backward, &problem, logits, targets);
        for (int n = 0; n < 4; n++)
            CHECK_NEAR((double)out.loss[n], log(exp(-1) + 1 + exp(1)), 1e-6);
    }
}

/* Equals as far apart as rows of a card's warps make them. */
TEST(metrics_find_the_first_of_many_equals)
{
    enum { N = 5, K = 70 };
    static const int first[N] = {3, 40, 0, 31, 4}, second[N] = {32, 67, 69, 32, 36};
    static float logits[N][K], targets[N][K], loss[N];
    gd_problem problem = {.type = GD_F32};
    problem.desc[METRICS_LOGITS] = problem.desc[METRICS_TARGETS] = gd_desc_2(GD_F32, N, K);
    problem.desc[METRICS_LOSS] = gd_desc_1(GD_F32, N);
    problem = pose(&gd_op_metrics, problem);
    for (int n = 0; n < N; n++) {
        targets[n][first[n]] = targets[n][second[n]] = 0.5f;
        logits[n][first[n]] = n == 0 ? 1 : 2; /* in row 0 another is larger */
        logits[n][second[n]] = n == 0 ? 2 : 1;
    }
    void *at[GD_OPERANDS] = {[METRICS_LOGITS] = logits, [METRICS_TARGETS] = targets, [METRICS_LOSS] = loss};
    gd_tally tally = {0};
    const gd_record record = {.valid = N};
    entry_run(entry_list(&gd_op_metrics, GD_FWD), &problem, at, &record, NULL, &tally);
    CHECK_EQ_INT(tally.correct, N - 1);
}

TEST(metrics_count_the_first_of_equals_and_no_broken_row)
{
    enum { N = 7, VALID = 6 };
    const float logits[N][3] = {{2, 2, 1}, {1, 2, 2}, {NAN, 3, 1}, {1, 3, NAN}, {5, 1, 0}, {5, 1, 0}, {0, 0, 9}};
    const float targets[N][3] = {{1, 0, 0}, {0, 0, 1}, {0, 1, 0}, {0, 1, 0}, {NAN, 1, 0}, {1, NAN, 0}, {0, 0, 1}};
    const float loss[N] = {0.5f, 1, 2, 4, 0, 0, 8};
    gd_problem problem = {.type = GD_F32};
    problem.desc[METRICS_LOGITS] = problem.desc[METRICS_TARGETS] = gd_desc_2(GD_F32, N, 3);
    problem.desc[METRICS_LOSS] = gd_desc_1(GD_F32, N);
    problem = pose(&gd_op_metrics, problem);
    const gd_impl *impl = entry_list(&gd_op_metrics, GD_FWD);
    void *at[GD_OPERANDS] = {
        [METRICS_LOGITS] = (void *)logits, [METRICS_TARGETS] = (void *)targets, [METRICS_LOSS] = (void *)loss};
    gd_tally tally = {0};
    const gd_record record = {.valid = VALID};
    entry_run(impl, &problem, at, &record, NULL, &tally);
    CHECK_EQ_INT(tally.images, VALID);
    CHECK_EQ_INT(tally.correct,
                 3); /* row 0: the first of two equals; rows 4, 5: of targets, NaN is the largest in front alone */
    CHECK(tally.loss == 7.5);
}
