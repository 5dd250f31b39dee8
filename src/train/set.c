// SPDX-License-Identifier: Apache-2.0
/* The plan set of a run, from config and data. */
#include "base/parallel.h"
#include "base/text.h"
#include "comm/agree.h"
#include "kernel/bn_stats.h"
#include "plan/tune.h"
#include "train/train.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The dynamic loss scale of fp16, as PyTorch's GradScaler has it. */
enum { FIRST_LOSS_SCALE = 65536, LOSS_GROWTH = 2000 };

gd_status gd_train_precision(const gd_train_config *train, const gd_device *device, gd_type *type, gd_error *error)
{
    bool has_bf16 = device->features() & (device->kind == GD_CPU ? GD_AVX512_BF16 : GD_CUDA_BF16);
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
        if (device->kind != GD_CPU)
            return gd_fail(error, GD_UNSUPPORTED,
                           "train.precision fp64: reference kernels compute it, on the CPU; use --device cpu");
        *type = GD_F64;
        break;
    case GD_PRECISION_BF16:
        if (!has_bf16)
            return gd_fail(error, GD_UNSUPPORTED,
                           device->kind == GD_CPU
                               ? "train.precision bf16: this CPU has no AVX512-BF16; use `--set train.precision=fp32`"
                               : "train.precision bf16: this card has none (sm_80 and later do); use `--set "
                                 "train.precision=fp32`");
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

/* Images that must stay on one rank, as they are normalised together. */
static int group_of(const gd_net *net)
{
    int group = 1;
    for (int i = 0; i < net->n_nodes; i++) {
        if (strcmp(net->node[i].op->name, "bn_stats") == 0)
            group = ((const gd_bn_stats_params *)net->node[i].params)->group;
    }
    return group > 0 ? group : 1; /* 0: all ranks together, wherever an image is */
}

/* A run's net for this rank's share of micro-batches of `micro`. */
static gd_status make_net(const gd_config *config, const gd_build_input *input, const gd_comm *comm, int micro,
                          gd_train_set *set, gd_error *error)
{
    set->micro = micro;
    set->shard = (gd_shard){0, micro};
    GD_TRY(gd_build_net(config, input, micro, &set->net, error));
    set->group = group_of(set->net);
    if (!comm || comm->ranks == 1)
        return GD_OK;
    GD_TRY(gd_shard_of(micro, set->group, comm->rank, comm->ranks, &set->shard, error));
    gd_net_free(set->net);
    set->net = NULL;
    return gd_build_net(config, input, set->shard.images, &set->net, error);
}

gd_status gd_train_check_ranks(const gd_config *config, const gd_build_input *input, int ranks, int *groups,
                               gd_error *error)
{
    const int micro = config->train.batch / config->train.accumulate;
    gd_net *net = NULL;
    gd_shard last;
    GD_TRY(gd_build_net(config, input, micro, &net, error));
    const int group = group_of(net);
    gd_net_free(net);
    *groups = (micro + group - 1) / group;
    return gd_shard_of(micro, group, ranks - 1, ranks, &last, error);
}

/* That, and its plans. */
static gd_status make(const gd_config *config, const gd_build_input *input, const gd_set_options *options, int micro,
                      gd_train_set *set, gd_error *error)
{
    const bool average = config->train.average > 0;
    GD_TRY(make_net(config, input, options->comm, micro, set, error));
    const gd_plan_options plans[] = {
        {GD_MODE_TRAIN, set->shard.images, set->precision, false, GD_PASS_ALL},
        {GD_MODE_EVAL, set->shard.images, set->precision, average, GD_PASS_ALL},
    };
    return gd_plan_set_new(set->net, plans, 2, options, &set->plans, error);
}

/* What a run would need; 0 where it cannot be laid out. */
static size_t measure(const gd_config *config, const gd_build_input *input, const gd_set_options *options,
                      gd_type precision, int micro)
{
    gd_set_options measuring = *options;
    measuring.measure = true;
    measuring.tuner = NULL; /* takes no time, and no memory of the device's */
    gd_train_set set = {.precision = precision};
    size_t bytes = 0;
    if (make(config, input, &measuring, micro, &set, NULL) == GD_OK) {
        for (int i = 0; i < GD_SPACES; i++)
            bytes += gd_plan_set_bytes(set.plans, (gd_space)i);
    }
    gd_train_set_release(&set);
    return bytes;
}

/* Says what is needed, what there is, and the largest batch that fits, found by halves. False: all would fit by now, so
 * something else took it meanwhile. */
static bool explain(const gd_config *config, const gd_build_input *input, const gd_set_options *options,
                    gd_type precision, gd_error *error)
{
    const gd_train_config *train = &config->train;
    int micro = train->batch / train->accumulate, fits = 0;
    size_t needed = measure(config, input, options, precision, micro), there = options->device->free_bytes();
    if (needed <= there)
        return false;
    for (int step = micro; step > 0; step /= 2) {
        int next = fits + step;
        size_t bytes = next < micro ? measure(config, input, options, precision, next) : SIZE_MAX;
        fits = bytes > 0 && bytes <= there ? next : fits;
    }
    if (fits > 0)
        gd_fail(
            error, GD_NOMEM,
            "out of memory: training with train.batch %d needs %zu MB, %zu MB are free; the largest batch that fits is "
            "%d",
            train->batch, needed >> 20, there >> 20, fits * train->accumulate);
    else
        gd_fail(error, GD_NOMEM, "out of memory: training needs %zu MB, %zu MB are free; not even a batch of %d fits",
                needed >> 20, there >> 20, train->accumulate);
    return true;
}

static gd_status make_set(const gd_config *config, const gd_build_input *input, const gd_device *device,
                          const gd_comm *comm, const char *kernels, bool measure, gd_train_set *set, gd_error *error)
{
    const gd_train_config *train = &config->train;
    device = device ? device : &gd_device_cpu;
    *set = (gd_train_set){.micro = train->batch / train->accumulate};
    GD_TRY(gd_train_precision(train, device, &set->precision, error));
    static const gd_type reduced_as[] = {
        [GD_REDUCE_FP32] = GD_F32, [GD_REDUCE_BF16] = GD_BF16, [GD_REDUCE_FP16] = GD_F16};
    const bool scales = set->precision == GD_F16;
    const double loss_scale = train->loss_scale > 0 ? train->loss_scale : FIRST_LOSS_SCALE;
    gd_set_options options = {
        .device = device,
        .comm = comm,
        .threads = train->threads ? train->threads : gd_parallel_threads(),
        .features = device->features(),
        .update = {.optimizer = (gd_optimizer)train->optimizer,
                   .momentum = train->momentum,
                   .beta2 = train->beta2,
                   .epsilon = train->epsilon,
                   .weight_decay = train->weight_decay,
                   .clip_norm = train->clip_norm,
                   .loss_scale = scales ? loss_scale : 1,
                   .loss_growth = scales && train->loss_scale <= 0 ? LOSS_GROWTH : 0,
                   .average = train->average > 0,
                   .accumulate = train->accumulate},
        .bucket_bytes = (size_t)(train->bucket_mb * (1 << 20)),
        .reduced_as = reduced_as[train->reduce_precision],
        .impl = config->impl,
        .kernels = kernels,
        .measure = measure,
    };
    gd_error reason = {0}, explained = {0};
    gd_text note = {0};
    gd_status status = GD_OK;
    if (device->time && train->tune > 0 && !kernels) /* a run goes on with the entries that it was begun with */
        status = gd_tuner_new(device, train->tune, &note, &options.tuner, &reason);
    if (status == GD_OK)
        status = make(config, input, &options, set->micro, set, &reason);
    gd_type precision = set->precision;
    if (status != GD_OK)
        gd_train_set_release(set);
    if (status == GD_NOMEM && explain(config, input, &options, precision, &explained))
        reason = explained;
    gd_tuner_free(options.tuner, &note);
    for (const char *told; status == GD_OK && device->note && (told = device->note());)
        gd_text_add(&note, "%s%s", note.length ? "; " : "", told);
    snprintf(set->note, sizeof set->note, "%s", note.at ? note.at : "");
    gd_text_release(&note);
    if (status != GD_OK && error)
        *error = reason;
    return status;
}

/* Rank 0's text in memory that the caller frees. */
static gd_status share_text(const gd_comm *comm, const gd_text *own, char **text, gd_error *error)
{
    uint64_t bytes = own->length + 1;
    if (comm->broadcast(comm, &bytes, sizeof bytes, 0, NULL) != GD_OK)
        return gd_fail(error, GD_DEVICE, "rank 0 could not be heard");
    *text = calloc(1, bytes);
    GD_TRY(gd_comm_agree(comm, *text ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for a plan"), error));
    if (comm->rank == 0 && own->length > 0)
        memcpy(*text, own->at, own->length);
    return comm->broadcast(comm, *text, bytes, 0, NULL) == GD_OK
               ? GD_OK
               : gd_fail(error, GD_DEVICE, "rank 0 could not be heard");
}

/* Which entry is the fastest, times decide. They differ from rank to rank, and entries must not: rank 0 measures, and
 * the others take what it has chosen. */
static gd_status make_as_rank_0(const gd_config *config, const gd_build_input *input, const gd_device *device,
                                const gd_comm *comm, gd_train_set *set, gd_error *error)
{
    gd_text chosen = {0};
    char *kernels = NULL;
    gd_status status = GD_OK;
    if (comm->rank == 0)
        status = make_set(config, input, device, comm, NULL, false, set, error);
    if (comm->rank == 0 && status == GD_OK) {
        gd_plan_print_kernels(set->plans, &chosen);
        status = gd_text_status(&chosen, error);
    }
    GD_TRY_TO(done, gd_comm_agree(comm, status, error));
    GD_TRY_TO(done, share_text(comm, &chosen, &kernels, error));
    if (comm->rank > 0)
        status = make_set(config, input, device, comm, kernels, false, set, error);
done:
    free(kernels);
    gd_text_release(&chosen);
    return status;
}

gd_status gd_train_set_make(const gd_config *config, const gd_build_input *input, const gd_device *device,
                            const gd_comm *comm, const char *kernels, gd_train_set *set, gd_error *error)
{
    bool tunes = device && device->time && config->train.tune > 0 && !kernels;
    return tunes && comm && comm->ranks > 1 ? make_as_rank_0(config, input, device, comm, set, error)
                                            : make_set(config, input, device, comm, kernels, false, set, error);
}

gd_status gd_train_set_plan(const gd_config *config, const gd_build_input *input, const gd_device *device,
                            const gd_comm *comm, gd_train_set *set, gd_error *error)
{
    return make_set(config, input, device, comm, NULL, true, set, error);
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
    GD_TRY(gd_plan_set_pull(set->plans, GD_SPACE_PARAM, error));
    GD_TRY(gd_plan_set_pull(set->plans, GD_SPACE_AVERAGE, error));
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
    GD_TRY(gd_plan_set_push(set->plans, GD_SPACE_PARAM, error));
    return gd_plan_set_push(set->plans, GD_SPACE_AVERAGE, error);
}
