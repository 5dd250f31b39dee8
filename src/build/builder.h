// SPDX-License-Identifier: Apache-2.0
/* What the zoo and `layers:` build with. Each call adds a node and returns its output; once something failed, calls do
 * nothing and return -1, and `status` and `error` keep the first failure: so a network reads as the list of its layers.
 */
#ifndef GD_BUILD_BUILDER_H
#define GD_BUILD_BUILDER_H

#include "build/build.h"
#include "kernel/activation.h"
#include "kernel/pool.h"

typedef struct gd_builder {
    const gd_config *config;
    const gd_build_input *input;
    gd_net *net;
    gd_place place; /* of the setting that asks for what is being built */
    int dropouts;   /* made so far: their keys */
    gd_arena scratch;
    gd_status status;
    gd_error *error;
} gd_builder;

/* printf, for names; "" after a failure. */
const char *gd_builder_name(gd_builder *b, const char *format, ...) GD_PRINTF(2, 3);

/* Any op: parameters from a struct, or from a tree, or defaults where both are NULL. `in`: GD_MAX_IN values. */
gd_value_id gd_builder_node(gd_builder *b, const char *op, const char *name, const void *params,
                            const gd_attr *settings, const gd_value_id *in);

/* The same of one input. */
gd_value_id gd_builder_op(gd_builder *b, const char *op, const char *name, const void *params, gd_value_id x);

/* k×k convolution without bias, padded so that stride alone decides the size. */
gd_value_id gd_builder_conv(gd_builder *b, const char *name, gd_value_id x, int filters, int kernel, int stride);

/* Batch normalisation as the config's section says: "<name>.stats" and "<name>". `residual`: added before the
 * activation; -1: none. */
gd_value_id gd_builder_batch_norm(gd_builder *b, const char *name, gd_value_id x, gd_value_id residual,
                                  gd_activation activation);

gd_value_id gd_builder_pool(gd_builder *b, const char *name, gd_value_id x, gd_pool kind, int kernel, int stride,
                            int pad);
gd_value_id gd_builder_global_pool(gd_builder *b, const char *name, gd_value_id x, gd_pool kind);
gd_value_id gd_builder_add(gd_builder *b, const char *name, gd_value_id a, gd_value_id c, gd_activation activation);
gd_value_id gd_builder_linear(gd_builder *b, const char *name, gd_value_id x, int features);
gd_value_id gd_builder_dropout(gd_builder *b, const char *name, gd_value_id x, double rate);

/* From the normalised images to the features that the last layer reads; the network has passed gd_build_check. */
gd_value_id gd_build_zoo(gd_builder *b, gd_value_id x);
gd_value_id gd_build_layers(gd_builder *b, gd_value_id x);

/* Networks of the zoo; `size` is the number in the name, `width` of the first stage or 0. */
gd_value_id gd_build_resnet_9(gd_builder *b, gd_value_id x, int size, int width);
gd_value_id gd_build_resnet_cifar(gd_builder *b, gd_value_id x, int size, int width);
gd_value_id gd_build_resnet(gd_builder *b, gd_value_id x, int size, int width);
gd_value_id gd_build_lenet(gd_builder *b, gd_value_id x, int size, int width);

#endif
