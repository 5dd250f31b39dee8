// SPDX-License-Identifier: Apache-2.0
#include "base/rng.h"
#include "build/build.h"
#include "nets.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void nets_fill_inputs(const nets_case *net, const gd_plan_set *set)
{
    gd_desc desc;
    uint8_t *images = gd_plan_value(set, 0, "images", &desc);
    for (int64_t i = 0; i < gd_desc_count(desc); i++)
        images[i] = (uint8_t)gd_rng(net->seed, GD_RNG_TEST, 1, (uint64_t)i).at[0];
    gd_draw *draws = gd_plan_value(set, 0, "draws", &desc);
    for (int64_t i = 0; i < desc.dim[0]; i++) {
        gd_philox r = gd_rng(net->seed, GD_RNG_TEST, 2, (uint64_t)i);
        draws[i] = (gd_draw){
            .dx = (int16_t)(r.at[0] % 3) - 1, .dy = (int16_t)(r.at[1] % 3) - 1, .flip = r.at[2] & 1, .contrast = 1};
    }
    void *targets = gd_plan_value(set, 0, "targets", &desc);
    for (int64_t i = 0; i < desc.dim[0]; i++)
        gd_store(targets, desc.type,
                 i * desc.dim[1] +
                     gd_rng_below(gd_rng(net->seed, GD_RNG_TEST, 3, (uint64_t)i).at[0], (uint32_t)desc.dim[1]),
                 1);
}

static gd_status build(const nets_case *net, gd_config *config, gd_net **made, gd_error *error)
{
    static const double mean[3] = {120, 125, 130}, deviation[3] = {60, 65, 70};
    gd_text text = {0};
    nets_print(net, &text);
    gd_status status = gd_config_parse("net", text.at, text.length, NULL, 0, config, error);
    const gd_build_input input = {net->height, net->width, net->channels, net->classes, mean, deviation};
    if (status == GD_OK)
        status = gd_build_net(config, &input, net->batch, made, error);
    gd_text_release(&text);
    return status;
}

static gd_status take_answer(const gd_plan_set *set, gd_type real, nets_answer *answer, gd_error *error)
{
    int n;
    const gd_segment *segments = gd_plan_set_segments(set, &n);
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
    gd_tally *tally = gd_plan_set_tally((gd_plan_set *)set);
    answer->loss = tally->loss / (double)tally->images;
    return GD_OK;
}

gd_status nets_run(const nets_case *net, const nets_variant *variant, nets_answer *answer, gd_error *error)
{
    gd_config config = {0};
    gd_net *made = NULL;
    gd_plan_set *set = NULL;
    gd_status status;
    *answer = (nets_answer){0};
    GD_TRY_TO(done, build(net, &config, &made, error));
    const gd_plan_options plan = {GD_MODE_TRAIN, net->batch, variant->precision, false, variant->passes};
    const gd_set_options options = {
        .device = &gd_device_cpu,
        .comm = variant->all_reduce ? &gd_comm_self : NULL,
        .threads = 2,
        .features = gd_cpu_features(),
        .update = {.optimizer = GD_SGD, .accumulate = 1},
        .shuffle_entries = variant->shuffle,
        .poison = variant->poison,
    };
    GD_TRY_TO(done, gd_plan_set_new(made, &plan, 1, &options, &set, error));
    int n;
    gd_type real = variant->precision == GD_F64 ? GD_F64 : GD_F32;
    const gd_segment *segments = gd_plan_set_segments(set, &n);
    char *masters = gd_plan_set_space(set, GD_SPACE_PARAM);
    for (int i = 0; i < n; i++) {
        float *values = malloc(sizeof *values * (size_t)segments[i].count);
        gd_init_param(made, gd_net_find_param(made, segments[i].name), net->seed, values);
        if (segments[i].role != GD_ROLE_RUNNING) /* off zero: a shift of 0 would put activations onto relu's kink */
            for (int64_t k = 0; k < segments[i].count; k++)
                values[k] +=
                    0.2f *
                    (gd_rng_unit(gd_rng(net->seed, GD_RNG_TEST, 4, (uint64_t)(segments[i].offset + k)).at[0]) - 0.5f);
        gd_convert(masters + (size_t)segments[i].offset * gd_type_bytes(real), real, values, GD_F32, segments[i].count);
        free(values);
    }
    gd_plan_set_touch(set);
    nets_fill_inputs(net, set);
    *gd_plan_set_record(set) = (gd_record){.seed = net->seed, .valid = net->batch, .micros = 1};
    GD_TRY_TO(done, gd_plan_run(set, 0, GD_REDUCE, error));
    status = take_answer(set, real, answer, error);
done:
    gd_plan_set_free(set);
    gd_net_free(made);
    gd_config_release(&config);
    return status;
}

