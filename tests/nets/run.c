// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"
#include "build/build.h"
#include "nets.h"
#include "ranks/threads.h"

#include <stdlib.h>

/* Images, draws and targets of the batch from its image `first` on, drawn from the seed. */
static void fill_inputs(const nets_case *net, const gd_plan_set *set, int64_t first)
{
    gd_desc desc;
    uint8_t *images = gd_plan_value(set, 0, "images", &desc);
    int64_t before = first * (gd_desc_count(desc) / desc.dim[0]);
    for (int64_t i = 0; i < gd_desc_count(desc); i++)
        images[i] = (uint8_t)gd_rng(net->seed, GD_RNG_TEST, 1, (uint64_t)(before + i)).at[0];
    gd_draw *draws = gd_plan_value(set, 0, "draws", &desc);
    for (int64_t i = 0; i < desc.dim[0]; i++) {
        gd_philox r = gd_rng(net->seed, GD_RNG_TEST, 2, (uint64_t)(first + i));
        draws[i] = (gd_draw){
            .dx = (int16_t)(r.at[0] % 3) - 1, .dy = (int16_t)(r.at[1] % 3) - 1, .flip = r.at[2] & 1, .contrast = 1};
    }
    void *targets = gd_plan_value(set, 0, "targets", &desc);
    for (int64_t i = 0; i < desc.dim[0]; i++)
        gd_store(targets, desc.type,
                 i * desc.dim[1] + gd_rng_below(gd_rng(net->seed, GD_RNG_TEST, 3, (uint64_t)(first + i)).at[0],
                                                (uint32_t)desc.dim[1]),
                 1);
}

/* Of a batch of `batch` images. */
static gd_status build(const nets_case *net, int batch, gd_config *config, gd_net **made, gd_error *error)
{
    static const double mean[3] = {120, 125, 130}, deviation[3] = {60, 65, 70};
    gd_text text = {0};
    nets_print(net, &text);
    gd_status status = gd_config_parse("net", text.at, text.length, NULL, 0, config, error);
    const gd_build_input input = {net->height, net->width, net->channels, net->classes, mean, deviation};
    if (status == GD_OK)
        status = gd_build_net(config, &input, batch, made, error);
    gd_text_release(&text);
    return status;
}

static gd_type real_of(const nets_variant *variant) { return variant->precision == GD_F64 ? GD_F64 : GD_F32; }

/* In [-1, 1). */
static float draw(uint64_t seed, uint32_t use, int64_t i)
{
    return 2 * gd_rng_unit(gd_rng(seed, GD_RNG_TEST, use, (uint64_t)i).at[0]) - 1;
}

enum { USE_PARAMETER = 4, USE_PARAMETER_NOISE = 5, USE_STEP_NOISE = 100 }; /* a step's number is added to the last */

/* Moves each of `values`, in place: element i of a block where `first` is its own first. */
static void add_noise(void *values, gd_desc desc, const nets_variant *variant, uint32_t use, int64_t first)
{
    double *to = values;
    for (int64_t i = 0; variant->noise > 0 && i < gd_desc_count(desc); i++)
        to[i] *= 1 + variant->noise * (double)draw(variant->draw, use, first + i);
}

/* Every parameter as training would begin with it, off by up to 0.1: with a shift of 0 activations lie on relu's kink.
 */
static gd_status set_parameters(const nets_case *net, const nets_variant *variant, const gd_net *made, gd_plan_set *set,
                                gd_error *error)
{
    int n;
    gd_type real = real_of(variant);
    const gd_segment *segments = gd_plan_set_segments(set, &n);
    GD_TRY(gd_plan_set_pull(set, GD_SPACE_PARAM, error));
    char *masters = gd_plan_set_space(set, GD_SPACE_PARAM);
    for (int i = 0; i < n; i++) {
        float *values = malloc(sizeof *values * (size_t)segments[i].count);
        if (!values)
            return gd_fail(error, GD_NOMEM, "out of memory");
        gd_init_param(made, gd_net_find_param(made, segments[i].name), net->seed, values);
        for (int64_t k = 0; k < segments[i].count && segments[i].role != GD_ROLE_RUNNING; k++) {
            values[k] += 0.1f * draw(net->seed, USE_PARAMETER, segments[i].offset + k);
        }
        char *to = masters + (size_t)segments[i].offset * gd_type_bytes(real);
        gd_convert(to, real, values, GD_F32, segments[i].count);
        add_noise(to, segments[i].desc, variant, USE_PARAMETER_NOISE, segments[i].offset);
        free(values);
    }
    gd_plan_set_touch(set);
    return gd_plan_set_push(set, GD_SPACE_PARAM, error);
}

/* Images that one rank must have: all of a group; of one over the whole batch (0) any, as ranks merge what they know.
 */
static int stays_together(const nets_case *net) { return net->group > 0 ? net->group : 1; }

gd_status nets_lower(const nets_case *net, const nets_variant *variant, nets_lowered *lowered, gd_error *error)
{
    *lowered = (nets_lowered){.real = real_of(variant), .shard = {0, net->batch}};
    if (variant->comm)
        GD_TRY(gd_shard_of(net->batch, stays_together(net), variant->comm->rank, variant->comm->ranks, &lowered->shard,
                           error));
    GD_TRY(build(net, lowered->shard.images, &lowered->config, &lowered->net, error));
    const gd_device *device = variant->device ? variant->device : &gd_device_cpu;
    const gd_plan_options plan = {GD_MODE_TRAIN, lowered->shard.images, variant->precision, false, variant->passes};
    const gd_set_options options = {
        .device = device,
        .comm = variant->comm         ? variant->comm
                : variant->all_reduce ? &gd_comm_self
                                      : NULL,
        .bucket_bytes = variant->bucket_bytes,
        .threads = 2,
        .features = device->features(),
        .update = {.optimizer = GD_SGD, .accumulate = 1, .loss_scale = variant->loss_scale},
        .shuffle_entries = variant->shuffle,
        .poison = variant->poison,
    };
    GD_TRY(gd_plan_set_new(lowered->net, &plan, 1, &options, &lowered->set, error));
    GD_TRY(set_parameters(net, variant, lowered->net, lowered->set, error));
    fill_inputs(net, lowered->set, lowered->shard.first);
    return GD_OK;
}

