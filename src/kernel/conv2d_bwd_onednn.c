// SPDX-License-Identifier: Apache-2.0
/* conv2d's gradients by oneDNN. The weight gradient is summed in f32 whatever the storage type. */
#include "kernel/conv2d_onednn.h"

gd_status gd_conv2d_bwd_data_onednn_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads;
    gd_conv2d_onednn d;
    gd_onednn *state = NULL;
    dnnl_convolution_desc_t desc;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    gd_status status;
    GD_TRY_TO(done, gd_conv2d_onednn_describe(problem, &d, error));
    GD_TRY_TO(done, gd_onednn_new(&state, error));
    GD_TRY_TO(done, gd_conv2d_onednn_forward(problem, &d, state, &hint, error));
    GD_TRY_TO(done, gd_onednn_new_attr(&attr, error));
    GD_TRY_TO(done, gd_onednn_status(dnnl_dilated_convolution_backward_data_desc_init(
                                         &desc, dnnl_convolution_direct, &d.x, &d.any_weight, &d.y, d.strides,
                                         d.dilates, d.pad_before, d.pad_after),
                                     "describe this data gradient", error));
    GD_TRY_TO(done, gd_onednn_status(dnnl_primitive_desc_create(&pd, &desc, attr, state->engine, hint),
                                     "compute this data gradient", error));
    GD_TRY_TO(done, gd_onednn_set_primitive(state, pd, needs, error));
    GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_DIFF_DST, CONV2D_DY, &d.y, error));
    GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_DIFF_SRC, CONV2D_DX, &d.x, error));
    GD_TRY_TO(done, gd_onednn_add_weight(state, DNNL_ARG_WEIGHTS, CONV2D_W, &d.weight,
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

gd_status gd_conv2d_bwd_weight_onednn_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads;
    gd_conv2d_onednn d;
    gd_onednn *state = NULL;
    dnnl_convolution_desc_t desc;
    dnnl_primitive_attr_t attr = NULL;
    dnnl_primitive_desc_t hint = NULL, pd = NULL;
    gd_status status;
    GD_TRY_TO(done, gd_conv2d_onednn_describe(problem, &d, error));
    GD_TRY_TO(done, gd_onednn_new(&state, error));
    GD_TRY_TO(done, gd_conv2d_onednn_forward(problem, &d, state, &hint, error));
    GD_TRY_TO(done, gd_onednn_new_attr(&attr, error));
    GD_TRY_TO(done,
              gd_onednn_status(dnnl_dilated_convolution_backward_weights_desc_init(
                                   &desc, dnnl_convolution_direct, &d.x, &d.any_gradient, d.has_bias ? &d.bias : NULL,
                                   &d.y, d.strides, d.dilates, d.pad_before, d.pad_after),
                               "describe this weight gradient", error));
    GD_TRY_TO(done, gd_onednn_status(dnnl_primitive_desc_create(&pd, &desc, attr, state->engine, hint),
                                     "compute this weight gradient", error));
    GD_TRY_TO(done, gd_onednn_set_primitive(state, pd, needs, error));
    GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_SRC, CONV2D_X, &d.x, error));
    GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_DIFF_DST, CONV2D_DY, &d.y, error));
    GD_TRY_TO(done, gd_onednn_add_weight_gradient(state, DNNL_ARG_DIFF_WEIGHTS, CONV2D_DW, &d.weight,
                                                  dnnl_primitive_desc_query_md(pd, dnnl_query_diff_weights_md, 0),
                                                  needs, error));
    if (d.has_bias)
        GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_DIFF_BIAS, CONV2D_DB, &d.bias, error));
    state->clears_scratch = problem->type == GD_BF16; /* oneDNN 2.6.3: NaN where a tap of the window meets no pixel */
    needs->state = state;
done:
    dnnl_primitive_desc_destroy(pd);
    dnnl_primitive_desc_destroy(hint);
    dnnl_primitive_attr_destroy(attr);
    if (status != GD_OK)
        gd_onednn_release(state);
    return status;
}
