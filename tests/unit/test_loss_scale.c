// SPDX-License-Identifier: Apache-2.0
/* The loss scale of fp16: how it moves, what a skipped update leaves alone, and a net that learns with it only. */
#include "check.h"
#include "kernel/augment.h"
#include "kernel/grad_norm.h"
#include "train/train.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- the arithmetic, of every entry ---- */

enum { COUNT = 20000, GROWTH = 3 };

static void update(const gd_impl *impl, const gd_problem *problem, float *dw, float gradient, gd_tally *tally)
{
    gd_error error = {0};
    const gd_record record = {0};
    const gd_ctx ctx = {.threads = 2, .record = &record, .tally = tally};
    void *at[GD_OPERANDS] = {[GRAD_NORM_DW] = dw};
    dw[COUNT - 1] = gradient;
    CHECK_OK(check_run(impl, problem, at, &ctx, &error), &error);
}

static void check_scale(const gd_tally *tally, float scale, int good)
{
    CHECK_NEAR((double)tally->loss_scale, (double)scale, 0);
    CHECK_EQ_INT(tally->good, good);
}

/* Runs `body` on every entry of grad_norm that this machine has. */
static void for_each_entry(const gd_grad_norm_params *params,
                           void (*body)(const gd_impl *, const gd_problem *, float *dw))
{
    static float dw[COUNT];
    gd_error error = {0};
    gd_problem problem = {.params = params, .type = GD_F32};
    problem.desc[GRAD_NORM_W] = gd_desc_1(GD_F32, COUNT);
    CHECK_OK(gd_op_infer(&gd_op_grad_norm, &problem, &error), &error);
    int entries = 0;
    for (const gd_impl *impl = gd_op_grad_norm.direction[GD_UPDATE].entries; impl->run; impl++) {
        if (gd_impl_refuses(impl, &problem, GD_CPU, gd_cpu_features()))
            continue;
        entries++;
        body(impl, &problem, dw);
    }
    CHECK(entries > 0);
}

static void overflow_and_growth(const gd_impl *impl, const gd_problem *problem, float *dw)
{
    gd_tally tally = {.loss_scale = 8, .gradient_scale = 1};
    update(impl, problem, dw, 24, &tally);
    CHECK_NEAR((double)tally.gradient_norm, 3, 1e-6); /* without the scale */
    CHECK_NEAR((double)tally.gradient_scale, 1.0 / 8, 0);
    check_scale(&tally, 8, 1);
    update(impl, problem, dw, INFINITY, &tally);
    CHECK_EQ_INT(tally.skip, 1);
    CHECK_EQ_INT(tally.not_finite, 1);
    check_scale(&tally, 4, 0);
    update(impl, problem, dw, NAN, &tally);
    check_scale(&tally, 2, 0);
    for (int i = 1; i < GROWTH; i++) {
        update(impl, problem, dw, 24, &tally);
        CHECK_EQ_INT(tally.skip, 0);
        check_scale(&tally, 2, i);
    }
    update(impl, problem, dw, 24, &tally);
    CHECK_NEAR((double)tally.gradient_scale, 1.0 / 2, 0); /* these gradients had the scale from before */
    check_scale(&tally, 4, 0);
}

TEST(an_overflow_halves_it_and_good_updates_double_it)
{
    for_each_entry(&(gd_grad_norm_params){.growth = GROWTH}, overflow_and_growth);
}

static void ends(const gd_impl *impl, const gd_problem *problem, float *dw)
{
    gd_tally low = {.loss_scale = 1}, high = {.loss_scale = 1 << 24, .good = GROWTH - 1};
    update(impl, problem, dw, INFINITY, &low);
    check_scale(&low, 1, 0);
    update(impl, problem, dw, 1, &high);
    check_scale(&high, 1 << 24, 0);
}

TEST(it_stays_between_1_and_2_to_the_24) { for_each_entry(&(gd_grad_norm_params){.growth = GROWTH}, ends); }

static void fixed(const gd_impl *impl, const gd_problem *problem, float *dw)
{
    gd_tally tally = {.loss_scale = 5};
    update(impl, problem, dw, INFINITY, &tally);
    CHECK_EQ_INT(tally.skip, 1);
    check_scale(&tally, 5, 0);
    for (int i = 0; i < 4; i++)
        update(impl, problem, dw, 10, &tally);
    check_scale(&tally, 5, 0);
    CHECK_NEAR((double)tally.gradient_norm, 2, 1e-6);
    CHECK_NEAR((double)tally.gradient_scale * 10, 1, 1e-6); /* clipped to half: 2 becomes 1, and 10 is five times 2 */
}

TEST(a_fixed_one_stays_and_clipping_sees_what_is_behind_it)
{
    for_each_entry(&(gd_grad_norm_params){.clip = 1}, fixed);
}