void nets_lowered_release(nets_lowered *lowered)
{
    gd_plan_set_free(lowered->set);
    gd_net_free(lowered->net);
    gd_config_release(&lowered->config);
    *lowered = (nets_lowered){0};
}

static gd_status take_answer(gd_plan_set *set, gd_type real, const gd_comm *comm, nets_answer *answer, gd_error *error)
{
    int n;
    const gd_segment *segments = gd_plan_set_segments(set, &n);
    GD_TRY(gd_plan_set_pull(set, GD_SPACE_GRAD, error));
    GD_TRY(gd_plan_set_pull(set, GD_SPACE_TALLY, error));
    const void *grad = gd_plan_set_space(set, GD_SPACE_GRAD);
    answer->segment = malloc(sizeof *segments * (size_t)(n + 1));
    for (int i = 0; answer->segment && i < n; i++) {
        if (segments[i].role == GD_ROLE_RUNNING)
            continue;
        answer->segment[answer->n_segments] = segments[i];
        answer->segment[answer->n_segments++].name = gd_arena_text(&answer->arena, segments[i].name);
        answer->n = segments[i].offset + segments[i].count;
    }
    answer->gradient = malloc(sizeof(double) * (size_t)(answer->n + 1));
    if (!answer->gradient || !answer->segment)
        return gd_fail(error, GD_NOMEM, "out of memory");
    gd_convert(answer->gradient, GD_F64, grad, real, answer->n);
    gd_tally *tally = gd_plan_set_tally(set);
    for (int64_t i = 0; i < answer->n; i++)
        answer->gradient[i] /= (double)tally->loss_scale;
    double counted[] = {tally->loss, (double)tally->images};
    if (comm)
        GD_TRY(comm->sum(comm, counted, 2, error));
    answer->loss = counted[0] / counted[1];
    return GD_OK;
}

/* Runs a plan in double step by step, and moves what each writes. */
static gd_status run_noisy(const nets_lowered *lowered, const nets_variant *variant)
{
    const gd_plan *plan = gd_plan_set_plan(lowered->set, 0);
    for (int s = 0; s < plan->phase_end[GD_REDUCE]; s++) {
        const gd_step *step = &plan->step[s];
        if (!step->impl)
            return GD_UNSUPPORTED; /* packs, which no reference does */
        GD_TRY(step->impl->run(&step->call, step->ctx));
        uint32_t writes = gd_op_writes(step->op, &step->problem, step->direction);
        for (int o = 0; o < GD_OPERANDS; o++) {
            if ((writes & GD_BIT(o)) && step->call.at[o] && step->problem.desc[o].type == GD_F64)
                add_noise(step->call.at[o], step->problem.desc[o], variant, USE_STEP_NOISE + (uint32_t)s,
                          (int64_t)o << 32);
        }
    }
    return GD_OK;
}

static gd_status run_rank(const nets_case *net, const nets_variant *variant, nets_answer *answer, gd_error *error)
{
    nets_lowered lowered;
    *answer = (nets_answer){0};
    gd_status status = nets_lower(net, variant, &lowered, error);
    if (status == GD_OK) {
        *gd_plan_set_record(lowered.set) = (gd_record){.seed = net->seed,
                                                       .first_sample = lowered.shard.first,
                                                       .valid = lowered.shard.images,
                                                       .batch = net->batch,
                                                       .micros = 1};
        status = variant->noise > 0 ? run_noisy(&lowered, variant) : gd_plan_run(lowered.set, 0, GD_REDUCE, error);
    }
    if (status == GD_OK)
        status = take_answer(lowered.set, lowered.real, variant->comm, answer, error);
    nets_lowered_release(&lowered);
    return status;
}

/* ---- several ranks ---- */

typedef struct common {
    const nets_case *net;
    const nets_variant *variant;
    nets_answer *answer; /* rank 0's */
    gd_error *error;
    gd_status status;
} common;

static void run_one_of_many(void *argument, const gd_comm *comm)
{
    common *c = argument;
    nets_variant own = *c->variant;
    nets_answer answer;
    own.comm = comm;
    gd_status status = run_rank(c->net, &own, comm->rank == 0 ? c->answer : &answer, comm->rank == 0 ? c->error : NULL);
    if (comm->rank == 0)
        c->status = status;
    else
        nets_answer_release(&answer);
}

gd_status nets_run(const nets_case *net, const nets_variant *variant, nets_answer *answer, gd_error *error)
{
    const int group = stays_together(net), groups = (net->batch + group - 1) / group,
              ranks = variant->ranks < groups ? variant->ranks : groups;
    if (ranks <= 1)
        return run_rank(net, variant, answer, error);
    common c = {.net = net, .variant = variant, .answer = answer, .error = error};
    ranks_run(ranks, run_one_of_many, &c);
    return c.status;
}

void nets_answer_release(nets_answer *answer)
{
    free(answer->gradient);
    free(answer->segment);
    gd_arena_release(&answer->arena);
    *answer = (nets_answer){0};
}
