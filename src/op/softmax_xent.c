// SPDX-License-Identifier: Apache-2.0
#include "kernel/softmax_xent.h"
#include "op/op.h"

static const gd_field fields[] = {
    GD_FIELD_REAL(gd_softmax_xent_params, label_smoothing, "0", 0, 1, "share of the target spread over all classes"),
    GD_FIELD_REALS(gd_softmax_xent_params, class_weights, "", 0, 1e9, "factor per class; empty: 1 each"),
    {0},
};

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_softmax_xent_params *p = problem->params;
    const gd_type real = problem->type == GD_F64 ? GD_F64 : GD_F32;
    const gd_desc logits = problem->desc[SOFTMAX_XENT_LOGITS], targets = problem->desc[SOFTMAX_XENT_TARGETS];
    char a[64], b[64];
    if (logits.rank != 2)
        return gd_fail(error, GD_INVALID, "logits have %d dimensions where softmax_xent needs 2 (N,K)", logits.rank);
    if (targets.type != real || !gd_desc_same_shape(targets, logits))
        return gd_fail(error, GD_INVALID, "targets are %s %s where logits need %s %s", gd_type_name(targets.type),
                       gd_desc_text(targets, a, sizeof a), gd_type_name(real), gd_desc_text(logits, b, sizeof b));
    if (p->class_weights.n && p->class_weights.n != logits.dim[1])
        return gd_fail(error, GD_INVALID, "class_weights has %d entries for %lld classes; give one each or none",
                       p->class_weights.n, (long long)logits.dim[1]);
    double weights = 0;
    for (int i = 0; i < p->class_weights.n; i++)
        weights += p->class_weights.at[i];
    if (p->class_weights.n && weights == 0)
        return gd_fail(error, GD_INVALID, "class_weights are all 0: nothing would be learnt");
    problem->desc[SOFTMAX_XENT_LOSS] = gd_desc_1(real, logits.dim[0]);
    return GD_OK;
}

static double flops(const gd_problem *problem, gd_direction direction)
{
    (void)direction; /* a maximum, an exponential and three sums per logit, of about 16 operations in all */
    return 16.0 * (double)gd_desc_count(problem->desc[SOFTMAX_XENT_LOGITS]);
}

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_ENTRY(simt, gd_softmax_xent_fwd, GD_CUDA_FLOATS, NULL, gd_softmax_xent_simt_prepare)
    GD_SIMD_WORK(gd_softmax_xent_fwd, 0, gd_softmax_xent_prepare)
    GD_REF(gd_softmax_xent_fwd)
};
static const gd_impl backward[] = {
    GD_CUDA_ENTRY(simt, gd_softmax_xent_bwd_data, GD_CUDA_FLOATS, NULL, gd_softmax_xent_simt_prepare)
    GD_SIMD_WORK(gd_softmax_xent_bwd_data, 0, gd_softmax_xent_prepare)
    GD_REF(gd_softmax_xent_bwd_data)
};
// clang-format on

const gd_op gd_op_softmax_xent = {
    .name = "softmax_xent",
    .summary = "cross-entropy of softmax against dense targets, a loss per row",
    .params_bytes = sizeof(gd_softmax_xent_params),
    .fields = fields,
    .operand = {[SOFTMAX_XENT_LOGITS] = {"logits"},
                [SOFTMAX_XENT_TARGETS] = {"targets", GD_ROLE_NONE, GD_DOMAIN_DISTRIBUTION},
                [SOFTMAX_XENT_LOSS] = {"loss"}},
    .infer = infer,
    .flops = flops,
    .direction = {[GD_FWD] = {GD_BIT(SOFTMAX_XENT_LOGITS) | GD_BIT(SOFTMAX_XENT_TARGETS), GD_BIT(SOFTMAX_XENT_LOSS),
                              forward},
                  [GD_BWD_DATA] = {GD_BIT(SOFTMAX_XENT_LOGITS) | GD_BIT(SOFTMAX_XENT_TARGETS),
                                   GD_BIT(SOFTMAX_XENT_DLOGITS), backward}},
    .tolerance = 4,
    GD_JUDGE(.magnitude = {
                 [GD_FWD] = gd_softmax_xent_fwd_magnitude, [GD_BWD_DATA] = gd_softmax_xent_bwd_data_magnitude}, )};
