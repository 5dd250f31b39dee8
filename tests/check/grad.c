// SPDX-License-Identifier: Apache-2.0
/* Who checks the references? Their backward is held against central differences of their forward, in double:
 *
 *     L(v) = sum over outputs of <r, out(v)>      with random r as the gradient of the outputs
 *     dL/dv_i = (L(v + h e_i) - L(v - h e_i)) / 2h
 *
 * An op whose backward does not read the gradient of an output differentiates that output's mean over the whole batch
 * instead. Statistics
 * among the inputs are those of IN(0), as bn_stats makes them, at every point: that is what a backward through a
 * normalisation means.
 */
#include "check.h"

#include "base/rng.h"

#include <math.h>
#include <string.h>

enum { MOST_ELEMENTS = 48 }; /* tried per operand; all where it has fewer */
static const double step = 1e-5, tolerance = 2e-6;

typedef struct landscape {
    const check_case *of;
    gd_problem problem; /* double, training */
    void *at[GD_OPERANDS];
    const gd_record *record;
    gd_tally before;
    gd_arena arena;
    /* how statistics follow from IN(0); stats_op NULL: there are none */
    const gd_op *stats_op;
    gd_problem stats;
    int stats_operand;
} landscape;

static gd_status new_values(landscape *l, int operand, gd_error *error)
{
    gd_desc desc = l->problem.desc[operand];
    l->at[operand] = gd_arena_alloc(&l->arena, (size_t)gd_desc_count(desc) + 1, gd_type_bytes(desc.type));
    return l->at[operand] ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory");
}

static gd_status run(landscape *l, const gd_op *op, const gd_problem *problem, gd_direction direction,
                     void *const memory[GD_OPERANDS], gd_error *error)
{
    gd_tally tally = l->before;
    gd_ctx ctx = {.threads = 1, .record = l->record, .tally = &tally};
    uint32_t used = gd_op_reads(op, problem, direction) | gd_op_writes(op, problem, direction);
    void *at[GD_OPERANDS] = {0};
    for (int i = 0; i < GD_WORK; i++)
        at[i] = used & GD_BIT(i) ? memory[i] : NULL;
    return check_run(check_reference(op, direction), problem, at, &ctx, error);
}

static gd_status forward(landscape *l, gd_error *error)
{
    if (l->stats_op) {
        void *at[GD_OPERANDS] = {[GD_IN(0)] = l->at[GD_IN(0)], [GD_OUT(0)] = l->at[l->stats_operand]};
        GD_TRY(run(l, l->stats_op, &l->stats, GD_FWD, at, error));
    }
    return run(l, l->of->op, &l->problem, GD_FWD, l->at, error);
}

/* L and, summed over the same terms' absolute values, how large the numbers in it are. */
static gd_status height(landscape *l, double *sum, double *size, gd_error *error)
{
    GD_TRY(forward(l, error));
    *sum = *size = 0;
    for (int o = 0; o < GD_MAX_OUT; o++) {
        gd_desc desc = l->problem.desc[GD_OUT(o)];
        if (gd_type_epsilon(desc.type) == 0)
            continue;
        for (int64_t i = 0; i < gd_desc_count(desc); i++) {
            double term = gd_load(l->at[GD_OUT(o)], desc.type, i) * gd_load(l->at[GD_DOUT(o)], desc.type, i);
            *sum += term;
            *size += fabs(term);
        }
    }
    return GD_OK;
}

static gd_status find_statistics(landscape *l, gd_error *error)
{
    for (int i = 1; i < GD_MAX_IN; i++) {
        if (l->of->op->operand[GD_IN(i)].domain != GD_DOMAIN_STATISTICS || l->problem.desc[GD_IN(i)].rank == 0)
            continue;
        l->stats_op = gd_op_find("bn_stats");
        if (!l->stats_op)
            return gd_fail(error, GD_INTERNAL, "statistics need op 'bn_stats'");
        gd_attr *map;
        GD_TRY(gd_attr_parse_pairs(&l->arena, "", l->of->place, &map, error));
        const gd_attr *group = gd_attr_find(l->of->settings, "group");
        if (group)
            GD_TRY(gd_attr_append(&l->arena, map, "group", gd_attr_copy(&l->arena, group)));
        void *params = gd_arena_alloc(&l->arena, 1, l->stats_op->params_bytes);
        if (!params)
            return gd_fail(error, GD_NOMEM, "out of memory");
        GD_TRY(gd_fields_read(l->stats_op->fields, params, map, &l->arena, error));
        l->stats = (gd_problem){.params = params, .type = GD_F64, .training = true};
        l->stats.desc[GD_IN(0)] = l->problem.desc[GD_IN(0)];
        l->stats_operand = GD_IN(i);
        return gd_op_infer(l->stats_op, &l->stats, error);
    }
    return GD_OK;
}

/* Inputs as the check draws them (those of the forward direction), room for all else, gradients of the outputs. */
static gd_status prepare(landscape *l, const check_answer *a, uint32_t backward_reads, gd_error *error)
{
    l->record = &a->record;
    l->before = a->before;
    for (int i = 0; i < GD_WORK; i++) {
        if (l->problem.desc[i].rank == 0)
            continue;
        GD_TRY(new_values(l, i, error));
        if (a->input[i])
            memcpy(l->at[i], a->input[i], gd_desc_bytes(l->problem.desc[i]));
    }
    for (int o = 0; o < GD_MAX_OUT; o++) {
        gd_desc desc = l->problem.desc[GD_DOUT(o)];
        int64_t count = gd_desc_count(desc);
        for (int64_t i = 0; i < count; i++) {
            bool is_read = backward_reads & GD_BIT(GD_DOUT(o)); /* else it is a loss, of which the mean is meant */
            gd_store(l->at[GD_DOUT(o)], desc.type, i,
                     is_read ? check_normal(a->seed, (uint32_t)GD_DOUT(o), (uint64_t)i)
                             : (double)l->before.loss_scale / l->record->batch);
        }
    }
    return find_statistics(l, error);
}

