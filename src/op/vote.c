// SPDX-License-Identifier: Apache-2.0
#include "kernel/vote.h"
#include "op/op.h"

static gd_status infer(gd_problem *problem, gd_error *error)
{
    char text[64];
    if (gd_desc_count(problem->desc[VOTE_VOTES]) != 1)
        return gd_fail(error, GD_INVALID, "votes are %s where vote needs 1 number",
                       gd_desc_text(problem->desc[VOTE_VOTES], text, sizeof text));
    return GD_OK;
}

// clang-format off
static const gd_impl forward[] = {
    GD_CUDA_ENTRY(simt, gd_vote_fwd, GD_ONE(F32), NULL, NULL)
    GD_REF_BLOCK(gd_vote_fwd)
};
static const gd_impl update[] = {
    GD_CUDA_ENTRY(simt, gd_vote_update, GD_ONE(F32), NULL, NULL)
    GD_REF_BLOCK(gd_vote_update)
};
// clang-format on

const gd_op gd_op_vote = {
    .name = "vote",
    .summary = "whether any rank was asked to stop",
    .traits = GD_OP_RANGE,
    .operand = {[VOTE_VOTES] = {"votes"}},
    .infer = infer,
    .direction = {[GD_FWD] = {0, GD_BIT(VOTE_VOTES), forward}, [GD_UPDATE] = {GD_BIT(VOTE_VOTES), 0, update}},
};
