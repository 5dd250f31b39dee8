// SPDX-License-Identifier: Apache-2.0
/* N ranks compute what one does. In f64, where rounding is too small to grow into anything, parameters agree to 1e-12
 * after 20 updates; in f32 the gradients of one step agree by the tolerance law. More cannot be asked of f32: another
 * order of additions is another rounding, and training makes small differences large. */
#include "base/rng.h"
#include "threads.h"
#include "train/train.h"
#include "unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SIDE = 6, PIXELS = SIDE * SIDE, CLASSES = 3, MOST_RANKS = 4 };

static const char recipe[] = "data: {source: none}\n"
                             "batch_norm: {group: 2}\n"
                             "train: {batch: 24, accumulate: 2, threads: 1, precision: fp64, weight_decay: 0.01}\n"
                             "model:\n"
                             "  network: layers\n"
                             "  layers:\n"
                             "    - conv2d: {filters: 4, kernel: 3, pad: 1}\n"
                             "    - batch_norm\n"
                             "    - relu\n"
                             "    - dropout: {rate: 0.25}\n"
                             "    - conv2d: {filters: 6, kernel: 3, stride: 2}\n"
                             "    - batch_norm\n"
                             "    - relu\n"
                             "    - flatten\n";

/* What one number of ranks came to: rank 0's blocks, one behind the other. */
typedef struct outcome {
    const char *const *set;
    int n_set, steps;
    gd_space space[5];
    int spaces;
    size_t bytes;
    unsigned char *at;
    int buckets;
} outcome;

/* Images, targets and draws of the shard: functions of the step and the position in the batch. */
static void fill(const gd_train_set *set, int turn)
{
    gd_desc desc;
    uint8_t *images = gd_plan_value(set->plans, 0, "images", &desc);
    gd_draw *draws = gd_plan_value(set->plans, 0, "draws", NULL);
    void *targets = gd_plan_value(set->plans, 0, "targets", &desc);
    for (int n = 0; n < set->shard.images; n++) {
        uint64_t image = (uint64_t)(turn * set->micro + set->shard.first + n);
        if (draws)
            draws[n] = (gd_draw){.contrast = 1};
        for (int k = 0; k < CLASSES; k++)
            gd_store(targets, desc.type, n * CLASSES + k, k == (int)(image % CLASSES));
        for (int i = 0; i < PIXELS; i++)
            images[n * PIXELS + i] = (uint8_t)gd_rng(5, GD_RNG_TEST, (uint32_t)i, image).at[0];
    }
}

static void take_steps(const gd_config *config, const gd_train_set *set, int steps)
{
    gd_error error = {0};
    for (int turn = 0; turn < steps * config->train.accumulate; turn++) {
        int micro = turn % config->train.accumulate, step = turn / config->train.accumulate;
        bool last = micro == config->train.accumulate - 1;
        fill(set, turn);
        *gd_plan_set_record(set->plans) = (gd_record){.seed = 3,
                                                      .step = step,
                                                      .first_sample = turn * set->micro + set->shard.first,
                                                      .valid = set->shard.images,
                                                      .batch = set->micro,
                                                      .micro = micro,
                                                      .micros = config->train.accumulate,
                                                      .learning_rate = 0.05f,
                                                      .average_decay = 0.5f};
        CHECK_OK(gd_plan_run(set->plans, 0, last ? GD_STEP_UPDATE : GD_BACKWARD, &error), &error);
    }
}

static void train(void *argument, const gd_comm *comm)
{
    static const double mean = 127, deviation = 70;
    outcome *out = argument;
    gd_error error = {0};
    gd_config config;
    gd_train_set set;
    const gd_build_input input = {SIDE, SIDE, 1, CLASSES, &mean, &deviation};
    CHECK_OK(gd_config_parse("recipe", recipe, strlen(recipe), out->set, out->n_set, &config, &error), &error);
    CHECK_OK(gd_train_set_make(&config, &input, NULL, comm, NULL, &set, &error), &error);
    CHECK_OK(gd_train_set_init(&set, 1, &error), &error);
    take_steps(&config, &set, out->steps);
    const gd_plan *plan = gd_plan_set_plan(set.plans, 0);
    for (int i = 0; comm->rank == 0 && i < plan->n_steps; i++)
        out->buckets += plan->step[i].phase == GD_REDUCE;
    for (int i = 0; comm->rank == 0 && i < out->spaces; i++) {
        size_t bytes = gd_plan_set_bytes(set.plans, out->space[i]);
        out->at = realloc(out->at, out->bytes + bytes + 1);
        CHECK(out->at);
        memcpy(out->at + out->bytes, gd_plan_set_space(set.plans, out->space[i]), bytes);
        out->bytes += bytes;
    }
    gd_train_set_release(&set);
    gd_config_release(&config);
}

