// SPDX-License-Identifier: Apache-2.0
#include "build/builder.h"
#include "kernel/add.h"
#include "kernel/bn_apply.h"
#include "kernel/bn_stats.h"
#include "kernel/conv2d.h"
#include "kernel/dropout.h"
#include "kernel/global_pool.h"
#include "kernel/linear.h"
#include "kernel/pool2d.h"

#include <stdio.h>

const char *gd_builder_name(gd_builder *b, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (b->status != GD_OK)
        return "";
    if (length < 0 || (size_t)length >= sizeof text) {
        b->status = gd_fail_at(b->error, GD_INVALID, b->place, "name '%s…' is longer than %zu characters", text,
                               sizeof text - 1);
        return "";
    }
    const char *name = gd_arena_text(&b->scratch, text);
    if (!name)
        b->status = gd_fail(b->error, GD_NOMEM, "out of memory for '%s'", text);
    return name ? name : "";
}

gd_value_id gd_builder_node(gd_builder *b, const char *op, const char *name, const void *params,
                            const gd_attr *settings, const gd_value_id *in)
{
    gd_node_spec spec = {.op = op, .name = name, .params = params, .settings = settings, .place = b->place};
    gd_value_id out[GD_MAX_OUT] = {-1};
    if (b->status != GD_OK)
        return -1;
    for (int i = 0; i < GD_MAX_IN; i++)
        spec.in[i] = in[i];
    b->status = gd_net_add(b->net, &spec, out, b->error);
    return b->status == GD_OK ? out[0] : -1;
}

gd_value_id gd_builder_op(gd_builder *b, const char *op, const char *name, const void *params, gd_value_id x)
{
    return gd_builder_node(b, op, name, params, NULL, (const gd_value_id[GD_MAX_IN]){x, -1, -1, -1});
}

gd_value_id gd_builder_conv(gd_builder *b, const char *name, gd_value_id x, int filters, int kernel, int stride)
{
    const gd_conv2d_params params = {
        .filters = filters, .kernel = kernel, .stride = stride, .pad = kernel / 2, .dilation = 1, .groups = 1};
    return gd_builder_op(b, "conv2d", name, &params, x);
}

gd_value_id gd_builder_batch_norm(gd_builder *b, const char *name, gd_value_id x, gd_value_id residual,
                                  gd_activation activation)
{
    const gd_batch_norm_config *config = &b->config->batch_norm;
    const gd_bn_stats_params measure = {config->group, config->momentum};
    const gd_bn_apply_params apply = {config->group, config->epsilon, activation};
    gd_value_id stats = gd_builder_op(b, "bn_stats", gd_builder_name(b, "%s.stats", name), &measure, x);
    return gd_builder_node(b, "bn_apply", name, &apply, NULL, (const gd_value_id[GD_MAX_IN]){x, stats, residual, -1});
}

gd_value_id gd_builder_pool(gd_builder *b, const char *name, gd_value_id x, gd_pool kind, int kernel, int stride,
                            int pad)
{
    return gd_builder_op(b, "pool2d", name, &(gd_pool2d_params){kind, kernel, stride, pad}, x);
}

gd_value_id gd_builder_global_pool(gd_builder *b, const char *name, gd_value_id x, gd_pool kind)
{
    return gd_builder_op(b, "global_pool", name, &(gd_global_pool_params){kind}, x);
}

gd_value_id gd_builder_add(gd_builder *b, const char *name, gd_value_id a, gd_value_id c, gd_activation activation)
{
    return gd_builder_node(b, "add", name, &(gd_add_params){activation}, NULL,
                           (const gd_value_id[GD_MAX_IN]){a, c, -1, -1});
}

gd_value_id gd_builder_linear(gd_builder *b, const char *name, gd_value_id x, int features)
{
    return gd_builder_op(b, "linear", name, &(gd_linear_params){.features = features, .bias = true}, x);
}

gd_value_id gd_builder_dropout(gd_builder *b, const char *name, gd_value_id x, double rate)
{
    return gd_builder_op(b, "dropout", name, &(gd_dropout_params){rate, ++b->dropouts}, x);
}
