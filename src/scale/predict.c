// SPDX-License-Identifier: Apache-2.0
#include "scale/predict.h"

#include <math.h>
#include <string.h>

/* What is expected of each part, and its ends. Compute: published throughputs of one GPU lie at 0.67 to 1.18 times the
 * prediction (tests/unit/test_scale.c). Bandwidth of sums: platforms that were set up badly reach half (NVIDIA/nccl
 * issue 527), NVLS on an H100 1.3 times a ring (NVIDIA/nccl-tests issue 212). Spread: eight ranks lose 2% under MXNet,
 * 13% of a DGX-1 and 16% of a DGX A100 under PyTorch. */
typedef struct factors {
    double compute, bandwidth, spread;
} factors;
static const factors cases[] = {
    {1, 1, 1}, {0.65, 0.5, 6}, {0.65, 1.3, 0.5}, {1.2, 0.5, 6}, {1.2, 1.3, 0.5},
};

/* The integral of x n phi(x) Phi(x)^(n - 1). */
double gd_largest_of(int n)
{
    const double reach = 9;
    enum { PARTS = 2000 };
    double sum = 0;
    for (int i = 0; i < PARTS; i++) {
        const double x = reach * (2 * (i + 0.5) / PARTS - 1);
        sum += x * exp(-x * x / 2) * pow(0.5 * erfc(-x / sqrt(2)), n - 1);
    }
    return n * sum * 2 * reach / PARTS / sqrt(2 * acos(-1));
}

static double rate_of(const gd_machine *machine, gd_type type)
{
    const bool half = type == GD_F16 || type == GD_BF16;
    return (half ? machine->tflops_16 : machine->tflops_32) * 1e12 * machine->flops_reached;
}

bool gd_step_is_product(const gd_step *step)
{
    const char *op = step->op ? step->op->name : ""; /* packing is no op's */
    return strcmp(op, "conv2d") == 0 || strcmp(op, "linear") == 0;
}

/* Seconds of a step that no other rank is needed for; *by says what most of them go to. */
typedef enum bound { BY_ARITHMETIC, BY_MEMORY, BY_LEAST } bound;
static double own_seconds(const gd_machine *machine, const gd_step *step, bound *by)
{
    const bool fed = machine->feed > 0 && gd_step_is_product(step);
    const double bandwidth = fed ? machine->feed : machine->memory * machine->memory_reached,
                 flops = step->cost.flops / rate_of(machine, step->problem.type),
                 memory = step->cost.bytes / (bandwidth * 1e9),
                 longest = fmax(fmax(flops, memory), machine->least * 1e-6);
    *by = longest == flops ? BY_ARITHMETIC : longest == memory ? BY_MEMORY : BY_LEAST;
    return fed ? fmax(flops + memory, longest) : longest;
}

/* When each stream is through, and when each event was signalled. */
typedef struct clocks {
    double compute, sums, *event;
} clocks;

/* One micro-batch. With the last one gradients are summed and parameters updated, so that they are packed anew once. */
static void run(const gd_scaling *s, const gd_machine *machine, bool last, clocks *t, gd_prediction *p)
{
    for (int i = 0; i < s->plan->n_steps; i++) {
        const gd_step *step = &s->plan->step[i];
        const double summed = (double)gd_step_reduced_bytes(step);
        double *clock = step->stream ? &t->sums : &t->compute;
        if (!last && (step->phase > GD_BACKWARD || step->phase == GD_PACK))
            continue;
        if (step->wait >= 0)
            *clock = fmax(*clock, t->event[step->wait]);
        if (summed > 0) {
            const double took = gd_machine_sum_seconds(machine, summed, s->ranks);
            p->sums += took;
            t->sums += took;
            t->compute += (1 - machine->overlap) * took;
        } else {
            bound by;
            const double took = own_seconds(machine, step, &by);
            *clock += took;
            *(step->stream          ? &p->sums
              : by == BY_ARITHMETIC ? &p->flops_bound
              : by == BY_MEMORY     ? &p->memory_bound
                                    : &p->least_bound) += took;
            p->alone += step->stream ? 0 : took;
        }
        if (step->signal >= 0)
            t->event[step->signal] = *clock;
    }
}

static gd_status check(const gd_scaling *s, gd_error *error)
{
    const gd_type type = s->plan->options.precision;
    const gd_machine *m = s->machine;
    if (type == GD_BF16 && !m->has_bf16)
        return gd_fail(error, GD_INVALID, "%s has no bf16; use --set train.precision=fp16, or fp32", m->name);
    if (type == GD_F64)
        return gd_fail(error, GD_INVALID, "nothing is known of %s in fp64; use --set train.precision=fp32", m->name);
    if (s->ranks > m->ranks && m->network <= 0)
        return gd_fail(error, GD_INVALID,
                       "%d ranks, but '%s' has %d, and nothing is known of its network; use at most %d", s->ranks,
                       m->name, m->ranks, m->ranks);
    return GD_OK;
}

static gd_prediction predict(const gd_scaling *s, factors f, double *event)
{
    gd_machine m = *s->machine;
    gd_prediction p = {0};
    clocks t = {.event = event};
    m.tflops_16 *= f.compute;
    m.tflops_32 *= f.compute;
    m.memory *= f.compute;
    m.feed *= f.compute;
    m.link *= f.bandwidth;
    m.network *= f.bandwidth;
    for (int i = 1; i <= s->accumulate; i++)
        run(s, &m, i == s->accumulate, &t, &p);
    p.exposed = fmax(t.compute, t.sums) - p.alone;
    p.slowest = s->ranks > 1 ? p.alone * m.spread * f.spread * gd_largest_of(s->ranks) : 0;
    p.update = p.alone + p.exposed + p.slowest;
    p.throughput = (double)s->micro * s->accumulate / p.update;
    p.efficiency = p.throughput * p.alone / ((double)s->ranks * s->plan->options.batch * s->accumulate);
    return p;
}

gd_status gd_forecast_make(const gd_scaling *scaling, gd_forecast *forecast, gd_error *error)
{
    gd_arena arena = {0};
    int events = 0;
    GD_TRY(check(scaling, error));
    for (int i = 0; i < scaling->plan->n_steps; i++)
        events = scaling->plan->step[i].signal >= events ? scaling->plan->step[i].signal + 1 : events;
    double *event = gd_arena_alloc(&arena, (size_t)events + 1, sizeof *event);
    if (!event)
        return gd_fail(error, GD_NOMEM, "out of memory for a prediction");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const gd_prediction p = predict(scaling, cases[i], event);
        if (i == 0)
            *forecast = (gd_forecast){p, {p.throughput, p.throughput}, {p.efficiency, p.efficiency}};
        forecast->throughput[0] = fmin(forecast->throughput[0], p.throughput);
        forecast->throughput[1] = fmax(forecast->throughput[1], p.throughput);
        forecast->efficiency[0] = fmin(forecast->efficiency[0], p.efficiency);
        forecast->efficiency[1] = fmax(forecast->efficiency[1], p.efficiency);
    }
    gd_arena_release(&arena);
    return GD_OK;
}
