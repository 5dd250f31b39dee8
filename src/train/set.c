// SPDX-License-Identifier: Apache-2.0
/* The plan set of a run, from config and data. */
#include "base/parallel.h"
#include "train/train.h"

#include <stdlib.h>
#include <string.h>

/* The dynamic loss scale of fp16, as PyTorch's GradScaler has it. */
enum { FIRST_LOSS_SCALE = 65536, LOSS_GROWTH = 2000 };

gd_status gd_train_precision(const gd_train_config *train, uint32_t features, gd_type *type, gd_error *error)
{
    bool has_bf16 = features & GD_AVX512_BF16;
    switch ((gd_precision)train->precision) {
    case GD_PRECISION_AUTO:
        *type = has_bf16 ? GD_BF16 : GD_F32;
        break;
    case GD_PRECISION_FP32:
        *type = GD_F32;
        break;
    case GD_PRECISION_FP16:
        *type = GD_F16;
        break;
    case GD_PRECISION_FP64:
        *type = GD_F64;
        break;
    case GD_PRECISION_BF16:
        if (!has_bf16)
            return gd_fail(error, GD_UNSUPPORTED,
                           "train.precision bf16: this CPU has no AVX512-BF16; use `--set train.precision=fp32`");
        *type = GD_BF16;
        break;
    }
    return GD_OK;
}

gd_build_input gd_build_input_of(const gd_staged *staged)
{
    const gd_images *images = staged->train.n ? &staged->train : &staged->test;
    return (gd_build_input){images->height,    images->width, images->channels,
                            staged->n_classes, staged->mean,  staged->deviation};
}

gd_status gd_train_set_make(const gd_config *config, const gd_build_input *input, const gd_comm *comm,
                            const char *kernels, gd_train_set *set, gd_error *error)
{
    const gd_train_config *train = &config->train;
    uint32_t features = gd_cpu_features();
    *set = (gd_train_set){.micro = train->batch / train->accumulate};
    GD_TRY(gd_train_precision(train, features, &set->precision, error));
    gd_status status;
    GD_TRY_TO(done, gd_build_net(config, input, set->micro, &set->net, error));
    const bool average = train->average > 0, scales = set->precision == GD_F16;
    const double loss_scale = train->loss_scale > 0 ? train->loss_scale : FIRST_LOSS_SCALE;
    const gd_plan_options plans[] = {
        {GD_MODE_TRAIN, set->micro, set->precision, false, GD_PASS_ALL},
        {GD_MODE_EVAL, set->micro, set->precision, average, GD_PASS_ALL},
    };
    const gd_set_options options = {
        .device = &gd_device_cpu,
        .comm = comm,
        .threads = train->threads ? train->threads : gd_parallel_threads(),
        .features = features,
        .update = {.optimizer = (gd_optimizer)train->optimizer,
                   .momentum = train->momentum,
                   .beta2 = train->beta2,
                   .epsilon = train->epsilon,
                   .weight_decay = train->weight_decay,
                   .clip_norm = train->clip_norm,
                   .loss_scale = scales ? loss_scale : 1,
                   .loss_growth = scales && train->loss_scale <= 0 ? LOSS_GROWTH : 0,
                   .average = average,
                   .accumulate = train->accumulate},
        .impl = config->impl,
        .kernels = kernels,
    };
    status = gd_plan_set_new(set->net, plans, 2, &options, &set->plans, error);
done:
    if (status != GD_OK)
        gd_train_set_release(set);
    return status;
}

void gd_train_set_release(gd_train_set *set)
{
    gd_plan_set_free(set->plans);
    gd_net_free(set->net);
    *set = (gd_train_set){0};
}

gd_status gd_train_set_init(const gd_train_set *set, uint64_t seed, gd_error *error)
{
    int n;
    const gd_segment *segments = gd_plan_set_segments(set->plans, &n);
    void *masters = gd_plan_set_space(set->plans, GD_SPACE_PARAM),
         *average = gd_plan_set_space(set->plans, GD_SPACE_AVERAGE);
    gd_type real = set->precision == GD_F64 ? GD_F64 : GD_F32;
    for (int i = 0; i < n; i++) {
        float *values = malloc(sizeof *values * (size_t)segments[i].count);
        if (!values)
            return gd_fail(error, GD_NOMEM, "out of memory for initial values");
        gd_init_param(set->net, gd_net_find_param(set->net, segments[i].name), seed, values);
        gd_convert((char *)masters + (size_t)segments[i].offset * gd_type_bytes(real), real, values, GD_F32,
                   segments[i].count);
        free(values);
    }
    if (average)
        memcpy(average, masters, gd_plan_set_bytes(set->plans, GD_SPACE_PARAM));
    gd_plan_set_touch(set->plans);
    return GD_OK;
}