/* ---- a net that cannot learn without it ----
 *
 *     16 pixels ─► norm ─► hidden (4, weights 0) ─► logits (weights of 2^-20)
 *
 * Until the hidden weights have moved, features are 0 and the last layer learns nothing; and the gradient that reaches
 * them, about 2^-8 * 2^-20, is below all that f16 has. */

enum { IMAGES = 128, SIDE = 4, PIXELS = SIDE * SIDE, CLASSES = 2 };

static const char lesson[] = "data: {source: none}\n"
                             "train: {batch: 128, optimizer: adamw, weight_decay: 0, threads: 1, average: 0.5}\n"
                             "model:\n"
                             "  network: layers\n"
                             "  layers:\n"
                             "    - batch_norm\n"
                             "    - flatten\n"
                             "    - name: hidden\n"
                             "      linear: {features: 4, bias: false}\n";

typedef struct student {
    gd_config config;
    gd_train_set set;
} student;

static float *weights_of(const student *s, gd_space space, const char *name, int64_t *count)
{
    int n;
    const gd_segment *segments = gd_plan_set_segments(s->set.plans, &n);
    for (int i = 0; i < n; i++) {
        if (strcmp(segments[i].name, name) == 0) {
            *count = segments[i].count;
            return (float *)gd_plan_set_space(s->set.plans, space) + segments[i].offset;
        }
    }
    unit_fail(__FILE__, __LINE__, "no parameter is called '%s'", name);
    return NULL;
}

static void fill_inputs(const student *s)
{
    gd_desc desc;
    uint8_t *images = gd_plan_value(s->set.plans, 0, "images", &desc);
    gd_draw *draws = gd_plan_value(s->set.plans, 0, "draws", NULL);
    float *targets = gd_plan_value(s->set.plans, 0, "targets", NULL);
    for (int n = 0; n < IMAGES; n++) { /* bright above or bright below, and something of its own */
        draws[n] = (gd_draw){.contrast = 1};
        targets[n * CLASSES + n % 2] = 1;
        for (int i = 0; i < PIXELS; i++)
            images[n * PIXELS + i] = (uint8_t)(((i < PIXELS / 2) == (n % 2) ? 170 : 70) + (n * 7 + i * 13) % 31);
    }
}

static void enrol(student *s, const char *precision, const char *loss_scale)
{
    static const double mean = 125, deviation = 75;
    gd_error error = {0};
    const char *set[] = {unit_text("train.precision=%s", precision), unit_text("train.loss_scale=%s", loss_scale)};
    const gd_build_input input = {SIDE, SIDE, 1, CLASSES, &mean, &deviation};
    *s = (student){0};
    CHECK_OK(gd_config_parse("lesson", lesson, strlen(lesson), set, 2, &s->config, &error), &error);
    CHECK_OK(gd_train_set_make(&s->config, &input, NULL, NULL, NULL, &s->set, &error), &error);
    CHECK_OK(gd_train_set_init(&s->set, 0, &error), &error);
    int64_t count;
    float *w = weights_of(s, GD_SPACE_PARAM, "hidden.w", &count);
    memset(w, 0, sizeof *w * (size_t)count);
    w = weights_of(s, GD_SPACE_PARAM, "logits.w", &count);
    for (int64_t i = 0; i < count; i++)
        w[i] = (i % 3 == 0 ? 1 : -1) * 0x1p-20f;
    gd_plan_set_touch(s->set.plans);
    fill_inputs(s);
}

static void leave(student *s)
{
    gd_train_set_release(&s->set);
    gd_config_release(&s->config);
}

/* One step; what the tally says of it is all that it holds afterwards. */
static gd_tally *study(const student *s, int step)
{
    gd_error error = {0};
    gd_tally *tally = gd_plan_set_tally(s->set.plans);
    tally->loss = 0;
    tally->images = tally->correct = 0;
    *gd_plan_set_record(s->set.plans) = (gd_record){
        .step = step, .valid = IMAGES, .batch = IMAGES, .micros = 1, .learning_rate = 0.01f, .average_decay = 0.5f};
    CHECK_OK(gd_plan_run(s->set.plans, 0, GD_STEP_UPDATE, &error), &error);
    return tally;
}

static bool all_zero(const student *s, const char *name)
{
    int64_t count;
    const float *w = weights_of(s, GD_SPACE_PARAM, name, &count);
    for (int64_t i = 0; i < count; i++) {
        if (w[i] != 0)
            return false;
    }
    return true;
}

