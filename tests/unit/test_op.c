// SPDX-License-Identifier: Apache-2.0
/* What holds for every op in the table. */
#include "op/op.h"
#include "unit.h"

TEST(names_are_unique_and_found)
{
    for (int i = 0; gd_ops[i]; i++) {
        CHECK(gd_ops[i]->name && gd_ops[i]->summary && gd_ops[i]->infer);
        CHECK(gd_op_find(gd_ops[i]->name) == gd_ops[i]);
    }
    CHECK(gd_op_find("conv3d") == NULL);
}

/* Whatever the machine and the problem, there is an entry in float and one in double that takes it: the last. */
TEST(every_list_ends_in_references)
{
    const gd_type types[] = {GD_F32, GD_F64};
    for (int i = 0; gd_ops[i]; i++) {
        for (gd_direction d = 0; d < GD_DIRECTIONS; d++) {
            const gd_impl *list = gd_ops[i]->direction[d].entries;
            for (int t = 0; list && t < 2; t++) {
                const gd_impl *last = NULL;
                for (const gd_impl *impl = list; impl->run; impl++) {
                    CHECK(impl->name && impl->types);
                    if (impl->types & GD_BIT(types[t]))
                        last = impl;
                }
                CHECK(last && last->needs == 0 && last->accepts == NULL);
            }
        }
    }
}

TEST(a_direction_names_what_it_touches)
{
    for (int i = 0; gd_ops[i]; i++) {
        for (gd_direction d = 0; d < GD_DIRECTIONS; d++) {
            if (gd_ops[i]->direction[d].entries)
                CHECK(gd_ops[i]->direction[d].writes != 0 || (gd_ops[i]->traits & GD_OP_RANGE));
            else
                CHECK(gd_ops[i]->direction[d].writes == 0 && gd_ops[i]->direction[d].reads == 0);
        }
    }
}

/* A problem of relu, the smallest op. */
static gd_problem relu_problem(gd_type type)
{
    gd_problem problem = {.type = type, .training = true};
    gd_error error = {0};
    problem.desc[GD_IN(0)] = gd_desc_2(type, 3, 5);
    CHECK_OK(gd_op_infer(gd_op_find("relu"), &problem, &error), &error);
    return problem;
}

TEST(gradients_have_their_tensors_shapes)
{
    gd_problem problem = relu_problem(GD_BF16);
    CHECK(gd_desc_same_shape(problem.desc[GD_DIN(0)], problem.desc[GD_IN(0)]));
    CHECK(gd_desc_same_shape(problem.desc[GD_DOUT(0)], problem.desc[GD_OUT(0)]));
    CHECK_EQ_INT(problem.desc[GD_DIN(0)].type, GD_BF16);
    CHECK_EQ_INT(problem.desc[GD_DIN(1)].rank, 0);
}

TEST(operands_that_a_problem_lacks_drop_out)
{
    const gd_op *relu = gd_op_find("relu");
    gd_problem problem = relu_problem(GD_F32);
    CHECK_EQ_INT(gd_op_reads(relu, &problem, GD_BWD_DATA), GD_BIT(GD_OUT(0)) | GD_BIT(GD_DOUT(0)));
    problem.unread = GD_BIT(GD_OUT(0));
    CHECK_EQ_INT(gd_op_reads(relu, &problem, GD_BWD_DATA), GD_BIT(GD_DOUT(0)));
    CHECK_EQ_INT(gd_op_reads(relu, &problem, GD_FWD), GD_BIT(GD_IN(0)));
    problem.desc[GD_DIN(0)].rank = 0;
    CHECK_EQ_INT(gd_op_writes(relu, &problem, GD_BWD_DATA), 0);
}

TEST(cost_counts_operands_once)
{
    gd_problem problem = relu_problem(GD_BF16);
    gd_cost cost = gd_op_cost(gd_op_find("relu"), &problem, GD_FWD);
    CHECK_NEAR(cost.bytes, 2 * 15 * 2, 0);
    CHECK_NEAR(cost.flops, 15, 0);
}

static const char *refuse(const gd_problem *problem)
{
    (void)problem;
    return "not this one";
}

TEST(refusals_say_why)
{
    gd_problem problem = relu_problem(GD_F32);
    gd_impl impl = {.name = "x", .device = GD_CPU, .types = GD_ONE(F32), .needs = GD_AVX512, .accepts = refuse};
    CHECK_TEXT(gd_impl_refuses(&impl, &problem, GD_CUDA, GD_AVX512), "another device");
    CHECK_TEXT(gd_impl_refuses(&impl, &problem, GD_CPU, GD_AVX2), "not on this machine");
    CHECK_TEXT(gd_impl_refuses(&impl, &problem, GD_CPU, GD_AVX2 | GD_AVX512), "not this one");
    impl.accepts = NULL;
    CHECK(gd_impl_refuses(&impl, &problem, GD_CPU, GD_AVX512) == NULL);
    impl.types = GD_ONE(BF16);
    CHECK_TEXT(gd_impl_refuses(&impl, &problem, GD_CPU, GD_AVX512), "another type");
}
