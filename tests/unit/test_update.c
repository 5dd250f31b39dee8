// SPDX-License-Identifier: Apache-2.0
/* What the harness' cases cannot say of the ops that move parameters: ranges without decay, gradients that are not
 * finite, ranks. Every entry that this machine can run. */
#include "check.h"
#include "comm/comm.h"
#include "kernel/adamw.h"
#include "kernel/all_reduce.h"
#include "kernel/grad_norm.h"
#include "kernel/sgd.h"
#include "unit.h"

#include <math.h>
#include <string.h>

enum { COUNT = 40000 };

static const gd_record record = {.learning_rate = 0.5f};
static const gd_tally fresh = {.gradient_scale = 1, .loss_scale = 1};

/* The problem of a range op over `count` elements. */
static gd_problem block_problem(const gd_op *op, const void *params, int64_t count)
{
    gd_error error = {0};
    gd_problem problem = {.params = params, .type = GD_F32, .training = true};
    problem.desc[GD_PARAM(0)] = gd_desc_1(GD_F32, count);
    CHECK_OK(gd_op_infer(op, &problem, &error), &error);
    return problem;
}

static bool runs_here(const gd_impl *impl, const gd_problem *problem)
{
    return !gd_impl_refuses(impl, problem, GD_CPU, gd_cpu_features());
}

static void run(const gd_impl *impl, const gd_problem *problem, void *const at[GD_OPERANDS], gd_tally *tally)
{
    gd_error error = {0};
    const gd_ctx ctx = {.threads = 2, .record = &record, .tally = tally};
    CHECK_OK(check_run(impl, problem, at, &ctx, &error), &error);
}

/* At the ends, across the border of a piece, and one behind the other. */
static const int64_t undecayed[][2] = {{0, 3}, {16380, 16390}, {16390, 16391}, {39999, COUNT}};
enum { RANGES = sizeof undecayed / sizeof *undecayed };

static bool is_undecayed(int64_t i)
{
    for (int r = 0; r < RANGES; r++) {
        if (i >= undecayed[r][0] && i < undecayed[r][1])
            return true;
    }
    return false;
}

/* One update without gradient: weights of 1 become `decayed`, or stay where they do not decay. */
static void check_decay(const gd_op *op, const void *params, float decayed)
{
    static float w[COUNT], dw[COUNT], m[COUNT], v[COUNT];
    const gd_problem problem = block_problem(op, params, COUNT);
    int entries = 0;
    for (const gd_impl *impl = op->direction[GD_UPDATE].entries; impl->run; impl++) {
        if (!runs_here(impl, &problem))
            continue;
        entries++;
        memset(m, 0, sizeof m);
        memset(v, 0, sizeof v);
        for (int i = 0; i < COUNT; i++)
            w[i] = 1;
        gd_tally tally = fresh;
        run(impl, &problem,
            (void *[GD_OPERANDS]){[GD_PARAM(0)] = w, [GD_DPARAM(0)] = dw, [GD_SAVED(0)] = m, [GD_SAVED(1)] = v},
            &tally);
        CHECK_EQ_INT(tally.applied, 1);
        for (int i = 0; i < COUNT; i++)
            CHECK(w[i] == (is_undecayed(i) ? 1 : decayed));
    }
    CHECK(entries > 0);
}

TEST(sgd_decays_all_but_the_ranges)
{
    const gd_sgd_params plain = {.weight_decay = 0.25, .undecayed = undecayed[0], .n_undecayed = RANGES};
    const gd_sgd_params momentum = {0.5, false, 0.25, undecayed[0], RANGES};
    const gd_sgd_params nesterov = {0.5, true, 0.25, undecayed[0], RANGES};
    check_decay(&gd_op_sgd, &plain, 1 - 0.5f * 0.25f);
    check_decay(&gd_op_sgd, &momentum, 1 - 0.5f * 0.25f);
    check_decay(&gd_op_sgd, &nesterov, 1 - 0.5f * (0.25f + 0.5f * 0.25f));
}

TEST(adamw_decays_all_but_the_ranges)
{
    const gd_adamw_params params = {0.9, 0.999, 1e-8, 0.25, undecayed[0], RANGES};
    check_decay(&gd_op_adamw, &params, 1 - 0.5f * 0.25f);
}

TEST(grad_norm_skips_what_is_not_finite)
{
    static float dw[COUNT];
    const gd_grad_norm_params params = {.clip = 1};
    const gd_problem problem = block_problem(&gd_op_grad_norm, &params, COUNT);
    const float bad[] = {NAN, INFINITY, -INFINITY, 3e38f};
    void *at[GD_OPERANDS] = {[GRAD_NORM_DW] = dw};
    for (const gd_impl *impl = gd_op_grad_norm.direction[GD_UPDATE].entries; impl->run; impl++) {
        if (!runs_here(impl, &problem))
            continue;
        gd_tally tally = fresh;
        for (int i = 0; i < 3; i++) {
            dw[17] = bad[i];
            run(impl, &problem, at, &tally);
            CHECK_EQ_INT(tally.skip, 1);
            CHECK_EQ_INT(tally.not_finite, i + 1);
        }
        dw[17] = bad[3]; /* its square is beyond f32 */
        run(impl, &problem, at, &tally);
        CHECK_EQ_INT(tally.skip, 0);
        CHECK_EQ_INT(tally.not_finite, 3);
        CHECK(tally.gradient_norm == bad[3]);
        CHECK_NEAR((double)tally.gradient_scale * (double)bad[3], 1, 1e-6);
    }
}

/* A second rank with twice our gradients. */
static gd_status add_other_rank(const gd_comm *comm, void *data, int64_t count, gd_type type, void *stream)
{
    (void)comm, (void)stream;
    for (int64_t i = 0; i < count; i++)
        gd_store(data, type, i, 3 * gd_load(data, type, i));
    return GD_OK;
}

TEST(all_reduce_is_the_mean_over_ranks)
{
    const gd_comm two = {.name = "two", .ranks = 2, .all_reduce = add_other_rank};
    for (int wide = 0; wide <= 1; wide++) {
        gd_problem problem = {.type = wide ? GD_F64 : GD_F32};
        problem.desc[GD_PARAM(0)] = gd_desc_1(problem.type, 3);
        CHECK_EQ_INT(gd_op_infer(&gd_op_all_reduce, &problem, NULL), GD_OK);
        double dw[3];
        for (int i = 0; i < 3; i++)
            gd_store(dw, problem.type, i, i + 1);
        const gd_call call = {.problem = &problem, .at = {[ALL_REDUCE_DW] = dw}};
        gd_ctx ctx = {.threads = 1, .comm = &two};
        CHECK_EQ_INT(gd_all_reduce_update_comm(&call, &ctx), GD_OK);
        for (int i = 0; i < 3; i++)
            CHECK(gd_load(dw, problem.type, i) == 1.5 * (i + 1));
        ctx.comm = NULL;
        CHECK_EQ_INT(gd_all_reduce_update_comm(&call, &ctx), GD_INTERNAL);
    }
}
