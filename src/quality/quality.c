// SPDX-License-Identifier: Apache-2.0
#include "quality/quality.h"

#include "base/file.h"
#include "format/files.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ---- options that do not go together ---- */

static gd_status check_readable_twice(const gd_quality_options *o, gd_error *error)
{
    for (const char *const *path = o->what.read.paths; o->worth > 0 && *path; path++) {
        if (strcmp(*path, "-") == 0)
            return gd_fail(error, GD_INVALID,
                           "pictures worth labelling are found by reading captures twice, and standard input is read "
                           "once: --worth 0, or name a file");
    }
    return GD_OK;
}

static gd_status check_out(const gd_quality_options *o, gd_error *error)
{
    GD_TRY(gd_out_check(o->out, (const char *const[]){"baseline.safetensors", "check.json", NULL}, error));
    return o->worth > 0 ? gd_worth_check(o->out, error) : GD_OK;
}

/* ---- what is known beforehand ---- */

static gd_status prepare(const gd_quality_options *o, gd_quality *q, gd_error *error)
{
    gd_merge *m = &q->merge;
    const gd_profile_options *of = &q->baseline.profile.options;
    if (o->baseline)
        GD_TRY(gd_baseline_read(o->baseline, &q->baseline, error));
    if (o->model)
        GD_TRY(gd_survey_model_open(o->model, &q->model, error));
    if (o->model && of->n_classes > 0)
        GD_TRY(gd_survey_model_has_classes(&q->model, of->n_classes, of->classes, o->baseline, error));
    GD_TRY(gd_worth_init(&q->worth, o->worth, error));
    *m = (gd_merge){.what = &o->what,
                    .model = &q->model,
                    .n_classes = of->n_classes,
                    .classes = of->n_classes > 0 ? of->classes : NULL,
                    .positive = o->positive,
                    .truth = &q->truth,
                    .worth = &q->worth,
                    .stop = o->stop,
                    .arena = &q->arena,
                    .grades = &q->grades};
    if (m->n_classes == 0 && o->model) {
        m->n_classes = q->model.info->n_classes;
        m->classes = q->model.info->classes;
    }
    return GD_OK;
}

/* ---- what came in ---- */

static gd_status check_any(const gd_quality_options *o, const gd_quality *q, gd_error *error)
{
    const gd_merge_counts *c = &q->merge.counts;
    const gd_captured_counts *read = &q->merge.captured.read;
    const char *path = o->what.read.paths[0];
    if (c->merged > 0)
        return GD_OK;
    if (q->truth.ids.n == 0)
        return gd_fail(error, GD_FORMAT, "'%s': no labels: %" PRId64 " line%s, of which %" PRId64 " are broken",
                       o->labels[0], q->truth.read.lines, gd_plural(q->truth.read.lines), q->truth.read.broken);
    if (c->records == 0)
        return gd_fail(error, GD_FORMAT,
                       "'%s': no records of this window: %" PRId64 " line%s in its hours, of which %" PRId64
                       " are broken, %" PRId64 " of other times and %" PRId64 " of other endpoints and variants",
                       path, read->lines, gd_plural(read->lines), read->broken, read->outside,
                       q->merge.captured.elsewhere);
    if (c->without_answer + c->several == c->records && c->nameless > 0)
        return gd_fail(error, GD_FORMAT,
                       "'%s': answers are classes alone, and which classes the model has is not known: name it, or a "
                       "baseline of it: --model RUN|MODEL, --baseline DIR",
                       path);
    if (c->without_answer + c->several == c->records)
        return gd_fail(error, GD_FORMAT,
                       "'%s': none of %" PRId64
                       " record%s has an answer to one picture: capture answers, or name the model, which computes "
                       "them of captured pictures: --model RUN|MODEL",
                       path, c->records, gd_plural(c->records));
    if (c->unknown > 0)
        return gd_fail_at(error, GD_FORMAT,
                          (gd_place){c->first_unknown.file, c->first_unknown.line, c->first_unknown.column},
                          "%s; and so are all others", c->first_unknown.message);
    return gd_fail(error, GD_FORMAT,
                   "none of %" PRId64 " labels is of one of %" PRId64
                   " answers: labels have ids as '%s', records as '%s' (inferenceId, else eventId)",
                   q->truth.ids.n, c->records, c->id_left, c->id_unlabelled);
}

