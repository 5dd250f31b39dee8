// SPDX-License-Identifier: Apache-2.0
/* linear's gradients by oneDNN. The weight gradient is summed in f32 whatever the storage type. */
#include "kernel/linear_onednn.h"

gd_status gd_linear_bwd_data_onednn_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads;
    gd_linear_onednn d;
    gd_onednn *state = NULL;
    dnnl_inner_product_desc_t desc;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    gd_status status;
    GD_TRY_TO(done, gd_linear_onednn_describe(problem, &d, error));
    GD_TRY_TO(done, gd_onednn_new(&state, error));
    GD_TRY_TO(done, gd_linear_onednn_forward(problem, &d, state, &hint, error));
    GD_TRY_TO(done, gd_onednn_new_attr(&attr, error));
    GD_TRY_TO(done, gd_onednn_status(dnnl_inner_product_backward_data_desc_init(&desc, &d.x, &d.any_weight, &d.y),
                                     "describe this data gradient", error));
    GD_TRY_TO(done, gd_onednn_status(dnnl_primitive_desc_create(&pd, &desc, attr, state->engine, hint),
                                     "compute this data gradient", error));
    GD_TRY_TO(done, gd_onednn_set_primitive(state, pd, needs, error));
    GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_DIFF_DST, LINEAR_DY, &d.y, error));
    GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_DIFF_SRC, LINEAR_DX, &d.x, error));
    GD_TRY_TO(done, gd_onednn_add_weight(state, DNNL_ARG_WEIGHTS, LINEAR_W, &d.weight,
                                         dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0), needs, error));
    needs->state = state;
done:
    dnnl_primitive_desc_destroy(pd);
    dnnl_primitive_desc_destroy(hint);
    dnnl_primitive_attr_destroy(attr);
    if (status != GD_OK)
        gd_onednn_release(state);
    return status;
}

gd_status gd_linear_bwd_weight_onednn_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads;
    gd_linear_onednn d;
    gd_onednn *state = NULL;
    dnnl_inner_product_desc_t desc;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    gd_status status;
    GD_TRY_TO(done, gd_linear_onednn_describe(problem, &d, error));
    GD_TRY_TO(done, gd_onednn_new(&state, error));
    GD_TRY_TO(done, gd_linear_onednn_forward(problem, &d, state, &hint, error));
    GD_TRY_TO(done, gd_onednn_new_attr(&attr, error));
    GD_TRY_TO(done, gd_onednn_status(dnnl_inner_product_backward_weights_desc_init(&desc, &d.x, &d.any_gradient,
                                                                                   d.has_bias ? &d.bias : NULL, &d.y),
                                     "describe this weight gradient", error));
    GD_TRY_TO(done, gd_onednn_status(dnnl_primitive_desc_create(&pd, &desc, attr, state->engine, hint),
                                     "compute this weight gradient", error));
    GD_TRY_TO(done, gd_onednn_set_primitive(state, pd, needs, error));
    GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_SRC, LINEAR_X, &d.x, error));
    GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_DIFF_DST, LINEAR_DY, &d.y, error));
    GD_TRY_TO(done, gd_onednn_add_weight_gradient(state, DNNL_ARG_DIFF_WEIGHTS, LINEAR_DW, &d.weight,
                                                  dnnl_primitive_desc_query_md(pd, dnnl_query_diff_weights_md, 0),
                                                  needs, error));
    if (d.has_bias)
        GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_DIFF_BIAS, LINEAR_DB, &d.bias, error));
    needs->state = state;
done:
    dnnl_primitive_desc_destroy(pd);
    dnnl_primitive_desc_destroy(hint);
    dnnl_primitive_attr_destroy(attr);
    if (status != GD_OK)
        gd_onednn_release(state);
    return status;
}
