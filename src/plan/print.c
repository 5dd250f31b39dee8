// SPDX-License-Identifier: Apache-2.0
/* EXPLAIN. */
#include "base/text.h"
#include "kernel/all_reduce.h"
#include "kernel/bn_merge.h"
#include "plan/set.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

static const char *const phases[GD_PHASES] = {"pack", "forward", "backward", "reduce", "update"};

/* "ACT 0+16384" for each operand that a step touches, in order of operands. */
static void print_slots(const gd_plan *plan, const gd_step *step, gd_text *out)
{
    for (int i = 0; i < GD_OPERANDS; i++) {
        if (step->slot[i] < 0)
            continue;
        const gd_slot *slot = &plan->slot[step->slot[i]];
        const char *name = step->op->operand[i].name;
        bool gradient = i >= GD_FIRST_DIN && i < GD_WORK;
        if (gradient && !name)
            name = step->op
                       ->operand[i - GD_FIRST_DIN < GD_MAX_IN ? GD_IN(i - GD_FIRST_DIN)
                                 : i < GD_FIRST_DOUT          ? GD_PARAM(i - GD_FIRST_DPARAM)
                                                              : GD_OUT(i - GD_FIRST_DOUT)]
                       .name;
        gd_text_add(out, " %s%s=%s+%zu", gradient ? "d" : "",
                    name           ? name
                    : i == GD_WORK ? "work"
                                   : "?",
                    gd_space_name(slot->space), slot->offset);
    }
}

size_t gd_step_reduced_bytes(const gd_step *step)
{
    if (!step->op)
        return 0;
    if (strcmp(step->op->name, "all_reduce") == 0)
        return gd_desc_bytes(step->problem.desc[ALL_REDUCE_DW]);
    return strcmp(step->op->name, "bn_merge") == 0 ? gd_desc_bytes(step->problem.desc[BN_MERGE_STATS]) : 0;
}

double gd_wire_bytes(double bytes, int ranks) { return 2.0 * (ranks - 1) / ranks * bytes; }

/* The step that signals an event, or the first that waits for it. */
static const char *step_at(const gd_plan *plan, int event, bool waits)
{
    for (int s = 0; s < plan->n_steps; s++) {
        if ((waits ? plan->step[s].wait : plan->step[s].signal) == event)
            return plan->step[s].name;
    }
    return "?";
}

/* What the ranks sum, in the order of the communication stream. With several micro-batches an update has one sum of the
 * gradients, and one of all else in each of them. */
static void print_reduces(const gd_plan_set *set, const gd_plan *plan, gd_text *out)
{
    const gd_comm *comm = set->options.comm;
    const int micros = set->options.update.accumulate;
    double bytes = 0;
    int n = 0;
    gd_text_add(out, "summed over %d rank%s, on stream 1 in this order:\n", comm->ranks, comm->ranks == 1 ? "" : "s");
    for (int s = 0; s < plan->n_steps; s++) {
        const gd_step *step = &plan->step[s];
        const size_t summed = gd_step_reduced_bytes(step);
        if (summed == 0)
            continue;
        const int times = step->phase == GD_REDUCE || micros < 1 ? 1 : micros;
        bytes += (double)summed * times;
        n += times;
        gd_text_add(out, "  %-24s %10.3f MB  ready with %s (event %d)", step->name, (double)summed * 1e-6,
                    step_at(plan, step->wait, false), step->wait);
        if (step->signal >= 0)
            gd_text_add(out, ", awaited by %s (event %d)", step_at(plan, step->signal, true), step->signal);
        gd_text_add(out, "\n");
    }
    gd_text_add(out, "%d sum%s an update, of %.3f MB: each rank sends %.3f MB and receives as much\n", n,
                n == 1 ? "" : "s", bytes * 1e-6, gd_wire_bytes(bytes, comm->ranks) * 1e-6);
}

void gd_plan_print(const gd_plan_set *set, int i, gd_text *out)
{
    const gd_plan *plan = &set->plan[i];
    double flops = 0, bytes = 0;
    gd_text_add(out, "plan %s: %d steps on %s, %d threads\n", plan->name, plan->n_steps, set->options.device->name,
                set->options.threads);
    gd_text_add(out, "%4s %-8s %-34s %-12s %-8s %-4s %-15s %8s %8s  %s\n", "step", "phase", "name", "op", "entry",
                "type", "shape", "MFLOP", "MB", "stream, operands, refusals");
    for (int s = 0; s < plan->n_steps; s++) {
        const gd_step *step = &plan->step[s];
        char shape[64];
        flops += step->cost.flops;
        bytes += step->cost.bytes;
        if (!step->impl) {
            const gd_item *item = &set->item[step->item[0]];
            gd_text_add(out, "%4d %-8s %-34s %-12s %-8s %-4s %-15s %8s %8.2f  WEIGHT+%zu\n", s, phases[step->phase],
                        step->name, "pack", item->pack.packer, gd_type_name(item->pack.type),
                        gd_desc_text(set->segment[item->segment].desc, shape, sizeof shape), "",
                        step->cost.bytes * 1e-6, item->offset);
            continue;
        }
        int first = step->op->traits & GD_OP_RANGE ? GD_PARAM(0) : GD_IN(0);
        if (step->problem.desc[first].rank == 0)
            first = GD_IN(0);
        gd_text_add(out, "%4d %-8s %-34s %-12s %-8s %-4s %-15s %8.2f %8.2f  %d", s, phases[step->phase], step->name,
                    step->op->name, step->impl->name, gd_type_name(step->problem.type),
                    gd_desc_text(step->problem.desc[first], shape, sizeof shape), step->cost.flops * 1e-6,
                    step->cost.bytes * 1e-6, step->stream);
        if (step->wait >= 0)
            gd_text_add(out, " wait %d", step->wait);
        if (step->signal >= 0)
            gd_text_add(out, " signal %d", step->signal);
        print_slots(plan, step, out);
        if (step->tuned[0])
            gd_text_add(out, "  [tuned: %s]", step->tuned);
        gd_text_add(out, step->refusals[0] ? "  [%s]\n" : "%s\n", step->refusals);
    }
    if (set->options.comm && plan->options.mode == GD_MODE_TRAIN)
        print_reduces(set, plan, out);
    size_t total = 0;
    gd_text_add(out, "memory of the set:");
    for (int p = 0; p < GD_SPACE_TALLY; p++) {
        total += set->bytes[p];
        if (set->bytes[p])
            gd_text_add(out, " %s %.2f MB,", gd_space_name((gd_space)p), (double)set->bytes[p] * 1e-6);
    }
    gd_text_add(out, " %.2f MB in all\n", (double)total * 1e-6);
    gd_text_add(out, "a run of it: %.2f GFLOP, %.2f GB moved\n", flops * 1e-9, bytes * 1e-9);
}

void gd_plan_print_kernels(const gd_plan_set *set, gd_text *out)
{
    for (int p = 0; p < set->n_plans; p++) {
        for (int s = 0; s < set->plan[p].n_steps; s++) {
            const gd_step *step = &set->plan[p].step[s];
            if (step->impl)
                gd_text_add(out, "%s %s\n", step->name, step->impl->name);
        }
    }
}
