// SPDX-License-Identifier: Apache-2.0
/* What every training net has around its layers: images to numbers, the last layer, the loss. */
#include "build/builder.h"
#include "kernel/augment.h"
#include "kernel/softmax_xent.h"

#include <string.h>

static gd_value_id add_input(gd_builder *b, const char *name, gd_desc desc)
{
    gd_value_id id = -1;
    if (b->status == GD_OK)
        b->status = gd_net_add_input(b->net, name, desc, &id, b->error);
    return id;
}

static void add_output(gd_builder *b, gd_value_id value)
{
    if (b->status == GD_OK)
        b->status = gd_net_add_output(b->net, value, b->error);
}

static void build(gd_builder *b, int batch)
{
    const gd_config *config = b->config;
    const gd_build_input *in = b->input;
    gd_value_id images = add_input(b, "images", gd_desc_4(GD_U8, batch, in->height, in->width, in->channels));
    gd_value_id draws = add_input(b, "draws", gd_desc_2(GD_U8, batch, sizeof(gd_draw)));
    gd_value_id targets = add_input(b, "targets", gd_desc_2(GD_F32, batch, in->n_classes));

    b->place = gd_config_place(config, "augment");
    const gd_augment_params normalise = {{in->channels, in->mean}, {in->channels, in->deviation}, config->augment.edge};
    gd_value_id x =
        gd_builder_node(b, "augment", "input", &normalise, NULL, (const gd_value_id[GD_MAX_IN]){images, draws, -1, -1});

    b->place = gd_config_place(config, "model.network");
    x = strcmp(config->model.network, "layers") == 0 ? gd_build_layers(b, x) : gd_build_zoo(b, x);
    b->place = gd_config_place(config, "model.dropout");
    if (config->model.dropout > 0)
        x = gd_builder_dropout(b, "dropout", x, config->model.dropout);
    gd_value_id logits = gd_builder_linear(b, "logits", x, in->n_classes);

    b->place = gd_config_place(config, "train.class_weights");
    const gd_softmax_xent_params loss = {config->train.label_smoothing, config->train.class_weights};
    x = gd_builder_node(b, "softmax_xent", "loss", &loss, NULL,
                        (const gd_value_id[GD_MAX_IN]){logits, targets, -1, -1});
    add_output(b, logits);
    add_output(b, x);
}

static gd_status check_augment(const gd_config *config, const gd_build_input *input, gd_error *error)
{
    const gd_augment *augment = &config->augment;
    int side = input->height < input->width ? input->height : input->width;
    if (augment->crop >= side)
        return gd_fail_at(error, GD_INVALID, gd_config_place(config, "augment.crop"),
                          "augment.crop %d is not below the side of the images, %d pixels: lower it", augment->crop,
                          side);
    if (augment->cutout > side)
        return gd_fail_at(error, GD_INVALID, gd_config_place(config, "augment.cutout"),
                          "augment.cutout %d is larger than the side of the images, %d pixels: lower it",
                          augment->cutout, side);
    return GD_OK;
}

gd_status gd_build_net(const gd_config *config, const gd_build_input *input, int batch, gd_net **net, gd_error *error)
{
    gd_builder b = {.config = config, .input = input, .error = error};
    *net = NULL;
    GD_TRY(gd_build_check(config, error));
    GD_TRY(check_augment(config, input, error));
    GD_TRY(gd_net_new(batch, net, error));
    b.net = *net;
    build(&b, batch);
    gd_arena_release(&b.scratch);
    if (b.status != GD_OK) {
        gd_net_free(*net);
        *net = NULL;
    }
    return b.status;
}
