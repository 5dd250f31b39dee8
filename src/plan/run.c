// SPDX-License-Identifier: Apache-2.0
/* The executor. */
#include "plan/set.h"

#include <string.h>

/* Tests: what dies with this step becomes NaN (every byte 0xff), so that a slot that is read too late is noticed. */
static void poison_dead(gd_plan_set *set, const gd_plan *plan, int step)
{
    for (int i = 0; i < plan->n_slots; i++) {
        const gd_slot *slot = &plan->slot[i];
        if ((slot->space == GD_SPACE_ACT || slot->space == GD_SPACE_WORK) && slot->last == step)
            memset((unsigned char *)set->space[slot->space] + slot->offset, 0xff, slot->bytes);
    }
}

static gd_status pack(gd_plan_set *set, gd_item *item)
{
    if (item->version == set->version)
        return GD_OK;
    const gd_segment *segment = &set->segment[item->segment];
    const float *from = (const float *)set->space[item->from_average ? GD_SPACE_AVERAGE : GD_SPACE_PARAM];
    void *to = (unsigned char *)set->space[GD_SPACE_WEIGHT] + item->offset;
    item->version = set->version;
    return item->pack.run(item->pack.state, to, from + segment->offset, segment->desc, &set->ctx);
}

static gd_status run_step(void *argument)
{
    const gd_step *step = argument;
    return step->impl->run(&step->call, step->ctx);
}

gd_status gd_plan_run(gd_plan_set *set, int i, gd_phase last, gd_error *error)
{
    const gd_device *device = set->options.device;
    const gd_plan *plan = &set->plan[i];
    for (int s = 0; s < plan->phase_end[last]; s++) {
        gd_step *step = &plan->step[s];
        gd_stream *stream = step->stream ? set->communication : NULL;
        gd_status status = step->wait < 0 ? GD_OK : device->wait(stream, set->event[step->wait]);
        if (status == GD_OK)
            status = step->impl ? device->launch(stream, run_step, step) : pack(set, &set->item[step->item[0]]);
        if (status == GD_OK && step->signal >= 0)
            status = device->record(set->event[step->signal], stream);
        if (status != GD_OK)
            return gd_fail(error, status, "step '%s' failed: %s", step->name, gd_status_text(status));
        if (set->options.poison)
            poison_dead(set, plan, s);
    }
    if (last == GD_STEP_UPDATE && plan->options.mode == GD_MODE_TRAIN)
        set->version++;
    return set->communication ? device->synchronize(set->communication, error) : GD_OK;
}
