// SPDX-License-Identifier: Apache-2.0
/* Inputs, wanted results and the scale of the tolerance law.
 *
 *     drawn inputs, rounded to the storage type ─► earlier directions' reference, rounded ─► inputs of this direction
 *     inputs   ─► double reference ─► want
 *     |inputs| ─► double reference (or the op's magnitude) ─► S
 */
#include "check.h"

#include "base/rng.h"
#include "comm/comm.h"
#include "kernel/augment.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double check_normal(uint64_t seed, uint32_t operand, uint64_t element)
{
    gd_philox word = gd_rng(seed, GD_RNG_TEST, operand, element);
    double u = 1 - (double)gd_rng_unit(word.at[0]), v = gd_rng_unit(word.at[1]); /* u in (0, 1] */
    return sqrt(-2 * log(u)) * cos(2 * 3.14159265358979323846 * v);
}

static double unit(uint64_t seed, uint32_t operand, uint64_t element)
{
    return (double)gd_rng_unit(gd_rng(seed, GD_RNG_TEST, operand, element).at[2]);
}

static double round_to(gd_type type, double value)
{
    union {
        char bytes[8];
        double aligned;
    } cell;
    gd_store(&cell, type, 0, value);
    return gd_load(&cell, type, 0);
}

static bool is_float(gd_type type) { return gd_type_epsilon(type) > 0; }

static void draw_records(unsigned char *to, gd_desc desc, uint64_t seed, uint32_t operand)
{
    for (int64_t n = 0; n < desc.dim[0]; n++) {
        gd_philox a = gd_rng(seed, GD_RNG_TEST, operand, (uint64_t)n),
                  b = gd_rng(seed + 1, GD_RNG_TEST, operand, (uint64_t)n);
        gd_draw draw = {.dx = (int16_t)(gd_rng_below(a.at[0], 9) - 4),
                        .dy = (int16_t)(gd_rng_below(a.at[1], 9) - 4),
                        .cut_x = (int16_t)(gd_rng_below(a.at[2], 8) - 2),
                        .cut_y = (int16_t)(gd_rng_below(a.at[3], 8) - 2),
                        .cut_side = (int16_t)gd_rng_below(b.at[0], 4),
                        .flip = (uint8_t)(n & 1),
                        .contrast = 0.75f + 0.5f * gd_rng_unit(b.at[1]),
                        .brightness = 40 * gd_rng_unit(b.at[2]) - 20};
        memcpy(to + (size_t)n * sizeof draw, &draw, sizeof draw);
    }
}

/* Element i of an operand of that domain, before rows of distributions are made to sum to 1. */
static double draw(gd_domain domain, gd_role role, gd_desc desc, uint64_t seed, uint32_t operand, int64_t i)
{
    int64_t C = desc.dim[desc.rank - 1];
    if (role == GD_ROLE_RUNNING)
        domain = GD_DOMAIN_STATISTICS;
    switch (domain) {
    case GD_DOMAIN_STATISTICS: /* (…, 2, C) */
        if (i / C % 2 == 0)
            return 0.5 * check_normal(seed, operand, (uint64_t)i);
        return 0.5 + 1.5 * unit(seed, operand, (uint64_t)i);
    case GD_DOMAIN_POSITIVE:
        return 0.5 + 1.5 * unit(seed, operand, (uint64_t)i);
    case GD_DOMAIN_DISTRIBUTION: /* rows by turns: spread out, one class */
        if (i / C % 2 == 0)
            return 0.01 + unit(seed, operand, (uint64_t)i);
        return i % C == (int64_t)(unit(seed, operand, (uint64_t)(i / C)) * (double)C);
    case GD_DOMAIN_BYTES:
        return floor(256 * unit(seed, operand, (uint64_t)i));
    case GD_DOMAIN_DRAWS:
    case GD_DOMAIN_ANY:
        break;
    }
    return check_normal(seed, operand, (uint64_t)i);
}

