// SPDX-License-Identifier: Apache-2.0
#include "check/check.h"

#include "base/file.h"
#include "check/showing.h"
#include "report/report.h"
#include "survey/model.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SEED = 2 /* another one than baselines have */ };

/* ---- the baseline and what it asks for ---- */

static gd_status read_baseline(const gd_check_options *o, gd_baseline *b, gd_error *error)
{
    GD_TRY(gd_baseline_read(o->baseline, b, error));
    if (isfinite(o->alarms_per_month))
        b->rules.alarms_per_month = o->alarms_per_month;
    if (isfinite(o->checks_per_month))
        b->rules.checks_per_month = o->checks_per_month;
    return GD_OK;
}

static bool of_table(const gd_profile *profile)
{
    return profile->n_columns > 0 && profile->column[0].of == GD_OF_TABLE;
}

static gd_status check_model(const gd_check_options *o, const gd_baseline *b, const gd_survey_model *model,
                             gd_error *error)
{
    const gd_profile_options *profile = &b->profile.options;
    if (b->model[0] && strcmp(b->model, model->digest) != 0)
        return gd_fail(error, GD_INVALID,
                       "model '%s' is not the one of baseline '%s': its digest is %s, not %s; make a baseline of it",
                       model->path, o->baseline, model->digest, b->model);
    return profile->n_classes > 0
               ? gd_survey_model_has_classes(model, profile->n_classes, profile->classes, o->baseline, error)
               : GD_OK;
}

/* What bodies are decoded to, as the model of the baseline did: grey ones have no saturation. 0: not known. */
static int channels_of(const gd_profile *profile)
{
    const gd_column *saturation = gd_profile_column(profile, "saturation");
    if (!saturation || !saturation->sketch)
        return 0;
    return saturation->sketch->moments.max > 0 ? 3 : 1;
}

/* ---- seeing ---- */

typedef struct watcher {
    gd_check *check;
    gd_showing show;
    int64_t answers;
} watcher;

static bool wants_picture(void *context) { return gd_showing_wants(&((watcher *)context)->show); }

static gd_status see(void *context, const gd_sighting *sighting, const gd_image *picture, const char *place,
                     gd_error *error)
{
    watcher *w = context;
    const gd_directions *directions = &w->check->baseline.directions;
    gd_exhibit *exhibit;
    w->answers += sighting->probability || sighting->class_alone > 0;
    GD_TRY(gd_showing_see(&w->show, sighting, picture, place, &exhibit, error));
    if (exhibit && sighting->features && directions->dims >= 2)
        gd_features_project(directions, sighting->features, 2, exhibit->at);
    return gd_window_add(&w->check->window, &w->check->baseline, sighting, error);
}

/* ---- what comes in ---- */

static gd_status check_any(const gd_check_options *o, const gd_check *check, const watcher *w, gd_error *error)
{
    const gd_captured_counts *read = &check->captured.read;
    const char *path = o->what.read.paths[0];
    if (check->captured.blind > 0 && check->window.profile.items == 0)
        return gd_fail(error, GD_FORMAT,
                       "'%s': none of %" PRId64
                       " record%s has an answer, figures or a picture: nothing is known of them",
                       path, check->captured.blind, gd_plural(check->captured.blind));
    if (check->window.profile.items == 0)
        return gd_fail(error, GD_FORMAT,
                       "'%s': no records to check: %" PRId64 " line%s, of which %" PRId64 " are broken, %" PRId64
                       " outside the window of time and %" PRId64 " of other endpoints and variants",
                       path, read->lines, gd_plural(read->lines), read->broken, read->outside,
                       check->captured.elsewhere);
    if (w->answers == 0 && check->baseline.profile.options.n_classes > 0)
        return gd_fail(error, GD_INVALID,
                       "'%s': none of %" PRId64
                       " picture%s has an answer: capture answers (--capture-mode), or name the "
                       "model, which computes them of captured pictures: --model RUN|MODEL",
                       path, check->window.profile.items, gd_plural(check->window.profile.items));
    return GD_OK;
}

