// SPDX-License-Identifier: Apache-2.0
/* Plan sets: passes, segments, lowering of each plan, then one layout for all. */
#include "plan/set.h"

#include "comm/comm.h"

#include <stdlib.h>
#include <string.h>

const char *gd_space_name(gd_space space)
{
    static const char *const names[GD_SPACES] = {"PARAM",  "GRAD", "MOMENT1", "MOMENT2", "ACCUM", "AVERAGE",
                                                 "WEIGHT", "ACT",  "WORK",    "INPUT",   "WIRE",  "TALLY"};
    return names[space];
}

/* Trained parameters in net order, then running statistics. */
static gd_status make_segments(gd_plan_set *set, const gd_net *net, gd_error *error)
{
    set->segment = gd_arena_alloc(&set->arena, (size_t)net->n_params + 1, sizeof *set->segment);
    set->undecayed = gd_arena_alloc(&set->arena, 2 * (size_t)net->n_params + 1, sizeof *set->undecayed);
    if (!set->segment || !set->undecayed)
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    for (int running = 0; running < 2; running++) {
        for (int i = 0; i < net->n_params; i++) {
            const gd_param *param = &net->param[i];
            if ((param->role == GD_ROLE_RUNNING) != running)
                continue;
            int64_t count = gd_desc_count(param->desc);
            char *name = gd_arena_text(&set->arena, param->name);
            if (!name)
                return gd_fail(error, GD_NOMEM, "out of memory for a plan");
            set->segment[set->n_segments++] = (gd_segment){name, set->params, count, param->desc, param->role};
            if (!running && param->role != GD_ROLE_WEIGHT && param->role != GD_ROLE_FINAL_WEIGHT) {
                int64_t *pairs = set->undecayed, n = 2 * (int64_t)set->n_undecayed;
                if (n > 0 && pairs[n - 1] == set->params) {
                    pairs[n - 1] += count; /* scale and shift of one layer: one range */
                } else {
                    pairs[n] = set->params;
                    pairs[n + 1] = set->params + count;
                    set->n_undecayed++;
                }
            }
            set->params += count;
        }
        if (!running)
            set->trained = set->params;
    }
    return GD_OK;
}

/* The net that a plan computes: mode, precision, fusion. */
static gd_status apply_passes(const gd_plan_set *set, gd_plan *plan, const gd_net *net, gd_error *error)
{
    const gd_plan_options *o = &plan->options;
    gd_net *a = NULL, *b = NULL, *c = NULL;
    gd_status status;
    GD_TRY_TO(done, gd_pass_mode(net, o->mode, o->batch, &a, error));
    GD_TRY_TO(done, gd_pass_precision(a, o->precision, &b, error));
    if (o->passes & GD_PASS_FUSE) {
        GD_TRY_TO(done, gd_pass_fuse(b, o->mode == GD_MODE_TRAIN, &set->options, &c, error));
        plan->net = c;
        c = NULL;
    } else {
        plan->net = b;
        b = NULL;
    }
    static const char *const modes[] = {"train", "eval", "infer"};
    plan->name = gd_arena_printf((gd_arena *)&set->arena, "%s(%d)", modes[o->mode], o->batch);
done:
    gd_net_free(a);
    gd_net_free(b);
    gd_net_free(c);
    return status;
}

static gd_status make_streams(gd_plan_set *set, gd_error *error)
{
    const gd_device *device = set->options.device;
    if (!device->is_host)
        GD_TRY(device->stream_new(&set->stream[0], error));
    set->event = gd_arena_alloc(&set->arena, (size_t)set->n_events + 1, sizeof(gd_event *));
    if (!set->event)
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    if (set->n_events > 0)
        GD_TRY(device->stream_new(&set->stream[1], error));
    for (int i = 0; i < set->n_events; i++)
        GD_TRY(device->event_new(&set->event[i], error));
    for (int i = 0; i < GD_PLAN_STREAMS; i++)
        set->ctx[i] =
            (gd_ctx){set->options.threads, &set->record, set->space[GD_SPACE_TALLY], set->options.comm, set->stream[i]};
    return gd_feed_new(set, error);
}

void gd_plan_set_cut(gd_plan_set *set, int threads)
{
    for (int i = 0; i < GD_PLAN_STREAMS; i++)
        set->ctx[i].threads = threads;
}

static gd_status start_tally(gd_plan_set *set, gd_error *error)
{
    GD_TRY(gd_plan_set_pull(set, GD_SPACE_TALLY, error));
    gd_tally *tally = gd_plan_set_tally(set);
    tally->gradient_scale = 1;
    tally->loss_scale = set->options.update.loss_scale > 0 ? (float)set->options.update.loss_scale : 1;
    return gd_plan_set_push(set, GD_SPACE_TALLY, error);
}