static void check_lesson(const char *precision, const char *loss_scale, bool learns)
{
    student s;
    enrol(&s, precision, loss_scale);
    const gd_tally *tally = NULL;
    for (int step = 0; step < 100; step++)
        tally = study(&s, step);
    CHECK_EQ_INT(tally->images, IMAGES);
    CHECK_EQ_INT(tally->applied, 100);
    CHECK(all_zero(&s, "hidden.w") == !learns);
    if (learns) {
        CHECK_EQ_INT(tally->correct, IMAGES);
        CHECK(tally->loss / IMAGES < 0.1);
    } else {
        CHECK_EQ_INT(tally->correct, IMAGES / CLASSES); /* chance */
        CHECK_NEAR(tally->loss / IMAGES, log(2), 1e-3);
    }
    leave(&s);
}

TEST(a_net_of_small_gradients_learns_in_fp32) { check_lesson("fp32", "0", true); }
TEST(it_learns_nothing_in_fp16_without_a_loss_scale) { check_lesson("fp16", "1", false); }
TEST(it_learns_in_fp16_with_a_fixed_loss_scale) { check_lesson("fp16", "16384", true); }
TEST(it_learns_in_fp16_with_the_dynamic_loss_scale) { check_lesson("fp16", "0", true); }

/* ---- a skipped update ---- */

/* Copies of all that a step may change, one behind the other; malloc'd. */
static unsigned char *snapshot(const student *s, size_t *bytes)
{
    static const gd_space spaces[] = {GD_SPACE_PARAM, GD_SPACE_MOMENT1, GD_SPACE_MOMENT2, GD_SPACE_AVERAGE};
    *bytes = 0;
    for (int i = 0; i < 4; i++)
        *bytes += gd_plan_set_bytes(s->set.plans, spaces[i]);
    unsigned char *copy = malloc(*bytes), *to = copy;
    CHECK(copy);
    for (int i = 0; i < 4; i++) {
        CHECK(gd_plan_set_bytes(s->set.plans, spaces[i]) > 0);
        memcpy(to, gd_plan_set_space(s->set.plans, spaces[i]), gd_plan_set_bytes(s->set.plans, spaces[i]));
        to += gd_plan_set_bytes(s->set.plans, spaces[i]);
    }
    return copy;
}

TEST(an_overflow_skips_the_update_and_nothing_else_moves)
{
    student s;
    size_t bytes;
    enrol(&s, "fp16", "0");
    for (int step = 0; step < 20; step++)
        study(&s, step);
    gd_tally *tally = gd_plan_set_tally(s.set.plans);
    CHECK_NEAR((double)tally->loss_scale, 65536, 0);
    CHECK_EQ_INT(tally->good, 20);
    unsigned char *before = snapshot(&s, &bytes);
    tally->loss_scale = 0x1p60f; /* beyond all that f16 has */
    study(&s, 20);
    unsigned char *after = snapshot(&s, &bytes);
    CHECK_EQ_INT(tally->skip, 1);
    CHECK_EQ_INT(tally->not_finite, 1);
    CHECK_EQ_INT(tally->applied, 20);
    CHECK_NEAR((double)tally->loss_scale, 0x1p59, 0);
    CHECK(memcmp(before, after, bytes) == 0); /* running statistics and average, too */
    free(after);
    tally->loss_scale = 256;
    study(&s, 21);
    after = snapshot(&s, &bytes);
    CHECK_EQ_INT(tally->skip, 0);
    CHECK_EQ_INT(tally->applied, 21);
    CHECK(memcmp(before, after, bytes) != 0);
    free(before);
    free(after);
    leave(&s);
}

TEST(other_precisions_know_no_loss_scale)
{
    student s;
    enrol(&s, "fp32", "0");
    CHECK_NEAR((double)gd_plan_set_tally(s.set.plans)->loss_scale, 1, 0);
    study(&s, 0);
    CHECK_NEAR((double)gd_plan_set_tally(s.set.plans)->loss_scale, 1, 0);
    CHECK_EQ_INT(gd_plan_set_tally(s.set.plans)->good, 0);
    leave(&s);
}

static uint32_t features_now;
static uint32_t tell_features(void) { return features_now; }

TEST(fp16_is_for_those_who_ask_for_it)
{
    gd_device machine = gd_device_cpu;
    machine.features = tell_features;
    static const struct {
        int precision;
        uint32_t features;
        gd_type type;
    } rows[] = {{GD_PRECISION_AUTO, 0, GD_F32},
                {GD_PRECISION_AUTO, GD_AVX2 | GD_AVX512, GD_F32},
                {GD_PRECISION_AUTO, GD_AVX2 | GD_AVX512 | GD_AVX512_BF16, GD_BF16},
                {GD_PRECISION_FP16, 0, GD_F16}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        gd_type type;
        const gd_train_config train = {.precision = rows[i].precision};
        features_now = rows[i].features;
        CHECK_EQ_INT(gd_train_precision(&train, &machine, &type, NULL), GD_OK);
        CHECK_EQ_INT(type, rows[i].type);
    }
}
