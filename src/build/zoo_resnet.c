// SPDX-License-Identifier: Apache-2.0
/* Residual networks of He et al., "Deep residual learning for image recognition", 2016: of section 4.2 for small images
 * (20 … 110) and of table 1 for large ones (18, 34, 50). Where a shortcut changes shape it is a 1×1 convolution with
 * batch norm (option B). In resnet-50 the 3×3 convolution has the stride, as everybody builds it since 2016.
 *
 *     x ──┬── conv ─ bn ─ relu ─ … ─ conv ─ bn ──(+)── relu ──►         the sum and the relu are the last bn's
 *         └──────── (conv 1×1 ─ bn) ─────────────┘
 */
#include "build/builder.h"

static gd_value_id conv_bn(gd_builder *b, const char *block, const char *number, gd_value_id x, int filters, int kernel,
                           int stride, gd_value_id residual, gd_activation activation)
{
    x = gd_builder_conv(b, gd_builder_name(b, "%s.conv%s", block, number), x, filters, kernel, stride);
    return gd_builder_batch_norm(b, gd_builder_name(b, "%s.bn%s", block, number), x, residual, activation);
}

static gd_value_id shortcut(gd_builder *b, const char *block, gd_value_id x, int filters, int stride)
{
    if (b->status != GD_OK || (stride == 1 && b->net->value[x].desc.dim[3] == filters))
        return x;
    return conv_bn(b, gd_builder_name(b, "%s.shortcut", block), "", x, filters, 1, stride, -1, GD_ACTIVATION_NONE);
}

static gd_value_id basic_block(gd_builder *b, const char *block, gd_value_id x, int filters, int stride)
{
    gd_value_id y = shortcut(b, block, x, filters, stride);
    x = conv_bn(b, block, "1", x, filters, 3, stride, -1, GD_ACTIVATION_RELU);
    return conv_bn(b, block, "2", x, filters, 3, 1, y, GD_ACTIVATION_RELU);
}

static gd_value_id bottleneck_block(gd_builder *b, const char *block, gd_value_id x, int filters, int stride)
{
    gd_value_id y = shortcut(b, block, x, 4 * filters, stride);
    x = conv_bn(b, block, "1", x, filters, 1, 1, -1, GD_ACTIVATION_RELU);
    x = conv_bn(b, block, "2", x, filters, 3, stride, -1, GD_ACTIVATION_RELU);
    return conv_bn(b, block, "3", x, 4 * filters, 1, 1, y, GD_ACTIVATION_RELU);
}

typedef gd_value_id block_of(gd_builder *, const char *block, gd_value_id x, int filters, int stride);

/* Stages of blocks; each but the first halves the image and doubles the width. */
static gd_value_id stages(gd_builder *b, gd_value_id x, block_of *block, const int *blocks, int n_stages, int width)
{
    for (int stage = 0; stage < n_stages; stage++) {
        for (int i = 0; i < blocks[stage]; i++)
            x = block(b, gd_builder_name(b, "stage%d.block%d", stage + 1, i + 1), x, width << stage,
                      stage > 0 && i == 0 ? 2 : 1);
    }
    return gd_builder_global_pool(b, "features", x, GD_POOL_AVERAGE);
}

gd_value_id gd_build_resnet_cifar(gd_builder *b, gd_value_id x, int size, int width)
{
    int w = width ? width : 16, n = (size - 2) / 6;
    x = conv_bn(b, "stem", "", x, w, 3, 1, -1, GD_ACTIVATION_RELU);
    return stages(b, x, basic_block, (const int[]){n, n, n}, 3, w);
}

gd_value_id gd_build_resnet(gd_builder *b, gd_value_id x, int size, int width)
{
    static const int blocks_18[] = {2, 2, 2, 2}, blocks_more[] = {3, 4, 6, 3};
    int w = width ? width : 64, stem = b->config->model.stem;
    bool small = b->input->height <= 64 && b->input->width <= 64;
    if (stem == GD_STEM_CIFAR || (stem == GD_STEM_AUTO && small)) {
        x = conv_bn(b, "stem", "", x, w, 3, 1, -1, GD_ACTIVATION_RELU);
    } else {
        x = conv_bn(b, "stem", "", x, w, 7, 2, -1, GD_ACTIVATION_RELU);
        x = gd_builder_pool(b, "stem.pool", x, GD_POOL_MAX, 3, 2, 1);
    }
    return stages(b, x, size == 50 ? bottleneck_block : basic_block, size == 18 ? blocks_18 : blocks_more, 4, w);
}
