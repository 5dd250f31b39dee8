// SPDX-License-Identifier: Apache-2.0
/* conv2d forward by oneDNN: NHWC activations, weights in the form the library prefers. Residual and activation are post
 * operations, so that inference makes one pass over the output. */
#include "kernel/conv2d_onednn.h"

gd_status gd_conv2d_onednn_describe(const gd_problem *problem, gd_conv2d_onednn *d, gd_error *error)
{
    const gd_conv2d_params *p = problem->params;
    const gd_conv2d_sizes z = gd_conv2d_sizes_of(problem);
    dnnl_data_type_t type = gd_onednn_type(problem->type);
    GD_TRY(gd_onednn_activation(problem->desc[CONV2D_X], &d->x, error));
    GD_TRY(gd_onednn_activation(problem->desc[CONV2D_Y], &d->y, error));

    /* (G, K/G, C/G, R, S), or (K, C, R, S) without groups, over memory that is KRSC */
    int64_t taps = z.R * z.S;
    dnnl_dims_t grouped = {p->groups, z.group_K, z.group_C, z.R, z.S};
    dnnl_dims_t strides = {z.group_K * taps * z.group_C, taps * z.group_C, 1, z.S * z.group_C, z.group_C};
    int skip = p->groups == 1;
    int rank = 5 - skip;
    const char *what = "describe weights";
    GD_TRY(gd_onednn_status(
        dnnl_memory_desc_init_by_strides(&d->weight, rank, grouped + skip, dnnl_f32, strides + skip), what, error));
    GD_TRY(gd_onednn_status(
        dnnl_memory_desc_init_by_tag(&d->any_weight, rank, grouped + skip, type, dnnl_format_tag_any), what, error));
    GD_TRY(gd_onednn_status(
        dnnl_memory_desc_init_by_tag(&d->any_gradient, rank, grouped + skip, dnnl_f32, dnnl_format_tag_any), what,
        error));
    GD_TRY(
        gd_onednn_status(dnnl_memory_desc_init_by_tag(&d->bias, 1, (dnnl_dims_t){z.K}, dnnl_f32, dnnl_x), what, error));
    d->has_bias = p->bias;
    int64_t out[2] = {z.P, z.Q}, in[2] = {z.H, z.W}, window[2] = {z.R, z.S};
    for (int i = 0; i < 2; i++) {
        d->strides[i] = p->stride;
        d->dilates[i] = p->dilation - 1;
        d->pad_before[i] = p->pad;
        /* what the last window reaches beyond the image; negative where rows stay unread */
        d->pad_after[i] = (out[i] - 1) * p->stride + (window[i] - 1) * p->dilation + 1 - in[i] - p->pad;
    }
    return GD_OK;
}

static gd_status add_post_ops(const gd_problem *problem, const gd_conv2d_onednn *d, dnnl_primitive_attr_t attr,
                              gd_error *error)
{
    const gd_conv2d_params *p = problem->params;
    dnnl_post_ops_t post;
    GD_TRY(gd_onednn_status(dnnl_post_ops_create(&post), "make post operations", error));
    dnnl_status_t made = dnnl_success;
    if (problem->desc[CONV2D_RESIDUAL].rank)
        made = dnnl_post_ops_append_binary(post, dnnl_binary_add, &d->y);
    if (made == dnnl_success && p->activation == GD_ACTIVATION_RELU)
        made = dnnl_post_ops_append_eltwise(post, 1, dnnl_eltwise_relu, 0, 0);
    if (made == dnnl_success)
        made = dnnl_primitive_attr_set_post_ops(attr, post);
    dnnl_post_ops_destroy(post);
    return gd_onednn_status(made, "append a post operation", error);
}

gd_status gd_conv2d_onednn_forward(const gd_problem *problem, const gd_conv2d_onednn *d, gd_onednn *state,
                                   dnnl_primitive_desc_t *pd, gd_error *error)
{
    dnnl_convolution_desc_t desc;
    dnnl_primitive_attr_t attr = NULL;
    gd_status status;
    GD_TRY(gd_onednn_status(dnnl_dilated_convolution_forward_desc_init(
                                &desc, problem->training ? dnnl_forward_training : dnnl_forward_inference,
                                dnnl_convolution_direct, &d->x, &d->any_weight, d->has_bias ? &d->bias : NULL, &d->y,
                                d->strides, d->dilates, d->pad_before, d->pad_after),
                            "describe this convolution", error));
    GD_TRY_TO(done, gd_onednn_new_attr(&attr, error));
    GD_TRY_TO(done, add_post_ops(problem, d, attr, error));
    status = gd_onednn_status(dnnl_primitive_desc_create(pd, &desc, attr, state->engine, NULL),
                              "compute this convolution", error);
done:
    dnnl_primitive_attr_destroy(attr);
    return status;
}

gd_status gd_conv2d_fwd_onednn_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads; /* OpenMP's number is oneDNN's */
    gd_conv2d_onednn d;
    gd_onednn *state = NULL;
    dnnl_primitive_desc_t pd = NULL;
    gd_status status;
    GD_TRY_TO(done, gd_conv2d_onednn_describe(problem, &d, error));
    GD_TRY_TO(done, gd_onednn_new(&state, error));
    GD_TRY_TO(done, gd_conv2d_onednn_forward(problem, &d, state, &pd, error));
    GD_TRY_TO(done, gd_onednn_set_primitive(state, pd, needs, error));
    GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_SRC, CONV2D_X, &d.x, error));
    GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_DST, CONV2D_Y, &d.y, error));
    GD_TRY_TO(done, gd_onednn_add_weight(state, DNNL_ARG_WEIGHTS, CONV2D_W, &d.weight,
                                         dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0), needs, error));
    if (d.has_bias)
        GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_BIAS, CONV2D_B, &d.bias, error));
    if (problem->desc[CONV2D_RESIDUAL].rank)
        GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, CONV2D_RESIDUAL,
                                          &d.y, error));
    needs->state = state;
done:
    dnnl_primitive_desc_destroy(pd);
    if (status != GD_OK)
        gd_onednn_release(state);
    return status;
}
