// SPDX-License-Identifier: Apache-2.0
#include "plan/choose.h"

#include "base/rng.h"
#include "base/text.h"
#include "plan/tune.h"

#include <string.h>

enum { MAX_ENTRIES = 32 };

bool gd_choose_fast(const gd_op *op, const gd_problem *problem, gd_direction direction, const gd_set_options *options)
{
    for (const gd_impl *impl = gd_op_entries(op, direction, options->device); impl && impl->name; impl++) {
        if (strcmp(impl->name, "ref") != 0 && !gd_impl_refuses(impl, problem, options->device->kind, options->features))
            return true;
    }
    return false;
}

static bool lists(const gd_step *step, gd_direction direction, const gd_device *device, const char *name)
{
    for (const gd_impl *impl = gd_op_entries(step->op, direction, device); impl && impl->name; impl++) {
        if (strcmp(impl->name, name) == 0 && impl->types & GD_BIT(step->problem.type))
            return true;
    }
    return false;
}

/* The entry that the config forces for this step: a name that the op knows, for the step's type, in other directions
 * only is not meant for this one (*forced NULL); one that it does not know at all is a mistake. */
static gd_status forced_entry(const gd_step *step, const gd_set_options *options, const gd_attr **forced,
                              gd_error *error)
{
    const gd_attr *name = gd_attr_find(options->impl, step->op->name);
    *forced = NULL;
    if (!name)
        return GD_OK;
    if (name->kind != GD_ATTR_SCALAR)
        return gd_fail_at(error, GD_INVALID, name->place, "impl: %s: the name of an entry is wanted", step->op->name);
    if (lists(step, step->direction, options->device, name->text)) {
        *forced = name;
        return GD_OK;
    }
    for (int d = 0; d < GD_DIRECTIONS; d++) {
        if (lists(step, (gd_direction)d, options->device, name->text))
            return GD_OK;
    }
    return gd_fail_at(error, GD_INVALID, name->place,
                      "impl: %s has no entry '%s' for %s; `griddle plan` shows what there is", step->op->name,
                      name->text, gd_type_name(step->problem.type));
}

/* Whether the lines of `kernels` give this step this entry. */
static bool is_recorded(const char *kernels, const gd_step *step, const gd_impl *impl)
{
    size_t name = strlen(step->name), entry = strlen(impl->name);
    for (const char *line = kernels; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
        if (strncmp(line, step->name, name) == 0 && line[name] == ' ' && strcspn(line + name + 1, "\n") == entry &&
            strncmp(line + name + 1, impl->name, entry) == 0)
            return true;
    }
    return false;
}

void gd_choose_prefer(const gd_impl **order, int i)
{
    const gd_impl *preferred = order[i];
    for (; i > 0; i--)
        order[i] = order[i - 1];
    order[0] = preferred;
}

/* Entries in list order but for the one that is recorded, or for tests in an order drawn from a seed and the step's
 * name. */
static int order_entries(const gd_step *step, const gd_set_options *options, const gd_impl *order[MAX_ENTRIES])
{
    int n = 0;
    uint64_t digest = 0, seed = options->shuffle_entries;
    const char *kernels = options->kernels;
    for (const gd_impl *impl = gd_op_entries(step->op, step->direction, options->device); impl && impl->name; impl++) {
        if (n < MAX_ENTRIES)
            order[n++] = impl;
    }
    for (int i = 1; kernels && i < n; i++) {
        if (is_recorded(kernels, step, order[i]))
            gd_choose_prefer(order, i);
    }
    for (const char *c = step->name; *c; c++)
        digest = digest * 31 + (unsigned char)*c;
    for (int i = n - 1; seed && i > 0; i--) {
        uint32_t j = gd_rng_below(gd_rng(seed, GD_RNG_TEST, (uint32_t)i, digest).at[0], (uint32_t)i + 1);
        const gd_impl *swap = order[i];
        order[i] = order[j];
        order[j] = swap;
    }
    return n;
}

gd_status gd_choose(gd_step *step, const gd_set_options *options, gd_arena *arena, gd_error *error)
{
    const gd_attr *forced;
    const gd_impl *order[MAX_ENTRIES];
    int n = order_entries(step, options, order);
    gd_text refusals = {0};
    gd_status status = GD_UNSUPPORTED;
    GD_TRY(forced_entry(step, options, &forced, error));
    GD_TRAIN(if (options->tuner && !forced) gd_tuner_order(options->tuner, step, options, order, n, arena);)

    for (int i = 0; i < n && status == GD_UNSUPPORTED; i++) {
        const gd_impl *impl = order[i];
        if (forced && strcmp(forced->text, impl->name) != 0)
            continue;
        if (!(impl->types & GD_BIT(step->problem.type)))
            continue; /* the same entry for another type: no news */
        gd_error why = {0};
        const char *refusal = gd_impl_refuses(impl, &step->problem, options->device->kind, options->features);
        if (!refusal && impl->prepare) {
            step->needs = (gd_needs){0};
            status = impl->prepare(&step->problem, options->threads, &step->needs, &why);
            refusal = why.message;
        } else if (!refusal) {
            status = GD_OK;
        }
        if (status == GD_OK)
            step->impl = impl;
        else if (status == GD_UNSUPPORTED)
            gd_text_add(&refusals, "%s%s: %s", refusals.length ? "; " : "", impl->name, refusal);
        else
            gd_fail(error, status, "%s: %s: %s", step->name, impl->name, why.message);
    }
    const char *refused = refusals.length ? refusals.at : "no entry serves this type";
    step->refusals = gd_arena_text(arena, refusals.length ? refusals.at : "");
    if (status == GD_OK) {
        step->call.state = step->needs.state;
        step->cost = gd_op_cost(step->op, &step->problem, step->direction);
        if (!step->refusals)
            status = gd_fail(error, GD_NOMEM, "out of memory for a plan");
    } else if (status == GD_UNSUPPORTED && forced) {
        status = gd_fail_at(error, GD_INVALID, forced->place, "impl: %s: '%s' refuses %s: %s", step->op->name,
                            forced->text, step->name, refused);
    } else if (status == GD_UNSUPPORTED) {
        gd_fail(error, status, "no entry computes %s (%s %s): %s", step->name, step->op->name,
                gd_direction_name(step->direction), refused);
    }
    gd_text_release(&refusals);
    return status;
}
