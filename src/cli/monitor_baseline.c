// SPDX-License-Identifier: Apache-2.0
/* griddle monitor baseline: what is normal. */
#include "base/pipe.h"
#include "check/baseline_make.h"
#include "cli/monitor.h"
#include "cli/stop.h"
#include "survey/losses.h"

#include <inttypes.h>
#include <math.h>

static void print(const gd_baseline *b, const char *out, gd_text *text)
{
    const gd_competence *c = &b->competence;
    const int64_t items = b->profile.items;
    const int columns = b->profile.n_columns, features = b->profile.features.dims;
    gd_text_add(text, "baseline of %s: %" PRId64 " item%s, %d column%s, %d feature%s\n", b->source, items,
                gd_plural(items), columns, gd_plural(columns), features, gd_plural(features));
    if (c->n > 0)
        gd_text_add(text,
                    "accuracy %.4f (95%% interval %.4f to %.4f) on %" PRId64
                    " labelled picture%s, calibration error %.4f\n",
                    c->accuracy.value, c->accuracy.low, c->accuracy.high, c->n, gd_plural(c->n), c->calibration_error);
    else if (b->profile.options.n_classes > 0)
        gd_text_add(text, "no labels: accuracy will not be estimated\n");
    if (c->n > 0 && c->calibration.n == 0)
        gd_text_add(text, "fewer than %d labels: accuracy will not be estimated\n", GD_CALIBRATION_LEAST);
    gd_text_add(text, "wrote %s/statistics.json, constraints.json, baseline.safetensors\n", out);
}

static void print_json(const gd_baseline *b, const gd_baseline_told *told, const char *out, gd_text *text)
{
    const gd_competence *c = &b->competence;
    gd_text_add(text, "{\"baseline\":");
    gd_text_add_json(text, out);
    gd_text_add(text, ",\"source\":");
    gd_text_add_json(text, b->source);
    gd_text_add(text,
                ",\"items\":%" PRId64 ",\"columns\":%d,\"features\":%d,\"labelled\":%" PRId64 ",\"broken\":%" PRId64,
                b->profile.items, b->profile.n_columns, b->profile.features.dims, c->n, told->seen.broken);
    if (c->n > 0)
        gd_text_add(text, ",\"accuracy\":%.9g,\"accuracy_interval\":[%.9g,%.9g],\"calibration_error\":%.9g",
                    c->accuracy.value, c->accuracy.low, c->accuracy.high, c->calibration_error);
    gd_text_add(text, ",\"note\":");
    gd_text_add_json(text, told->note);
    gd_text_add(text, "}\n");
}

static gd_status tell(gd_command *command, const gd_baseline *baseline, const gd_baseline_told *told, const char *out,
                      gd_error *error)
{
    gd_text text = {0}, losses = {0};
    gd_survey_print_losses(&told->captured, &told->seen, &losses);
    gd_text_add(&losses, "%s", told->note);
    if (gd_command_has(command, "--json"))
        print_json(baseline, told, out, &text);
    else
        print(baseline, out, &text);
    return gd_monitor_tell(&losses, &text, error);
}

static gd_status read_options(const gd_command *command, gd_baseline_options *o, gd_error *error)
{
    o->model = command->word[0];
    o->data = command->word[1];
    GD_TRY(gd_monitor_capture(command, &o->what, error));
    GD_TRY(gd_monitor_number(command, "--alarms-per-month", 1e-3, 1e3, 1, &o->alarms_per_month, error));
    GD_TRY(gd_monitor_number(command, "--checks-per-month", 1, 1e6, 720, &o->checks_per_month, error));
    return gd_command_int(command, "--threads", 1, GD_PIPE_THREADS, 0, &o->threads, error);
}

static gd_status run_baseline(gd_command *command, gd_error *error)
{
    gd_baseline_options options = {.stop = &gd_stop_catch(true)->signal};
    gd_baseline *baseline = gd_arena_alloc(&command->arena, 1, sizeof *baseline);
    gd_baseline_told *told = gd_arena_alloc(&command->arena, 1, sizeof *told);
    const char *out;
    if (!baseline || !told)
        return gd_fail(error, GD_NOMEM, "out of memory for a baseline");
    GD_TRY(gd_monitor_out(command, &out, error));
    GD_TRY(gd_out_check(out, (const char *const[]){"check.json", "constraint_violations.json", NULL}, error));
    GD_TRY(read_options(command, &options, error));
    gd_status status = gd_baseline_make(&options, baseline, told, error);
    if (status == GD_OK)
        status = gd_baseline_write(out, baseline, error);
    if (status == GD_OK)
        status = tell(command, baseline, told, out, error);
    gd_baseline_release(baseline);
    return gd_monitor_end(command, status);
}

static const gd_option options[] = {
    {"-o", NULL, "DIR", "folder of the baseline, made where it is not there"},
    {"--alarms-per-month", NULL, "N", "false alarms to live with, while all is as it was; default 1"},
    {"--checks-per-month", NULL, "N", "how often it will be checked; default 720, hourly"},
    GD_OPTION_WINDOW,
    GD_OPTION_THREADS,
    GD_OPTION_JSON,
    {0},
};

const gd_verb gd_verb_monitor_baseline = {
    "monitor baseline",
    "RUN|MODEL [DATA]",
    1,
    2,
    "what is normal: profiles of a model's pictures and answers, of images it was not trained on",
    "griddle monitor baseline runs/scones -o monitors/scones                the run's own validation images\n"
    "griddle monitor baseline model.safetensors pictures/ -o monitors/mine  a folder, of classes for accuracy\n"
    "griddle monitor baseline runs/scones captured/ -o monitors/scones      a good week of traffic\n"
    "griddle monitor baseline table.safetensors -o monitors/table           columns of numbers, no model\n",
    options,
    run_baseline,
};
