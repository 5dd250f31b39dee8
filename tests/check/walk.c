// SPDX-License-Identifier: Apache-2.0
/* The walk: cases × modes × entries of one direction; and what concerns a case file as a whole. */
#include "check.h"

#include <fnmatch.h>
#include <string.h>

static bool chosen(const check_case *c, const check_options *options)
{
    return options->sets == 0 || (c->sets & options->sets);
}

static bool impl_chosen(const gd_impl *impl, const check_options *options)
{
    return !options->impl || fnmatch(options->impl, impl->name, 0) == 0;
}

/* One line per entry, best first, with how much faster it is than the next that runs. */
static gd_status time_entries(const check_answer *a, const check_options *options, gd_text *out, gd_error *error)
{
    const gd_impl *list = gd_op_entries(a->of->op, a->direction, options->device);
    gd_cost cost = gd_op_cost(a->of->op, &a->problem, a->direction);
    enum { MOST = 16 };
    const gd_impl *timed[MOST];
    check_timing timing[MOST];
    int n = 0;
    for (const gd_impl *impl = list; impl && impl->run && n < MOST; impl++) {
        if (!impl_chosen(impl, options) ||
            gd_impl_refuses(impl, &a->problem, options->device->kind, options->device->features()))
            continue;
        gd_error refused = {0};
        gd_status status = check_time(a, impl, options->device, options->timing_threads, &timing[n], &refused);
        if (status == GD_UNSUPPORTED)
            continue;
        if (status != GD_OK)
            return gd_fail(error, status, "%s", refused.message);
        timed[n++] = impl;
    }
    for (int i = 0; i < n; i++) {
        double s = timing[i].median_s, ratio = i + 1 < n ? timing[i + 1].median_s / s : 1;
        gd_text_add(out,
                    options->csv ? "%s,%s,%s,%s,%s,\"%s\",%d,%.3f,%.3f,%d,%.3f,%.3f,%.2f\n"
                                 : "%s %s %s %s %-5s  %s  threads %d  %10.1f us ±%.1f (n=%d)  %8.2f GFLOP/s  %7.2f GB/s"
                                   "  %.2fx the next\n",
                    a->of->op->name, gd_direction_name(a->direction), timed[i]->name, check_type_word(a->problem.type),
                    a->problem.training ? "train" : "infer", a->of->text, options->timing_threads, s * 1e6,
                    timing[i].spread_s * 1e6, timing[i].runs, cost.flops / s * 1e-9, cost.bytes / s * 1e-9, ratio);
    }
    return GD_OK;
}

/* One case in one mode. A case that is not `fwd` may still have no meaning in inference: then infer refuses it there.
 */
static gd_status check_mode(const check_case *c, gd_direction direction, gd_type type, bool training,
                            const check_options *options, check_count *count, gd_text *report, gd_text *timings,
                            gd_error *error)
{
    gd_problem problem;
    gd_error refused = {0};
    if (!training && !c->forward_only && check_pose(c, type, false, &problem, &refused) != GD_OK)
        return GD_OK;
    check_answer answer;
    gd_status status = check_answer_new(c, direction, type, training, options->seed, &answer, error);
    if (status != GD_OK) {
        gd_error_prefix(error, c->place, "%s", gd_direction_name(direction));
        goto done;
    }
    const gd_impl *list = gd_op_entries(c->op, direction, options->device);
    int failed = 0;
    for (int i = 0; list && list[i].run; i++) {
        if (!impl_chosen(&list[i], options))
            continue;
        int before = count[i].failed;
        check_entry(&answer, &list[i], options->device, &count[i], report);
        failed += count[i].failed - before;
    }
    if (options->timing_threads && timings && !failed)
        GD_TRY_TO(done, time_entries(&answer, options, timings, error));
done:
    check_answer_release(&answer);
    return status;
}

gd_status check_direction(const check_case *cases, int n, gd_direction direction, gd_type type,
                          const check_options *options, check_count *count, gd_text *report, gd_text *timings,
                          gd_error *error)
{
    for (int i = 0; i < n; i++) {
        const check_case *c = &cases[i];
        if (!c->op->direction[direction].entries || !chosen(c, options) || c->refusal || !(c->types & GD_BIT(type)))
            continue;
        if (direction != GD_FWD && c->forward_only)
            continue;
        if (!c->forward_only)
            GD_TRY(check_mode(c, direction, type, true, options, count, report, timings, error));
        if (direction == GD_FWD)
            GD_TRY(check_mode(c, direction, type, false, options, count, report, timings, error));
    }
    return GD_OK;
}

