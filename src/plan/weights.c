// SPDX-License-Identifier: Apache-2.0
/* Sets whose parameters stay as they are: filled once, packed at once, and shared by count.
 *
 *     source (a file's mapping) ──► PARAM   what some step reads as it is: biases, what only the reference computes
 *                               └─► WEIGHT  packed items
 *
 * What is only read packed has no place in PARAM. Both spaces belong to the last set of those that share them. */
#include "plan/set.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { UNREAD = -1 }; /* the offset of a segment that has no place in PARAM */

struct gd_weights {
    atomic_int sets; /* that have PARAM and WEIGHT in common */
    bool filled;     /* before there is a second one */
};

gd_status gd_weights_check(const gd_plan_set *set, gd_error *error)
{
    bool fits = set->options.device->is_host;
    for (int p = 0; p < set->n_plans; p++)
        fits = fits && set->plan[p].options.mode == GD_MODE_INFER;
    return fits ? GD_OK : gd_fail(error, GD_INTERNAL, "parameters are fixed in inference on the CPU alone");
}

static gd_segment *segment_named(gd_plan_set *set, const char *name)
{
    gd_segment *segment = set->segment;
    while (strcmp(segment->name, name) != 0)
        segment++;
    return segment;
}

void gd_weights_place(gd_plan_set *set)
{
    for (int i = 0; i < set->n_segments; i++)
        set->segment[i].offset = UNREAD;
    set->params = set->trained = 0;
    for (int p = 0; p < set->n_plans; p++) {
        gd_plan *plan = &set->plan[p];
        for (int s = 0; s < plan->n_steps; s++) {
            for (int i = 0; i < GD_MAX_PARAM; i++) {
                const int index = plan->step[s].slot[GD_PARAM(i)];
                if (index < 0 || plan->slot[index].space != GD_SPACE_PARAM)
                    continue;
                gd_segment *segment = segment_named(set, plan->slot[index].name);
                if (segment->offset == UNREAD) {
                    segment->offset = set->params;
                    set->params += segment->count;
                }
                plan->slot[index].offset = (size_t)segment->offset * gd_type_bytes(set->real);
            }
        }
    }
}

gd_status gd_weights_begin(gd_plan_set *set, gd_error *error)
{
    const gd_plan_set *of = set->options.weights_of;
    if (!of) {
        set->weights = calloc(1, sizeof *set->weights);
        if (!set->weights)
            return gd_fail(error, GD_NOMEM, "out of memory for a plan");
        atomic_init(&set->weights->sets, 1);
        return GD_OK;
    }
    bool same = of->weights && of->weights->filled && of->n_items == set->n_items && of->n_segments == set->n_segments;
    for (int i = 0; same && i < set->n_items; i++)
        same = set->item[i].offset == of->item[i].offset;
    for (int i = 0; same && i < set->n_segments; i++)
        same = set->segment[i].offset == of->segment[i].offset;
    if (!same)
        return gd_fail(error, GD_INTERNAL, "plans of another kind cannot share weights, nor those of an unfilled set");
    atomic_fetch_add(&of->weights->sets, 1);
    set->weights = of->weights;
    set->space[GD_SPACE_PARAM] = of->space[GD_SPACE_PARAM];
    set->space[GD_SPACE_WEIGHT] = of->space[GD_SPACE_WEIGHT];
    for (int i = 0; i < set->n_items; i++)
        set->item[i].version = set->version;
    return GD_OK;
}

void gd_weights_end(gd_plan_set *set)
{
    if (!set->weights)
        return;
    if (atomic_fetch_sub(&set->weights->sets, 1) == 1) {
        free(set->weights);
        return;
    }
    set->space[GD_SPACE_PARAM] = set->view[GD_SPACE_PARAM] = NULL; /* others have them still */
    set->space[GD_SPACE_WEIGHT] = set->view[GD_SPACE_WEIGHT] = NULL;
}

gd_status gd_plan_set_fill(gd_plan_set *set, gd_fill_source source, void *argument, gd_error *error)
{
    for (int s = 0; s < set->n_segments; s++) {
        const gd_segment *segment = &set->segment[s];
        const float *values;
        GD_TRY(source(argument, segment, &values, error));
        if (segment->offset != UNREAD)
            memcpy((float *)set->space[GD_SPACE_PARAM] + segment->offset, values,
                   (size_t)segment->count * sizeof *values);
        for (int i = 0; i < set->n_items; i++) {
            gd_status status = set->item[i].segment == s ? gd_item_pack(set, &set->item[i], values) : GD_OK;
            if (status != GD_OK)
                return gd_fail(error, status, "cannot pack '%s': %s", segment->name, gd_status_text(status));
        }
    }
    set->weights->filled = true;
    return GD_OK;
}