static void check_agreement(const outcome *one, const outcome *many, double tolerance)
{
    const double *a = (const double *)one->at, *b = (const double *)many->at;
    CHECK(one->bytes == many->bytes && one->bytes > 0);
    for (size_t i = 0; i < one->bytes / sizeof *a; i++)
        CHECK_NEAR(b[i], a[i], tolerance * (1 + fabs(a[i])));
}

static void check_ranks(const char *const *set, int n_set)
{
    outcome one = {.set = set, .n_set = n_set, .steps = 20, .spaces = 2};
    one.space[0] = GD_SPACE_PARAM;
    one.space[1] = GD_SPACE_MOMENT1;
    outcome fresh = one;
    ranks_run(1, train, &one);
    for (int ranks = 2; ranks <= MOST_RANKS; ranks++) {
        outcome many = fresh, again = fresh;
        ranks_run(ranks, train, &many);
        ranks_run(ranks, train, &again);
        CHECK_EQ_INT(many.buckets, one.buckets);
        check_agreement(&one, &many, 1e-12);
        CHECK(many.bytes == again.bytes && memcmp(many.at, again.at, many.bytes) == 0); /* the same N, the same bits */
        free(many.at);
        free(again.at);
    }
    free(one.at);
}

#define RANKS(name, ...)                                                                                               \
    TEST(name)                                                                                                         \
    {                                                                                                                  \
        static const char *const set[] = {__VA_ARGS__};                                                                \
        check_ranks(set, sizeof set / sizeof *set);                                                                    \
    }

RANKS(sgd_with_momentum, "train.optimizer=sgd", "train.momentum=0.9")
RANKS(nesterov_that_is_clipped, "train.optimizer=nesterov", "train.clip_norm=0.1")
RANKS(adamw_with_an_average, "train.optimizer=adamw", "train.average=0.9")
RANKS(one_micro_batch, "train.optimizer=nesterov", "train.batch=12", "train.accumulate=1")
RANKS(all_ranks_in_one_group, "train.optimizer=nesterov", "batch_norm.group=0", "train.batch=22")
RANKS(a_last_group_that_is_smaller, "train.optimizer=nesterov", "batch_norm.group=5", "train.batch=44")
RANKS(many_buckets, "train.optimizer=sgd", "train.bucket_mb=0.0005")

/* Gradients that travel in 16 bits: rounded once on each rank and once more as a sum, and the statistics are not. */
static void check_wire(const char *precision, double epsilon)
{
    char text[48];
    snprintf(text, sizeof text, "train.reduce_precision=%s", precision);
    const char *const set[] = {"train.optimizer=sgd", "train.momentum=0", "train.weight_decay=0", text};
    outcome exact = {.set = set, .n_set = 3, .steps = 1, .spaces = 1};
    exact.space[0] = GD_SPACE_PARAM;
    outcome narrow = exact, again = exact;
    narrow.n_set = again.n_set = 4;
    ranks_run(3, train, &exact);
    ranks_run(3, train, &narrow);
    ranks_run(3, train, &again);
    CHECK(narrow.buckets > exact.buckets);
    CHECK(narrow.bytes == again.bytes && memcmp(narrow.at, again.at, narrow.bytes) == 0);
    const double *a = (const double *)exact.at, *b = (const double *)narrow.at;
    int differ = 0;
    for (size_t i = 0; i < exact.bytes / sizeof *a; i++) {
        CHECK_NEAR(b[i], a[i], 0.05 * 4 * epsilon); /* gradients here are below 1, the rate is 0.05 */
        differ += a[i] != b[i];
    }
    CHECK(differ > 0);
    free(exact.at);
    free(narrow.at);
    free(again.at);
}

TEST(gradients_in_bf16_on_the_way) { check_wire("bf16", 1.0 / 256); }
TEST(gradients_in_fp16_on_the_way) { check_wire("fp16", 1.0 / 2048); }
