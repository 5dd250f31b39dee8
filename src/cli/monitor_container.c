// SPDX-License-Identifier: Apache-2.0
/* griddle monitor container: one check as a processing job of the managed service's monitoring schedules starts it, by
 * environment and folders. Names and files are those of its developer guide (model-monitor-byoc-contract-inputs and
 * -outputs, -cloudwatch); the message is what its analyzer and AWS' sample containers write, and what the execution's
 * state, Completed or CompletedWithViolations, is told by. The exit code is 0 for both: another one is a failed job. */
#include "base/file.h"
#include "captured/time.h"
#include "cli/monitor.h"
#include "cli/stop.h"
#include "dist/scratch.h"
#include "survey/losses.h"
#include "watch/append.h"
#include "watch/figures.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct job {
    const char *base; /* /opt/ml */
    const char *source[2], *output, *endpoint, *schedule, *message, *metrics;
    int64_t from_ms, to_ms;
    gd_scratch baseline; /* the two files of the baseline under their own names */
} job;

static const char *variable(const char *name, const char *fallback)
{
    const char *text = getenv(name);
    return text && *text ? text : fallback;
}

static gd_status read_time(const char *name, int64_t *ms, gd_error *error)
{
    const char *text = variable(name, NULL);
    if (!text || gd_time_read(text, strlen(text), ms))
        return GD_OK;
    return gd_fail(error, GD_INVALID, "the environment's %s is '%s' where a time is needed, as 2026-11-27T01:00:00Z",
                   name, text);
}

static gd_status read_job(gd_command *command, job *j, gd_error *error)
{
    const char *format = variable("dataset_format", "sagemakerCaptureJson");
    j->base = variable("SAGEMAKER_BASE_DIR", "/opt/ml");
    j->message = gd_arena_printf(&command->arena, "%s/output/message", j->base);
    const char *source = gd_arena_printf(&command->arena, "%s/processing/input/endpoint", j->base);
    const char *output = gd_arena_printf(&command->arena, "%s/processing/output", j->base);
    if (!j->message || !source || !output)
        return gd_fail(error, GD_NOMEM, "out of memory for the environment");
    j->source[0] = variable("dataset_source", source);
    j->output = variable("output_path", output);
    j->endpoint = variable("sagemaker_endpoint_name", "unknown");
    j->schedule = variable("sagemaker_monitoring_schedule_name", "unknown");
    if (strcmp(variable("publish_cloudwatch_metrics", "Disabled"), "Enabled") == 0) {
        j->metrics = gd_arena_printf(&command->arena, "%s/output/metrics/cloudwatch", j->base);
        if (!j->metrics)
            return gd_fail(error, GD_NOMEM, "out of memory for the environment");
    }
    GD_TRY(read_time("start_time", &j->from_ms, error));
    GD_TRY(read_time("end_time", &j->to_ms, error));
    if (j->to_ms && j->to_ms <= j->from_ms)
        return gd_fail(error, GD_INVALID, "the window ends before it begins: start_time %s, end_time %s",
                       variable("start_time", "none"), variable("end_time", "none"));
    if (!strstr(format, "sagemakerCaptureJson"))
        return gd_fail(error, GD_INVALID,
                       "the environment's dataset_format is '%s' where sagemakerCaptureJson is known", format);
    return GD_OK;
}

/* ---- the baseline ---- */

static gd_status link_into(const char *folder, const char *file, const char *name, gd_error *error)
{
    char path[4096], *whole = realpath(file, NULL);
    gd_status status = GD_OK;
    if (!whole)
        return gd_fail(error, GD_IO, "cannot open '%s': %s", file, strerror(errno));
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (symlink(whole, path) != 0 && errno != EEXIST)
        status = gd_fail(error, GD_IO, "cannot link '%s' to '%s': %s", path, whole, strerror(errno));
    free(whole);
    return status;
}

/* Our own file, if it lies beside one of theirs. */
static gd_status link_beside(const char *folder, const char *file, gd_error *error)
{
    static const char name[] = "baseline.safetensors";
    char path[4096];
    const char *slash = strrchr(file, '/');
    snprintf(path, sizeof path, "%.*s%s", slash ? (int)(slash - file) + 1 : 0, file, name);
    return gd_file_exists(path) ? link_into(folder, path, name, error) : GD_OK;
}

