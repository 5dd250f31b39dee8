// SPDX-License-Identifier: Apache-2.0
/* Any bytes as a model: an error, or a model that answers; a graph of more than a few megabytes is only read. */
#include "infer/model.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_BYTES = 1 << 22, MOST_FLOPS = 1 << 24 };

static int is_small(const gd_net *net)
{
    size_t bytes = 0;
    for (int i = 0; i < net->n_values; i++) {
        const size_t more = gd_desc_bytes(net->value[i].desc);
        if (more > MOST_BYTES)
            return 0;
        bytes += more;
    }
    return bytes <= MOST_BYTES && gd_net_flops(net) <= MOST_FLOPS;
}

static void ask(const gd_model *model, int n_outputs)
{
    const gd_model_info *info = gd_model_describe(model);
    gd_session *session;
    int64_t count;
    uint8_t *pixels = calloc(7 * 5, (size_t)info->channels);
    float *probability = calloc((size_t)info->n_classes, sizeof *probability);
    const gd_image image = {7, 5, info->channels, pixels};
    if (gd_session_new(model, &(gd_session_options){1, n_outputs, &info->features}, &session, NULL) == GD_OK &&
        (gd_session_run(session, &image, 1, probability, NULL) != GD_OK ||
         (n_outputs && (!gd_session_output(session, info->features, &count) || count != info->n_features))))
        abort();
    gd_session_free(session);
    free(pixels);
    free(probability);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gd_model *model;
    gd_error error = {0};
    if (gd_model_read(data, size, &model, &error) == GD_OK) {
        for (int n_outputs = 0; is_small(model->net) && n_outputs <= (model->info.features != NULL); n_outputs++)
            ask(model, n_outputs);
    } else if (model || error.status == GD_OK || error.status == GD_INVALID) {
        abort();
    }
    gd_model_free(model);
    return 0;
}