gd_status gd_plan_set_new(const gd_net *net, const gd_plan_options *plans, int n_plans, const gd_set_options *options,
                          gd_plan_set **out, gd_error *error)
{
    gd_plan_set *set = calloc(1, sizeof *set);
    gd_status status = GD_OK;
    *out = NULL;
    if (!set)
        return gd_fail(error, GD_NOMEM, "out of memory for a plan");
    set->options = *options;
    set->version = 1;
    set->real = plans[0].precision == GD_F64 ? GD_F64 : GD_F32;
    set->plan = gd_arena_alloc(&set->arena, (size_t)n_plans, sizeof *set->plan);
    if (!set->plan) {
        status = gd_fail(error, GD_NOMEM, "out of memory for a plan");
        goto done;
    }
    GD_TRY_TO(done, make_segments(set, net, error));
    for (int p = 0; p < n_plans; p++) {
        set->plan[p].options = plans[p];
        set->n_plans++;
        GD_TRY_TO(done, apply_passes(set, &set->plan[p], net, error));
        GD_TRY_TO(done, gd_lower(set, &set->plan[p], error));
    }
    if (options->fixed)
        GD_TRY_TO(done, gd_weights_check(set, error));
    GD_TRY_TO(done, gd_layout(set, error));
    if (!options->measure) {
        GD_TRY_TO(done, make_streams(set, error));
        GD_TRY_TO(done, start_tally(set, error));
    }
    *out = set;
    set = NULL;
done:
    gd_plan_set_free(set);
    return status;
}

void gd_plan_set_free(gd_plan_set *set)
{
    if (!set)
        return;
    const gd_device *device = set->options.device;
    for (int i = 0; i < GD_PLAN_STREAMS; i++)
        device->stream_free(set->stream[i]);
    for (int i = 0; set->event && i < set->n_events; i++)
        device->event_free(set->event[i]);
    gd_feed_free(set);
    for (int p = 0; p < set->n_plans; p++) {
        gd_plan *plan = &set->plan[p];
        for (int s = 0; s < plan->n_steps; s++) {
            if (plan->step[s].impl && plan->step[s].impl->release)
                plan->step[s].impl->release(plan->step[s].call.state);
        }
        for (int g = 0; g < GD_PHASES; g++) {
            if (plan->graph[g])
                device->graph_free(plan->graph[g]);
        }
        gd_net_free((gd_net *)plan->net);
        free(plan->step);
        free(plan->slot);
    }
    gd_weights_end(set);
    for (int i = 0; i < GD_SPACES; i++) {
        if (set->view[i] != set->space[i])
            device->free_staging(set->view[i]);
        device->free(set->space[i]);
    }
    free(set->item);
    gd_arena_release(&set->arena);
    free(set);
}

const gd_plan *gd_plan_set_plan(const gd_plan_set *set, int i) { return &set->plan[i]; }
void *gd_plan_set_space(const gd_plan_set *set, gd_space space) { return set->view[space]; }
size_t gd_plan_set_bytes(const gd_plan_set *set, gd_space space) { return set->bytes[space]; }
gd_record *gd_plan_set_record(gd_plan_set *set) { return &set->record; }
gd_tally *gd_plan_set_tally(gd_plan_set *set) { return set->view[GD_SPACE_TALLY]; }
void gd_plan_set_touch(gd_plan_set *set) { set->version++; }

gd_status gd_set_check_comm(const gd_plan_set *set, gd_error *error)
{
    const gd_comm *comm = set->options.comm;
    return comm && comm->check ? comm->check(comm, error) : GD_OK;
}

gd_status gd_plan_set_pull(gd_plan_set *set, gd_space space, gd_error *error)
{
    const gd_device *device = set->options.device;
    if (device->is_host || !set->space[space])
        return GD_OK;
    if (!set->view[space])
        GD_TRY(device->alloc_staging(set->bytes[space], &set->view[space], error));
    gd_status status = device->copy_out(set->stream[0], set->view[space], set->space[space], set->bytes[space]);
    if (status != GD_OK)
        return gd_fail(error, status, "cannot read %s from the device", gd_space_name(space));
    if (space == GD_SPACE_TALLY)
        gd_feed_forget(set);
    GD_TRY(device->synchronize(set->stream[0], error));
    return gd_set_check_comm(set, error);
}

gd_status gd_plan_set_push(gd_plan_set *set, gd_space space, gd_error *error)
{
    const gd_device *device = set->options.device;
    if (device->is_host || !set->space[space])
        return GD_OK;
    gd_status status = device->copy_in(set->stream[0], set->space[space], set->view[space], set->bytes[space]);
    if (status != GD_OK)
        return gd_fail(error, status, "cannot write %s to the device", gd_space_name(space));
    return device->synchronize(set->stream[0], error);
}

const gd_segment *gd_plan_set_segments(const gd_plan_set *set, int *n)
{
    *n = set->n_segments;
    return set->segment;
}

void *gd_plan_value(const gd_plan_set *set, int i, const char *name, gd_desc *desc)
{
    const gd_plan *plan = &set->plan[i];
    gd_value_id value = gd_net_find_value(plan->net, name);
    if (value < 0)
        return NULL;
    const gd_slot *slot = &plan->slot[plan->value_slot[value]];
    if (desc)
        *desc = plan->net->value[value].desc;
    if (slot->space == GD_SPACE_INPUT && set->feed)
        return gd_feed_input(set, slot);
    bool stays = slot->space == GD_SPACE_INPUT;
    for (int o = 0; o < plan->net->n_outputs; o++)
        stays |= plan->net->output[o] == value;
    return stays && !set->feed ? (unsigned char *)set->space[slot->space] + slot->offset : NULL;
}
