// SPDX-License-Identifier: Apache-2.0
/* The executor. */
#include "plan/set.h"

/* Tests: what dies with this step becomes NaN (every byte 0xff), so that a slot that is read too late is noticed. */
static gd_status poison_dead(gd_plan_set *set, const gd_plan *plan, int step)
{
    for (int i = 0; i < plan->n_slots; i++) {
        const gd_slot *slot = &plan->slot[i];
        if ((slot->space == GD_SPACE_ACT || slot->space == GD_SPACE_WORK) && slot->last == step)
            GD_TRY(set->options.device->fill(set->stream[plan->step[step].stream],
                                             (unsigned char *)set->space[slot->space] + slot->offset, 0xff,
                                             slot->bytes));
    }
    return GD_OK;
}

gd_status gd_item_pack(gd_plan_set *set, gd_item *item, const float *values)
{
    void *to = (unsigned char *)set->space[GD_SPACE_WEIGHT] + item->offset;
    item->version = set->version;
    return item->pack.run(item->pack.state, to, values, set->segment[item->segment].desc, &set->ctx[0]);
}

static gd_status pack(gd_plan_set *set, gd_item *item)
{
    if (item->version == set->version)
        return GD_OK;
    if (set->weights)
        return GD_INTERNAL; /* never filled */
    const float *from = (const float *)set->space[item->from_average ? GD_SPACE_AVERAGE : GD_SPACE_PARAM];
    return gd_item_pack(set, item, from + set->segment[item->segment].offset);
}

static gd_status run_step(void *argument)
{
    const gd_step *step = argument;
    return step->impl->run(&step->call, step->ctx);
}

/* ---- ranges: a run is one by its plan's name, and in it each step by its own. A profiler sees a captured run's steps
 * once, when they are captured; a replay is one launch in the range of its run. ---- */

static void range_begin(const gd_device *device, const char *name)
{
    if (device->range_begin)
        device->range_begin(name);
}

static void range_end(const gd_device *device)
{
    if (device->range_end)
        device->range_end();
}

/* ---- */

static gd_status launch_step(gd_plan_set *set, const gd_plan *plan, int s)
{
    const gd_device *device = set->options.device;
    gd_step *step = &plan->step[s];
    gd_stream *stream = set->stream[step->stream];
    if (step->wait >= 0)
        GD_TRY(device->wait(stream, set->event[step->wait]));
    GD_TRY(step->impl ? device->launch(stream, run_step, step) : pack(set, &set->item[step->item[0]]));
    if (set->options.poison)
        GD_TRY(poison_dead(set, plan, s));
    return step->signal < 0 ? GD_OK : device->record(set->event[step->signal], stream);
}

static gd_status run_steps(gd_plan_set *set, const gd_plan *plan, int first, int end, gd_phase last, gd_error *error)
{
    for (int s = first; s < end; s++) {
        const char *name = plan->step[s].name;
        if (plan->step[s].phase > last)
            continue; /* a bucket's all-reduce, and more micro-batches follow */
        range_begin(set->options.device, name);
        gd_status status = launch_step(set, plan, s);
        range_end(set->options.device);
        if (status != GD_OK) {
            GD_TRY(gd_set_check_comm(set, error)); /* knows more */
            return gd_fail(error, status, "step '%s' failed: %s", name, gd_status_text(status));
        }
    }
    return GD_OK;
}

/* On a device that captures, the steps are launched one by one the first time, kept as a graph the second time, and
 * replayed from then on. PACK steps hang on versions and stay outside. */
static gd_status run_captured(gd_plan_set *set, gd_plan *plan, gd_phase last, gd_error *error)
{
    const gd_device *device = set->options.device;
    int first = plan->phase_end[GD_PACK], end = plan->phase_end[last];
    GD_TRY(run_steps(set, plan, 0, first, last, error));
    if (!device->capture_begin || plan->runs[last]++ == 0)
        return run_steps(set, plan, first, end, last, error);
    if (!plan->graph[last]) {
        GD_TRY(device->capture_begin(set->stream[0], error));
        gd_status status = run_steps(set, plan, first, end, last, error);
        gd_status ended = device->capture_end(set->stream[0], &plan->graph[last], status == GD_OK ? error : NULL);
        GD_TRY(status);
        GD_TRY(ended);
    }
    gd_status status = device->replay(plan->graph[last], set->stream[0]);
    return status == GD_OK ? GD_OK : gd_fail(error, status, "a captured run of %s failed", plan->name);
}

/* The communication stream of the CPU: what fails there the communicator explains better. */
static gd_status end_on_host(gd_plan_set *set, gd_error *error)
{
    gd_error own = {0};
    gd_status status = set->options.device->synchronize(set->stream[1], &own);
    GD_TRY(gd_set_check_comm(set, error));
    return status == GD_OK ? GD_OK : gd_fail(error, status, "%s", own.message);
}

static gd_status run(gd_plan_set *set, gd_plan *plan, gd_phase last, gd_error *error)
{
    GD_TRY(gd_feed_begin(set, error));
    GD_TRY(run_captured(set, plan, last, error));
    if (last == GD_STEP_UPDATE && plan->options.mode == GD_MODE_TRAIN)
        set->version++;
    if (set->stream[1] && set->options.device->is_host)
        GD_TRY(end_on_host(set, error));
    GD_TRY(gd_feed_end(set, error));
    return gd_set_check_comm(set, error);
}

gd_status gd_plan_run(gd_plan_set *set, int i, gd_phase last, gd_error *error)
{
    gd_plan *plan = &set->plan[i];
    range_begin(set->options.device, plan->name);
    gd_status status = run(set, plan, last, error);
    range_end(set->options.device);
    return status;
}