/* Fills an operand's double form with numbers that its storage type can hold. */
static void draw_operand(const check_answer *a, int operand, void *to)
{
    const gd_operand_info *info = &a->of->op->operand[operand];
    gd_desc stored = a->problem.desc[operand], exact = a->exact.desc[operand];
    int64_t count = gd_desc_count(exact), C = exact.dim[exact.rank - 1];
    gd_domain domain = info->domain;
    if (operand >= GD_FIRST_DIN) /* a gradient is any number, whatever its tensor is */
        domain = GD_DOMAIN_ANY;
    const check_values *given = &a->of->given[operand];
    for (int64_t i = 0; given->at && i < count; i++)
        gd_store(to, exact.type, i, round_to(stored.type, gd_load(given->at, given->type, i)));
    if (given->at)
        return;
    if (domain == GD_DOMAIN_DRAWS) {
        draw_records(to, exact, a->seed, (uint32_t)operand);
        return;
    }
    for (int64_t i = 0; i < count; i++)
        gd_store(to, exact.type, i, draw(domain, info->role, exact, a->seed, (uint32_t)operand, i));
    for (int64_t row = 0; domain == GD_DOMAIN_DISTRIBUTION && row < count / C; row++) {
        double sum = 0;
        for (int64_t i = row * C; i < (row + 1) * C; i++)
            sum += gd_load(to, exact.type, i);
        for (int64_t i = row * C; i < (row + 1) * C; i++)
            gd_store(to, exact.type, i, gd_load(to, exact.type, i) / sum);
    }
    for (int64_t i = 0; i < count; i++)
        gd_store(to, exact.type, i, round_to(stored.type, gd_load(to, exact.type, i)));
}

const gd_impl *check_reference(const gd_op *op, gd_direction direction)
{
    const gd_impl *list = op->direction[direction].entries, *found = NULL;
    for (; list && list->run; list++) {
        if (list->types & GD_ONE(F64))
            found = list;
    }
    return found;
}

gd_status check_run(const gd_impl *impl, const gd_problem *problem, void *const at[GD_OPERANDS], const gd_ctx *ctx,
                    gd_error *error)
{
    gd_needs needs = {0};
    gd_call call = {.problem = problem};
    void *work = NULL;
    gd_status status = GD_OK;
    memcpy(call.at, at, sizeof call.at);
    if (impl->prepare)
        GD_TRY_TO(done, impl->prepare(problem, ctx->threads, &needs, error));
    if (needs.work_bytes) {
        work = call.at[GD_WORK] = malloc(needs.work_bytes);
        if (!work) {
            status = gd_fail(error, GD_NOMEM, "no %zu bytes of work", needs.work_bytes);
            goto done;
        }
    }
    call.state = needs.state;
    if (impl->bind)
        GD_TRY_TO(done, impl->bind(&call));
    status = impl->run(&call, ctx);
    if (status != GD_OK)
        gd_fail(error, status, "entry '%s' failed in run: %s", impl->name, gd_status_text(status));
done:
    if (impl->release)
        impl->release(needs.state);
    free(work);
    return status;
}

static gd_status new_operand(check_answer *a, int operand, void **memory, gd_error *error)
{
    gd_desc desc = a->exact.desc[operand];
    *memory = gd_arena_alloc(&a->arena, (size_t)gd_desc_count(desc) + 1, gd_type_bytes(desc.type));
    return *memory ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory");
}

/* Runs the double reference (or the op's magnitude) of a direction on inputs `from`; the results stand in `to`. */
static gd_status run_exact(check_answer *a, gd_direction direction, bool magnitude, void *const from[GD_OPERANDS],
                           void *to[GD_OPERANDS], gd_tally *tally, gd_error *error)
{
    const gd_op *op = a->of->op;
    const gd_impl *reference = check_reference(op, direction);
    gd_impl scale = {"magnitude", GD_CPU, GD_ONE(F64), 0, 0, 0, 0, 0, op->magnitude[direction], 0};
    uint32_t reads = gd_op_reads(op, &a->exact, direction), writes = gd_op_writes(op, &a->exact, direction);
    void *at[GD_OPERANDS] = {0};
    if (!reference)
        return gd_fail(error, GD_UNSUPPORTED, "op '%s' has no double reference for %s", op->name,
                       gd_direction_name(direction));
    for (int i = 0; i < GD_WORK; i++) {
        if (writes & GD_BIT(i)) {
            GD_TRY(new_operand(a, i, &to[i], error));
            at[i] = to[i];
            if (reads & GD_BIT(i))
                memcpy(to[i], from[i], gd_desc_bytes(a->exact.desc[i]));
        } else if (reads & GD_BIT(i)) {
            at[i] = from[i];
        }
    }
    gd_ctx ctx = {.threads = 1, .record = &a->record, .tally = tally, .comm = &gd_comm_self};
    return check_run(magnitude ? &scale : reference, &a->exact, at, &ctx, error);
}

static gd_status obtain(check_answer *a, int operand, gd_error *error);

