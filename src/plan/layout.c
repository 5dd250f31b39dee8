// SPDX-License-Identifier: Apache-2.0
/* Where everything lies. First the union of what all plans want packed, then offsets, then one allocation per space,
 * then addresses for every step. Plans of a set run one after another, so ACT, WORK and INPUT are as large as the
 * largest plan needs; an input of one name lies at one place for all plans. */
#include "plan/set.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

/* ---- WEIGHT ---- */

static gd_status find_item(gd_plan_set *set, const gd_item *wanted, int *found, gd_error *error)
{
    for (int i = 0; i < set->n_items; i++) {
        const gd_item *have = &set->item[i];
        if (have->segment == wanted->segment && have->from_average == wanted->from_average &&
            have->pack.type == wanted->pack.type && have->pack.bytes == wanted->pack.bytes &&
            strcmp(have->pack.packer, wanted->pack.packer) == 0 &&
            strcmp(have->pack.layout, wanted->pack.layout) == 0) {
            *found = i;
            return GD_OK;
        }
    }
    if (set->n_items == set->item_capacity) {
        int capacity = set->item_capacity ? 2 * set->item_capacity : 64;
        gd_item *grown = realloc(set->item, sizeof *grown * (size_t)capacity);
        if (!grown)
            return gd_fail(error, GD_NOMEM, "out of memory for a plan");
        set->item = grown;
        set->item_capacity = capacity;
    }
    *found = set->n_items++;
    set->item[*found] = *wanted;
    set->item[*found].offset = set->bytes[GD_SPACE_WEIGHT];
    set->bytes[GD_SPACE_WEIGHT] += aligned(wanted->pack.bytes);
    return GD_OK;
}

/* Gives every step that wants a parameter packed a slot of its own in WEIGHT: forward and backward of one node share
 * the master's slot, but each may want another form. */
static gd_status use_items(gd_plan_set *set, gd_plan *plan, gd_error *error)
{
    gd_slot *grown = realloc(plan->slot, sizeof *grown * (size_t)(plan->n_slots + plan->n_steps * GD_MAX_PARAM));
    if (!grown)
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    plan->slot = grown;
    for (int s = 0; s < plan->n_steps; s++) {
        gd_step *step = &plan->step[s];
        for (int i = 0; i < GD_MAX_PARAM; i++) {
            if (!step->needs.pack[i].run || step->slot[GD_PARAM(i)] < 0)
                continue;
            gd_item wanted = {.pack = step->needs.pack[i], .from_average = plan->options.from_average};
            const char *name = plan->slot[step->slot[GD_PARAM(i)]].name;
            while (strcmp(set->segment[wanted.segment].name, name) != 0)
                wanted.segment++;
            GD_TRY(find_item(set, &wanted, &step->item[i], error));
            const gd_item *item = &set->item[step->item[i]];
            step->slot[GD_PARAM(i)] = plan->n_slots;
            plan->slot[plan->n_slots++] = (gd_slot){GD_SPACE_WEIGHT, item->offset, item->pack.bytes, 0, INT_MAX, name};
        }
    }
    return GD_OK;
}

/* Puts a PACK step for each item the plan reads before its steps. */
static gd_status prepend_packs(gd_plan_set *set, gd_plan *plan, gd_error *error)
{
    int n = 0;
    bool *used = calloc((size_t)set->n_items + 1, sizeof *used);
    for (int s = 0; used && s < plan->n_steps; s++) {
        for (int i = 0; i < GD_MAX_PARAM; i++) {
            int item = plan->step[s].item[i];
            if (item >= 0 && !used[item]) {
                used[item] = true;
                n++;
            }
        }
    }
    gd_step *all = malloc(sizeof *all * (size_t)(n + plan->n_steps + 1));
    if (!used || !all) {
        free(used);
        free(all);
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    }
    int made = 0;
    for (int i = 0; i < set->n_items; i++) {
        if (!used[i])
            continue;
        gd_step step = gd_step_of(set->segment[set->item[i].segment].name, NULL, GD_FWD, GD_PACK, -1);
        step.item[0] = i;
        step.cost.bytes =
            (double)(set->item[i].pack.bytes + (size_t)set->segment[set->item[i].segment].count * sizeof(float));
        all[made++] = step;
    }
    memcpy(all + n, plan->step, sizeof *all * (size_t)plan->n_steps);
    free(plan->step);
    free(used);
    plan->step = all;
    plan->n_steps += n;
    for (int p = 0; p < GD_PHASES; p++)
        plan->phase_end[p] += n;
    for (int i = 0; i < plan->n_slots; i++) {
        gd_slot *slot = &plan->slot[i];
        slot->first += slot->first == INT_MAX ? 0 : n;
        slot->last += slot->last == INT_MAX || slot->last < 0 ? 0 : n;
    }
    return GD_OK;
}

/* ---- ACT: greedy, largest first, each at the lowest place that is free while it lives ---- */

static int by_size(const void *a, const void *b)
{
    const gd_slot *x = *(gd_slot *const *)a, *y = *(gd_slot *const *)b;
    if (x->bytes != y->bytes)
        return x->bytes < y->bytes ? 1 : -1;
    return x < y ? -1 : 1; /* the same layout every time */
}

