// SPDX-License-Identifier: Apache-2.0
#include "kernel/augment.h"
#include "op/op.h"

static const gd_field fields[] = {
    GD_FIELD_REALS(gd_augment_params, mean, NULL, 0, 255, "of each channel or of all, in bytes"),
    GD_FIELD_REALS(gd_augment_params, deviation, NULL, 1e-3, 255, "standard deviation, likewise"),
    GD_FIELD_CHOICE(gd_augment_params, edge, "zero", GD_EDGE_CHOICES, "what lies outside the image"),
    {0},
};

static gd_status infer(gd_problem *problem, gd_error *error)
{
    const gd_augment_params *p = problem->params;
    const gd_desc x = problem->desc[AUGMENT_X], draws = problem->desc[AUGMENT_DRAWS];
    char a[64];
    if (x.rank != 4 || x.type != GD_U8)
        return gd_fail(error, GD_INVALID, "input is %s %s where augment needs images U8 (N,H,W,C)",
                       gd_type_name(x.type), gd_desc_text(x, a, sizeof a));
    if (draws.rank && (draws.rank != 2 || draws.type != GD_U8 || draws.dim[0] != x.dim[0] ||
                       draws.dim[1] != (int64_t)sizeof(gd_draw)))
        return gd_fail(error, GD_INVALID, "draws are %s %s where %lld images need U8 %lldx%zu",
                       gd_type_name(draws.type), gd_desc_text(draws, a, sizeof a), (long long)x.dim[0],
                       (long long)x.dim[0], sizeof(gd_draw));
    const struct {
        const char *name;
        int n;
    } lists[] = {{"mean", p->mean.n}, {"deviation", p->deviation.n}};
    for (int i = 0; i < 2; i++) {
        if (lists[i].n != 1 && lists[i].n != x.dim[3])
            return gd_fail(error, GD_INVALID, "%s has %d entries for %lld channels; give one, or one each",
                           lists[i].name, lists[i].n, (long long)x.dim[3]);
    }
    problem->desc[AUGMENT_Y] = gd_desc_4(problem->type, x.dim[0], x.dim[1], x.dim[2], x.dim[3]);
    return GD_OK;
}

static double flops(const gd_problem *problem, gd_direction direction)
{
    (void)direction;
    return 4.0 * (double)gd_desc_count(problem->desc[AUGMENT_X]);
}

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_ENTRY(simt, gd_augment_fwd, GD_CUDA_FLOATS, NULL, NULL)
    GD_SIMD_WORK(gd_augment_fwd, 0, gd_augment_fwd_prepare)
    GD_REF(gd_augment_fwd)
};
// clang-format on

const gd_op gd_op_augment = {
    .name = "augment",
    .summary = "image bytes to normalised activations, varied as drawn",
    .params_bytes = sizeof(gd_augment_params),
    .fields = fields,
    .operand = {[AUGMENT_X] = {"x", GD_ROLE_NONE, GD_DOMAIN_BYTES},
                [AUGMENT_DRAWS] = {"draws", GD_ROLE_NONE, GD_DOMAIN_DRAWS},
                [AUGMENT_Y] = {"y"}},
    .infer = infer,
    .flops = flops,
    .direction = {[GD_FWD] = {GD_BIT(AUGMENT_X) | GD_BIT(AUGMENT_DRAWS), GD_BIT(AUGMENT_Y), forward}},
    .tolerance = 4,
    GD_JUDGE(.magnitude = {[GD_FWD] = gd_augment_fwd_magnitude}, )};
