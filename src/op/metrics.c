// SPDX-License-Identifier: Apache-2.0
#include "kernel/metrics.h"
#include "op/op.h"

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_type real = problem->type == GD_F64 ? GD_F64 : GD_F32;
    const gd_desc logits = problem->desc[METRICS_LOGITS], targets = problem->desc[METRICS_TARGETS];
    const gd_desc loss = problem->desc[METRICS_LOSS];
    char a[64], b[64];
    if (logits.rank != 2)
        return gd_fail(error, GD_INVALID, "logits have %d dimensions where metrics needs 2 (N,K)", logits.rank);
    if (targets.type != real || !gd_desc_same_shape(targets, logits))
        return gd_fail(error, GD_INVALID, "targets are %s %s where logits need %s %s", gd_type_name(targets.type),
                       gd_desc_text(targets, a, sizeof a), gd_type_name(real), gd_desc_text(logits, b, sizeof b));
    if (loss.type != real || loss.rank != 1 || loss.dim[0] != logits.dim[0])
        return gd_fail(error, GD_INVALID, "losses are %s %s where logits need %s %lld", gd_type_name(loss.type),
                       gd_desc_text(loss, a, sizeof a), gd_type_name(real), (long long)logits.dim[0]);
    return GD_OK;
}

static double flops(const gd_problem *problem, gd_direction direction)
{
    (void)direction;
    return 2.0 * (double)gd_desc_count(problem->desc[METRICS_LOGITS]);
}

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_ENTRY(simt, gd_metrics_fwd, GD_CUDA_FLOATS, NULL, gd_metrics_fwd_simt_prepare)
    GD_REF(gd_metrics_fwd)
};
// clang-format on

const gd_op gd_op_metrics = {
    .name = "metrics",
    .summary = "adds a batch's losses and right answers to the tally",
    .traits = GD_OP_RANGE,
    .operand = {[METRICS_LOGITS] = {"logits"},
                [METRICS_TARGETS] = {"targets", GD_ROLE_NONE, GD_DOMAIN_DISTRIBUTION},
                [METRICS_LOSS] = {"loss", GD_ROLE_NONE, GD_DOMAIN_POSITIVE}},
    .infer = infer,
    .flops = flops,
    .direction = {[GD_FWD] = {GD_BIT(METRICS_LOGITS) | GD_BIT(METRICS_TARGETS) | GD_BIT(METRICS_LOSS), 0, forward}},
    .tolerance = 4,
};
