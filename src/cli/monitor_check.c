// SPDX-License-Identifier: Apache-2.0
/* griddle monitor check: is it still so. */
#include "base/pipe.h"
#include "cli/monitor.h"
#include "cli/stop.h"
#include "survey/losses.h"

#include <math.h>

static gd_status tell(gd_command *command, const gd_check *check, gd_error *error)
{
    gd_text text = {0}, losses = {0};
    gd_survey_print_losses(&check->captured, &check->seen, &losses);
    if (gd_command_has(command, "--json"))
        gd_verdict_print_json(&check->verdict, &check->baseline, &check->window, &text);
    else
        gd_verdict_print(&check->verdict, &check->baseline, &check->window, &text);
    return gd_monitor_tell(&losses, &text, error);
}

static gd_status read_options(const gd_command *command, gd_check_options *o, gd_error *error)
{
    GD_TRY(gd_monitor_out(command, &o->out, error));
    GD_TRY(gd_monitor_baseline(command, &o->baseline, error));
    o->model = gd_command_option(command, "--model");
    o->report = !gd_command_has(command, "--no-report");
    GD_TRY(gd_monitor_capture(command, &o->what, error));
    o->what.read.paths = command->word;
    GD_TRY(gd_monitor_number(command, "--alarms-per-month", 1e-3, 1e3, NAN, &o->alarms_per_month, error));
    GD_TRY(gd_monitor_number(command, "--checks-per-month", 1, 1e6, NAN, &o->checks_per_month, error));
    GD_TRY(gd_monitor_number(command, "--threshold", 0, 1, NAN, &o->threshold, error));
    return gd_command_int(command, "--threads", 1, GD_PIPE_THREADS, 0, &o->threads, error);
}

static gd_status run_check(gd_command *command, gd_error *error)
{
    gd_check_options options = {.stop = &gd_stop_catch(true)->signal};
    gd_check *check = gd_arena_alloc(&command->arena, 1, sizeof *check);
    if (!check)
        return gd_fail(error, GD_NOMEM, "out of memory for a check");
    GD_TRY(read_options(command, &options, error));
    gd_status status = gd_check_run(&options, check, error);
    if (status == GD_OK)
        status = tell(command, check, error);
    if (status == GD_OK && check->verdict.n_violations > 0)
        command->exit_code = GD_MONITOR_VIOLATIONS;
    gd_check_release(check);
    return gd_monitor_end(command, status);
}

static const gd_option options[] = {
    {"--baseline", NULL, "DIR",
     "what griddle monitor baseline wrote, or a managed monitor's statistics.json and constraints.json"},
    {"-o", NULL, "DIR", "folder of what is found, made where it is not there"},
    {"--model", NULL, "RUN|MODEL", "computes answers and features that were not captured, of captured pictures"},
    GD_OPTION_WINDOW,
    {"--threshold", NULL, "P", "of confidence: a line in the report"},
    {"--alarms-per-month", NULL, "N", "false alarms to live with, while all is as it was; default: the baseline's"},
    {"--checks-per-month", NULL, "N", "how often is checked; default: the baseline's"},
    {"--no-report", NULL, NULL, "no report.html"},
    GD_OPTION_THREADS,
    GD_OPTION_JSON,
    {0},
};

const gd_verb gd_verb_monitor_check = {
    "monitor check",
    "CAPTURE…|TABLE|STATISTICS…",
    1,
    -1,
    "is it still so: a window of captures held against a baseline; exits with 3 where it is not",
    "griddle monitor check captured --baseline monitors/scones -o checks/today\n"
    "griddle monitor check captured --baseline monitors/scones -o checks/monday --from 2026-11-23 --to 2026-11-24\n"
    "griddle monitor check captured --baseline monitors/scones -o checks/today --model runs/scones --json\n"
    "griddle monitor check watches/scones/2026-11-23T*/statistics.json --baseline monitors/scones -o checks/monday \\\n"
    "    --checks-per-month 30\n",
    options,
    run_check,
};