void nets_answer_release(nets_answer *answer)
{
    free(answer->gradient);
    free(answer->segment);
    gd_arena_release(&answer->arena);
    *answer = (nets_answer){0};
}

/* A whole net's error is bounded by what its layers lose, each `epsilon` of what passes through it, amplified by the
 * condition of what follows (a batch norm over few values divides by a small deviation). Measured against the size of
 * all gradients, some thousand epsilon leave room for that and none for a mistake, which shows at the size of a
 * gradient. In bf16 that room is the size of a gradient: only the gross is seen there, the rest is the kernels' own
 * tests'. */
static double limit_of(gd_type precision) { return precision == GD_BF16 ? 2 : 4000 * gd_type_epsilon(precision); }

static bool agrees(const nets_answer *got, const nets_answer *want, double limit, char *complaint, size_t bytes)
{
    double all = 0;
    for (int64_t i = 0; i < want->n; i++)
        all += want->gradient[i] * want->gradient[i];
    all = sqrt(all);
    if (!(fabs(got->loss - want->loss) <= limit * fmax(1, fabs(want->loss)))) {
        snprintf(complaint, bytes, "loss %.9g, double %.9g", got->loss, want->loss);
        return false;
    }
    for (int s = 0; s < want->n_segments; s++) {
        const gd_segment *segment = &want->segment[s];
        double off = 0;
        for (int64_t i = segment->offset; i < segment->offset + segment->count; i++)
            off += (got->gradient[i] - want->gradient[i]) * (got->gradient[i] - want->gradient[i]);
        if (!(sqrt(off) <= limit * all)) {
            snprintf(complaint, bytes, "gradient of %s is off by %.3g of %.3g", segment->name, sqrt(off), all);
            return false;
        }
    }
    return true;
}

static bool same_bits(const nets_answer *a, const nets_answer *b)
{
    return a->n == b->n && a->loss == b->loss && memcmp(a->gradient, b->gradient, sizeof(double) * (size_t)a->n) == 0;
}

gd_status nets_check(const nets_case *net, char *complaint, size_t bytes)
{
    static const nets_variant truth = {"double", GD_F64, GD_PASS_ALL, 0, false, false};
    static const nets_variant variants[] = {
        {"fp32", GD_F32, GD_PASS_ALL, 0, false, false},
        {"fp32 poisoned", GD_F32, GD_PASS_ALL, 0, true, false},
        {"fp32 with all-reduce", GD_F32, GD_PASS_ALL, 0, false, true},
        {"fp32 unfused", GD_F32, 0, 0, true, false},
        {"fp32, entries shuffled 1", GD_F32, GD_PASS_ALL, 1, true, false},
        {"fp32, entries shuffled 2", GD_F32, 0, 2, true, false},
        {"bf16", GD_BF16, GD_PASS_ALL, 0, true, false},
        {"bf16 unfused, entries shuffled", GD_BF16, 0, 3, true, false},
        {"double unfused", GD_F64, 0, 0, true, false},
    };
    enum { LIKE_FIRST = 3 }; /* the first ones differ in nothing that may change a bit */
    nets_answer want = {0}, first = {0};
    gd_error error = {0};
    complaint[0] = '\0';
    gd_status status = nets_run(net, &truth, &want, &error);
    for (size_t i = 0; status == GD_OK && !complaint[0] && i < sizeof variants / sizeof *variants; i++) {
        nets_answer got = {0};
        char why[300] = "";
        status = nets_run(net, &variants[i], &got, &error);
        if (status != GD_OK) {
            snprintf(complaint, bytes, "%s: %s", variants[i].name, error.message);
            status = GD_OK;
        } else if (!agrees(&got, &want, limit_of(variants[i].precision), why, sizeof why)) {
            snprintf(complaint, bytes, "%s: %s", variants[i].name, why);
        } else if (i > 0 && i < LIKE_FIRST && !same_bits(&got, &first)) {
            snprintf(complaint, bytes, "%s: other bits than fp32", variants[i].name);
        }
        if (i == 0)
            first = got;
        else
            nets_answer_release(&got);
    }
    nets_answer_release(&want);
    nets_answer_release(&first);
    return status;
}

void nets_shrink(nets_case *net)
{
    char complaint[400];
    for (int i = 0; i < net->n_layers;) {
        nets_case less = *net;
        memmove(less.layer[i], less.layer[i + 1], sizeof less.layer[0] * (size_t)(less.n_layers - i - 1));
        less.n_layers--;
        if (nets_check(&less, complaint, sizeof complaint) == GD_OK && complaint[0])
            *net = less; /* still wrong without this layer */
        else
            i++;
    }
}