/* Runs the reference of an earlier direction for the sake of what it leaves behind. */
static gd_status produce(check_answer *a, gd_direction direction, gd_error *error)
{
    void *made[GD_OPERANDS] = {0};
    gd_tally ignored = a->before;
    uint32_t reads = gd_op_reads(a->of->op, &a->exact, direction);
    for (int i = 0; i < GD_WORK; i++) {
        if (reads & GD_BIT(i))
            GD_TRY(obtain(a, i, error));
    }
    GD_TRY(run_exact(a, direction, false, a->input, made, &ignored, error));
    for (int i = 0; i < GD_WORK; i++) {
        if (!made[i] || a->input[i])
            continue;
        gd_desc exact = a->exact.desc[i];
        for (int64_t k = 0; k < gd_desc_count(exact); k++)
            gd_store(made[i], exact.type, k, round_to(a->problem.desc[i].type, gd_load(made[i], exact.type, k)));
        a->input[i] = made[i];
    }
    return GD_OK;
}

/* An operand's value: what the direction that writes it first makes of the inputs, or else drawn. */
static gd_status obtain(check_answer *a, int operand, gd_error *error)
{
    const gd_op *op = a->of->op;
    if (a->input[operand])
        return GD_OK;
    for (gd_direction d = GD_FWD; d < a->direction; d++) {
        uint32_t both = op->direction[d].reads & op->direction[d].writes;
        if (op->direction[d].entries && (gd_op_writes(op, &a->exact, d) & ~both & GD_BIT(operand)))
            return produce(a, d, error);
    }
    GD_TRY(new_operand(a, operand, &a->input[operand], error));
    draw_operand(a, operand, a->input[operand]);
    return GD_OK;
}

/* Copies of the inputs with every floating number made positive. */
static gd_status make_absolute(check_answer *a, void *absolute[GD_OPERANDS], gd_error *error)
{
    for (int i = 0; i < GD_WORK; i++) {
        if (!a->input[i] || !(a->reads & GD_BIT(i)))
            continue;
        gd_desc desc = a->exact.desc[i];
        GD_TRY(new_operand(a, i, &absolute[i], error));
        memcpy(absolute[i], a->input[i], gd_desc_bytes(desc));
        for (int64_t k = 0; is_float(desc.type) && k < gd_desc_count(desc); k++)
            gd_store(absolute[i], desc.type, k, fabs(gd_load(absolute[i], desc.type, k)));
    }
    return GD_OK;
}

static void set_context(check_answer *a)
{
    const check_context *c = &a->of->context;
    gd_desc first = a->problem.desc[GD_IN(0)];
    int rows = first.rank ? (int)first.dim[0] : 1;
    a->record = (gd_record){.seed = a->seed,
                            .step = c->step,
                            .epoch = c->epoch,
                            .stop = c->stop,
                            .first_sample = 3 * rows, /* the fourth batch of an epoch */
                            .valid = c->valid ? c->valid : rows,
                            .batch = c->batch ? c->batch : rows,
                            .micro = c->micro,
                            .micros = c->micros,
                            .learning_rate = (float)c->learning_rate,
                            .average_decay = (float)c->average_decay};
    /* not zero: what a step adds to or leaves alone must show */
    a->before = (gd_tally){.loss = 3.5,
                           .images = 7,
                           .correct = 2,
                           .applied = 5,
                           .gradient_norm = (float)c->gradient_norm,
                           .gradient_scale = (float)c->gradient_scale,
                           .not_finite = 1,
                           .skip = c->skip,
                           .stop = 1,
                           .loss_scale = (float)c->loss_scale,
                           .good = c->good};
}

gd_status check_answer_new(const check_case *c, gd_direction direction, gd_type type, bool training, uint64_t seed,
                           check_answer *answer, gd_error *error)
{
    *answer = (check_answer){.of = c, .direction = direction, .seed = seed};
    GD_TRY(check_pose(c, type, training, &answer->problem, error));
    GD_TRY(check_pose(c, GD_F64, training, &answer->exact, error));
    answer->reads = gd_op_reads(c->op, &answer->problem, direction);
    answer->writes = gd_op_writes(c->op, &answer->problem, direction);
    set_context(answer);
    for (int i = 0; i < GD_WORK; i++) {
        if (answer->reads & GD_BIT(i))
            GD_TRY(obtain(answer, i, error));
    }
    void *absolute[GD_OPERANDS] = {0};
    bool own_scale = c->op->magnitude[direction];
    GD_TRY(make_absolute(answer, absolute, error));
    answer->want_tally = answer->scale_tally = answer->before;
    GD_TRY(run_exact(answer, direction, false, answer->input, answer->want, &answer->want_tally, error));
    return run_exact(answer, direction, own_scale, own_scale ? answer->input : absolute, answer->scale,
                     &answer->scale_tally, error);
}

void check_answer_release(check_answer *answer)
{
    gd_arena_release(&answer->arena);
    *answer = (check_answer){0};
}
