// SPDX-License-Identifier: Apache-2.0
#include "scale/fit.h"

#include <math.h>

/* The rates that single steps reach at best. No step is faster than both say, so that a share of them, at most 1, fits
 * the whole. */
static void fit_peaks(const gd_measured *measured, const gd_plan *plan, gd_machine *machine)
{
    double flops = 0, bytes = 0;
    for (int s = 0; s < plan->n_steps; s++) {
        if (measured->step[s] > 0) {
            flops = fmax(flops, plan->step[s].cost.flops / measured->step[s]);
            bytes = fmax(bytes, plan->step[s].cost.bytes / measured->step[s]);
        }
    }
    machine->tflops_16 = machine->tflops_32 = flops * 1e-12;
    machine->memory = bytes * 1e-9;
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
    fit_peaks(measured, plan, machine);
    machine->link = machine->memory; /* of one rank, which sums nothing */
    GD_TRY(gd_forecast_make(&alone, &forecast, error));
    machine->flops_reached = machine->memory_reached = fmin(1, forecast.expected.update / measured->without);
    if (ranks == 1)
        return GD_OK;
    machine->spread = fmin(measured->lag / gd_largest_of(ranks), 1);
    fit_ring(measured, ranks, machine);
    return fit_overlap(measured->with, &all, machine, error);
}