/* The lowest offset at which `slot` meets none of the n placed ones that live when it does. */
static size_t lowest_free(const gd_slot *slot, gd_slot *const *placed, int n)
{
    size_t offset = 0;
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < n; i++) {
            const gd_slot *other = placed[i];
            bool together = slot->first <= other->last && other->first <= slot->last;
            bool overlap = offset < other->offset + other->bytes && other->offset < offset + slot->bytes;
            if (together && overlap) {
                offset = aligned(other->offset + other->bytes);
                moved = true;
            }
        }
    }
    return offset;
}

static gd_status place_activations(gd_plan *plan, gd_error *error)
{
    gd_slot **slots = malloc(sizeof(gd_slot *) * (size_t)(plan->n_slots + 1));
    int n = 0;
    if (!slots)
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    for (int i = 0; i < plan->n_slots; i++) {
        if (plan->slot[i].space == GD_SPACE_ACT && plan->slot[i].last >= 0)
            slots[n++] = &plan->slot[i];
    }
    qsort(slots, (size_t)n, sizeof *slots, by_size);
    for (int i = 0; i < n; i++)
        slots[i]->offset = lowest_free(slots[i], slots, i);
    free(slots);
    return GD_OK;
}

/* ---- INPUT ---- */

/* The place of an input: that of the same name in an earlier plan, widened if need be, or the next free one. */
typedef struct input_place {
    const char *name;
    size_t offset, bytes;
} input_place;

static void place_inputs(gd_plan_set *set)
{
    input_place place[16];
    int n = 0;
    for (int pass = 0; pass < 2; pass++) { /* first the sizes, then the places */
        size_t offset = 0;
        for (int i = 0; pass == 1 && i < n; i++) {
            place[i].offset = offset;
            offset += aligned(place[i].bytes);
        }
        for (int p = 0; p < set->n_plans; p++) {
            for (int s = 0; s < set->plan[p].n_slots; s++) {
                gd_slot *slot = &set->plan[p].slot[s];
                if (slot->space != GD_SPACE_INPUT)
                    continue;
                int i = 0;
                while (i < n && strcmp(place[i].name, slot->name) != 0)
                    i++;
                if (i == n && n < (int)(sizeof place / sizeof *place))
                    place[n++] = (input_place){.name = slot->name};
                place[i].bytes = slot->bytes > place[i].bytes ? slot->bytes : place[i].bytes;
                slot->offset = place[i].offset;
            }
        }
    }
}

/* ---- memory and addresses ---- */

static void measure(gd_plan_set *set)
{
    bool training = false;
    for (int p = 0; p < set->n_plans; p++) {
        const gd_plan *plan = &set->plan[p];
        training |= plan->options.mode == GD_MODE_TRAIN;
        for (int i = 0; i < plan->n_slots; i++) {
            const gd_slot *slot = &plan->slot[i];
            size_t end = slot->last < 0 ? 0 : aligned(slot->offset + slot->bytes);
            if (end > set->bytes[slot->space])
                set->bytes[slot->space] = end;
        }
    }
    set->bytes[GD_SPACE_TALLY] = sizeof(gd_tally);
    size_t element = gd_type_bytes(set->real);
    set->bytes[GD_SPACE_PARAM] = (size_t)set->params * element;
    if (training && set->options.update.average)
        set->bytes[GD_SPACE_AVERAGE] = (size_t)set->params * element;
}

static gd_status bind_plan(gd_plan_set *set, gd_plan *plan, gd_error *error)
{
    for (int s = 0; s < plan->n_steps; s++) {
        gd_step *step = &plan->step[s];
        step->call.problem = &step->problem;
        step->ctx = &set->ctx[step->stream];
        for (int i = 0; i < GD_OPERANDS; i++) {
            const gd_slot *slot = step->slot[i] < 0 ? NULL : &plan->slot[step->slot[i]];
            step->call.at[i] = slot ? (unsigned char *)set->space[slot->space] + slot->offset : NULL;
        }
        if (step->impl && step->impl->bind) {
            gd_status status = step->impl->bind(&step->call);
            if (status != GD_OK)
                return gd_fail(error, status, "%s: cannot bind %s", step->name, step->impl->name);
        }
    }
    return GD_OK;
}

gd_status gd_layout(gd_plan_set *set, gd_error *error)
{
    for (int p = 0; p < set->n_plans; p++)
        GD_TRY(use_items(set, &set->plan[p], error));
    for (int p = 0; p < set->n_plans; p++) {
        GD_TRY(prepend_packs(set, &set->plan[p], error));
        GD_TRY(place_activations(&set->plan[p], error));
    }
    place_inputs(set);
    if (set->options.fixed)
        gd_weights_place(set);
    measure(set);
    if (set->options.fixed)
        GD_TRY(gd_weights_begin(set, error));
    size_t total = 0;
    for (int i = 0; i < GD_SPACES; i++)
        total += set->bytes[i];
    for (int i = 0; i < GD_SPACES && !set->options.measure; i++) {
        if (set->bytes[i] > 0 && !set->space[i] &&
            set->options.device->alloc(set->bytes[i], &set->space[i], error) != GD_OK)
            return gd_error_prefix(error, (gd_place){0}, "a plan of %zu MB in all (%zu MB of it %s)", total >> 20,
                                   set->bytes[i] >> 20, gd_space_name((gd_space)i));
    }
    for (int i = 0; i < GD_SPACES && set->options.device->is_host; i++)
        set->view[i] = set->space[i];
    for (int p = 0; p < set->n_plans && !set->options.measure; p++)
        GD_TRY(bind_plan(set, &set->plan[p], error));
    return GD_OK;
}
