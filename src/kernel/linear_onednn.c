// SPDX-License-Identifier: Apache-2.0
/* linear forward by oneDNN's inner product: weights in the form the library prefers, the activation as a post
 * operation. */
#include "kernel/linear_onednn.h"

gd_status gd_linear_onednn_describe(const gd_problem *problem, gd_linear_onednn *d, gd_error *error)
{
    const gd_linear_params *p = problem->params;
    const gd_linear_sizes z = gd_linear_sizes_of(problem);
    const struct {
        dnnl_memory_desc_t *md;
        int rank;
        dnnl_data_type_t type;
        dnnl_format_tag_t tag;
    } forms[] = {{&d->weight, 2, dnnl_f32, dnnl_ab},
                 {&d->any_weight, 2, gd_onednn_type(problem->type), dnnl_format_tag_any},
                 {&d->any_gradient, 2, dnnl_f32, dnnl_format_tag_any},
                 {&d->bias, 1, dnnl_f32, dnnl_a}};
    GD_TRY(gd_onednn_activation(problem->desc[LINEAR_X], &d->x, error));
    GD_TRY(gd_onednn_activation(problem->desc[LINEAR_Y], &d->y, error));
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        GD_TRY(gd_onednn_status(dnnl_memory_desc_init_by_tag(forms[i].md, forms[i].rank, (dnnl_dims_t){z.K, z.C},
                                                             forms[i].type, forms[i].tag),
                                "describe weights", error));
    d->has_bias = p->bias;
    return GD_OK;
}

static gd_status add_post_ops(const gd_problem *problem, dnnl_primitive_attr_t attr, gd_error *error)
{
    const gd_linear_params *p = problem->params;
    dnnl_post_ops_t post;
    if (p->activation != GD_ACTIVATION_RELU)
        return GD_OK;
    GD_TRY(gd_onednn_status(dnnl_post_ops_create(&post), "make post operations", error));
    dnnl_status_t made = dnnl_post_ops_append_eltwise(post, 1, dnnl_eltwise_relu, 0, 0);
    if (made == dnnl_success)
        made = dnnl_primitive_attr_set_post_ops(attr, post);
    dnnl_post_ops_destroy(post);
    return gd_onednn_status(made, "append a post operation", error);
}

gd_status gd_linear_onednn_forward(const gd_problem *problem, const gd_linear_onednn *d, gd_onednn *state,
                                   dnnl_primitive_desc_t *pd, gd_error *error)
{
    dnnl_inner_product_desc_t desc;
    dnnl_primitive_attr_t attr = NULL;
    gd_status status;
    GD_TRY(gd_onednn_status(
        dnnl_inner_product_forward_desc_init(&desc, problem->training ? dnnl_forward_training : dnnl_forward_inference,
                                             &d->x, &d->any_weight, d->has_bias ? &d->bias : NULL, &d->y),
        "describe this product", error));
    GD_TRY_TO(done, gd_onednn_new_attr(&attr, error));
    GD_TRY_TO(done, add_post_ops(problem, attr, error));
    status = gd_onednn_status(dnnl_primitive_desc_create(pd, &desc, attr, state->engine, NULL), "compute this product",
                              error);
done:
    dnnl_primitive_attr_destroy(attr);
    return status;
}

gd_status gd_linear_fwd_onednn_prepare(const gd_problem *problem, int threads, gd_needs *needs, gd_error *error)
{
    (void)threads; /* OpenMP's number is oneDNN's */
    gd_linear_onednn d;
    gd_onednn *state = NULL;
    dnnl_primitive_desc_t pd = NULL;
    gd_status status;
    GD_TRY_TO(done, gd_linear_onednn_describe(problem, &d, error));
    GD_TRY_TO(done, gd_onednn_new(&state, error));
    GD_TRY_TO(done, gd_linear_onednn_forward(problem, &d, state, &pd, error));
    GD_TRY_TO(done, gd_onednn_set_primitive(state, pd, needs, error));
    GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_SRC, LINEAR_X, &d.x, error));
    GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_DST, LINEAR_Y, &d.y, error));
    GD_TRY_TO(done, gd_onednn_add_weight(state, DNNL_ARG_WEIGHTS, LINEAR_W, &d.weight,
                                         dnnl_primitive_desc_query_md(pd, dnnl_query_weights_md, 0), needs, error));
    if (d.has_bias)
        GD_TRY_TO(done, gd_onednn_add_arg(state, DNNL_ARG_BIAS, LINEAR_B, &d.bias, error));
    needs->state = state;
done:
    dnnl_primitive_desc_destroy(pd);
    if (status != GD_OK)
        gd_onednn_release(state);
    return status;
}