static gd_status look_at_captures(const gd_check_options *o, gd_check *check, gd_error *error)
{
    const gd_profile_options *profile = &check->baseline.profile.options;
    gd_survey_model model = {0};
    watcher w = {.check = check};
    const gd_see eyes = {&w, see, wants_picture};
    gd_status status = GD_OK;
    if (of_table(&check->baseline.profile))
        return gd_fail(error, GD_INVALID, "baseline '%s' is of a table of numbers, where '%s' is no safetensors file",
                       o->baseline, o->what.read.paths[0]);
    gd_showing_init(&w.show, &check->window.gallery, profile->n_classes);
    if (o->model)
        GD_TRY_TO(done, gd_survey_model_open(o->model, &model, error));
    if (o->model)
        GD_TRY_TO(done, check_model(o, &check->baseline, &model, error));
    const gd_survey_options options = {.model = model.model,
                                       .n_classes = profile->n_classes,
                                       .classes = profile->classes,
                                       .n_features = profile->n_features,
                                       .channels = channels_of(&check->baseline.profile),
                                       .threads = o->threads,
                                       .stop = o->stop};
    GD_TRY_TO(done, gd_survey_captures(&o->what, &options, &eyes, &check->captured, &check->seen, error));
    check->window.records = check->captured.read.records - check->captured.elsewhere;
    check->window.broken = check->captured.read.broken;
    check->window.unread = check->captured.read.unread;
    check->window.unfinished = check->captured.read.unfinished;
    check->window.from_ms = o->what.read.from_ms;
    check->window.to_ms = o->what.read.to_ms;
    GD_TRY_TO(done, gd_window_settle(&check->window, &check->baseline, error));
    status = check_any(o, check, &w, error);
done:
    gd_showing_release(&w.show);
    gd_survey_model_release(&model);
    return status;
}

static bool asks_for_records(const gd_check_options *o)
{
    return o->model || o->what.read.from_ms || o->what.read.to_ms || o->what.endpoint || o->what.variant;
}

static gd_status look_at_table(const gd_check_options *o, gd_check *check, gd_error *error)
{
    const char *path = o->what.read.paths[0];
    if (asks_for_records(o))
        return gd_fail(error, GD_INVALID,
                       "'%s' is a table: it has neither times nor pictures, and nothing is computed of it", path);
    if (!of_table(&check->baseline.profile))
        return gd_fail(error, GD_INVALID, "'%s' is a table of numbers, where baseline '%s' is of pictures", path,
                       o->baseline);
    GD_TRY(gd_survey_table(path, &check->window.profile, o->stop, error));
    GD_TRY(gd_window_settle(&check->window, &check->baseline, error));
    if (check->window.profile.items == 0)
        return gd_fail(error, GD_FORMAT, "'%s': a table without rows", path);
    return GD_OK;
}

/* ---- profiles of parts, as a day's hours ---- */

static bool is_statistics(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash ? slash + 1 : path, "statistics.json") == 0;
}

static bool are_statistics(const gd_check_options *o)
{
    const char *const *path = o->what.read.paths;
    while (*path && is_statistics(*path))
        path++;
    return !*path;
}

static gd_status add_statistics(const char *path, gd_profile *whole, gd_profile *part, gd_error *error)
{
    GD_TRY(gd_statistics_read(path, part, error));
    const gd_status status = gd_profile_merge(whole, part, error);
    gd_profile_release(part);
    return status == GD_OK ? status : gd_error_prefix(error, (gd_place){path, 0, 0}, "cannot be added");
}

static gd_status look_at_statistics(const gd_check_options *o, gd_check *check, gd_error *error)
{
    const char *const *path = o->what.read.paths;
    if (asks_for_records(o))
        return gd_fail(error, GD_INVALID,
                       "'%s' is a profile: it has neither times nor pictures, and nothing is computed of it", *path);
    gd_profile *part = gd_arena_alloc(&check->arena, 1, sizeof *part);
    if (!part)
        return gd_fail(error, GD_NOMEM, "out of memory for a profile");
    for (; *path; path++)
        GD_TRY(add_statistics(*path, &check->window.profile, part, error));
    GD_TRY(gd_window_settle(&check->window, &check->baseline, error));
    if (check->window.profile.items == 0)
        return gd_fail(error, GD_FORMAT, "'%s': profiles of nothing", o->what.read.paths[0]);
    return GD_OK;
}

