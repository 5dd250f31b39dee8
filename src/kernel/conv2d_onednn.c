// SPDX-License-Identifier: Apache-2.0
/* conv2d by oneDNN: NHWC activations, weights in the form the library prefers. The weight gradient is summed in f32
 * whatever the storage type. */
#include "kernel/conv2d.h"
#include "kernel/onednn.h"

typedef struct window {
    dnnl_dims_t strides, dilates, pad_before, pad_after;
} window;

static gd_status describe(const gd_problem *problem, gd_onednn_layer *layer, window *w, gd_error *error)
{
    const gd_conv2d_params *p = problem->params;
    const gd_conv2d_sizes z = gd_conv2d_sizes_of(problem);
    const char *what = "describe weights";
    *layer = (gd_onednn_layer){
        .storage = problem->type,
        .has_bias = p->bias,
        .has_residual = problem->desc[CONV2D_RESIDUAL].rank > 0,
        .activation = p->activation,
        .clears_scratch = problem->type == GD_BF16, /* oneDNN 2.6.3: NaN where a tap of the window meets no pixel */
    };
    GD_TRY(gd_onednn_activation(problem->desc[CONV2D_X], &layer->x, error));
    GD_TRY(gd_onednn_activation(problem->desc[CONV2D_Y], &layer->y, error));

    /* (G, K/G, C/G, R, S), or (K, C, R, S) without groups, over memory that is KRSC */
    int64_t taps = z.R * z.S;
    dnnl_dims_t grouped = {p->groups, z.group_K, z.group_C, z.R, z.S};
    dnnl_dims_t strides = {z.group_K * taps * z.group_C, taps * z.group_C, 1, z.S * z.group_C, z.group_C};
    int skip = p->groups == 1;
    int rank = 5 - skip;
    GD_TRY(gd_onednn_status(
        dnnl_memory_desc_init_by_strides(&layer->weight, rank, grouped + skip, dnnl_f32, strides + skip), what, error));
    GD_TRY(gd_onednn_status(dnnl_memory_desc_init_by_tag(&layer->any_weight, rank, grouped + skip,
                                                         gd_onednn_type(problem->type), dnnl_format_tag_any),
                            what, error));
    GD_TRY(gd_onednn_status(
        dnnl_memory_desc_init_by_tag(&layer->any_gradient, rank, grouped + skip, dnnl_f32, dnnl_format_tag_any), what,
        error));
    GD_TRY(gd_onednn_status(dnnl_memory_desc_init_by_tag(&layer->bias, 1, (dnnl_dims_t){z.K}, dnnl_f32, dnnl_x), what,
                            error));

    int64_t out[2] = {z.P, z.Q}, in[2] = {z.H, z.W}, side[2] = {z.R, z.S};
    for (int i = 0; i < 2; i++) {
        w->strides[i] = p->stride;
        w->dilates[i] = p->dilation - 1;
        w->pad_before[i] = p->pad;
        /* what the last window reaches beyond the image; negative where rows stay unread */
        w->pad_after[i] = (out[i] - 1) * p->stride + (side[i] - 1) * p->dilation + 1 - in[i] - p->pad;
    }
    return GD_OK;
}

/* What oneDNN 2.6.3 must not be asked for, or NULL: its pointwise convolutions go wrong at the edge of a block. */
static const char *mistaken(const gd_problem *problem, gd_direction direction)
{
    const gd_conv2d_params *p = problem->params;
    if (p->kernel > 1 || p->groups > 1)
        return NULL;
    if (direction == GD_BWD_WEIGHT && p->stride > 1 && problem->desc[CONV2D_X].dim[3] < 16)
        return "oneDNN writes behind its scratch: 1x1 with a stride, fewer than 16 channels";
    if (direction == GD_BWD_DATA && problem->type == GD_BF16 && p->filters % 2)
        return "oneDNN is wrong here: 1x1 in bf16, an odd number of filters";
    return NULL;
}

static gd_status prepare(const gd_problem *problem, gd_direction direction, gd_needs *needs, gd_error *error)
{
    gd_onednn_layer layer;
    window w;
    const char *why = mistaken(problem, direction);
    if (why)
        return gd_fail(error, GD_UNSUPPORTED, "%s", why);
    GD_TRY(describe(problem, &layer, &w, error));
    const dnnl_memory_desc_t *bias = layer.has_bias ? &layer.bias : NULL;
    dnnl_convolution_desc_t forward, backward;
    dnnl_status_t made = dnnl_dilated_convolution_forward_desc_init(
        &forward, problem->training ? dnnl_forward_training : dnnl_forward_inference, dnnl_convolution_direct, &layer.x,
        &layer.any_weight, bias, &layer.y, w.strides, w.dilates, w.pad_before, w.pad_after);
    if (made == dnnl_success && direction == GD_BWD_DATA)
        made = dnnl_dilated_convolution_backward_data_desc_init(&backward, dnnl_convolution_direct, &layer.x,
                                                                &layer.any_weight, &layer.y, w.strides, w.dilates,
                                                                w.pad_before, w.pad_after);
    if (made == dnnl_success && direction == GD_BWD_WEIGHT)
        made = dnnl_dilated_convolution_backward_weights_desc_init(&backward, dnnl_convolution_direct, &layer.x,
                                                                   &layer.any_gradient, bias, &layer.y, w.strides,
                                                                   w.dilates, w.pad_before, w.pad_after);
    GD_TRY(gd_onednn_status(made, "describe this convolution", error));
    return gd_onednn_prepare(&layer, direction, &forward, &backward, needs, error);
}

GD_ONEDNN_PREPARE(gd_conv2d_fwd_onednn_prepare, GD_FWD)
GD_ONEDNN_PREPARE(gd_conv2d_bwd_data_onednn_prepare, GD_BWD_DATA)
GD_ONEDNN_PREPARE(gd_conv2d_bwd_weight_onednn_prepare, GD_BWD_WEIGHT)