static gd_status find_baseline(const gd_command *command, job *j, const char **folder, gd_error *error)
{
    const char *rules = variable("baseline_constraints", NULL), *figures = variable("baseline_statistics", NULL);
    *folder = gd_command_option(command, "--baseline");
    if (*folder)
        return GD_OK;
    if (!rules || !figures)
        return gd_fail(error, GD_INVALID,
                       "no baseline: the environment's baseline_constraints is %s and baseline_statistics is %s; set "
                       "both, or name a folder: --baseline DIR",
                       rules ? rules : "not set", figures ? figures : "not set");
    GD_TRY(gd_scratch_make(&j->baseline, "griddle-baseline", false, error));
    GD_TRY(link_into(j->baseline.path, rules, "constraints.json", error));
    GD_TRY(link_into(j->baseline.path, figures, "statistics.json", error));
    GD_TRY(link_beside(j->baseline.path, rules, error));
    GD_TRY(link_beside(j->baseline.path, figures, error));
    *folder = j->baseline.path;
    return GD_OK;
}

/* ---- what goes out ---- */

static gd_status write_message(const job *j, const char *text, gd_error *error)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/output", j->base);
    GD_TRY(gd_folder_make(folder, error));
    return gd_file_write(j->message, text, strlen(text), error);
}

static gd_status write_metrics(const job *j, const gd_check *check, gd_error *error)
{
    char path[4096];
    gd_text lines = {0};
    const gd_cloudwatch of = {j->endpoint, j->schedule, j->to_ms ? j->to_ms : (int64_t)time(NULL) * 1000};
    if (!j->metrics)
        return GD_OK;
    GD_TRY(gd_folder_make(j->metrics, error));
    snprintf(path, sizeof path, "%s/cloudwatch_metrics.jsonl", j->metrics);
    gd_cloudwatch_print(&of, &check->verdict, &lines);
    gd_status status = gd_text_status(&lines, error);
    if (status == GD_OK)
        status = gd_append(path, lines.at ? lines.at : "", lines.length, error);
    gd_text_release(&lines);
    return status;
}

static gd_status tell(const job *j, gd_check *check, gd_error *error)
{
    char message[128];
    const int n = check->verdict.n_violations;
    const char *summary = gd_verdict_summary(&check->verdict, &check->arena);
    gd_text losses = {0};
    gd_survey_print_losses(&check->captured, &check->seen, &losses);
    fputs(losses.at ? losses.at : "", stderr);
    gd_text_release(&losses);
    if (n > 0)
        snprintf(message, sizeof message, "CompletedWithViolations: Job completed successfully with %d violations.", n);
    else
        snprintf(message, sizeof message, "Completed: Job completed successfully with no violations.");
    printf("%s\n%s\n", summary ? summary : "", message);
    GD_TRY(write_metrics(j, check, error));
    return write_message(j, message, error);
}

static gd_status check_once(gd_command *command, job *j, gd_error *error)
{
    gd_check *check = gd_arena_alloc(&command->arena, 1, sizeof *check);
    gd_check_options o = {.alarms_per_month = NAN, .checks_per_month = NAN, .threshold = NAN, .report = true};
    if (!check)
        return gd_fail(error, GD_NOMEM, "out of memory for a check");
    GD_TRY(read_job(command, j, error));
    GD_TRY(find_baseline(command, j, &o.baseline, error));
    o.what.read = (gd_captured_options){.paths = j->source, .from_ms = j->from_ms, .to_ms = j->to_ms};
    o.out = j->output;
    o.model = gd_command_option(command, "--model");
    o.stop = &gd_stop_catch(true)->signal;
    gd_status status = gd_check_run(&o, check, error);
    if (status == GD_OK)
        status = tell(j, check, error);
    gd_check_release(check);
    return status;
}

static gd_status run_container(gd_command *command, gd_error *error)
{
    job j = {.base = NULL};
    gd_status status = check_once(command, &j, error);
    gd_scratch_remove(&j.baseline);
    if (status != GD_OK && j.message) {
        char text[sizeof *error + 32];
        write_message(&j, gd_error_text(error, text, sizeof text), NULL); /* the exit code says it, too */
    }
    return gd_monitor_end(command, status);
}

static const gd_option options[] = {
    {"--baseline", NULL, "DIR", "instead of baseline_constraints and baseline_statistics"},
    {"--model", NULL, "RUN|MODEL", "computes answers and features that were not captured, of captured pictures"},
    {0},
};

const gd_verb gd_verb_monitor_container = {
    "monitor container",
    "",
    0,
    0,
    "one check as a processing job of SageMaker's monitoring schedules, by its environment (docs/monitor-watch.md)",
    "ENTRYPOINT [\"griddle\", \"monitor\", \"container\"]\n",
    options,
    run_container,
};
