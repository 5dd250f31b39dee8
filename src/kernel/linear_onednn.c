// SPDX-License-Identifier: Apache-2.0
/* linear by oneDNN's inner product: weights in the form the library prefers. The weight gradient is summed in f32
 * whatever the storage type. */
#include "kernel/linear.h"
#include "kernel/onednn.h"

static gd_status describe(const gd_problem *problem, gd_onednn_layer *layer, gd_error *error)
{
    const gd_linear_params *p = problem->params;
    const gd_linear_sizes z = gd_linear_sizes_of(problem);
    const struct {
        dnnl_memory_desc_t *md;
        int rank;
        dnnl_data_type_t type;
        dnnl_format_tag_t tag;
    } forms[] = {{&layer->weight, 2, dnnl_f32, dnnl_ab},
                 {&layer->any_weight, 2, gd_onednn_type(problem->type), dnnl_format_tag_any},
                 {&layer->any_gradient, 2, dnnl_f32, dnnl_format_tag_any},
                 {&layer->bias, 1, dnnl_f32, dnnl_a}};
    *layer = (gd_onednn_layer){.storage = problem->type, .has_bias = p->bias, .activation = p->activation};
    GD_TRY(gd_onednn_activation(problem->desc[LINEAR_X], &layer->x, error));
    GD_TRY(gd_onednn_activation(problem->desc[LINEAR_Y], &layer->y, error));
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        GD_TRY(gd_onednn_status(dnnl_memory_desc_init_by_tag(forms[i].md, forms[i].rank, (dnnl_dims_t){z.K, z.C},
                                                             forms[i].type, forms[i].tag),
                                "describe weights", error));
    return GD_OK;
}

static gd_status prepare(const gd_problem *problem, gd_direction direction, gd_needs *needs, gd_error *error)
{
    gd_onednn_layer layer;
    GD_TRY(describe(problem, &layer, error));
    const dnnl_memory_desc_t *bias = layer.has_bias ? &layer.bias : NULL;
    dnnl_inner_product_desc_t forward, backward;
    dnnl_status_t made = dnnl_inner_product_forward_desc_init(
        &forward, problem->training ? dnnl_forward_training : dnnl_forward_inference, &layer.x, &layer.any_weight, bias,
        &layer.y);
    if (made == dnnl_success && direction == GD_BWD_DATA)
        made = dnnl_inner_product_backward_data_desc_init(&backward, &layer.x, &layer.any_weight, &layer.y);
    if (made == dnnl_success && direction == GD_BWD_WEIGHT)
        made = dnnl_inner_product_backward_weights_desc_init(&backward, &layer.x, &layer.any_gradient, bias, &layer.y);
    GD_TRY(gd_onednn_status(made, "describe this product", error));
    return gd_onednn_prepare(&layer, direction, &forward, &backward, needs, error);
}

GD_ONEDNN_PREPARE(gd_linear_fwd_onednn_prepare, GD_FWD)
GD_ONEDNN_PREPARE(gd_linear_bwd_data_onednn_prepare, GD_BWD_DATA)
GD_ONEDNN_PREPARE(gd_linear_bwd_weight_onednn_prepare, GD_BWD_WEIGHT)