/* The slope along element i of an operand, `middle` being L here. A point where the forward has a kink within the step
 * has none: the two one-sided slopes differ there, and *smooth is false. */
static gd_status slope(landscape *l, int operand, int64_t i, double middle, double *value, double *noise, bool *smooth,
                       gd_error *error)
{
    double *at = (double *)l->at[operand] + i, here = *at, up, down, size;
    *at = here + step;
    GD_TRY(height(l, &up, &size, error));
    *at = here - step;
    GD_TRY(height(l, &down, &size, error));
    *at = here;
    *value = (up - down) / (2 * step);
    *noise = size * 1e-15 / step;
    *smooth = fabs(up - 2 * middle + down) <= 1e-2 * step * (1 + fabs(*value)) + size * 1e-14;
    return GD_OK;
}

/* All elements of one differentiated operand, or a sample of them. */
static gd_status check_operand(landscape *l, int operand, int gradient, uint64_t seed, check_count *count,
                               gd_text *report, gd_error *error)
{
    int64_t n = gd_desc_count(l->problem.desc[operand]), tried = n < MOST_ELEMENTS ? n : MOST_ELEMENTS;
    int kinks = 0;
    double middle, size;
    GD_TRY(height(l, &middle, &size, error));
    for (int64_t k = 0; k < tried; k++) {
        int64_t i =
            n <= MOST_ELEMENTS
                ? k
                : gd_rng_below(gd_rng(seed, GD_RNG_TEST, 99 + (uint32_t)operand, (uint64_t)k).at[0], (uint32_t)n);
        double want, noise, got = ((const double *)l->at[gradient])[i];
        bool smooth;
        GD_TRY(slope(l, operand, i, middle, &want, &noise, &smooth, error));
        kinks += !smooth;
        if (!smooth || fabs(got - want) <= tolerance * (1 + fabs(want)) + noise)
            continue;
        count->failed++;
        gd_text_add(report,
                    "FAIL %s: gradient of %s element %lld is %.9g where central differences give %.9g\n"
                    "     griddle-check --grad --op %s --seed %llu --case '%s'\n",
                    l->of->op->name, l->of->op->operand[operand].name, (long long)i, got, want, l->of->op->name,
                    (unsigned long long)seed, l->of->text);
        return GD_OK;
    }
    if (kinks > tried / 4 + 1) {
        count->failed++;
        gd_text_add(report, "FAIL %s: %d of %lld slopes of %s lie at a kink: '%s' checks nothing\n", l->of->op->name,
                    kinks, (long long)tried, l->of->op->operand[operand].name, l->of->text);
        return GD_OK;
    }
    count->passed++;
    return GD_OK;
}

static gd_status check_case_gradients(const check_case *c, uint64_t seed, check_count *count, gd_text *report,
                                      gd_error *error)
{
    landscape l = {.of = c};
    check_answer answer = {0};
    gd_status status;
    uint32_t reads = 0, writes = 0;
    GD_TRY_TO(done, check_answer_new(c, GD_FWD, GD_F64, true, seed, &answer, error));
    l.problem = answer.exact;
    for (gd_direction d = GD_BWD_WEIGHT; d <= GD_BWD_DATA; d++) {
        if (c->op->direction[d].entries) {
            reads |= gd_op_reads(c->op, &l.problem, d);
            writes |= gd_op_writes(c->op, &l.problem, d);
        }
    }
    GD_TRY_TO(done, prepare(&l, &answer, reads, error));
    GD_TRY_TO(done, forward(&l, error));
    for (gd_direction d = GD_BWD_WEIGHT; d <= GD_BWD_DATA; d++) {
        if (c->op->direction[d].entries && gd_op_writes(c->op, &l.problem, d))
            GD_TRY_TO(done, run(&l, c->op, &l.problem, d, l.at, error));
    }
    for (int i = 0; i < GD_FIRST_OUT; i++) {
        int gradient = i < GD_FIRST_PARAM ? GD_DIN(i) : GD_DPARAM(i - GD_FIRST_PARAM);
        if ((writes & GD_BIT(gradient)) && c->op->operand[i].role != GD_ROLE_RUNNING &&
            l.problem.desc[i].type == GD_F64)
            GD_TRY_TO(done, check_operand(&l, i, gradient, seed, count, report, error));
    }
done:
    if (status != GD_OK)
        gd_error_prefix(error, c->place, "gradients");
    check_answer_release(&answer);
    gd_arena_release(&l.arena);
    return status;
}

bool check_has_gradients(const gd_op *op)
{
    uint32_t writes = op->direction[GD_BWD_DATA].writes | op->direction[GD_BWD_WEIGHT].writes;
    for (int i = 0; i < GD_MAX_PARAM; i++) {
        if (op->operand[GD_PARAM(i)].role == GD_ROLE_RUNNING)
            writes &= ~GD_BIT(GD_DPARAM(i)); /* the mean of statistics lies there */
    }
    return writes != 0;
}

gd_status check_gradients(const check_case *cases, int n, const check_options *options, check_count *count,
                          gd_text *report, gd_error *error)
{
    for (int i = 0; i < n; i++) {
        const check_case *c = &cases[i];
        if (check_has_gradients(c->op) && !c->refusal && !c->forward_only &&
            (options->sets == 0 || (c->sets & options->sets)))
            GD_TRY(check_case_gradients(c, options->seed, count, report, error));
    }
    return GD_OK;
}