/* ---- holding figures against what they should be ---- */

static gd_status check_limits(const gd_quality_options *o, gd_quality *q, gd_error *error)
{
    gd_text text = {0};
    gd_status status = GD_OK;
    if (o->constraints)
        GD_TRY(gd_limits_read(o->constraints, &q->grades, &q->limits, error));
    else if (o->baseline)
        gd_limits_of_baseline(&q->baseline, &q->grades, &q->limits);
    for (int i = 0; i < q->limits.n && status == GD_OK; i++) {
        const gd_limit *limit = &q->limits.limit[i];
        if (!gd_limit_broken(limit, &q->grades))
            continue;
        text.length = 0;
        gd_limit_describe(limit, &q->grades, &text);
        status = gd_text_status(&text, error);
        const char *words = status == GD_OK ? gd_arena_text(&q->arena, text.at) : NULL;
        if (status == GD_OK && !words)
            status = gd_fail(error, GD_NOMEM, "out of memory for a violation");
        q->violation[q->n_violations++] =
            (gd_quality_violation){q->grades.metric[limit->metric].name, gd_limit_operator(limit), words};
    }
    gd_text_release(&text);
    return status;
}

/* ---- what goes out ---- */

static gd_status write_files(const gd_quality_options *o, gd_quality *q, gd_error *error)
{
    gd_text statistics = {0}, violations = {0}, constraints = {0};
    gd_limits suggested;
    gd_status status;
    gd_quality_print_statistics(q, &statistics);
    gd_quality_print_violations(q, &violations);
    gd_limits_suggest(&q->grades, &suggested);
    gd_limits_print(&suggested, &q->grades, &constraints);
    GD_TRY_TO(done, gd_out_write(o->out, "statistics.json", &statistics, error));
    if (!o->constraints)
        GD_TRY_TO(done, gd_out_write(o->out, "constraints.json", &constraints, error));
    GD_TRY_TO(done, gd_out_write(o->out, "constraint_violations.json", &violations, error));
    if (o->worth > 0) /* last: what it writes is not written over the next time */
        status = gd_worth_write(&q->worth, o->out, q->merge.classes, &o->what.read, &q->written, error);
done:
    gd_text_release(&statistics);
    gd_text_release(&violations);
    gd_text_release(&constraints);
    return status;
}

/* ---- the whole ---- */

gd_status gd_quality_run(const gd_quality_options *o, gd_quality *q, gd_error *error)
{
    *q = (gd_quality){0};
    GD_TRY(check_readable_twice(o, error));
    GD_TRY(check_out(o, error));
    GD_TRY(prepare(o, q, error));
    GD_TRY(gd_folder_make(o->out, error)); /* before the work, where it cannot be */
    GD_TRY(gd_truth_read(&q->truth, o->labels, o->what.read.to_ms, o->stop, error));
    GD_TRY(gd_merge_run(&q->merge, error));
    GD_TRY(check_any(o, q, error));
    GD_TRY(gd_grades_settle(&q->grades, error));
    GD_TRY(check_limits(o, q, error));
    if (o->stop && *o->stop)
        return gd_fail(error, GD_STOPPED, "stopped before anything was written");
    return write_files(o, q, error);
}

void gd_quality_release(gd_quality *q)
{
    gd_grades_release(&q->grades);
    gd_worth_release(&q->worth);
    gd_truth_release(&q->truth);
    gd_survey_model_release(&q->model);
    gd_baseline_release(&q->baseline);
    gd_arena_release(&q->arena);
    *q = (gd_quality){0};
}
