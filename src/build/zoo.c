// SPDX-License-Identifier: Apache-2.0
/* The networks by name, and the small ones. */
#include "build/builder.h"
#include "kernel/conv2d.h"

#include <string.h>

static const struct {
    const char *name;
    int size;
    gd_value_id (*build)(gd_builder *, gd_value_id, int size, int width);
} zoo[] = {
    {"resnet-9", 9, gd_build_resnet_9},       {"resnet-20", 20, gd_build_resnet_cifar},
    {"resnet-32", 32, gd_build_resnet_cifar}, {"resnet-44", 44, gd_build_resnet_cifar},
    {"resnet-56", 56, gd_build_resnet_cifar}, {"resnet-110", 110, gd_build_resnet_cifar},
    {"resnet-18", 18, gd_build_resnet},       {"resnet-34", 34, gd_build_resnet},
    {"resnet-50", 50, gd_build_resnet},       {"lenet", 5, gd_build_lenet},
};

enum { NETWORKS = sizeof zoo / sizeof *zoo };

/* The row of the zoo; NETWORKS: layers of one's own; -1: there is no such network. */
static int find_network(const char *network)
{
    for (int i = 0; i < NETWORKS; i++) {
        if (strcmp(network, zoo[i].name) == 0)
            return i;
    }
    return strcmp(network, "layers") == 0 ? NETWORKS : -1;
}

gd_status gd_build_check(const gd_config *config, gd_error *error)
{
    const char *network = config->model.network, *names[NETWORKS + 1];
    gd_place place = gd_config_place(config, "model.network");
    for (const gd_attr *op = config->impl ? config->impl->first : NULL; op; op = op->next) {
        if (!gd_op_find(op->key))
            return gd_fail_at(error, GD_INVALID, op->place, "impl: no op is called '%s'", op->key);
    }
    if (find_network(network) >= 0)
        return GD_OK;
    for (int i = 0; i < NETWORKS; i++)
        names[i] = zoo[i].name;
    names[NETWORKS] = "layers";
    const char *near = gd_nearest(network, names, NETWORKS + 1);
    if (near)
        return gd_fail_at(error, GD_INVALID, place, "no network is called '%s'; did you mean '%s'?", network, near);
    return gd_fail_at(error, GD_INVALID, place,
                      "no network is called '%s'; there are resnet-9, resnet-20 32 44 56 110, resnet-18 34 50, lenet, "
                      "layers",
                      network);
}

gd_value_id gd_build_zoo(gd_builder *b, gd_value_id x)
{
    const int i = find_network(b->config->model.network);
    return zoo[i].build(b, x, zoo[i].size, b->config->model.width);
}

/* conv - [pool] - bn - relu: pooling before the normalisation leaves it a quarter of the work. */
static gd_value_id unit(gd_builder *b, const char *name, gd_value_id x, int filters, bool pool)
{
    x = gd_builder_conv(b, gd_builder_name(b, "%s.conv", name), x, filters, 3, 1);
    if (pool)
        x = gd_builder_pool(b, gd_builder_name(b, "%s.pool", name), x, GD_POOL_MAX, 2, 2, 0);
    return gd_builder_batch_norm(b, gd_builder_name(b, "%s.bn", name), x, -1, GD_ACTIVATION_RELU);
}

static gd_value_id residual_pair(gd_builder *b, const char *name, gd_value_id x, int filters)
{
    gd_value_id y = unit(b, gd_builder_name(b, "%s.unit1", name), x, filters, false);
    y = unit(b, gd_builder_name(b, "%s.unit2", name), y, filters, false);
    return gd_builder_add(b, gd_builder_name(b, "%s.add", name), y, x, GD_ACTIVATION_NONE);
}

/* After D. Page, "How to train your ResNet", 2018, a quarter as wide:
 * w - 2w/pool - residual 2w - 4w/pool - 4w/pool - residual 4w - global maximum. */
gd_value_id gd_build_resnet_9(gd_builder *b, gd_value_id x, int size, int width)
{
    (void)size;
    int w = width ? width : 16;
    x = unit(b, "stem", x, w, false);
    x = unit(b, "stage1", x, 2 * w, true);
    x = residual_pair(b, "stage1.block", x, 2 * w);
    x = unit(b, "stage2", x, 4 * w, true);
    x = unit(b, "stage3", x, 4 * w, true);
    x = residual_pair(b, "stage3.block", x, 4 * w);
    return gd_builder_global_pool(b, "features", x, GD_POOL_MAX);
}

/* In the manner of LeCun et al., "Gradient-based learning applied to document recognition", 1998, with today's parts:
 * two 5×5 convolutions with bias, relu, maximum pooling; a hidden layer. 22.1 MFLOP for a 28×28 grey image. */
gd_value_id gd_build_lenet(gd_builder *b, gd_value_id x, int size, int width)
{
    (void)size;
    int w = width ? width : 32;
    for (int i = 1; i <= 2; i++) {
        const gd_conv2d_params params = {
            .filters = i * w, .kernel = 5, .stride = 1, .pad = 2, .dilation = 1, .groups = 1, .bias = true};
        x = gd_builder_op(b, "conv2d", gd_builder_name(b, "conv%d", i), &params, x);
        x = gd_builder_op(b, "relu", gd_builder_name(b, "relu%d", i), NULL, x);
        x = gd_builder_pool(b, gd_builder_name(b, "pool%d", i), x, GD_POOL_MAX, 2, 2, 0);
    }
    x = gd_builder_op(b, "flatten", "flatten", NULL, x);
    x = gd_builder_linear(b, "hidden", x, 4 * w);
    return gd_builder_op(b, "relu", "features", NULL, x);
}
