// SPDX-License-Identifier: Apache-2.0
#include "scale/fit.h"

#include <math.h>

/* Products: the least sum of (seconds - FLOPs per_flop - bytes per_byte)^2 / seconds, by which each counts for as long
 * as it takes; neither FLOPs nor bytes take less than nothing. */
static gd_status fit_products(const gd_measured *measured, const gd_plan *plan, gd_machine *machine, gd_error *error)
{
    double ff = 0, fb = 0, bb = 0, f = 0, b = 0, fastest = INFINITY;
    for (int s = 0; s < plan->n_steps; s++) {
        const gd_cost cost = plan->step[s].cost;
        const double seconds = measured->step[s];
        if (!(seconds > 0) || !gd_step_is_product(&plan->step[s]))
            continue;
        ff += cost.flops * cost.flops / seconds;
        fb += cost.flops * cost.bytes / seconds;
        bb += cost.bytes * cost.bytes / seconds;
        f += cost.flops;
        b += cost.bytes;
        fastest = fmin(fastest, seconds / cost.flops);
    }
    if (!(ff > 0))
        return gd_fail(error, GD_INVALID, "'%s' has no convolution and no linear layer to describe a machine by",
                       plan->name);
    const double determinant = ff * bb - fb * fb;
    double per_flop = (f * bb - b * fb) / determinant;
    if (!(per_flop > 0)) /* bytes alone: the fastest product computed all the time */
        per_flop = fastest;
    double per_byte = (b - per_flop * fb) / bb;
    if (!(determinant > 1e-9 * ff * bb && per_byte > 0)) { /* all alike, or FLOPs alone */
        per_flop = f / ff;
        per_byte = 0;
    }
    machine->tflops_16 = machine->tflops_32 = 1e-12 / per_flop;
    machine->feed = per_byte > 0 ? 1e-9 / per_byte : 0;
    return GD_OK;
}

/* All other steps together. */
static void fit_memory(const gd_measured *measured, const gd_plan *plan, gd_machine *machine)
{
    double bytes = 0, seconds = 0;
    for (int s = 0; s < plan->n_steps; s++) {
        if (measured->step[s] > 0 && !gd_step_is_product(&plan->step[s])) {
            bytes += plan->step[s].cost.bytes;
            seconds += measured->step[s];
        }
    }
    machine->memory = bytes / seconds * 1e-9;
}

/* Least squares of 1 - (latency + wire / bandwidth) / seconds over both. */
static void fit_ring(const gd_measured *measured, int ranks, gd_machine *machine)
{
    double aa = 0, ab = 0, bb = 0, a = 0, b = 0;
    for (int i = 0; i < measured->n_sums; i++) {
        const double x = 1 / measured->sum[i].seconds, y = gd_wire_bytes(measured->sum[i].bytes, ranks) * x;
        aa += x * x;
        ab += x * y;
        bb += y * y;
        a += x;
        b += y;
    }
    const double determinant = aa * bb - ab * ab;
    double latency = (a * bb - b * ab) / determinant, per_byte = (b * aa - a * ab) / determinant;
    if (!(latency > 0)) { /* small sums that are faster than large ones promise */
        latency = 0;
        per_byte = b / bb;
    }
    machine->hop = latency * 1e6 / (2 * (ranks - 1));
    machine->link = 1e-9 / per_byte;
}

static gd_status fit_overlap(double with, const gd_scaling *scaling, gd_machine *machine, gd_error *error)
{
    enum { HALVES = 20 };
    double least = 0, most = 1;
    for (int i = 0; i < HALVES; i++) {
        gd_forecast forecast;
        machine->overlap = (least + most) / 2;
        GD_TRY(gd_forecast_make(scaling, &forecast, error));
        *(forecast.expected.update > with ? &least : &most) = machine->overlap;
    }
    return GD_OK;
}

gd_status gd_machine_fit(const gd_measured *measured, const gd_plan *plan, int ranks, int micro, const char *name,
                         gd_machine *machine, gd_error *error)
{
    const gd_scaling alone = {machine, plan, 1, plan->options.batch, 1}, all = {machine, plan, ranks, micro, 1};
    gd_forecast forecast;
    *machine = (gd_machine){.name = name,
                            .ranks = ranks,
                            .has_bf16 = true,
                            .flops_reached = 1,
                            .memory_reached = 1,
                            .collectives = GD_COLLECTIVES_RING};
    GD_TRY(fit_products(measured, plan, machine, error));
    fit_memory(measured, plan, machine);
    machine->link = machine->memory; /* of one rank, which sums nothing */
    GD_TRY(gd_forecast_make(&alone, &forecast, error));
    const double faster = forecast.expected.update / measured->without;
    machine->tflops_16 *= faster;
    machine->tflops_32 *= faster;
    machine->memory *= faster;
    machine->feed *= faster;
    if (ranks == 1)
        return GD_OK;
    machine->spread = fmin(measured->lag / gd_largest_of(ranks), 1);
    fit_ring(measured, ranks, machine);
    return fit_overlap(measured->with, &all, machine, error);
}