/* Prepared and released: a refusal may come from either. */
static bool takes(const gd_impl *impl, const gd_problem *problem, const gd_device *device)
{
    gd_needs needs = {0};
    gd_error refused = {0};
    if (gd_impl_refuses(impl, problem, device->kind, device->features()))
        return false;
    gd_status status = impl->prepare ? impl->prepare(problem, 1, &needs, &refused) : GD_OK;
    if (impl->release)
        impl->release(needs.state);
    return status == GD_OK;
}

int check_taken(const check_case *cases, int n, gd_direction direction, gd_type type, const gd_impl *impl,
                const check_options *options)
{
    int taken = 0;
    for (int i = 0; i < n; i++) {
        const check_case *c = &cases[i];
        if (!chosen(c, options) || c->refusal || !(c->types & GD_BIT(type)) || (direction != GD_FWD && c->forward_only))
            continue;
        for (int training = direction != GD_FWD; training <= !c->forward_only; training++) {
            gd_problem problem;
            taken += check_pose(c, type, training, &problem, NULL) == GD_OK && takes(impl, &problem, options->device);
        }
    }
    return taken;
}

static int check_refusal(const check_case *c, gd_text *report)
{
    gd_problem problem;
    gd_error error = c->settings_error;
    if (error.status == GD_OK)
        check_pose(c, GD_F32, !c->forward_only, &problem, &error);
    if (error.status == c->refusal_status && strstr(error.message, c->refusal))
        return 0;
    gd_text_add(report, "FAIL %s:%d: '%s' must be refused (%s) with '%s', but ", c->place.file, c->place.line, c->text,
                gd_status_text(c->refusal_status), c->refusal);
    if (error.status == GD_OK)
        gd_text_add(report, "was accepted\n");
    else
        gd_text_add(report, "it was refused (%s) with '%s'\n", gd_status_text(error.status), error.message);
    return 1;
}

/* Every accepts() must be seen to say yes and to say no. */
static int check_accepts(const check_case *cases, int n, gd_direction direction, const gd_impl *impl,
                         const check_options *options, gd_text *report)
{
    int yes = 0, no = 0;
    for (int i = 0; i < n; i++) {
        const check_case *c = &cases[i];
        if (c->refusal || !chosen(c, options) || (direction != GD_FWD && c->forward_only))
            continue;
        for (int training = 0; training <= 1; training++) {
            for (gd_type type = GD_F32; type <= GD_F16; type++) {
                gd_problem problem;
                bool mode_exists = training ? !c->forward_only : direction == GD_FWD;
                if (!mode_exists || !(impl->types & c->types & GD_BIT(type)) ||
                    check_pose(c, type, training, &problem, NULL) != GD_OK)
                    continue;
                impl->accepts(&problem) ? no++ : yes++;
            }
        }
    }
    if (yes && no)
        return 0;
    gd_text_add(report, "FAIL tests/cases/%s.txt does not exercise %s.%s: its accepts never said %s\n", cases->op->name,
                gd_direction_name(direction), impl->name, yes ? "no" : "yes");
    return 1;
}

int check_cases(const check_case *cases, int n, const check_options *options, gd_text *report)
{
    int complaints = 0;
    for (int i = 0; i < n; i++) {
        if (cases[i].refusal && chosen(&cases[i], options))
            complaints += check_refusal(&cases[i], report);
        gd_problem problem;
        gd_error error = {0};
        if (!cases[i].refusal && check_pose(&cases[i], GD_F32, !cases[i].forward_only, &problem, &error) != GD_OK) {
            gd_text_add(report, "FAIL %s:%d: '%s' is refused: %s\n", cases[i].place.file, cases[i].place.line,
                        cases[i].text, error.message);
            complaints++;
        }
    }
    for (gd_direction d = 0; n > 0 && d < GD_DIRECTIONS; d++) {
        for (const gd_impl *impl = gd_op_entries(cases->op, d, options->device); impl && impl->run; impl++) {
            if (impl->accepts)
                complaints += check_accepts(cases, n, d, impl, options, report);
        }
    }
    return complaints;
}
