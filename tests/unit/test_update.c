// SPDX-License-Identifier: Apache-2.0
/* What the harness' cases cannot say of the ops that move parameters: ranges without decay, gradients that are not
 * finite, ranks. Every entry that this machine can run; compiled with CHECK_CUDA_LIBRARY, those of that device. */
#include "comm/comm.h"
#include "entry.h"
#include "kernel/adamw.h"
#include "kernel/all_reduce.h"
#include "kernel/grad_norm.h"
#include "kernel/sgd.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>
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

/* At the ends, across the border of a piece, and one behind the other. */
static const int64_t few[][2] = {{0, 3}, {16380, 16390}, {16390, 16391}, {39999, COUNT}};
enum { FEW = sizeof few / sizeof *few, MANY = 150 };

/* More than a card's launch is told of; the first 64 end where others begin. */
static const int64_t *many(void)
{
    static int64_t pairs[2 * MANY];
    for (int i = 0; i < MANY; i++) {
        pairs[2 * i] = 200 * i + 7;
        pairs[2 * i + 1] = 200 * i + (i % 64 == 63 ? 207 : 50 + i);
    }
    return pairs;
}

static bool is_undecayed(const int64_t *pairs, int n, int64_t i)
{
    for (int r = 0; r < n; r++) {
        if (i >= pairs[2 * r] && i < pairs[2 * r + 1])
            return true;
    }
    return false;
}

/* One update without gradient: weights of 1 become `decayed`, or stay where they do not decay. */
static void check_decay(const gd_op *op, const void *params, const int64_t *undecayed, int n, float decayed)
{
    static float w[COUNT], dw[COUNT], m[COUNT], v[COUNT];
    const gd_problem problem = block_problem(op, params, COUNT);
    int entries = 0;
    for (const gd_impl *impl = entry_list(op, GD_UPDATE); impl->run; impl++) {
        if (!entry_runs_here(impl, &problem))
            continue;
        entries++;
        memset(m, 0, sizeof m);
        memset(v, 0, sizeof v);
        for (int i = 0; i < COUNT; i++)
            w[i] = 1;
        gd_tally tally = fresh;
        entry_run(impl, &problem,
                  (void *[GD_OPERANDS]){[GD_PARAM(0)] = w, [GD_DPARAM(0)] = dw, [GD_SAVED(0)] = m, [GD_SAVED(1)] = v},
                  &record, NULL, &tally);
        CHECK_EQ_INT(tally.applied, 1);
        for (int i = 0; i < COUNT; i++)
            CHECK(w[i] == (is_undecayed(undecayed, n, i) ? 1 : decayed));
    }
    CHECK(entries > 0);
}

static void check_sgd(const int64_t *undecayed, int n)
{
    const gd_sgd_params plain = {.weight_decay = 0.25, .undecayed = undecayed, .n_undecayed = n};
    const gd_sgd_params momentum = {0.5, false, 0.25, undecayed, n};
    const gd_sgd_params nesterov = {0.5, true, 0.25, undecayed, n};
    check_decay(&gd_op_sgd, &plain, undecayed, n, 1 - 0.5f * 0.25f);
    check_decay(&gd_op_sgd, &momentum, undecayed, n, 1 - 0.5f * 0.25f);
    check_decay(&gd_op_sgd, &nesterov, undecayed, n, 1 - 0.5f * (0.25f + 0.5f * 0.25f));
}

static void check_adamw(const int64_t *undecayed, int n)
{
    const gd_adamw_params params = {0.9, 0.999, 1e-8, 0.25, undecayed, n};
    check_decay(&gd_op_adamw, &params, undecayed, n, 1 - 0.5f * 0.25f);
}

TEST(sgd_decays_all_but_the_ranges)
{
    check_sgd(few[0], FEW);
    check_sgd(many(), MANY);
}

TEST(adamw_decays_all_but_the_ranges)
{
    check_adamw(few[0], FEW);
    check_adamw(many(), MANY);
}

TEST(grad_norm_skips_what_is_not_finite)
{
    static float dw[COUNT];
    const gd_grad_norm_params params = {.clip = 1};
    const gd_problem problem = block_problem(&gd_op_grad_norm, &params, COUNT);
    const float bad[] = {NAN, INFINITY, -INFINITY, 3e38f};
    void *at[GD_OPERANDS] = {[GRAD_NORM_DW] = dw};
    for (const gd_impl *impl = entry_list(&gd_op_grad_norm, GD_UPDATE); impl->run; impl++) {
        if (!entry_runs_here(impl, &problem))
            continue;
        gd_tally tally = fresh;
        for (int i = 0; i < 3; i++) {
            dw[17] = bad[i];
            entry_run(impl, &problem, at, &record, NULL, &tally);
            CHECK_EQ_INT(tally.skip, 1);
            CHECK_EQ_INT(tally.not_finite, i + 1);
        }
        dw[17] = bad[3]; /* its square is beyond f32 */
        entry_run(impl, &problem, at, &record, NULL, &tally);
        CHECK_EQ_INT(tally.skip, 0);
        CHECK_EQ_INT(tally.not_finite, 3);
        CHECK(tally.gradient_norm == bad[3]);
        CHECK_NEAR((double)tally.gradient_scale * (double)bad[3], 1, 1e-6);
    }
}

/* A second rank with twice our gradients. */
static gd_status add_other_rank(const gd_comm *comm, void *data, int64_t count, gd_type type, void *stream)
{
    double sum[3];
    size_t bytes = (size_t)count * gd_type_bytes(type);
    (void)comm;
    CHECK(count == 3);
    CHECK_EQ_INT(entry_device()->copy_out(stream, sum, data, bytes), GD_OK);
    CHECK_EQ_INT(entry_device()->synchronize(stream, NULL), GD_OK);
    for (int64_t i = 0; i < count; i++)
        gd_store(sum, type, i, 3 * gd_load(sum, type, i));
    CHECK_EQ_INT(entry_device()->copy_in(stream, data, sum, bytes), GD_OK);
    return entry_device()->synchronize(stream, NULL);
}

TEST(all_reduce_is_the_sum_over_ranks)
{
    const gd_comm two = {.name = "two", .ranks = 2, .all_reduce = add_other_rank};
    int entries = 0;
    for (int wide = 0; wide <= 1; wide++) {
        gd_problem problem = {.type = wide ? GD_F64 : GD_F32};
        problem.desc[GD_PARAM(0)] = gd_desc_1(problem.type, 3);
        CHECK_EQ_INT(gd_op_infer(&gd_op_all_reduce, &problem, NULL), GD_OK);
        for (const gd_impl *impl = entry_list(&gd_op_all_reduce, GD_UPDATE); impl->run; impl++) {
            if (!entry_runs_here(impl, &problem))
                continue;
            entries++;
            double dw[3];
            for (int i = 0; i < 3; i++)
                gd_store(dw, problem.type, i, i + 1);
            gd_tally tally = fresh;
            entry_run(impl, &problem, (void *[GD_OPERANDS]){[ALL_REDUCE_DW] = dw}, &record, &two, &tally);
            for (int i = 0; i < 3; i++)
                CHECK(gd_load(dw, problem.type, i) == 3.0 * (i + 1));
            const gd_call call = {.problem = &problem, .at = {[ALL_REDUCE_DW] = dw}};
            const gd_ctx alone = {.threads = 1};
            CHECK_EQ_INT(impl->run(&call, &alone), GD_INTERNAL);
        }
    }
    CHECK(entries > 0);
}
