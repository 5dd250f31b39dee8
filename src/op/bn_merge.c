// SPDX-License-Identifier: Apache-2.0
#include "kernel/bn_merge.h"
#include "op/op.h"

static const gd_field fields[] = {
    GD_FIELD_INT(gd_bn_merge_params, images, NULL, 1, 65536, "images of the group on this rank"),
    GD_FIELD_BOOL(gd_bn_merge_params, sums, "false", "sums of gradients, not means and variances"),
    {0},
};

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_desc stats = problem->desc[BN_MERGE_STATS];
    char text[64];
    if (stats.rank != 3 || stats.dim[0] != 1 || stats.dim[1] != 2)
        return gd_fail(error, GD_INVALID, "statistics are %s where bn_merge needs (1,2,C)",
                       gd_desc_text(stats, text, sizeof text));
    return GD_OK;
}

static gd_status prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    const gd_desc stats = problem->desc[BN_MERGE_STATS];
    (void)threads, (void)error;
    needs->work_bytes = (size_t)stats.dim[2] * gd_type_bytes(stats.type);
    return GD_OK;
}

// clang-format off
static const gd_impl update[] = {
    GD_CUDA_ENTRY(simt, gd_bn_merge_update, GD_ONE(F32), NULL, prepare)
    GD_JUDGE({"ref", GD_CPU, GD_ONE(F32), 0, GD_DETERMINISTIC, 0, prepare, 0, gd_bn_merge_update_ref_f32, 0},
             {"ref", GD_CPU, GD_ONE(F64), 0, GD_DETERMINISTIC, 0, prepare, 0, gd_bn_merge_update_ref_f64, 0},)
    GD_LIST_END,
};
// clang-format on

const gd_op gd_op_bn_merge = {.name = "bn_merge",
                              .summary =
                                  "statistics of one group of images that is spread over all ranks, put together",
                              .traits = GD_OP_RANGE,
                              .params_bytes = sizeof(gd_bn_merge_params),
                              .fields = fields,
                              .operand = {[BN_MERGE_STATS] = {"stats", GD_ROLE_NONE, GD_DOMAIN_STATISTICS}},
                              .infer = infer,
                              .direction = {[GD_UPDATE] = {GD_BIT(BN_MERGE_STATS), GD_BIT(BN_MERGE_STATS), update}},
                              .tolerance = 8,
                              GD_JUDGE(.magnitude = {[GD_UPDATE] = gd_bn_merge_update_magnitude}, )};