/* ---- what goes out ---- */

static const char *title_of(const gd_check_options *o, const gd_check *check)
{
    return check->captured.endpoint[0] ? check->captured.endpoint : o->what.read.paths[0];
}

static gd_status complain(gd_check *check, const gd_error *what, gd_report *report, int *n, gd_error *error)
{
    char text[sizeof *what + 32];
    if (what->status == GD_OK)
        return GD_OK;
    report->complaints[*n] = gd_arena_text(&check->arena, gd_error_text(what, text, sizeof text));
    return report->complaints[(*n)++] ? GD_OK : gd_fail(error, GD_NOMEM, "out of memory for a report");
}

static gd_status print_report(const gd_check_options *o, gd_check *check, gd_text *page, gd_error *error)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    gd_report report = {.baseline = &check->baseline,
                        .window = &check->window,
                        .verdict = &check->verdict,
                        .title = title_of(o, check),
                        .threshold = o->threshold,
                        .made_ms = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000};
    const gd_captured_counts *read = &check->captured.read;
    const gd_error *first[] = {&check->seen.first, &check->captured.first_foreign, &check->captured.first_odd};
    int n = 0;
    for (int i = 0; i < read->n_complaints; i++)
        GD_TRY(complain(check, &read->complaint[i], &report, &n, error));
    for (int i = 0; i < 3; i++)
        GD_TRY(complain(check, first[i], &report, &n, error));
    return gd_report_print(&report, page, error);
}

static gd_status write_files(const gd_check_options *o, gd_check *check, gd_error *error)
{
    gd_text statistics = {0}, violations = {0}, verdict = {0}, page = {0};
    gd_status status;
    gd_statistics_print(&check->window.profile, &statistics);
    gd_violations_print(&check->verdict, &violations);
    gd_verdict_print_json(&check->verdict, &check->baseline, &check->window, &verdict);
    if (o->report)
        GD_TRY_TO(done, print_report(o, check, &page, error));
    GD_TRY_TO(done, gd_out_write(o->out, "statistics.json", &statistics, error));
    GD_TRY_TO(done, gd_out_write(o->out, "constraint_violations.json", &violations, error));
    if (o->report)
        GD_TRY_TO(done, gd_out_write(o->out, "report.html", &page, error));
    status = gd_out_write(o->out, "check.json", &verdict, error);
done:
    gd_text_release(&statistics);
    gd_text_release(&violations);
    gd_text_release(&verdict);
    gd_text_release(&page);
    return status;
}

/* ---- the whole ---- */

static bool is_table(const gd_check_options *o)
{
    const char *const *paths = o->what.read.paths;
    const char *dot = paths[0] ? strrchr(paths[0], '.') : NULL;
    return dot && !paths[1] && strcmp(dot, ".safetensors") == 0;
}

gd_status gd_check_run(const gd_check_options *o, gd_check *check, gd_error *error)
{
    *check = (gd_check){0};
    GD_TRY(read_baseline(o, &check->baseline, error));
    if (o->out) { /* before the work, where it cannot be */
        GD_TRY(gd_out_check(o->out, (const char *const[]){"constraints.json", "baseline.safetensors", NULL}, error));
        GD_TRY(gd_folder_make(o->out, error));
    }
    GD_TRY(gd_window_init(&check->window, &check->baseline, SEED, error));
    GD_TRY(is_table(o)         ? look_at_table(o, check, error)
           : are_statistics(o) ? look_at_statistics(o, check, error)
                               : look_at_captures(o, check, error));
    GD_TRY(gd_verdict_make(&check->baseline, &check->window, &check->arena, &check->verdict, error));
    if (o->stop && *o->stop)
        return gd_fail(error, GD_STOPPED, "stopped before anything was written");
    return o->out ? write_files(o, check, error) : GD_OK;
}

void gd_check_release(gd_check *check)
{
    gd_arena_release(&check->arena);
    gd_window_release(&check->window);
    gd_baseline_release(&check->baseline);
    *check = (gd_check){0};
}
