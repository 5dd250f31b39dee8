// SPDX-License-Identifier: Apache-2.0
/* griddle monitor quality: is it right. */
#include "cli/monitor.h"
#include "cli/stop.h"
#include "quality/quality.h"

enum { WORTH = 50 /* pictures of each kind */ };

static gd_status tell(gd_command *command, const gd_quality *quality, const gd_quality_options *options,
                      gd_error *error)
{
    gd_text text = {0}, losses = {0};
    gd_quality_print_losses(quality, &losses);
    if (gd_command_has(command, "--json"))
        gd_quality_print_json(quality, options, &text);
    else
        gd_quality_print(quality, options, &text);
    return gd_monitor_tell(&losses, &text, error);
}

/* CAPTURE LABELS…; `capture` has room for one path and the end. */
static gd_status read_options(const gd_command *command, const char **capture, gd_quality_options *o, gd_error *error)
{
    GD_TRY(gd_monitor_out(command, &o->out, error));
    GD_TRY(gd_monitor_capture(command, &o->what, error));
    capture[0] = command->word[0];
    o->what.read.paths = capture;
    o->labels = command->word + 1;
    o->baseline = gd_command_option(command, "--baseline");
    o->constraints = gd_command_option(command, "--constraints");
    o->model = gd_command_option(command, "--model");
    o->positive = gd_command_option(command, "--positive");
    return gd_command_int(command, "--worth", 0, GD_WORTH_MOST, WORTH, &o->worth, error);
}

static gd_status run_quality(gd_command *command, gd_error *error)
{
    gd_quality_options options = {.stop = &gd_stop_catch(true)->signal};
    gd_quality *quality = gd_arena_alloc(&command->arena, 1, sizeof *quality);
    const char *capture[2] = {NULL, NULL};
    if (!quality)
        return gd_fail(error, GD_NOMEM, "out of memory for figures of quality");
    GD_TRY(read_options(command, capture, &options, error));
    gd_status status = gd_quality_run(&options, quality, error);
    if (status == GD_OK)
        status = tell(command, quality, &options, error);
    if (status == GD_OK && quality->n_violations > 0)
        command->exit_code = GD_MONITOR_VIOLATIONS;
    gd_quality_release(quality);
    return gd_monitor_end(command, status);
}

static const gd_option options[] = {
    {"-o", NULL, "DIR", "folder of what is found, made where it is not there"},
    {"--baseline", NULL, "DIR", "names of classes, and how good the model was: worse is a violation"},
    {"--constraints", NULL, "FILE", "what figures must reach, as a constraints.json that was written here before"},
    {"--model", NULL, "RUN|MODEL", "names of classes; computes answers that were not captured, of captured pictures"},
    {"--positive", NULL, "CLASS", "of two classes, whose precision and recall are meant; default: the second"},
    {"--worth", NULL, "N", "pictures worth a look, N answered wrong and N unsurely; default 50, 0: none"},
    GD_OPTION_WINDOW,
    GD_OPTION_JSON,
    {0},
};

const gd_verb gd_verb_monitor_quality = {
    "monitor quality",
    "CAPTURE LABELS…",
    2,
    -1,
    "is it right: captured answers held against labels that came later; exits with 3 where it is worse than it should",
    "griddle monitor quality captured labels -o quality/today\n"
    "griddle monitor quality captured labels.jsonl --baseline monitors/scones -o quality/today\n"
    "griddle monitor quality captured labels --constraints limits.json -o quality/monday --from 2026-11-23 --to "
    "2026-11-24\n"
    "cp -r quality/today/wrong/. pictures/ && griddle run pictures/              what it got wrong, to train on\n",
    options,
    run_quality,
};
